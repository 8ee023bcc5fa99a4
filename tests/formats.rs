//! CIFAR's binary version and numpy's archives, whole and damaged.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/archives.rs"]
mod archives;

use std::fs;
use std::path::{Path, PathBuf};

use archives::{gzipped, tarred, write, zipped};
use glassbox::data::{DataError, Dataset, ImageShape, open};
use proptest::prelude::*;

fn labels(dataset: &Dataset) -> Vec<usize> {
    (0..dataset.len()).map(|i| dataset.label(i)).collect()
}

// --- CIFAR ---------------------------------------------------------------------------------------------------------

/// Records with these labels; the pixels of the image at `i` are all `value + i`.
fn records(labels: &[&[u8]], value: u8) -> Vec<u8> {
    let record = |(i, labels): (usize, &&[u8])| [labels.to_vec(), vec![value + i as u8; 3072]].concat();
    labels.iter().enumerate().flat_map(record).collect()
}

fn cifar_10() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("cifar-10-batches-bin/data_batch_1.bin", records(&[&[3], &[9]], 0)),
        ("cifar-10-batches-bin/data_batch_2.bin", records(&[&[0]], 100)),
        ("cifar-10-batches-bin/test_batch.bin", records(&[&[8], &[6]], 200)),
        ("cifar-10-batches-bin/readme.html", b"<a>".to_vec()),
    ]
}

#[test]
fn cifar_10_is_found_from_its_folder_a_file_and_an_archive() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &cifar_10());
    fs::write(folder.path().join("cifar.zip"), zipped(&cifar_10())).unwrap();
    fs::write(folder.path().join("cifar-10-binary.tar.gz"), gzipped(&tarred(&cifar_10()))).unwrap();
    let inner = folder.path().join("cifar-10-batches-bin");
    let archives = ["cifar.zip", "cifar-10-binary.tar.gz"].map(|name| folder.path().join(name));
    for path in [inner.clone(), inner.join("test_batch.bin")].into_iter().chain(archives) {
        let source = open(&path).unwrap();
        assert_eq!(source.train.shape(), ImageShape::new(3, 32, 32));
        assert_eq!((labels(&source.train), labels(&source.test)), (vec![3, 9, 0], vec![8, 6]));
        let first: Vec<u8> = (0..3).map(|i| source.train.image(i)[3071]).collect();
        assert_eq!((first, source.test.image(1)), (vec![0, 1, 100], &[201; 3072][..]));
        assert_eq!(source.train.class_names()[9], "truck");
    }
    let names = (0..10).map(|i| format!("class {i}")).collect::<Vec<_>>().join("\n");
    write(&inner, &[("batches.meta.txt", (names + "\n\n").into_bytes())]);
    assert_eq!(open(&inner).unwrap().test.class_names()[9], "class 9");
}

#[test]
fn cifar_100_takes_its_fine_labels() {
    let folder = tempfile::tempdir().unwrap();
    let files = [("train.bin", records(&[&[4, 99], &[1, 7]], 5)), ("test.bin", records(&[&[0, 42]], 9))];
    write(folder.path(), &files);
    let source = open(folder.path()).unwrap();
    assert_eq!((labels(&source.train), labels(&source.test)), (vec![99, 7], vec![42]));
    assert_eq!((source.train.image(1)[0], source.train.classes()), (6, 100));
    assert_eq!(source.train.class_names()[99], "99");
    let names = (0..100).map(|i| format!("thing {i}")).collect::<Vec<_>>().join("\n");
    write(folder.path(), &[("fine_label_names.txt", names.into_bytes())]);
    assert_eq!(open(folder.path()).unwrap().train.class_names()[99], "thing 99");
}

#[test]
fn cifar_that_is_damaged_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(folder.path(), &[("data_batch_1.bin", records(&[&[3]], 0))]);
    assert!(matches!(open(folder.path()), Err(DataError::MissingCifar { .. })));
    fs::write(at("test_batch.bin"), &records(&[&[3]], 0)[..3000]).unwrap();
    let message = open(folder.path()).unwrap_err().to_string();
    assert!(message.contains("test_batch.bin") && message.contains("3000 bytes"), "{message}");
    fs::write(at("test_batch.bin"), records(&[&[10]], 0)).unwrap();
    assert!(matches!(open(folder.path()), Err(DataError::LabelOutOfRange { label: 10, .. })));
    fs::write(at("test_batch.bin"), []).unwrap();
    assert!(matches!(open(folder.path()), Err(DataError::Unfit { .. })));
}

