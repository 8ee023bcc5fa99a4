//! Supervised training of one network: the run behind the Train lab and `glassbox train`, and each network of an
//! experiment.

mod asking;
mod evaluating;

pub use evaluating::HeldOut;
pub(super) use evaluating::Pending;

use crate::data::{Batch, BatchPlan, Loader, Progress as Watcher, Split, Standardisation, Unwatched};
use crate::experiments::Config;
use crate::experiments::config::{ConfigError, TrainConfig};
use crate::experiments::fit::RunError;
use crate::experiments::observer::{Advance, Observer};
use crate::experiments::points::{report_step, report_terms};
use crate::experiments::progress::{Best, Progress};
use crate::experiments::range_test::{RangeTest, RangeTestConfig};
use crate::experiments::stop::Met;
use crate::nets::{Architecture, Checkpoint, CheckpointError, NamedArray, Network};
use crate::train::{Evaluation, Goal, Loss, Trainer, Watch};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A training run that advances in small steps. Same settings and seed, same bits, on the processor.
pub struct Training {
    config: TrainConfig,
    trainer: Trainer,
    /// What each step makes small.
    loss: Loss,
    /// Whether the labels of the training images are known.
    labelled: bool,
    class_names: Vec<String>,
    train: Split,
    validation: Option<Split>,
    test: Split,
    standardisation: Standardisation,
    loader: Option<Loader>,
    progress: Progress,
    evaluation: Option<Pending>,
    met: Met,
    /// The condition of the settings that was met last, in words, until it is taken.
    stop: Option<String>,
    /// No further training step is wanted.
    ending: bool,
    last_validation: Option<Evaluation>,
    test_result: Option<Evaluation>,
    histogram_time: Duration,
}

/// The last word on a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingSummary {
    pub test_errors: usize,
    pub test_accuracy: f64,
    pub test_loss: f64,
    pub test_calibration_error: f64,
    pub validation_errors: Option<usize>,
    pub validation_accuracy: Option<f64>,
    /// Where the loss on the images held out was lowest.
    #[serde(default)]
    pub best: Option<Best>,
    /// Whole passes over the training images.
    pub epochs: u64,
    pub steps: u64,
    pub parameters: u64,
    pub settings: TrainConfig,
}

/// What a network learns from, and is judged by.
#[derive(Clone, Debug)]
pub struct Material {
    pub train: Split,
    pub validation: Option<Split>,
    pub test: Split,
    pub standardisation: Standardisation,
}

/// A teacher's logits for a batch, `[batch, classes]`; nothing where there is no teacher.
pub type Guide<'a> = &'a dyn Fn(&Batch) -> Vec<f32>;

impl Training {
    /// A fresh start.
    ///
    /// # Errors
    /// When the data, the network or the settings do not fit together.
    pub fn new(config: TrainConfig, device: &Device, on_host: bool) -> Result<Self, RunError> {
        Self::open(config, device, on_host, &Unwatched)
    }

    /// [`new`](Self::new), with somebody to watch while the data is opened.
    ///
    /// # Errors
    /// As [`new`](Self::new), and when `progress` says to stop.
    pub fn open(config: TrainConfig, device: &Device, on_host: bool, progress: &dyn Watcher) -> Result<Self, RunError> {
        let architecture = config.resolve_network()?;
        Self::build(config, architecture, device, on_host, progress)
    }

    /// Goes on from a checkpoint, exactly where it stood.
    ///
    /// # Errors
    /// As [`new`](Self::new), and when the checkpoint lacks something.
    pub fn resume(
        checkpoint: &Checkpoint,
        epochs: Option<u64>,
        device: &Device,
        on_host: bool,
        progress: &dyn Watcher,
    ) -> Result<Self, RunError> {
        let mut config = TrainConfig::from_toml(&checkpoint.state::<String>("config")?, "the checkpoint")?;
        config.epochs = epochs.unwrap_or(config.epochs);
        config.check()?;
        let mut run = Self::build(config, checkpoint.architecture.clone(), device, on_host, progress)?;
        run.trainer.load_arrays(&checkpoint.arrays, checkpoint.state("step")?)?;
        run.progress = run.read_progress(checkpoint)?;
        Ok(run)
    }

