//! The learning-rate range test (Smith 2017, arXiv 1506.01186, section 3.3), as fastai runs it: the rate rises by the
//! same factor at every step, on a copy of a run's network and optimiser, until the loss gets out of hand.

use crate::data::Loader;
use crate::train::{Goal, OptimiserSettings, Trainer, Watch};
use serde::{Deserialize, Serialize};

/// The test ends when the smoothed loss is over this many times its minimum (fastai's `LRFinder`).
pub const STOP_FACTOR: f64 = 4.0;

/// Weight of the past in the debiased exponential average of the loss. fastai takes 0.98, which lags by half of a test
/// of 100 steps; 0.9 lags by ten steps.
pub const SMOOTHING: f64 = 0.9;

/// The second suggestion is the rate at the minimum over this (fastai's `minimum`).
pub const MINIMUM_DIVISOR: f64 = 10.0;

/// More steps than anybody can tell apart on a plot.
const MOST_STEPS: u64 = 2_000;

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeTestConfig {
    /// The first rate.
    pub from: f64,
    /// The last.
    pub to: f64,
    /// Mini-batches.
    pub steps: u64,
}

impl Default for RangeTestConfig {
    fn default() -> Self {
        Self { from: 1e-6, to: 1.0, steps: 100 }
    }
}

impl RangeTestConfig {
    /// # Errors
    /// Says what makes no sense.
    pub fn check(&self) -> Result<(), String> {
        if !(self.from > 0.0 && self.to > self.from && self.to.is_finite()) {
            return Err("the rates of a range test rise from a number above 0 to a larger one".to_owned());
        }
        if !(3..=MOST_STEPS).contains(&self.steps) {
            return Err(format!("a range test takes 3 to {MOST_STEPS} steps"));
        }
        Ok(())
    }

    /// Of step `index`, from 0.
    pub fn rate(&self, index: u64) -> f64 {
        let share = index as f64 / (self.steps - 1).max(1) as f64;
        self.from * (self.to / self.from).powf(share)
    }
}

/// One step of the test.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RatePoint {
    pub rate: f64,
    /// Mean loss of the batch, in nats, before the update with this rate.
    pub loss: f64,
    /// Debiased exponential average of the losses up to here.
    pub smoothed: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RangeTestEnd {
    /// All steps were taken.
    Complete,
    /// The smoothed loss was over [`STOP_FACTOR`] times its minimum.
    Diverged,
    NotFinite,
    Cancelled,
}

impl RangeTestEnd {
    pub fn describe(self) -> String {
        match self {
            Self::Complete => "all steps were taken".to_owned(),
            Self::Diverged => format!("ended early: the smoothed loss is over {STOP_FACTOR} times its minimum"),
            Self::NotFinite => "ended early: a value stopped being finite".to_owned(),
            Self::Cancelled => "cancelled".to_owned(),
        }
    }
}

/// What a test has found so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RangeTestResult {
    pub points: Vec<RatePoint>,
    /// None while it goes on.
    pub end: Option<RangeTestEnd>,
}

impl RangeTestResult {
    /// The rate at which the smoothed loss falls most for a change of the logarithm of the rate: the largest central
    /// difference. None where it never falls.
    pub fn steepest(&self) -> Option<f64> {
        let falls = self.points.windows(3).map(|three| (three[1].rate, three[0].smoothed - three[2].smoothed));
        let steepest = falls.max_by(|(_, a), (_, b)| a.total_cmp(b));
        steepest.filter(|(_, fall)| *fall > 0.0).map(|(rate, _)| rate)
    }

    /// The rate at the minimum of the smoothed loss, over [`MINIMUM_DIVISOR`]. None where the loss never fell.
    pub fn minimum_tenth(&self) -> Option<f64> {
        let lowest = self.points.iter().enumerate().min_by(|(_, a), (_, b)| a.smoothed.total_cmp(&b.smoothed));
        lowest.filter(|(index, _)| *index > 0).map(|(_, point)| point.rate / MINIMUM_DIVISOR)
    }
}

