//! The learning rate over a run.

use serde::{Deserialize, Serialize};

/// A factor on the learning rate, as a function of the step alone.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    pub kind: ScheduleKind,
    /// Steps over which the rate rises linearly from nearly nothing, before `kind` begins.
    pub warmup_steps: u64,
    /// Epochs between two reductions, for `step`.
    pub step_epochs: f64,
    /// Factor of each reduction for `step`, of each epoch for `exponential`.
    pub decay: f64,
    /// What `cosine` ends at, as a share of the learning rate.
    pub floor: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    Constant,
    Step,
    #[default]
    Cosine,
    Exponential,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { kind: ScheduleKind::Cosine, warmup_steps: 0, step_epochs: 5.0, decay: 0.5, floor: 0.0 }
    }
}

impl Schedule {
    /// Factor for the step that follows `step` finished ones, in a run of `total` steps of `per_epoch` each.
    pub fn factor(&self, step: u64, total: u64, per_epoch: u64) -> f64 {
        if step < self.warmup_steps {
            return (step + 1) as f64 / self.warmup_steps as f64;
        }
        let since = (step - self.warmup_steps) as f64;
        let epochs = since / per_epoch.max(1) as f64;
        match self.kind {
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Step => self.decay.powf((epochs / self.step_epochs).floor()),
            ScheduleKind::Exponential => self.decay.powf(epochs),
            ScheduleKind::Cosine => {
                let span = total.saturating_sub(self.warmup_steps).max(1) as f64;
                let share = (since / span).min(1.0);
                self.floor + (1.0 - self.floor) * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
            }
        }
    }

    /// # Errors
    /// Names the field that makes no sense.
    pub fn check(&self) -> Result<(), String> {
        if !(self.step_epochs > 0.0 && self.step_epochs.is_finite()) {
            return Err("schedule.step_epochs must be above 0".to_owned());
        }
        if !(self.decay > 0.0 && self.decay <= 1.0) {
            return Err("schedule.decay must be above 0 and at most 1".to_owned());
        }
        if !(0.0..=1.0).contains(&self.floor) {
            return Err("schedule.floor must be in 0 to 1".to_owned());
        }
        Ok(())
    }
}
