//! Supervised training of one network: the run behind the Train lab and `glassbox train`.

use super::config::{ConfigError, TrainConfig};
use super::evaluating::{HeldOut, PIECE, Pending};
use super::observer::{Advance, Observer};
use crate::data::{Amount, Batch, BatchPlan, DataError, ImageShape, Loader, Source, Split, Standardisation, named};
use crate::lens::{View, view};
use crate::nets::{Architecture, ArchitectureError, Checkpoint, CheckpointError, Network, Shape, resolve};
use crate::train::{Evaluation, Fault, StepReport, Trainer, Watch, images_tensor};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The held-out images are the same for every seed, so that runs can be compared.
const HOLD_OUT_SEED: u64 = 0;

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
    steps_per_epoch: u64,
    evaluation: Option<Pending>,
    /// The step after which the validation images were last evaluated.
    validated_at: u64,
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
    pub epochs: u64,
    pub steps: u64,
    pub parameters: u64,
    pub settings: TrainConfig,
}

#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(
        "network `{network}` takes images of {takes}, but `{data}` has {has}: choose another network, or change its input"
    )]
    Shape { network: String, takes: Shape, data: String, has: ImageShape },
    #[error(
        "network `{network}` has {outputs} outputs, but `{data}` has {classes} classes: give its last layer {classes} units"
    )]
    Classes { network: String, outputs: usize, data: String, classes: usize },
    #[error("{0}; lower the learning rate or clip the gradient, and take the run up from its last checkpoint")]
    NotFinite(#[from] Fault),
}

