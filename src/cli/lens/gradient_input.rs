//! `glassbox lens gradient-input`.

use super::super::WrongArgument;
use super::output::{Known, OutArgs, Values};
use super::{ImageArgs, NetworkArgs, UnitArgs};
use crate::lens::gradient_times_input;
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
pub(in crate::cli) struct GradientInputArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    unit: UnitArgs,
    #[command(flatten)]
    out: OutArgs,
}

pub(super) fn run(args: &GradientInputArgs) -> anyhow::Result<ExitCode> {
    args.out.check()?;
    let subject = args.network.open()?;
    let cut = args.unit.cut(&subject)?;
    let image = args.image.read(&subject)?;
    let network = subject.network();
    let found = gradient_times_input(network, &subject.batch(&[&image]), cut, &[args.unit.target()]);
    let found = found.map_err(WrongArgument::new)?.remove(0);
    let values = Values { name: "attribution", shape: network.architecture().input.into(), numbers: &found.values };
    let known = Known { activation: found.activation, place: found.place, ..Known::of(&subject, &args.unit) };
    args.out.write(&values, &known)?;
    Ok(ExitCode::SUCCESS)
}
