//! What several test files share: an engine that is waited for, and a small run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glassbox::engine::{Command, Engine, Event, Point, RunId};
use glassbox::experiments::TrainConfig;
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
