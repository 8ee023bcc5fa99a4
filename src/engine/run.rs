//! The run that the worker has in hand.

use super::device::{OpenDevice, open_device};
use super::finder::Finder;
use super::folder::{FolderError, RunFolder};
use super::message::{
    Answer, Event, ImageSource, Inspection, LayerActivation, Query, RateTest, RunId, SampleImage, SampleProbabilities,
    Started, find_image,
};
use super::watcher::{HintNews, Latest, PointBox, SeriesNames, Watcher};
use crate::data::Split;
use crate::experiments::{Advance, ConfigError, RangeTestConfig, RunError, TrainConfig, Training};
use crate::nets::Checkpoint;
use crate::train::{Diagnosis, FaultReport};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Test images that are watched while a network learns.
const SAMPLES: usize = 24;

/// How far a run may go before it pauses by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    Paused,
    Freely,
    /// This many more training steps.
    Steps(u32),
    ToEpochEnd,
}

pub(super) struct ActiveRun {
    pub(super) id: RunId,
    pub(super) training: Training,
    pub(super) device: OpenDevice,
    pub(super) going: Going,
    pub(super) latest: Latest,
    folder: Option<RunFolder>,
    names: SeriesNames,
    samples: Arc<[SampleImage]>,
    /// Time spent training and evaluating.
    worked: Duration,
    /// Images trained on, and the time that took.
    trained: (u64, Duration),
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
    ) -> Result<Self, String> {
        let device = open_device(device)?;
        let text = |error: &dyn std::error::Error| error.to_string();
        let training = Training::new(config, &device.device, device.on_host).map_err(|error| text(&error))?;
        let folder = folder
            .map(|path| RunFolder::create(path, training.config(), training.network().architecture()))
            .transpose()
            .map_err(|error| text(&error))?;
        let mut run = Self::new(id, training, device, folder, going);
        run.save().map_err(|error| text(&error))?;
        Ok(run)
    }

    pub(super) fn resume(
        id: RunId,
        path: &Path,
        device: &str,
        epochs: Option<u64>,
        going: Going,
    ) -> Result<Self, String> {
        let device = open_device(device)?;
        let (folder, checkpoint) = RunFolder::reopen(path).map_err(|error| error.to_string())?;
        let training = Training::resume(&checkpoint, epochs, &device.device, device.on_host)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::new(id, training, device, Some(folder), going))
    }

    fn new(id: RunId, training: Training, device: OpenDevice, folder: Option<RunFolder>, going: Going) -> Self {
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
            worked: Duration::ZERO,
            trained: (0, Duration::ZERO),
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
        self.folder.as_ref().map(|folder| folder.path().to_owned())
    }

    /// One small step: of training, or of an evaluation.
    pub(super) fn turn(&mut self, points: &PointBox) -> Result<Advance, TurnError> {
        let began = Instant::now();
        let mut watcher = Watcher {
            run: self.id,
            points,
            folder: self.folder.as_mut(),
            latest: &mut self.latest,
            names: &mut self.names,
            seconds: self.worked.as_secs_f64(),
        };
        let advance = self.training.advance(&mut watcher);
        let took = began.elapsed();
        self.worked += took;
        match advance {
            Ok(Advance::Trained { images }) => {
                self.trained = (self.trained.0 + images as u64, self.trained.1 + took);
                self.going = match self.going {
                    Going::Steps(0 | 1) => Going::Paused,
                    Going::Steps(left) => Going::Steps(left - 1),
                    going => going,
                };
            }
            Ok(Advance::EpochDone) => self.epoch_done()?,
            Ok(Advance::Finished) => self.finish()?,
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
        self.faulty = false;
        self.latest.diagnosis = Diagnosis::default();
        self.tell_hints();
        if let Some(folder) = &mut self.folder {
            // The rows of the steps that are about to be taken again.
            folder.go_back(&self.last_good)?;
        }
        Ok(Some(self.training.steps()))
    }

    pub(super) fn change(&mut self, setting: &str, value: &str) -> Result<(String, String), ConfigError> {
        let (before, after) = self.training.change(setting, value)?;
        self.record(&serde_json::json!({
            "event": "changed", "step": self.training.steps(), "setting": setting, "before": before, "after": after,
        }));
        Ok((before, after))
    }

    /// Writes rows and a checkpoint, where there is a folder. A faulty state never replaces a good one.
    pub(super) fn save(&mut self) -> Result<(), FolderError> {
        if let Some(folder) = &mut self.folder {
            let checkpoint = (!self.faulty).then(|| self.training.checkpoint());
            folder.save(checkpoint.as_ref())?;
        }
        Ok(())
    }

    /// One line of `events.jsonl`, with the time of training so far.
    pub(super) fn record(&mut self, event: &serde_json::Value) {
        if let Some(folder) = &mut self.folder {
            let mut event = event.clone();
            event["seconds"] = self.worked.as_secs_f64().into();
            folder.event(&event);
        }
    }

    pub(super) fn seconds(&self) -> f64 {
        self.worked.as_secs_f64()
    }

    pub(super) fn images_per_second(&self) -> f64 {
        let (images, time) = self.trained;
        images as f64 / time.as_secs_f64().max(1e-9)
    }

    /// At the pace so far, evaluations included.
    pub(super) fn seconds_left(&self, first_step: u64) -> Option<f64> {
        let done = self.training.steps().checked_sub(first_step).filter(|&done| done > 0)?;
        let left = self.training.total_steps().saturating_sub(self.training.steps());
        Some(self.worked.as_secs_f64() / done as f64 * left as f64)
    }

    pub(super) fn sample_probabilities(&self) -> Arc<SampleProbabilities> {
        let images: Vec<&[u8]> = self.samples.iter().map(|sample| sample.pixels.as_slice()).collect();
        let probabilities = self.training.probabilities(&images);
        Arc::new(SampleProbabilities { run: self.id, generation: self.training.steps(), probabilities })
    }

    pub(super) fn answer(&self, query: Query) -> Answer {
        let Query::Inspect { image } = query;
        let (training, shape) = (&self.training, self.training.network().cuts()[0]);
        match find_image(training.test_split(), training.validation_split(), shape, &image) {
            Ok((pixels, label)) => Answer::Inspection(Box::new(self.inspect(image.clone(), pixels.to_vec(), label))),
            Err(reason) => Answer::Refused(reason),
        }
    }

    fn inspect(&self, source: ImageSource, pixels: Vec<u8>, label: Option<usize>) -> Inspection {
        let network = self.training.network();
        let view = self.training.view(&pixels);
        let layers = network.architecture().layers.iter().zip(&network.cuts()[1..]);
        let activations = layers
            .zip(view.activations)
            .map(|((layer, &shape), values)| LayerActivation { layer: layer.name.clone(), shape, values })
            .collect();
        Inspection { source, label, pixels, probabilities: view.probabilities, activations }
    }

    fn epoch_done(&mut self) -> Result<(), FolderError> {
        if self.going == Going::ToEpochEnd {
            self.going = Going::Paused;
        }
        self.last_good = self.training.checkpoint();
        let is_best = self.training.best().is_some_and(|best| best.step == self.training.steps());
        if let Some(folder) = self.folder.as_ref().filter(|_| is_best) {
            folder.save_best(&self.last_good).inspect_err(|_| self.going = Going::Paused)?;
        }
        self.save().inspect_err(|_| self.going = Going::Paused)
    }

    fn finish(&mut self) -> Result<(), FolderError> {
        self.going = Going::Paused;
        self.save()?;
        let summary = self.training.summary().and_then(|summary| serde_json::to_value(summary).ok());
        if let (Some(folder), Some(mut summary)) = (&mut self.folder, summary) {
            summary["seconds"] = self.worked.as_secs_f64().into();
            summary["device"] = self.device.info.name.clone().into();
            folder.finish(&summary)?;
        }
        Ok(())
    }
}

/// The first test images.
fn samples(test: &Split) -> Arc<[SampleImage]> {
    (0..test.len().min(SAMPLES))
        .map(|index| SampleImage {
            source: ImageSource::Test(index),
            label: test.label(index),
            pixels: test.image(index).to_vec(),
        })
        .collect()
}
