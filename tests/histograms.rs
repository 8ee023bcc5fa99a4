//! Histograms from outside: when they come, of what, what they cost, and what stays in the run folder.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{is_finished, series, small_config, start, wait_for, wait_until};
use glassbox::engine::{Command, Engine, Event, HistogramLook, Phase, RunId};
use glassbox::experiments::{Config, TrainConfig};
use glassbox::train::{LayerHistogram, Quantity};
use std::fs;
use std::path::Path;

fn engine() -> Engine {
    Engine::start(|| {})
}

/// Two epochs of ten steps.
fn every(steps: u64) -> TrainConfig {
    small_config().with("monitor.histograms_every", &steps.to_string()).unwrap()
}

fn train_to_the_end(config: &TrainConfig, folder: &Path) {
    let engine = engine();
    start(&engine, config, Some(folder), true);
    wait_for(&engine, is_finished);
}

fn file(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).unwrap()
}

fn steps(looks: &[HistogramLook]) -> Vec<u64> {
    looks.iter().map(|look| look.step).collect()
}

fn find<'a>(look: &'a HistogramLook, layer: &str, quantity: Quantity) -> &'a LayerHistogram {
    look.layers.iter().find(|found| found.layer == layer && found.quantity == quantity).unwrap()
}

#[test]
fn they_come_at_their_steps_with_every_layer() {
    let engine = engine();
    start(&engine, &every(5).with("monitor.health_every", "5").unwrap(), None, true);
    wait_for(&engine, is_finished);
    let looks = engine.histograms();
    assert_eq!(steps(&looks), [1, 6, 11, 16]);
    assert!((looks[1].epoch - 0.6).abs() < 1e-12);
    for look in &looks {
        for (quantity, layers) in [
            (Quantity::Weights, &["fc1", "fc2", "fc3"][..]),
            (Quantity::Gradients, &["fc1", "fc2", "fc3"]),
            (Quantity::Activations, &["flatten", "fc1", "relu1", "fc2", "relu2", "fc3"]),
        ] {
            let found = look.layers.iter().filter(|layer| layer.quantity == quantity);
            assert_eq!(found.map(|layer| layer.layer.as_str()).collect::<Vec<_>>(), layers);
        }
    }
    assert_eq!(engine.histograms().len(), 0, "they are fetched once");

    // The first weights are uniform with variance 2 / fan-in.
    let first = &find(&looks[0], "fc1", Quantity::Weights).histogram;
    let bound = (6.0f64 / 784.0).sqrt();
    assert_eq!((first.size, first.finite, first.not_finite), (30 * 784, 30 * 784, 0));
    assert!(first.max <= bound && first.min >= -bound && first.max > 0.99 * bound, "{first:?}");
    assert!((first.deviation / (2.0f64 / 784.0).sqrt() - 1.0).abs() < 0.01, "{}", first.deviation);
    let rectified = &find(&looks[3], "relu1", Quantity::Activations).histogram;
    assert_eq!((rectified.size, rectified.min), (128 * 30, 0.0));
    assert!(rectified.zeros > 0 && rectified.zeros < rectified.finite);

    // Norms that are measured elsewhere: count x (deviation squared + mean squared) is the squared norm.
    let norm = |layer: &LayerHistogram| {
        let found = &layer.histogram;
        (found.finite as f64 * (found.deviation.powi(2) + found.mean.powi(2))).sqrt()
    };
    let norms = series(&engine.points(), "layer/fc2/gradient_norm");
    for (look, expected) in looks.iter().zip(&norms) {
        let found = norm(find(look, "fc2", Quantity::Gradients));
        assert!((found / expected - 1.0).abs() < 1e-4, "{found} instead of {expected}");
    }
    assert_eq!(norms.len(), 4);
}

#[test]
fn their_cost_is_counted_and_nothing_is_spent_when_they_are_off() {
    let on = engine();
    start(&on, &every(5), None, true);
    wait_for(&on, is_finished);
    let cost = on.snapshot().histogram_cost;
    assert_eq!(cost.looks, 4);
    assert!(cost.seconds > 0.0 && cost.seconds < cost.training_seconds, "{cost:?}");
    assert_eq!(cost.share(), Some(cost.seconds / cost.training_seconds));

    let off = engine();
    start(&off, &every(0), None, true);
    wait_for(&off, is_finished);
    assert!(off.histograms().is_empty());
    let cost = off.snapshot().histogram_cost;
    assert_eq!((cost.looks, cost.seconds, cost.share()), (0, 0.0, None));
}

