//! Images in files: every format against Pillow, folders and zips of them, and damage.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/archives.rs"]
mod archives;

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use archives::{gzipped, tarred, write, zipped};
use glassbox::data::{
    DataError, Dataset, Files, Fit, ImageFault, ImageOptions, ImageShape, Progress, Split, Unwatched, decode_image,
    look_at_image, named, open, open_with,
};
use image::{GrayImage, ImageFormat, RgbImage};
use proptest::prelude::*;
use serde::Deserialize;

// --- One file ------------------------------------------------------------------------------------------------------

/// What Pillow sees, from `tests/reference/images.py`: `[channels, height, width]`.
#[derive(Deserialize)]
struct Seen {
    shape: [usize; 3],
    pixels: Vec<u8>,
}

fn reference() -> BTreeMap<String, Seen> {
    serde_json::from_slice(&fs::read(fixture("images.json")).unwrap()).unwrap()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/images").join(name)
}

fn fixtures() -> Vec<(String, Vec<u8>)> {
    let names = reference().into_keys().filter(|name| name.contains('.'));
    names.map(|name| (name.clone(), fs::read(fixture(&name)).unwrap())).collect()
}

fn largest_difference(ours: &[u8], theirs: &[u8]) -> u8 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter().zip(theirs).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn every_kind_of_image_is_what_pillow_sees() {
    let reference = reference();
    assert_eq!(fixtures().len(), 33);
    for (name, bytes) in fixtures() {
        let Seen { shape: [channels, height, width], pixels } = &reference[&name];
        let shape = ImageShape::new(*channels, *height, *width);
        let look = look_at_image(&bytes).unwrap();
        assert_eq!((look.height, look.width), (*height, *width), "{name}");
        let ours = decode_image(&bytes, shape, Fit::Crop).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        // Lossy formats leave the last bits to the decoder.
        let tolerance = match name.rsplit('.').next().unwrap() {
            "jpg" => 3,
            "webp" if name.starts_with("lossy") => 3,
            _ => 1,
        };
        let difference = largest_difference(&ours, pixels);
        assert!(difference <= tolerance, "{name} differs by {difference}");
    }
}

#[test]
fn grey_images_are_known_by_their_headers() {
    let is_grey = |name: &str| look_at_image(&fs::read(fixture(name)).unwrap()).unwrap().grey;
    for name in ["grey.png", "grey-16.png", "grey-alpha.png", "grey.jpg", "bits.png"] {
        assert!(is_grey(name), "{name}");
    }
    for name in ["rgb.png", "rgba.png", "palette.png", "rgb.jpg", "cmyk.jpg", "rgb.gif"] {
        assert!(!is_grey(name), "{name}");
    }
}

#[test]
fn other_sizes_fit_as_pillow_scales() {
    let reference = reference();
    let bytes = fs::read(fixture("rgb.png")).unwrap();
    for (name, fit) in [("stretch", Fit::Stretch), ("crop", Fit::Crop), ("pad", Fit::Pad)] {
        let ours = decode_image(&bytes, ImageShape::new(3, 8, 8), fit).unwrap();
        let difference = largest_difference(&ours, &reference[name].pixels);
        assert!(difference <= 1, "{name} differs by {difference}");
    }
}

#[test]
fn colours_become_grey_and_grey_becomes_colours() {
    let png = png_of(&RgbImage::from_fn(4, 2, |_, _| image::Rgb([255, 0, 0])));
    // ITU-R 601: 0.299 of 255.
    assert_eq!(decode_image(&png, ImageShape::new(1, 2, 4), Fit::Crop).unwrap(), [76; 8]);
    let grey = png_of(&GrayImage::from_fn(2, 1, |x, _| image::Luma([10 * x as u8])));
    assert_eq!(decode_image(&grey, ImageShape::new(3, 1, 2), Fit::Crop).unwrap(), [0, 10, 0, 10, 0, 10]);
}

