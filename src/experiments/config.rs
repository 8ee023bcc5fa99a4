//! What a training run is made of, as plain data: `config.toml` of a run folder, the settings panel of the window and
//! `--set` on the command line are all this one structure.

use super::dropout::DropoutRate;
use super::stop::StopConfig;
use crate::data::{Amount, Augmentation, ClassFilter};
use crate::nets::{Architecture, ArchitectureError, resolve};
use crate::train::{OptimiserSettings, Schedule};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

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
    /// `mnist`, or the path of a folder of IDX files.
    pub source: String,
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
            train: Amount::All,
            validation: Amount::Count(5_000),
            classes: ClassFilter::All,
            augmentation: Augmentation::default(),
            standardise: true,
        }
    }
}

impl Default for MonitorConfig {
    fn default() -> Self {
        Self { health_every: 25, histograms_every: 100 }
    }
}

impl TrainConfig {
    /// # Errors
    /// When the text is not TOML, a field is unknown, or a value makes no sense.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text)
            .map_err(|error| ConfigError::Syntax { origin: origin.to_owned(), reason: error.to_string() })?;
        config.check()?;
        Ok(config)
    }

    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("settings are plain data")
    }

    /// # Errors
    /// Says which setting makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
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
        checks.and_then(|()| self.stop.check(holds_out)).map_err(ConfigError::Check)
    }

    /// A copy with one setting changed. Keys are dotted paths (`optimiser.learning_rate`), values as in TOML; a text
    /// needs no quotes.
    ///
    /// # Errors
    /// When there is no such setting, or the value does not suit it.
    pub fn with(&self, key: &str, value: &str) -> Result<Self, ConfigError> {
        let mut table = self.to_table();
        if !self.keys().iter().any(|known| known == key) {
            return Err(ConfigError::Unknown { key: key.to_owned(), known: self.keys().join(", ") });
        }
        let refused = |reason: String| ConfigError::Value { key: key.to_owned(), value: value.to_owned(), reason };
        let (parents, leaf) = key.rsplit_once('.').unwrap_or(("", key));
        let mut place = &mut table;
        for parent in parents.split('.').filter(|parent| !parent.is_empty()) {
            place = place
                .get_mut(parent)
                .and_then(Value::as_table_mut)
                .ok_or_else(|| refused(format!("`{parent}` is not a group of settings")))?;
        }
        let old = place.get(leaf);
        let new = parse_value(value, old);
        place.insert(leaf.to_owned(), new);
        if key == "network" {
            table.remove("architecture");
        }
        let changed: Self = table.try_into().map_err(|error: toml::de::Error| refused(error.message().to_owned()))?;
        changed.check().map_err(|error| match error {
            ConfigError::Check(reason) => refused(reason),
            other => other,
        })?;
        Ok(changed)
    }

    /// The value of a setting as [`with`](Self::with) takes it.
    pub fn get(&self, key: &str) -> Option<String> {
        let table = Value::Table(self.to_table());
        let value = key.split('.').try_fold(&table, |value, part| value.get(part))?;
        Some(value_text(value))
    }

    /// All settings, as dotted paths.
    pub fn keys(&self) -> Vec<String> {
        let mut keys = Vec::new();
        collect_keys(&self.to_table(), "", &mut keys);
        if self.architecture.is_none() {
            keys.push("architecture".to_owned());
        }
        keys
    }

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

    /// All settings with their values, as [`keys`](Self::keys) and [`get`](Self::get) give them one by one.
    pub fn entries(&self) -> Vec<(String, String)> {
        let table = Value::Table(self.to_table());
        let value = |key: &str| key.split('.').try_fold(&table, |value, part| value.get(part)).map(value_text);
        self.keys()
            .into_iter()
            .map(|key| {
                let text = value(&key).unwrap_or_default();
                (key, text)
            })
            .collect()
    }

    fn to_table(&self) -> Table {
        Table::try_from(self).expect("settings are plain data")
    }
}

/// `runs/my-net.toml` is called `my-net`.
pub fn file_stem(path: &str) -> &str {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    file.strip_suffix(".toml").unwrap_or(file)
}

fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Groups that are one setting, because their shape depends on the value.
const WHOLE: &[&str] = &["data.classes", "architecture"];

fn collect_keys(table: &Table, prefix: &str, keys: &mut Vec<String>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) if !WHOLE.contains(&key.as_str()) => collect_keys(inner, &key, keys),
            _ => keys.push(key),
        }
    }
}

/// As TOML if it is TOML, else a text; a whole number where a fraction stands becomes a fraction.
fn parse_value(text: &str, old: Option<&Value>) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    match (parsed, old) {
        (Some(Value::Integer(number)), Some(Value::Float(_))) => Value::Float(number as f64),
        (Some(value), _) => value,
        (None, _) => Value::String(text.to_owned()),
    }
}
