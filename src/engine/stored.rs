//! Run folders read back, from disk or from a zip: what a run was told, what it measured, what came of it.
//!
//! A folder may come from another machine, another version or a crash. What can be read is; the rest is counted and
//! told in words. Only without readable settings there is no run.

use super::archive::{ArchiveError, Source};
use super::clock::Clock;
use super::folder::{ARCHITECTURE, CHECKPOINT, CONFIG, EVENTS, METRICS, NOTES, SUMMARY};
use super::message::{Point, RunId};
use super::watcher::SeriesNames;
use crate::experiments::{Config, ConfigError, SettingChange, TrainConfig, TrainingSummary};
use crate::nets::{Architecture, LayerSummary};
use serde::Deserialize;
use std::fs;
use std::path::{Path, PathBuf};

/// No text file of a run but its curves comes near it.
const MOST_TEXT: u64 = 16 << 20;
const MOST_METRICS: u64 = 512 << 20;
const MOST_POINTS: usize = 20_000_000;
/// A network of a thousand layers has fewer.
const MOST_SERIES: usize = 10_000;
const LONGEST_NAME: usize = 200;
/// How the series of this version begin.
const KNOWN_SERIES: [&str; 6] = ["train/", "validation/", "test/", "layer/", "learning_rate", "gradient_norm"];

#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error("{0} is not a run folder: there is no config.toml in it")]
    NotARun(PathBuf),
    #[error("{file} in {path}: {error}", file = CONFIG)]
    Config { path: PathBuf, error: ConfigError },
    #[error("{0} has no curves: there is no readable row in its {file}", file = METRICS)]
    NoCurves(PathBuf),
}

/// A run as its folder tells it.
#[derive(Clone, Debug)]
pub struct StoredRun {
    /// As it was opened: a folder, or a zip.
    pub path: PathBuf,
    /// Of the folder.
    pub name: String,
    /// As it ended: with the changes made on the way.
    pub config: TrainConfig,
    /// From the first layer up; empty where the architecture cannot be read.
    pub layers: Vec<LayerSummary>,
    /// In the order in which they were measured, of no run yet (`RunId(0)`). Their seconds come from the [`Clock`]: 0
    /// where it is not known.
    pub points: Vec<Point>,
    pub clock: Clock,
    pub changes: Vec<SettingChange>,
    /// Of the last run that came to its end; none when the run went on from there.
    pub summary: Option<TrainingSummary>,
    /// As a person would name it.
    pub device: Option<String>,
    /// Of training and evaluation.
    pub seconds: Option<f64>,
    pub has_checkpoint: bool,
    /// What a person wrote of it.
    pub notes: String,
    /// What could not be read or is unknown, in words.
    pub problems: Vec<String>,
}

/// A line of `events.jsonl`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StoredEvent {
    pub(super) event: String,
    pub(super) step: Option<u64>,
    pub(super) seconds: Option<f64>,
    pub(super) setting: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) message: String,
    pub(super) device: serde_json::Value,
}

impl StoredRun {
    /// Reads a run folder, or a zip of one.
    ///
    /// # Errors
    /// When there are no settings in it, or the zip is none or unsafe.
    pub fn read(path: &Path) -> Result<Self, StoredError> {
        let mut source = Source::open(path)?;
        let mut problems = Vec::new();
        let Some(config) = source.read(CONFIG, MOST_TEXT)? else { return Err(StoredError::NotARun(path.to_owned())) };
        let config = TrainConfig::from_toml(&text(config), "the file")
            .map_err(|error| StoredError::Config { path: path.to_owned(), error })?;
        let mut optional = |name: &str, limit| {
            source.read(name, limit).unwrap_or_else(|error| {
                problems.push(error.to_string());
                None
            })
        };
        let [architecture, events, summary, notes] =
            [ARCHITECTURE, EVENTS, SUMMARY, NOTES].map(|name| optional(name, MOST_TEXT).map(text));
        let metrics = optional(METRICS, MOST_METRICS);
        let layers = layers(architecture.as_deref(), &mut problems);
        let events = read_events(events.as_deref().unwrap_or_default(), &mut problems);
        let points = metrics.map(|bytes| read_metrics(&bytes, &mut problems));
        if points.is_none() {
            problems.push(format!("there is no readable {METRICS}: the run has no curves"));
        }
        let points = points.unwrap_or_default();
        let mut run = Self {
            path: path.to_owned(),
            name: run_name(path),
            config,
            layers,
            clock: Clock::new(&events),
            changes: changes(&events),
            points,
            summary: None,
            device: events.iter().rev().find_map(|event| Some(event.device.get("name")?.as_str()?.to_owned())),
            seconds: None,
            has_checkpoint: source.has(CHECKPOINT),
            notes: notes.unwrap_or_default(),
            problems,
        };
        run.problems.extend(
            events
                .iter()
                .filter(|event| event.event == "trouble")
                .map(|event| format!("the run was in trouble: {}", event.message)),
        );
        run.take_summary(summary.as_deref());
        run.apply_changes();
        run.set_seconds();
        Ok(run)
    }

