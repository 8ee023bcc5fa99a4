//! `glassbox lens deconv`.

use super::super::WrongArgument;
use super::output::{Known, OutArgs, Values};
use super::{ImageArgs, NetworkArgs, UnitArgs};
use crate::lens::reconstruct;
use crate::nets;
use clap::{Args, ValueEnum};
use std::process::ExitCode;

#[derive(Args)]
pub(in crate::cli) struct DeconvArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    unit: UnitArgs,
    /// What the signal loses on its way back.
    #[arg(long, value_enum, default_value_t = Rule::Deconv)]
    rule: Rule,
    #[command(flatten)]
    out: OutArgs,
}

#[derive(Clone, Copy, ValueEnum)]
pub(in crate::cli) enum Rule {
    /// Nonlinearities rectify it, whatever they did on the way up; local response normalisation lets it pass.
    Deconv,
    /// The true derivative everywhere.
    Gradient,
    /// The true derivative, and nonlinearities rectify it besides (Springenberg et al. 2014, arXiv 1412.6806).
    Guided,
}

impl From<Rule> for nets::Rule {
    fn from(rule: Rule) -> Self {
        match rule {
            Rule::Deconv => Self::Deconvolution,
            Rule::Gradient => Self::Gradient,
            Rule::Guided => Self::Guided,
        }
    }
}

pub(super) fn run(args: &DeconvArgs) -> anyhow::Result<ExitCode> {
    args.out.check()?;
    let subject = args.network.open()?;
    let cut = args.unit.cut(&subject)?;
    let image = args.image.read(&subject)?;
    let network = subject.network();
    let found = reconstruct(network, &subject.batch(&[&image]), cut, &[args.unit.target()], args.rule.into());
    let found = found.map_err(WrongArgument::new)?.remove(0);
    let values = Values { name: "reconstruction", shape: network.architecture().input.into(), numbers: &found.values };
    let known = Known { activation: found.activation, place: found.place, ..Known::of(&subject, &args.unit) };
    args.out.write(&values, &known)?;
    Ok(ExitCode::SUCCESS)
}
