//! What may change during a run: batch size, dropout, conditions to stop at.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    change, is_finished, metrics, noisy_config, resume, series, small_config, sorted_arrays, start, steps, wait_for,
    wait_until, with,
};
use glassbox::engine::{Command, Engine, Event, Phase};
use glassbox::experiments::{Config, LIVE_SETTINGS, TrainConfig, TrainingSummary};
use std::path::Path;

fn engine() -> Engine {
    Engine::start(|| {})
}

/// A run that is ready and paused before its first step.
fn ready(config: &TrainConfig, folder: Option<&Path>) -> Engine {
    let engine = engine();
    start(&engine, config, folder, false);
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
    engine
}

fn finish(engine: &Engine) -> TrainingSummary {
    engine.send(Command::Run).unwrap();
    summary(&wait_for(engine, is_finished))
}

fn summary(seen: &[Event]) -> TrainingSummary {
    let Some(Event::Finished { summary, .. }) = seen.last() else { panic!("{seen:?}") };
    summary.as_ref().clone()
}

fn is_met(event: &Event) -> bool {
    matches!(event, Event::ConditionMet { .. })
}

fn message(seen: &[Event]) -> (u64, String) {
    let Some(Event::ConditionMet { step, message, .. }) = seen.last() else { panic!("{seen:?}") };
    (*step, message.clone())
}

/// 1,280 images in batches of 128, after three steps in batches of 64: 896 are left of the first epoch.
#[test]
fn a_new_batch_size_goes_on_where_the_last_batch_ended() {
    let engine = ready(&small_config(), None);
    assert_eq!(engine.snapshot().total_steps, 20);
    steps(&engine, 3);
    change(&engine, "batch_size", "64");
    let seen = wait_for(&engine, |event| matches!(event, Event::Changed { .. }));
    let Some(Event::Changed { step: 3, before, after, .. }) = seen.last() else { panic!("{seen:?}") };
    assert_eq!((before.as_str(), after.as_str()), ("128", "64"));
    wait_until("the new end", || engine.snapshot().total_steps == 3 + 14 + 20);
    steps(&engine, 1);
    assert!((engine.snapshot().epoch - 0.35).abs() < 1e-12);
    let summary = finish(&engine);
    assert_eq!((summary.epochs, summary.steps), (2, 37));
    let points = engine.points();
    let validated: Vec<u64> =
        points.iter().filter(|point| &*point.series == "validation/loss").map(|point| point.step).collect();
    assert_eq!(validated, [17, 37]);
}

/// Half of a run of two epochs along a cosine: half of the rate, before and after.
#[test]
fn a_new_batch_size_does_not_make_the_rate_jump() {
    let engine = ready(&small_config(), None);
    engine.send(Command::StepEpoch).unwrap();
    wait_until("an epoch", || engine.snapshot().step == 10 && engine.snapshot().phase == Phase::Paused);
    assert!((engine.snapshot().learning_rate - 0.0005).abs() < 1e-12);
    change(&engine, "batch_size", "32");
    wait_until("the new end", || engine.snapshot().total_steps == 50);
    assert!((engine.snapshot().learning_rate - 0.0005).abs() < 1e-12);
}

/// Batch size and dropout change in the middle of an epoch; then the run is stopped in the middle of it and taken up.
#[test]
fn a_resumed_run_ends_as_the_uninterrupted_one_after_live_changes() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, pieces] = ["whole", "pieces"].map(|name| folder.path().join(name));
    let begin = |folder: &Path| {
        let engine = ready(&noisy_config(), Some(folder));
        steps(&engine, 3);
        change(&engine, "batch_size", "48");
        change(&engine, "dropout", "0.6");
        engine
    };
    finish(&begin(&whole));

    let first = begin(&pieces);
    steps(&first, 4);
    first.send(Command::Stop).unwrap();
    wait_for(&first, |event| matches!(event, Event::Stopped { step: 7, .. }));
    drop(first);
    let second = engine();
    resume(&second, &pieces);
    wait_for(&second, is_finished);
    drop(second);
    assert_eq!(metrics(&whole), metrics(&pieces));
    assert_eq!(sorted_arrays(&whole), sorted_arrays(&pieces));
}

#[test]
fn dropout_changes_at_the_next_step_and_the_architectures_own_comes_back() {
    let losses = |changes: &[&str]| {
        let engine = ready(&noisy_config(), None);
        steps(&engine, 2);
        for value in changes {
            change(&engine, "dropout", value);
        }
        steps(&engine, 3);
        series(&engine.points(), "train/loss")
    };
    let (plain, none, back, its_own) =
        (losses(&[]), losses(&["0"]), losses(&["0.9", "architecture"]), losses(&["0.3"]));
    assert_eq!(plain[..2], none[..2]);
    assert_ne!(plain[2], none[2], "the mask of the third step");
    assert_eq!(plain, back);
    assert_eq!(plain, its_own, "0.3 is what the architecture says");
}

#[test]
fn a_network_without_dropout_says_that_the_setting_does_nothing() {
    let engine = ready(&small_config(), None);
    change(&engine, "dropout", "0.5");
    let seen = wait_for(&engine, |event| matches!(event, Event::Note(_)));
    assert!(format!("{:?}", seen.last()).contains("no dropout layer"), "{seen:?}");
}

