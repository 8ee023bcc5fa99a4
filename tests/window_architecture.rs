//! The architecture editor in the window: layers come, go, grow and are mended; the run learns what was edited.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use glassbox::nets::{LayerKind, preset};
use glassbox::ui::App;
use glassbox::ui::app::{Action, Selection};
use glassbox::ui::labs::train::{Arrangement, Pane};
use window::{click, current, long, open, press, reveal, wait};

/// The editor alone, with room for all rows.
fn editor() -> Harness<'static, App> {
    let mut harness = open(long());
    harness.set_size(egui::vec2(1280.0, 1600.0));
    reveal(&mut harness, Pane::Architecture);
    click(&mut harness, "Maximise pane: Architecture");
    harness
}

fn layers(app: &App) -> Vec<String> {
    let architecture = app.book.current().config.resolve_network().unwrap();
    architecture.layers.iter().map(|layer| layer.name.clone()).collect()
}

fn set(harness: &mut Harness<'_, App>, name: &str, value: f64) {
    harness.get_by_label(name).set_value_accesskit(value);
    harness.run_steps(3);
}

#[test]
fn layers_are_added_resized_moved_and_removed_and_every_edit_is_undone() {
    let mut harness = editor();
    let before = layers(harness.state());
    assert_eq!(before, ["flatten", "fc1", "relu1", "fc2", "relu2", "fc3"]);
    click(&mut harness, "Block fc1");
    assert_eq!(harness.state().session.selection, Selection::Layer("fc1".to_owned()));
    click(&mut harness, "Add layer");
    click(&mut harness, "dropout");
    assert_eq!(layers(harness.state())[2], "drop1", "it comes after the selected layer");
    set(&mut harness, "Units of fc1", 64.0);
    let config = &harness.state().book.current().config;
    assert_eq!(config.network_name(), "mlp-30-edited");
    let fc1 = &config.architecture.as_ref().unwrap().layers[1].kind;
    assert!(matches!(fc1, LayerKind::Linear(linear) if linear.units == 64));
    click(&mut harness, "Move drop1 down");
    assert_eq!(layers(harness.state())[3], "drop1");
    click(&mut harness, "Remove relu2");
    assert_eq!(layers(harness.state()).len(), 6);
    harness.check_accessibility();
    for _ in 0..4 {
        press(&mut harness, Modifiers::COMMAND, Key::Z);
    }
    assert_eq!(layers(harness.state()), before);
    assert!(harness.state().book.current().config.architecture.is_none(), "and the preset is a preset again");
    assert_eq!(preset("mlp-30").unwrap().layers.len(), 6, "presets stay untouched");
}

#[test]
fn an_impossible_layer_is_explained_and_mended() {
    let mut harness = editor();
    set(&mut harness, "Units of fc3", 7.0);
    let draft = harness.state().book.current().draft.clone();
    assert!(draft.is_some() && harness.state().book.current().config.architecture.is_none());
    assert!(harness.query_by_label_contains("7 outputs, but the data has 10 classes").is_some());
    click(&mut harness, "Use 10 units: Output");
    assert!(harness.state().book.current().draft.is_none());
    set(&mut harness, "Units of fc1", 0.0);
    assert!(harness.state().book.current().draft.is_some());
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert!(harness.state().book.current().draft.is_none(), "undo takes the impossible edit back");
    harness.check_accessibility();
}

#[test]
fn the_run_learns_the_edited_network_and_a_file_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let mut harness = editor();
    click(&mut harness, "Block relu1");
    click(&mut harness, "Add layer");
    click(&mut harness, "linear");
    let edited = layers(harness.state());
    click(&mut harness, "Save network file");
    harness.get_by_label("Network path").set_text_value_accesskit(path.to_str().unwrap());
    harness.run_steps(2);
    click(&mut harness, "Save network at this path");
    assert!(path.is_file());
    assert_eq!(harness.state().book.current().config.network, path.to_str().unwrap());
    assert_eq!(layers(harness.state()), edited);

    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "three steps", |app| current(app).step >= 3);
    let started = current(harness.state()).started.clone().unwrap();
    let learned: Vec<&str> = started.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(learned, edited);
    let ctx = harness.ctx.clone();
    harness.state_mut().perform(&ctx, Action::Arrange(Arrangement::Default.into()));
    harness.run_steps(2);
    reveal(&mut harness, Pane::Architecture);
    click(&mut harness, "Maximise pane: Architecture");
    set(&mut harness, "Units of fc1", 40.0);
    assert!(harness.query_by_label_contains("goes on with its own network").is_some());
    press(&mut harness, Modifiers::NONE, Key::Space);
}
