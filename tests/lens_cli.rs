//! `glassbox lens` from outside: what it writes, prints and refuses.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::data::{npz_of_floats, read_floats};
use glassbox::lens::{Place, Target, reconstruct};
use glassbox::nets::{Network, Rule, preset};
use image::RgbImage;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn lens(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassbox"));
    command.arg("lens").args(arguments).args(["--device", "cpu"]).stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn known(arguments: &[&str]) -> Value {
    let output = lens(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let output = lens(arguments);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
    for word in words {
        assert!(message.contains(word), "{arguments:?} does not say {word}: {message}");
    }
}

/// An image as `convnet-cifar` sees it, in a file.
fn floats(folder: &Path) -> (PathBuf, Vec<f32>) {
    let values: Vec<f32> = (0..3 * 32 * 32).map(|index| ((index * 37 % 101) as f32 - 50.0) / 30.0).collect();
    let file = folder.join("image.npz");
    std::fs::write(&file, npz_of_floats(&[("image", &[3, 32, 32], &values)]).unwrap()).unwrap();
    (file, values)
}

const CIFAR: &[&str] = &["--network", "convnet-cifar", "--seed", "7"];

#[test]
fn a_reconstruction_is_written_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let (image, values) = floats(folder.path());
    let out = folder.path().join("out.npz");
    let network = Network::new(preset("convnet-cifar").unwrap(), 7, &Device::flex()).unwrap();
    let images = Tensor::<4>::from_data(TensorData::new(values, [1, 3, 32, 32]), &Device::flex());
    let cut = network.architecture().cut("conv4").unwrap();
    let places: [(&[&str], Place); 3] =
        [(&[], Place::Strongest), (&["--at", "2,5"], Place::At([2, 5])), (&["--map"], Place::WholeMap)];
    let rules = [("deconv", Rule::Deconvolution), ("gradient", Rule::Gradient), ("guided", Rule::Guided)];
    for ((flags, place), (name, rule)) in places.into_iter().zip(rules) {
        let paths = ["--image", image.to_str().unwrap(), "--out", out.to_str().unwrap()];
        let unit = ["--layer", "conv4", "--unit", "11", "--rule", name];
        let known = known(&[&["deconv"], CIFAR, &paths, &unit, flags].concat());
        let expected = &reconstruct(&network, &images, cut, &[Target { image: 0, unit: 11, place }], rule).unwrap()[0];
        let (shape, found) = read_floats(&out, "reconstruction").unwrap();
        assert_eq!((shape, &found), (vec![3, 32, 32], &expected.values));
        assert_eq!(known["activation"].as_f64().unwrap() as f32, expected.activation);
        let place: Option<[usize; 2]> = serde_json::from_value(known["place"].clone()).unwrap();
        assert_eq!(place, expected.place);
    }
}

#[test]
fn a_picture_is_scaled_about_mid_grey() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("picture.png");
    RgbImage::from_fn(50, 40, |x, y| image::Rgb([(x * 5) as u8, (y * 6) as u8, (x * y % 251) as u8]))
        .save(&picture)
        .unwrap();
    let [png, npz] = ["out.png", "out.npz"].map(|name| folder.path().join(name));
    for out in [&png, &npz] {
        let paths = ["--image", picture.to_str().unwrap(), "--out", out.to_str().unwrap()];
        let output = lens(&[&["deconv"], CIFAR, &paths, &["--layer", "conv1", "--unit", "3"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(String::from_utf8_lossy(&output.stdout).starts_with("conv1 of convnet-cifar, unit 3 at row "));
    }
    let (_, values) = read_floats(&npz, "reconstruction").unwrap();
    let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    let picture = image::open(&png).unwrap().into_rgb8();
    assert_eq!(picture.dimensions(), (32, 32));
    for (x, y, pixel) in picture.enumerate_pixels() {
        for channel in 0..3 {
            let value = values[channel * 1024 + (y * 32 + x) as usize];
            assert_eq!(f32::from(pixel.0[channel]), (128.0 + 127.0 * value / largest).round());
        }
    }
}

#[test]
fn every_method_writes_its_array() {
    let folder = tempfile::tempdir().unwrap();
    let (image, values) = floats(folder.path());
    let out = folder.path().join("out.npz");
    let (image, file) = (image.to_str().unwrap(), out.to_str().unwrap());
    let unit = ["--layer", "conv5", "--unit", "4", "--out", file];
    let run = |method: &str, arguments: &[&str], array: &str| {
        let known = known(&[&[method], CIFAR, arguments].concat());
        let (shape, values) = read_floats(&out, array).unwrap();
        assert!(values.iter().any(|&value| value != 0.0) && values.iter().all(|value| value.is_finite()), "{method}");
        (known, shape, values)
    };
    let with_image = [&unit[..], &["--image", image]].concat();
    let (_, shape, gradient) = run("deconv", &[&with_image[..], &["--rule", "gradient"]].concat(), "reconstruction");
    assert_eq!(shape, [3, 32, 32]);
    let (_, shape, found) = run("gradient-input", &with_image, "attribution");
    assert_eq!(shape, [3, 32, 32]);
    let expected: Vec<f32> = gradient.iter().zip(&values).map(|(gradient, value)| gradient * value).collect();
    assert_eq!(found, expected);
    let (known, shape, found) =
        run("integrated-gradients", &[&with_image[..], &["--steps", "100"]].concat(), "attribution");
    assert_eq!(shape, [3, 32, 32]);
    let change = known["activation"].as_f64().unwrap() - known["baseline_activation"].as_f64().unwrap();
    let sum: f64 = found.iter().map(|&value| f64::from(value)).sum();
    assert!((sum - change).abs() < 0.02 * (0.1 + change.abs()), "{sum}, not {change}");
    let cam = ["--layer", "relu5", "--out", file, "--image", image];
    let (known, shape, found) = run("grad-cam", &cam, "map");
    assert_eq!(shape, [1, 32, 32]);
    assert!(known["unit"].as_u64().unwrap() < 10 && found.iter().all(|&value| value >= 0.0));
    let (_, shape, _) = run("grad-cam", &[&cam[..], &["--small", "--unit", "3"]].concat(), "map");
    assert_eq!(shape, [1, 8, 8]);
    let (known, shape, _) = run("maximise", &[&unit[..], &["--steps", "20"]].concat(), "image");
    assert_eq!((shape, &known["place"]), (vec![3, 32, 32], &serde_json::json!([4, 4])));
}

#[test]
fn what_cannot_be_done_is_refused_in_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let (image, _) = floats(folder.path());
    let (image, out) = (image.to_str().unwrap(), folder.path().join("out.npz"));
    let out = out.to_str().unwrap();
    let deconv = |network: &[&'static str], layer: &'static str, unit: &'static str, image: &str, out: &str| {
        let arguments = [&["deconv"], network, &["--layer", layer, "--unit", unit]].concat();
        let mut arguments: Vec<String> = arguments.into_iter().map(str::to_owned).collect();
        arguments.extend(["--image", image, "--out", out].map(str::to_owned));
        arguments
    };
    let is_refused = |arguments: Vec<String>, words: &[&str]| {
        refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), words);
    };
    is_refused(deconv(CIFAR, "conv9", "0", image, out), &["no layer `conv9`", "`conv1`"]);
    is_refused(deconv(CIFAR, "conv1", "32", image, out), &["`conv1` has no unit 32", "0 to 31"]);
    is_refused(deconv(CIFAR, "conv1", "0", image, "out.jpg"), &[".npz or .png", "out.jpg"]);
    is_refused(deconv(&["--network", "convnet-cifar"], "conv1", "0", image, out), &["--weights", "--seed"]);
    is_refused(
        deconv(&["--network", "lenet", "--seed", "1"], "conv1", "0", image, out),
        &["[3, 32, 32]", "[1, 28, 28]"],
    );
    is_refused(deconv(CIFAR, "conv1", "0", "nothing.png", out), &["nothing.png"]);
    is_refused(deconv(CIFAR, "conv1", "0", "nothing.npz", out), &["nothing.npz"]);
    let mut twice = deconv(CIFAR, "conv1", "0", image, out);
    twice.extend(["--at", "1,1", "--map"].map(str::to_owned));
    is_refused(twice, &["--at", "--map"]);
    let mut outside = deconv(CIFAR, "pool5", "0", image, out);
    outside.extend(["--at", "4,0"].map(str::to_owned));
    is_refused(outside, &["4 x 4", "4,0"]);
}