#[test]
fn looking_changes_nothing_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let [on, off] = ["on", "off"].map(|name| folder.path().join(name));
    train_to_the_end(&every(1), &on);
    train_to_the_end(&every(0), &off);
    assert_eq!(file(&on, "metrics.csv"), file(&off, "metrics.csv"));
    assert_eq!(file(&on, "histograms.jsonl").lines().count(), 20 * 12);
    assert_eq!(file(&off, "histograms.jsonl"), "");
}

#[test]
fn they_are_turned_on_while_it_trains_and_the_cost_begins_anew() {
    let engine = engine();
    start(&engine, &every(1), None, false);
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
    let change = |value: &str| {
        let change = Command::Change { setting: "monitor.histograms_every".to_owned(), value: value.to_owned() };
        engine.send(change).unwrap();
        wait_for(&engine, |event| matches!(event, Event::Changed { .. }));
    };
    let step_to = |step: u64| {
        while engine.snapshot().step < step {
            let next = engine.snapshot().step + 1;
            engine.send(Command::Step).unwrap();
            wait_until("a step", || engine.snapshot().step == next && engine.snapshot().phase == Phase::Paused);
        }
    };
    step_to(3);
    assert_eq!(engine.snapshot().histogram_cost.looks, 3);
    change("0");
    step_to(5);
    assert_eq!(engine.snapshot().histogram_cost.share(), None);
    change("2");
    step_to(9);
    assert_eq!(engine.snapshot().histogram_cost.looks, 2);
    assert_eq!(steps(&engine.histograms()), [1, 2, 3, 7, 9]);
}

#[test]
fn each_line_of_the_file_stands_for_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    train_to_the_end(&every(10), &path);
    let text = file(&path, "histograms.jsonl");
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!([1, 11].contains(&value["step"].as_u64().unwrap()), "{line}");
        let counts = value["bins"].as_array().unwrap().iter().map(|bin| bin[1].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), value["finite"].as_u64().unwrap());
        let layer: LayerHistogram = serde_json::from_value(value).unwrap();
        assert!(layer.histogram.seen() > 0);
    }
    assert_eq!(text.lines().count(), 2 * 12);
}

/// Stopped in the middle of an epoch, then killed after its last checkpoint: the same file in the end.
#[test]
fn an_interrupted_run_has_the_histograms_of_the_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, pieces] = ["whole", "pieces"].map(|name| folder.path().join(name));
    train_to_the_end(&every(3), &whole);
    let first = engine();
    start(&first, &every(3), Some(&pieces), false);
    for _ in 0..8 {
        first.send(Command::Step).unwrap();
    }
    wait_until("eight steps", || first.snapshot().step == 8);
    first.send(Command::Stop).unwrap();
    wait_for(&first, |event| matches!(event, Event::Stopped { step: 8, .. }));
    drop(first);
    let saved = file(&pieces, "histograms.jsonl");
    assert_eq!(saved.lines().count(), 3 * 12);
    let later = saved.lines().last().unwrap().replacen("\"step\":7", "\"step\":10", 1);
    assert!(later.contains("\"step\":10"));
    fs::write(pieces.join("histograms.jsonl"), format!("{saved}{later}\n{}", &later[..40])).unwrap();
    let second = engine();
    let resume =
        Command::Resume { run: RunId(2), folder: pieces.clone(), device: "cpu".to_owned(), epochs: None, go: true };
    second.send(resume).unwrap();
    wait_for(&second, is_finished);
    drop(second);
    assert_eq!(file(&pieces, "histograms.jsonl"), file(&whole, "histograms.jsonl"));
}

/// A run folder of a version that knew no histograms can still be taken up.
#[test]
fn a_folder_without_histograms_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let first = engine();
    start(&first, &every(3), Some(&path), false);
    first.send(Command::StepEpoch).unwrap();
    wait_until("an epoch", || first.snapshot().step == 10 && first.snapshot().phase == Phase::Paused);
    drop(first);
    fs::remove_file(path.join("histograms.jsonl")).unwrap();
    let second = engine();
    let resume =
        Command::Resume { run: RunId(2), folder: path.clone(), device: "cpu".to_owned(), epochs: None, go: true };
    second.send(resume).unwrap();
    wait_for(&second, is_finished);
    drop(second);
    assert_eq!(file(&path, "histograms.jsonl").lines().count(), 3 * 12, "steps 13, 16 and 19");
}

