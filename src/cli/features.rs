//! `glassbox features`: a network's activations for a whole data set, for other programs.

use super::bar::bar;
use super::interrupt::{INTERRUPTED, listen};
use super::{WrongArgument, data::Opening};
use crate::data::{
    DataError, Dataset, Files, Fit, ImageOptions, ImageShape, NpzWriter, SceneSpec, Source, decode_image, fit_pixels,
    look_at_image, named_with,
};
use crate::engine::{open_device, write_atomically_with};
use crate::experiments::Classifier;
use crate::nets::{Cut, Shape};
use anyhow::bail;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// More bytes are not read of one file.
const LARGEST_FILE: u64 = 256 << 20;

#[derive(Args)]
pub(super) struct FeaturesArgs {
    /// A network that comes trained (efficientnet-lite0), a checkpoint of Glassbox, or with --weights any architecture: a
    /// preset's name or the path of a TOML file.
    #[arg(long, value_name = "NAME_OR_FILE", default_value = "efficientnet-lite0")]
    network: String,
    /// Weights for it as safetensors or PyTorch's .pth, with Glassbox's names, torchvision's, or those of `efficientnet_lite_pytorch`.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// A data set, as `glassbox data info` takes it, or images without classes: a folder, an archive, or one file.
    #[arg(long, value_name = "NAME_OR_PATH")]
    data: String,
    /// Which of its images.
    #[arg(long, value_enum, default_value_t = Part::All)]
    split: Part,
    /// How images of another shape take the network's: crop, stretch or pad.
    #[arg(long, default_value_t, value_name = "HOW")]
    images: ImageOptions,
    /// The layer whose output is written, by its name (see `glassbox networks NAME --layers`), or by `BLOCK/LAYER`.
    #[arg(long)]
    layer: String,
    /// Where to work: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Images that go through the network together.
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// The .npz to write: `features`, `[n, units]` or `[n, channels, height, width]`, with `labels` and `class_names` if
    /// there are classes, and `paths` if images are files.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    Train,
    Test,
    /// The training images, then the test images.
    All,
}

