//! `glassbox bench`.

use super::WrongArgument;
use crate::engine::{BenchRow, bench, open_device};
use crate::nets::{preset, preset_names, resolve};
use clap::Args;
use std::process::ExitCode;

/// CIFAR's have 3,072, a photograph 150,528.
const MOST_PIXELS: usize = 10_000;

#[derive(Args)]
pub(super) struct BenchArgs {
    /// Presets or TOML files; all presets for small images when none is named. May be repeated.
    #[arg(long)]
    network: Vec<String>,
    /// Images a step.
    #[arg(long, default_value_t = 128)]
    batch: usize,
    /// Where to measure: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Time for each of training and inference, after warming up.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Leave training out.
    #[arg(long)]
    inference: bool,
    /// As JSON, one object a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    if args.batch == 0 || !args.seconds.is_finite() || args.seconds <= 0.0 {
        anyhow::bail!(WrongArgument("--batch and --seconds must be above 0".to_owned()));
    }
    let device = open_device(&args.device).map_err(WrongArgument::new)?;
    if let Some(note) = &device.note {
        eprintln!("{note}");
    }
    let names: Vec<String> = if args.network.is_empty() {
        preset_names().filter(|name| is_small(name)).map(str::to_owned).collect()
    } else {
        args.network.clone()
    };
    if !args.json {
        println!("{}, batches of {}, Adam", device.info.name, args.batch);
        println!(
            "{:<14} {:>10} {:>9} {:>9}   {:>10} {:>9}   {:>9}",
            "network", "training", "", "", "inference", "", "peak"
        );
        println!(
            "{:<14} {:>10} {:>9} {:>9}   {:>10} {:>9}   {:>9}",
            "", "images/s", "ms/step", "GFLOP/s", "images/s", "GFLOP/s", "MiB"
        );
    }
    for name in names {
        let architecture = resolve(&name).map_err(WrongArgument::new)?;
        let row = bench(&architecture, &device, args.batch, args.seconds, !args.inference)?;
        if args.json { println!("{}", serde_json::to_string(&row)?) } else { print_row(&row) }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a step of a hundred images fits into any machine's memory: those for photographs are measured when named.
fn is_small(name: &str) -> bool {
    preset(name).is_some_and(|architecture| architecture.input.units() <= MOST_PIXELS)
}

fn print_row(row: &BenchRow) {
    let number = |value: Option<f64>, decimals: usize| {
        value.map_or_else(|| "-".to_owned(), |value| format!("{value:.decimals$}"))
    };
    println!(
        "{:<14} {:>10} {:>9} {:>9}   {:>10.0} {:>9.1}   {:>9}",
        row.network,
        number(row.train_images_per_second, 0),
        number(row.train_images_per_second.map(|rate| 1000.0 * row.batch as f64 / rate), 2),
        number(row.train_gflops, 1),
        row.inference_images_per_second,
        row.inference_gflops,
        row.peak_memory_mib.map_or_else(|| "-".to_owned(), |mib| mib.to_string()),
    );
}