#[test]
fn a_sheet_of_a_layer_is_one_page() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    std::fs::create_dir(&pictures).unwrap();
    for number in 0..3u8 {
        let colour = |x: u32, y: u32| image::Rgb([(x * 7) as u8, (y * 5) as u8, number * 80]);
        RgbImage::from_fn(40, 32, colour).save(pictures.join(format!("{number}.png"))).unwrap();
    }
    let sheet = |out: &Path, more: &[&str]| {
        let paths = ["--data", pictures.to_str().unwrap(), "--out", out.to_str().unwrap()];
        lens(&[&["sheet"], CIFAR, &["--layer", "relu2"], &paths[..], more].concat())
    };
    let svg = folder.path().join("sheet.svg");
    let output = sheet(&svg, &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("64 units"));
    let text = std::fs::read_to_string(&svg).unwrap();
    assert!(text.contains("<title>relu2 of convnet-cifar: the strongest of 3 images</title>"));
    let tiles = text.matches("<image").count();
    assert!(tiles > 64 && tiles <= 3 * 64, "{tiles}");
    let png = folder.path().join("sheet.png");
    let output = sheet(&png, &["--rule", "deconv", "--scale", "1", "--light"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let picture = image::open(&png).unwrap().to_rgb8();
    // Eight by eight units of three by three tiles.
    assert!(picture.width() > 8 * 3 * 40 && picture.height() > 8 * 3 * 40);
    assert!(picture.get_pixel(0, 0).0.iter().all(|value| *value > 200));
}

#[test]
fn a_sheet_that_cannot_be_made_says_why() {
    let base = [&["sheet"], CIFAR, &["--data", "mnist"]].concat();
    refused(&[&base[..], &["--layer", "relu2", "--out", "sheet.jpg"]].concat(), &[".svg or .png", "sheet.jpg"]);
    refused(&[&base[..], &["--layer", "relu99", "--out", "sheet.svg"]].concat(), &["relu99"]);
    let nowhere = [&["sheet"], CIFAR, &["--data", "nowhere", "--layer", "relu2", "--out", "sheet.svg"]].concat();
    refused(&nowhere, &["nowhere"]);
    refused(&[&base[..], &["--count", "10", "--layer", "flatten", "--out", "sheet.svg"]].concat(), &["flatten"]);
}
