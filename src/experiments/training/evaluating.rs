//! Evaluations in the making, a piece at a time, so that whoever watches can do something in between.

use super::Training;
use crate::data::{Augmentation, BatchPlan, Split};
use crate::experiments::observer::{Advance, Observer};
use crate::experiments::points::report_evaluation;
use crate::experiments::stop::EpochEnd;
use crate::train::{Evaluation, Tally};

/// Images of one piece of an evaluation: about the work of one training step.
const PIECE: usize = 256;

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
pub(in crate::experiments) struct Pending {
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
    pub(in crate::experiments) fn advance(&mut self, logits: impl Fn(&crate::data::Batch) -> Vec<f32>) -> bool {
        let Some(batch) = self.plan.sequential_batch(self.next) else { return false };
        self.tally.add(&logits(&batch), &batch.labels);
        self.next += 1;
        true
    }

    /// From 0 to 1.
    pub(in crate::experiments) fn share(&self) -> f64 {
        ((self.next * PIECE) as f64 / self.plan.split.len().max(1) as f64).min(1.0)
    }

    pub(in crate::experiments) fn finish(self, step: u64) -> Evaluation {
        self.tally.finish(step)
    }
}

impl Training {
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

    /// An evaluation of any images, which its caller drives; nothing is reported.
    pub(in crate::experiments) fn pending_of(&self, images: &Split) -> Pending {
        self.pending(HeldOut::Test, images, true)
    }

    /// Validation after each epoch, the test images once, after the last.
    pub(super) fn evaluation_due(&self) -> Option<Pending> {
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
    pub(super) fn epoch_waits(&self) -> bool {
        let step = self.steps();
        step > 0 && self.progress.images == 0 && self.progress.validated_at != step
    }

    pub(super) fn end_epoch(&mut self, validation: Option<&Evaluation>) {
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

    pub(super) fn pending(&self, split: HeldOut, images: &Split, on_demand: bool) -> Pending {
        let mut plan = self.plan(images, Augmentation::default());
        plan.batch_size = PIECE;
        Pending::new(split, plan, self.class_names.len(), on_demand)
    }

    pub(super) fn evaluate_piece(&mut self, observer: &mut dyn Observer) -> Advance {
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

    pub(super) fn keep_evaluation(&mut self, split: HeldOut, evaluation: Evaluation, observer: &mut dyn Observer) {
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