/// A test that advances in small steps. It shares nothing with the run it was made from.
pub struct RangeTest {
    config: RangeTestConfig,
    settings: OptimiserSettings,
    trainer: Trainer,
    loader: Loader,
    /// Average, not yet debiased.
    average: f64,
    lowest: f64,
    result: RangeTestResult,
}

impl RangeTest {
    /// `trainer` and `loader` are the test's own. `config` must have been [checked](RangeTestConfig::check).
    pub(super) fn new(config: RangeTestConfig, settings: OptimiserSettings, trainer: Trainer, loader: Loader) -> Self {
        let result = RangeTestResult::default();
        Self { config, settings, trainer, loader, average: 0.0, lowest: f64::INFINITY, result }
    }

    pub fn config(&self) -> &RangeTestConfig {
        &self.config
    }

    pub fn result(&self) -> &RangeTestResult {
        &self.result
    }

    /// One training step at the next rate; nothing once it has ended.
    pub fn advance(&mut self) {
        if self.result.end.is_some() {
            return;
        }
        let index = self.result.points.len() as u64;
        let rate = self.config.rate(index);
        let batch = self.loader.next().batch;
        let Ok(report) = self.trainer.step(&batch, &Goal::LABELS, &self.settings, rate, Watch::default()) else {
            self.result.end = Some(RangeTestEnd::NotFinite);
            return;
        };
        self.average = SMOOTHING * self.average + (1.0 - SMOOTHING) * report.loss;
        let smoothed = self.average / (1.0 - SMOOTHING.powf((index + 1) as f64));
        self.result.points.push(RatePoint { rate, loss: report.loss, smoothed });
        self.lowest = self.lowest.min(smoothed);
        if smoothed > STOP_FACTOR * self.lowest {
            self.result.end = Some(RangeTestEnd::Diverged);
        } else if index + 1 == self.config.steps {
            self.result.end = Some(RangeTestEnd::Complete);
        }
    }

    pub fn cancel(&mut self) {
        self.result.end.get_or_insert(RangeTestEnd::Cancelled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(smoothed: &[f64]) -> RangeTestResult {
        let rate = |index: usize| 10_f64.powi(index as i32 - 5);
        let point = |(index, &smoothed): (usize, &f64)| RatePoint { rate: rate(index), loss: smoothed, smoothed };
        RangeTestResult { points: smoothed.iter().enumerate().map(point).collect(), end: None }
    }

    #[test]
    fn suggestions_follow_their_definitions() {
        let found = result(&[2.3, 2.2, 2.0, 1.1, 0.7, 0.65, 3.0]);
        assert_eq!(found.steepest(), Some(1e-2));
        assert_eq!(found.minimum_tenth(), Some(0.1));
        let rising = result(&[2.3, 2.4, 2.5, 2.6]);
        assert_eq!((rising.steepest(), rising.minimum_tenth()), (None, None));
        assert_eq!((result(&[]).steepest(), result(&[1.0]).minimum_tenth()), (None, None));
    }

    #[test]
    fn rates_rise_by_one_factor_from_first_to_last() {
        let config = RangeTestConfig { from: 1e-4, to: 1.0, steps: 5 };
        let rates: Vec<f64> = (0..5).map(|index| config.rate(index)).collect();
        for (rate, expected) in rates.iter().zip([1e-4, 1e-3, 1e-2, 1e-1, 1.0]) {
            assert!((rate / expected - 1.0).abs() < 1e-12, "{rates:?}");
        }
        assert!(RangeTestConfig { from: 1.0, to: 0.1, steps: 5 }.check().is_err());
        assert!(RangeTestConfig { from: 1e-6, to: f64::INFINITY, steps: 5 }.check().is_err());
        assert!(RangeTestConfig { from: 1e-6, to: 1.0, steps: 2 }.check().is_err());
    }
}
