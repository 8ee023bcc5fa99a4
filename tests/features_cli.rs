//! `glassbox features`: activations of a whole data set, as numpy reads them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/archives.rs"]
mod archives;

use archives::write;
use glassbox::engine::RunFolder;
use serde_json::Value;
use std::fs::{self, File};
use std::io::{Cursor, Read};
use std::path::Path;
use std::process::{Command, Output};

fn glassbox(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glassbox")).args(arguments).output().unwrap()
}

fn succeed(arguments: &[&str]) -> Output {
    let output = glassbox(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

/// The dictionary of an array's header, and its numbers as they lie in the file.
fn array(npz: &Path, name: &str) -> Option<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(File::open(npz).unwrap()).unwrap();
    let mut bytes = Vec::new();
    archive.by_name(&format!("{name}.npy")).ok()?.read_to_end(&mut bytes).unwrap();
    assert_eq!(&bytes[..8], b"\x93NUMPY\x01\x00");
    let start = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let header = String::from_utf8(bytes[10..start].to_vec()).unwrap().trim().to_owned();
    Some((header, bytes[start..].to_vec()))
}

fn header(kind: &str, shape: &str) -> String {
    format!("{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}")
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn integers(bytes: &[u8]) -> Vec<i64> {
    bytes.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

fn texts(bytes: &[u8], width: usize) -> Vec<String> {
    let letters: Vec<char> =
        bytes.as_chunks().0.iter().map(|bytes| char::from_u32(u32::from_le_bytes(*bytes)).unwrap()).collect();
    letters.chunks(width).map(|text| text.iter().filter(|letter| **letter != '\0').collect()).collect()
}

fn train(run: &Path, network: &str) -> String {
    let small = ["--epochs", "1", "--device", "cpu", "--set", "data.train=1280", "--set", "data.validation=500"];
    let mut arguments = vec!["train", "--network", network, "--json", "--out", run.to_str().unwrap()];
    arguments.extend(small);
    succeed(&arguments);
    run.join("checkpoints/last.safetensors").display().to_string()
}

/// The features of the last layer are the logits: those of the test images make the mistakes that the run counted.
#[test]
fn the_features_of_all_test_images_are_what_the_run_saw() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let checkpoint = train(&run, "mlp-30");
    let out = folder.path().join("new.npz");
    let layer = RunFolder::checkpoint(&run).unwrap().architecture.layers.last().unwrap().name.clone();
    let features = |layer: &str, more: &[&str]| {
        let mut arguments = vec!["features", "--network", &checkpoint, "--data", "mnist", "--layer", layer];
        arguments.extend(["--device", "cpu", "--batch", "300", "--out", out.to_str().unwrap()]);
        arguments.extend(more);
        succeed(&arguments)
    };
    features(&layer, &["--split", "test"]);
    let (head, logits) = array(&out, "features").unwrap();
    assert_eq!(head, header("<f4", "(10000, 10)"));
    let (head, labels) = array(&out, "labels").unwrap();
    assert_eq!(head, header("<i8", "(10000,)"));
    let largest = |row: &[f32]| (0..10).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap() as i64;
    let said = floats(&logits).chunks(10).map(largest).collect::<Vec<_>>();
    let errors = said.iter().zip(integers(&labels)).filter(|(said, label)| **said != *label).count();
    let summary: Value = serde_json::from_str(&fs::read_to_string(run.join("summary.json")).unwrap()).unwrap();
    assert_eq!(summary["test_errors"], errors);
    let (head, names) = array(&out, "class_names").unwrap();
    assert_eq!((head, texts(&names, 1)[7].as_str()), (header("<U1", "(10,)"), "7"));
    assert!(array(&out, "paths").is_none(), "digits are no files");

    let output = glassbox(&[
        "features",
        "--network",
        &checkpoint,
        "--data",
        "mnist",
        "--layer",
        "nonsense",
        "--device",
        "cpu",
        "--out",
        "x.npz",
    ]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("nonsense") && message.contains("`fc1`"), "{message}");
}

fn png(width: u32, height: u32, shade: u8) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| image::Rgb([shade, (x * 7) as u8, (y * 5) as u8]));
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Colour images of any size for a network of grey ones, one of them damaged; then the same without classes.
#[test]
fn images_keep_their_paths_and_damaged_ones_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = train(&folder.path().join("run"), "lenet");
    let pets = folder.path().join("pets");
    let truncated = png(30, 20, 9)[..60].to_vec();
    let files = [
        ("train/cat/a.png", png(30, 20, 10)),
        ("train/dog/b.png", png(28, 28, 200)),
        ("train/dog/c.png", truncated.clone()),
        ("test/cat/d.png", png(50, 90, 100)),
    ];
    write(&pets, &files);
    let out = folder.path().join("pets.npz");
    let features = |data: &Path, layer: &str| {
        let (data, out) = (data.to_str().unwrap(), out.to_str().unwrap());
        let output = succeed(&[
            "features",
            "--network",
            &checkpoint,
            "--data",
            data,
            "--layer",
            layer,
            "--device",
            "cpu",
            "--out",
            out,
        ]);
        String::from_utf8(output.stderr).unwrap()
    };
    let left_out = features(&pets, "conv1");
    assert!(left_out.contains("c.png"), "{left_out}");
    let (head, conv1) = array(&out, "features").unwrap();
    assert_eq!(head, header("<f4", "(3, 6, 28, 28)"));
    let (head, paths) = array(&out, "paths").unwrap();
    let paths = texts(&paths, 15);
    assert_eq!(
        (head, paths),
        (header("<U15", "(3,)"), ["train/cat/a.png", "train/dog/b.png", "test/cat/d.png"].map(str::to_owned).to_vec())
    );
    assert_eq!(integers(&array(&out, "labels").unwrap().1), [0, 1, 0]);
    assert_eq!(texts(&array(&out, "class_names").unwrap().1, 3), ["cat", "dog"]);

    let loose = folder.path().join("loose");
    write(&loose, &[("b.png", png(28, 28, 200)), ("c.png", truncated)]);
    assert!(features(&loose, "conv1").contains("c.png"));
    let (head, alone) = array(&out, "features").unwrap();
    assert!(head.contains("'shape': (1, 6,"), "{head}");
    let size = conv1.len() / 3;
    assert_eq!(floats(&alone), floats(&conv1[size..2 * size]));
    assert!(array(&out, "labels").is_none());
    features(&loose.join("b.png"), "conv1");
    assert_eq!(floats(&array(&out, "features").unwrap().1), floats(&alone));
}
