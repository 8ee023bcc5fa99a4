//! Headless: the same experiments without a window. Imports `engine` and below, and `ui` to open the window.

mod bar;
mod bench;
mod data;
mod evaluate;
mod experiment;
mod features;
mod figures;
mod find_rate;
mod interrupt;
mod lens;
mod list;
mod pack;
mod predict;
mod report;
mod runs;
mod train;

use crate::experiments::Config;
use clap::{Args, Parser, Subcommand, error::ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;

/// A laboratory for looking inside neural networks while they learn.
///
/// Without a command it opens its window; with one it runs without any.
#[derive(Parser)]
#[command(name = "glassbox", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    window: WindowArgs,
}

#[derive(Args)]
struct WindowArgs {
    /// Where to learn: auto, cpu, gpu, gpu:N, or a part of a device's name.
    #[arg(long, default_value = "auto")]
    device: String,
    /// Keep a run folder for every run in this folder; without it the window writes no runs.
    #[arg(long, value_name = "FOLDER")]
    runs: Option<PathBuf>,
    /// Open these run folders, exported runs, or folders of runs.
    #[arg(long, value_name = "RUN", num_args = 1..)]
    open: Vec<PathBuf>,
    /// Begin with one setting changed, as in `optimiser.learning_rate=0.01`; may be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
    /// Begin with default layout and settings, and remember nothing.
    #[arg(long)]
    fresh: bool,
    /// Show what a frame costs.
    #[arg(long)]
    debug: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Train a network.
    Train(train::TrainArgs),
    /// Run an experiment of several networks: distillation, specialists.
    Run(experiment::ExperimentArgs),
    /// Find a learning rate: a range test on a fresh network (Smith, arXiv 1506.01186).
    FindRate(find_rate::FindRateArgs),
    /// Evaluate the last checkpoint of a run folder: figures by class, confusion, calibration, mistakes.
    Evaluate(evaluate::EvaluateArgs),
    /// List the devices to learn on.
    Devices(list::ListArgs),
    /// List the networks, layer by layer with --layers.
    Networks(list::NetworkArgs),
    /// List the data sets that are built in.
    Datasets(list::ListArgs),
    /// Look into a data set, built in or from disk.
    #[command(subcommand)]
    Data(data::DataCommand),
    /// List, compare and export runs that were kept in folders.
    #[command(subcommand)]
    Runs(runs::RunsCommand),
    /// Draw the curves of run folders as SVG and PNG, with their values as CSV.
    Figures(figures::FiguresArgs),
    /// Put the results of experiments together as Markdown, with the paper's numbers beside ours.
    Report(report::ReportArgs),
    /// Say what is on images: the most probable classes of each, with logits and probabilities.
    Predict(predict::PredictArgs),
    /// Look into a network: what in an image a unit answers to, and more.
    #[command(subcommand)]
    Lens(lens::LensCommand),
    /// Write what crosses a cut of a network, for every image of a data set, as an .npz.
    Features(features::FeaturesArgs),
    /// Write the network of a checkpoint alone, without what the optimiser remembers.
    Pack(pack::PackArgs),
    /// Measure training and inference of each network on a device.
    Bench(bench::BenchArgs),
}

/// A wrong argument.
const WRONG_ARGUMENT: u8 = 2;

/// Runs the program and gives its exit status: 0, 1 for a failure, 2 for a wrong argument, 130 after Ctrl-C.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse_arguments(&error),
    };
    let done = match cli.command {
        None => open_window(cli.window),
        Some(Command::Train(args)) => train::run(args),
        Some(Command::FindRate(args)) => find_rate::run(&args),
        Some(Command::Evaluate(args)) => evaluate::run(&args),
        Some(Command::Run(args)) => experiment::run(&args),
        Some(Command::Devices(args)) => list::devices(&args),
        Some(Command::Networks(args)) => list::networks(&args),
        Some(Command::Datasets(args)) => list::datasets(&args),
        Some(Command::Data(command)) => data::run(&command),
        Some(Command::Runs(command)) => runs::run(&command),
        Some(Command::Figures(args)) => figures::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Predict(args)) => predict::run(&args),
        Some(Command::Lens(command)) => lens::run(&command),
        Some(Command::Features(args)) => features::run(&args),
        Some(Command::Pack(args)) => pack::run(&args),
        Some(Command::Bench(args)) => bench::run(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("glassbox: {error:#}");
        let wrong = error.downcast_ref::<WrongArgument>().is_some();
        ExitCode::from(if wrong { WRONG_ARGUMENT } else { 1 })
    })
}

/// Something the command line asked for that there is not.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongArgument(String);

impl WrongArgument {
    #[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
    fn new(error: impl ToString) -> Self {
        Self(error.to_string())
    }
}

/// Help and version go to standard output; anything else is one line.
fn refuse_arguments(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    eprintln!("glassbox: {first} (see --help)");
    ExitCode::from(WRONG_ARGUMENT)
}

fn open_window(args: WindowArgs) -> anyhow::Result<ExitCode> {
    let changes = parse_settings(&args.settings)?;
    let config = crate::experiments::TrainConfig::default().with_all(changes).map_err(WrongArgument::new)?;
    crate::ui::run(crate::ui::WindowOptions {
        device: args.device,
        folder: args.runs,
        open: args.open,
        config,
        debug: args.debug,
        persist: !args.fresh,
    })?;
    Ok(ExitCode::SUCCESS)
}

/// `key=value`, as often as it was given.
fn parse_settings(settings: &[String]) -> Result<Vec<(String, String)>, WrongArgument> {
    let parse = |setting: &String| {
        let (key, value) =
            setting.split_once('=').ok_or_else(|| WrongArgument(format!("--set takes KEY=VALUE, not `{setting}`")))?;
        Ok((key.trim().to_owned(), value.trim().to_owned()))
    };
    settings.iter().map(parse).collect()
}
