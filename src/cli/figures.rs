//! `glassbox figures`.

use super::WrongArgument;
use crate::engine::{StoredRun, write_atomically};
use crate::ui::{RunCurves, export, figures};
use anyhow::Context as _;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

#[derive(Args)]
pub(super) struct FiguresArgs {
    /// Run folders or exported runs; several share the plots.
    #[arg(required = true, value_name = "RUN_FOLDER")]
    runs: Vec<PathBuf>,
    /// Where to write loss.svg, loss.png, loss.csv and so on; made if it is not there.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Pixels a point in the PNG files.
    #[arg(long, default_value_t = 2.0)]
    scale: f32,
    /// On white rather than on black.
    #[arg(long)]
    light: bool,
    /// Weight of the past in the smoothed lines, from 0 to 0.999.
    #[arg(long, default_value_t = 0.6)]
    smoothing: f64,
}

pub(super) fn run(args: &FiguresArgs) -> anyhow::Result<ExitCode> {
    if !(args.scale > 0.0 && args.scale <= 16.0) {
        anyhow::bail!(WrongArgument("--scale must be above 0, and at most 16".to_owned()));
    }
    if !(0.0..=0.999).contains(&args.smoothing) {
        anyhow::bail!(WrongArgument("--smoothing must be from 0 to 0.999".to_owned()));
    }
    let runs = args.runs.iter().map(|folder| read(folder)).collect::<anyhow::Result<Vec<_>>>()?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    for figure in figures(&runs, args.smoothing, !args.light) {
        let png = export::png(&figure.svg, args.scale).map_err(anyhow::Error::msg)?;
        let files = [("svg", figure.svg.as_bytes()), ("png", png.as_slice()), ("csv", figure.csv.as_bytes())];
        for (ending, bytes) in files {
            let path = args.out.join(figure.stem).with_extension(ending);
            write_atomically(&path, bytes)?;
            println!("{}", path.display());
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The curves of a run folder, or of an exported run.
fn read(path: &Path) -> anyhow::Result<RunCurves> {
    let run = StoredRun::read(path).map_err(WrongArgument::new)?;
    for problem in &run.problems {
        eprintln!("{}: {problem}", run.name);
    }
    Ok(RunCurves { name: run.name, points: run.points })
}
