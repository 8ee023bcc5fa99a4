//! `glassbox lens sheet`.

use super::super::WrongArgument;
use super::NetworkArgs;
use super::deconv::Rule;
use crate::data::{DataError, ImageOptions, Unwatched, named_with, open_pictures};
use crate::engine::{ImageSet, layer_sheet, open_device, write_atomically};
use crate::experiments::Classifier;
use crate::ui::{contact_sheet, export};
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(in crate::cli) struct SheetArgs {
    #[command(flatten)]
    network: NetworkArgs,
    /// The layer whose units are shown, as `glassbox networks --layers` names it; not one inside a block.
    #[arg(long, value_name = "NAME")]
    layer: String,
    /// Carry each image back to the pixels by this rule; without it the images themselves are shown.
    #[arg(long, value_enum)]
    rule: Option<Rule>,
    /// A data set (its test images are looked through), or a folder or an archive of images without classes.
    #[arg(long, value_name = "NAME_OR_PATH")]
    data: String,
    /// Look through so many images at most.
    #[arg(long, default_value_t = 10_000)]
    count: usize,
    /// Where to write the page: an .svg, or a .png.
    #[arg(long, value_name = "FILE.png|FILE.svg")]
    out: PathBuf,
    /// Pixels a point in a .png.
    #[arg(long, default_value_t = 2.0)]
    scale: f32,
    /// On white rather than on black.
    #[arg(long)]
    light: bool,
}

pub(super) fn run(args: &SheetArgs) -> anyhow::Result<ExitCode> {
    let ends_in = |kind: &str| args.out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(kind));
    if !ends_in("svg") && !ends_in("png") {
        let out = args.out.display();
        anyhow::bail!(WrongArgument(format!("--out takes a file that ends in .svg or .png, not {out}")));
    }
    if !(args.scale > 0.0 && args.scale <= 16.0) {
        anyhow::bail!(WrongArgument("--scale must be above 0, and at most 16".to_owned()));
    }
    let classifier = open(&args.network)?;
    let cut = classifier.network().architecture().cut(&args.layer).map_err(WrongArgument::new)?;
    let images = images(&args.data, args.count)?;
    let sheet = layer_sheet(&classifier, images, cut, args.rule.map(Into::into)).map_err(WrongArgument)?;
    let svg = contact_sheet(&sheet, !args.light);
    if ends_in("svg") {
        write_atomically(&args.out, svg.as_bytes())?;
    } else {
        write_atomically(&args.out, &export::png(&svg, args.scale).map_err(anyhow::Error::msg)?)?;
    }
    let (units, dead) = (sheet.units.len(), sheet.units.iter().filter(|tiles| tiles.is_empty()).count());
    println!(
        "{} of {}: {units} units, {dead} of them active on none of {} images; {}",
        sheet.layer,
        sheet.network,
        sheet.images,
        args.out.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn open(args: &NetworkArgs) -> anyhow::Result<Classifier> {
    let device = open_device(&args.device).map_err(WrongArgument::new)?;
    if let Some(note) = &device.note {
        eprintln!("{note}");
    }
    let classifier = match args.seed {
        Some(seed) => Classifier::untrained(&args.network, seed, &device.device),
        None => Classifier::open(&args.network, args.weights.as_deref(), &device.device),
    };
    Ok(classifier.map_err(WrongArgument::new)?)
}

/// Images without classes are taken for what they are.
fn images(data: &str, most: usize) -> Result<ImageSet, WrongArgument> {
    let (path, options) = (Path::new(data), ImageOptions::default());
    let is_loose =
        path.exists() && matches!(named_with(data, &options, &Unwatched), Err(DataError::NoClassFolders { .. }));
    if is_loose {
        let found = open_pictures(path, most).map_err(WrongArgument::new)?;
        for fault in found.iter().filter_map(|found| found.as_ref().err()) {
            eprintln!("glassbox: left out: {fault}");
        }
        return Ok(ImageSet::Pictures(found.into_iter().flatten().collect()));
    }
    Ok(ImageSet::Data { name: data.to_owned(), options, most })
}
