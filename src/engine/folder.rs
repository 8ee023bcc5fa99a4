//! Run folders: enough to reopen, replay and compare a run, on another machine too.
//!
//! `config.toml` the settings it began with; `architecture.toml`; `metrics.csv` every point of every curve, the same
//! for the same seed; `events.jsonl` what happened and when, by the clock; `checkpoints/last.safetensors`,
//! and `checkpoints/best.safetensors` from the epoch with the lowest validation loss; `summary.json` once it is finished.

use super::files::{FileError, write_atomically};
use crate::experiments::TrainConfig;
use crate::nets::{Architecture, Checkpoint, CheckpointError};
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const CONFIG: &str = "config.toml";
const ARCHITECTURE: &str = "architecture.toml";
const METRICS: &str = "metrics.csv";
const EVENTS: &str = "events.jsonl";
const SUMMARY: &str = "summary.json";
const CHECKPOINT: &str = "checkpoints/last.safetensors";
const BEST: &str = "checkpoints/best.safetensors";
const HEADER: &str = "step,epoch,series,value\n";

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
}

/// One run's folder. Rows wait in memory until the next [`save`](Self::save), and stay there when the disk refuses them.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    rows: String,
    events: String,
}

impl RunFolder {
    /// # Errors
    /// When the folder holds a run already, or cannot be written.
    pub fn create(path: &Path, config: &TrainConfig, architecture: &Architecture) -> Result<Self, FolderError> {
        if path.join(CONFIG).exists() {
            return Err(FolderError::Taken(path.to_owned()));
        }
        let checkpoints = path.join("checkpoints");
        fs::create_dir_all(&checkpoints).map_err(|error| FileError::new("create the folder", &checkpoints, &error))?;
        write_atomically(&path.join(ARCHITECTURE), architecture.to_toml().as_bytes())?;
        write_atomically(&path.join(METRICS), HEADER.as_bytes())?;
        write_atomically(&path.join(EVENTS), b"")?;
        write_atomically(&path.join(CONFIG), config.to_toml().as_bytes())?;
        Ok(Self { path: path.to_owned(), rows: String::new(), events: String::new() })
    }

    /// Opens a run where its last checkpoint stands: rows written after it are dropped, since they will come again.
    ///
    /// # Errors
    /// When there is no checkpoint, it is damaged, or the folder cannot be written.
    pub fn reopen(path: &Path) -> Result<(Self, Checkpoint), FolderError> {
        let checkpoint = Self::checkpoint(path)?;
        let mut folder = Self { path: path.to_owned(), rows: String::new(), events: String::new() };
        folder.go_back(&checkpoint)?;
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

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// One row of `metrics.csv`.
    pub fn metric(&mut self, step: u64, epoch: f64, series: &str, value: f64) {
        let _ = writeln!(self.rows, "{step},{epoch},{series},{value}");
    }

    /// One line of `events.jsonl`.
    pub fn event(&mut self, event: &serde_json::Value) {
        let _ = writeln!(self.events, "{event}");
    }

    /// Writes the waiting rows, and the checkpoint last, so that it never speaks of rows that are not there.
    ///
    /// # Errors
    /// When the disk refuses; what is already written stays good, and the rows wait for the next try.
    pub fn save(&mut self, checkpoint: Option<&Checkpoint>) -> Result<(), FolderError> {
        append(&self.path.join(METRICS), &mut self.rows)?;
        append(&self.path.join(EVENTS), &mut self.events)?;
        if let Some(checkpoint) = checkpoint {
            write_atomically(&self.path.join(CHECKPOINT), &checkpoint.to_bytes())?;
        }
        Ok(())
    }

    /// Keeps the state with the lowest loss on the images held out.
    ///
    /// # Errors
    /// When the disk refuses; the best before is kept then.
    pub fn save_best(&self, checkpoint: &Checkpoint) -> Result<(), FolderError> {
        write_atomically(&self.path.join(BEST), &checkpoint.to_bytes())?;
        Ok(())
    }

    /// # Errors
    /// When the disk refuses.
    pub fn finish(&mut self, summary: &serde_json::Value) -> Result<(), FolderError> {
        write_atomically(&self.path.join(SUMMARY), format!("{summary:#}\n").as_bytes())?;
        Ok(())
    }

    /// Drops the rows that were written after a checkpoint: they will come again.
    ///
    /// # Errors
    /// When the disk refuses; the file is as it was then.
    pub fn go_back(&mut self, checkpoint: &Checkpoint) -> Result<(), FolderError> {
        let (step, validated_at) = (checkpoint.state("step")?, checkpoint.state("validated_at")?);
        let file = self.path.join(METRICS);
        let written = fs::read_to_string(&file).map_err(|error| FileError::new("read", &file, &error))?;
        let rows = written.split_inclusive('\n').skip(1).chain(self.rows.split_inclusive('\n'));
        let kept = rows.filter(|line| is_before(line, step, validated_at));
        let kept: String = std::iter::once(HEADER).chain(kept).collect();
        write_atomically(&file, kept.as_bytes())?;
        self.rows.clear();
        Ok(())
    }
}

fn is_before(line: &str, step: u64, validated_at: u64) -> bool {
    let mut fields = line.split(',');
    let row = fields.next().and_then(|field| field.parse::<u64>().ok());
    let series = fields.nth(1).unwrap_or_default();
    let of_evaluation = series.starts_with("validation/") || series.starts_with("test/");
    let last = if of_evaluation { validated_at } else { step };
    line.ends_with('\n') && !series.starts_with("test/") && row.is_some_and(|row| row <= last)
}

/// Appends and empties `text`. When only a part fits on the disk, the file is cut back to what it was.
fn append(path: &Path, text: &mut String) -> Result<(), FileError> {
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
