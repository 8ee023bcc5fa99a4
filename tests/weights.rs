//! Weights that others wrote: files of safetensors and PyTorch, names, and logits against PyTorch (`benches/peer/weights.py`,
//! `tests/reference/pth.py`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::Device;
use glassbox::data::{ImageShape, Picture};
use glassbox::experiments::{Classifier, ClassifierError};
use glassbox::nets::{Architecture, Checkpoint, NamedArray, Naming, Network, load_weights, preset, read_weights};
use proptest::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use std::collections::BTreeMap;
use std::fs;

/// `torch.save` of two small linear layers, in both of PyTorch's formats, and wrapped as a training script would.
const ZIP: &[u8] = include_bytes!("reference/small.pth");
const LEGACY: &[u8] = include_bytes!("reference/small-legacy.pth");
const TRAINED: &[u8] = include_bytes!("reference/small-trained.pth");
const WRAPPED: &[u8] = include_bytes!("reference/small-wrapped.pth");

fn small() -> Network {
    let text = r#"
        name = "small"
        input = [1, 2, 2]
        layers = [
            { name = "conv", kind = "conv2d", channels = 2, kernel = 2 },
            { name = "norm", kind = "batch_norm" },
            { name = "flatten", kind = "flatten" },
            { name = "relu", kind = "relu" },
            { name = "fc", kind = "linear", units = 3 },
        ]
    "#;
    Network::new(Architecture::from_toml(text, "test").unwrap(), 1, &Device::flex()).unwrap()
}

fn torchvision_names() -> Vec<String> {
    let network = small();
    network.parameters().iter().map(|parameter| Naming::Torchvision.name(&network, parameter)).collect()
}

#[test]
fn layers_are_counted_as_torchvision_counts_them() {
    assert_eq!(
        torchvision_names(),
        [
            "features.0.weight",
            "features.0.bias",
            "features.1.weight",
            "features.1.bias",
            "features.1.running_mean",
            "features.1.running_var",
            "classifier.1.weight",
            "classifier.1.bias"
        ]
    );
}

/// Every array of the network under torchvision's names, with other values.
fn foreign() -> Vec<NamedArray> {
    let named = |(array, name): (NamedArray, String)| {
        let data = array.data.iter().map(|value| value + 1.0).collect();
        NamedArray { name, data, ..array }
    };
    small().to_arrays().into_iter().zip(torchvision_names()).map(named).collect()
}

#[test]
fn foreign_names_find_their_places_with_and_without_a_wrapper() {
    for prefix in ["", "module.", "_orig_mod.module.", "module._orig_mod."] {
        let mut network = small();
        let mut arrays = foreign();
        arrays.reverse();
        for array in &mut arrays {
            array.name.insert_str(0, prefix);
        }
        let report = load_weights(&mut network, arrays);
        assert!(report.is_complete() && report.unexpected.is_empty(), "{report:?}");
        assert_eq!((report.naming, report.matched), (Naming::Torchvision, 8));
        let expected: Vec<_> = foreign().into_iter().map(|array| array.data).collect();
        assert_eq!(network.to_arrays().into_iter().map(|array| array.data).collect::<Vec<_>>(), expected);
    }
}

#[test]
fn a_file_that_does_not_fit_gets_a_table_and_changes_nothing() {
    let mut network = small();
    let before = network.to_arrays();
    let mut arrays = foreign();
    arrays.retain(|array| array.name != "features.1.bias");
    let wide = arrays.iter_mut().find(|array| array.name == "classifier.1.weight").unwrap();
    (wide.dims, wide.data) = (vec![4, 2], vec![0.0; 8]);
    arrays.push(NamedArray { name: "extra".to_owned(), dims: vec![1], data: vec![0.0] });
    let report = load_weights(&mut network, arrays);
    assert_eq!(
        report.faults(),
        [
            "missing     features.1.bias",
            "misshapen   classifier.1.weight: [4, 2] in the file, [3, 2] in the network",
            "unexpected  extra"
        ]
    );
    assert!(!report.is_complete());
    assert_eq!(network.to_arrays(), before);
}

/// A layer without a bias is another layer.
#[test]
fn a_bias_that_the_network_lacks_is_no_detail() {
    let text = "name = 'a'\ninput = [1, 2, 2]\n[[layers]]\nname = 'flatten'\nkind = 'flatten'\n\
                [[layers]]\nname = 'fc'\nkind = 'linear'\nunits = 2\nbias = false\n";
    let mut network = Network::new(Architecture::from_toml(text, "test").unwrap(), 1, &Device::flex()).unwrap();
    let weight = NamedArray { name: "fc.weight".to_owned(), dims: vec![2, 4], data: vec![1.0; 8] };
    let count = NamedArray { name: "fc.num_batches_tracked".to_owned(), dims: vec![1], data: vec![1.0] };
    assert!(load_weights(&mut network, vec![weight.clone(), count]).is_complete());
    let bias = NamedArray { name: "fc.bias".to_owned(), dims: vec![2], data: vec![0.0; 2] };
    let report = load_weights(&mut network, vec![weight, bias]);
    assert!(!report.is_complete());
    assert_eq!(report.faults(), ["unexpected  fc.bias: its layer has no bias in the network"]);
}

