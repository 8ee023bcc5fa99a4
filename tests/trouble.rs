//! Trouble is named: hints with their evidence, faults with their statistics, and silence where all is well.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{change, is_finished, small_config, start, steps, wait_for, wait_until, with};
use glassbox::engine::{Command, Engine, Event, Phase};
use glassbox::experiments::TrainConfig;
use glassbox::train::diagnosis::{EXPLODING_FACTOR, WINDOW};
use glassbox::train::{Diagnosis, FaultPlace, FaultReport, Hint, HintKind, LayerHealth};
use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

fn engine() -> Engine {
    Engine::start(|| {})
}

/// Of the event that was waited for.
fn found(seen: &[Event]) -> Hint {
    let Some(Event::HintFound { hint, .. }) = seen.last() else { panic!("{seen:?}") };
    hint.as_ref().clone()
}

fn is_hint(event: &Event, kind: HintKind) -> bool {
    matches!(event, Event::HintFound { hint, .. } if hint.kind == kind)
}

/// Plain gradient descent at one rate, looked at in every step.
fn descent(network: &str, rate: &str) -> TrainConfig {
    let settings = [
        ("network", network),
        ("optimiser.kind", "sgd"),
        ("optimiser.momentum", "0"),
        ("optimiser.learning_rate", rate),
        ("schedule.kind", "constant"),
        ("monitor.health_every", "1"),
        ("epochs", "50"),
    ];
    with(small_config(), &settings)
}

/// `depth` hidden layers of 30 sigmoids.
fn deep_sigmoid(folder: &std::path::Path, depth: usize) -> String {
    let mut layers = "{ name = \"flatten\", kind = \"flatten\" },\n".to_owned();
    for layer in 1..=depth {
        let _ = writeln!(layers, "{{ name = \"fc{layer}\", kind = \"linear\", units = 30 }},");
        let _ = writeln!(layers, "{{ name = \"sigmoid{layer}\", kind = \"sigmoid\" }},");
    }
    layers.push_str("{ name = \"top\", kind = \"linear\", units = 10 },");
    let file = folder.join("deep.toml");
    fs::write(&file, format!("name = \"deep\"\ninput = [1, 28, 28]\nlayers = [\n{layers}\n]\n")).unwrap();
    file.to_str().unwrap().to_owned()
}

#[test]
fn a_deep_sigmoid_network_has_vanishing_gradients() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let engine = engine();
    start(&engine, &descent(&deep_sigmoid(folder.path(), 8), "0.1"), Some(&path), true);
    let hint = found(&wait_for(&engine, |event| matches!(event, Event::HintFound { .. })));
    assert_eq!((hint.kind, hint.layer.as_deref()), (HintKind::VanishingGradients, Some("fc1")));
    assert_eq!((hint.since_step, hint.until_step), (1, WINDOW as u64));
    assert!(hint.evidence[0].highest < 1e-3 && hint.evidence[0].lowest > 0.0, "{hint}");
    assert!(hint.evidence[0].figure.contains("`fc1`") && hint.evidence[0].figure.contains("`top`"), "{hint}");
    wait_until("the snapshot", || engine.snapshot().hints.iter().any(|known| known.kind == hint.kind));
    drop(engine);
    let events = fs::read_to_string(path.join("events.jsonl")).unwrap();
    assert!(events.contains("\"event\":\"hint\"") && events.contains("vanishing_gradients"), "{events}");
}

/// The same network with two layers learns as it should.
#[test]
fn a_shallow_sigmoid_network_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let engine = engine();
    let config = with(descent(&deep_sigmoid(folder.path(), 2), "0.1"), &[("epochs", "5")]);
    start(&engine, &config, None, true);
    let seen = wait_for(&engine, is_finished);
    assert!(!seen.iter().any(|event| matches!(event, Event::HintFound { .. })), "{seen:?}");
}

#[test]
fn a_rate_far_too_high_is_named_with_loss_and_update_ratio() {
    let engine = engine();
    let folder = tempfile::tempdir().unwrap();
    let config = with(descent(&deep_sigmoid(folder.path(), 2), "3"), &[("optimiser.kind", "adam")]);
    start(&engine, &config, None, true);
    let seen = wait_for(&engine, |event| {
        assert!(!matches!(event, Event::Finished { .. } | Event::Trouble { .. }), "no hint: {event:?}");
        is_hint(event, HintKind::RateTooHigh)
    });
    let hint = found(&seen);
    let [loss, ratio] = hint.evidence.as_slice() else { panic!("{hint}") };
    assert!(loss.lowest > loss.threshold && ratio.lowest > 0.01, "{hint}");
}