#[test]
fn what_is_no_image_is_said_so() {
    let shape = ImageShape::new(3, 8, 8);
    let fault = |bytes: &[u8]| decode_image(bytes, shape, Fit::Crop).unwrap_err();
    assert_eq!(fault(b""), ImageFault::Empty);
    assert_eq!(fault(b"a text that calls itself a picture"), ImageFault::NotAnImage);
    assert!(matches!(fault(b"\x76\x2f\x31\x01\x02\0\0\0\0\0\0\0\0\0\0\0"), ImageFault::Unsupported(_)));
    assert_eq!(fault(&huge_png()), ImageFault::TooLarge { width: 30_000, height: 30_000 });
    assert!(fault(&huge_png()).to_string().contains("30000 x 30000"));
    // The first picture of an animation can be whole where the file is not.
    for (name, bytes) in fixtures().into_iter().filter(|(name, _)| name != "animated.gif") {
        let cut = &bytes[..bytes.len() * 2 / 3];
        let fault = fault(cut);
        assert!(matches!(fault, ImageFault::Truncated | ImageFault::Damaged(_)), "{name}: {fault}");
    }
    let jpeg = fs::read(fixture("rgb.jpg")).unwrap();
    assert_eq!(fault(&jpeg[..jpeg.len() - 20]), ImageFault::Truncated);
}

fn png_of<P>(image: &image::ImageBuffer<P, Vec<u8>>) -> Vec<u8>
where
    P: image::PixelWithColorType<Subpixel = u8>,
{
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A PNG file whose header says 30,000 x 30,000 pixels, with a right check sum, and nothing more.
fn huge_png() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend([30_000_u32.to_be_bytes(), 30_000_u32.to_be_bytes()].concat());
    header.extend([8, 2, 0, 0, 0]);
    let mut sum = flate2::Crc::new();
    sum.update(&header);
    [&b"\x89PNG\r\n\x1a\n"[..], &13_u32.to_be_bytes(), &header, &sum.sum().to_be_bytes()[..], &[0, 0, 0, 8], b"IDAT"]
        .concat()
}

// --- Folders -------------------------------------------------------------------------------------------------------

/// A PNG of 8x8 pixels of one colour.
fn plain_png(colour: [u8; 3]) -> Vec<u8> {
    png_of(&RgbImage::from_pixel(8, 8, image::Rgb(colour)))
}

/// Each class has pixels of its own value, 10 times its number and the image's number more.
fn cats_and_dogs() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("train/cat/1.png", plain_png([0, 0, 1])),
        ("train/cat/2.png", plain_png([0, 0, 2])),
        ("train/dog/1.png", plain_png([10, 0, 1])),
        ("test/dog/1.PNG", plain_png([10, 0, 3])),
    ]
}

#[test]
fn a_folder_of_training_and_test_images_by_class() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &cats_and_dogs());
    write(folder.path(), &[("readme.txt", b"not an image, and not called one".to_vec()), (".hidden.png", vec![1])]);
    let source = open(folder.path()).unwrap();
    assert_eq!(source.train.class_names(), ["cat", "dog"]);
    assert_eq!(source.train.shape(), ImageShape::new(3, 8, 8), "the size that all images have");
    assert_eq!((source.train.len(), source.test.len()), (3, 1));
    assert_eq!((0..3).map(|i| source.train.label(i)).collect::<Vec<_>>(), [0, 0, 1]);
    assert_eq!(source.train.image(2), [[10; 64], [0; 64], [1; 64]].concat());
    assert_eq!((source.test.label(0), source.test.image(0)[0]), (1, 10));
    assert!(source.damaged.is_empty(), "{:?}", source.damaged);
    assert_eq!(source.name, folder.path().file_name().unwrap().to_str().unwrap());
}

