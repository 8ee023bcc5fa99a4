//! `glassbox pack`.

use super::WrongArgument;
use crate::engine::{open_device, write_atomically};
use crate::experiments::Classifier;
use crate::nets::Checkpoint;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::process::ExitCode;

/// What an optimiser remembers.
const LEFT_OUT: &str = "optimiser.";

#[derive(Args)]
pub(super) struct PackArgs {
    /// A checkpoint, such as RUN/checkpoints/last.safetensors; with --network, a file of weights that others wrote.
    checkpoint: PathBuf,
    /// The file to write.
    out: PathBuf,
    /// The network that the weights are for: a preset, or the path of a TOML file.
    #[arg(long)]
    network: Option<String>,
    /// half: 16 bits a value, right to three digits; single: 32 bits, as it was trained.
    #[arg(long, value_enum, default_value_t = Precision::Half)]
    precision: Precision,
}

#[derive(Clone, Copy, ValueEnum)]
enum Precision {
    Half,
    Single,
}

/// A network alone: in half precision as those in `assets/networks` are kept, in single precision for other programs.
pub(super) fn run(args: &PackArgs) -> anyhow::Result<ExitCode> {
    let mut checkpoint = if let Some(network) = &args.network {
        let device = open_device("cpu").map_err(WrongArgument::new)?;
        Classifier::open(network, Some(&args.checkpoint), &device.device).map_err(WrongArgument::new)?.to_checkpoint()
    } else {
        let origin = args.checkpoint.display().to_string();
        let bytes = std::fs::read(&args.checkpoint).map_err(|error| WrongArgument(format!("{origin}: {error}")))?;
        Checkpoint::from_bytes(&bytes, &origin).map_err(WrongArgument::new)?
    };
    checkpoint.arrays.retain(|array| !array.name.starts_with(LEFT_OUT));
    let packed = match args.precision {
        Precision::Half => checkpoint
            .to_half_bytes()
            .map_err(|error| WrongArgument(format!("{}: {error} (--precision single)", args.checkpoint.display())))?,
        Precision::Single => checkpoint.to_bytes(),
    };
    write_atomically(&args.out, &packed)?;
    println!("{}: {} bytes", args.out.display(), packed.len());
    Ok(ExitCode::SUCCESS)
}