#[test]
fn what_cannot_be_opened_yet_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let says = |name: &str, bytes: Vec<u8>, parts: [&str; 2]| {
        fs::write(folder.path().join(name), bytes).unwrap();
        let message = open(&folder.path().join(name)).unwrap_err().to_string();
        assert!(message.contains(name) && parts.iter().all(|part| message.contains(part)), "{message}");
    };
    let batches = ["data_batch_1", "data_batch_2", "test_batch", "batches.meta"];
    let python = batches.map(|name| (format!("cifar-10-batches-py/{name}"), b"\x80\x02}q".to_vec()));
    let python: Vec<(&str, Vec<u8>)> = python.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    says("cifar-10-python.tar.gz", gzipped(&tarred(&python)), ["for Python", "`glassbox data fetch cifar10`"]);
    let four =
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];
    says("mnist.zip", zipped(&four.map(|name| (name, vec![0, 0, 8, 1]))), ["IDX files", "Unpack them first"]);
    let packed = four.map(|name| format!("{name}.gz"));
    let packed: Vec<(&str, Vec<u8>)> = packed.iter().map(|name| (name.as_str(), gzipped(&[0, 0, 8, 1]))).collect();
    says("mnist.tar", tarred(&packed), ["IDX files", "Unpack them first"]);
}

// --- Arrays --------------------------------------------------------------------------------------------------------

/// An archive that numpy wrote: `tests/reference/images.py`.
fn npz(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/images").join(name)
}

#[test]
fn arrays_with_training_and_test_images() {
    // Numbers count up through [n, height, width, channels], so every third is of one channel.
    let source = open(&npz("apart.npz")).unwrap();
    assert_eq!((source.name.as_str(), source.train.shape()), ("apart", ImageShape::new(3, 2, 3)));
    assert_eq!((labels(&source.train), labels(&source.test)), (vec![2, 0, 1], vec![2, 0]));
    let second = [18, 21, 24, 27, 30, 33, 19, 22, 25, 28, 31, 34, 20, 23, 26, 29, 32, 35];
    assert_eq!(source.train.image(1), second);
    assert_eq!(source.test.image(0)[..3], [100, 103, 106]);
    assert_eq!(source.test.class_names(), ["0", "1", "2"]);
}

#[test]
fn arrays_that_are_split_here() {
    let source = open(&npz("together.npz")).unwrap();
    assert_eq!((source.train.len(), source.test.len()), (12, 2));
    assert_eq!(source.train.shape(), ImageShape::new(3, 2, 2), "channels first");
    for set in [&source.train, &source.test] {
        for i in 0..set.len() {
            let image = set.image(i);
            assert_eq!(usize::from(image[0]) / 12 % 2, set.label(i), "images keep their labels");
            assert_eq!(image, (image[0]..image[0] + 12).collect::<Vec<u8>>(), "floats from 0 to 1 are bytes again");
        }
    }
    let source = open(&npz("unnamed.npz")).unwrap();
    assert_eq!((source.train.shape(), source.train.classes()), (ImageShape::new(1, 2, 2), 3));
    let source = open(&npz("version-2.npz")).unwrap();
    assert_eq!((source.train.shape(), source.train.len()), (ImageShape::new(1, 1, 2), 6));
}

#[test]
fn arrays_that_cannot_be_images_are_refused_with_a_reason() {
    for (name, said) in [
        ("fortran.npz", "Fortran"),
        ("big-endian.npz", ">i4"),
        ("large.npz", "floats from 0 to 1"),
        ("strangers.npz", "its arrays are called a, b"),
    ] {
        let message = open(&npz(name)).unwrap_err().to_string();
        assert!(message.contains(said), "{name}: {message}");
    }
}

/// One array with a header of one's own.
fn array(header: &str, data: &[u8]) -> Vec<u8> {
    [b"\x93NUMPY\x01\x00", &(header.len() as u16).to_le_bytes()[..], header.as_bytes(), data].concat()
}

