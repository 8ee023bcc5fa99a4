//! The drawing pad: drawn with the mouse, classified while it is drawn.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable;
use glassbox::engine::ImageSource;
use glassbox::experiments::TrainConfig;
use glassbox::ui::App;
use glassbox::ui::app::Selection;
use glassbox::ui::labs::train::Pane;
use window::{click, current, long, open, press, reveal, train_a_little, wait};

/// A stroke over the pad, in shares of its side.
fn stroke(harness: &mut Harness<'_, App>, places: &[(f32, f32)]) {
    let pad = harness.get_by_label("Drawing pad").rect();
    let at = |(x, y): (f32, f32)| pad.min + vec2(x, y) * pad.width();
    harness.drag_at(at(places[0]));
    harness.step();
    for &place in &places[1..] {
        harness.hover_at(at(place));
        harness.step();
    }
    harness.drop_at(at(*places.last().unwrap()));
    harness.run_steps(2);
}

fn drawn(app: &App) -> Option<&[u8]> {
    match &app.session.selection {
        Selection::Image(ImageSource::Pixels(pixels)) => Some(pixels),
        _ => None,
    }
}

fn is_classified(app: &App) -> bool {
    let looked = app.session.inspection.as_ref();
    looked.is_some_and(|looked| looked.inspection.source.pixels() == drawn(app) && drawn(app).is_some())
}

#[test]
fn a_drawing_is_classified_inspected_and_undone() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    reveal(&mut harness, Pane::Drawing);
    stroke(&mut harness, &[(0.5, 0.15), (0.5, 0.5), (0.5, 0.85)]);
    wait(&mut harness, "what the network says", is_classified);
    let one = drawn(harness.state()).unwrap().to_vec();
    let rows = one.chunks(28).filter(|row| row.iter().any(|&ink| ink > 0)).count();
    assert_eq!((one.len(), rows), (784, 20), "as large as MNIST's digits");
    assert!(harness.query_by_label_contains("Drawn digit: ").is_some());
    let layers = harness.state().session.inspection.as_ref().unwrap().inspection.activations.len();
    assert_eq!(layers, current(harness.state()).started.as_ref().unwrap().layers.len());

    stroke(&mut harness, &[(0.2, 0.5), (0.8, 0.5)]);
    assert_ne!(drawn(harness.state()).unwrap(), one);
    let before = harness.state().book.revision();
    press(&mut harness, Modifiers::COMMAND, Key::Z);
    assert_eq!(drawn(harness.state()).unwrap(), one, "Ctrl+Z takes the stroke back");
    assert_eq!(harness.state().book.revision(), before, "and leaves the settings alone");
    click(&mut harness, "Clear drawing");
    assert!(drawn(harness.state()).is_none());
    click(&mut harness, "Undo stroke");
    assert_eq!(drawn(harness.state()).unwrap(), one);
    harness.check_accessibility();
}

#[test]
fn a_drawing_goes_to_the_samples_and_is_watched() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    reveal(&mut harness, Pane::Drawing);
    stroke(&mut harness, &[(0.3, 0.2), (0.7, 0.2), (0.4, 0.8)]);
    click(&mut harness, "Send drawing to");
    click(&mut harness, "Send to samples");
    let count = harness.state().session.samples().len();
    wait(&mut harness, "its probabilities", |app| {
        app.session.sample_probabilities().is_some_and(|rows| rows.len() == count + 1 && rows[count].len() == 10)
    });
    assert!(harness.query_by_label_contains(&format!("Sample {count}: drawn")).is_some());
    // In its place the drawing may lie below what is in sight.
    click(&mut harness, "Maximise pane: Samples");
    click(&mut harness, &format!("Remove sample {count}"));
    assert!(harness.query_by_label_contains(&format!("Sample {count}: drawn")).is_none());
    assert!(harness.state().session.drawn.is_empty());
}

#[test]
fn without_a_network_the_pad_says_how_to_get_one() {
    let mut harness = open(TrainConfig { network: "lenet".to_owned(), ..long() });
    reveal(&mut harness, Pane::Drawing);
    stroke(&mut harness, &[(0.5, 0.2), (0.5, 0.8)]);
    assert!(harness.query_by_label_contains("There is no network yet").is_some());
    harness.query_all_by_label_contains("Reset").last().unwrap().click();
    harness.run_steps(2);
    wait(&mut harness, "what the untrained network says", is_classified);
}
