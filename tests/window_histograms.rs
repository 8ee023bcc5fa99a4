//! The pane of histograms, driven by accessible names, with an engine that trains.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable};
use glassbox::data::Amount;
use glassbox::engine::Phase;
use glassbox::experiments::TrainConfig;
use glassbox::ui::App;
use glassbox::ui::app::Selection;
use std::time::{Duration, Instant};
use window::{click, current, wait};

const DEADLINE: Duration = Duration::from_mins(1);

/// Many epochs, so that the run is still on when the test looks.
fn config(every: u64) -> TrainConfig {
    let mut config = TrainConfig { network: "mlp-30".to_owned(), epochs: 10_000, ..TrainConfig::default() };
    config.data.train = Amount::Count(600);
    config.data.validation = Amount::Count(200);
    config.monitor.histograms_every = every;
    config
}

fn open(config: TrainConfig) -> Harness<'static, App> {
    let mut harness = window::open(config);
    click(&mut harness, "Histograms");
    harness
}

fn press(harness: &mut Harness<'_, App>, key: Key) {
    harness.key_press_modifiers(Modifiers::NONE, key);
    harness.run_steps(2);
}

fn looks(app: &App) -> usize {
    app.session.current().map_or(0, |run| run.histograms.looks().len())
}

/// Trains until there are so many looks, and pauses.
fn train(harness: &mut Harness<'_, App>, count: usize) {
    press(harness, Key::Space);
    wait(harness, "histograms", |app| looks(app) >= count);
    press(harness, Key::Space);
    wait(harness, "a pause", |app| current(app).phase == Phase::Paused);
    // What the last steps reported is taken up with the next frames.
    harness.run_steps(3);
}

fn picture(quantity: &str, layer: &str, app: &App) -> String {
    format!("{quantity} of layer {layer}, {} steps", looks(app))
}

#[test]
fn all_layers_are_shown_and_one_is_chosen() {
    let mut harness = open(config(2));
    train(&mut harness, 4);
    // The third lies below, out of sight.
    for layer in ["fc1", "fc2"] {
        let name = picture("weights", layer, harness.state());
        assert!(harness.query_by_label(&name).is_some(), "no {name}");
    }
    click(&mut harness, "Histograms of gradients");
    let name = picture("gradients", "fc2", harness.state());
    assert!(harness.query_by_label(&name).is_some(), "no {name}");
    click(&mut harness, "Histograms of layer fc2");
    assert_eq!(harness.state().session.selection, Selection::Layer("fc2".to_owned()));
    assert!(harness.query_by_label(&name).is_some());
    assert!(harness.query_by_label(&picture("gradients", "fc1", harness.state())).is_none());
    click(&mut harness, "Histograms of layer fc2");
    assert!(harness.query_by_label(&picture("gradients", "fc1", harness.state())).is_some());
    harness.check_accessibility();
}

#[test]
fn it_follows_the_selected_layer_and_says_what_a_layer_lacks() {
    let mut harness = open(config(2));
    train(&mut harness, 2);
    click(&mut harness, "Layer relu1");
    assert!(harness.query_by_label("Show activations").is_some(), "a rectifier has no weights");
    harness.check_accessibility();
    click(&mut harness, "Show activations");
    let name = picture("activations", "relu1", harness.state());
    assert!(harness.query_by_label(&name).is_some(), "no {name}");
    click(&mut harness, "Histogram layer");
    harness.get_by_label("all layers").click();
    harness.run_steps(3);
    assert!(harness.query_by_label(&picture("activations", "flatten", harness.state())).is_some());
}

#[test]
fn every_style_and_scale_draws_in_both_themes() {
    let mut harness = open(config(2));
    train(&mut harness, 5);
    for _ in 0..2 {
        for name in ["Histograms of activations", "Histograms of gradients", "Histograms of weights"] {
            click(&mut harness, name);
            for name in ["Histograms as ridges", "Logarithmic values", "Logarithmic shares", "Histograms as heat map"] {
                click(&mut harness, name);
            }
            harness.check_accessibility();
        }
        click(&mut harness, "Scope of scaling");
        harness.get_by_label("scaled over all layers").click();
        click(&mut harness, "Switch theme");
    }
}

#[test]
fn the_pointer_reads_a_bin() {
    let mut harness = open(config(2));
    train(&mut harness, 3);
    for style in ["Histograms as heat map", "Histograms as ridges"] {
        click(&mut harness, style);
        let name = picture("weights", "fc1", harness.state());
        let place = harness.get_by_label(&name).rect();
        harness.hover_at(place.center());
        harness.run_steps(3);
        // A tooltip waits until the pointer rests.
        let began = Instant::now();
        while harness.query_by_label_contains("about ").is_none() {
            assert!(began.elapsed() < DEADLINE, "no tooltip in {style}");
            harness.step();
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(harness.query_by_label_contains("of 23,520 values").is_some());
        harness.hover_at(egui::pos2(5.0, 790.0));
        harness.run_steps(3);
    }
}

#[test]
fn they_are_off_and_on_again_and_the_cost_is_said() {
    let mut harness = open(config(0));
    assert!(harness.query_by_label_contains("are off").is_some());
    harness.check_accessibility();
    press(&mut harness, Key::Space);
    wait(&mut harness, "steps", |app| app.session.current().is_some_and(|run| run.step > 5));
    assert_eq!(looks(harness.state()), 0);
    click(&mut harness, "Turn histograms on");
    assert_eq!(harness.state().book.current().config.monitor.histograms_every, 100);
    wait(&mut harness, "the change", |app| current(app).config.monitor.histograms_every == 100);
    wait(&mut harness, "histograms", |app| looks(app) > 0 && current(app).histogram_cost.share().is_some());
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("% of training time").is_some());
    harness.get_by_label("Interval of histograms").set_value_accesskit(7.0);
    harness.run_steps(3);
    wait(&mut harness, "the new interval", |app| current(app).config.monitor.histograms_every == 7);
    press(&mut harness, Key::Space);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(2);
    assert_eq!(harness.state().book.current().config.monitor.histograms_every, 100, "undo takes it back");
}

#[test]
fn the_empty_pane_trains() {
    let mut harness = open(config(1));
    let text = harness.get_by_label_contains("activations of each layer appear here").rect();
    // Other empty panes offer the same: this is the one below the text.
    let name = format!("{} Train", glassbox::ui::theme::icon::PLAY);
    let is_below = |button: egui::Rect| button.top() > text.bottom() && text.x_range().contains(button.center().x);
    let button = harness.query_all_by_label(&name).find(|node| is_below(node.rect()));
    button.expect("the pane offers to train").click();
    harness.run_steps(2);
    wait(&mut harness, "histograms", |app| looks(app) > 0);
}
