//! The window, driven by accessible names, with an engine that trains.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::kittest::{NodeT, Queryable};
use glassbox::engine::{ImageSource, Phase};
use glassbox::ui::App;
use glassbox::ui::app::{Level, Selection};
use std::time::Duration;
use window::{click, current, long, open, press, tiny, train_a_little, wait};

fn first_loss(app: &App, run: usize) -> Option<f64> {
    let run = app.session.runs.get(run)?;
    app.session.store.curve(run.id, "train/loss")?.values().first().copied()
}

#[test]
fn it_opens_with_every_pane_and_the_other_labs_closed() {
    let harness = open(tiny());
    for name in ["Train", "Experiment", "Loss", "Accuracy", "Samples", "Layers", "Results", "Runs", "Inspector"] {
        assert!(harness.query_all_by_label(name).next().is_some(), "no {name}");
    }
    for lab in ["Transfer", "Represent", "Decouple"] {
        assert!(harness.get_by_label(lab).accesskit_node().is_disabled(), "{lab} can be clicked");
    }
    harness.check_accessibility();
}

#[test]
fn space_trains_and_pauses_and_a_run_ends_with_test_errors() {
    let mut harness = open(tiny());
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "points of the loss", |app| first_loss(app, 0).is_some());
    wait(&mut harness, "the end", |app| current(app).phase == Phase::Finished && current(app).summary.is_some());
    let run = current(harness.state());
    let errors = run.test_errors().expect("the test images were looked at");
    assert!(errors > 0 && errors < 9_500, "{errors} errors");
    assert!(run.best_validation_accuracy.is_some());
    harness.check_accessibility();
    press(&mut harness, Modifiers::NONE, Key::Space);
    assert_eq!(harness.state().session.runs.len(), 2, "Space begins another run after the last one ended");
}

#[test]
fn a_step_is_one_step() {
    let mut harness = open(long());
    press(&mut harness, Modifiers::NONE, Key::Period);
    wait(&mut harness, "the first step", |app| app.session.current().is_some_and(|run| run.step == 1));
    wait(&mut harness, "a pause", |app| current(app).phase == Phase::Paused);
    click(&mut harness, "Step");
    wait(&mut harness, "the second step", |app| current(app).step == 2 && current(app).phase == Phase::Paused);
    press(&mut harness, Modifiers::SHIFT, Key::Period);
    let steps = harness.state().session.current().and_then(|run| run.started.clone()).unwrap().steps_per_epoch;
    wait(&mut harness, "the epoch", |app| current(app).step == steps && current(app).phase == Phase::Paused);
    assert!(current(harness.state()).validation.is_some(), "an epoch ends with a validation");
}

#[test]
fn pause_takes_effect_within_a_step() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    let step = current(harness.state()).step;
    for _ in 0..10 {
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(current(harness.state()).step, step, "a paused run does not move");
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "going on", |app| current(app).step > step);
}

#[test]
fn the_learning_rate_changes_live_and_undo_brings_it_back() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    harness.get_by_label("Learning rate").set_value_accesskit(0.02);
    harness.run_steps(3);
    wait(&mut harness, "the change", |app| current(app).changes.len() == 1);
    let change = &current(harness.state()).changes[0];
    assert_eq!((change.setting.as_str(), change.after.as_str()), ("optimiser.learning_rate", "0.02"));
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    wait(&mut harness, "the change back", |app| current(app).changes.len() == 2);
    assert_eq!(harness.state().book.current().config.optimiser.learning_rate, 0.001);
    press(&mut harness, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    wait(&mut harness, "the change again", |app| current(app).changes.len() == 3);
    assert_eq!(current(harness.state()).config.optimiser.learning_rate, 0.02);
}

#[test]
fn other_settings_wait_for_a_reset() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    harness.get_by_label("Seed").set_value_accesskit(7.0);
    harness.run_steps(3);
    assert_eq!(harness.state().session.runs.len(), 1);
    assert_eq!(current(harness.state()).config.seed, 1);
    click(&mut harness, "Reset to apply 1");
    wait(&mut harness, "the new run", |app| current(app).started.is_some());
    assert_eq!(current(harness.state()).config.seed, 7);
}

