//! The learning-rate finder, hints, faults and live changes in the window, by accessible names.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable};
use glassbox::data::Amount;
use glassbox::engine::Phase;
use glassbox::experiments::{Config, RangeTestEnd, TrainConfig};
use glassbox::train::HintKind;
use glassbox::ui::App;
use glassbox::ui::app::Selection;
use window::{click, current, open, wait};

/// Many epochs, so that the run is still on when the test looks.
fn long() -> TrainConfig {
    let mut config = TrainConfig { network: "mlp-30".to_owned(), epochs: 10_000, ..TrainConfig::default() };
    config.data.train = Amount::Count(600);
    config.data.validation = Amount::Count(200);
    config
}

fn with(settings: &[(&str, &str)]) -> TrainConfig {
    settings.iter().fold(long(), |config, (key, value)| config.with(key, value).unwrap())
}

fn press(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press_modifiers(Modifiers::NONE, key);
    harness.run_steps(2);
}

fn has_range_test(app: &App) -> bool {
    app.session
        .current()
        .and_then(|run| run.rate_test.as_ref())
        .is_some_and(|test| test.result.end.is_some() && test.result.end != Some(RangeTestEnd::Cancelled))
}

fn rate(app: &App) -> f64 {
    app.book.current().config.optimiser.learning_rate
}

#[test]
fn a_rate_is_found_before_any_run_and_taken_as_one_change() {
    let mut harness = open(long());
    click(&mut harness, "Rate finder");
    harness.get_by_label("Rate steps").set_value_accesskit(40.0);
    harness.get_by_label("Rate from").set_value_accesskit(1e-5);
    harness.run_steps(2);
    click(&mut harness, "Find a rate");
    wait(&mut harness, "the range test", has_range_test);
    assert_eq!(current(harness.state()).step, 0, "the run itself was not touched");
    harness.run_steps(2);
    harness.check_accessibility();
    let suggested = current(harness.state()).rate_test.as_ref().unwrap().result.steepest().expect("the loss fell");
    harness.query_all_by_label_contains("Use ").next().expect("a suggestion").click();
    harness.run_steps(2);
    let taken = rate(harness.state());
    assert!((taken / suggested - 1.0).abs() < 0.06, "{taken} for {suggested}");
    wait(&mut harness, "the change of the run", |app| current(app).changes.len() == 1);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(2);
    assert_eq!(rate(harness.state()), 0.001);
    let middle = harness.get_by_label("Range test plot").rect().center();
    for pressed in [true, false] {
        let button = egui::PointerButton::Primary;
        harness.hover_at(middle);
        harness.event(egui::Event::PointerButton { pos: middle, button, pressed, modifiers: Modifiers::NONE });
        harness.run_steps(2);
    }
    // The middle of 1e-5 to 1 on a logarithmic axis.
    let clicked = rate(harness.state());
    assert!((2e-3..5e-3).contains(&clicked), "{clicked}");
}

#[test]
fn a_range_test_makes_the_run_wait_and_can_be_cancelled() {
    let mut harness = open(long());
    press(&mut harness, Key::Space);
    wait(&mut harness, "training", |app| app.session.current().is_some_and(|run| run.step > 3));
    click(&mut harness, "Rate finder");
    harness.get_by_label("Rate steps").set_value_accesskit(2000.0);
    harness.run_steps(2);
    click(&mut harness, "Find a rate");
    wait(&mut harness, "its beginning", |app| {
        current(app).rate_test.as_ref().is_some_and(|test| test.result.points.len() > 3)
    });
    let step = current(harness.state()).step;
    harness.run_steps(3);
    click(&mut harness, "Cancel the range test");
    wait(&mut harness, "its end", |app| {
        current(app).rate_test.as_ref().is_some_and(|test| test.result.end == Some(RangeTestEnd::Cancelled))
    });
    wait(&mut harness, "the run to go on", |app| current(app).step > step && current(app).phase == Phase::Running);
}

