//! The learning-rate range test: what it measures, and that the run it is made from is not touched.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    is_finished, metrics, noisy_config, small_config, sorted_arrays, start, steps, wait_for, wait_until, with,
};
use glassbox::data::{BatchPlan, Standardisation, epoch_order};
use glassbox::engine::{Command, Engine, Event, Phase, RateTest, open_device};
use glassbox::experiments::{RangeTestConfig, RangeTestEnd, STOP_FACTOR, Training};
use glassbox::nets::{Network, resolve};
use glassbox::train::{Goal, Trainer, Watch};
use std::sync::Arc;

const RANGE: RangeTestConfig = RangeTestConfig { from: 1e-5, to: 10.0, steps: 30 };

fn tested(engine: &Engine) -> Arc<RateTest> {
    let seen = wait_for(engine, |event| matches!(event, Event::RateTested(_)));
    let Some(Event::RateTested(test)) = seen.last() else { panic!("{seen:?}") };
    Arc::clone(test)
}

/// Written out again: a fresh network, the batches of the first epochs in their order, one step at each rate.
#[test]
fn losses_are_those_of_a_plain_loop() {
    let config = with(small_config(), &[("network", "lenet"), ("optimiser.kind", "sgd"), ("batch_size", "100")]);
    let device = open_device("cpu").unwrap().device;
    let training = Training::new(config.clone(), &device, true).unwrap();
    let mut test = training.range_test(RangeTestConfig { from: 1e-4, to: 0.1, steps: 20 }).unwrap();
    while test.result().end.is_none() {
        test.advance();
    }
    assert_eq!(test.result().end, Some(RangeTestEnd::Complete));

    let network = Network::new(resolve("lenet").unwrap(), config.seed, &device).unwrap();
    let mut trainer = Trainer::new(network, &config.optimiser, config.seed, true);
    let split = training.train_split().clone();
    let plan = BatchPlan {
        standardisation: Standardisation::measure(&split),
        split,
        augmentation: config.data.augmentation,
        batch_size: 100,
        seed: config.seed,
    };
    let mut average = 0.0;
    for (index, point) in test.result().points.iter().enumerate() {
        let rate = 1e-4 * 1000_f64.powf(index as f64 / 19.0);
        let (epoch, place) = (index / 13, index % 13);
        let batch = plan.batch(epoch, place, &epoch_order(plan.split.len(), config.seed, epoch));
        let loss = trainer.step(&batch, &Goal::LABELS, &config.optimiser, point.rate, Watch::default()).unwrap().loss;
        assert!((point.rate / rate - 1.0).abs() < 1e-9);
        assert_eq!(point.loss.to_bits(), loss.to_bits(), "step {index}");
        average = 0.9 * average + 0.1 * loss;
        assert!((point.smoothed - average / (1.0 - 0.9_f64.powi(index as i32 + 1))).abs() < 1e-12);
    }
    assert_eq!(test.result().points.len(), 20);
}

#[test]
fn a_range_test_leaves_the_run_as_it_was_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let [plain, tested_in_pause, tested_under_way] = ["plain", "pause", "way"].map(|name| folder.path().join(name));
    let train = |path: &std::path::Path| {
        let engine = Engine::start(|| {});
        start(&engine, &noisy_config(), Some(path), false);
        steps(&engine, 7);
        engine
    };
    let finish = |engine: &Engine| {
        engine.send(Command::Run).unwrap();
        wait_for(engine, is_finished);
    };
    finish(&train(&plain));

    let engine = train(&tested_in_pause);
    engine.send(Command::FindRate(RANGE)).unwrap();
    let test = tested(&engine);
    assert_eq!((test.step, test.config), (7, RANGE));
    assert!(test.result.points.len() > 3);
    assert_eq!((engine.snapshot().step, engine.snapshot().phase.clone()), (7, Phase::Paused));
    finish(&engine);

    let engine = train(&tested_under_way);
    engine.send(Command::Run).unwrap();
    engine.send(Command::FindRate(RANGE)).unwrap();
    let seen = wait_for(&engine, is_finished);
    assert!(seen.iter().any(|event| matches!(event, Event::RateTested(_))), "the run goes on after the test");
    drop(engine);
    for path in [&tested_in_pause, &tested_under_way] {
        assert_eq!(metrics(&plain), metrics(path));
        assert_eq!(sorted_arrays(&plain), sorted_arrays(path));
    }
}

#[test]
fn it_ends_when_the_loss_gets_out_of_hand() {
    let engine = Engine::start(|| {});
    start(&engine, &with(small_config(), &[("optimiser.kind", "sgd")]), None, false);
    engine.send(Command::FindRate(RangeTestConfig { from: 1e-3, to: 1e6, steps: 100 })).unwrap();
    let test = tested(&engine);
    let points = &test.result.points;
    assert!(points.len() < 100);
    match test.result.end {
        Some(RangeTestEnd::Diverged) => {
            let (last, before) = points.split_last().unwrap();
            let lowest = before.iter().map(|point| point.smoothed).fold(f64::INFINITY, f64::min);
            assert!(last.smoothed > STOP_FACTOR * lowest);
        }
        Some(RangeTestEnd::NotFinite) => assert!(points.iter().all(|point| point.loss.is_finite())),
        other => panic!("{other:?}"),
    }
    let (steepest, tenth) = (test.result.steepest().unwrap(), test.result.minimum_tenth().unwrap());
    assert!((1e-3..10.0).contains(&steepest) && (1e-4..1.0).contains(&tenth), "{steepest} {tenth}");
}

#[test]
fn it_can_be_cancelled_and_questions_are_answered_meanwhile() {
    let engine = Engine::start(|| {});
    start(&engine, &small_config(), None, false);
    engine.send(Command::FindRate(RangeTestConfig { steps: 2_000, ..RangeTestConfig::default() })).unwrap();
    wait_until("points", || {
        engine.snapshot().rate_test.as_ref().is_some_and(|test| test.result.points.len() > 2 && test.seconds_left > 0.0)
    });
    engine.send(Command::Change { setting: "epochs".to_owned(), value: "3".to_owned() }).unwrap();
    wait_for(&engine, |event| matches!(event, Event::Changed { .. }));
    engine.send(Command::CancelFindRate).unwrap();
    let test = tested(&engine);
    assert_eq!(test.result.end, Some(RangeTestEnd::Cancelled));
    assert!(test.result.points.len() < 2_000);
    assert_eq!(engine.snapshot().step, 0);
    engine.send(Command::FindRate(RangeTestConfig { from: 1.0, ..RangeTestConfig::default() })).unwrap();
    let seen = wait_for(&engine, |event| matches!(event, Event::Note(_)));
    assert!(format!("{seen:?}").contains("range test"), "{seen:?}");
}
