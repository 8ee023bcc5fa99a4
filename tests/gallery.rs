//! Pictures of every pane: `scripts/gallery` makes those of `docs/gallery`; `scripts/gallery --all FOLDER` makes them at two
//! sizes, in both themes, at scale 1 and 2.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers, Vec2, pos2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use glassbox::data::{Amount, ClassFilter};
use glassbox::engine::Phase;
use glassbox::experiments::{DistillConfig, ExperimentConfig, RangeTestConfig, TrainConfig};
use glassbox::ui::App;
use glassbox::ui::app::Action;
use glassbox::ui::labs::distill::{self, Pane as P};
use glassbox::ui::labs::train::{Arrangement, Pane};
use glassbox::ui::labs::{Lab, LabPane};
use std::path::{Path, PathBuf};
use window::{current, open, press, reveal, wait};

const SMALL: Vec2 = vec2(1280.0, 800.0);
const LARGE: Vec2 = vec2(2560.0, 1440.0);

fn folder() -> PathBuf {
    std::env::var_os("GLASSBOX_GALLERY")
        .map_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).join("gallery"), PathBuf::from)
}

fn file_name(pane: Pane) -> String {
    pane.title().to_lowercase().replace(' ', "-")
}

/// Two runs that can be compared, the second changed on its way and with mistakes to look at; a digit on the pad.
fn with_something_to_see() -> Harness<'static, App> {
    let mut config = TrainConfig { network: "lenet".to_owned(), epochs: 2, ..TrainConfig::default() };
    config.data.train = Amount::Count(6_000);
    config.data.validation = Amount::Count(2_000);
    config.monitor.health_every = 5;
    config.monitor.histograms_every = 4;
    let mut harness = open(config);
    for rate in [0.001, 0.003] {
        harness.get_by_label("Learning rate").set_value_accesskit(rate);
        press(&mut harness, Modifiers::NONE, Key::Space);
        wait(&mut harness, "the first epoch", |app| app.session.snapshot.epoch > 1.2);
        let settings = harness.state().book.current().clone();
        harness.state_mut().session.find_rate(&settings, RangeTestConfig::default());
        harness.get_by_label("Learning rate").set_value_accesskit(rate / 2.0);
        wait(&mut harness, "the end", |app| current(app).phase == Phase::Finished);
    }
    draw_a_two(&mut harness);
    harness
}

fn draw_a_two(harness: &mut Harness<'_, App>) {
    reveal(harness, Pane::Drawing);
    let pad = harness.get_by_label("Drawing pad").rect();
    let at = |x: f32, y: f32| pad.min + vec2(x, y) * pad.width();
    harness.drag_at(at(0.28, 0.32));
    for (x, y) in
        [(0.4, 0.2), (0.58, 0.2), (0.68, 0.33), (0.6, 0.5), (0.42, 0.68), (0.28, 0.8), (0.5, 0.8), (0.74, 0.78)]
    {
        harness.hover_at(at(x, y));
        harness.step();
    }
    harness.drop_at(at(0.74, 0.78));
    wait(harness, "what the network says", |app| app.session.inspection.is_some());
}

fn take(harness: &mut Harness<'_, App>, file: &Path) {
    harness.hover_at(pos2(2.0, 795.0));
    harness.run_steps(4);
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    harness.render().unwrap().save(file).unwrap();
}

/// In a small window some buttons are in the menus.
fn perform(harness: &mut Harness<'_, App>, action: Action) {
    let ctx = harness.ctx.clone();
    harness.state_mut().perform(&ctx, action);
    harness.run_steps(4);
}

fn take_every_pane(harness: &mut Harness<'_, App>, folder: &Path) {
    for &pane in Pane::ALL {
        reveal(harness, pane);
        // What is asked for when a pane is first seen.
        std::thread::sleep(std::time::Duration::from_millis(300));
        take(harness, &folder.join(format!("{}.png", file_name(pane))));
    }
}

