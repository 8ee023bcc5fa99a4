//! Real networks on real digits, for minutes: `cargo test --release -- --ignored`.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glassbox::engine::open_device;
use glassbox::experiments::{Advance, Observer, TrainConfig, Training, TrainingSummary};

struct Nobody;

impl Observer for Nobody {}

fn train(network: &str, epochs: u64) -> TrainingSummary {
    let config = TrainConfig { network: network.to_owned(), epochs, ..TrainConfig::default() };
    let device = open_device("cpu").unwrap();
    let mut training = Training::new(config, &device.device, device.on_host).unwrap();
    while training.advance(&mut Nobody).unwrap() != Advance::Finished {}
    training.summary().unwrap()
}

/// Hinton et al. 2015 had 146 errors with two layers of 800 units, trained to the end.
#[test]
#[ignore = "minutes"]
fn mlp_800_makes_at_most_200_errors_after_10_epochs() {
    let errors = train("mlp-800", 10).test_errors;
    println!("mlp-800: {errors} test errors");
    assert!(errors <= 200, "{errors}");
}

#[test]
#[ignore = "minutes"]
fn convnet_mnist_makes_at_most_110_errors_after_5_epochs() {
    let errors = train("convnet-mnist", 5).test_errors;
    println!("convnet-mnist: {errors} test errors");
    assert!(errors <= 110, "{errors}");
}
