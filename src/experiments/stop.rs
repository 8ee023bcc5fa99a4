//! Conditions at which a run stops by itself.

use super::progress::Best;
use crate::train::Evaluation;
use serde::{Deserialize, Serialize};

/// Each of these is off at 0. All but the time are looked at after each epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StopConfig {
    /// Accuracy on the images held out, as a share.
    pub validation_accuracy_above: f64,
    /// Mean training loss of the epoch, in nats.
    pub train_loss_below: f64,
    /// Epochs since the best loss on the images held out (early stopping, Prechelt 1998).
    pub patience_epochs: u64,
    /// Training and evaluation since the run was started or taken up, pauses left out. By the clock, so another run with
    /// the same seed may stop at another step.
    pub after_minutes: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Condition {
    Accuracy,
    Loss,
    Patience,
    Minutes,
}

/// What is known at the end of an epoch.
pub(super) struct EpochEnd<'a> {
    /// Whole epochs.
    pub(super) epoch: u64,
    pub(super) train_loss: f64,
    pub(super) validation: Option<&'a Evaluation>,
    pub(super) best: Option<Best>,
}

/// The conditions that were met. Each is met once; a change of the conditions makes all of them count again.
#[derive(Debug, Default)]
pub(super) struct Met(Vec<Condition>);

impl StopConfig {
    /// # Errors
    /// Names the field that makes no sense.
    pub fn check(&self, holds_out: bool) -> Result<(), String> {
        if !(0.0..=1.0).contains(&self.validation_accuracy_above) {
            return Err("stop.validation_accuracy_above must be a share, in 0 (off) to 1".to_owned());
        }
        for (name, value) in [("train_loss_below", self.train_loss_below), ("after_minutes", self.after_minutes)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(format!("stop.{name} is {value}, but must be a number not below 0 (off)"));
            }
        }
        if !holds_out && (self.validation_accuracy_above > 0.0 || self.patience_epochs > 0) {
            let needs = "stop.validation_accuracy_above and stop.patience_epochs look at images that are held out";
            return Err(format!("{needs}: hold some out (data.validation), or set them to 0"));
        }
        Ok(())
    }
}

impl Met {
    /// After an epoch: the first condition that is newly met, in words.
    pub(super) fn after_epoch(&mut self, config: &StopConfig, end: &EpochEnd<'_>) -> Option<String> {
        let accuracy = end.validation.map_or(0.0, |validation| validation.accuracy);
        let since_best = end.best.map_or(0, |best| end.epoch.saturating_sub(best.epoch));
        let (above, below, patience) =
            (config.validation_accuracy_above, config.train_loss_below, config.patience_epochs);
        let met = if above > 0.0 && accuracy >= above && self.is_new(Condition::Accuracy) {
            format!("the validation accuracy is {:.2}%, and {:.2}% was wanted", 100.0 * accuracy, 100.0 * above)
        } else if end.train_loss < below && self.is_new(Condition::Loss) {
            format!("the mean training loss of the epoch is {:.4} nats, below {below}", end.train_loss)
        } else if patience > 0 && since_best >= patience && self.is_new(Condition::Patience) {
            format!("the validation loss has not got better for {since_best} epochs")
        } else {
            return None;
        };
        Some(format!("Stopped after epoch {}: {met}.{}", end.epoch, best_text(end.best)))
    }

    /// At any time: whether the minutes are over.
    pub(super) fn after_seconds(&mut self, config: &StopConfig, seconds: f64, best: Option<Best>) -> Option<String> {
        let minutes = config.after_minutes;
        let over = minutes > 0.0 && seconds >= 60.0 * minutes && self.is_new(Condition::Minutes);
        over.then(|| {
            format!("Stopped after {:.2} minutes of {minutes} by the clock.{}", seconds / 60.0, best_text(best))
        })
    }

    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    fn is_new(&mut self, condition: Condition) -> bool {
        let is_new = !self.0.contains(&condition);
        if is_new {
            self.0.push(condition);
        }
        is_new
    }
}

fn best_text(best: Option<Best>) -> String {
    best.map_or_else(String::new, |best| {
        format!(" The best validation loss was {:.4} nats, after epoch {}.", best.loss, best.epoch)
    })
}