pub(super) fn run(args: &FeaturesArgs) -> anyhow::Result<ExitCode> {
    if args.batch == 0 {
        bail!(WrongArgument("--batch must be at least 1".to_owned()));
    }
    if args.images != (ImageOptions { fit: args.images.fit, ..ImageOptions::default() }) {
        bail!(WrongArgument("--images takes crop, stretch or pad: size and channels are the network's".to_owned()));
    }
    let device = open_device(&args.device).map_err(WrongArgument::new)?;
    let classifier =
        Classifier::open(&args.network, args.weights.as_deref(), &device.device).map_err(WrongArgument::new)?;
    let architecture = classifier.network().architecture();
    let cut = architecture.cut(&args.layer).map_err(WrongArgument::new)?;
    let shape = architecture.cut_shape(cut)?;
    let interrupted = listen()?;
    let covers = classifier.preparation().covers;
    let images = match open(args, covers, &interrupted) {
        Err(_) if interrupted.load(Ordering::Relaxed) => return Ok(ExitCode::from(INTERRUPTED)),
        images => images?,
    };
    let bar = bar(Some(images.len() as u64), "{pos}/{len} images, {eta} left", false);
    let extraction = Extraction { classifier: &classifier, cut, shape, images: &images, batch: args.batch };
    let written = write_atomically_with(&args.out, |file| extraction.write(file, &bar, &interrupted));
    bar.finish_and_clear();
    if written.is_err() && interrupted.load(Ordering::Relaxed) {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    written?;
    // A reader that went away is no reason to fail.
    let (out, layer) = (args.out.display(), &args.layer);
    let _ = writeln!(io::stdout(), "{out}: {} images, {shape} features each, of {layer}", images.len());
    Ok(ExitCode::SUCCESS)
}

/// What goes through the network.
enum Images {
    Labelled {
        parts: Vec<Arc<Dataset>>,
        covers: ImageShape,
        fit: Fit,
    },
    /// Without classes: pixels in the shape of the network, and where each image is.
    Loose {
        pixels: Vec<Vec<u8>>,
        paths: Vec<String>,
    },
}

fn open(args: &FeaturesArgs, covers: ImageShape, interrupted: &AtomicBool) -> Result<Images, WrongArgument> {
    let fit = args.images.fit;
    let options = if SceneSpec::is_meant_by(&args.data) {
        // A size would be that of their canvas: scenes take the network's shape when they are composed.
        ImageOptions { fit, ..ImageOptions::default() }
    } else {
        ImageOptions { size: Some((covers.height, covers.width)), fit, grey: Some(covers.channels == 1) }
    };
    let opening = Opening::new(interrupted, false);
    match named_with(&args.data, &options, &opening) {
        Ok(source) => labelled(args.split, source, covers, fit),
        Err(error) if is_loose(&error, &args.data) => loose(Path::new(&args.data), covers, fit),
        Err(error) => Err(WrongArgument::new(error)),
    }
}

/// Whether these are images, though in no folders of classes.
fn is_loose(error: &DataError, path: &str) -> bool {
    let is_small = || std::fs::metadata(path).is_ok_and(|data| data.is_file() && data.len() <= LARGEST_FILE);
    let is_image = || std::fs::read(path).is_ok_and(|bytes| look_at_image(&bytes).is_ok());
    matches!(error, DataError::NoClassFolders { .. }) || (is_small() && is_image())
}

fn labelled(part: Part, source: Source, covers: ImageShape, fit: Fit) -> Result<Images, WrongArgument> {
    for damaged in &*source.damaged {
        eprintln!("glassbox: left out: {}: {}", damaged.file, damaged.reason);
    }
    let channels = source.train.shape().channels;
    if !matches!(channels, 1 | 3) {
        let name = source.name;
        return Err(WrongArgument(format!("{name} has images of {channels} channels, and the network sees 1 or 3")));
    }
    let parts = match part {
        Part::Train => vec![source.train],
        Part::Test => vec![source.test],
        Part::All => vec![source.train, source.test],
    };
    Ok(Images::Labelled { parts, covers, fit })
}

/// Images of which nothing but their files is known.
fn loose(path: &Path, covers: ImageShape, fit: Fit) -> Result<Images, WrongArgument> {
    let files = Files::open_any(path).map_err(WrongArgument::new)?;
    let places: Vec<usize> = (0..files.entries().len()).collect();
    let decoded: Vec<OnceLock<Result<Vec<u8>, String>>> = places.iter().map(|_| OnceLock::new()).collect();
    files.read_each(&places, LARGEST_FILE, |at, bytes| {
        let bytes = bytes.map_err(|error| format!("it cannot be read ({error})"));
        let picture = bytes.and_then(|bytes| decode_image(&bytes, covers, fit).map_err(|fault| fault.to_string()));
        decoded[at].set(picture).is_ok()
    });
    let (mut pixels, mut paths) = (Vec::new(), Vec::new());
    for (place, picture) in decoded.into_iter().enumerate() {
        match picture.into_inner() {
            Some(Ok(picture)) => {
                pixels.push(picture);
                paths.push(files.entries()[place].path.clone());
            }
            Some(Err(reason)) => eprintln!("glassbox: left out: {}: {reason}", files.full_path(place)),
            None => eprintln!("glassbox: left out: {}: it could not be opened", files.full_path(place)),
        }
    }
    if pixels.is_empty() {
        return Err(WrongArgument(format!("no image in {} can be opened", path.display())));
    }
    Ok(Images::Loose { pixels, paths })
}

impl Images {
    fn len(&self) -> usize {
        match self {
            Self::Labelled { parts, .. } => parts.iter().map(|part| part.len()).sum(),
            Self::Loose { pixels, .. } => pixels.len(),
        }
    }

    /// Calls `visit` with so many images at a time, in the shape that the network's preparation names.
    fn each_batch(&self, batch: usize, mut visit: impl FnMut(&[&[u8]]) -> io::Result<()>) -> io::Result<()> {
        match self {
            Self::Loose { pixels, .. } => {
                pixels.chunks(batch).try_for_each(|images| visit(&images.iter().map(Vec::as_slice).collect::<Vec<_>>()))
            }
            Self::Labelled { parts, covers, fit } => parts.iter().try_for_each(|part| {
                (0..part.len()).step_by(batch).try_for_each(|first| {
                    let images = (first..part.len().min(first + batch)).map(|i| part.image(i));
                    if part.shape() == *covers {
                        return visit(&images.collect::<Vec<_>>());
                    }
                    let fitted: Vec<_> = images.map(|image| fit_pixels(image, part.shape(), *covers, *fit)).collect();
                    visit(&fitted.iter().map(Vec::as_slice).collect::<Vec<_>>())
                })
            }),
        }
    }

    /// What is known of the images, beside their features.
    fn write_facts(&self, npz: &mut NpzWriter<BufWriter<&mut File>>) -> io::Result<()> {
        let Self::Labelled { parts, .. } = self else {
            return self.paths().map_or(Ok(()), |paths| npz.texts("paths", &paths));
        };
        let labels: Vec<i64> = parts.iter().flat_map(|part| (0..part.len()).map(|i| part.label(i) as i64)).collect();
        npz.integers("labels", labels.into_iter())?;
        npz.texts("class_names", parts[0].class_names())?;
        self.paths().map_or(Ok(()), |paths| npz.texts("paths", &paths))
    }

    fn paths(&self) -> Option<Vec<String>> {
        match self {
            Self::Loose { paths, .. } => Some(paths.clone()),
            Self::Labelled { parts, .. } => {
                let files: Option<Vec<&[String]>> = parts.iter().map(|part| part.files()).collect();
                files.map(|files| files.concat())
            }
        }
    }
}

struct Extraction<'a> {
    classifier: &'a Classifier,
    cut: Cut,
    shape: Shape,
    images: &'a Images,
    batch: usize,
}

impl Extraction<'_> {
    /// One batch is in memory at a time.
    fn write(&self, file: &mut File, bar: &ProgressBar, interrupted: &AtomicBool) -> io::Result<()> {
        let mut npz = NpzWriter::new(BufWriter::new(file));
        let [_, channels, height, width] = self.shape.batched(1);
        let sides = [self.images.len(), channels, height, width];
        npz.begin_floats("features", if self.shape.is_vector() { &sides[..2] } else { &sides })?;
        self.images.each_batch(self.batch, |pictures| {
            if interrupted.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let seen: Vec<Vec<u8>> = pictures.iter().map(|picture| self.classifier.seen_of(picture)).collect();
            npz.floats(&self.classifier.activations(&seen, self.cut))?;
            bar.inc(pictures.len() as u64);
            Ok(())
        })?;
        self.images.write_facts(&mut npz)?;
        npz.finish()?.flush()
    }
}
