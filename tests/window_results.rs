//! Right and wrong answers in the window: the matrix, classes, calibration, mistakes, and an evaluation on demand.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use glassbox::engine::{ImageSource, Phase};
use glassbox::train::{Evaluation, Outcome};
use glassbox::ui::App;
use glassbox::ui::app::Selection;
use glassbox::ui::labs::train::Pane;
use std::sync::Arc;
use window::{click, current, long, open, press, reveal, tiny, train_a_little, wait};

fn finished() -> Harness<'static, App> {
    let mut harness = open(tiny());
    press(&mut harness, Modifiers::NONE, Key::Space);
    wait(&mut harness, "the end", |app| current(app).phase == Phase::Finished && current(app).summary.is_some());
    harness
}

fn test_of(app: &App) -> Arc<Evaluation> {
    current(app).test.clone().unwrap()
}

/// The tiles in sight: position, and the words of screen readers.
fn tiles(harness: &Harness<'_, App>) -> Vec<(usize, String)> {
    let labels = harness.query_all_by_label_contains("test image ");
    let labels = labels.filter_map(|node| node.accesskit_node().label());
    let position = |label: &str| label.strip_prefix("test image ")?.split(':').next()?.parse().ok();
    labels.filter_map(|label| Some((position(&label)?, label))).collect()
}

#[test]
fn mistakes_are_sorted_filtered_by_a_cell_and_inspected() {
    let mut harness = finished();
    let evaluation = test_of(harness.state());
    reveal(&mut harness, Pane::Mistakes);
    let shown: Vec<Outcome> = tiles(&harness).iter().map(|(position, _)| evaluation.outcomes[*position]).collect();
    assert!(shown.len() > 10 && shown.len() < 400, "{} tiles of {} mistakes", shown.len(), evaluation.errors);
    assert!(shown.iter().all(|outcome| !outcome.is_right()));
    assert!(shown.is_sorted_by(|a, b| a.confidence >= b.confidence), "the surest come first");

    // The largest error of the matrix: click on its cell.
    let cells = evaluation.confusion.iter().enumerate();
    let errors = cells.flat_map(|(truth, row)| row.iter().enumerate().map(move |(said, count)| (*count, truth, said)));
    let (count, truth, predicted) = errors.filter(|(_, truth, said)| truth != said).max().unwrap();
    reveal(&mut harness, Pane::Results);
    let matrix = harness.query_all_by_label_contains("Confusion matrix").next().unwrap().rect();
    let cell = (matrix.height() - 36.0) / 10.0;
    let place = matrix.min + vec2(36.0 + (predicted as f32 + 0.5) * cell, 36.0 + (truth as f32 + 0.5) * cell);
    harness.hover_at(place);
    harness.step();
    harness.drag_at(place);
    harness.step();
    harness.drop_at(place);
    harness.run_steps(3);
    let shown = tiles(&harness);
    assert!(!shown.is_empty() && shown.len() <= count as usize, "{} tiles of {count}", shown.len());
    for (position, label) in &shown {
        let outcome = evaluation.outcomes[*position];
        assert_eq!((usize::from(outcome.label), usize::from(outcome.predicted)), (truth, predicted), "{label}");
    }

    click(&mut harness, &shown[0].1);
    assert_eq!(harness.state().session.selection, Selection::Image(ImageSource::Test(shown[0].0)));
    wait(&mut harness, "its activations", |app| {
        app.session.inspection.as_ref().is_some_and(|looked| looked.inspection.source == ImageSource::Test(shown[0].0))
    });
    for word in ["predicted ", "loss ", "nats at step"] {
        assert!(harness.query_all_by_label_contains(word).next().is_some(), "no {word}");
    }
    let selected = |harness: &Harness<'_, App>| harness.state().session.selection.clone();
    let image = |place: usize| Selection::Image(ImageSource::Test(shown[place].0));
    press(&mut harness, Modifiers::NONE, Key::ArrowRight);
    assert_eq!(selected(&harness), image(1), "arrow keys move in the order of the list");
    click(&mut harness, "Next image");
    assert_eq!(selected(&harness), image(2), "so does the inspector");
    click(&mut harness, "Previous image");
    assert_eq!(selected(&harness), image(1));
    click(&mut harness, "Show all mistakes");
    harness.run_steps(2);
    assert!(tiles(&harness).iter().any(|tile| !shown.contains(tile)), "others come back");
    harness.check_accessibility();
}

