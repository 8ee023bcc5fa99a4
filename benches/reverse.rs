//! What a sheet of deconvolutions costs: `cargo bench --bench reverse`.
//!
//! For every layer with maps, nine images a unit, each image its own: how long until all are carried back. Beside it what it
//! costs to carry back all units of a layer for one image.

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::lens::{Target, reconstruct};
use glassbox::nets::{Cut, Network, Rule, preset};
use std::time::Instant;

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Of the top nine.
const IMAGES: usize = 9;
const ROUNDS: usize = 3;

fn main() {
    let network = Network::new(preset("convnet-cifar").expect("it is a preset"), 0, &Device::flex())
        .expect("presets fit together");
    println!("{:<8} {:>6} {:>16} {:>10} {:>16}", "layer", "units", "reconstructions", "seconds", "one image, s");
    for cut in network.architecture().every_cut() {
        let shape = network.cuts()[cut.layers];
        if shape.is_vector() || cut == Cut::INPUT {
            continue;
        }
        let units = shape.channels;
        let sheet: Vec<Target> = (0..units * IMAGES)
            .map(|index| Target { image: index, unit: index / IMAGES, ..Target::default() })
            .collect();
        let one: Vec<Target> = (0..units).map(|unit| Target { unit, ..Target::default() }).collect();
        let name = network.architecture().cut_name(cut);
        let [all, alone] = [sheet, one].map(|targets| seconds(&network, cut, &targets));
        println!("{name:<8} {units:>6} {:>16} {all:>10.3} {alone:>16.3}", units * IMAGES);
    }
}

/// The fastest of some rounds.
fn seconds(network: &Network, cut: Cut, targets: &[Target]) -> f64 {
    let count = targets.iter().map(|target| target.image).max().unwrap_or(0) + 1;
    let dims = network.cuts()[0].batched(count);
    let values: Vec<f32> =
        (0..dims.iter().product()).map(|index: usize| (index * 37 % 101) as f32 / 50.0 - 1.0).collect();
    let images = Tensor::from_data(TensorData::new(values, dims), &Device::flex());
    let round = || {
        let began = Instant::now();
        let found = reconstruct(network, &images, cut, targets, Rule::Deconvolution);
        assert_eq!(found.map(|found| found.len()), Ok(targets.len()));
        began.elapsed().as_secs_f64()
    };
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}
