//! The state of the run in hand, for whoever looks.

use super::inspection::SampleProbabilities;
use super::message::{Phase, Snapshot};
use super::run::{ActiveRun, Going};
use std::sync::Arc;

impl ActiveRun {
    /// `first_step` is where the run began or was taken up, for the estimate of the time left.
    pub(super) fn snapshot(
        &self,
        phase: Phase,
        samples: Option<Arc<SampleProbabilities>>,
        first_step: u64,
    ) -> Snapshot {
        let training = &self.training;
        Snapshot {
            run: Some(self.id),
            phase,
            device: self.device.info.name.clone(),
            step: training.steps(),
            total_steps: training.total_steps(),
            epoch: training.epoch(),
            epochs: training.config().epochs,
            images_per_second: self.images_per_second(),
            seconds_left: self.seconds_left(first_step),
            learning_rate: training.learning_rate(),
            histogram_cost: self.histogram_cost(),
            evaluating: training.is_evaluating() && self.going != Going::Paused,
            evaluated_share: training.evaluated_share().unwrap_or(0.0),
            samples,
            health: Arc::clone(&self.latest.health),
            hints: Arc::clone(&self.latest.hints),
            rate_test: self.rate_test(),
            validation: self.latest.validation.clone(),
            test: self.latest.test.clone(),
            states: Arc::clone(self.states()),
            experiment: None,
        }
    }
}