/// The endings of all kinds of archives, and one with these files for each.
fn archives_of(files: &[(&str, Vec<u8>)]) -> [(&'static str, Vec<u8>); 3] {
    let tar = tarred(files);
    [("zip", zipped(files)), ("tar.gz", gzipped(&tar)), ("tar", tar)]
}

#[test]
fn an_archive_is_the_folder_that_was_packed() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &cats_and_dogs());
    let of_folder = open(folder.path()).unwrap();
    let long = format!("{}/", "deep".repeat(30));
    for prefix in ["", "pets/", "./a/b/", &long] {
        let files: Vec<(String, Vec<u8>)> =
            cats_and_dogs().into_iter().map(|(name, bytes)| (format!("{prefix}{name}"), bytes)).collect();
        let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
        for (ending, bytes) in archives_of(&files) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join(format!("pets.{ending}"));
            fs::write(&path, bytes).unwrap();
            let source = named(path.to_str().unwrap()).unwrap();
            assert_eq!(source.name, "pets");
            assert!(same_images(&source.train, &of_folder.train), "{prefix} {ending}");
            assert!(same_images(&source.test, &of_folder.test), "{prefix} {ending}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing was unpacked");
        }
    }
}

#[test]
fn hard_links_of_an_archive_are_files_and_arrays_beside_images_are_not_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let mut tar = tar::Builder::new(tarred(&[
        ("cat/1.png", plain_png([200, 0, 0])),
        ("dog/1.png", plain_png([0, 200, 0])),
        ("dog/2.png", plain_png([0, 0, 200])),
        ("features.npy", b"no array".to_vec()),
    ]));
    // What was written ends with two blocks of zeros, which another file may not follow.
    let end = tar.get_ref().len() - 1024;
    tar.get_mut().truncate(end);
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Link);
    link.set_size(0);
    tar.append_link(&mut link, "cat/2.png", "cat/1.png").unwrap();
    let bytes = tar.into_inner().unwrap();
    for (name, content) in [("pets.tar", bytes.clone()), ("pets.tar.gz", gzipped(&bytes))] {
        let path = folder.path().join(name);
        fs::write(&path, content).unwrap();
        let source = open(&path).unwrap();
        let images = (0..source.train.len()).map(|at| (source.train.label(at), source.train.image(at)[0]));
        let of_test = (0..source.test.len()).map(|at| (source.test.label(at), source.test.image(at)[0]));
        let mut all: Vec<(usize, u8)> = images.chain(of_test).collect();
        all.sort_unstable();
        assert_eq!(all, [(0, 200), (0, 200), (1, 0), (1, 0)], "{name}: the link is a second cat");
        assert!(source.damaged.is_empty(), "{:?}", source.damaged);
    }
}

#[test]
fn a_file_that_ends_in_bin_opens_no_folder_unless_it_is_of_cifar() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("cat/1.png", plain_png([1, 2, 3])), ("dog/1.png", plain_png([3, 2, 1]))]);
    fs::write(folder.path().join("weights.bin"), [7; 100]).unwrap();
    assert!(matches!(open(&folder.path().join("weights.bin")), Err(DataError::NothingToOpen { .. })));
}

#[test]
fn an_archive_of_python_is_read() {
    // What `tests/reference/images.py` packs: extended headers, a long name, letters beyond ASCII, xz.
    let source = open(&fixture("pets.tar.xz")).unwrap();
    assert_eq!(
        (source.train.class_names(), source.train.shape()),
        (&["dog".to_owned(), "katze-ä".to_owned()][..], ImageShape::new(3, 12, 16))
    );
    let files = Files::open(&fixture("pets.tar.xz")).unwrap().unwrap();
    let names: Vec<String> = files.entries().iter().map(|entry| entry.path.clone()).collect();
    assert_eq!(names, ["pets/train/dog/1.jpg".to_owned(), format!("pets/train/katze-ä/{}.png", "m".repeat(120))]);
    for (at, fixed) in [(0, "rgb.jpg"), (1, "rgb.png")] {
        let expected = fs::read(fixture(fixed)).unwrap();
        assert_eq!(files.entries()[at].bytes, expected.len() as u64);
        assert_eq!(files.read(at, 1 << 20).unwrap(), expected);
        assert_eq!(files.read(at, 9).unwrap(), expected[..10], "one byte more says that there is more");
    }
}