#[test]
fn headers_that_lie_take_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lie.npz");
    let labels = array("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", &[0, 1, 2]);
    let refused = |shape: &str, said: &str| {
        let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
        fs::write(&path, zipped(&[("x.npy", array(&header, &[1; 12])), ("y.npy", labels.clone())])).unwrap();
        let message = open(&path).unwrap_err().to_string();
        assert!(message.contains(said), "{shape}: {message}");
    };
    refused("(1000000, 32, 32)", "truncated");
    refused("(9223372036854775807, 4, 4)", "four thousand million");
    refused("(99999999999999999999999, 4, 4)", "no shape");
    refused("(3, 2, 1)", "goes on");
    refused("(0, 2, 2)", "empty");
    refused("(3, 2, 2, 1, 1)", "the shape [3, 2, 2, 1, 1]");
    refused("(12,)", "the shape [12]");
    refused("(2, 3, 2)", "2 images but 3 labels");
    refused("()", "single number");
}

#[test]
fn labels_may_be_floats_that_are_whole_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("floats.npz");
    let images = array("{'descr': '|u1', 'fortran_order': False, 'shape': (3, 2, 2), }", &[1; 12]);
    let opened = |shape: &str, labels: &[f32]| {
        let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
        let bytes: Vec<u8> = labels.iter().flat_map(|label| label.to_le_bytes()).collect();
        fs::write(&path, zipped(&[("x.npy", images.clone()), ("y.npy", array(&header, &bytes))])).unwrap();
        open(&path).map_err(|error| error.to_string())
    };
    let source = opened("(3, 1)", &[3.0, 0.0, 3.0]).unwrap();
    let mut all = [labels(&source.train), labels(&source.test)].concat();
    all.sort_unstable();
    assert_eq!((all, source.train.classes()), (vec![0, 3, 3], 4));
    for (shape, labels, said) in [
        ("(3,)", &[0.0, 0.5, 1.0][..], "0.5 is no label"),
        ("(3,)", &[0.0, -1.0, 1.0][..], "-1 is no label"),
        ("(3,)", &[0.0, f32::NAN, 1.0][..], "NaN is no label"),
        ("(3, 2)", &[0.2, 0.8, 1.0, 0.0, 0.0, 1.0][..], "the shape [3, 2]"),
    ] {
        let message = opened(shape, labels).unwrap_err();
        assert!(message.contains(said), "{message}");
    }
}

// --- Properties ----------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn damaged_arrays_give_an_error_or_a_consistent_source(
        which in 0..4_usize, cut in any::<prop::sample::Index>(), whole in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let bytes = archives::damaged(fs::read(npz(["apart.npz", "together.npz", "unnamed.npz", "version-2.npz"][which])).unwrap(), flips, cut, whole);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.npz");
        fs::write(&path, bytes).unwrap();
        if let Ok(source) = open(&path) {
            prop_assert_eq!(source.train.shape(), source.test.shape());
            prop_assert!(labels(&source.train).iter().all(|&label| label < source.train.classes()));
        }
    }

    #[test]
    fn damaged_array_headers_never_panic(
        header in "[{' a-z_:(),0-9|<>FfiuT}]{0,80}", rest in prop::collection::vec(any::<u8>(), 0..40), version in 0..4_u8,
    ) {
        let mut bytes = array(&header, &rest);
        bytes[6] = version;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged.npz");
        fs::write(&path, zipped(&[("x.npy", bytes.clone()), ("y.npy", bytes)])).unwrap();
        let _ = open(&path);
    }

    #[test]
    fn damaged_batches_give_an_error_or_a_consistent_source(
        cut in 0..10_000_usize, flip in (0..10_000_usize, any::<u8>()),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut bytes = records(&[&[3], &[9], &[1]], 0);
        bytes.truncate(cut);
        bytes.iter_mut().skip(flip.0).take(1).for_each(|byte| *byte = flip.1);
        write(folder.path(), &[("data_batch_1.bin", bytes), ("test_batch.bin", records(&[&[0]], 0))]);
        if let Ok(source) = open(folder.path()) {
            prop_assert!(labels(&source.train).iter().all(|&label| label < 10));
        }
    }
}
