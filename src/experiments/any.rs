//! All experiments of several networks, by name.

use super::config::ConfigError;
use super::distillation::{DistillConfig, Distillation};
use super::features::{Features, FeaturesConfig};
use super::fit::RunError;
use super::protocol::{Finished, Protocol};
use super::settings::Config;
use super::specialists::{Specialists, SpecialistsConfig};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};

/// The settings of any experiment; in TOML, `experiment` says of which.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "experiment", rename_all = "snake_case")]
pub enum ExperimentConfig {
    Distillation(Box<DistillConfig>),
    Specialists(Box<SpecialistsConfig>),
    Features(Box<FeaturesConfig>),
}

impl ExperimentConfig {
    /// As `glassbox run` takes it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Distillation(_) => "distillation",
            Self::Specialists(_) => "specialists",
            Self::Features(_) => "features",
        }
    }

    pub fn title(&self) -> &str {
        match self {
            Self::Distillation(config) => &config.title,
            Self::Specialists(config) => &config.title,
            Self::Features(config) => &config.title,
        }
    }

    /// The settings, where it is a distillation.
    pub fn distillation(&self) -> Option<&DistillConfig> {
        match self {
            Self::Distillation(config) => Some(config),
            Self::Specialists(_) | Self::Features(_) => None,
        }
    }

    /// Reads and builds what must be there before the first step. `finished`: networks that have learned already.
    ///
    /// # Errors
    /// When the settings make no sense, or networks and data do not fit together.
    pub fn build(&self, finished: Finished, device: &Device, on_host: bool) -> Result<Box<dyn Protocol>, RunError> {
        match self {
            Self::Distillation(config) => {
                Ok(Box::new(Distillation::new((**config).clone(), finished, device, on_host)?))
            }
            Self::Specialists(config) => Ok(Box::new(Specialists::new((**config).clone(), finished, device, on_host)?)),
            Self::Features(config) => Ok(Box::new(Features::new((**config).clone(), finished, device, on_host)?)),
        }
    }
}

impl Config for ExperimentConfig {
    const WHOLE: &[&str] = &["data.classes", "architecture", "paper", "fill"];

    fn check(&self) -> Result<(), ConfigError> {
        match self {
            Self::Distillation(config) => config.check(),
            Self::Specialists(config) => config.check(),
            Self::Features(config) => config.check(),
        }
    }
}
