//! `glassbox data`: what is in a data set, and data sets that are fetched.

use super::WrongArgument;
use super::bar::bar;
use crate::data::{
    Damaged, Dataset, Download, FetchProgress, ImageOptions, Progress, Source, Split, Standardisation, downloads,
    named_with,
};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(Subcommand)]
pub(super) enum DataCommand {
    /// Show what is in a data set: images by class, mean and deviation by channel, damaged files.
    Info(InfoArgs),
    /// Fetch a data set from where its makers keep it, into the folder of caches; what was begun goes on.
    Fetch(FetchArgs),
}

#[derive(Args)]
pub(super) struct InfoArgs {
    /// The name of a data set, or a path: a folder or an archive of images by class, IDX files, CIFAR batches, an .npz.
    path: String,
    /// How images of any size become images of one shape: automatic, or some of: a size such as 32x32; crop, stretch or
    /// pad; grey or colour.
    #[arg(long, default_value_t, value_name = "HOW")]
    images: ImageOptions,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct FetchArgs {
    /// cifar10, cifar100 or fashion-mnist.
    name: String,
    /// The address of a folder that has the same files, such as a school's own server.
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
}

pub(super) fn run(command: &DataCommand) -> anyhow::Result<ExitCode> {
    match command {
        DataCommand::Info(args) => info(args),
        DataCommand::Fetch(args) => fetch(args),
    }
}

fn fetch(args: &FetchArgs) -> anyhow::Result<ExitCode> {
    let download = Download::named(&args.name).ok_or_else(|| {
        let known = downloads().map(|download| format!("{} ({})", download.name, download.description)).join(", ");
        WrongArgument(format!("{:?} cannot be fetched. What can: {known}.", args.name))
    })?;
    let folder = download.folder()?;
    if let Some(path) = download.fetched(&folder) {
        println!("{} is there already: {}", download.name, path.display());
        return Ok(ExitCode::SUCCESS);
    }
    let mut watching = FetchBar(bar(None, "{msg} {decimal_bytes}/{decimal_total_bytes}, {eta} left", false));
    let path = download.fetch(&folder, args.mirror.as_deref(), &mut watching)?;
    watching.0.finish_and_clear();
    println!("{} is in {}. Use it as: --data {}", download.name, path.display(), download.name);
    Ok(ExitCode::SUCCESS)
}

fn info(args: &InfoArgs) -> anyhow::Result<ExitCode> {
    // Nothing is half done when it ends by Ctrl-C.
    let interrupted = AtomicBool::new(false);
    let opening = Opening::new(&interrupted, args.json);
    let source = named_with(&args.path, &args.images, &opening).map_err(WrongArgument::new)?;
    drop(opening);
    let standardisation = Standardisation::measure(&Split::all(Arc::clone(&source.train)));
    let text =
        if args.json { as_json(&source, &standardisation).to_string() } else { as_text(&source, &standardisation) };
    // A reader that went away is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(ExitCode::SUCCESS)
}

fn counts(set: &Arc<Dataset>) -> Vec<usize> {
    Split::all(Arc::clone(set)).class_counts()
}

fn as_json(source: &Source, standardisation: &Standardisation) -> Value {
    let shape = source.train.shape();
    let set = |set: &Arc<Dataset>| json!({ "images": set.len(), "by_class": counts(set) });
    json!({
        "name": source.name,
        "shape": [shape.channels, shape.height, shape.width],
        "class_names": source.train.class_names(),
        "train": set(&source.train),
        "test": set(&source.test),
        "mean": standardisation.mean,
        "std": standardisation.std,
        "damaged": *source.damaged,
    })
}

fn as_text(source: &Source, standardisation: &Standardisation) -> String {
    let (train, test) = (&source.train, &source.test);
    let channels = match train.shape().channels {
        1 => &["grey"][..],
        _ => &["red", "green", "blue"],
    };
    let mut lines = vec![format!(
        "{}: {} training and {} test images of {}, {} classes",
        source.name,
        train.len(),
        test.len(),
        train.shape(),
        train.classes()
    )];
    let moments = standardisation.mean.iter().zip(&standardisation.std);
    for (channel, (mean, std)) in moments.enumerate() {
        let name = channels.get(channel).map_or_else(|| format!("channel {channel}"), |&name| name.to_owned());
        lines.push(format!("{name}: mean {mean:.4}, deviation {std:.4} (of 0 to 1, training images)"));
    }
    let width = train.class_names().iter().map(|name| name.chars().count()).max().unwrap_or(0).max("class".len());
    lines.extend([String::new(), format!("{:<width$} {:>8} {:>8}", "class", "training", "test")]);
    for ((name, train), test) in train.class_names().iter().zip(counts(train)).zip(counts(test)) {
        lines.push(format!("{name:<width$} {train:>8} {test:>8}"));
    }
    if !source.damaged.is_empty() {
        let files = if source.damaged.len() == 1 { "file" } else { "files" };
        lines.extend([String::new(), format!("{} {files} could not be opened:", source.damaged.len())]);
        lines.extend(source.damaged.iter().map(|Damaged { file, reason }| format!("{file}: {reason}")));
    }
    lines.join("\n")
}

/// How far fetching is.
struct FetchBar(ProgressBar);

impl FetchProgress for FetchBar {
    fn fetched(&mut self, file: &str, bytes: u64, all: Option<u64>) -> bool {
        self.0.set_message(file.to_owned());
        self.0.set_length(all.unwrap_or(bytes));
        self.0.set_position(bytes);
        true
    }
}

/// How far opening is, and whether it is to go on.
pub(super) struct Opening<'a> {
    bar: ProgressBar,
    interrupted: &'a AtomicBool,
}

impl<'a> Opening<'a> {
    pub(super) fn new(interrupted: &'a AtomicBool, is_hidden: bool) -> Self {
        Self { bar: bar(None, "{pos}/{len} files, {eta} left", is_hidden), interrupted }
    }
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Opening<'_> {
    fn opened(&self, files: usize, of: usize) -> bool {
        self.bar.set_length(of as u64);
        self.bar.set_position(files as u64);
        !self.interrupted.load(Ordering::Relaxed)
    }
}