/// As `tests/reference/pth.py` prints them.
#[test]
fn both_formats_of_pytorch_are_read() {
    for bytes in [ZIP, LEGACY, TRAINED, WRAPPED] {
        let arrays = read_weights(bytes, "test").unwrap();
        let by_name: BTreeMap<&str, (&[usize], &[f32])> =
            arrays.iter().map(|array| (array.name.as_str(), (&array.dims[..], &array.data[..]))).collect();
        assert_eq!(by_name["first.weight"], (&[2, 3][..], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0][..]));
        assert_eq!(by_name["first.bias"], (&[2][..], &[-1.5, 0.25][..]));
        // A view: the transpose of [[0, 1], [2, 3], [4, 5]], kept with its strides.
        assert_eq!(by_name["second.weight"], (&[2, 3][..], &[0.0, 2.0, 4.0, 1.0, 3.0, 5.0][..]));
        assert_eq!(by_name["half"], (&[2][..], &[0.5, -2.0][..]));
        assert_eq!(by_name["brain"], (&[1][..], &[3.0][..]));
        assert_eq!(by_name["double"], (&[][..], &[0.125][..]));
        assert!(!by_name.contains_key("norm.num_batches_tracked"));
    }
}

/// `os.system`, as a malicious file would call it: nothing is run, and the file holds no weights.
#[test]
fn nothing_in_a_file_is_run() {
    let mut bytes = LEGACY[..bytes_before_the_object()].to_vec();
    bytes.extend(b"\x80\x02cos\nsystem\nX\x1d\x00\x00\x00touch /tmp/glassbox-was-here-xx\x85R.\x80\x02].");
    let error = read_weights(&bytes, "evil.pth").unwrap_err().to_string();
    assert!(error.contains("evil.pth"), "{error}");
    assert!(!fs::exists("/tmp/glassbox-was-here-xx").unwrap());
}

/// The first three pickles of the legacy file.
fn bytes_before_the_object() -> usize {
    let ends = LEGACY.windows(2).enumerate().filter(|(_, pair)| *pair == b".\x80").map(|(at, _)| at + 1);
    ends.take(3).last().unwrap()
}

