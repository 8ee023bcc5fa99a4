//! Runs for elsewhere: as a zip that opens on any machine, or their curves for other programs.

use super::archive::{ArchiveError, pack_run};
use super::experiment_folder::is_experiment;
use super::files::{FileError, folder_of, new_folder, write_atomically_with};
use super::folder::METRICS;
use super::message::Point;
use super::stored::{StoredError, StoredRun, read_curves};
use super::tensorboard::{FILE_NAME, write_events};
use serde::Serialize;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::str::FromStr;
use std::time::UNIX_EPOCH;

/// How a run leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunFormat {
    /// The whole folder in one file, which opens on any machine.
    Zip,
    /// Every point of every curve, a row each: `series,step,epoch,seconds,value`.
    Csv,
    /// The same, a JSON object a line; a value that is not finite is `null`.
    JsonLines,
    /// A folder with one event file, for `tensorboard --logdir`.
    TensorBoard,
}

impl RunFormat {
    pub const ALL: [Self; 4] = [Self::Zip, Self::Csv, Self::JsonLines, Self::TensorBoard];

    /// As on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::TensorBoard => "tensorboard",
        }
    }

    /// Of a file; none where a folder is written.
    pub fn ending(self) -> Option<&'static str> {
        (self != Self::TensorBoard).then(|| self.name())
    }
}

impl fmt::Display for RunFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for RunFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|format| format.name() == text).ok_or_else(|| format!("there are {known}"))
    }
}

/// A row of `.csv`, a line of `.jsonl`.
#[derive(Serialize)]
struct Row<'a> {
    series: &'a str,
    step: u64,
    epoch: f64,
    /// Of training and evaluation since the run began; 0 where the run folder does not tell.
    seconds: f64,
    value: f64,
}

/// Writes a run folder, or the folder of an experiment of several networks, in a format. Returns what of the curves could
/// not be read and is left out, in words.
///
/// # Errors
/// When it is no such folder, has no curves, or the destination cannot be written: what was there before is untouched
/// then. The folder of an event file must be new.
pub fn export_run(run: &Path, destination: &Path, format: RunFormat) -> Result<Vec<String>, StoredError> {
    let (points, problems) = match format {
        RunFormat::Zip => (Vec::new(), Vec::new()),
        _ => curves(run)?,
    };
    let folder = folder_of(destination);
    fs::create_dir_all(folder).map_err(|error| FileError::new("create the folder", folder, &error))?;
    match format {
        RunFormat::Zip => pack_run(run, destination)?,
        RunFormat::Csv => write_atomically_with(destination, |file| write_csv(file, &points))?,
        RunFormat::JsonLines => write_atomically_with(destination, |file| write_json_lines(file, &points))?,
        RunFormat::TensorBoard => {
            let began = began(run, &points);
            let file = format!("{FILE_NAME}.{began:.0}.glassbox");
            new_folder(destination, |folder| {
                let mut out = BufWriter::new(File::create_new(folder.join(file))?);
                write_events(&mut out, began, &points)?;
                out.into_inner()?.sync_all()
            })?;
        }
    }
    Ok(problems)
}

fn curves(run: &Path) -> Result<(Vec<Point>, Vec<String>), StoredError> {
    let (points, problems) = if is_experiment(run) {
        read_curves(run)?
    } else {
        let run = StoredRun::read(run)?;
        (run.points, run.problems)
    };
    if points.is_empty() { Err(StoredError::NoCurves(run.to_owned())) } else { Ok((points, problems)) }
}

fn write_csv(file: &mut File, points: &[Point]) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(file);
    for point in points {
        writer.serialize(Row::from(point))?;
    }
    writer.flush()
}

fn write_json_lines(file: &mut File, points: &[Point]) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    for point in points {
        serde_json::to_writer(&mut out, &Row::from(point))?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

impl<'a> From<&'a Point> for Row<'a> {
    fn from(point: &'a Point) -> Self {
        let Point { series, step, epoch, seconds, value, .. } = point;
        Self { series, step: *step, epoch: *epoch, seconds: *seconds, value: *value }
    }
}

/// When a run began, in seconds since 1970. Its folder tells only how long it took: its curves were last written when it
/// ended.
fn began(run: &Path, points: &[Point]) -> f64 {
    let written = fs::metadata(run.join(METRICS)).or_else(|_| fs::metadata(run)).and_then(|data| data.modified());
    let ended =
        written.ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0.0, |time| time.as_secs_f64());
    ended - points.iter().map(|point| point.seconds).fold(0.0, f64::max)
}

impl From<FileError> for StoredError {
    fn from(error: FileError) -> Self {
        ArchiveError::from(error).into()
    }
}
