//! `glassbox lens`: looks into a network, one method a file. What they share stands here.

mod deconv;
mod grad_cam;
mod gradient_input;
mod integrated_gradients;
mod maximise;
mod output;
mod sheet;

use super::WrongArgument;
use crate::engine::open_device;
use crate::experiments::Subject;
use crate::lens::{Place, Target};
use crate::nets::Cut;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Subcommand)]
pub(super) enum LensCommand {
    /// Carry a unit's activation back to the pixels that it came from (Zeiler and Fergus 2013, arXiv 1311.2901).
    ///
    /// The signal starts as the unit's own activation at the output of the layer (as 1 with `--rule gradient`) and goes back to
    /// the image: maxima to where they stood, convolutions by their transposed filters, the rest as the rule says. The
    /// array of an .npz is called `reconstruction`.
    Deconv(deconv::DeconvArgs),
    /// The gradient of a unit times the image.
    ///
    /// The array of an .npz is called `attribution`.
    GradientInput(gradient_input::GradientInputArgs),
    /// The gradient of a unit summed up on the way from an empty image (Sundararajan et al. 2017, arXiv 1703.01365).
    ///
    /// Along the straight way from the baseline to the image. The array of an .npz is called `attribution`; its sum is what the
    /// image changes of the activation, but for the error of the steps.
    IntegratedGradients(integrated_gradients::IntegratedGradientsArgs),
    /// A map of where a class is seen (Selvaraju et al. 2017, arXiv 1610.02391).
    ///
    /// Where in the image a class is seen. The array of an .npz is called `map`, as large as the image, with one channel.
    GradCam(grad_cam::GradCamArgs),
    /// Make an image that a unit answers to strongly.
    ///
    /// From noise, by climbing the gradient. Without --at it is the unit in the middle of its map. The array of an .npz is called
    /// `image`, as the network sees it.
    Maximise(maximise::MaximiseArgs),
    /// The nine strongest images of every unit of a layer on one page (Zeiler and Fergus 2013, figure 2).
    ///
    /// Each is cut to what the unit sees of it, and with --rule carried back to the pixels.
    Sheet(sheet::SheetArgs),
}

pub(super) fn run(command: &LensCommand) -> anyhow::Result<ExitCode> {
    match command {
        LensCommand::Deconv(args) => deconv::run(args),
        LensCommand::GradientInput(args) => gradient_input::run(args),
        LensCommand::IntegratedGradients(args) => integrated_gradients::run(args),
        LensCommand::GradCam(args) => grad_cam::run(args),
        LensCommand::Maximise(args) => maximise::run(args),
        LensCommand::Sheet(args) => sheet::run(args),
    }
}

/// Which network.
#[derive(Args)]
struct NetworkArgs {
    /// A network that comes trained (efficientnet-lite0), a checkpoint of Glassbox, a run folder, or with --weights or --seed any
    /// architecture: a preset's name or the path of a TOML file.
    #[arg(long, value_name = "NAME_OR_FILE", default_value = "efficientnet-lite0")]
    network: String,
    /// Weights for it as safetensors or PyTorch's .pth, with Glassbox's names, torchvision's, or those of `efficientnet_lite_pytorch`.
    #[arg(long, value_name = "FILE", conflicts_with = "seed")]
    weights: Option<PathBuf>,
    /// Give it random weights, drawn with this seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Where to work: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
}

impl NetworkArgs {
    fn open(&self) -> anyhow::Result<Subject> {
        let device = open_device(&self.device).map_err(WrongArgument::new)?;
        if let Some(note) = &device.note {
            eprintln!("{note}");
        }
        let subject = Subject::open(&self.network, self.weights.as_deref(), self.seed, &device.device);
        Ok(subject.map_err(WrongArgument::new)?)
    }
}

#[derive(Args)]
struct ImageArgs {
    /// A picture, made to fit the network's input as `predict` does it; or an .npz with the image as the network sees it,
    /// standardised floats [channels, height, width] named `image`.
    #[arg(long, value_name = "FILE")]
    image: PathBuf,
}

impl ImageArgs {
    /// As the network sees it, `[channels, height, width]`.
    fn read(&self, subject: &Subject) -> Result<Vec<f32>, WrongArgument> {
        subject.image(&self.image).map_err(WrongArgument::new)
    }
}

/// Which unit, and where in its map.
#[derive(Args)]
struct UnitArgs {
    /// The layer whose output is meant, as `glassbox networks --layers` names it; inside a block as `block3/expand`.
    #[arg(long, value_name = "NAME")]
    layer: String,
    /// The unit: a channel of that output, from 0.
    #[arg(long)]
    unit: usize,
    /// A place in the unit's map, from 0; without it the one where the unit is most active.
    #[arg(long, value_name = "Y,X", value_parser = parse_place, conflicts_with = "map")]
    at: Option<[usize; 2]>,
    /// The unit's whole map at once.
    #[arg(long)]
    map: bool,
}

impl UnitArgs {
    fn cut(&self, subject: &Subject) -> Result<Cut, WrongArgument> {
        subject.network().architecture().cut(&self.layer).map_err(WrongArgument::new)
    }

    /// Of the only image.
    fn target(&self) -> Target {
        let place = match self.at {
            Some(place) => Place::At(place),
            None if self.map => Place::WholeMap,
            None => Place::Strongest,
        };
        Target { image: 0, unit: self.unit, place }
    }
}

fn parse_place(text: &str) -> Result<[usize; 2], String> {
    let number = |text: &str| text.trim().parse().ok();
    let place = text.split_once(',').and_then(|(y, x)| Some([number(y)?, number(x)?]));
    place.ok_or_else(|| "give row and column as in 3,5".to_owned())
}