#[test]
fn all_files_of_an_archive_are_visited_once_and_in_any_order() {
    let files: Vec<(String, Vec<u8>)> = (0..500).map(|i| (format!("{i:03}"), vec![i as u8; i])).collect();
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    let folder = tempfile::tempdir().unwrap();
    for (ending, bytes) in archives_of(&files) {
        let path = folder.path().join(format!("many.{ending}"));
        fs::write(&path, bytes).unwrap();
        let opened = Files::open(&path).unwrap().unwrap();
        // Backwards, and one of them twice.
        let wanted: Vec<usize> = (0..500).rev().step_by(3).chain([7]).collect();
        let seen = Mutex::new(BTreeMap::new());
        let all = opened.read_each(&wanted, 1 << 20, |at, bytes| {
            assert!(seen.lock().unwrap().insert(at, bytes.unwrap()).is_none());
            true
        });
        let seen = seen.into_inner().unwrap();
        assert!(all && seen.len() == wanted.len(), "{ending}");
        assert!(wanted.iter().enumerate().all(|(at, &index)| seen[&at] == vec![index as u8; index]), "{ending}");
        let count = AtomicUsize::new(0);
        let all = opened.read_each(&wanted, 1 << 20, |_, _| count.fetch_add(1, Ordering::Relaxed) < 5);
        assert!(!all && count.into_inner() < 50, "{ending}: it stops when told to");
    }
}

#[test]
fn a_tape_archive_that_ends_early_or_hides_gigabytes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let whole = tarred(&cats_and_dogs());
    let mut bomb = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(64 << 20);
    bomb.append_data(&mut header, "bomb", &vec![b'a'; 64 << 20][..]).unwrap();
    let bomb = gzipped(&bomb.into_inner().unwrap());
    let compressed = gzipped(&whole);
    for (name, bytes, said) in [
        ("cut.tar.gz", compressed[..compressed.len() / 2].to_vec(), ""),
        ("bomb.tgz", bomb, "header of a file has more than 4 MiB"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, DataError::Archive { .. }), "{name}: {error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    // Of a plain one, what is whole loads.
    let whole = tarred(&["a/1.png", "a/2.png", "b/1.png", "b/2.png"].map(|name| (name, plain_png([1; 3]))));
    let last = whole.iter().rposition(|&byte| byte != 0).unwrap();
    let path = folder.path().join("cut.tar");
    fs::write(&path, &whole[..last - 20]).unwrap();
    let source = open(&path).unwrap();
    assert_eq!((source.train.len() + source.test.len(), &source.damaged[0].file), (3, &"b/2.png".to_owned()));
}

fn same_images(a: &Dataset, b: &Dataset) -> bool {
    a.len() == b.len()
        && a.class_names() == b.class_names()
        && (0..a.len()).all(|i| a.image(i) == b.image(i) && a.label(i) == b.label(i))
}

#[test]
fn odd_names_in_an_archive_lead_nowhere() {
    let files = [
        ("../../cat/1.png", plain_png([1; 3])),
        ("/etc/../cat/2.png", plain_png([2; 3])),
        ("C:\\dog\\3.png", plain_png([3; 3])),
        ("__MACOSX/cat/._1.png", vec![0; 9]),
    ];
    for (ending, bytes) in archives_of(&files) {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let path = inner.join(format!("odd.{ending}"));
        fs::write(&path, bytes).unwrap();
        let listed = Files::open(&path).unwrap().unwrap();
        let paths: Vec<&str> = listed.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, ["C:/dog/3.png", "cat/1.png", "etc/cat/2.png"], "{ending}");
        let source = open(&path).unwrap();
        assert_eq!((source.train.len() + source.test.len(), source.train.class_names().len()), (3, 3));
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 1);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written beside it");
    }
}

#[test]
fn without_test_images_a_seventh_of_each_class_is_held_out() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..14 {
        write(
            folder.path(),
            &[(&format!("a/{i}.png"), plain_png([i; 3])), (&format!("b/{i}.png"), plain_png([50 + i; 3]))],
        );
    }
    let (source, again) = (open(folder.path()).unwrap(), open(folder.path()).unwrap());
    assert_eq!(Split::all(Arc::clone(&source.train)).class_counts(), [12, 12]);
    assert_eq!(Split::all(Arc::clone(&source.test)).class_counts(), [2, 2]);
    assert!(same_images(&source.train, &again.train) && same_images(&source.test, &again.test));
    let mut seen: Vec<u8> =
        [&source.train, &source.test].iter().flat_map(|set| (0..set.len()).map(|i| set.image(i)[0])).collect();
    seen.sort_unstable();
    assert_eq!(seen, (0..14).chain(50..64).collect::<Vec<u8>>(), "each image is in one of the two");
    for set in [&source.train, &source.test] {
        assert!((0..set.len()).all(|i| (set.image(i)[0] >= 50) == (set.label(i) == 1)), "images keep their labels");
    }
}

