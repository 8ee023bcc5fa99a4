//! Run folders: enough to reopen, replay and compare a run, on another machine too.
//!
//! `config.toml` the settings it began with; `architecture.toml`; `metrics.csv` every point of every curve, the same
//! for the same seed; `histograms.jsonl` a line for each quantity of each layer at each look, the same for the same seed
//! too (its bins are those of [`bin_edges`](crate::train::histogram::bin_edges)); `events.jsonl` what happened and when,
//! by the clock; `checkpoints/last.safetensors`, and `checkpoints/best.safetensors` from the epoch with the lowest
//! validation loss; `states/step-000000390.safetensors`, the network as it was at chosen moments; `summary.json` once it is finished; `notes.md` what a
//! person wrote of it.

use super::files::{FileError, cut_torn_line, remove_left_behind, write_atomically};
use super::states::{self, KeptStates, TrainingState};
use crate::experiments::{Config, TrainConfig};
use crate::nets::{Architecture, Checkpoint, CheckpointError};
use crate::train::LayerHistogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const CONFIG: &str = "config.toml";
pub(super) const ARCHITECTURE: &str = "architecture.toml";
pub(super) const METRICS: &str = "metrics.csv";
pub(super) const HISTOGRAMS: &str = "histograms.jsonl";
pub(super) const EVENTS: &str = "events.jsonl";
pub(super) const SUMMARY: &str = "summary.json";
pub(super) use crate::experiments::LAST_CHECKPOINT as CHECKPOINT;
const CHECKPOINTS: &str = "checkpoints";
const BEST: &str = "checkpoints/best.safetensors";
pub(super) const NOTES: &str = "notes.md";
pub(super) const HEADER: &str = "step,epoch,series,value\n";

#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("{0} already holds a run: choose another folder, or take the run up with --resume")]
    Taken(PathBuf),
    #[error("{0} is not a run folder: it has no checkpoints/last.safetensors")]
    NotARun(PathBuf),
    #[error("the run is kept in {0} already")]
    Kept(PathBuf),
}

/// One run's folder. Rows wait in memory until the next [`save`](Self::save), and stay there when the disk refuses them.
///
/// A run that nobody gave a folder keeps all its rows in memory, at about 35 bytes a point, so that a folder that is
/// made late is the same, byte for byte, as one that was there from the start.
#[derive(Debug)]
pub struct RunFolder {
    /// None as long as everything waits in memory.
    path: Option<PathBuf>,
    /// `config.toml` and `architecture.toml`, for a folder that is made late.
    config: String,
    architecture: String,
    rows: String,
    histograms: String,
    events: String,
    states: Arc<KeptStates>,
    /// Steps of those that are in the folder.
    written_states: BTreeSet<u64>,
    /// `summary.json`, likewise.
    summary: Option<String>,
}

/// A line of `histograms.jsonl`.
#[derive(Serialize)]
struct HistogramLine<'a> {
    step: u64,
    epoch: f64,
    #[serde(flatten)]
    layer: &'a LayerHistogram,
}

impl RunFolder {
    /// # Errors
    /// When the folder holds a run already, or cannot be written.
    pub fn create(path: &Path, config: &TrainConfig, architecture: &Architecture) -> Result<Self, FolderError> {
        let mut folder = Self::in_memory(config, architecture);
        folder.make(path)?;
        Ok(folder)
    }

    /// Without a folder, until [`make`](Self::make) gives it one.
    pub fn in_memory(config: &TrainConfig, architecture: &Architecture) -> Self {
        let (config, architecture) = (config.to_toml(), architecture.to_toml());
        Self {
            path: None,
            config,
            architecture,
            rows: String::new(),
            histograms: String::new(),
            events: String::new(),
            states: Arc::default(),
            written_states: BTreeSet::new(),
            summary: None,
        }
    }

    /// Makes the folder of a run that had none. What waits in memory is written by the next [`save`](Self::save).
    ///
    /// # Errors
    /// When the run has a folder, this one holds another run, or the disk refuses; the run has no folder then.
    pub fn make(&mut self, path: &Path) -> Result<(), FolderError> {
        if let Some(path) = &self.path {
            return Err(FolderError::Kept(path.clone()));
        }
        if holds_run(path) {
            return Err(FolderError::Taken(path.to_owned()));
        }
        let checkpoints = path.join(CHECKPOINTS);
        fs::create_dir_all(&checkpoints).map_err(|error| FileError::new("create the folder", &checkpoints, &error))?;
        states::remove_files(path, None)?;
        write_atomically(&path.join(ARCHITECTURE), self.architecture.as_bytes())?;
        write_atomically(&path.join(METRICS), HEADER.as_bytes())?;
        write_atomically(&path.join(HISTOGRAMS), b"")?;
        write_atomically(&path.join(EVENTS), b"")?;
        if let Some(summary) = &self.summary {
            write_atomically(&path.join(SUMMARY), summary.as_bytes())?;
        }
        write_atomically(&path.join(CONFIG), self.config.as_bytes())?;
        self.path = Some(path.to_owned());
        Ok(())
    }

