//! `glassbox lens integrated-gradients`.

use super::super::WrongArgument;
use super::output::{Known, OutArgs, Values};
use super::{ImageArgs, NetworkArgs, UnitArgs};
use crate::lens::IntegratedGradients;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(in crate::cli) struct IntegratedGradientsArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    unit: UnitArgs,
    /// Where the way begins, as --image takes it; without it zeros, the mean picture of a network that standardises.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Points of the way.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    steps: u32,
    #[command(flatten)]
    out: OutArgs,
}

pub(super) fn run(args: &IntegratedGradientsArgs) -> anyhow::Result<ExitCode> {
    args.out.check()?;
    let subject = args.network.open()?;
    let cut = args.unit.cut(&subject)?;
    let image = args.image.read(&subject)?;
    let baseline = match &args.baseline {
        Some(file) => subject.image(file).map_err(WrongArgument::new)?,
        None => vec![0.0; image.len()],
    };
    let network = subject.network();
    let target = args.unit.target();
    let mut way = IntegratedGradients::new(network, cut, target, image, baseline, args.steps as usize)
        .map_err(WrongArgument::new)?;
    while way.advance(network) {}
    let found = way.attribution();
    let values = Values { name: "attribution", shape: network.architecture().input.into(), numbers: &found.values };
    let known = Known {
        activation: found.activation as f32,
        baseline_activation: Some(found.baseline_activation as f32),
        place: found.place,
        ..Known::of(&subject, &args.unit)
    };
    args.out.write(&values, &known)?;
    Ok(ExitCode::SUCCESS)
}
