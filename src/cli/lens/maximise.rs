//! `glassbox lens maximise`.

use super::super::WrongArgument;
use super::output::{Known, OutArgs, Values};
use super::{NetworkArgs, UnitArgs};
use crate::lens::{Maximisation, MaximisationSettings};
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
pub(in crate::cli) struct MaximiseArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    unit: UnitArgs,
    /// Steps uphill.
    #[arg(long, default_value_t = 200)]
    steps: u64,
    /// Root mean square of what a step adds, in standardised pixels, as are all of these.
    #[arg(long, default_value_t = MaximisationSettings::default().step)]
    step: f64,
    /// Share of every pixel that is lost at each step.
    #[arg(long, default_value_t = MaximisationSettings::default().decay)]
    decay: f64,
    /// Deviation of the blur, in pixels; 0 does not blur.
    #[arg(long, default_value_t = MaximisationSettings::default().blur)]
    blur: f64,
    /// Blur after so many steps.
    #[arg(long, default_value_t = MaximisationSettings::default().blur_every)]
    blur_every: usize,
    /// The image moves by at most so many pixels during a step.
    #[arg(long, default_value_t = MaximisationSettings::default().jitter)]
    jitter: usize,
    /// Seed of the noise that it starts from and of the jitter.
    #[arg(long, default_value_t = 0)]
    noise_seed: u64,
    #[command(flatten)]
    out: OutArgs,
}

pub(super) fn run(args: &MaximiseArgs) -> anyhow::Result<ExitCode> {
    args.out.check()?;
    let settings = MaximisationSettings {
        step: args.step,
        decay: args.decay,
        blur: args.blur,
        blur_every: args.blur_every,
        jitter: args.jitter,
        seed: args.noise_seed,
        ..MaximisationSettings::default()
    };
    settings.check().map_err(WrongArgument)?;
    let subject = args.network.open()?;
    let cut = args.unit.cut(&subject)?;
    let network = subject.network();
    let mut climb = Maximisation::new(network, cut, args.unit.target(), settings).map_err(WrongArgument::new)?;
    for _ in 0..args.steps {
        climb.advance(network);
    }
    let known =
        Known { activation: climb.activation(network), place: climb.place(), ..Known::of(&subject, &args.unit) };
    let values = Values { name: "image", shape: network.architecture().input.into(), numbers: climb.image() };
    args.out.write(&values, &known)?;
    Ok(ExitCode::SUCCESS)
}