#[test]
fn other_files_are_told_apart() {
    for (bytes, what) in [
        (&b"GIF89a, or anything else"[..], "neither a safetensors file nor one of PyTorch's"),
        (&b""[..], "neither"),
        (&ZIP[..ZIP.len() / 2], "cannot be read"),
        (&LEGACY[..LEGACY.len() / 2], "cannot be read"),
    ] {
        let error = read_weights(bytes, "some.file").unwrap_err().to_string();
        assert!(error.contains("some.file") && error.contains(what), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// Whatever happens to a file: a message or arrays that are no larger than it, never a panic.
    #[test]
    fn damaged_files_never_panic(which in 0usize..3, hits in prop::collection::vec((any::<usize>(), any::<u8>()), 1..8), cut in any::<usize>()) {
        let mut bytes = [ZIP, LEGACY, WRAPPED][which].to_vec();
        let length = bytes.len();
        for (place, value) in hits {
            bytes[place % length] = value;
        }
        if cut % 4 == 0 {
            bytes.truncate(cut / 4 % length);
        }
        if let Ok(arrays) = read_weights(&bytes, "damaged") {
            let values: usize = arrays.iter().map(|array| array.data.len()).sum();
            prop_assert!(values <= 4 * length);
        }
    }
}

/// `[3, side, side]`, the picture of `benches/peer/weights.py`.
fn picture(side: usize) -> Vec<u8> {
    let at = |channel: usize, y: usize, x: usize| match channel {
        0 => y * 7 + x * 3,
        1 => y * 2 + x * 11,
        _ => y * x,
    };
    (0..3 * side * side).map(|i| (at(i / (side * side), i / side % side, i % side) % 256) as u8).collect()
}

#[track_caller]
fn assert_logits(classifier: &Classifier, first: [f32; 6], top: [(usize, f32); 5], bound: f32) {
    assert_eq!(classifier.preparation().covers.to_string(), "3x256x256");
    let picture = Picture::of_pixels("pattern", classifier.preparation().covers, picture(256)).unwrap();
    let logits = classifier.logits(&[classifier.seen(&picture).unwrap()]).remove(0);
    for (found, expected) in logits.iter().zip(first) {
        assert!((found - expected).abs() <= bound, "{found}, but PyTorch has {expected}");
    }
    for (guess, (index, expected)) in classifier.guesses(&logits, 5).iter().zip(top) {
        assert!((logits[index] - expected).abs() <= bound, "{index}: {}, but PyTorch has {expected}", logits[index]);
        assert!((guess.logit - expected).abs() <= bound);
    }
}

/// PyTorch 2.15 with the package `efficientnet_lite_pytorch` 0.1.0 and its weights rounded to half precision.
#[test]
fn the_embedded_network_gives_the_logits_of_pytorch() {
    let classifier = Classifier::open("efficientnet-lite0", None, &Device::flex()).unwrap();
    let first = [0.009_516, -0.064_418, -0.296_033, -1.810_941, -0.090_408, -0.771_209];
    let top = [(417, 8.6923), (727, 6.4488), (619, 4.9581), (756, 4.7637), (463, 4.7493)];
    assert_logits(&classifier, first, top, 5e-4);
    assert_eq!(classifier.class_names()[417], "balloon");
    assert_eq!(classifier.class_names().len(), 1000);
}

#[test]
fn a_network_without_weights_says_what_to_do() {
    let error = Classifier::open("vgg11", None, &Device::flex()).err().unwrap();
    assert!(matches!(error, ClassifierError::Untrained { .. }));
    assert!(error.to_string().contains("--weights"), "{error}");
}

/// How the images were fitted that a network learned from stays with it; a checkpoint that says nothing of it crops.
#[test]
fn a_picture_is_fitted_as_the_images_of_the_training_were() {
    let wide = Picture::of_pixels("wide", ImageShape::new(1, 1, 2), vec![255, 255]).unwrap();
    for (fit, seen) in [("", [255; 4]), (r#""fit":"pad","#, [255, 255, 0, 0]), (r#""fit":"stretch","#, [255; 4])] {
        let covers = r#"{"channels":1,"height":2,"width":2}"#;
        let preparation = format!(r#"{{"covers":{covers},{fit}"standardisation":{{"mean":[0.0],"std":[1.0]}}}}"#);
        let state = BTreeMap::from([
            ("preparation".to_owned(), preparation),
            ("class_names".to_owned(), r#"["a","b","c"]"#.to_owned()),
        ]);
        let checkpoint =
            Checkpoint { architecture: small().architecture().clone(), arrays: small().to_arrays(), state };
        let classifier = Classifier::of_checkpoint(&checkpoint, &Device::flex()).unwrap();
        assert_eq!(classifier.seen(&wide).unwrap(), seen, "{fit}");
        let again = Classifier::of_checkpoint(&classifier.to_checkpoint(), &Device::flex()).unwrap();
        assert_eq!(again.preparation(), classifier.preparation());
    }
}

#[test]
fn what_half_precision_cannot_hold_is_refused() {
    let mut checkpoint = Checkpoint {
        architecture: small().architecture().clone(),
        arrays: small().to_arrays(),
        state: BTreeMap::new(),
    };
    let [largest, beyond] = [65_504.0, 70_000.0];
    checkpoint.arrays[1].data[0] = largest;
    let halved = Checkpoint::from_bytes(&checkpoint.to_half_bytes().unwrap(), "test").unwrap();
    assert!(halved.arrays.iter().any(|array| array.name == "conv.bias" && array.data[0] == largest));
    checkpoint.arrays[1].data[0] = beyond;
    let error = checkpoint.to_half_bytes().unwrap_err().to_string();
    assert!(error.contains("`conv.bias` holds 70000"), "{error}");
    checkpoint.arrays[1].data[0] = f32::INFINITY;
    assert!(checkpoint.to_half_bytes().is_ok(), "it was infinite before");
}

fn error_of(checkpoint: &Checkpoint) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), checkpoint.to_bytes()).unwrap();
    let opened = Classifier::open(file.path().to_str().unwrap(), None, &Device::flex());
    opened.err().expect("it cannot be used").to_string()
}

/// What a checkpoint says of its pictures may be anything.
#[test]
fn a_checkpoint_that_contradicts_itself_is_refused() {
    let state = |covers: &str, mean: &str, names: &str| {
        let preparation = format!(r#"{{"covers":{covers},"standardisation":{{"mean":{mean},"std":[1.0]}}}}"#);
        BTreeMap::from([("preparation".to_owned(), preparation), ("class_names".to_owned(), names.to_owned())])
    };
    let shape = |side: usize| format!(r#"{{"channels":1,"height":{side},"width":{side}}}"#);
    let names = r#"["a","b","c"]"#;
    let with = |state| Checkpoint { architecture: small().architecture().clone(), arrays: small().to_arrays(), state };
    let sound = with(state(&shape(2), "[0.0]", names));
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), sound.to_bytes()).unwrap();
    let classifier = Classifier::open(file.path().to_str().unwrap(), None, &Device::flex()).unwrap();
    assert_eq!(classifier.logits(&[&[0, 1, 2, 3]])[0].len(), 3);
    for (state, what) in [
        (state(&shape(1), "[0.0]", names), "which cannot be"),
        (state(&shape(1 << 40), "[0.0]", names), "which cannot be"),
        (state(&shape(0), "[0.0]", names), "which cannot be"),
        (state(&shape(2), "[0.0,1.0]", names), "does not fit"),
        (state(&shape(2), "[0.0]", r#"["a"]"#), "3 classes"),
        (state(&shape(2), "[0.0]", "7"), "class_names"),
        (state("{}", "[0.0]", names), "preparation"),
    ] {
        let error = error_of(&with(state));
        assert!(error.contains(what), "{error}");
    }
    let text = r#"
        name = "two channels"
        input = [2, 1, 1]
        layers = [{ name = "flatten", kind = "flatten" }, { name = "fc", kind = "linear", units = 3 }]
    "#;
    let network = Network::new(Architecture::from_toml(text, "test").unwrap(), 1, &Device::flex()).unwrap();
    let mut state = state(&shape(2), "[0.0]", names);
    state.insert("preparation".to_owned(), state["preparation"].replace(r#""channels":1"#, r#""channels":2"#));
    let two = Checkpoint { architecture: network.architecture().clone(), arrays: network.to_arrays(), state };
    assert!(error_of(&two).contains("1 or 3"), "{}", error_of(&two));
}

/// The formula of `benches/peer/weights.py`.
fn made_up(dims: &[usize], number: usize) -> Vec<f32> {
    let fan_in: usize = dims[1..].iter().product();
    let scale = if dims.len() == 1 { 0.1 } else { (24.0 / fan_in as f64).sqrt() };
    let value = |place: usize| {
        let mixed = (place as u64).wrapping_mul(2_654_435_761).wrapping_add((number * 40_503 + 12_345) as u64);
        ((mixed % (1 << 32)) as f64 / f64::from(1u32 << 31) / 2.0 - 0.5) * scale
    };
    (0..dims.iter().product()).map(|place| value(place) as f32).collect()
}

/// A safetensors file with torchvision's names.
fn made_up_file(name: &str) -> tempfile::NamedTempFile {
    let network = Network::new(preset(name).unwrap(), 1, &Device::flex()).unwrap();
    let arrays: Vec<(String, Vec<usize>, Vec<u8>)> = network
        .parameters()
        .iter()
        .enumerate()
        .map(|(number, parameter)| {
            let bytes = made_up(&parameter.dims, number).iter().flat_map(|value| value.to_le_bytes()).collect();
            (Naming::Torchvision.name(&network, parameter), parameter.dims.clone(), bytes)
        })
        .collect();
    let views =
        arrays.iter().map(|(name, dims, bytes)| (name, TensorView::new(Dtype::F32, dims.clone(), bytes).unwrap()));
    let file = tempfile::NamedTempFile::new().unwrap();
    safetensors::serialize_to_file(views, None, file.path()).unwrap();
    file
}

fn with_made_up_weights(name: &str) -> Classifier {
    Classifier::open(name, Some(made_up_file(name).path()), &Device::flex()).unwrap()
}

/// torchvision 0.29 on PyTorch 2.15.
#[test]
fn alexnet_gives_the_logits_of_torchvision() {
    let first = [0.753_496, -0.438_26, 0.834_084, -0.544_64, 0.202_612, -0.210_08];
    let top = [(92, 1.299_172), (336, 1.256_664), (214, 1.250_119), (503, 1.244_717), (702, 1.220_052)];
    assert_logits(&with_made_up_weights("alexnet"), first, top, 1e-4);
}

/// torchvision 0.29 on PyTorch 2.15.
#[test]
#[ignore = "half a minute, and 2 GB of memory"]
fn vgg11_gives_the_logits_of_torchvision() {
    let first = [0.841_835, -0.491_607, 0.923_551, -0.554_522, 0.203_973, -0.320_648];
    let top = [(503, 1.350_806), (92, 1.340_147), (336, 1.323_15), (214, 1.309_333), (747, 1.308_667)];
    assert_logits(&with_made_up_weights("vgg11"), first, top, 1e-4);
}