    /// The last step of any curve.
    pub fn last_step(&self) -> u64 {
        self.points.iter().map(|point| point.step).max().unwrap_or(0)
    }

    pub fn last_epoch(&self) -> f64 {
        self.points.iter().map(|point| point.epoch).filter(|epoch| epoch.is_finite()).fold(0.0, f64::max)
    }

    /// The best accuracy on the images held out, and the epoch after which it was measured.
    pub fn best_validation(&self) -> Option<(f64, f64)> {
        let points = self.points.iter().filter(|point| &*point.series == "validation/accuracy");
        let points = points.filter(|point| point.value.is_finite()).map(|point| (point.value, point.epoch));
        points.reduce(|best, next| if next.0 > best.0 { next } else { best })
    }

    /// A summary of an earlier end is out of date once the run went on.
    fn take_summary(&mut self, text: Option<&str>) {
        let Some(text) = text else { return };
        let value = serde_json::from_str::<serde_json::Value>(text);
        let parsed = value.and_then(|value| Ok((value["seconds"].as_f64(), serde_json::from_value(value)?)));
        let (seconds, summary): (Option<f64>, TrainingSummary) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                self.problems.push(format!("{SUMMARY} cannot be read: {error}"));
                return;
            }
        };
        if summary.steps < self.last_step() {
            return;
        }
        let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
        if let Some(seconds) = seconds
            && self.clock.seconds() < seconds
        {
            self.clock.end(summary.steps, seconds);
        }
        self.seconds = seconds;
        self.summary = Some(summary);
    }

    fn apply_changes(&mut self) {
        for change in &self.changes {
            match self.config.with(&change.setting, &change.after) {
                Ok(config) => self.config = config,
                Err(error) => self.problems.push(format!("the change at step {}: {error}", change.step)),
            }
        }
        // It also knows of epochs that were added when the run was taken up.
        if let Some(summary) = self.summary.as_ref().filter(|summary| summary.settings.check().is_ok()) {
            self.config = summary.settings.clone();
        }
    }

    fn set_seconds(&mut self) {
        if !self.clock.is_known() {
            return;
        }
        for point in &mut self.points {
            point.seconds = self.clock.at(point.step);
        }
        self.seconds = self.seconds.or_else(|| Some(self.clock.seconds()));
    }
}

/// The curves of an experiment's folder, and what of them could not be read. When each point was measured is not known.
///
/// # Errors
/// When they cannot be read at all.
pub(super) fn read_curves(path: &Path) -> Result<(Vec<Point>, Vec<String>), StoredError> {
    let mut problems = Vec::new();
    let bytes = Source::open(path)?.read(METRICS, MOST_METRICS)?.unwrap_or_default();
    let points = read_metrics(&bytes, &mut problems);
    Ok((points, problems))
}

/// Whether a path looks like a run: a folder with settings and curves, or a zip of one.
pub fn is_run(path: &Path) -> bool {
    let is_zip = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip"));
    if path.is_dir() {
        path.join(CONFIG).is_file() && path.join(METRICS).is_file()
    } else {
        is_zip && Source::open(path).is_ok()
    }
}

/// The path itself where it is a run or a file, else the runs in that folder, in the order of their names.
///
/// # Errors
/// When the folder cannot be read or holds no run.
pub fn find_runs(path: &Path) -> Result<Vec<PathBuf>, StoredError> {
    if path.is_file() || path.join(CONFIG).is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let fail = |error: std::io::Error| ArchiveError::File(super::files::FileError::new("read", path, &error));
    let entries = fs::read_dir(path).map_err(fail)?;
    let mut found: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| is_run(path)).collect();
    if found.is_empty() {
        return Err(StoredError::NotARun(path.to_owned()));
    }
    found.sort();
    Ok(found)
}

/// Of a folder, or of a zip without its ending.
pub(super) fn run_name(path: &Path) -> String {
    let whole = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// Whatever is not text becomes a mark, and the line with it unreadable; the others are read.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn layers(architecture: Option<&str>, problems: &mut Vec<String>) -> Vec<LayerSummary> {
    let Some(architecture) = architecture else { return Vec::new() };
    let parsed = Architecture::from_toml(architecture, ARCHITECTURE).and_then(|parsed| parsed.summary());
    parsed.unwrap_or_else(|error| {
        problems.push(error.to_string());
        Vec::new()
    })
}