/// Adam's first steps move every weight by about the rate: 0.3 pushes the units below zero for every image.
#[test]
fn relu_units_killed_by_a_huge_rate_are_dead() {
    let engine = engine();
    start(&engine, &with(descent("mlp-30", "0.3"), &[("optimiser.kind", "adam")]), None, true);
    let seen = wait_for(&engine, |event| {
        assert!(!matches!(event, Event::Finished { .. } | Event::Trouble { .. }), "no unit died: {event:?}");
        is_hint(event, HintKind::DeadLayer)
    });
    let hint = found(&seen);
    assert!(hint.layer.as_deref().is_some_and(|layer| layer.starts_with("relu")), "{hint}");
    assert!(hint.evidence[0].lowest >= 0.9, "{hint}");
}

fn fault(seen: &[Event]) -> Arc<FaultReport> {
    let Some(Event::Trouble { report: Some(report), .. }) = seen.last() else { panic!("{seen:?}") };
    Arc::clone(report)
}

/// One step at a rate of 1e30 makes weights of about 1e28 in every layer: their products overflow in the second layer.
#[test]
fn a_fault_comes_with_the_statistics_of_every_layer() {
    let engine = engine();
    start(&engine, &descent("mlp-30", "0.1"), None, false);
    wait_for(&engine, |event| matches!(event, Event::Started(_)));
    steps(&engine, 3);
    change(&engine, "optimiser.learning_rate", "1e30");
    engine.send(Command::Run).unwrap();
    let report = fault(&wait_for(&engine, |event| matches!(event, Event::Trouble { .. })));
    assert_eq!(engine.snapshot().phase, Phase::Paused);
    let names: Vec<&str> = report.layers.iter().map(|row| row.layer.as_str()).collect();
    assert_eq!(names, ["flatten", "fc1", "relu1", "fc2", "relu2", "fc3"]);
    let faults = report.layers.iter().map(|row| (row, row.weights.map_or(0, |weights| weights.not_finite())));
    assert!(faults.clone().all(|(_, bad)| bad == 0), "the weights are large, and finite: {report:?}");
    assert_eq!(report.fault.place, FaultPlace::Activations);
    let first = names.iter().position(|name| *name == report.fault.layer).unwrap();
    for (row, _) in faults.clone().take(first) {
        assert_eq!(row.activations.not_finite(), 0, "{}", row.layer);
    }
    let at_fault = &report.layers[first];
    assert!(at_fault.activations.not_finite() > 0);
    assert_eq!(at_fault.activations.count, 128 * 30 / if at_fault.layer == "fc3" { 3 } else { 1 });
    assert_eq!(report.layers[1].weights.unwrap().count, 784 * 30 + 30);
    assert_eq!(report.layers[1].gradient.unwrap().count, 784 * 30 + 30);
    assert_eq!((report.layers[0].weights, report.layers[0].gradient), (None, None));

    change(&engine, "optimiser.learning_rate", "0.1");
    engine.send(Command::Run).unwrap();
    wait_for(&engine, |event| matches!(event, Event::WentBack { step: 0, .. }));
    wait_for(&engine, is_finished);
}

/// Two epochs of all of MNIST at the default settings.
#[test]
fn ordinary_runs_get_no_hint() {
    for network in ["mlp-30", "lenet"] {
        let engine = engine();
        let config = TrainConfig { network: network.to_owned(), epochs: 2, ..TrainConfig::default() };
        start(&engine, &config, None, true);
        let seen = wait_for(&engine, is_finished);
        assert!(!seen.iter().any(|event| matches!(event, Event::HintFound { .. })), "{network}: {seen:?}");
        assert!(engine.snapshot().hints.is_empty());
    }
}

fn health(layer: &str, gradient_norm: f64, update_ratio: f64) -> LayerHealth {
    LayerHealth {
        layer: layer.to_owned(),
        gradient_norm: Some(gradient_norm),
        weight_norm: Some(1.0),
        update_ratio: Some(update_ratio),
        dead_share: None,
    }
}

