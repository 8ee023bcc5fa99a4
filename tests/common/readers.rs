//! The readers of files that people bring. Each takes any bytes, which it may refuse; it must not panic, take memory
//! without bound, or name a file outside its archive.
//!
//! The targets in `fuzz/` and `tests/seeds.rs` call these.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "a fuzzing target uses one of them")]

use glassbox::data::{Files, open, read_idx_images, read_idx_labels};
use glassbox::experiments::{Config, ExperimentConfig, TrainConfig};
use glassbox::nets::{Architecture, Checkpoint, DataFit, Shape, read_weights, survey};
use std::fs;
use std::sync::LazyLock;

pub type Reader = fn(&[u8]);

/// By the names of the targets.
pub const READERS: [(&str, Reader); 9] = [
    ("idx", idx),
    ("cifar", cifar),
    ("npz", npz),
    ("safetensors", safetensors),
    ("pth", pth),
    ("tar", tar),
    ("zip", zip),
    ("config", config),
    ("architecture", architecture),
];

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// Plain or gzip, images or labels.
pub fn idx(bytes: &[u8]) {
    let images = read_idx_images(bytes, "images");
    let labels = read_idx_labels(bytes, "labels");
    assert!(images.is_err() || labels.is_err(), "a file is of one kind");
}

/// CIFAR-10 if the first byte is even, CIFAR-100 if it is odd; then as many training records as test records.
pub fn cifar(bytes: &[u8]) {
    let Some((kind, records)) = bytes.split_first() else { return };
    let folder = FOLDER.path().join(if kind % 2 == 0 { "cifar-10" } else { "cifar-100" });
    let [train, test] = if kind % 2 == 0 { ["data_batch_1.bin", "test_batch.bin"] } else { ["train.bin", "test.bin"] };
    fs::create_dir_all(&folder).unwrap();
    let (first, second) = records.split_at(records.len() / 2);
    fs::write(folder.join(train), first).unwrap();
    fs::write(folder.join(test), second).unwrap();
    let _ = open(&folder);
}

pub fn npz(bytes: &[u8]) {
    open_file("input.npz", bytes);
}

/// A `.tar`, `.tar.gz` or `.tar.xz` of images.
pub fn tar(bytes: &[u8]) {
    open_file("input.tar", bytes);
}

/// Of images.
pub fn zip(bytes: &[u8]) {
    open_file("input.zip", bytes);
}

fn open_file(name: &str, bytes: &[u8]) {
    let path = FOLDER.path().join(name);
    fs::write(&path, bytes).unwrap();
    if let Ok(Some(files)) = Files::open(&path) {
        for entry in files.entries() {
            let is_inside = !entry.path.starts_with('/') && entry.path.split('/').all(|part| part != "..");
            assert!(is_inside, "{} lies outside", entry.path);
        }
    }
    let _ = open(&path);
}

/// As weights, and as a checkpoint of Glassbox.
pub fn safetensors(bytes: &[u8]) {
    let _ = read_weights(bytes, "the file");
    if let Ok(checkpoint) = Checkpoint::from_bytes(bytes, "the file") {
        let values: usize = checkpoint.arrays.iter().map(|array| array.data.len()).sum();
        let parameters = checkpoint.architecture.summary().unwrap().iter().map(|row| row.parameters).sum::<u64>();
        assert!(parameters <= values as u64, "{parameters} parameters of {values} values");
    }
}

pub fn pth(bytes: &[u8]) {
    let _ = read_weights(bytes, "the file");
}

pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(config) = TrainConfig::from_toml(text, "the file") {
        assert_eq!(TrainConfig::from_toml(&config.to_toml(), "itself").unwrap(), config);
    }
    if let Ok(config) = ExperimentConfig::from_toml(text, "the file") {
        assert!(ExperimentConfig::from_toml(&config.to_toml(), "itself").is_ok());
    }
}

pub fn architecture(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(architecture) = Architecture::parse(text, "the file") else { return };
    let data = DataFit { shape: Shape::new(1, 28, 28), classes: 10 };
    let found = survey(&architecture, Some(&data));
    assert!(!found.is_possible() || architecture.summary().is_ok());
    if architecture.summary().is_ok() {
        assert_eq!(Architecture::from_toml(&architecture.to_toml(), "itself").unwrap(), architecture);
    }
}
