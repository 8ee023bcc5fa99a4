//! The experiment of several networks that the worker has in hand.

use super::device::{OpenDevice, open_device};
use super::experiment_folder::{ExperimentFolder, Reopened};
use super::folder::FolderError;
use super::message::{Event, ExperimentSnapshot, ExperimentStarted, MemberLogits, Phase, Point, QueryId, RunId};
use super::watcher::{PointBox, SeriesNames};
use crate::experiments::{Config, ExperimentConfig, Finished, Observer, Protocol, ProtocolAdvance, RunError, report};
use crate::nets::Checkpoint;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

pub(super) struct ActiveExperiment {
    pub(super) id: RunId,
    pub(super) config: ExperimentConfig,
    pub(super) device: OpenDevice,
    pub(super) phase: Phase,
    /// Pause after the next step.
    pub(super) one_step: bool,
    protocol: Box<dyn Protocol>,
    folder: ExperimentFolder,
    names: SeriesNames,
    worked: Duration,
    /// Work that was done when it was built, for the estimate of the time left.
    first_work: f64,
    /// Networks that are done and not yet on disk.
    unsaved: Vec<(String, Checkpoint)>,
    /// Pictures that are not yet on disk, as PNG.
    figures: Vec<(String, Vec<u8>)>,
    members: Arc<Vec<crate::experiments::MemberState>>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ExperimentError {
    #[error("{0}")]
    Run(#[from] RunError),
    #[error(
        "the experiment is paused, because its folder cannot be written: {0}. Make room and go on: nothing is lost"
    )]
    Folder(#[from] FolderError),
}

impl ActiveExperiment {
    pub(super) fn start(
        id: RunId,
        config: ExperimentConfig,
        device: &str,
        folder: Option<&Path>,
    ) -> Result<Self, String> {
        config.check().map_err(|error| error.to_string())?;
        let device = open_device(device)?;
        let protocol =
            config.build(Finished::new(), &device.device, device.on_host).map_err(|error| error.to_string())?;
        let mut kept = ExperimentFolder::default();
        if let Some(path) = folder {
            kept.make(path, &config).map_err(|error| error.to_string())?;
        }
        Ok(Self::new(id, config, device, protocol, kept))
    }

    pub(super) fn resume(id: RunId, path: &Path, device: &str, points: &PointBox) -> Result<Self, String> {
        let device = open_device(device)?;
        let Reopened { folder, config, finished, rows } = ExperimentFolder::reopen(path)?;
        let protocol = config
            .build(finished, &device.device, device.on_host)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let mut experiment = Self::new(id, config, device, protocol, folder);
        experiment.tell_rows(&rows, points);
        Ok(experiment)
    }

    /// The curves of networks that are done, from the folder.
    fn tell_rows(&mut self, rows: &str, points: &PointBox) {
        let mut point = |row: &str| {
            let mut fields = row.trim_end().split(',');
            let (step, epoch) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
            let (series, value) = (self.names.get(fields.next()?), fields.next()?.parse().ok()?);
            // The clock of the time before is not known.
            Some(Point { run: self.id, series, step, epoch, seconds: 0.0, value })
        };
        let read: Vec<Point> = rows.lines().skip(1).filter_map(&mut point).collect();
        points.lock().unwrap_or_else(PoisonError::into_inner).extend(read);
    }

    fn new(
        id: RunId,
        config: ExperimentConfig,
        device: OpenDevice,
        protocol: Box<dyn Protocol>,
        folder: ExperimentFolder,
    ) -> Self {
        Self {
            id,
            config,
            device,
            phase: Phase::Paused,
            one_step: false,
            first_work: protocol.work().0,
            members: Arc::new(protocol.members()),
            protocol,
            folder,
            names: SeriesNames::default(),
            worked: Duration::ZERO,
            unsaved: Vec::new(),
            figures: Vec::new(),
        }
    }

    pub(super) fn is_going(&self) -> bool {
        self.phase == Phase::Running
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Finished | Phase::Stopped | Phase::Failed(_))
    }

    pub(super) fn started(&self) -> ExperimentStarted {
        let (validation, test) = self.protocol.held_out();
        ExperimentStarted {
            run: self.id,
            config: self.config.clone(),
            device: self.device.info.name.clone(),
            class_names: test.dataset.class_names().to_vec(),
            validation,
            test,
            folder: self.folder_path(),
        }
    }

    pub(super) fn folder_path(&self) -> Option<PathBuf> {
        self.folder.path().map(Path::to_owned)
    }