    fn build(
        config: TrainConfig,
        architecture: Architecture,
        device: &Device,
        on_host: bool,
        progress: &dyn Watcher,
    ) -> Result<Self, RunError> {
        let material = Material::open(&config, &architecture, progress)?;
        Self::from_material(config, architecture, material, device, on_host)
    }

    /// As [`new`](Self::new), with what it learns from already at hand.
    ///
    /// # Errors
    /// When the settings make no sense, or the images do not suit them.
    pub fn from_material(
        config: TrainConfig,
        architecture: Architecture,
        material: Material,
        device: &Device,
        on_host: bool,
    ) -> Result<Self, RunError> {
        config.check()?;
        config.data.augmentation.validate(material.train.shape())?;
        let mut network = Network::new(architecture, config.seed, device)?;
        network.set_dropout(config.dropout.in_place());
        Ok(Self {
            trainer: Trainer::new(network, &config.optimiser, config.seed, on_host),
            loss: Loss::Hard,
            labelled: true,
            class_names: material.test.dataset.class_names().to_vec(),
            test: material.test,
            train: material.train,
            validation: material.validation,
            standardisation: material.standardisation,
            loader: None,
            progress: Progress::default(),
            evaluation: None,
            met: Met::default(),
            stop: None,
            ending: false,
            last_validation: None,
            test_result: None,
            histogram_time: Duration::ZERO,
            config,
        })
    }

    /// From now on each step makes this small. Where the labels are not known, the part that needs them is left out.
    pub fn set_loss(&mut self, loss: Loss, labelled: bool) {
        (self.loss, self.labelled) = (loss, labelled);
    }

    pub fn loss(&self) -> Loss {
        self.loss
    }

    /// From now on it learns from these images of the same data set, as many as before. Between two epochs only.
    pub(super) fn learn_from(&mut self, train: Split) {
        (self.train, self.loader) = (train, None);
    }

    /// Gives the network these parameters and buffers.
    ///
    /// # Errors
    /// When an array is missing or has another shape; then nothing is changed.
    pub fn load_network(&mut self, arrays: &[NamedArray]) -> Result<(), CheckpointError> {
        self.trainer.load_network(arrays)
    }

    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    pub fn network(&self) -> &Network {
        self.trainer.network()
    }

    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    pub fn train_split(&self) -> &Split {
        &self.train
    }

    pub fn validation_split(&self) -> Option<&Split> {
        self.validation.as_ref()
    }

    pub fn test_split(&self) -> &Split {
        &self.test
    }

    pub fn steps(&self) -> u64 {
        self.trainer.steps()
    }

    /// With the batch size as it is.
    pub fn steps_per_epoch(&self) -> u64 {
        self.train.len().div_ceil(self.config.batch_size) as u64
    }

    /// Steps taken, and those to come if the batch size stays.
    pub fn total_steps(&self) -> u64 {
        let Progress { epoch, images, .. } = self.progress;
        let Some(later) = self.config.epochs.checked_sub(epoch + 1) else { return self.steps() };
        let rest = (self.train.len() - images).div_ceil(self.config.batch_size) as u64;
        self.steps() + rest + later * self.steps_per_epoch()
    }

    /// Passes over the training images so far.
    pub fn epoch(&self) -> f64 {
        self.progress.epoch as f64 + self.progress.images as f64 / self.train.len() as f64
    }

    /// The lowest loss on the images held out so far.
    pub fn best(&self) -> Option<Best> {
        self.progress.best
    }

    pub fn is_evaluating(&self) -> bool {
        self.evaluation.is_some()
    }

    /// Time spent on histograms since the run was built, reporting them included.
    pub fn histogram_time(&self) -> Duration {
        self.histogram_time
    }

    /// The rate of the next step. Warm-up counts steps; what follows it goes by the passes over the images, so that a
    /// change of the batch size does not make the rate jump.
    pub fn learning_rate(&self) -> f64 {
        let (schedule, per_epoch) = (&self.config.schedule, self.steps_per_epoch());
        let warmup = schedule.warmup_steps;
        let in_epoch = self.progress.images.div_ceil(self.config.batch_size) as u64;
        let step =
            if self.steps() < warmup { self.steps() } else { (self.progress.epoch * per_epoch + in_epoch).max(warmup) };
        self.config.optimiser.learning_rate * schedule.factor(step, self.config.epochs * per_epoch, per_epoch)
    }

