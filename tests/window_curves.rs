//! Plots in the window: quantities, layers, the crosshair and its table, how a plot is fitted.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use glassbox::ui::App;
use glassbox::ui::app::Selection;
use glassbox::ui::labs::train::Pane;
use window::{click, current, long, open, press, reveal, train_a_little, wait};

fn choose(harness: &mut Harness<'_, App>, list: &str, option: &str) {
    click(harness, list);
    // A setting may have the same name; the list is drawn last.
    harness.query_all_by_label(option).last().unwrap().click();
    harness.run_steps(2);
}

fn has_curve(app: &App, series: &str) -> bool {
    app.session.current().is_some_and(|run| app.session.store.curve(run.id, series).is_some())
}

#[test]
fn every_quantity_of_a_run_has_a_curve() {
    let mut config = long();
    config.monitor.health_every = 2;
    let mut harness = open(config);
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "the first validation", |app| has_curve(app, "validation/errors"));
    wait(&mut harness, "a point of the throughput", |app| has_curve(app, "throughput"));
    press(&mut harness, Modifiers::NONE, Key::Space);
    reveal(&mut harness, Pane::Quantity);
    for option in ["Learning rate", "Throughput", "Gradient norm", "Calibration error", "Error count"] {
        choose(&mut harness, "Quantity shown", option);
        assert!(harness.query_by_label(&format!("{option} plot")).is_some(), "no plot of {option}");
    }
    let run = current(harness.state());
    let (store, id) = (&harness.state().session.store, run.id);
    for series in ["learning_rate", "gradient_norm", "validation/calibration_error"] {
        assert!(store.curve(id, series).is_some(), "no {series}");
    }
    let pace = store.curve(id, "throughput").unwrap().last().unwrap();
    assert!(pace > 1.0, "{pace} images a second");
}

#[test]
fn layers_are_compared_and_the_selected_one_comes_forward() {
    let mut config = long();
    config.monitor.health_every = 1;
    let mut harness = open(config);
    train_a_little(&mut harness);
    reveal(&mut harness, Pane::LayerCurves);
    for option in ["Weight norm", "Update ratio", "Dead units", "Gradient norm"] {
        choose(&mut harness, "Layer figure shown", option);
        assert!(harness.query_by_label(&format!("{option} plot")).is_some(), "no plot of {option}");
    }
    click(&mut harness, "Layer fc1");
    assert_eq!(harness.state().session.selection, Selection::Layer("fc1".to_owned()));
    harness.check_accessibility();
}

#[test]
fn a_click_holds_the_crosshair_and_the_table_reads_it() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    reveal(&mut harness, Pane::Values);
    assert!(harness.query_by_label_contains("newest values").is_some());
    let plot = harness.get_by_label("Loss plot").rect();
    harness.get_by_label("Loss plot").click();
    harness.run_steps(2);
    harness.hover_at(egui::pos2(plot.center().x, 2.0));
    harness.run_steps(2);
    assert!(harness.query_by_label_contains("a click on a plot holds the crosshair").is_some(), "it is held");
    let name = current(harness.state()).name.clone();
    click(&mut harness, &format!("Select {name}"));
    assert_eq!(harness.state().session.selection, Selection::Run(current(harness.state()).id));
}

#[test]
fn a_plot_follows_the_last_steps() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    click(&mut harness, "Loss fitting");
    click(&mut harness, "Ignore outliers");
    click(&mut harness, "Follow the last steps");
    assert!(harness.query_by_label("Loss steps shown").is_some());
    harness.check_accessibility();
}
