//! The settings of an experiment with specialists, as plain data.

use crate::experiments::distillation::TRAIN;
use crate::experiments::distillation::config::{quiet, within};
use crate::experiments::{Config, ConfigError, TrainConfig};
use serde::{Deserialize, Serialize};

/// A generalist, and specialists for the classes that it confuses (Hinton, Vinyals and Dean 2015, section 5).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SpecialistsConfig {
    /// In a few words.
    pub title: String,
    /// What the paper did and found, with the place; what to look at.
    pub about: String,
    /// Decides the clusters, and which images of other classes a specialist sees. The generalist has its own.
    pub seed: u64,
    /// `T` at which the generalist's predictions are compared. A confident network's say little at 1.
    pub temperature: f64,
    /// How many specialists.
    pub count: usize,
    /// Classes of each: those that covary most with its cluster, so that sets overlap, as the paper's do. 0 takes the
    /// clusters themselves: each class is in one.
    pub size: usize,
    /// How much of what a specialist sees is of its own classes (the paper: half).
    pub share: f64,
    /// Passes of each specialist over the images of its own classes.
    pub epochs: u64,
    /// Of the specialists; everything else of their training is as the generalist's.
    pub learning_rate: f64,
    /// An image is shown to the specialists of so many of the classes that the generalist finds most probable (the
    /// paper: 1).
    pub most_probable: usize,
    pub generalist: GeneralistConfig,
}

/// The network that knows all classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GeneralistConfig {
    /// `train`, or the path of a run folder or a checkpoint.
    pub source: String,
    /// How it is trained, where it is. The network's input and last layer are made to fit the data.
    pub run: TrainConfig,
}

impl Default for SpecialistsConfig {
    fn default() -> Self {
        Self {
            title: "Specialists".to_owned(),
            about: String::new(),
            seed: 1,
            temperature: 4.0,
            count: 20,
            size: 10,
            share: 0.5,
            epochs: 3,
            learning_rate: 3e-4,
            most_probable: 1,
            generalist: GeneralistConfig::default(),
        }
    }
}

impl Default for GeneralistConfig {
    fn default() -> Self {
        let mut run = TrainConfig { network: "mlp-800".to_owned(), ..quiet() };
        "two-digits".clone_into(&mut run.data.source);
        Self { source: TRAIN.to_owned(), run }
    }
}

const MOST_SPECIALISTS: usize = 1_000;

impl Config for SpecialistsConfig {
    const WHOLE: &[&str] = &["data.classes", "architecture"];

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |reason: &str| Err(ConfigError::Check(reason.to_owned()));
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return wrong("temperature must be above 0");
        }
        if self.count == 0 || self.count > MOST_SPECIALISTS {
            return wrong("count must be from 1 to 1,000 specialists");
        }
        if self.size == 0 && self.count < 2 {
            return wrong("one cluster holds all classes: raise count to 2 or more, or give size");
        }
        if self.size == 1 {
            return wrong(
                "a specialist tells classes from each other: size must be 2 or more, or 0 for whole clusters",
            );
        }
        if !(self.share > 0.0 && self.share < 1.0) {
            return wrong("share must lie between 0 and 1, both left out: the dustbin has to be learned too");
        }
        if self.epochs == 0 || self.epochs > 1_000_000 {
            return wrong("epochs must be from 1 to 1,000,000");
        }
        if !(self.learning_rate > 0.0 && self.learning_rate.is_finite()) {
            return wrong("learning_rate must be above 0");
        }
        if self.most_probable == 0 {
            return wrong("most_probable must be at least 1: else no specialist is ever asked");
        }
        // Each specialist has a seed of its own, counted on from this one.
        if i64::try_from(self.seed.saturating_add(self.count as u64)).is_err() {
            return wrong("seed is too large");
        }
        self.generalist.run.check().map_err(|error| within("generalist.run", error))
    }
}
