//! `glassbox lens grad-cam`.

use super::super::WrongArgument;
use super::output::{Known, OutArgs, Values};
use super::{ImageArgs, NetworkArgs};
use crate::lens::{Target, grad_cam, strongest_unit};
use clap::Args;
use std::process::ExitCode;

#[derive(Args)]
pub(in crate::cli) struct GradCamArgs {
    #[command(flatten)]
    network: NetworkArgs,
    #[command(flatten)]
    image: ImageArgs,
    /// The layer whose maps are weighted, as `glassbox networks --layers` names it; inside a block as `block3/expand`. The
    /// last one that has maps is usual.
    #[arg(long, value_name = "NAME")]
    layer: String,
    /// The class: a unit of the last layer, from 0; without it the one of the largest logit.
    #[arg(long)]
    unit: Option<usize>,
    /// Write the map as large as the layer's, not as the image.
    #[arg(long)]
    small: bool,
    #[command(flatten)]
    out: OutArgs,
}

pub(super) fn run(args: &GradCamArgs) -> anyhow::Result<ExitCode> {
    args.out.check()?;
    let subject = args.network.open()?;
    let network = subject.network();
    let maps = network.architecture().cut(&args.layer).map_err(WrongArgument::new)?;
    let image = args.image.read(&subject)?;
    let images = subject.batch(&[&image]);
    let top = network.top().into();
    let unit = args.unit.unwrap_or_else(|| strongest_unit(network, &images, top));
    let target = Target { unit, ..Target::default() };
    let found = grad_cam(network, &images, maps, top, target).map_err(WrongArgument::new)?;
    let input = network.architecture().input;
    let (shape, values) = if args.small {
        ([1, found.size[0], found.size[1]], found.values.clone())
    } else {
        ([1, input.height, input.width], found.enlarged(input.height, input.width))
    };
    let known = Known {
        network: network.architecture().name.clone(),
        layer: args.layer.clone(),
        unit,
        activation: found.activation,
        ..Known::default()
    };
    args.out.write(&Values { name: "map", shape, numbers: &values }, &known)?;
    Ok(ExitCode::SUCCESS)
}
