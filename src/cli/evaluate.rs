//! `glassbox evaluate`.

use super::WrongArgument;
use crate::data::Unwatched;
use crate::engine::{RunFolder, open_device, write_atomically};
use crate::experiments::{HeldOut, Training};
use crate::train::Evaluation;
use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct EvaluateArgs {
    /// A run folder: its last checkpoint is evaluated.
    #[arg(value_name = "RUN_FOLDER")]
    run: PathBuf,
    /// On which images.
    #[arg(long, value_enum, default_value_t = Images::Test)]
    split: Images,
    /// Where to evaluate: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Write every mistake, the surest first, as CSV.
    #[arg(long, value_name = "FILE")]
    mistakes: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Images {
    Validation,
    Test,
}

pub(super) fn run(args: &EvaluateArgs) -> anyhow::Result<ExitCode> {
    let device = open_device(&args.device).map_err(WrongArgument::new)?;
    let checkpoint = RunFolder::checkpoint(&args.run).map_err(WrongArgument::new)?;
    let training = Training::resume(&checkpoint, None, &device.device, device.on_host, &Unwatched)
        .with_context(|| format!("{} cannot be taken up", args.run.display()))?;
    let split = match args.split {
        Images::Validation => HeldOut::Validation,
        Images::Test => HeldOut::Test,
    };
    let evaluation = training
        .evaluate(split, |_| ())
        .ok_or_else(|| WrongArgument("this run holds no images out: use --split test".to_owned()))?;
    let names = training.class_names();
    if let Some(path) = &args.mistakes {
        write_mistakes(path, &evaluation, split, names)?;
    }
    let text = if args.json { as_json(&evaluation, split, names)? } else { as_text(&evaluation, split, names) };
    // A reader that went away is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{text}");
    Ok(ExitCode::SUCCESS)
}

fn as_json(evaluation: &Evaluation, split: HeldOut, names: &[String]) -> anyhow::Result<String> {
    let mut value = serde_json::to_value(evaluation)?;
    value["split"] = json!(split.name());
    value["class_names"] = json!(names);
    value["mean_confidence"] = json!(evaluation.mean_confidence());
    value["maximum_calibration_error"] = json!(evaluation.maximum_calibration_error());
    Ok(value.to_string())
}

fn as_text(evaluation: &Evaluation, split: HeldOut, names: &[String]) -> String {
    let mut lines = vec![
        format!(
            "{} errors among {} {} images at step {} ({:.2}% right)",
            evaluation.errors,
            evaluation.examples,
            split.name(),
            evaluation.step,
            evaluation.accuracy * 100.0
        ),
        format!(
            "loss {:.5} nats, expected calibration error {:.2}%, maximum {:.2}%",
            evaluation.loss,
            evaluation.calibration_error * 100.0,
            evaluation.maximum_calibration_error() * 100.0
        ),
        String::new(),
        format!("{:<12} {:>7} {:>10} {:>8} {:>8}  taken for", "class", "images", "precision", "recall", "f1"),
    ];
    for (class, figures) in evaluation.classes.iter().enumerate() {
        let row = evaluation.confusion[class].iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
        lines.push(format!(
            "{:<12} {:>7} {:>9.2}% {:>7.2}% {:>7.2}%  {row}",
            name(names, class),
            figures.examples,
            figures.precision * 100.0,
            figures.recall * 100.0,
            figures.f1 * 100.0
        ));
    }
    lines.join("\n")
}

fn write_mistakes(path: &Path, evaluation: &Evaluation, split: HeldOut, names: &[String]) -> anyhow::Result<()> {
    let mut mistakes: Vec<usize> =
        (0..evaluation.outcomes.len()).filter(|&index| !evaluation.outcomes[index].is_right()).collect();
    mistakes.sort_by(|&a, &b| evaluation.outcomes[b].confidence.total_cmp(&evaluation.outcomes[a].confidence));
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["split", "index", "label", "predicted", "confidence", "probability_of_label"])?;
    for index in mistakes {
        let outcome = evaluation.outcomes[index];
        writer.write_record([
            split.name(),
            &index.to_string(),
            &name(names, usize::from(outcome.label)),
            &name(names, usize::from(outcome.predicted)),
            &outcome.confidence.to_string(),
            &outcome.truth.to_string(),
        ])?;
    }
    write_atomically(path, &writer.into_inner()?)?;
    Ok(())
}

fn name(names: &[String], class: usize) -> String {
    names.get(class).cloned().unwrap_or_else(|| class.to_string())
}
