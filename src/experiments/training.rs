//! Supervised training of one network: the run behind the Train lab and `glassbox train`.

use super::config::{ConfigError, TrainConfig};
use super::evaluating::{HeldOut, PIECE, Pending};
use super::fit::{RunError, check_fit, splits};
use super::observer::{Advance, Observer};
use super::progress::{Best, Progress};
use super::range_test::{RangeTest, RangeTestConfig};
use super::report::{report_evaluation, report_step};
use super::stop::{EpochEnd, Met};
use crate::data::{Batch, BatchPlan, Loader, Split, Standardisation, named};
use crate::lens::{View, view};
use crate::nets::{Architecture, Checkpoint, CheckpointError, Network};
use crate::train::{Evaluation, Trainer, Watch, images_tensor};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A training run that advances in small steps. Same settings and seed, same bits, on the processor.
pub struct Training {
    config: TrainConfig,
    trainer: Trainer,
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

impl Training {
    /// A fresh start.
    ///
    /// # Errors
    /// When the data, the network or the settings do not fit together.
    pub fn new(config: TrainConfig, device: &Device, on_host: bool) -> Result<Self, RunError> {
        let architecture = config.resolve_network()?;
        Self::build(config, architecture, device, on_host)
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
    ) -> Result<Self, RunError> {
        let mut config = TrainConfig::from_toml(&checkpoint.state::<String>("config")?, "the checkpoint")?;
        config.epochs = epochs.unwrap_or(config.epochs);
        config.check()?;
        let mut run = Self::build(config, checkpoint.architecture.clone(), device, on_host)?;
        run.trainer.load_arrays(&checkpoint.arrays, checkpoint.state("step")?)?;
        run.progress = run.read_progress(checkpoint)?;
        Ok(run)
    }

