//! A learning-rate range test in hand: the run waits while it goes on.

use super::message::{RateTest, RunId};
use crate::experiments::RangeTest;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) struct Finder {
    run: RunId,
    step: u64,
    test: RangeTest,
    worked: Duration,
}

impl Finder {
    /// `step`: where the run is.
    pub(super) fn new(run: RunId, step: u64, test: RangeTest) -> Self {
        Self { run, step, test, worked: Duration::ZERO }
    }

    pub(super) fn advance(&mut self) {
        let began = Instant::now();
        self.test.advance();
        self.worked += began.elapsed();
    }

    pub(super) fn cancel(&mut self) {
        self.test.cancel();
    }

    pub(super) fn has_ended(&self) -> bool {
        self.test.result().end.is_some()
    }

    pub(super) fn state(&self) -> Arc<RateTest> {
        let (config, result) = (*self.test.config(), self.test.result().clone());
        let done = result.points.len() as u64;
        let left = config.steps.saturating_sub(done);
        let seconds_left = self.worked.as_secs_f64() / done.max(1) as f64 * left as f64;
        Arc::new(RateTest { run: self.run, step: self.step, config, result, seconds_left })
    }
}
