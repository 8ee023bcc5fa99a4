//! The folder of an experiment of several networks: enough to take it up, to look at it again, and to report on it.
//!
//! `config.toml` its settings; `metrics.csv` every point of every curve, a network's series beginning with its name;
//! `events.jsonl` what happened and when; `checkpoints/<network>.safetensors` each network that has learned all it will;
//! `figures/<name>.png` each picture; `results.json` once everything is measured; `report.md` the same for people.

use super::files::{FileError, cut_torn_line, remove_left_behind, write_atomically};
use super::folder::{CONFIG, EVENTS, FolderError, HEADER, METRICS, append};
use crate::experiments::{Config, ExperimentConfig, Finished};
use crate::nets::Checkpoint;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const CHECKPOINTS: &str = "checkpoints";
const FIGURES: &str = "figures";
const RESULTS: &str = "results.json";
const REPORT: &str = "report.md";
const EXTENSION: &str = "safetensors";

/// An experiment as its folder has it.
pub(super) struct Reopened {
    pub(super) folder: ExperimentFolder,
    pub(super) config: ExperimentConfig,
    pub(super) finished: Finished,
    /// `metrics.csv` of the networks that are done.
    pub(super) rows: String,
}

/// One experiment's folder, or its rows in memory until there is one.
#[derive(Debug, Default)]
pub(super) struct ExperimentFolder {
    path: Option<PathBuf>,
    rows: String,
    events: String,
}

impl ExperimentFolder {
    /// Makes the folder of an experiment that had none. What waits in memory is written by the next [`save`](Self::save).
    ///
    /// # Errors
    /// When the experiment has a folder, this one holds something already, or it cannot be written.
    pub(super) fn make(&mut self, path: &Path, config: &ExperimentConfig) -> Result<(), FolderError> {
        if let Some(path) = &self.path {
            return Err(FolderError::Kept(path.clone()));
        }
        if path.join(CONFIG).exists() {
            return Err(FolderError::Taken(path.to_owned()));
        }
        let checkpoints = path.join(CHECKPOINTS);
        fs::create_dir_all(&checkpoints).map_err(|error| FileError::new("create the folder", &checkpoints, &error))?;
        write_atomically(&path.join(METRICS), HEADER.as_bytes())?;
        write_atomically(&path.join(EVENTS), b"")?;
        write_atomically(&path.join(CONFIG), config.to_toml().as_bytes())?;
        self.path = Some(path.to_owned());
        Ok(())
    }

    /// Opens an experiment after its last network that was done. The rows of all others are dropped: they will come again.
    ///
    /// # Errors
    /// When it is no such folder, its settings or a checkpoint cannot be read, or the disk refuses.
    pub(super) fn reopen(path: &Path) -> Result<Reopened, String> {
        let config = read_config(path)?;
        let finished = read_finished(&path.join(CHECKPOINTS))?;
        let file = path.join(METRICS);
        let written = fs::read_to_string(&file).unwrap_or_default();
        let is_kept = |line: &&str| {
            let series = line.split(',').nth(2).unwrap_or_default();
            line.ends_with('\n') && series.split_once('/').is_some_and(|(name, _)| finished.contains_key(name))
        };
        let rows = written.split_inclusive('\n').skip(1).filter(is_kept);
        let kept: String = std::iter::once(HEADER).chain(rows).collect();
        write_atomically(&file, kept.as_bytes()).map_err(|error| error.to_string())?;
        cut_torn_line(&path.join(EVENTS)).map_err(|error| error.to_string())?;
        remove_left_behind(path);
        remove_left_behind(&path.join(CHECKPOINTS));
        let folder = Self { path: Some(path.to_owned()), ..Self::default() };
        Ok(Reopened { folder, config, finished, rows: kept })
    }

    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// One row of `metrics.csv`.
    pub(super) fn metric(&mut self, step: u64, epoch: f64, series: &str, value: f64) {
        let _ = writeln!(self.rows, "{step},{epoch},{series},{value}");
    }

    /// One line of `events.jsonl`.
    pub(super) fn event(&mut self, event: &serde_json::Value) {
        let _ = writeln!(self.events, "{event}");
    }

    /// Writes the waiting rows, then the network that is done, so that it never speaks of rows that are not there.
    ///
    /// # Errors
    /// When the disk refuses; the rows wait for the next try.
    pub(super) fn save(&mut self, networks: &[(String, Checkpoint)]) -> Result<(), FolderError> {
        let Some(path) = &self.path else { return Ok(()) };
        append(&path.join(METRICS), &mut self.rows)?;
        append(&path.join(EVENTS), &mut self.events)?;
        for (name, checkpoint) in networks {
            write_atomically(&path.join(CHECKPOINTS).join(format!("{name}.{EXTENSION}")), &checkpoint.to_bytes())?;
        }
        Ok(())
    }

    /// Writes pictures, as PNG.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn save_figures(&self, figures: &[(String, Vec<u8>)]) -> Result<(), FolderError> {
        let Some(path) = self.path.as_ref().filter(|_| !figures.is_empty()) else { return Ok(()) };
        let folder = path.join(FIGURES);
        fs::create_dir_all(&folder).map_err(|error| FileError::new("create the folder", &folder, &error))?;
        for (name, png) in figures {
            write_atomically(&folder.join(format!("{name}.png")), png)?;
        }
        Ok(())
    }

    /// # Errors
    /// When the disk refuses.
    pub(super) fn finish(&self, results: &serde_json::Value, report: &str) -> Result<(), FolderError> {
        if let Some(path) = &self.path {
            write_atomically(&path.join(RESULTS), format!("{results:#}\n").as_bytes())?;
            write_atomically(&path.join(REPORT), report.as_bytes())?;
        }
        Ok(())
    }
}

fn read_config(path: &Path) -> Result<ExperimentConfig, String> {
    let file = path.join(CONFIG);
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    ExperimentConfig::from_toml(&text, &file.display().to_string()).map_err(|error| error.to_string())
}

/// Whether a folder is that of an experiment of several networks, rather than of a single run.
pub fn is_experiment(path: &Path) -> bool {
    read_config(path).is_ok()
}

/// What an experiment measured, and which kind it is of.
///
/// # Errors
/// When the folder is none of an experiment, or it is not done.
pub fn read_results(path: &Path) -> Result<(&'static str, serde_json::Value), String> {
    let kind = read_config(path)?.kind();
    let file = path.join(RESULTS);
    let text =
        fs::read_to_string(&file).map_err(|error| format!("{}: {error}; is the experiment done?", file.display()))?;
    let results = serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok((kind, results))
}

fn read_finished(folder: &Path) -> Result<Finished, String> {
    let mut finished = Finished::new();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for file in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = file.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned);
        let Some(name) = name.filter(|_| file.extension().is_some_and(|extension| extension == EXTENSION)) else {
            continue;
        };
        let bytes = fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let origin = file.display().to_string();
        finished.insert(name, Checkpoint::from_bytes(&bytes, &origin).map_err(|error| error.to_string())?);
    }
    Ok(finished)
}