    /// One training step, or one piece of an evaluation.
    ///
    /// # Errors
    /// When something stopped being a finite number; the run stays as it was before the step.
    pub fn advance(&mut self, observer: &mut dyn Observer) -> Result<Advance, RunError> {
        self.advance_guided(&|_| Vec::new(), observer)
    }

    /// As [`advance`](Self::advance), with a teacher beside it.
    ///
    /// # Errors
    /// The same.
    pub fn advance_guided(&mut self, guide: Guide<'_>, observer: &mut dyn Observer) -> Result<Advance, RunError> {
        if self.evaluation.is_none() {
            self.evaluation = self.evaluation_due();
        }
        if self.evaluation.is_some() {
            return Ok(self.evaluate_piece(observer));
        }
        if self.is_finished() {
            return Ok(Advance::Finished);
        }
        if self.epoch_waits() {
            self.end_epoch(None);
            return Ok(Advance::EpochDone);
        }
        self.train_step(guide, observer)
    }

    /// No further training step: what is held out is evaluated, then the test images, and that is the end.
    pub fn end_here(&mut self) {
        self.ending = true;
    }

    /// The condition of the settings that was met since the last call, in words. The run should pause then.
    pub fn take_stop(&mut self) -> Option<String> {
        self.stop.take()
    }

    /// As [`take_stop`](Self::take_stop), for the condition on time: after `seconds` of work.
    pub fn stop_after(&mut self, seconds: f64) -> Option<String> {
        let is_over = self.is_finished() || self.ending;
        if is_over { None } else { self.met.after_seconds(&self.config.stop, seconds, self.progress.best) }
    }

    /// A learning-rate range test on a copy of the network and the optimiser as they are, with the batches that the run
    /// would take next. The run itself is not touched.
    ///
    /// # Errors
    /// When the range makes no sense.
    pub fn range_test(&self, config: RangeTestConfig) -> Result<RangeTest, ConfigError> {
        config.check().map_err(ConfigError::Check)?;
        Ok(RangeTest::new(
            config,
            self.config.optimiser,
            self.trainer.twin(&self.config.optimiser),
            self.start_loader(),
        ))
    }

    pub fn is_finished(&self) -> bool {
        self.test_result.is_some()
    }

    /// Once the test images have been seen.
    pub fn summary(&self) -> Option<TrainingSummary> {
        let test = self.test_result.as_ref()?;
        let rows = self.network().architecture().summary().ok()?;
        Some(TrainingSummary {
            test_errors: test.errors,
            test_accuracy: test.accuracy,
            test_loss: test.loss,
            test_calibration_error: test.calibration_error,
            validation_errors: self.last_validation.as_ref().map(|evaluation| evaluation.errors),
            validation_accuracy: self.last_validation.as_ref().map(|evaluation| evaluation.accuracy),
            best: self.progress.best,
            epochs: self.progress.epoch,
            steps: self.steps(),
            parameters: rows.iter().map(|row| row.parameters).sum(),
            settings: self.config.clone(),
        })
    }

    /// Changes one of [`LIVE_SETTINGS`](super::LIVE_SETTINGS) between two steps. Returns its value before and after.
    ///
    /// # Errors
    /// When it may not change during a run, or the value does not suit it.
    pub fn change(&mut self, setting: &str, value: &str) -> Result<(String, String), ConfigError> {
        if !super::LIVE_SETTINGS.contains(&setting) {
            let reason = "it can be changed only before a run: reset first".to_owned();
            return Err(ConfigError::Value { key: setting.to_owned(), value: value.to_owned(), reason });
        }
        let changed = self.config.with(setting, value)?;
        let past = changed.epochs < self.progress.epoch + u64::from(self.progress.images > 0);
        let augmentation_fits = changed.data.augmentation.validate(self.train.dataset.shape());
        let refusal = if past {
            Some("the run is further already".to_owned())
        } else {
            augmentation_fits.err().map(|error| error.to_string())
        };
        if let Some(reason) = refusal {
            return Err(ConfigError::Value { key: setting.to_owned(), value: value.to_owned(), reason });
        }
        let texts = [&self.config, &changed].map(|config| config.get(setting).unwrap_or_default());
        if changed.data.augmentation != self.config.data.augmentation || changed.batch_size != self.config.batch_size {
            // The next batch begins where the last one ended.
            self.loader = None;
        }
        if changed.stop != self.config.stop {
            self.met.forget();
        }
        self.trainer.set_dropout(changed.dropout.in_place());
        self.config = changed;
        let [before, after] = texts;
        Ok((before, after))
    }

