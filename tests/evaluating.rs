//! Evaluations on demand: between two steps, without a trace in the run.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{is_finished, small_config, start, wait_for, wait_until};
use glassbox::engine::{Command, Engine, Event, Phase};
use glassbox::experiments::Config;
use std::fs;

fn is_evaluated(event: &Event) -> bool {
    matches!(event, Event::Evaluated { .. })
}

/// Asked for in the middle of the first epoch, while paused and while training.
#[test]
fn a_run_that_was_looked_at_ends_as_one_that_was_not() {
    let folder = tempfile::tempdir().unwrap();
    let [left_alone, looked_at] = ["a", "b"].map(|name| folder.path().join(name));
    let engine = Engine::start(|| {});
    start(&engine, &small_config(), Some(&left_alone), true);
    wait_for(&engine, is_finished);

    let engine = Engine::start(|| {});
    start(&engine, &small_config(), Some(&looked_at), false);
    for _ in 0..3 {
        engine.send(Command::Step).unwrap();
    }
    wait_until("three steps", || engine.snapshot().step == 3 && engine.snapshot().phase == Phase::Paused);
    engine.send(Command::Evaluate).unwrap();
    let events = wait_for(&engine, is_evaluated);
    assert!(
        matches!(events.last(), Some(Event::Evaluated { step: 3, examples: 500, errors, .. }) if *errors > 0),
        "{events:?}"
    );
    let snapshot = engine.snapshot();
    assert_eq!((snapshot.step, &snapshot.phase, snapshot.evaluating), (3, &Phase::Paused, false));
    let validation = snapshot.validation.clone().unwrap();
    assert_eq!((validation.step, validation.outcomes.len()), (3, 500));
    assert!(engine.points().iter().all(|point| !point.series.starts_with("validation/")), "it is on no curve");
    engine.send(Command::Run).unwrap();
    engine.send(Command::Evaluate).unwrap();
    wait_for(&engine, is_finished);
    drop(engine);

    let read = |folder: &std::path::Path, file: &str| fs::read_to_string(folder.join(file)).unwrap();
    assert_eq!(read(&left_alone, "metrics.csv"), read(&looked_at, "metrics.csv"));
    assert!(!read(&left_alone, "events.jsonl").contains("\"evaluated\""));
    assert!(read(&looked_at, "events.jsonl").contains("\"evaluated\""));
    assert!(!read(&looked_at, "summary.json").contains("outcomes"), "the summary is as it was");
}

#[test]
fn a_stopped_run_can_be_looked_at_and_stays_stopped() {
    let engine = Engine::start(|| {});
    start(&engine, &small_config(), None, false);
    engine.send(Command::Step).unwrap();
    wait_until("a step", || engine.snapshot().step == 1);
    engine.send(Command::Stop).unwrap();
    wait_for(&engine, |event| matches!(event, Event::Stopped { .. }));
    engine.send(Command::Evaluate).unwrap();
    wait_for(&engine, is_evaluated);
    assert_eq!((engine.snapshot().step, &engine.snapshot().phase), (1, &Phase::Stopped));
}

/// An evaluation that is due at the end of an epoch is brought forward, and counts as the epoch's own.
#[test]
fn at_the_end_of_an_epoch_it_is_the_validation_that_was_due() {
    let folder = tempfile::tempdir().unwrap();
    let [left_alone, looked_at] = ["a", "b"].map(|name| folder.path().join(name));
    let engine = Engine::start(|| {});
    start(&engine, &small_config(), Some(&left_alone), true);
    wait_for(&engine, is_finished);
    let engine = Engine::start(|| {});
    start(&engine, &small_config(), Some(&looked_at), false);
    for _ in 0..10 {
        engine.send(Command::Step).unwrap();
    }
    wait_until("ten steps", || engine.snapshot().step == 10 && engine.snapshot().phase == Phase::Paused);
    engine.send(Command::Evaluate).unwrap();
    wait_until("the validation", || engine.snapshot().validation.as_ref().is_some_and(|found| found.step == 10));
    assert_eq!(engine.snapshot().phase, Phase::Paused);
    engine.send(Command::Run).unwrap();
    wait_for(&engine, is_finished);
    let metrics = |folder: &std::path::Path| fs::read_to_string(folder.join("metrics.csv")).unwrap();
    assert_eq!(metrics(&left_alone), metrics(&looked_at));
}

#[test]
fn without_images_held_out_it_is_refused_in_words() {
    let engine = Engine::start(|| {});
    engine.send(Command::Evaluate).unwrap();
    wait_for(&engine, |event| matches!(event, Event::Note(text) if text.contains("no network yet")));
    start(&engine, &small_config().with("data.validation", "0").unwrap(), None, false);
    engine.send(Command::Evaluate).unwrap();
    wait_for(&engine, |event| matches!(event, Event::Note(text) if text.contains("holds no images out")));
    assert!(!engine.snapshot().evaluating && engine.snapshot().step == 0);
}