#[test]
fn every_live_setting_says_what_it_was_before() {
    let engine = ready(&noisy_config(), None);
    let config = noisy_config();
    for setting in LIVE_SETTINGS {
        let value = match *setting {
            "optimiser.nesterov" => "true",
            "data.augmentation.flip" => "false",
            "monitor.states_at" => "[3.0]",
            "schedule.kind" => "step",
            "dropout" | "schedule.decay" | "schedule.floor" | "stop.validation_accuracy_above" => "0.25",
            "optimiser.momentum" | "optimiser.beta1" | "optimiser.beta2" => "0.75",
            _ => "3",
        };
        change(&engine, setting, value);
        let seen = wait_for(&engine, |event| matches!(event, Event::Changed { .. } | Event::Note(_)));
        let Some(Event::Changed { setting: changed, before, after, .. }) = seen.last() else { panic!("{seen:?}") };
        assert_eq!(changed, setting);
        assert_eq!(*before, config.get(setting).unwrap());
        let number = |text: &str| text.parse::<f64>().ok();
        assert!(after == value || number(after) == number(value), "{setting}: {after}");
    }
}

#[test]
fn a_run_pauses_when_the_accuracy_is_reached_and_goes_on_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let config = with(small_config(), &[("epochs", "4"), ("stop.validation_accuracy_above", "0.2")]);
    let engine = engine();
    start(&engine, &config, Some(&path), true);
    let (step, text) = message(&wait_for(&engine, is_met));
    assert!(step.is_multiple_of(10) && step < 40, "{step}");
    assert!(text.contains("accuracy") && text.contains("20.00%") && text.contains("best validation loss"), "{text}");
    assert_eq!(engine.snapshot().phase, Phase::Paused);
    assert!(path.join("checkpoints/best.safetensors").is_file());
    engine.send(Command::Run).unwrap();
    let seen = wait_for(&engine, is_finished);
    assert!(!seen.iter().any(is_met), "it is met once");
    assert_eq!(summary(&seen).epochs, 4);
}

#[test]
fn a_run_pauses_when_the_training_loss_is_below_a_bound() {
    let engine = engine();
    start(&engine, &with(small_config(), &[("epochs", "9"), ("stop.train_loss_below", "2")]), None, true);
    let (step, text) = message(&wait_for(&engine, is_met));
    let losses = series(&engine.points(), "train/loss");
    assert_eq!(losses.len() as u64, step);
    let mean = |epoch: &[f64]| epoch.iter().sum::<f64>() / epoch.len() as f64;
    let means: Vec<f64> = losses.chunks(10).map(mean).collect();
    let (last, before) = means.split_last().unwrap();
    assert!(*last < 2.0 && before.iter().all(|mean| *mean >= 2.0), "{means:?}");
    assert!(text.contains(&format!("{last:.4}")), "{text}");
}

/// With a rate of zero the first epoch is the best for ever.
#[test]
fn patience_ends_and_the_run_can_be_finished_there() {
    let settings = [("epochs", "9"), ("optimiser.learning_rate", "0"), ("stop.patience_epochs", "2")];
    let engine = engine();
    start(&engine, &with(small_config(), &settings), None, true);
    let (step, text) = message(&wait_for(&engine, is_met));
    assert_eq!(step, 30);
    assert!(text.contains("for 2 epochs") && text.contains("after epoch 1."), "{text}");
    engine.send(Command::Finish).unwrap();
    let summary = summary(&wait_for(&engine, is_finished));
    assert_eq!((summary.epochs, summary.steps, summary.best.unwrap().epoch), (3, 30, 1));
}

/// The time is up after the first step; the run is finished in the middle of an epoch.
#[test]
fn time_runs_out_in_the_middle_of_an_epoch() {
    let engine = engine();
    start(&engine, &with(small_config(), &[("stop.after_minutes", "1e-9")]), None, true);
    let (step, text) = message(&wait_for(&engine, is_met));
    assert_eq!(step, 1);
    assert!(text.contains("by the clock"), "{text}");
    engine.send(Command::Finish).unwrap();
    let summary = summary(&wait_for(&engine, is_finished));
    assert_eq!((summary.epochs, summary.steps), (0, 1));
    assert!(summary.validation_errors.is_some() && summary.test_errors > 0);
}

#[test]
fn conditions_that_cannot_be_looked_at_are_refused() {
    let config = with(small_config(), &[("data.validation", "0")]);
    assert!(config.with("stop.patience_epochs", "2").unwrap_err().to_string().contains("data.validation"));
    assert!(small_config().with("stop.validation_accuracy_above", "98").is_err());
    assert!(small_config().with("dropout", "1").is_err());
    assert!(small_config().with("dropout", "much").unwrap_err().to_string().contains("architecture"));
}

/// Without images held out an epoch still ends: a step to its end pauses there.
#[test]
fn an_epoch_ends_without_validation_too() {
    let engine = ready(&with(small_config(), &[("data.validation", "0")]), None);
    engine.send(Command::StepEpoch).unwrap();
    wait_until("an epoch", || engine.snapshot().step >= 10 && engine.snapshot().phase == Phase::Paused);
    assert_eq!(engine.snapshot().step, 10);
    assert_eq!(finish(&engine).steps, 20);
}
