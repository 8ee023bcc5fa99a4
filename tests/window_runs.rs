//! The list of runs and their differences, driven by accessible names.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/window.rs"]
mod window;

use egui::{Key, Modifiers};
use egui_kittest::{
    Harness,
    kittest::{NodeT, Queryable},
};
use glassbox::data::Amount;
use glassbox::engine::{Phase, StoredRun};
use glassbox::experiments::{Config, TrainConfig};
use glassbox::ui::app::{Action, RunRecord, Selection};
use glassbox::ui::labs::train::Pane;
use glassbox::ui::{App, WindowOptions};
use std::fs;
use std::path::{Path, PathBuf};
use window::{click, reveal, wait};

fn tiny() -> TrainConfig {
    let mut config = TrainConfig { network: "mlp-30".to_owned(), epochs: 1, ..TrainConfig::default() };
    config.data.train = Amount::Count(600);
    config.data.validation = Amount::Count(200);
    config
}

fn open_with(options: WindowOptions) -> Harness<'static, App> {
    let options = WindowOptions { device: "cpu".to_owned(), persist: false, ..options };
    let mut harness = Harness::builder().with_size([1280.0, 800.0]).build_eframe(|cc| App::new(cc, options));
    harness.run_steps(2);
    reveal(&mut harness, Pane::Runs);
    harness
}

fn open(config: TrainConfig) -> Harness<'static, App> {
    open_with(WindowOptions { config, ..WindowOptions::default() })
}

fn perform(harness: &mut Harness<'_, App>, action: Action) {
    let ctx = harness.ctx.clone();
    harness.state_mut().perform(&ctx, action);
    harness.run_steps(2);
}

fn type_over(harness: &mut Harness<'_, App>, field: &str, text: &str, end: Key) {
    harness.get_by_label(field).focus();
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.run_steps(2);
    harness.get_by_label(field).type_text(text);
    harness.run_steps(2);
    harness.key_press_modifiers(Modifiers::NONE, end);
    harness.run_steps(3);
}

fn names(app: &App) -> Vec<&str> {
    app.session.runs.iter().map(|run| run.name.as_str()).collect()
}

fn run<'a>(app: &'a App, name: &str) -> &'a RunRecord {
    app.session.runs.iter().find(|run| run.name == name).unwrap()
}

/// A run folder that needs no training.
fn written(folder: &Path, name: &str, settings: &[(&str, &str)], accuracy: f64) -> PathBuf {
    let path = folder.join(name);
    let config = settings.iter().fold(tiny(), |config, (key, value)| config.with(key, value).unwrap());
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("config.toml"), config.to_toml()).unwrap();
    let rows = format!("step,epoch,series,value\n5,1,train/loss,0.5\n5,1,validation/accuracy,{accuracy}\n");
    fs::write(path.join("metrics.csv"), rows).unwrap();
    path
}

/// A window with two runs from disk: `a`, and `b` with another seed and learning rate that was changed on the way.
fn two(folder: &Path) -> Harness<'static, App> {
    written(folder, "a", &[], 0.9);
    let b = written(folder, "b", &[("seed", "7")], 0.95);
    let change = r#"{"event":"changed","step":3,"setting":"optimiser.learning_rate","before":"0.001","after":"0.01"}"#;
    fs::write(b.join("events.jsonl"), format!("{change}\n")).unwrap();
    let mut harness = open_with(WindowOptions { open: vec![folder.to_owned()], ..WindowOptions::default() });
    wait(&mut harness, "two runs", |app| app.session.runs.len() == 2);
    harness
}

#[test]
fn an_empty_list_says_what_fills_it() {
    let harness = open(tiny());
    assert!(harness.query_by_label_contains("Every run is listed here").is_some());
    assert!(harness.query_by_label("Open run").is_some());
    harness.check_accessibility();
}

#[test]
fn a_run_folder_is_opened_by_its_path_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "mine", &[], 0.9);
    let mut harness = open(tiny());
    click(&mut harness, "Open run");
    type_over(&mut harness, "Run path", path.to_str().unwrap(), Key::Enter);
    wait(&mut harness, "the run", |app| app.session.runs.len() == 1);
    let app = harness.state();
    let mine = run(app, "mine");
    assert_eq!((mine.phase.clone(), mine.step, mine.best_validation_accuracy), (Phase::Stopped, 5, Some(0.9)));
    assert_eq!(app.session.store.curve(mine.id, "train/loss").unwrap().values(), [0.5]);
    assert!(app.session.current().is_none(), "the engine has nothing in hand");
    let id = mine.id;
    harness.state_mut().session.selection = Selection::Nothing;
    harness.state_mut().session.open(vec![path]);
    wait(&mut harness, "the run selected", |app| app.session.selection == Selection::Run(id));
    assert_eq!(harness.state().session.runs.len(), 1);
    harness.state_mut().session.open(vec![folder.path().join("nowhere")]);
    wait(&mut harness, "an error", |app| {
        app.session.log.notices().iter().any(|notice| notice.text.contains("nowhere"))
    });
    harness.check_accessibility();
}

