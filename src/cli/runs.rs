//! `glassbox runs`: run folders and exported runs, listed, compared, exported.

use super::WrongArgument;
use crate::engine::{RunFormat, StoredRun, export_run, find_runs};
use crate::experiments::{SettingChange, TrainConfig, compare_settings};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Subcommand)]
pub(super) enum RunsCommand {
    /// List the runs in a folder with their best figures.
    List(ListArgs),
    /// Show the settings in which runs differ, beside their best figures.
    Diff(DiffArgs),
    /// Write a run as one zip that opens on any machine, or its curves for other programs.
    Export(ExportArgs),
}

#[derive(Args)]
pub(super) struct ListArgs {
    /// A folder of run folders and exported runs, or one run.
    folder: PathBuf,
    /// As JSON, one object a line.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct DiffArgs {
    /// Run folders or exported runs.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Also the settings in which they agree.
    #[arg(long)]
    all: bool,
    /// As one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub(super) struct ExportArgs {
    /// A run folder, an exported run, or the folder of an experiment.
    run: PathBuf,
    /// The file to write; for TensorBoard a new folder, to be named by its --logdir.
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// zip: the whole run; csv, jsonl: every point of every curve; tensorboard: the same as an event file.
    #[arg(long, default_value_t = RunFormat::Zip)]
    format: RunFormat,
}

pub(super) fn run(command: &RunsCommand) -> anyhow::Result<ExitCode> {
    match command {
        RunsCommand::List(args) => list(args),
        RunsCommand::Diff(args) => diff(args),
        RunsCommand::Export(args) => export(args),
    }
}

fn read(path: &Path) -> Result<StoredRun, WrongArgument> {
    let run = StoredRun::read(path).map_err(WrongArgument::new)?;
    for problem in &run.problems {
        eprintln!("glassbox: {}: {problem}", path.display());
    }
    Ok(run)
}

/// One that cannot be read does not hide the others.
fn list(args: &ListArgs) -> anyhow::Result<ExitCode> {
    let mut table = vec![["run", "state", "epochs", "validation", "test errors", "time", "network"].map(str::to_owned)];
    let mut status = ExitCode::SUCCESS;
    for path in find_runs(&args.folder).map_err(WrongArgument::new)? {
        match read(&path) {
            Ok(run) if args.json => println!("{}", described(&run)),
            Ok(run) => table.push(row(&run)),
            Err(error) => {
                eprintln!("glassbox: {error}");
                status = ExitCode::FAILURE;
            }
        }
    }
    if !args.json {
        print_table(&table);
    }
    Ok(status)
}

fn diff(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let runs = args.runs.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let compared: Vec<(&TrainConfig, &[SettingChange])> =
        runs.iter().map(|run| (&run.config, run.changes.as_slice())).collect();
    let rows: Vec<_> = compare_settings(&compared).into_iter().filter(|row| args.all || row.differs).collect();
    if args.json {
        let settings: serde_json::Map<String, Value> =
            rows.into_iter().map(|row| (row.key, json!(row.values))).collect();
        let runs: Vec<Value> = runs.iter().map(described).collect();
        println!("{}", json!({ "runs": runs, "settings": settings }));
        return Ok(ExitCode::SUCCESS);
    }
    let line = |title: &str, text: fn(&StoredRun) -> String| -> Vec<String> {
        std::iter::once(title.to_owned()).chain(runs.iter().map(text)).collect()
    };
    let mut table = vec![
        line("", |run| run.name.clone()),
        line("validation", validation),
        line("test errors", test_errors),
        line("time", time),
    ];
    table.extend(rows.into_iter().map(|row| std::iter::once(row.key).chain(row.values).collect()));
    print_table(&table);
    Ok(ExitCode::SUCCESS)
}

fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    if args.out.exists() {
        anyhow::bail!(WrongArgument(format!("{} is there already: choose another name", args.out.display())));
    }
    let problems = export_run(&args.run, &args.out, args.format).map_err(WrongArgument::new)?;
    for problem in problems {
        eprintln!("glassbox: {}: {problem}", args.run.display());
    }
    println!("{}", args.out.display());
    Ok(ExitCode::SUCCESS)
}

fn row(run: &StoredRun) -> [String; 7] {
    [
        run.name.clone(),
        state(run).to_owned(),
        format!("{:.2} / {}", run.last_epoch(), run.config.epochs),
        validation(run),
        test_errors(run),
        time(run),
        run.config.network_name().to_owned(),
    ]
}

fn described(run: &StoredRun) -> Value {
    let best = run.best_validation();
    json!({
        "run": run.name, "path": run.path, "state": state(run), "step": run.last_step(), "epoch": run.last_epoch(),
        "best_validation_accuracy": best.map(|(accuracy, _)| accuracy), "best_epoch": best.map(|(_, epoch)| epoch),
        "test_errors": run.summary.as_ref().map(|summary| summary.test_errors), "seconds": run.seconds,
        "has_checkpoint": run.has_checkpoint, "settings": run.config, "problems": run.problems,
    })
}

fn state(run: &StoredRun) -> &'static str {
    if run.summary.is_some() { "finished" } else { "stopped" }
}

fn validation(run: &StoredRun) -> String {
    run.best_validation().map_or_else(unknown, |(accuracy, epoch)| format!("{:.2}% at {epoch:.0}", accuracy * 100.0))
}

fn test_errors(run: &StoredRun) -> String {
    run.summary.as_ref().map_or_else(unknown, |summary| summary.test_errors.to_string())
}

fn time(run: &StoredRun) -> String {
    run.seconds.map_or_else(unknown, super::train::time)
}

fn unknown() -> String {
    "-".to_owned()
}

/// Columns as wide as their widest cell.
fn print_table<R: AsRef<[String]>>(rows: &[R]) {
    let columns = rows.first().map_or(0, |row| row.as_ref().len());
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.as_ref().get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for row in rows {
        let cells = row.as_ref().iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        println!("{}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}