#[test]
fn reset_is_the_same_start_and_reroll_another() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    click(&mut harness, "Reset");
    wait(&mut harness, "the reset", |app| app.session.runs.len() == 2 && current(app).phase == Phase::Paused);
    assert_eq!(current(harness.state()).step, 0);
    click(&mut harness, "Step");
    wait(&mut harness, "its first step", |app| first_loss(app, 1).is_some());
    assert_eq!(first_loss(harness.state(), 0), first_loss(harness.state(), 1));
    click(&mut harness, "Reroll seed");
    wait(&mut harness, "the reroll", |app| app.session.runs.len() == 3 && current(app).phase == Phase::Paused);
    assert_ne!(current(harness.state()).config.seed, 1);
    click(&mut harness, "Step");
    wait(&mut harness, "its first step", |app| first_loss(app, 2).is_some());
    assert_ne!(first_loss(harness.state(), 0), first_loss(harness.state(), 2));
}

#[test]
fn a_sample_opens_in_the_inspector_with_its_activations() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    wait(&mut harness, "probabilities", |app| app.session.sample_probabilities().is_some());
    harness.query_all_by_label_contains("Sample 2:").next().expect("a sample").click();
    harness.run_steps(2);
    assert_eq!(harness.state().session.selection, Selection::Image(ImageSource::Test(2)));
    wait(&mut harness, "activations", |app| app.session.inspection.is_some());
    let looked = harness.state().session.inspection.clone().unwrap();
    assert_eq!(looked.generation, current(harness.state()).step);
    assert_eq!(looked.inspection.probabilities.len(), 10);
    assert!(harness.query_by_label("Activations").is_some());
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(harness.state().session.selection, Selection::Image(ImageSource::Test(3)));
}

#[test]
fn what_cannot_be_done_is_said() {
    let mut harness = open(tiny());
    harness.get_by_label("Network").focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(2);
    harness.get_by_label("Network").type_text("no-such-network.toml");
    harness.run_steps(2);
    press(&mut harness, Modifiers::NONE, Key::Enter);
    let notices = harness.state().session.log.notices();
    assert!(notices.iter().any(|notice| notice.level == Level::Error && notice.text.contains("no-such-network.toml")));
    assert_eq!(harness.state().book.current().config.network, "mlp-30");
    click(&mut harness, "Dismiss notice 1");
    assert!(harness.state().session.log.notices().is_empty());
    assert_eq!(harness.state().session.log.entries().len(), 1, "the log keeps what was dismissed");
    click(&mut harness, "Log");
    harness.check_accessibility();
}

#[test]
fn a_run_that_cannot_begin_is_said_and_the_window_lives_on() {
    let mut config = tiny();
    config.network = "convnet-cifar".to_owned();
    let mut harness = open(config);
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "the refusal", |app| matches!(current(app).phase, Phase::Failed(_)));
    assert!(harness.state().session.log.notices().iter().any(|notice| notice.level == Level::Error));
    assert!(harness.query_by_label("Dismiss notice 1").is_some());
}

#[test]
fn both_themes_have_every_glyph_and_name_every_control() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    press(&mut harness, Modifiers::NONE, Key::F12);
    for _ in 0..2 {
        click(&mut harness, "Switch theme");
        for tab in ["Runs", "Results", "Layers"] {
            click(&mut harness, tab);
        }
        harness.check_accessibility();
    }
}

#[test]
fn a_pane_fills_the_lab_and_goes_back() {
    let mut harness = open(tiny());
    click(&mut harness, "Maximise pane: Loss");
    assert!(harness.query_by_label("Accuracy").is_none());
    click(&mut harness, "Restore pane: Loss");
    assert!(harness.query_by_label("Accuracy").is_some());
}

#[test]
fn runs_are_hidden_selected_and_removed() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    click(&mut harness, "Runs");
    let name = current(harness.state()).name.clone();
    click(&mut harness, &format!("Hide {name}"));
    assert!(!current(harness.state()).visible);
    click(&mut harness, &format!("Show {name}"));
    click(&mut harness, &name);
    assert!(matches!(harness.state().session.selection, Selection::Run(_)));
    click(&mut harness, &format!("Remove {name}"));
    assert!(harness.state().session.runs.is_empty() && harness.state().session.points_held() == 0);
}

/// The window before its first run, in both themes, beside `tests/snapshots`; `UPDATE_SNAPSHOTS=1` renews them. Letters
/// are drawn a little differently by each driver, so some pixels may differ.
#[test]
fn the_untouched_window_looks_as_it_did() {
    if glassbox::engine::devices().len() == 1 {
        eprintln!("no graphics adapter here, so nothing was drawn");
        return;
    }
    let options = egui_kittest::SnapshotOptions::new().threshold(1.0).max_failed_pixels(2_000);
    let mut harness = open(tiny());
    harness.run_steps(4);
    harness.snapshot_options("dark", &options);
    click(&mut harness, "Switch theme");
    harness.hover_at(egui::pos2(5.0, 790.0));
    harness.run_steps(4);
    harness.snapshot_options("light", &options);
}
