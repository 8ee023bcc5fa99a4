//! How fast a device learns and infers, measured on made-up images.

use super::device::OpenDevice;
use crate::data::{Batch, ImageShape};
use crate::nets::{Architecture, ArchitectureError, Network};
use crate::train::{Goal, OptimiserSettings, Trainer, Watch, images_tensor};
use serde::Serialize;
use std::time::{Duration, Instant};

/// One network on one device.
#[derive(Clone, Debug, Serialize)]
pub struct BenchRow {
    pub network: String,
    pub device: String,
    pub batch: usize,
    /// Not asked for in a measurement of inference alone.
    pub train_images_per_second: Option<f64>,
    pub inference_images_per_second: f64,
    /// A multiply-add counts as two operations, a training step as three forward passes, less the gradient at the images,
    /// which nobody computes.
    pub train_gflops: Option<f64>,
    pub inference_gflops: f64,
    /// Most memory the program held during the measurement; of the processor, not of a GPU.
    pub peak_memory_mib: Option<u64>,
}

/// Measures training (Adam, cross-entropy), if asked for, and inference for `seconds` each, after warming up.
///
/// # Errors
/// When the architecture does not fit together.
pub fn bench(
    architecture: &Architecture,
    device: &OpenDevice,
    batch: usize,
    seconds: f64,
    training: bool,
) -> Result<BenchRow, ArchitectureError> {
    let classes = architecture.classes()?;
    let rows = architecture.summary()?;
    let forward: u64 = rows.iter().map(|row| row.multiply_adds).sum();
    let lowest = rows.iter().find(|row| row.parameters > 0).map_or(0, |row| row.multiply_adds);
    let images = made_up_images(architecture, batch, classes);
    let settings = OptimiserSettings::default();
    let network = Network::new(architecture.clone(), 1, &device.device)?;
    let mut trainer = Trainer::new(network, &settings, 1, device.on_host);
    reset_peak_memory();

    let train = training.then(|| {
        rate(seconds, batch, || {
            // Made-up labels can be learned, so nothing can overflow here.
            let _ = trainer.step(&images, &Goal::LABELS, &settings, 1e-3, Watch::default());
        })
    });
    let inference = rate(seconds, batch, || {
        let logits = trainer.network().forward(images_tensor(&images, &device.device));
        drop(logits.into_data());
    });
    let operations = |multiply_adds: u64, rate: f64| 2.0 * multiply_adds as f64 * rate / 1e9;
    Ok(BenchRow {
        network: architecture.name.clone(),
        device: device.info.name.clone(),
        batch,
        train_images_per_second: train,
        inference_images_per_second: inference,
        train_gflops: train.map(|rate| operations(3 * forward - lowest, rate)),
        inference_gflops: operations(forward, inference),
        peak_memory_mib: peak_memory_mib(),
    })
}

/// Images a second, over at least `seconds`, after warming up for a third of that and at least three rounds.
fn rate(seconds: f64, batch: usize, mut work: impl FnMut()) -> f64 {
    let mut rounds = |least: u32, span: Duration| {
        let began = Instant::now();
        let mut count = 0;
        while count < least || began.elapsed() < span {
            work();
            count += 1;
        }
        f64::from(count) / began.elapsed().as_secs_f64()
    };
    rounds(3, Duration::from_secs_f64(seconds / 3.0));
    rounds(3, Duration::from_secs_f64(seconds)) * batch as f64
}

fn made_up_images(architecture: &Architecture, batch: usize, classes: usize) -> Batch {
    let input = architecture.input;
    let units = batch * input.units();
    Batch {
        images: (0..units).map(|index| ((index * 2_654_435_761) % 1000) as f32 / 500.0 - 1.0).collect(),
        labels: (0..batch).map(|index| index % classes).collect(),
        indices: (0..batch as u32).collect(),
        shape: ImageShape { channels: input.channels, height: input.height, width: input.width },
    }
}

/// Linux keeps the peak; elsewhere there is none to show.
fn peak_memory_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024)
}

fn reset_peak_memory() {
    // Refused on some systems; the peak is then that of the whole program.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}