    /// One small step.
    pub(super) fn turn(&mut self, points: &PointBox) -> Result<ProtocolAdvance, ExperimentError> {
        let began = Instant::now();
        let mut watcher = Watcher {
            run: self.id,
            seconds: self.worked.as_secs_f64(),
            points,
            folder: &mut self.folder,
            names: &mut self.names,
            networks: &mut self.unsaved,
            figures: &mut self.figures,
        };
        let advance = self.protocol.advance(&mut watcher);
        self.worked += began.elapsed();
        let advance = advance?;
        match advance {
            ProtocolAdvance::Trained { .. } | ProtocolAdvance::Measured => {}
            ProtocolAdvance::MemberChanged => self.save()?,
            ProtocolAdvance::Finished => self.finish()?,
        }
        Ok(advance)
    }

    /// Brings the members' states up to date, for a snapshot.
    pub(super) fn look(&mut self) {
        self.members = Arc::new(self.protocol.members());
    }

    pub(super) fn snapshot(&self) -> ExperimentSnapshot {
        let (done, total) = self.protocol.work();
        let seconds = self.worked.as_secs_f64();
        let since = done - self.first_work;
        let is_over = self.is_over();
        ExperimentSnapshot {
            run: self.id,
            phase: self.phase.clone(),
            stage: self.protocol.stage(),
            share: if total > 0.0 { (done / total).clamp(0.0, 1.0) } else { 0.0 },
            seconds,
            seconds_left: (since > 0.0 && !is_over).then(|| seconds / since * (total - done).max(0.0)),
            members: Arc::clone(&self.members),
        }
    }

    pub(super) fn change(&mut self, setting: &str, value: &str) -> Result<Event, String> {
        let (before, after) = self.protocol.change(setting, value).map_err(|error| error.to_string())?;
        self.config = self.config.with(setting, value).map_err(|error| error.to_string())?;
        let step = self.members.iter().map(|member| member.step).sum();
        let event = serde_json::json!({ "event": "changed", "setting": setting, "before": before, "after": after });
        self.record(&event);
        Ok(Event::Changed { run: self.id, step, setting: setting.to_owned(), before, after })
    }

    pub(super) fn logits(&self, id: QueryId, pixels: Arc<[u8]>) -> Result<MemberLogits, String> {
        let (_, test) = self.protocol.held_out();
        if pixels.len() != test.shape().pixels() {
            return Err(format!("the image has {} values, but the networks take {}", pixels.len(), test.shape()));
        }
        let rows = self.protocol.logits(&pixels);
        Ok(MemberLogits { id, run: self.id, pixels, rows })
    }

    pub(super) fn record(&mut self, event: &serde_json::Value) {
        let mut event = event.clone();
        event["seconds"] = self.worked.as_secs_f64().into();
        self.folder.event(&event);
    }

    /// Writes what there is, if there is a folder; else it waits for one.
    pub(super) fn save(&mut self) -> Result<(), FolderError> {
        self.folder.save(&self.unsaved)?;
        self.folder.save_figures(&self.figures)?;
        if self.folder.path().is_some() {
            self.unsaved.clear();
            self.figures.clear();
        }
        Ok(())
    }

    /// Gives an experiment that has none a folder: with everything so far, and kept there from now on.
    pub(super) fn save_to(&mut self, path: &Path) -> Result<(), FolderError> {
        self.folder.make(path, &self.config)?;
        self.save()?;
        self.write_results()
    }

    pub(super) fn results(&self) -> Option<serde_json::Value> {
        let mut results = self.protocol.results()?;
        results["device"] = self.device.info.name.clone().into();
        Some(results)
    }

    fn finish(&mut self) -> Result<(), FolderError> {
        self.record(&serde_json::json!({ "event": "finished" }));
        self.save()?;
        self.write_results()?;
        self.phase = Phase::Finished;
        Ok(())
    }

    /// Once there are any.
    fn write_results(&self) -> Result<(), FolderError> {
        let Some(results) = self.results() else { return Ok(()) };
        self.folder.finish(&results, &report::markdown(self.config.kind(), &results))
    }
}

/// The engine's observer of an experiment.
struct Watcher<'a> {
    run: RunId,
    seconds: f64,
    points: &'a PointBox,
    folder: &'a mut ExperimentFolder,
    names: &'a mut SeriesNames,
    networks: &'a mut Vec<(String, Checkpoint)>,
    figures: &'a mut Vec<(String, Vec<u8>)>,
}

impl Observer for Watcher<'_> {
    fn metric(&mut self, series: &str, step: u64, epoch: f64, value: f64) {
        self.folder.metric(step, epoch, series, value);
        let point = Point { run: self.run, series: self.names.get(series), step, epoch, seconds: self.seconds, value };
        self.points.lock().unwrap_or_else(PoisonError::into_inner).push(point);
    }

    fn network(&mut self, name: &str, checkpoint: &Checkpoint) {
        self.networks.push((name.to_owned(), checkpoint.clone()));
    }

    fn figure(&mut self, name: &str, png: &[u8]) {
        self.figures.push((name.to_owned(), png.to_vec()));
    }
}
