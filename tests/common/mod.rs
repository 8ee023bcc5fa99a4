//! What several test files share: an engine that is waited for, and a small run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "no test file uses all of it")]

use glassbox::engine::{Command, Engine, Event, Point, RunFolder, RunId};
use glassbox::experiments::{Config, TrainConfig};
use glassbox::nets::NamedArray;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

pub const PATIENCE: Duration = Duration::from_mins(2);

/// A run of a second or so: 30 hidden units, 1,280 images, 10 steps an epoch.
pub fn small_config() -> TrainConfig {
    let settings = [("network", "mlp-30"), ("data.train", "1280"), ("data.validation", "500"), ("epochs", "2")];
    settings.iter().fold(TrainConfig::default(), |config, (key, value)| config.with(key, value).unwrap())
}

pub fn start(engine: &Engine, config: &TrainConfig, folder: Option<&Path>, go: bool) {
    let config = Box::new(config.clone());
    let command =
        Command::Start { run: RunId(1), config, device: "cpu".to_owned(), folder: folder.map(Into::into), go };
    engine.send(command).unwrap();
}

/// Collects events until one satisfies `found`.
#[track_caller]
pub fn wait_for(engine: &Engine, mut found: impl FnMut(&Event) -> bool) -> Vec<Event> {
    let began = Instant::now();
    let mut seen = Vec::new();
    while began.elapsed() < PATIENCE {
        for event in engine.events() {
            let done = found(&event);
            seen.push(event);
            if done {
                return seen;
            }
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("waited in vain; there were {seen:?}");
}

#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn is_finished(event: &Event) -> bool {
    assert!(!matches!(event, Event::Failed { .. } | Event::Trouble { .. }), "{event:?}");
    matches!(event, Event::Finished { .. })
}

pub fn series(points: &[Point], name: &str) -> Vec<f64> {
    points.iter().filter(|point| &*point.series == name).map(|point| point.value).collect()
}

pub fn metrics(folder: &Path) -> String {
    fs::read_to_string(folder.join("metrics.csv")).unwrap()
}

pub fn resume(engine: &Engine, folder: &Path) {
    let command =
        Command::Resume { run: RunId(2), folder: folder.to_owned(), device: "cpu".to_owned(), epochs: None, go: true };
    engine.send(command).unwrap();
}

/// Everything that draws at random: dropout, jitter, a shuffled subset.
pub fn noisy_config() -> TrainConfig {
    let text = r#"
        name = "noisy"
        input = [1, 28, 28]
        layers = [
            { name = "conv1", kind = "conv2d", channels = 4, kernel = 5, stride = 2 },
            { name = "norm1", kind = "batch_norm" },
            { name = "relu1", kind = "relu" },
            { name = "pool1", kind = "max_pool2d", kernel = 2, stride = 2 },
            { name = "flatten", kind = "flatten" },
            { name = "drop1", kind = "dropout", probability = 0.3 },
            { name = "fc2", kind = "linear", units = 10 },
        ]
    "#;
    let file = std::env::temp_dir().join(format!("glassbox-noisy-{}.toml", std::process::id()));
    fs::write(&file, text).unwrap();
    let settings =
        [("network", file.to_str().unwrap()), ("data.augmentation.jitter", "2"), ("data.augmentation.flip", "true")];
    settings.iter().fold(small_config(), |config, (key, value)| config.with(key, value).unwrap())
}

/// What the last checkpoint of a run folder holds, by name.
pub fn sorted_arrays(folder: &Path) -> Vec<NamedArray> {
    let mut arrays = RunFolder::checkpoint(folder).unwrap().arrays;
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    arrays
}

/// Settings changed one after the other.
pub fn with(config: TrainConfig, settings: &[(&str, &str)]) -> TrainConfig {
    settings.iter().fold(config, |config, (key, value)| config.with(key, value).unwrap())
}

/// One live setting.
pub fn change(engine: &Engine, setting: &str, value: &str) {
    engine.send(Command::Change { setting: setting.to_owned(), value: value.to_owned() }).unwrap();
}

/// Some steps of a run that is paused.
#[track_caller]
pub fn steps(engine: &Engine, count: u64) {
    let before = engine.snapshot().step;
    for _ in 0..count {
        engine.send(Command::Step).unwrap();
    }
    wait_until("steps", || engine.snapshot().step == before + count);
}
