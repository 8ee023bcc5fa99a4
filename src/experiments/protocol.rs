//! Experiments of several networks: what the engine drives, and what it shows of each network.

use super::config::ConfigError;
use super::fit::RunError;
use super::observer::Observer;
use crate::data::Split;
use crate::nets::Checkpoint;
use crate::train::Evaluation;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An experiment that advances in small steps.
pub trait Protocol: Send {
    /// A training step, or a piece of an evaluation, of one network.
    ///
    /// # Errors
    /// When something stopped being a finite number, or the next network cannot be built.
    fn advance(&mut self, observer: &mut dyn Observer) -> Result<ProtocolAdvance, RunError>;

    /// Every network, in the order in which they are listed; also those that have not begun.
    fn members(&self) -> Vec<MemberState>;

    /// What it does now, in words.
    fn stage(&self) -> String;

    /// Work done and work in all, in any unit that goes with time.
    fn work(&self) -> (f64, f64);

    /// Changes a setting between two steps. Returns its value before and after.
    ///
    /// # Errors
    /// When it may not change now, or the value does not suit it.
    fn change(&mut self, setting: &str, value: &str) -> Result<(String, String), ConfigError>;

    /// What each network that is there makes of an image given as bytes, `[channels, height, width]`: its name and logits.
    fn logits(&self, pixels: &[u8]) -> Vec<(String, Vec<f32>)>;

    /// Images by which the networks are judged: validation (if any are held out) and test.
    fn held_out(&self) -> (Option<Split>, Split);

    /// Once it has finished: everything measured, as JSON for the run folder.
    fn results(&self) -> Option<serde_json::Value>;
}

/// What one small step of an experiment did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolAdvance {
    Trained {
        images: usize,
    },
    /// A piece of an evaluation, or of anything else beside training.
    Measured,
    /// The states of the members changed: an epoch or a network is done.
    MemberChanged,
    Finished,
}

/// What a network of an experiment is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Teacher,
    Student,
    /// Knows a few classes that are easily confused, and puts all others into one (Hinton et al. 2015, section 5).
    Specialist,
    /// What is looked into.
    Subject,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    #[default]
    Waiting,
    Training,
    /// It has learned all it will.
    Done,
}

/// One network of an experiment, as far as it is.
#[derive(Clone, Debug)]
pub struct MemberState {
    /// Unique within the experiment; its series begin with it.
    pub name: String,
    pub role: Role,
    /// As a person calls its architecture.
    pub network: String,
    pub parameters: u64,
    /// What it makes small, in words.
    pub objective: String,
    /// The classes that a specialist tells from each other, its last output standing for all others. Empty: all classes.
    pub classes: Arc<[usize]>,
    pub status: Status,
    pub step: u64,
    /// 0 as long as it is not known.
    pub total_steps: u64,
    pub epoch: f64,
    pub epochs: u64,
    /// Seconds of its own steps and evaluations.
    pub seconds: f64,
    pub images_per_second: f64,
    /// The last one, with its logits.
    pub validation: Option<Arc<Evaluation>>,
    /// Once it is done.
    pub test: Option<Arc<Evaluation>>,
}

/// A network that is done, by name.
pub type Finished = std::collections::BTreeMap<String, Checkpoint>;

/// Passes a member's reports on under its name.
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    pub(super) inner: &'a mut dyn Observer,
    /// Whether its points are left out: they were made elsewhere.
    pub(super) is_silent: bool,
    /// The evaluations that were reported, by split.
    pub(super) validation: Option<Evaluation>,
    pub(super) test: Option<Evaluation>,
}

impl<'a> Named<'a> {
    pub(super) fn new(name: &'a str, inner: &'a mut dyn Observer, is_silent: bool) -> Self {
        Self { name, inner, is_silent, validation: None, test: None }
    }
}

/// Of so many steps one leaves points on the curves of its network: an experiment has many networks.
const THIN: u64 = 10;

impl Observer for Named<'_> {
    fn metric(&mut self, series: &str, step: u64, epoch: f64, value: f64) {
        let is_of_step = !series.starts_with("validation/") && !series.starts_with("test/");
        if self.is_silent || series == "gradient_norm" || (is_of_step && !step.is_multiple_of(THIN)) {
            return;
        }
        self.inner.metric(&format!("{}/{series}", self.name), step, epoch, value);
    }

    fn evaluation(&mut self, split: &str, _: u64, evaluation: &Evaluation) {
        let place = if split == "test" { &mut self.test } else { &mut self.validation };
        *place = Some(evaluation.clone());
    }
}