    fn build(
        config: TrainConfig,
        architecture: Architecture,
        device: &Device,
        on_host: bool,
    ) -> Result<Self, RunError> {
        config.check()?;
        let source = named(&config.data.source)?;
        check_fit(&architecture, &source)?;
        let (train, validation) = splits(&config, &source)?;
        config.data.augmentation.validate(source.train.shape())?;
        let standardisation = if config.data.standardise {
            Standardisation::measure(&train)
        } else {
            Standardisation::identity(source.train.shape().channels)
        };
        let mut network = Network::new(architecture, config.seed, device)?;
        network.set_dropout(config.dropout.in_place());
        Ok(Self {
            trainer: Trainer::new(network, &config.optimiser, config.seed, on_host),
            class_names: source.train.class_names().to_vec(),
            test: Split::all(source.test),
            train,
            validation,
            standardisation,
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

    /// How far the evaluation under way is, from 0 to 1.
    pub fn evaluated_share(&self) -> Option<f64> {
        self.evaluation.as_ref().map(Pending::share)
    }

    /// Evaluates the validation images now, piece by piece as [`advance`](Self::advance) is called. It draws nothing at
    /// random and leaves no metric, so that a run ends as it would have without; one that is due anyway is brought
    /// forward and reported as usual. Returns whether there are such images.
    pub fn evaluate_now(&mut self) -> bool {
        let Some(validation) = &self.validation else { return false };
        if self.evaluation.is_none() {
            let due = self.evaluation_due().filter(|due| due.split == HeldOut::Validation);
            self.evaluation = Some(due.unwrap_or_else(|| self.pending(HeldOut::Validation, validation, true)));
        }
        true
    }

    /// Forgets an evaluation under way; one that is due will begin anew.
    pub fn cancel_evaluation(&mut self) {
        self.evaluation = None;
    }

    /// A whole evaluation at once, beside the run; nothing is reported. `None` when the run holds no images out.
    pub fn evaluate(&self, split: HeldOut, mut progress: impl FnMut(f64)) -> Option<Evaluation> {
        let images = match split {
            HeldOut::Validation => self.validation.as_ref()?,
            HeldOut::Test => &self.test,
        };
        let mut pending = self.pending(split, images, true);
        while pending.advance(|batch| self.logits(batch)) {
            progress(pending.share());
        }
        Some(pending.finish(self.steps()))
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
        self.train_step(observer)
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
        Checkpoint { architecture: self.network().architecture().clone(), arrays: self.trainer.to_arrays(), state }
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

    /// The network's view of an image given as bytes, `[channels, height, width]`.
    pub fn view(&self, pixels: &[u8]) -> View {
        view(self.network(), self.standardised(pixels))
    }

    /// Class probabilities of images given as bytes.
    pub fn probabilities(&self, images: &[&[u8]]) -> Vec<Vec<f32>> {
        let shape = self.train.dataset.shape();
        let values = images.iter().flat_map(|pixels| self.standardised(pixels)).collect();
        let batch = Batch { images: values, labels: vec![0; images.len()], indices: vec![0; images.len()], shape };
        let logits = self.logits(&batch);
        let classes = logits.len() / images.len().max(1);
        crate::train::softmax_rows(&logits, classes).chunks_exact(classes).map(<[f32]>::to_vec).collect()
    }

    fn standardised(&self, pixels: &[u8]) -> Vec<f32> {
        let mut values = vec![0.0; pixels.len()];
        self.standardisation.apply(self.train.dataset.shape(), pixels, &mut values);
        values
    }

    fn logits(&self, batch: &Batch) -> Vec<f32> {
        let logits = self.network().forward(images_tensor(batch, self.network().device()));
        logits.into_data().try_into_vec().expect("logits are 32-bit floats")
    }

    fn train_step(&mut self, observer: &mut dyn Observer) -> Result<Advance, RunError> {
        let batch = self.next_batch();
        let learning_rate = self.learning_rate();
        let is_due = |every: u64| every > 0 && self.steps().is_multiple_of(every);
        let monitor = &self.config.monitor;
        let watch = Watch { health: is_due(monitor.health_every), histograms: is_due(monitor.histograms_every) };
        let report = self.trainer.step(&batch, &self.config.optimiser, learning_rate, watch)?;
        self.progress.trained(batch.len(), report.loss, self.train.len());
        report_step(observer, (self.steps(), self.epoch()), &report, learning_rate);
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

    /// Validation after each epoch, the test images once, after the last.
    fn evaluation_due(&self) -> Option<Pending> {
        let ends_now = self.ending && self.progress.validated_at != self.steps() && !self.is_finished();
        if (self.epoch_waits() || ends_now)
            && let Some(validation) = &self.validation
        {
            return Some(self.pending(HeldOut::Validation, validation, false));
        }
        let is_over = self.ending || (self.progress.epoch >= self.config.epochs && !self.epoch_waits());
        (is_over && !self.is_finished()).then(|| self.pending(HeldOut::Test, &self.test, false))
    }

    /// Whether an epoch has ended that nobody has looked back on.
    fn epoch_waits(&self) -> bool {
        let step = self.steps();
        step > 0 && self.progress.images == 0 && self.progress.validated_at != step
    }

    fn end_epoch(&mut self, validation: Option<&Evaluation>) {
        self.progress.validated_at = self.steps();
        if self.progress.images > 0 {
            return;
        }
        let (epoch, train_loss) = (self.progress.epoch, self.progress.end_epoch());
        if epoch < self.config.epochs && !self.ending {
            let end = EpochEnd { epoch, train_loss, validation, best: self.progress.best };
            self.stop = self.met.after_epoch(&self.config.stop, &end);
        }
    }

    fn pending(&self, split: HeldOut, images: &Split, on_demand: bool) -> Pending {
        let mut plan = self.plan(images, crate::data::Augmentation::default());
        plan.batch_size = PIECE;
        Pending::new(split, plan, self.class_names.len(), on_demand)
    }

    fn evaluate_piece(&mut self, observer: &mut dyn Observer) -> Advance {
        let Some(mut pending) = self.evaluation.take() else { return Advance::Evaluated };
        if pending.advance(|batch| self.logits(batch)) {
            self.evaluation = Some(pending);
            return Advance::Evaluated;
        }
        let (split, on_demand) = (pending.split, pending.on_demand);
        let evaluation = pending.finish(self.steps());
        observer.evaluation(split.name(), self.steps(), &evaluation);
        if on_demand {
            return Advance::EvaluatedOnDemand;
        }
        self.keep_evaluation(split, evaluation, observer);
        if self.is_finished() { Advance::Finished } else { Advance::EpochDone }
    }

    fn keep_evaluation(&mut self, split: HeldOut, evaluation: Evaluation, observer: &mut dyn Observer) {
        report_evaluation(observer, (self.steps(), self.epoch()), split, &evaluation);
        if split == HeldOut::Test {
            self.test_result = Some(evaluation);
        } else {
            self.progress.validated(self.steps(), evaluation.loss);
            self.end_epoch(Some(&evaluation));
            self.last_validation = Some(evaluation);
        }
    }
}