    /// Opens a run where its last checkpoint stands: rows written after it are dropped, since they will come again, and so
    /// is what a killed program left half written.
    ///
    /// # Errors
    /// When there is no checkpoint, it is damaged, or the folder cannot be written.
    pub fn reopen(path: &Path) -> Result<(Self, Checkpoint), FolderError> {
        let checkpoint = Self::checkpoint(path)?;
        // Settings and architecture stand in the folder already.
        let mut folder = Self {
            path: Some(path.to_owned()),
            config: String::new(),
            architecture: String::new(),
            rows: String::new(),
            histograms: String::new(),
            events: String::new(),
            states: Arc::new(KeptStates::read(path)),
            written_states: BTreeSet::new(),
            summary: None,
        };
        folder.written_states = folder.states.list().iter().map(|state| state.step).collect();
        folder.go_back(&checkpoint)?;
        cut_torn_line(&path.join(EVENTS))?;
        remove_left_behind(path);
        remove_left_behind(&path.join(CHECKPOINTS));
        Ok((folder, checkpoint))
    }

    /// The last checkpoint of a run folder.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn checkpoint(path: &Path) -> Result<Checkpoint, FolderError> {
        let file = path.join(CHECKPOINT);
        if !file.is_file() {
            return Err(FolderError::NotARun(path.to_owned()));
        }
        let bytes = fs::read(&file).map_err(|error| FileError::new("read", &file, &error))?;
        Ok(Checkpoint::from_bytes(&bytes, &file.display().to_string())?)
    }

    /// None as long as the run is kept in memory.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// One row of `metrics.csv`.
    pub fn metric(&mut self, step: u64, epoch: f64, series: &str, value: f64) {
        let _ = writeln!(self.rows, "{step},{epoch},{series},{value}");
    }

    /// A line of `histograms.jsonl` for each of them.
    pub fn histograms(&mut self, step: u64, epoch: f64, layers: &[LayerHistogram]) {
        for layer in layers {
            let line = serde_json::to_string(&HistogramLine { step, epoch, layer }).expect("histograms are plain data");
            self.histograms.push_str(&line);
            self.histograms.push('\n');
        }
    }

    /// One line of `events.jsonl`.
    pub fn event(&mut self, event: &serde_json::Value) {
        let _ = writeln!(self.events, "{event}");
    }

    /// The states of the network that are kept so far.
    pub fn states(&self) -> &Arc<KeptStates> {
        &self.states
    }

    /// Keeps a state of the network, in memory until the next [`save`](Self::save) and beyond.
    pub fn keep_state(&mut self, state: TrainingState) {
        Arc::make_mut(&mut self.states).keep(state);
    }

    /// Lets go of the states in memory; those that were written stay.
    pub(super) fn forget_states(&mut self) {
        self.states = Arc::default();
    }

    /// Writes the waiting rows and states, and the checkpoint last, so that it never speaks of rows that are not there.
    ///
    /// # Errors
    /// When the disk refuses; what is already written stays good, and the rows wait for the next try.
    pub fn save(&mut self, checkpoint: Option<&Checkpoint>) -> Result<(), FolderError> {
        let Some(path) = &self.path else { return Ok(()) };
        append(&path.join(METRICS), &mut self.rows)?;
        append(&path.join(HISTOGRAMS), &mut self.histograms)?;
        append(&path.join(EVENTS), &mut self.events)?;
        self.states.write(path, &mut self.written_states)?;
        if let Some(checkpoint) = checkpoint {
            write_atomically(&path.join(CHECKPOINT), &checkpoint.to_bytes())?;
        }
        Ok(())
    }

    /// Keeps the state with the lowest loss on the images held out.
    ///
    /// # Errors
    /// When the disk refuses; the best before is kept then.
    pub fn save_best(&self, checkpoint: &Checkpoint) -> Result<(), FolderError> {
        if let Some(path) = &self.path {
            write_atomically(&path.join(BEST), &checkpoint.to_bytes())?;
        }
        Ok(())
    }

    /// # Errors
    /// When the disk refuses.
    pub fn finish(&mut self, summary: &serde_json::Value) -> Result<(), FolderError> {
        let text = format!("{summary:#}\n");
        match &self.path {
            Some(path) => write_atomically(&path.join(SUMMARY), text.as_bytes())?,
            None => self.summary = Some(text),
        }
        Ok(())
    }

    /// Drops the rows that were written after a checkpoint: they will come again.
    ///
    /// # Errors
    /// When the disk refuses; what waits in memory is kept then, and each file is either cut or as it was.
    pub fn go_back(&mut self, checkpoint: &Checkpoint) -> Result<(), FolderError> {
        let (step, validated_at) = (checkpoint.state("step")?, checkpoint.state("validated_at")?);
        let is_kept = |line: &&str| is_before(line, step, validated_at);
        Arc::make_mut(&mut self.states).go_back(step);
        let Some(path) = &self.path else {
            self.rows = self.rows.split_inclusive('\n').filter(is_kept).collect();
            self.histograms = looks_until(step, self.histograms.split_inclusive('\n'));
            return Ok(());
        };
        let file = path.join(METRICS);
        let written = fs::read_to_string(&file).map_err(|error| FileError::new("read", &file, &error))?;
        let rows = written.split_inclusive('\n').skip(1).chain(self.rows.split_inclusive('\n'));
        let kept: String = std::iter::once(HEADER).chain(rows.filter(is_kept)).collect();
        write_atomically(&file, kept.as_bytes())?;
        self.rows.clear();
        // A folder of an older version has no histograms yet.
        let file = path.join(HISTOGRAMS);
        let written = match fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|error| FileError::new("read", &file, &error))?,
        };
        let lines = written.split_inclusive('\n').chain(self.histograms.split_inclusive('\n'));
        write_atomically(&file, looks_until(step, lines).as_bytes())?;
        self.histograms.clear();
        states::remove_files(path, Some(step))?;
        self.written_states.retain(|written| *written <= step);
        Ok(())
    }
}