pub(super) fn read_events(text: &str, problems: &mut Vec<String>) -> Vec<StoredEvent> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let events: Vec<StoredEvent> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if events.len() < lines.len() {
        problems.push(format!("{} of {} lines of {EVENTS} cannot be read", lines.len() - events.len(), lines.len()));
    }
    events
}

/// The changes that stayed: those after the step where a run was taken up again were undone by that.
fn changes(events: &[StoredEvent]) -> Vec<SettingChange> {
    let mut changes: Vec<SettingChange> = Vec::new();
    for event in events {
        let Some(step) = event.step else { continue };
        match event.event.as_str() {
            "started" => changes.retain(|change| change.step <= step),
            "changed" => changes.push(SettingChange {
                step,
                setting: event.setting.clone(),
                before: event.before.clone(),
                after: event.after.clone(),
            }),
            _ => {}
        }
    }
    changes
}

/// Rows that were not taken, by reason.
#[derive(Default)]
struct Refused {
    unreadable: u64,
    surplus: u64,
    unknown: std::collections::BTreeSet<String>,
}

/// Quotes mean nothing, as none are written: a stray one would swallow all rows after it.
fn read_metrics(bytes: &[u8], problems: &mut Vec<String>) -> Vec<Point> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let is_torn = bytes.last().is_some_and(|last| !matches!(last, b'\n' | b'\r'));
    let whole = if is_torn {
        bytes.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).map_or(0, |end| end + 1)
    } else {
        bytes.len()
    };
    let mut reader = csv::ReaderBuilder::new();
    let mut reader = reader.has_headers(false).flexible(true).quoting(false).from_reader(&bytes[..whole]);
    let (mut points, mut names, mut refused) = (Vec::new(), SeriesNames::default(), Refused::default());
    let mut row = csv::ByteRecord::new();
    let mut is_first = true;
    while reader.read_byte_record(&mut row).unwrap_or(false) {
        let is_header = std::mem::take(&mut is_first) && row.get(0).is_some_and(|field| field.trim_ascii() == b"step");
        if is_header {
            continue;
        }
        match parse_row(&row) {
            _ if points.len() == MOST_POINTS => refused.surplus += 1,
            Some((series, ..)) if names.len() == MOST_SERIES && !names.has(series) => refused.surplus += 1,
            Some((series, step, epoch, value)) => {
                if !names.has(series) && !KNOWN_SERIES.iter().any(|known| series.starts_with(known)) {
                    refused.unknown.insert(series.to_owned());
                }
                let series = names.get(series);
                points.push(Point { run: RunId(0), series, step, epoch, seconds: 0.0, value });
            }
            None => refused.unreadable += 1,
        }
    }
    refused.tell(is_torn, problems);
    points
}

/// `step,epoch,series,value`. Values need not be finite, but numbers.
fn parse_row(row: &csv::ByteRecord) -> Option<(&str, u64, f64, f64)> {
    if row.len() != 4 {
        return None;
    }
    let field = |index: usize| Some(std::str::from_utf8(row.get(index)?).ok()?.trim());
    let (step, epoch, series, value) = (field(0)?, field(1)?, field(2)?, field(3)?);
    let is_name = !series.is_empty() && series.len() <= LONGEST_NAME && !series.contains(char::is_control);
    if !is_name {
        return None;
    }
    Some((series, step.parse().ok()?, epoch.parse().ok()?, value.parse().ok()?))
}

impl Refused {
    fn tell(self, is_torn: bool, problems: &mut Vec<String>) {
        if is_torn {
            problems.push(format!("the last row of {METRICS} is torn and was left out"));
        }
        if self.unreadable > 0 {
            let rows = if self.unreadable == 1 { "row" } else { "rows" };
            problems.push(format!("left out: {} {rows} of {METRICS} that cannot be read", self.unreadable));
        }
        if self.surplus > 0 {
            problems.push(format!("{METRICS} is too large: {} rows were left out", self.surplus));
        }
        if !self.unknown.is_empty() {
            let names: Vec<&str> = self.unknown.iter().take(5).map(String::as_str).collect();
            let more = if self.unknown.len() > names.len() { ", ..." } else { "" };
            problems.push(format!(
                "{} series are unknown to this version, and kept: {}{more}",
                self.unknown.len(),
                names.join(", ")
            ));
        }
    }
}