#[test]
fn classes_are_found_wherever_they_begin() {
    let classes = |names: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let files: Vec<_> = names.iter().map(|name| (*name, plain_png([7; 3]))).collect();
        write(folder.path(), &files);
        open(folder.path()).map(|source| (source.train.class_names().to_vec(), source.damaged.len()))
    };
    let found = |names: &[&str], stray: usize| (names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>(), stray);
    assert_eq!(classes(&["top/b/1.png", "top/a/deep/2.png"]).unwrap(), found(&["a", "b"], 0));
    assert_eq!(classes(&["only/1.png", "only/2.png"]).unwrap(), found(&["only"], 0));
    assert_eq!(
        classes(&["top/a/1.png", "top/a/2.png", "top/a/small/3.png"]).unwrap(),
        found(&["a"], 0),
        "a class in parts"
    );
    assert_eq!(classes(&["10/1.png", "9/1.png", "2/1.png"]).unwrap(), found(&["2", "9", "10"], 0), "by number");
    assert_eq!(classes(&["b/1", "a/2"]).unwrap(), found(&["a", "b"], 0), "by content alone");
    assert_eq!(classes(&["LICENSE", "in/b/1.png", "in/a/2.png"]).unwrap(), found(&["a", "b"], 0));
    assert_eq!(classes(&["train/1.png", "bus/1.png"]).unwrap(), found(&["bus", "train"], 0), "a train is a class");
    assert_eq!(classes(&["a/1.png", "a/2.png", "loose.png"]).unwrap(), found(&["a"], 1));
    assert_eq!(classes(&["a/1.png", "b/1.png", "train.bin"]).unwrap(), found(&["a", "b"], 0), "not CIFAR-100");
    let parts = ["train/a/1.png", "val/a/2.png", "test/b/3.png", "masks/a/1.png"];
    assert_eq!(classes(&parts).unwrap(), found(&["a", "b"], 1));
    assert!(matches!(classes(&["1.png", "2.png"]), Err(DataError::NoClassFolders { .. })));
    assert!(matches!(classes(&["a/1.txt"]), Err(DataError::NothingToOpen { .. })));
    assert!(matches!(classes(&["train/1.png", "test/2.png"]), Err(DataError::NoClassFolders { .. })));
}

#[test]
fn images_that_differ_get_one_shape_and_a_choice_overrides_it() {
    let folder = tempfile::tempdir().unwrap();
    let grey = |width, height| png_of(&GrayImage::from_pixel(width, height, image::Luma([9])));
    write(folder.path(), &[("a/1.png", grey(8, 8)), ("a/2.png", grey(20, 10)), ("b/1.png", grey(9, 9))]);
    let shape =
        |options: &ImageOptions| open_with(folder.path(), options, &Unwatched).unwrap().train.shape().to_string();
    assert_eq!(shape(&ImageOptions::default()), "1x64x64");
    assert_eq!(shape(&ImageOptions { size: Some((4, 6)), ..ImageOptions::default() }), "1x4x6");
    assert_eq!(shape(&ImageOptions { grey: Some(false), ..ImageOptions::default() }), "3x64x64");
    write(folder.path(), &[("b/2.png", grey(8, 8)), ("b/3.png", grey(8, 8))]);
    assert_eq!(shape(&ImageOptions::default()), "1x8x8", "the size of more than half");
    write(folder.path(), &[("b/4.png", plain_png([1, 2, 3]))]);
    assert_eq!(shape(&ImageOptions::default()), "3x8x8", "one has colours");
    let none = ImageOptions { size: Some((0, 6)), ..ImageOptions::default() };
    assert!(matches!(open_with(folder.path(), &none, &Unwatched), Err(DataError::BadImageSize { .. })));
    for side in [1 << 20, usize::MAX] {
        let vast = ImageOptions { size: Some((side, side)), ..ImageOptions::default() };
        assert!(matches!(open_with(folder.path(), &vast, &Unwatched), Err(DataError::TooManyPixels { .. })));
    }
}