#[test]
fn batch_size_and_dropout_change_live() {
    let mut harness = open(long());
    press(&mut harness, Key::Period);
    wait(&mut harness, "a step", |app| app.session.current().is_some_and(|run| run.step == 1));
    harness.get_by_label("Batch size").set_value_accesskit(64.0);
    harness.run_steps(3);
    wait(&mut harness, "the change", |app| current(app).changes.len() == 1);
    assert_eq!(current(harness.state()).changes[0].describe(), "batch_size 128 \u{2192} 64");
    assert_eq!(current(harness.state()).config.batch_size, 64);
    harness.get_by_label("Patience").set_value_accesskit(3.0);
    harness.run_steps(3);
    wait(&mut harness, "the condition", |app| current(app).config.stop.patience_epochs == 3);
    let dropout = harness.get_by_label("Dropout");
    dropout.focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(2);
    harness.get_by_label("Dropout").type_text("0.5");
    harness.run_steps(2);
    press(&mut harness, Key::Enter);
    wait(&mut harness, "the change", |app| current(app).changes.len() == 3);
    assert_eq!(current(harness.state()).changes[2].describe(), "dropout architecture \u{2192} 0.5");
    wait(&mut harness, "the note", |app| {
        app.session.log.notices().iter().any(|notice| notice.text.contains("no dropout layer"))
    });
}

#[test]
fn a_condition_pauses_and_says_so() {
    let mut harness = open(with(&[("stop.patience_epochs", "1"), ("optimiser.learning_rate", "0")]));
    press(&mut harness, Key::Space);
    wait(&mut harness, "the pause", |app| {
        app.session.current().is_some_and(|run| run.phase == Phase::Paused && run.step == 10)
    });
    wait(&mut harness, "the notice", |app| {
        app.session.log.notices().iter().any(|notice| notice.text.contains("after epoch 2"))
    });
}

#[test]
fn a_fault_is_shown_and_the_run_goes_back_with_half_the_rate() {
    let mut harness = open(with(&[("optimiser.kind", "sgd"), ("schedule.kind", "constant")]));
    press(&mut harness, Key::Period);
    wait(&mut harness, "a step", |app| app.session.current().is_some_and(|run| run.step == 1));
    harness.state_mut().book.edit_text("optimiser.learning_rate", 0.0, "1e30").unwrap();
    harness.run_steps(3);
    press(&mut harness, Key::Space);
    wait(&mut harness, "the fault", |app| current(app).fault.is_some());
    let fault = current(harness.state()).fault.clone().unwrap().fault.clone();
    harness.run_steps(2);
    click(&mut harness, "Hints (1)");
    assert!(harness.query_all_by_label_contains("first at fault").next().is_some());
    harness.check_accessibility();
    click(&mut harness, "Select the layer");
    assert_eq!(harness.state().session.selection, Selection::Layer(fault.layer));
    harness.state_mut().book.edit_text("optimiser.learning_rate", 9.0, "0.2").unwrap();
    harness.run_steps(3);
    click(&mut harness, "Go back and halve the learning rate");
    assert!((rate(harness.state()) - 0.1).abs() < 1e-12);
    wait(&mut harness, "going on", |app| current(app).fault.is_none() && current(app).step > 5);
    assert_eq!(current(harness.state()).config.optimiser.learning_rate, 0.1);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(2);
    assert_eq!(rate(harness.state()), 0.2);
}

#[test]
fn hints_are_counted_on_the_tab_and_lead_to_the_layer() {
    let settings = [("optimiser.learning_rate", "0.3"), ("monitor.health_every", "1")];
    let mut harness = open(with(&settings));
    click(&mut harness, "Hints");
    press(&mut harness, Key::Space);
    wait(&mut harness, "dead units", |app| {
        app.session.current().is_some_and(|run| run.hints.iter().any(|hint| hint.kind == HintKind::DeadLayer))
    });
    press(&mut harness, Key::Space);
    wait(&mut harness, "a pause", |app| current(app).phase == Phase::Paused);
    assert!(harness.state().session.log.notices().is_empty(), "hints are quiet");
    assert!(harness.state().session.log.entries().iter().any(|entry| entry.text.contains("Dead units in layer")));
    assert!(harness.query_all_by_label_contains("Hints (").next().is_some());
    harness.check_accessibility();
    harness.query_all_by_label_contains("Show dead units in").next().expect("a button").click();
    harness.run_steps(2);
    assert!(matches!(&harness.state().session.selection, Selection::Layer(name) if name.starts_with("relu")));
}

#[test]
fn empty_panes_say_what_fills_them() {
    let mut harness = open(with(&[("monitor.health_every", "0")]));
    click(&mut harness, "Hints");
    harness.check_accessibility();
    press(&mut harness, Key::Period);
    wait(&mut harness, "a step", |app| app.session.current().is_some_and(|run| run.step == 1));
    click(&mut harness, "Look every 25 steps");
    assert_eq!(harness.state().book.current().config.monitor.health_every, 25);
    assert!(harness.query_all_by_label_contains("No sign of trouble").next().is_some());
}
