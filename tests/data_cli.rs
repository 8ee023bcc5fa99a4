//! `glassbox data` from outside.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::process::{Command, Output};

use image::RgbImage;
use serde_json::{Value, json};

fn info(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glassbox")).args(["data", "info"]).args(args).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Two cats and a dog for training, a dog for testing, and a text that is called a picture.
fn pets() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, colour) in [
        ("train/cat/1.png", [255, 0, 51]),
        ("train/cat/2.png", [255, 0, 51]),
        ("train/dog/1.png", [255, 0, 51]),
        ("test/dog/2.png", [0, 0, 0]),
    ] {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        RgbImage::from_pixel(8, 8, image::Rgb(colour)).save(path).unwrap();
    }
    fs::write(folder.path().join("test/dog/text.png"), "a text").unwrap();
    folder
}

#[test]
fn info_says_what_is_in_a_folder() {
    let folder = pets();
    let path = folder.path().to_str().unwrap();
    let output = info(&[path, "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["shape"], json!([3, 8, 8]));
    assert_eq!(value["class_names"], json!(["cat", "dog"]));
    assert_eq!(value["train"], json!({ "images": 3, "by_class": [2, 1] }));
    assert_eq!(value["test"], json!({ "images": 1, "by_class": [0, 1] }));
    for (channel, mean) in [1.0, 0.0, 0.2].into_iter().enumerate() {
        assert!((value["mean"][channel].as_f64().unwrap() - mean).abs() < 1e-6, "{value}");
    }
    assert_eq!(value["damaged"][0]["file"], "test/dog/text.png");
    assert!(value["damaged"][0]["reason"].as_str().unwrap().contains("not an image"), "{value}");

    let shown = text(&info(&[path, "--images", "4x6 stretch grey"]));
    assert!(shown.contains("3 training and 1 test images of 1x4x6, 2 classes"), "{shown}");
    assert!(shown.contains("1 file could not be opened:\ntest/dog/text.png: it is not an image"), "{shown}");
}

#[test]
fn info_knows_names_and_refuses_what_there_is_not() {
    let shown = text(&info(&["mnist"]));
    assert!(shown.contains("60000 training and 10000 test images of 1x28x28, 10 classes"), "{shown}");
    assert!(shown.contains("grey: mean 0.1307, deviation 0.3081"), "{shown}");
    for (args, said) in [(&["no-such-thing"][..], "no-such-thing"), (&["mnist", "--images", "0x0"], "32x32")] {
        let output = info(args);
        assert_eq!(output.status.code(), Some(2));
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains(said) && message.lines().count() == 1, "{message}");
    }
}