impl Training {
    /// A fresh start.
    ///
    /// # Errors
    /// When the data, the network or the settings do not fit together.
    pub fn new(config: TrainConfig, device: &Device, on_host: bool) -> Result<Self, RunError> {
        let architecture = resolve(&config.network)?;
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
        run.validated_at = checkpoint.state("validated_at")?;
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
        let network = Network::new(architecture, config.seed, device)?;
        let steps_per_epoch = train.len().div_ceil(config.batch_size) as u64;
        Ok(Self {
            trainer: Trainer::new(network, &config.optimiser, config.seed, on_host),
            class_names: source.train.class_names().to_vec(),
            test: Split::all(source.test),
            train,
            validation,
            standardisation,
            loader: None,
            steps_per_epoch,
            evaluation: None,
            validated_at: 0,
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

    pub fn steps_per_epoch(&self) -> u64 {
        self.steps_per_epoch
    }

    pub fn total_steps(&self) -> u64 {
        self.config.epochs * self.steps_per_epoch
    }

    /// Passes over the training images so far.
    pub fn epoch(&self) -> f64 {
        self.steps() as f64 / self.steps_per_epoch as f64
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

    /// The rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        let factor = self.config.schedule.factor(self.steps(), self.total_steps(), self.steps_per_epoch);
        self.config.optimiser.learning_rate * factor
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
        self.train_step(observer)
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
            epochs: self.config.epochs,
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
        let past = changed.epochs * self.steps_per_epoch < self.steps();
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
        if changed.data.augmentation != self.config.data.augmentation {
            self.loader = None;
        }
        self.config = changed;
        let [before, after] = texts;
        Ok((before, after))
    }

    /// Everything needed to go on from here.
    pub fn checkpoint(&self) -> Checkpoint {
        let state = BTreeMap::from([
            ("config".to_owned(), self.config.to_toml()),
            ("step".to_owned(), self.steps().to_string()),
            ("validated_at".to_owned(), self.validated_at.to_string()),
        ]);
        Checkpoint { architecture: self.network().architecture().clone(), arrays: self.trainer.to_arrays(), state }
    }

    /// Goes back to a checkpoint of this run.
    ///
    /// # Errors
    /// When it is not of this run's network.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), RunError> {
        self.trainer.load_arrays(&checkpoint.arrays, checkpoint.state("step")?)?;
        self.validated_at = checkpoint.state("validated_at")?;
        self.evaluation = None;
        self.loader = None;
        Ok(())
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
        self.report(&report, learning_rate, observer);
        if watch.histograms {
            let began = Instant::now();
            observer.histograms(self.steps(), self.epoch(), &report.histograms);
            self.histogram_time += report.histogram_time + began.elapsed();
        }
        Ok(Advance::Trained { images: batch.len() })
    }

    fn report(&self, report: &StepReport, learning_rate: f64, observer: &mut dyn Observer) {
        let (step, epoch) = (self.steps(), self.epoch());
        observer.metric("train/loss", step, epoch, report.loss);
        observer.metric("train/accuracy", step, epoch, report.accuracy);
        observer.metric("learning_rate", step, epoch, learning_rate);
        observer.metric("gradient_norm", step, epoch, report.gradient_norm);
        for layer in &report.health {
            let figures = [
                ("gradient_norm", layer.gradient_norm),
                ("weight_norm", layer.weight_norm),
                ("update_ratio", layer.update_ratio),
                ("dead_share", layer.dead_share),
            ];
            for (name, value) in figures {
                if let Some(value) = value {
                    observer.metric(&format!("layer/{}/{name}", layer.layer), step, epoch, value);
                }
            }
        }
        if !report.health.is_empty() {
            observer.health(step, &report.health);
        }
    }

    fn next_batch(&mut self) -> Batch {
        let (epoch, index) = (self.steps() / self.steps_per_epoch, self.steps() % self.steps_per_epoch);
        let started = self.loader.take();
        let mut loader = started.unwrap_or_else(|| {
            let plan = self.plan(&self.train, self.config.data.augmentation);
            Loader::start(plan, epoch as usize, index as usize)
        });
        let batch = loader.next().batch;
        self.loader = Some(loader);
        batch
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
        let step = self.steps();
        let epoch_ended = step > 0 && step.is_multiple_of(self.steps_per_epoch);
        if epoch_ended
            && self.validated_at != step
            && let Some(validation) = &self.validation
        {
            return Some(self.pending(HeldOut::Validation, validation, false));
        }
        (step >= self.total_steps() && self.test_result.is_none())
            .then(|| self.pending(HeldOut::Test, &self.test, false))
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
        let (step, epoch) = (self.steps(), self.epoch());
        let figures = [
            ("loss", evaluation.loss),
            ("accuracy", evaluation.accuracy),
            ("errors", evaluation.errors as f64),
            ("calibration_error", evaluation.calibration_error),
        ];
        for (name, value) in figures {
            observer.metric(&format!("{}/{name}", split.name()), step, epoch, value);
        }
        if split == HeldOut::Test {
            self.test_result = Some(evaluation);
        } else {
            self.validated_at = step;
            self.last_validation = Some(evaluation);
        }
    }
}

/// Hold out first, so that the validation images do not depend on what is learned from.
fn splits(config: &TrainConfig, source: &Source) -> Result<(Split, Option<Split>), RunError> {
    let all = Split::all(Arc::clone(&source.train));
    let (rest, validation) = if config.data.validation == Amount::Count(0) {
        (all, None)
    } else {
        let (rest, held_out) = all.hold_out(config.data.validation, HOLD_OUT_SEED)?;
        (rest, Some(held_out))
    };
    let train = rest.filter_classes(&config.data.classes)?.stratified(config.data.train, config.seed)?;
    Ok((train, validation))
}

fn check_fit(architecture: &Architecture, source: &Source) -> Result<(), RunError> {
    let has = source.train.shape();
    let takes = architecture.input;
    if (takes.channels, takes.height, takes.width) != (has.channels, has.height, has.width) {
        return Err(RunError::Shape { network: architecture.name.clone(), takes, data: source.name.clone(), has });
    }
    let (outputs, classes) = (architecture.classes()?, source.train.classes());
    if outputs == classes {
        return Ok(());
    }
    Err(RunError::Classes { network: architecture.name.clone(), outputs, data: source.name.clone(), classes })
}
