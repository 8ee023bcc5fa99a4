//! wgpu against flex, on whatever adapter there is; without any the test says so and passes.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use glassbox::engine::{devices, open_device};
use glassbox::experiments::{Advance, Config, Observer, TrainConfig, Training};

#[derive(Default)]
struct Losses(Vec<f64>);

impl Observer for Losses {
    fn metric(&mut self, series: &str, _step: u64, _epoch: f64, value: f64) {
        if series == "train/loss" {
            self.0.push(value);
        }
    }
}

fn losses(device: &str, steps: usize) -> Vec<f64> {
    let settings = [
        ("network", "lenet"),
        ("batch_size", "32"),
        ("data.train", "640"),
        ("data.validation", "0"),
        ("epochs", "1"),
        ("schedule.kind", "constant"),
        ("optimiser.kind", "sgd"),
        ("optimiser.learning_rate", "0.05"),
    ];
    let config = settings.iter().fold(TrainConfig::default(), |config, (key, value)| config.with(key, value).unwrap());
    let device = open_device(device).unwrap();
    assert!(device.note.is_none(), "{:?}", device.note);
    let mut training = Training::new(config, &device.device, device.on_host).unwrap();
    let mut losses = Losses::default();
    while losses.0.len() < steps {
        assert!(matches!(training.advance(&mut losses).unwrap(), Advance::Trained { .. }));
    }
    losses.0
}

/// The adapter is taken by its name, a software one included.
#[test]
fn lenet_learns_on_wgpu_as_it_does_on_flex() {
    let Some(adapter) = devices().into_iter().find(|device| device.id != "cpu") else {
        eprintln!("no graphics adapter here, so nothing was compared");
        return;
    };
    let [gpu, cpu] = [adapter.name.as_str(), "cpu"].map(|device| losses(device, 20));
    for (step, (gpu, cpu)) in gpu.iter().zip(&cpu).enumerate() {
        assert!((gpu - cpu).abs() < 1e-3, "step {step} on {}: {gpu}, on flex {cpu}", adapter.name);
    }
    assert!(cpu[19] < cpu[0] - 0.3, "the loss does not fall: {cpu:?}");
}

#[test]
fn auto_never_takes_a_software_adapter() {
    let chosen = open_device("auto").unwrap();
    assert!(!chosen.info.software, "{:?}", chosen.info);
}

#[test]
fn an_unknown_device_is_refused_with_what_there_is() {
    let reason = open_device("gpu:99").unwrap_err();
    assert!(reason.contains("gpu:99") && reason.contains("`cpu`"), "{reason}");
}