/// After a fault the run goes back, and the steps that come again are not written twice.
#[test]
fn a_run_that_goes_back_keeps_one_look_a_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let engine = engine();
    let config = every(1).with("optimiser.kind", "sgd").unwrap().with("schedule.kind", "constant").unwrap();
    start(&engine, &config, Some(&path), false);
    engine.send(Command::StepEpoch).unwrap();
    wait_until("an epoch", || engine.snapshot().step == 10 && engine.snapshot().phase == Phase::Paused);
    let change =
        |value: &str| Command::Change { setting: "optimiser.learning_rate".to_owned(), value: value.to_owned() };
    engine.send(change("1e30")).unwrap();
    engine.send(Command::Run).unwrap();
    wait_for(&engine, |event| matches!(event, Event::Trouble { .. }));
    engine.send(change("0.01")).unwrap();
    engine.send(Command::Run).unwrap();
    wait_for(&engine, |event| matches!(event, Event::WentBack { step: 10, .. }));
    wait_for(&engine, is_finished);
    drop(engine);
    let written: Vec<u64> = file(&path, "histograms.jsonl")
        .lines()
        .filter(|line| line.contains(r#""layer":"fc1","quantity":"weights""#))
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["step"].as_u64().unwrap())
        .collect();
    assert_eq!(written, (1..=20).collect::<Vec<_>>());
}

/// A full disk, as the device that is always full shows it.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_loses_no_histograms() {
    let folder = tempfile::tempdir().unwrap();
    let [whole, path] = ["whole", "full"].map(|name| folder.path().join(name));
    train_to_the_end(&every(4), &whole);
    let engine = engine();
    start(&engine, &every(4), Some(&path), false);
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
    let real = path.join("histograms.jsonl");
    fs::remove_file(&real).unwrap();
    std::os::unix::fs::symlink("/dev/full", &real).unwrap();
    engine.send(Command::Run).unwrap();
    let seen = wait_for(&engine, |event| matches!(event, Event::Trouble { .. }));
    assert!(format!("{seen:?}").contains("histograms.jsonl"), "{seen:?}");
    fs::remove_file(&real).unwrap();
    engine.send(Command::Run).unwrap();
    wait_for(&engine, |event| matches!(event, Event::Finished { .. }));
    drop(engine);
    assert_eq!(file(&path, "histograms.jsonl"), file(&whole, "histograms.jsonl"));
    assert_eq!(file(&path, "metrics.csv"), file(&whole, "metrics.csv"));
}

#[test]
fn the_command_line_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_glassbox"))
        .args(["train", "--network", "mlp-30", "--device", "cpu", "--epochs", "1", "--json", "--out"])
        .arg(&path)
        .args(["--set", "data.train=1280", "--set", "data.validation=500", "--set", "monitor.histograms_every=4"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = file(&path, "histograms.jsonl");
    assert_eq!(text.lines().count(), 3 * 12);
    assert!(file(&path, "config.toml").contains("histograms_every = 4"));
}

/// What histograms cost at their default, in turn with and without: for people to read.
/// `cargo test --test histograms cost_at_the_default -- --ignored --nocapture`.
#[test]
#[ignore = "measures for minutes"]
fn cost_at_the_default() {
    let usual = TrainConfig::default().monitor.histograms_every;
    for (network, images) in [("mlp-800", "38400"), ("convnet-mnist", "25600")] {
        for round in 0..3 {
            for interval in [0, usual] {
                let config = every(interval).with("network", network).unwrap().with("epochs", "1").unwrap();
                let config = config.with("data.train", images).unwrap().with("monitor.health_every", "0").unwrap();
                let engine = engine();
                start(&engine, &config, None, true);
                wait_for(&engine, is_finished);
                let snapshot = engine.snapshot();
                let share = snapshot.histogram_cost.share().map_or(0.0, |share| 100.0 * share);
                println!(
                    "{network} round {round} every {interval}: {:.0} images/s, {} looks, {share:.3}% of training time",
                    snapshot.images_per_second, snapshot.histogram_cost.looks
                );
                assert!(share < 1.0, "{share}% of the training time of {network}");
            }
        }
    }
}
