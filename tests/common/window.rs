//! A window without a screen, driven by accessible names, with an engine that trains.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test file uses some of it")]

use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable};
use glassbox::data::Amount;
use glassbox::engine::Phase;
use glassbox::experiments::TrainConfig;
use glassbox::ui::app::{Action, RunRecord};
use glassbox::ui::labs::AnyPane;
use glassbox::ui::{App, WindowOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Far longer than anything here takes.
const DEADLINE: Duration = Duration::from_mins(2);

/// One epoch of five steps.
pub fn tiny() -> TrainConfig {
    let mut config = TrainConfig { network: "mlp-30".to_owned(), epochs: 1, ..TrainConfig::default() };
    config.data.train = Amount::Count(600);
    config.data.validation = Amount::Count(200);
    config
}

/// Many epochs, so that the run is still on when the test looks.
pub fn long() -> TrainConfig {
    TrainConfig { epochs: 10_000, ..tiny() }
}

pub fn open(config: TrainConfig) -> Harness<'static, App> {
    let options = WindowOptions { device: "cpu".to_owned(), config, persist: false, ..WindowOptions::default() };
    let mut harness = Harness::builder().with_size([1280.0, 800.0]).build_eframe(|cc| App::new(cc, options));
    harness.run_steps(2);
    harness
}

/// Draws frames until it is so.
#[track_caller]
pub fn wait(harness: &mut Harness<'_, App>, what: &str, is_so: impl Fn(&App) -> bool) {
    let began = Instant::now();
    while !is_so(harness.state()) {
        let log: Vec<&str> = harness.state().session.log.entries().iter().map(|entry| entry.text.as_str()).collect();
        let run = harness.state().session.current().map(|run| (run.step, run.phase.clone()));
        assert!(began.elapsed() < DEADLINE, "waited in vain: {what}; the run is {run:?}; the log says {log:?}");
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.run_steps(2);
}

#[track_caller]
pub fn current(app: &App) -> &RunRecord {
    app.session.current().expect("a run was started")
}

pub fn press(harness: &mut Harness<'_, App>, modifiers: Modifiers, key: Key) {
    harness.key_press_modifiers(modifiers, key);
    harness.run_steps(2);
}

#[track_caller]
pub fn click(harness: &mut Harness<'_, App>, name: &str) {
    harness.get_by_label(name).click();
    harness.run_steps(3);
}

/// Brings a pane to the front, in its lab.
pub fn reveal(harness: &mut Harness<'_, App>, pane: impl Into<AnyPane>) {
    let ctx = harness.ctx.clone();
    harness.state_mut().perform(&ctx, Action::Reveal(pane.into()));
    harness.run_steps(3);
}

/// Starts a run, waits until it is at a step, and pauses it.
pub fn train_a_little(harness: &mut Harness<'_, App>) {
    press(harness, Modifiers::NONE, Key::Space);
    wait(harness, "three steps", |app| current(app).step >= 3);
    press(harness, Modifiers::NONE, Key::Space);
    wait(harness, "a pause", |app| current(app).phase == Phase::Paused);
}

/// A file of this path, as a desktop hands it over.
#[derive(Debug)]
struct Dropped(PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        std::fs::read(&self.0).map_err(|error| error.to_string())
    }
}

/// Drops files on the window, all at once.
pub fn drop_files(harness: &mut Harness<'_, App>, paths: &[&Path]) {
    for path in paths {
        harness.input_mut().dropped_files.push(Arc::new(Dropped(path.to_path_buf())));
    }
    harness.run_steps(2);
}
