//! The run that the worker has in hand.

use super::clock::Clock;
use super::device::{OpenDevice, open_device};
use super::finder::Finder;
use super::folder::{FolderError, RunFolder};
use super::inspection::{SampleImage, samples};
use super::message::{Event, HistogramCost, Point, RateTest, RunId, Started};
use super::opening::Opening;
use super::states::{KeptStates, TrainingState};
use super::watcher::{HintNews, Latest, Outbox, SeriesNames, Watcher};
use crate::experiments::{Advance, ConfigError, RangeTestConfig, RunError, TrainConfig, Training};
use crate::nets::Checkpoint;
use crate::train::{Diagnosis, FaultReport};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// A point of the throughput is a mean over this much training.
const PACE_OVER: Duration = Duration::from_millis(250);

const HISTOGRAMS_EVERY: &str = "monitor.histograms_every";

/// How far a run may go before it pauses by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    Paused,
    Freely,
    /// This many more training steps.
    Steps(u32),
    ToEpochEnd,
    /// Of an evaluation that was asked for while paused.
    ToEvaluationEnd,
}

impl Going {
    /// Whether the network will learn without being told again.
    pub(super) fn trains(self) -> bool {
        !matches!(self, Self::Paused | Self::ToEvaluationEnd)
    }
}

pub(super) struct ActiveRun {
    pub(super) id: RunId,
    pub(super) training: Training,
    pub(super) device: OpenDevice,
    pub(super) going: Going,
    pub(super) latest: Latest,
    folder: RunFolder,
    names: SeriesNames,
    pub(super) samples: Arc<[SampleImage]>,
    /// The same of the times before, where the run was taken up.
    worked_before: Duration,
    /// Time spent training and evaluating.
    worked: Duration,
    /// Images trained on, and the time that took.
    trained: (u64, Duration),
    /// The same, since the last point of the throughput.
    pace: (u64, Duration),
    /// What `trained`, the histograms and their number were when their interval was last set.
    histograms_since: (Duration, Duration, u64),
    /// The state at the last place where all was well.
    last_good: Checkpoint,
    faulty: bool,
    finder: Option<Finder>,
    /// The last range test that has ended.
    rate_test: Option<Arc<RateTest>>,
    /// To be told.
    events: Vec<Event>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum TurnError {
    #[error(transparent)]
    Run(#[from] RunError),
    #[error("the run is paused, because its folder cannot be written: {0}. Make room and go on: nothing is lost yet")]
    Folder(#[from] FolderError),
}

impl TurnError {
    /// What every layer held, when a value stopped being finite.
    pub(super) fn report(&self) -> Option<&FaultReport> {
        if let Self::Run(RunError::NotFinite(report)) = self { Some(report) } else { None }
    }
}

impl ActiveRun {
    pub(super) fn start(
        id: RunId,
        config: TrainConfig,
        device: &str,
        folder: Option<&Path>,
        going: Going,
        opening: &Opening,
    ) -> Result<Self, String> {
        let device = open_device(device)?;
        let text = |error: &dyn std::error::Error| error.to_string();
        let training = Training::open(config, &device.device, device.on_host, opening).map_err(|error| text(&error))?;
        let (config, architecture) = (training.config(), training.network().architecture());
        let folder = match folder {
            Some(path) => RunFolder::create(path, config, architecture).map_err(|error| text(&error))?,
            None => RunFolder::in_memory(config, architecture),
        };
        let mut run = Self::new(id, training, device, folder, going);
        run.keep_state(false);
        run.save().map_err(|error| text(&error))?;
        Ok(run)
    }

    pub(super) fn resume(
        id: RunId,
        path: &Path,
        device: &str,
        epochs: Option<u64>,
        going: Going,
        opening: &Opening,
    ) -> Result<Self, String> {
        let device = open_device(device)?;
        let (folder, checkpoint) = RunFolder::reopen(path).map_err(|error| error.to_string())?;
        let training = Training::resume(&checkpoint, epochs, &device.device, device.on_host, opening)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let mut run = Self::new(id, training, device, folder, going);
        let before = Clock::of_folder(path).seconds();
        run.worked_before = Duration::try_from_secs_f64(before).unwrap_or_default();
        Ok(run)
    }

    fn new(id: RunId, training: Training, device: OpenDevice, folder: RunFolder, going: Going) -> Self {
        Self {
            id,
            samples: samples(training.test_split()),
            last_good: training.checkpoint(),
            training,
            device,
            going,
            latest: Latest::default(),
            folder,
            names: SeriesNames::default(),
            worked_before: Duration::ZERO,
            worked: Duration::ZERO,
            trained: (0, Duration::ZERO),
            pace: (0, Duration::ZERO),
            histograms_since: (Duration::ZERO, Duration::ZERO, 0),
            faulty: false,
            finder: None,
            rate_test: None,
            events: Vec::new(),
        }
    }

    pub(super) fn started(&self) -> Started {
        let training = &self.training;
        let network = training.network();
        Started {
            run: self.id,
            config: training.config().clone(),
            device: self.device.info.name.clone(),
            layers: network.architecture().summary().unwrap_or_default(),
            image_shape: network.cuts()[0],
            class_names: training.class_names().to_vec(),
            train_images: training.train_split().len(),
            validation: training.validation_split().cloned(),
            test: training.test_split().clone(),
            steps_per_epoch: training.steps_per_epoch(),
            samples: Arc::clone(&self.samples),
            step: training.steps(),
            folder: self.folder_path(),
        }
    }

    pub(super) fn folder_path(&self) -> Option<PathBuf> {
        self.folder.path().map(Path::to_owned)
    }

    /// One small step: of training, or of an evaluation.
    pub(super) fn turn(&mut self, out: &Outbox) -> Result<Advance, TurnError> {
        let began = Instant::now();
        let mut watcher = Watcher {
            run: self.id,
            out,
            folder: &mut self.folder,
            latest: &mut self.latest,
            names: &mut self.names,
            seconds: (self.worked_before + self.worked).as_secs_f64(),
        };
        let advance = self.training.advance(&mut watcher);
        let took = began.elapsed();
        self.worked += took;
        match advance {
            Ok(Advance::Trained { images }) => {
                self.trained = (self.trained.0 + images as u64, self.trained.1 + took);
                self.note_pace(images, took, out);
                self.keep_state_if_due();
                self.going = match self.going {
                    Going::Steps(0 | 1) => Going::Paused,
                    Going::Steps(left) => Going::Steps(left - 1),
                    going => going,
                };
            }
            Ok(Advance::EpochDone) => self.epoch_done()?,
            Ok(Advance::Finished) => self.finish()?,
            Ok(Advance::EvaluatedOnDemand) => {
                self.record_evaluation();
                self.end_evaluation();
            }
            Ok(Advance::Evaluated) => {}
            Err(error) => {
                self.going = Going::Paused;
                self.faulty = true;
                return Err(error.into());
            }
        }
        self.tell_hints();
        let stop = self.training.take_stop().or_else(|| self.training.stop_after(self.worked.as_secs_f64()));
        if let Some(message) = stop {
            self.pause_at_condition(message)?;
        }
        Ok(advance.unwrap_or(Advance::Evaluated))
    }

    /// A point of the throughput now and then. It stays out of the run folder, where the same seed writes the same rows.
    fn note_pace(&mut self, images: usize, took: Duration, out: &Outbox) {
        let (all, time) = (self.pace.0 + images as u64, self.pace.1 + took);
        self.pace = (all, time);
        if time < PACE_OVER {
            return;
        }
        self.pace = (0, Duration::ZERO);
        let point = Point {
            run: self.id,
            series: self.names.get("throughput"),
            step: self.training.steps(),
            epoch: self.training.epoch(),
            seconds: self.worked.as_secs_f64(),
            value: all as f64 / time.as_secs_f64(),
        };
        out.points.lock().unwrap_or_else(PoisonError::into_inner).push(point);
    }

    fn keep_state_if_due(&mut self) {
        let moments = self.training.config().monitor.states_at.epochs();
        if self.folder.states().wants(moments, self.training.epoch()) {
            self.keep_state(false);
        }
    }

    /// Keeps the network as it is now, unless something is wrong with it or there is no more room.
    pub(super) fn keep_state(&mut self, is_end: bool) {
        let values =
            self.training.network().parameters().iter().map(|parameter| parameter.dims.iter().product::<usize>());
        let bytes = values.sum::<usize>() * size_of::<f32>();
        if !self.faulty && self.folder.states().has_room(bytes, is_end) {
            let network = Arc::new(self.training.network_alone());
            let state = TrainingState { step: self.training.steps(), epoch: self.training.epoch(), network };
            self.folder.keep_state(state);
        }
    }

    pub(super) fn states(&self) -> &Arc<KeptStates> {
        self.folder.states()
    }

    /// Begins an evaluation that was asked for.
    ///
    /// # Errors
    /// Says why there is nothing to evaluate.
    pub(super) fn evaluate(&mut self) -> Result<(), &'static str> {
        if !self.training.evaluate_now() {
            return Err("This run holds no images out, and the test images are seen once, after the last epoch. \
                        Set data.validation to hold some out.");
        }
        if !self.going.trains() {
            self.going = Going::ToEvaluationEnd;
        }
        Ok(())
    }

    fn end_evaluation(&mut self) {
        if self.going == Going::ToEvaluationEnd {
            self.going = Going::Paused;
        }
    }

    fn record_evaluation(&mut self) {
        let Some(validation) = self.latest.validation.clone() else { return };
        self.record(&serde_json::json!({
            "event": "evaluated", "step": validation.step, "split": "validation", "examples": validation.examples,
            "errors": validation.errors, "loss": validation.loss, "accuracy": validation.accuracy,
            "calibration_error": validation.calibration_error,
        }));
    }

    /// What is to be told since the last call.
    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn tell_hints(&mut self) {
        for news in self.latest.hint_news() {
            let (word, hint) = match &news {
                HintNews::Found(hint) => ("hint", hint),
                HintNews::Gone(hint) => ("hint_gone", hint),
            };
            self.record(&serde_json::json!({ "event": word, "step": hint.until_step, "hint": hint }));
            let run = self.id;
            self.events.push(match news {
                HintNews::Found(hint) => Event::HintFound { run, hint: Box::new(hint) },
                HintNews::Gone(hint) => Event::HintGone { run, hint: Box::new(hint) },
            });
        }
    }

    fn pause_at_condition(&mut self, message: String) -> Result<(), FolderError> {
        let (run, step) = (self.id, self.training.steps());
        self.going = Going::Paused;
        self.record(&serde_json::json!({ "event": "condition", "step": step, "message": message }));
        self.events.push(Event::ConditionMet { run, step, message });
        self.save()
    }

    /// Begins a range test on a copy; one that goes on is given up.
    pub(super) fn find_rate(&mut self, config: RangeTestConfig) -> Result<(), ConfigError> {
        self.finder = Some(Finder::new(self.id, self.training.steps(), self.training.range_test(config)?));
        Ok(())
    }

    pub(super) fn cancel_find_rate(&mut self) {
        if let Some(finder) = &mut self.finder {
            finder.cancel();
        }
    }

    pub(super) fn is_finding_rate(&self) -> bool {
        self.finder.is_some()
    }

    /// One step of the range test. Returns it once it has ended.
    pub(super) fn find_rate_turn(&mut self) -> Option<Arc<RateTest>> {
        let finder = self.finder.as_mut()?;
        finder.advance();
        if !finder.has_ended() {
            return None;
        }
        let state = finder.state();
        self.rate_test = Some(Arc::clone(&state));
        self.finder = None;
        self.record(&serde_json::json!({
            "event": "range_test", "step": state.step, "settings": state.config, "end": state.result.end,
            "steepest": state.result.steepest(), "minimum_tenth": state.result.minimum_tenth(),
        }));
        Some(state)
    }

    /// The range test that goes on, or the last one.
    pub(super) fn rate_test(&self) -> Option<Arc<RateTest>> {
        self.finder.as_ref().map(Finder::state).or_else(|| self.rate_test.clone())
    }

    /// When the setting of dropout does nothing, in words.
    pub(super) fn dropout_note(&self) -> Option<String> {
        let (rate, architecture) = (self.training.config().dropout, self.training.network().architecture());
        let is_idle = rate.in_place().is_some() && !architecture.has("dropout");
        is_idle.then(|| format!("{} has no dropout layer, so a dropout of {rate} does nothing", architecture.name))
    }

    /// Goes on. After a fault it first goes back to the last good state; the step it went back to is returned then.
    pub(super) fn go(&mut self, going: Going) -> Result<Option<u64>, TurnError> {
        self.going = going;
        if !self.faulty {
            return Ok(None);
        }
        self.training.restore(&self.last_good).map_err(TurnError::Run)?;
        // The rows of the steps that are about to be taken again. Until they are gone the run is not as it was.
        self.folder.go_back(&self.last_good)?;
        self.faulty = false;
        self.latest.diagnosis = Diagnosis::default();
        self.tell_hints();
        Ok(Some(self.training.steps()))
    }

    pub(super) fn change(&mut self, setting: &str, value: &str) -> Result<(String, String), ConfigError> {
        let (before, after) = self.training.change(setting, value)?;
        if setting == HISTOGRAMS_EVERY && before != after {
            self.histograms_since = self.histograms_so_far();
        }
        self.record(&serde_json::json!({
            "event": "changed", "step": self.training.steps(), "setting": setting, "before": before, "after": after,
        }));
        Ok((before, after))
    }

    /// Writes rows and a checkpoint, where there is a folder. A faulty state never replaces a good one.
    pub(super) fn save(&mut self) -> Result<(), FolderError> {
        if self.folder.path().is_some() {
            let checkpoint = (!self.faulty).then(|| self.training.checkpoint());
            self.folder.save(checkpoint.as_ref())?;
        }
        Ok(())
    }

    /// One line of `events.jsonl`, with the time of training so far.
    pub(super) fn record(&mut self, event: &serde_json::Value) {
        let mut event = event.clone();
        event["seconds"] = self.seconds().into();
        self.folder.event(&event);
    }

    /// Gives a run that has none a folder: with everything so far, and kept there from now on.
    pub(super) fn save_to(&mut self, path: &Path) -> Result<(), FolderError> {
        // A second try after the disk refused goes on where the first one ended.
        if self.folder.path() != Some(path) {
            self.folder.make(path)?;
        }
        let checkpoint = if self.faulty { self.last_good.clone() } else { self.training.checkpoint() };
        self.folder.save(Some(&checkpoint))
    }

    /// What is left of a run that ended: its rows, and its network as it was when all was well.
    pub(super) fn into_parts(self) -> (RunId, RunFolder, Checkpoint) {
        let checkpoint = if self.faulty { self.last_good } else { self.training.checkpoint() };
        (self.id, self.folder, checkpoint)
    }

    pub(super) fn seconds(&self) -> f64 {
        (self.worked_before + self.worked).as_secs_f64()
    }

    pub(super) fn images_per_second(&self) -> f64 {
        let (images, time) = self.trained;
        images as f64 / time.as_secs_f64().max(1e-9)
    }

    pub(super) fn histogram_cost(&self) -> HistogramCost {
        let (trained, histograms, looks) = self.histograms_so_far();
        let (trained_before, histograms_before, looks_before) = self.histograms_since;
        HistogramCost {
            looks: looks - looks_before,
            seconds: histograms.saturating_sub(histograms_before).as_secs_f64(),
            training_seconds: trained.saturating_sub(trained_before).as_secs_f64(),
        }
    }

    fn histograms_so_far(&self) -> (Duration, Duration, u64) {
        (self.trained.1, self.training.histogram_time(), self.latest.histogram_looks)
    }

    /// At the pace so far, evaluations included.
    pub(super) fn seconds_left(&self, first_step: u64) -> Option<f64> {
        let done = self.training.steps().checked_sub(first_step).filter(|&done| done > 0)?;
        let left = self.training.total_steps().saturating_sub(self.training.steps());
        Some(self.worked.as_secs_f64() / done as f64 * left as f64)
    }

    fn epoch_done(&mut self) -> Result<(), FolderError> {
        if self.going == Going::ToEpochEnd {
            self.going = Going::Paused;
        }
        self.end_evaluation();
        self.last_good = self.training.checkpoint();
        self.record(&serde_json::json!({ "event": "epoch", "step": self.training.steps() }));
        if self.training.best().is_some_and(|best| best.step == self.training.steps()) {
            self.folder.save_best(&self.last_good).inspect_err(|_| self.going = Going::Paused)?;
        }
        self.save().inspect_err(|_| self.going = Going::Paused)
    }

    fn finish(&mut self) -> Result<(), FolderError> {
        self.going = Going::Paused;
        self.keep_state(true);
        self.record(&serde_json::json!({ "event": "finished", "step": self.training.steps() }));
        self.save()?;
        let summary = self.training.summary().and_then(|summary| serde_json::to_value(summary).ok());
        if let Some(mut summary) = summary {
            summary["seconds"] = self.seconds().into();
            summary["device"] = self.device.info.name.clone().into();
            self.folder.finish(&summary)?;
        }
        Ok(())
    }
}