/// The folder of the issue: three good images and three that cannot be opened.
fn half_damaged() -> Vec<(&'static str, Vec<u8>)> {
    let jpeg = fs::read(fixture("rgb.jpg")).unwrap();
    vec![
        ("a/1.png", plain_png([1; 3])),
        ("a/2.png", plain_png([2; 3])),
        ("b/3.png", plain_png([3; 3])),
        ("a/truncated.jpg", jpeg[..jpeg.len() - 30].to_vec()),
        ("b/text.png", b"this is a text".to_vec()),
        ("b/vast.png", huge_png()),
    ]
}

#[test]
fn damaged_files_are_listed_and_the_rest_loads() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &half_damaged());
    let archives = tempfile::tempdir().unwrap();
    let mut paths = vec![folder.path().to_owned()];
    for (ending, bytes) in archives_of(&half_damaged()) {
        paths.push(archives.path().join(format!("half.{ending}")));
        fs::write(paths.last().unwrap(), bytes).unwrap();
    }
    for path in paths {
        let source = open(&path).unwrap();
        assert_eq!(source.train.len() + source.test.len(), 3);
        let listed: Vec<(&str, &str)> = source.damaged.iter().map(|d| (d.file.as_str(), d.reason.as_str())).collect();
        assert_eq!(
            listed.iter().map(|(file, _)| *file).collect::<Vec<_>>(),
            ["a/truncated.jpg", "b/text.png", "b/vast.png"]
        );
        for ((_, reason), said) in listed.iter().zip(["truncated", "not an image", "30000 x 30000"]) {
            assert!(reason.contains(said), "{reason}");
        }
        for set in [&source.train, &source.test] {
            assert!((0..set.len()).all(|i| matches!(set.image(i)[0], 1..=3)), "no gap is left");
        }
    }
    let nothing = tempfile::tempdir().unwrap();
    write(nothing.path(), &half_damaged()[3..]);
    let error = open(nothing.path()).unwrap_err();
    assert!(matches!(error, DataError::AllDamaged { files: 3, .. }), "{error}");
}

/// Whether this is a process for the test `name` alone: the memory of other tests must not count. If it is not, one is
/// started, and must succeed.
#[cfg(target_os = "linux")]
fn is_alone(name: &str) -> bool {
    const ALONE: &str = "GLASSBOX_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
    let output = alone.args(["--exact", name]).env(ALONE, "1").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    false
}

/// The most memory that this process has had, in KiB.
#[cfg(target_os = "linux")]
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn a_vast_image_takes_no_memory() {
    if !is_alone("a_vast_image_takes_no_memory") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &half_damaged());
    // Headers of 65,280 x 65,280 pixels in other formats: two bytes of each side are changed where they stand.
    let mut gif = fs::read(fixture("rgb.gif")).unwrap();
    gif[6..10].copy_from_slice(&[0, 255, 0, 255]);
    let mut bmp = fs::read(fixture("rgb.bmp")).unwrap();
    (bmp[19], bmp[23]) = (255, 255);
    let mut jpeg = fs::read(fixture("rgb.jpg")).unwrap();
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    (jpeg[frame + 5], jpeg[frame + 7]) = (255, 255);
    write(folder.path(), &[("b/vast.gif", gif), ("b/vast.bmp", bmp), ("b/vast.jpg", jpeg)]);
    let before = peak();
    let source = open(folder.path()).unwrap();
    let grown = peak() - before;
    let vast = source.damaged.iter().filter(|damaged| damaged.reason.contains("at most 16384 a side"));
    assert_eq!((source.damaged.len(), vast.count()), (6, 4), "{:?}", source.damaged);
    assert!(grown < 32 << 10, "the peak grew by {grown} KiB");
}