#[test]
fn runs_are_renamed_and_names_stay_unique() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = two(folder.path());
    click(&mut harness, "Menu of a");
    click(&mut harness, "Rename");
    type_over(&mut harness, "New name of a", "first try", Key::Enter);
    assert_eq!(names(harness.state()), ["first try", "b"]);
    assert!(folder.path().join("a").is_dir(), "the folder keeps its name");
    click(&mut harness, "first try");
    harness.key_press_modifiers(Modifiers::NONE, Key::F2);
    harness.run_steps(3);
    type_over(&mut harness, "New name of first try", "b", Key::Enter);
    assert_eq!(names(harness.state()), ["first try", "b"]);
    assert!(harness.state().session.log.notices().iter().any(|notice| notice.text.contains("unique")));
    harness.key_press_modifiers(Modifiers::NONE, Key::F2);
    harness.run_steps(3);
    type_over(&mut harness, "New name of first try", "never", Key::Escape);
    assert_eq!(names(harness.state()), ["first try", "b"]);
}

#[test]
fn a_removed_run_comes_back_with_its_curves() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = two(folder.path());
    let points = harness.state().session.points_held();
    let id = run(harness.state(), "a").id;
    click(&mut harness, "Pin a");
    click(&mut harness, "Remove a");
    assert_eq!(names(harness.state()), ["b"]);
    assert_eq!(harness.state().session.points_held(), points / 2);
    assert_eq!(harness.state().session.baseline, None);
    click(&mut harness, "Undo remove");
    assert_eq!(names(harness.state()), ["a", "b"]);
    assert_eq!(harness.state().session.points_held(), points);
    assert_eq!(harness.state().session.baseline, Some(id));
    click(&mut harness, "Remove b");
    click(&mut harness, "Dismiss removal");
    assert!(harness.query_by_label("Undo remove").is_none());
    perform(&mut harness, Action::RestoreRun);
    assert_eq!(names(harness.state()), ["a", "b"]);
}

#[test]
fn a_run_that_trains_is_stopped_before_it_is_removed() {
    let mut harness = open(TrainConfig { epochs: 10_000, ..tiny() });
    harness.key_press(Key::Space);
    wait(&mut harness, "three steps", |app| app.session.current().is_some_and(|run| run.step >= 3));
    let name = harness.state().session.current().unwrap().name.clone();
    click(&mut harness, &format!("Remove {name}"));
    assert!(harness.state().session.runs.is_empty());
    wait(&mut harness, "the stop", |app| app.session.log.entries().iter().any(|entry| entry.text.contains("stopped")));
    click(&mut harness, "Undo remove");
    let back = run(harness.state(), &name);
    assert_eq!(back.phase, Phase::Stopped);
    assert!(harness.state().session.store.curve(back.id, "train/loss").unwrap().len() >= 3);
}

#[test]
fn a_pinned_run_is_what_others_are_compared_with() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = two(folder.path());
    assert!(harness.query_by_label("Unpin a").is_none());
    click(&mut harness, "Pin a");
    let a = run(harness.state(), "a");
    assert_eq!(harness.state().session.baseline, Some(a.id));
    click(&mut harness, "Menu of b");
    click(&mut harness, "Hide others");
    assert!(!run(harness.state(), "a").visible && run(harness.state(), "b").visible);
    click(&mut harness, "Unpin a");
    assert_eq!(harness.state().session.baseline, None);
    click(&mut harness, "Colour of b");
    // The run page of the inspector has the same squares; the menu is drawn last.
    harness.query_all_by_label("Colour 7").last().unwrap().click();
    harness.run_steps(3);
    assert_eq!(run(harness.state(), "b").colour, 6);
    harness.check_accessibility();
}

#[test]
fn the_list_is_sorted_and_filtered() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = two(folder.path());
    let order = |harness: &Harness<'_, App>| {
        let top = |name: &str| harness.get_by_label(name).rect().top();
        top("Hide a") < top("Hide b")
    };
    assert!(!order(&harness), "the newest comes first");
    click(&mut harness, "Sort by validation");
    assert!(order(&harness));
    click(&mut harness, "Sort by validation");
    assert!(!order(&harness));
    click(&mut harness, "Sort by run");
    assert!(order(&harness));
    type_over(&mut harness, "Filter runs", "seed = 7", Key::Enter);
    assert!(harness.query_by_label("Hide a").is_none() && harness.query_by_label("Hide b").is_some());
    type_over(&mut harness, "Filter runs", "no such run", Key::Enter);
    click(&mut harness, "Show all runs");
    assert!(harness.query_by_label("Hide a").is_some());
}

