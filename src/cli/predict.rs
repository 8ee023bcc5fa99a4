//! `glassbox predict`.

use super::WrongArgument;
use crate::data::{Files, Picture};
use crate::engine::open_device;
use crate::experiments::{Classifier, Guess};
use clap::Args;
use serde::Serialize;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::OnceLock;

#[derive(Args)]
pub(super) struct PredictArgs {
    /// A network that comes trained (efficientnet-lite0), a checkpoint of Glassbox, a run folder, or with --weights any architecture: a
    /// preset's name or the path of a TOML file.
    #[arg(long, value_name = "NAME_OR_FILE", default_value = "efficientnet-lite0")]
    network: String,
    /// Weights for it as safetensors or PyTorch's .pth, with Glassbox's names, torchvision's, or those of `efficientnet_lite_pytorch`.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// An image, a folder with images anywhere in it, or an archive of them.
    #[arg(long, value_name = "PATH")]
    data: PathBuf,
    /// So many of the most probable classes of each image.
    #[arg(long, default_value_t = 5)]
    top: usize,
    /// Where to work: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Images that go through the network together.
    #[arg(long, default_value_t = 16)]
    batch: usize,
    /// Print a JSON object an image.
    #[arg(long)]
    json: bool,
}

/// More bytes are not read of one file.
const LARGEST_FILE: u64 = 256 << 20;
/// So many images are decoded together, since each time a compressed archive is read from its beginning.
const AHEAD: usize = 512;

/// What is printed of one image.
#[derive(Serialize)]
struct Line {
    path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    top: Option<Vec<Guess>>,
    /// Why it could not be opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// An image a line, in the order of the paths. An image that cannot be opened is a line that says why; only when none can
/// is the exit status 1.
pub(super) fn run(args: &PredictArgs) -> anyhow::Result<ExitCode> {
    if args.top == 0 || args.batch == 0 {
        return Err(WrongArgument("--top and --batch must be at least 1".to_owned()).into());
    }
    let device = open_device(&args.device).map_err(WrongArgument::new)?;
    let classifier =
        Classifier::open(&args.network, args.weights.as_deref(), &device.device).map_err(WrongArgument::new)?;
    let files = Files::open_any(&args.data).map_err(WrongArgument::new)?;
    if files.entries().is_empty() {
        return Err(WrongArgument(format!("there is no file in {}", args.data.display())).into());
    }
    let (mut out, mut predicted) = (std::io::stdout().lock(), false);
    let places: Vec<usize> = (0..files.entries().len()).collect();
    for places in places.chunks(args.batch.max(AHEAD)) {
        let pictures = decode(&classifier, &files, places);
        for (places, pictures) in places.chunks(args.batch).zip(pictures.chunks(args.batch)) {
            for line in predict(&classifier, &files, places, pictures, args.top) {
                predicted |= line.top.is_some();
                let text = if args.json { serde_json::to_string(&line)? } else { as_text(&line) };
                if writeln!(out, "{text}").is_err() {
                    // A reader that went away is no reason to fail.
                    return Ok(ExitCode::SUCCESS);
                }
            }
        }
    }
    Ok(if predicted { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the network sees of the files at these places, in their order, or what is wrong with a file.
fn decode(classifier: &Classifier, files: &Files, places: &[usize]) -> Vec<Result<Vec<u8>, String>> {
    let pictures: Vec<OnceLock<Result<Vec<u8>, String>>> = places.iter().map(|_| OnceLock::new()).collect();
    files.read_each(places, LARGEST_FILE, |at, bytes| {
        let bytes = bytes.map_err(|error| format!("it cannot be read ({error})"));
        let seen = |bytes| classifier.seen(&Picture::of_file("", bytes)).map_err(|fault| fault.to_string());
        let picture = bytes.and_then(seen);
        pictures[at].set(picture).is_ok()
    });
    let missing = || Err("it could not be opened".to_owned());
    pictures.into_iter().map(|picture| picture.into_inner().unwrap_or_else(missing)).collect()
}

fn predict(
    classifier: &Classifier,
    files: &Files,
    places: &[usize],
    pictures: &[Result<Vec<u8>, String>],
    top: usize,
) -> Vec<Line> {
    let readable: Vec<&[u8]> = pictures.iter().filter_map(|picture| picture.as_deref().ok()).collect();
    let mut logits = if readable.is_empty() { Vec::new() } else { classifier.logits(&readable) }.into_iter();
    let line = |(&place, picture): (&usize, &Result<Vec<u8>, String>)| {
        let path = files.full_path(place);
        match picture {
            Ok(_) => Line { path, top: logits.next().map(|logits| classifier.guesses(&logits, top)), error: None },
            Err(error) => Line { path, top: None, error: Some(error.clone()) },
        }
    };
    places.iter().zip(pictures).map(line).collect()
}

fn as_text(line: &Line) -> String {
    let Some(top) = &line.top else {
        return format!("{}: {}", line.path, line.error.as_deref().unwrap_or("it could not be opened"));
    };
    let guesses = top.iter().map(|guess| format!("{} {:.1}%", guess.name, 100.0 * guess.probability));
    format!("{}: {}", line.path, guesses.collect::<Vec<_>>().join(", "))
}