#[cfg(target_os = "linux")]
#[test]
fn a_data_set_takes_little_more_memory_than_its_pixels() {
    if !is_alone("a_data_set_takes_little_more_memory_than_its_pixels") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for i in 0..48 {
        write(folder.path(), &[(&format!("{}/{i}.png", i % 2), plain_png([i; 3]))]);
    }
    let options = ImageOptions { size: Some((1024, 1024)), ..ImageOptions::default() };
    let before = peak();
    let source = open_with(folder.path(), &options, &Unwatched).unwrap();
    let grown = peak() - before;
    let pixels = ((source.train.len() + source.test.len()) as u64 * 3) << 10;
    assert_eq!(pixels, (48 * 3) << 10);
    assert!(grown * 10 <= pixels * 13, "{grown} KiB for {pixels} KiB of pixels");
}

struct StopAfter(usize, AtomicUsize);

impl Progress for StopAfter {
    fn opened(&self, files: usize, of: usize) -> bool {
        assert_eq!(of, 200);
        self.1.fetch_max(files, Ordering::Relaxed);
        files < self.0
    }
}

#[test]
fn opening_reports_how_far_it_is_and_can_be_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    for i in 0..100 {
        write(folder.path(), &[(&format!("a/{i}.png"), plain_png([i; 3])), (&format!("b/{i}.png"), plain_png([i; 3]))]);
    }
    let cancelled = StopAfter(20, AtomicUsize::new(0));
    let result = open_with(folder.path(), &ImageOptions::default(), &cancelled);
    assert!(matches!(result, Err(DataError::Cancelled { .. })), "{result:?}");
    assert!(cancelled.1.into_inner() < 100, "it stopped soon");
    let whole = StopAfter(usize::MAX, AtomicUsize::new(0));
    open_with(folder.path(), &ImageOptions::default(), &whole).unwrap();
    assert_eq!(whole.1.into_inner(), 200);
}

#[test]
fn a_single_image_and_a_damaged_zip_are_refused_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("one.png", plain_png([1; 3])), ("cut.zip", zipped(&cats_and_dogs())[..300].to_vec())]);
    let message = open(&folder.path().join("one.png")).unwrap_err().to_string();
    assert!(message.contains("single image"), "{message}");
    let error = open(&folder.path().join("cut.zip")).unwrap_err();
    assert!(matches!(error, DataError::Archive { .. }), "{error}");
}

// --- Properties ----------------------------------------------------------------------------------------------------

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn damaged_images_never_panic(
        which in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), whole in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let fixtures = fixtures();
        let mut bytes = which.get(&fixtures).1.clone();
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = look_at_image(&bytes);
        if let Ok(pixels) = decode_image(&bytes, ImageShape::new(3, 5, 7), Fit::Crop) {
            prop_assert_eq!(pixels.len(), 105);
        }
    }

    #[test]
    fn a_damaged_archive_gives_an_error_or_a_consistent_source(
        kind in 0..3_usize, cut in any::<prop::sample::Index>(), whole in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let bytes = archives::damaged(archives_of(&cats_and_dogs())[kind].1.clone(), flips, cut, whole);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("damaged");
        fs::write(&path, bytes).unwrap();
        if let Ok(source) = open(&path) {
            prop_assert!(source.train.len() + source.test.len() + source.damaged.len() <= 5);
            prop_assert_eq!(source.train.shape(), source.test.shape());
        }
        prop_assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn any_image_fits_any_shape(width in 1..40_u32, height in 1..40_u32, across in 1..20_usize, down in 1..20_usize) {
        let png = png_of(&RgbImage::from_pixel(width, height, image::Rgb([200, 100, 50])));
        let shape = ImageShape::new(3, down, across);
        for fit in [Fit::Crop, Fit::Stretch] {
            let pixels = decode_image(&png, shape, fit).unwrap();
            prop_assert_eq!(pixels, [vec![200; down * across], vec![100; down * across], vec![50; down * across]].concat());
        }
        let padded = decode_image(&png, shape, Fit::Pad).unwrap();
        let red = &padded[..down * across];
        prop_assert!(red.iter().all(|&value| value == 0 || value == 200) && red.contains(&200));
    }
}