#[test]
fn settings_are_duplicated_as_one_change() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = two(folder.path());
    let before = harness.state().book.current().clone();
    click(&mut harness, "Menu of b");
    click(&mut harness, "Duplicate settings");
    let config = &harness.state().book.current().config;
    assert_eq!((config.seed, config.optimiser.learning_rate), (7, 0.01));
    harness.key_press_modifiers(Modifiers::COMMAND, Key::Z);
    harness.run_steps(2);
    assert_eq!(*harness.state().book.current(), before);
}

#[test]
fn differences_are_exactly_the_settings_that_differ() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = two(folder.path());
    reveal(&mut harness, Pane::Differences);
    assert!(harness.query_by_label("2 settings differ").is_some());
    for text in ["seed", "7", "optimiser.learning_rate", "0.001 \u{2192} 0.01 at step 3", "Validation", "95.00%"] {
        assert!(harness.query_all_by_label(text).next().is_some(), "no {text}");
    }
    // The inspector may list it too.
    let count = |harness: &Harness<'_, App>| harness.query_all_by_label("batch_size").count();
    let before = count(&harness);
    click(&mut harness, "All settings");
    assert_eq!(count(&harness), before + 1);
    harness.check_accessibility();
    let a = run(harness.state(), "a").id;
    click(&mut harness, "Compare a");
    assert_eq!(harness.state().session.selection, Selection::Run(a));
    harness.state_mut().session.hide_others(a);
    harness.run_steps(2);
    click(&mut harness, "Show all runs");
    assert!(harness.query_by_label("2 settings differ").is_some());
}

/// Nobody planned to keep it; then it is saved, exported, opened in another window, and goes on there.
#[test]
fn a_run_is_saved_exported_opened_elsewhere_and_continued() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(tiny());
    harness.key_press(Key::Space);
    wait(&mut harness, "the end", |app| app.session.current().is_some_and(|run| run.summary.is_some()));
    let name = harness.state().session.current().unwrap().name.clone();
    let saved = folder.path().join("kept");
    click(&mut harness, &format!("Menu of {name}"));
    click(&mut harness, "Save run...");
    type_over(&mut harness, "Run path", saved.to_str().unwrap(), Key::Enter);
    wait(&mut harness, "the folder", |app| app.session.runs[0].folder.is_some());
    let file = folder.path().join("sent.zip");
    click(&mut harness, &format!("Menu of {name}"));
    click(&mut harness, "Export...");
    type_over(&mut harness, "Run path", file.to_str().unwrap(), Key::Enter);
    wait(&mut harness, "the zip", |app| {
        app.session.log.entries().iter().any(|entry| entry.text.contains("exported to"))
    });
    let points = StoredRun::read(&file).unwrap().points;
    assert_eq!(points.len(), harness.state().session.points_held());
    let curves = folder.path().join("curves.jsonl");
    click(&mut harness, &format!("Menu of {name}"));
    click(&mut harness, "Export...");
    click(&mut harness, "Export format");
    click(&mut harness, "jsonl");
    type_over(&mut harness, "Run path", curves.to_str().unwrap(), Key::Enter);
    wait(&mut harness, "the curves", |_| curves.exists());
    assert_eq!(std::fs::read_to_string(&curves).unwrap().lines().count(), points.len());
    drop(harness);

    let config = TrainConfig { epochs: 2, ..tiny() };
    let mut harness = open_with(WindowOptions { config, open: vec![saved, file], ..WindowOptions::default() });
    wait(&mut harness, "both", |app| names(app) == ["kept", "sent"]);
    let steps = run(harness.state(), "kept").step;
    assert_eq!(run(harness.state(), "kept").test_errors(), run(harness.state(), "sent").test_errors());
    click(&mut harness, "Menu of sent");
    assert!(harness.get_by_label("Continue training").accesskit_node().is_disabled(), "a zip is not trained in");
    harness.key_press(Key::Escape);
    harness.run_steps(2);
    click(&mut harness, "Menu of kept");
    click(&mut harness, "Continue training");
    wait(&mut harness, "the second epoch", |app| {
        run(app, "kept").phase == Phase::Finished && run(app, "kept").step == 2 * steps
    });
    let kept = run(harness.state(), "kept");
    let losses = harness.state().session.store.curve(kept.id, "train/loss").unwrap();
    let expected: Vec<f64> = (1..=2 * steps).map(|step| step as f64).collect();
    assert_eq!(losses.x(glassbox::ui::curves::XAxis::Step), expected);
}

#[test]
fn many_runs_are_offered_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..25 {
        written(folder.path(), &format!("run-{index:02}"), &[], 0.5);
    }
    let mut harness = open_with(WindowOptions { open: vec![folder.path().to_owned()], ..WindowOptions::default() });
    wait(&mut harness, "the offer", |app| app.session.found.len() == 25);
    assert!(harness.state().session.runs.is_empty());
    click(&mut harness, "Open the first 20");
    wait(&mut harness, "twenty runs", |app| app.session.runs.len() == 20);
    assert!(harness.query_by_label("25 runs were found.").is_none());
}
