//! Evaluations in the making, a piece at a time, so that whoever watches can do something in between.

use crate::data::BatchPlan;
use crate::train::{Evaluation, Tally};

/// Images of one piece of an evaluation: about the work of one training step.
pub(super) const PIECE: usize = 256;

/// The images that are never learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeldOut {
    /// Of the training images; every choice is made on these.
    Validation,
    /// Seen once, after the last epoch.
    Test,
}

impl HeldOut {
    pub const ALL: [Self; 2] = [Self::Validation, Self::Test];

    /// As curves and columns are called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

/// An evaluation in the making.
pub(super) struct Pending {
    pub(super) split: HeldOut,
    /// Asked for by a person, and no part of the run's protocol: it leaves no row and ends no epoch.
    pub(super) on_demand: bool,
    plan: BatchPlan,
    tally: Tally,
    next: usize,
}

impl Pending {
    /// `plan` without augmentation, in pieces of [`PIECE`].
    pub(super) fn new(split: HeldOut, plan: BatchPlan, classes: usize, on_demand: bool) -> Self {
        Self { split, on_demand, plan, tally: Tally::new(classes), next: 0 }
    }

    /// Counts one more piece with `logits` of a batch. Returns whether there was one left.
    pub(super) fn advance(&mut self, logits: impl Fn(&crate::data::Batch) -> Vec<f32>) -> bool {
        let Some(batch) = self.plan.sequential_batch(self.next) else { return false };
        self.tally.add(&logits(&batch), &batch.labels);
        self.next += 1;
        true
    }

    /// From 0 to 1.
    pub(super) fn share(&self) -> f64 {
        ((self.next * PIECE) as f64 / self.plan.split.len().max(1) as f64).min(1.0)
    }

    pub(super) fn finish(self, step: u64) -> Evaluation {
        self.tally.finish(step)
    }
}