#[test]
fn classes_are_sorted_and_open_their_mistakes() {
    let mut harness = finished();
    let evaluation = test_of(harness.state());
    reveal(&mut harness, Pane::Results);
    click(&mut harness, "Maximise pane: Results");
    for name in ["Confusion by row", "Confusion counts", "Sort by recall", "Sort by recall"] {
        click(&mut harness, name);
    }
    click(&mut harness, "Mistakes of class 5");
    harness.run_steps(3);
    let shown = tiles(&harness);
    assert!(!shown.is_empty());
    assert!(shown.iter().all(|(position, _)| evaluation.outcomes[*position].label == 5));
    reveal(&mut harness, Pane::Calibration);
    assert!(harness.query_by_label("Calibration diagram").is_some());
    let gap = evaluation.mean_confidence() - evaluation.accuracy;
    let verdict = if gap >= 0.0 { "over-confident" } else { "under-confident" };
    assert!(harness.query_by_label_contains(verdict).is_some(), "the gap is {gap}");
    harness.check_accessibility();
}

#[test]
fn a_paused_run_is_evaluated_on_demand_and_stays_paused() {
    let mut harness = open(long());
    train_a_little(&mut harness);
    reveal(&mut harness, Pane::Results);
    let step = current(harness.state()).step;
    let is_looked_at = move |app: &App| current(app).validation.as_ref().is_some_and(|found| found.step == step);
    if !is_looked_at(harness.state()) {
        click(&mut harness, "Evaluate now, results");
    }
    wait(&mut harness, "the evaluation", is_looked_at);
    assert_eq!((current(harness.state()).step, &current(harness.state()).phase), (step, &Phase::Paused));
    assert_eq!(current(harness.state()).validation.as_ref().unwrap().examples, 200);
}

/// Five thousand mistakes: only what is in sight is drawn.
#[test]
fn thousands_of_mistakes_scroll() {
    let mut harness = finished();
    reveal(&mut harness, Pane::Mistakes);
    // The last words of the engine would bring the true evaluation back: that no sample is in sight any more.
    for _ in 0..20 {
        harness.step();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let mut evaluation = (*test_of(harness.state())).clone();
    for (index, outcome) in evaluation.outcomes.iter_mut().enumerate() {
        outcome.predicted = if index % 2 == 0 { (outcome.label + 1) % 10 } else { outcome.label };
    }
    let id = current(harness.state()).id;
    let run = harness.state_mut().session.runs.iter_mut().find(|run| run.id == id).unwrap();
    run.test = Some(Arc::new(evaluation));
    click(&mut harness, "Maximise pane: Mistakes");
    assert!(harness.query_by_label_contains("5,000 of 10,000 images").is_some());
    let first = tiles(&harness);
    assert!(first.len() < 300, "{} tiles are drawn", first.len());
    let middle = harness.get_by_label(&first[first.len() / 2].1).rect().center();
    harness.hover_at(middle);
    for _ in 0..20 {
        let (unit, source) = (egui::MouseWheelUnit::Point, egui::MouseWheelSource::Wheel);
        let (delta, phase, modifiers) = (vec2(0.0, -400.0), egui::TouchPhase::Move, Modifiers::NONE);
        harness.event(egui::Event::MouseWheel { unit, delta, phase, source, modifiers });
        harness.run_steps(3);
    }
    let textures = harness.ctx.tex_manager().read().num_allocated();
    assert!(textures < 60, "{textures} textures after looking at many pages");
    let later = tiles(&harness);
    assert!(!later.is_empty() && later.len() < 300);
    assert!(!later.iter().any(|tile| first.contains(tile)), "it has scrolled");
}

/// From the first to far below the last row in sight, by keys alone.
#[test]
fn a_tile_that_is_moved_to_comes_into_sight() {
    let mut harness = finished();
    reveal(&mut harness, Pane::Mistakes);
    let first = tiles(&harness);
    harness.get_by_label(&first[0].1).focus();
    harness.run_steps(2);
    for _ in 0..30 {
        press(&mut harness, Modifiers::NONE, Key::ArrowDown);
    }
    let Selection::Image(ImageSource::Test(position)) = harness.state().session.selection else {
        panic!("no test image is selected")
    };
    let shown = tiles(&harness);
    let label = shown.iter().find(|tile| tile.0 == position).expect("the tile is drawn").1.clone();
    assert!(!first.iter().any(|tile| tile.0 == position), "it was out of sight");
    assert!(harness.get_by_label(&label).accesskit_node().is_focused(), "the focus went along");
}