/// A look of three layers with a loss and a factor on all gradients.
fn look(diagnosis: &mut Diagnosis, step: u64, loss: f64, factor: f64) {
    diagnosis.loss(loss);
    let layers = [("a", 1.0), ("b", 1.0), ("c", 1.0)].map(|(name, norm)| health(name, norm * factor, 1e-3));
    diagnosis.look(step, &layers);
}

fn kinds(diagnosis: &Diagnosis) -> Vec<HintKind> {
    diagnosis.hints().iter().map(|hint| hint.kind).collect()
}

#[test]
fn gradients_that_grow_with_the_loss_explode_and_calm_down_again() {
    let mut diagnosis = Diagnosis::default();
    let mut step = 0;
    let mut many = |diagnosis: &mut Diagnosis, looks: usize, loss: f64, factor: f64| {
        for _ in 0..looks {
            step += 25;
            look(diagnosis, step, loss, factor);
        }
    };
    many(&mut diagnosis, WINDOW, 1.0, 1.0);
    many(&mut diagnosis, WINDOW - 1, 3.0, 2.0 * EXPLODING_FACTOR);
    assert_eq!(kinds(&diagnosis), []);
    many(&mut diagnosis, 1, 3.0, 2.0 * EXPLODING_FACTOR);
    assert_eq!(kinds(&diagnosis), [HintKind::ExplodingGradients]);
    let hint = &diagnosis.hints()[0];
    assert_eq!((hint.since_step, hint.until_step), (25 * (WINDOW as u64 + 1), 50 * WINDOW as u64));
    assert_eq!((hint.evidence[0].lowest, hint.evidence[1].highest), (2.0 * EXPLODING_FACTOR, 3.0));
    many(&mut diagnosis, WINDOW - 1, 1.0, 1.0);
    assert_eq!(kinds(&diagnosis), [HintKind::ExplodingGradients], "not gone at once");
    many(&mut diagnosis, 1, 1.0, 1.0);
    assert_eq!(kinds(&diagnosis), []);

    let mut harmless = Diagnosis::default();
    many(&mut harmless, WINDOW, 1.0, 1.0);
    many(&mut harmless, 2 * WINDOW, 1.0, 2.0 * EXPLODING_FACTOR);
    assert_eq!(kinds(&harmless), [], "the loss did not rise");
}

#[test]
fn one_look_in_between_is_enough_for_silence() {
    let mut diagnosis = Diagnosis::default();
    for step in 1..=10 * WINDOW {
        diagnosis.loss(1.0);
        let low = if step % WINDOW == 0 { 1.0 } else { 1e-9 };
        diagnosis.look(step as u64, &[health("a", low, 1e-3), health("b", 1.0, 1e-3), health("c", 1.0, 1e-3)]);
        assert_eq!(kinds(&diagnosis), []);
    }
}

#[test]
fn overfitting_needs_three_epochs_and_ends_with_a_new_best() {
    let mut diagnosis = Diagnosis::default();
    let mut epoch = 0;
    let mut end = |diagnosis: &mut Diagnosis, train: f64, validation: f64| {
        epoch += 1;
        diagnosis.loss(train);
        diagnosis.validated(100 * epoch, validation);
        kinds(diagnosis)
    };
    for (train, validation) in [(1.0, 1.0), (0.8, 0.5), (0.7, 0.6), (0.6, 0.7)] {
        assert_eq!(end(&mut diagnosis, train, validation), []);
    }
    assert_eq!(end(&mut diagnosis, 0.5, 0.8), [HintKind::Overfitting]);
    let hint = &diagnosis.hints()[0];
    assert_eq!((hint.since_step, hint.until_step), (200, 500));
    assert_eq!((hint.evidence[0].lowest, hint.evidence[0].highest), (0.5, 0.8));
    assert_eq!(end(&mut diagnosis, 0.4, 0.6), [HintKind::Overfitting], "not the best yet");
    assert_eq!(end(&mut diagnosis, 0.3, 0.4), []);
    let mut learning = Diagnosis::default();
    for (train, validation) in [(0.5, 0.5), (0.6, 0.6), (0.7, 0.7), (0.8, 0.8), (0.9, 0.9)] {
        learning.loss(train);
        learning.validated(1, validation);
    }
    assert_eq!(kinds(&learning), [], "the training loss rose as well");
}
