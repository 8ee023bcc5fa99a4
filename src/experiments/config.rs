//! What a training run is made of, as plain data: `config.toml` of a run folder, the settings panel of the window and
//! `--set` on the command line are all this one structure.

use super::dropout::DropoutRate;
use super::moments::Moments;
use super::settings::{self, Config};
use super::stop::StopConfig;
use crate::data::{
    Amount, Augmentation, ClassFilter, DataError, ImageOptions, Progress, Source, Unwatched, named_with,
};
use crate::nets::{Architecture, ArchitectureError, resolve};
use crate::train::{OptimiserSettings, Schedule};
use serde::{Deserialize, Serialize};

/// A training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// A preset's name, or the path of a TOML file.
    pub network: String,
    pub epochs: u64,
    pub batch_size: usize,
    /// Decides the first weights, the order of images, their jitter, and dropout.
    pub seed: u64,
    pub data: DataConfig,
    pub optimiser: OptimiserSettings,
    pub schedule: Schedule,
    /// `architecture`, or one rate for every dropout layer of the network.
    pub dropout: DropoutRate,
    pub monitor: MonitorConfig,
    pub stop: StopConfig,
    /// An edited network, which takes the place of `network`; naming another one there drops it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architecture: Option<Architecture>,
}

/// What the run learns from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// The name of a data set that is built in, or a path: see [`named`](crate::data::named).
    pub source: String,
    /// How images of any size become images of one shape, where the source is a folder or an archive of them: `automatic`,
    /// or some of a size (`32x32`), `crop`, `stretch` or `pad`, and `grey` or `colour`.
    pub images: ImageOptions,
    /// How many of the training images to learn from, in all classes alike.
    pub train: Amount,
    /// How many training images to hold out; every choice is made on these, and the test images are seen once.
    pub validation: Amount,
    pub classes: ClassFilter,
    pub augmentation: Augmentation,
    /// Subtract the mean and divide by the standard deviation of the training images.
    pub standardise: bool,
}

/// What is measured beside the loss.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MonitorConfig {
    /// Steps between two looks at the health of the layers; 0 is never.
    pub health_every: u64,
    /// Steps between two looks at the distribution of weights, gradients and activations; 0 is never.
    pub histograms_every: u64,
    /// The network is kept as it is after these epochs, beside how it begins and ends: its states are what a film of a
    /// unit is made of.
    pub states_at: Moments,
}

/// Settings that may change while a run goes on.
pub const LIVE_SETTINGS: &[&str] = &[
    "optimiser.learning_rate",
    "optimiser.momentum",
    "optimiser.nesterov",
    "optimiser.beta1",
    "optimiser.beta2",
    "optimiser.epsilon",
    "optimiser.weight_decay",
    "optimiser.clip_norm",
    "optimiser.max_norm",
    "optimiser.filter_rms",
    "schedule.kind",
    "schedule.warmup_steps",
    "schedule.step_epochs",
    "schedule.decay",
    "schedule.floor",
    "data.augmentation.jitter",
    "data.augmentation.flip",
    "data.augmentation.crop",
    "dropout",
    "monitor.health_every",
    "monitor.histograms_every",
    "monitor.states_at",
    "stop.validation_accuracy_above",
    "stop.train_loss_below",
    "stop.patience_epochs",
    "stop.after_minutes",
    "batch_size",
    "epochs",
];

#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("`{key}` is not a setting; the settings are {known}")]
    Unknown { key: String, known: String },
    #[error("`{key}` cannot be `{value}`: {reason}")]
    Value { key: String, value: String, reason: String },
    #[error("the settings make no sense: {0}")]
    Check(String),
    #[error("{origin} does not hold the settings of a run: {reason}")]
    Syntax { origin: String, reason: String },
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            network: "mlp-800".to_owned(),
            epochs: 10,
            batch_size: 128,
            seed: 1,
            data: DataConfig::default(),
            optimiser: OptimiserSettings::default(),
            schedule: Schedule::default(),
            dropout: DropoutRate::default(),
            monitor: MonitorConfig::default(),
            stop: StopConfig::default(),
            architecture: None,
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self {
            source: "mnist".to_owned(),
            images: ImageOptions::default(),
            train: Amount::All,
            validation: Amount::Count(5_000),
            classes: ClassFilter::All,
            augmentation: Augmentation::default(),
            standardise: true,
        }
    }
}

impl DataConfig {
    /// Opens the source.
    ///
    /// # Errors
    /// If there is none of that name or at that path, or it cannot be opened.
    pub fn open(&self) -> Result<Source, DataError> {
        self.open_with(&Unwatched)
    }

    /// [`open`](Self::open), with somebody to watch.
    ///
    /// # Errors
    /// As [`open`](Self::open), and when `progress` says to stop.
    pub fn open_with(&self, progress: &dyn Progress) -> Result<Source, DataError> {
        named_with(&self.source, &self.images, progress)
    }
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self { health_every: 25, histograms_every: 100, states_at: Moments::default() }
    }
}

impl Config for TrainConfig {
    const WHOLE: &[&str] = &["data.classes", "architecture"];

    fn check(&self) -> Result<(), ConfigError> {
        if self.epochs == 0 || self.epochs > 1_000_000 {
            return Err(ConfigError::Check("epochs must be from 1 to 1,000,000".to_owned()));
        }
        if self.batch_size == 0 || self.batch_size > 65_536 {
            return Err(ConfigError::Check("batch_size must be from 1 to 65,536".to_owned()));
        }
        if i64::try_from(self.seed).is_err() {
            return Err(ConfigError::Check("seed must be at most 9,223,372,036,854,775,807".to_owned()));
        }
        if self.data.train == Amount::Count(0) {
            return Err(ConfigError::Check("data.train must be at least one image".to_owned()));
        }
        if let Some(architecture) = &self.architecture {
            architecture.classes().map_err(|error| ConfigError::Check(error.to_string()))?;
        }
        let holds_out = self.data.validation != Amount::Count(0);
        let checks = self.optimiser.check().and_then(|()| self.schedule.check()).and_then(|()| self.dropout.check());
        let checks = checks.and_then(|()| self.monitor.states_at.check());
        checks.and_then(|()| self.stop.check(holds_out)).map_err(ConfigError::Check)
    }

    fn keys(&self) -> Vec<String> {
        let mut keys = settings::keys(&self.to_table(), Self::WHOLE);
        if self.architecture.is_none() {
            keys.push("architecture".to_owned());
        }
        keys
    }
}

impl TrainConfig {
    /// What learns: the edited network, else the one that is named.
    ///
    /// # Errors
    /// When there is no network of that name, or the file is no architecture.
    pub fn resolve_network(&self) -> Result<Architecture, ArchitectureError> {
        self.architecture.clone().map_or_else(|| resolve(&self.network), Ok)
    }

    /// As a person calls it: the name of the edited network, a preset, or the stem of a file.
    pub fn network_name(&self) -> &str {
        self.architecture.as_ref().map_or_else(|| file_stem(&self.network), |architecture| &architecture.name)
    }
}

/// `runs/my-net.toml` is called `my-net`.
pub fn file_stem(path: &str) -> &str {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    file.strip_suffix(".toml").unwrap_or(file)
}
