//! `glassbox report`.

use super::WrongArgument;
use crate::engine::{read_results, write_atomically};
use crate::experiments::report;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct ReportArgs {
    /// Folders of experiments that are done, in the order of the report.
    #[arg(required = true)]
    folders: Vec<PathBuf>,
    /// Write it here, rather than to standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What stands above it.
    #[arg(long, default_value = "Results")]
    title: String,
}

pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    let mut text = format!("# {}\n\n", args.title);
    text.push_str(
        "Made by `glassbox report` from the folders of the experiments named below; the figures are ours unless a \
                   column says that they are the paper's.\n\n",
    );
    let read = |folder: &PathBuf| read_results(folder);
    let experiments: Vec<_> = args.folders.iter().map(read).collect::<Result<_, _>>().map_err(WrongArgument::new)?;
    text.push_str(&report::summary(&experiments));
    for (kind, results) in &experiments {
        text.push_str(&report::markdown(kind, results));
    }
    match &args.out {
        Some(out) => write_atomically(out, text.as_bytes())?,
        None => print!("{text}"),
    }
    Ok(ExitCode::SUCCESS)
}