/// Whether there is something to lose: a program that was killed before the first checkpoint leaves a run that neither
/// can be taken up nor measured anything.
fn holds_run(path: &Path) -> bool {
    let has_rows = || fs::metadata(path.join(METRICS)).is_ok_and(|data| data.len() > HEADER.len() as u64);
    let is_stillborn = || path.join(ARCHITECTURE).exists() && !path.join(CHECKPOINT).exists() && !has_rows();
    path.join(CONFIG).exists() && !is_stillborn()
}

/// The lines of `histograms.jsonl` up to a step.
fn looks_until<'a>(step: u64, lines: impl Iterator<Item = &'a str>) -> String {
    lines.filter(|line| step_of(line).is_some_and(|of| of <= step)).collect()
}

/// Keeps what a person wrote of a run in its folder.
///
/// # Errors
/// When the disk refuses.
pub fn write_notes(folder: &Path, text: &str) -> Result<(), FileError> {
    write_atomically(&folder.join(NOTES), text.as_bytes())
}

fn is_before(line: &str, step: u64, validated_at: u64) -> bool {
    let mut fields = line.split(',');
    let row = fields.next().and_then(|field| field.parse::<u64>().ok());
    let series = fields.nth(1).unwrap_or_default();
    let of_evaluation = series.starts_with("validation/") || series.starts_with("test/");
    let last = if of_evaluation { validated_at } else { step };
    line.ends_with('\n') && !series.starts_with("test/") && row.is_some_and(|row| row <= last)
}

/// The step of a whole line of `histograms.jsonl`.
fn step_of(line: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Step {
        step: u64,
    }
    line.ends_with('\n').then(|| serde_json::from_str::<Step>(line).ok().map(|found| found.step))?
}

/// Appends and empties `text`. When only a part fits on the disk, the file is cut back to what it was.
pub(super) fn append(path: &Path, text: &mut String) -> Result<(), FileError> {
    if text.is_empty() {
        return Ok(());
    }
    let fail = |error: std::io::Error| FileError::new("append to", path, &error);
    let mut file = OpenOptions::new().create(true).append(true).open(path).map_err(fail)?;
    let length = file.metadata().map_err(fail)?.len();
    if let Err(error) = file.write_all(text.as_bytes()).and_then(|()| file.sync_data()) {
        let _ = file.set_len(length);
        return Err(fail(error));
    }
    text.clear();
    Ok(())
}