/// All panes at once, then the first arrangement again.
fn take_everything(harness: &mut Harness<'_, App>, file: &Path) {
    harness.set_size(LARGE);
    perform(harness, Action::Arrange(Arrangement::Everything.into()));
    take(harness, file);
    harness.set_size(SMALL);
    perform(harness, Action::Arrange(Arrangement::Default.into()));
}

#[test]
#[ignore = "writes files"]
fn gallery() {
    let folder = folder();
    let mut harness = with_something_to_see();
    if std::env::var_os("GLASSBOX_GALLERY_ALL").is_none() {
        take_every_pane(&mut harness, &folder);
        take_everything(&mut harness, &folder.join("everything.png"));
        perform(&mut harness, Action::SwitchTheme);
        for pane in [Pane::Samples, Pane::Results, Pane::Histograms] {
            reveal(&mut harness, pane);
            take(&mut harness, &folder.join(format!("{}-light.png", file_name(pane))));
        }
        return;
    }
    for theme in ["dark", "light"] {
        for (size, pixels) in [(SMALL, "1280x800"), (LARGE, "2560x1440")] {
            for scale in [1.0, 2.0] {
                // A new scale moves the size of the window along, so that comes after it.
                harness.set_pixels_per_point(scale);
                harness.run_steps(2);
                harness.set_size(size / scale);
                harness.run_steps(4);
                take_every_pane(&mut harness, &folder.join(format!("{theme}-{pixels}-scale-{scale}")));
            }
        }
        perform(&mut harness, Action::SwitchTheme);
    }
}

/// The pretrained pair, then a sweep of small students and one that never saw a 3.
#[test]
#[ignore = "writes files"]
fn distillation() {
    let folder = folder().join("distill");
    let mut harness = open(TrainConfig::default());
    perform(&mut harness, Action::Open(Lab::Distill));
    let is_done = |app: &App| app.session.experiment().is_some_and(|experiment| experiment.results.is_some());
    wait(&mut harness, "the pretrained pair", is_done);
    let file = |pane: P| format!("{}.png", pane.title().to_lowercase().replace(' ', "-"));
    let take_panes = |harness: &mut Harness<'static, App>, panes: &[P]| {
        for &pane in panes {
            reveal(harness, pane);
            // What is worked out when a pane is first seen.
            std::thread::sleep(std::time::Duration::from_millis(1500));
            take(harness, &folder.join(file(pane)));
        }
    };
    take_panes(&mut harness, &[P::Microscope, P::Temperature, P::Gradient]);
    take_panes(&mut harness, &[P::DarkKnowledge, P::Similarity, P::Bookkeeping]);
    perform(&mut harness, Action::SwitchTheme);
    reveal(&mut harness, P::Microscope);
    take(&mut harness, &folder.join("microscope-light.png"));
    perform(&mut harness, Action::SwitchTheme);
    harness.set_size(LARGE);
    perform(&mut harness, Action::Arrange(distill::Arrangement::Everything.into()));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    take(&mut harness, &folder.join("everything.png"));
    harness.set_size(SMALL);
    perform(&mut harness, Action::Arrange(distill::Arrangement::Default.into()));
    let mut config = DistillConfig { temperature: 20.0, corrected_classes: vec![3], ..DistillConfig::default() };
    config.sweep.temperatures = vec![1.0, 4.0, 20.0];
    config.sweep.networks = vec!["mlp-30".to_owned(), "mlp-100".to_owned()];
    config.student.epochs = 4;
    config.student.data.train = Amount::Count(3_000);
    config.student.data.classes = ClassFilter::Except(vec![3]);
    let settings = harness.state().book.current().clone();
    let config = ExperimentConfig::Distillation(Box::new(config));
    harness.state_mut().session.start_experiment(config, &settings, true);
    wait(&mut harness, "the students", is_done);
    take_panes(&mut harness, &[P::Experiment, P::Members, P::Curves, P::Sweep, P::Report, P::Images, P::Omitted]);
}

/// The window with nothing in it yet: every pane says how to fill it.
#[test]
#[ignore = "writes files"]
fn empty_panes() {
    let folder = folder();
    let mut harness = open(TrainConfig::default());
    take_every_pane(&mut harness, &folder.join("empty"));
}