    /// Everything needed to go on from here.
    pub fn checkpoint(&self) -> Checkpoint {
        let mut state = BTreeMap::from([
            ("config".to_owned(), self.config.to_toml()),
            ("step".to_owned(), self.steps().to_string()),
        ]);
        self.progress.write(&mut state);
        self.preparation().write(&self.class_names, &mut state);
        Checkpoint { architecture: self.network().architecture().clone(), arrays: self.trainer.to_arrays(), state }
    }

    /// The network as it stands, and how pictures become its input: what [`Classifier`](crate::experiments::Classifier)
    /// needs, without what only the training does.
    pub fn network_alone(&self) -> Checkpoint {
        let mut state = BTreeMap::new();
        self.preparation().write(&self.class_names, &mut state);
        Checkpoint { architecture: self.network().architecture().clone(), arrays: self.network().to_arrays(), state }
    }

    /// Goes back to a checkpoint of this run.
    ///
    /// # Errors
    /// When it is not of this run's network.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), RunError> {
        let progress = self.read_progress(checkpoint)?;
        self.trainer.load_arrays(&checkpoint.arrays, checkpoint.state("step")?)?;
        self.progress = progress;
        self.evaluation = None;
        self.loader = None;
        self.stop = None;
        Ok(())
    }

    fn read_progress(&self, checkpoint: &Checkpoint) -> Result<Progress, CheckpointError> {
        Progress::read(checkpoint, self.train.len(), self.config.batch_size)
    }

    /// Goes to the end of a training that was made elsewhere: what is left is to evaluate the network.
    ///
    /// # Errors
    /// When an array is missing or has another shape.
    pub(super) fn take_up(&mut self, arrays: &[NamedArray], step: u64) -> Result<(), CheckpointError> {
        self.trainer.load_network(arrays)?;
        self.trainer.skip_to(step.max(1));
        self.progress.epoch = self.config.epochs;
        Ok(())
    }

    /// There will be no further step: lets go of what only steps need.
    pub(super) fn rest(&mut self) {
        self.loader = None;
        self.trainer.rest();
    }

    fn train_step(&mut self, guide: Guide<'_>, observer: &mut dyn Observer) -> Result<Advance, RunError> {
        let batch = self.next_batch();
        let teacher = if self.loss.needs_teacher() { guide(&batch) } else { Vec::new() };
        let goal = Goal { loss: self.loss, teacher: &teacher, labelled: self.labelled };
        let learning_rate = self.learning_rate();
        let is_due = |every: u64| every > 0 && self.steps().is_multiple_of(every);
        let monitor = &self.config.monitor;
        let watch = Watch { health: is_due(monitor.health_every), histograms: is_due(monitor.histograms_every) };
        let report = self.trainer.step(&batch, &goal, &self.config.optimiser, learning_rate, watch)?;
        self.progress.trained(batch.len(), report.loss, self.train.len());
        let place = (self.steps(), self.epoch());
        report_step(observer, place, &report, learning_rate);
        if self.loss.needs_teacher() {
            report_terms(observer, place, &report);
        }
        if watch.histograms {
            let began = Instant::now();
            observer.histograms(self.steps(), self.epoch(), &report.histograms);
            self.histogram_time += report.histogram_time + began.elapsed();
        }
        Ok(Advance::Trained { images: batch.len() })
    }

    fn next_batch(&mut self) -> Batch {
        let mut loader = self.loader.take().unwrap_or_else(|| self.start_loader());
        let batch = loader.next().batch;
        self.loader = Some(loader);
        batch
    }

    fn start_loader(&self) -> Loader {
        let plan = self.plan(&self.train, self.config.data.augmentation);
        Loader::start_from(plan, self.progress.epoch as usize, self.progress.images)
    }

    fn plan(&self, split: &Split, augmentation: crate::data::Augmentation) -> BatchPlan {
        BatchPlan {
            split: split.clone(),
            standardisation: self.standardisation.clone(),
            augmentation,
            batch_size: self.config.batch_size,
            seed: self.config.seed,
        }
    }
}
