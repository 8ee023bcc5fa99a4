//! The network of the run in hand, looked into as it learns.

use super::{Exploration, Session};
use crate::engine::{Command, Query, QueryId, RunId, Subject, TrainingState};
use crate::nets::Checkpoint;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The network of a run that learns is looked at anew this often.
const RENEW_EVERY: Duration = Duration::from_millis(1500);

/// The network of the run in hand, renewed as it learns.
#[derive(Default)]
pub(super) struct Following {
    asked: Option<(QueryId, Instant)>,
    /// The state that is looked into.
    pub(super) state: Option<(RunId, TrainingState)>,
}

impl Exploration {
    /// Takes the network of the run in hand, and goes with it as it learns.
    pub fn follow_run(&mut self) {
        if self.run.is_none() {
            self.run = Some(Following::default());
            self.forget_findings();
            self.forget_stored_states();
        }
    }

    pub fn follows_run(&self) -> bool {
        self.run.is_some()
    }

    /// Whether it is time to ask for the network of a run at this step.
    fn wants_network(&self, run: RunId, step: u64) -> bool {
        let Some(following) = self.run.as_ref().filter(|_| !self.holds_network()) else { return false };
        let is_new = following.state.as_ref().is_none_or(|(own, state)| (*own, state.step) != (run, step));
        is_new && following.asked.as_ref().is_none_or(|(_, at)| at.elapsed() >= RENEW_EVERY)
    }

    /// Whether long work is about the state that is looked into, so that no newer one takes its place.
    fn holds_network(&self) -> bool {
        self.is_corresponding() || self.is_sweeping()
    }

    pub(super) fn take_network(&mut self, id: QueryId, name: String, run: RunId, state: TrainingState) {
        let holds = self.holds_network();
        let Some(following) = &mut self.run else { return };
        if !holds && following.asked.as_ref().is_some_and(|(asked, _)| *asked == id) {
            let checkpoint = Arc::clone(&state.network);
            let before = following.state.replace((run, state));
            if before.is_none_or(|(own, _)| own != run) {
                self.forget_findings();
            }
            self.take(Subject::Run { name, checkpoint });
        }
    }
}

impl Session {
    /// Asks for the network of the run in hand, where that is looked into and has learned since.
    pub fn renew_explored(&mut self) {
        let Some(run) = self.current().map(|run| run.id) else { return };
        let step = self.snapshot.step;
        if !self.exploration.wants_network(run, step) {
            return;
        }
        let id = QueryId(self.next_query());
        if self.engine().send(Command::Ask { id, query: Query::Network }).is_ok()
            && let Some(following) = &mut self.exploration.run
        {
            following.asked = Some((id, Instant::now()));
        }
    }

    pub(in crate::ui::app) fn explored_network(
        &mut self,
        id: QueryId,
        run: RunId,
        step: u64,
        network: Arc<Checkpoint>,
    ) {
        let state = TrainingState { step, epoch: self.epoch_of(run, step), network };
        let name = self.run(run).map_or_else(String::new, |run| format!("{}, step {step}", run.name));
        self.exploration.take_network(id, name, run, state);
    }

    /// Of a step near the one of the snapshot.
    fn epoch_of(&self, run: RunId, step: u64) -> f64 {
        let started = self.run(run).and_then(|run| run.started.as_ref());
        let steps_per_epoch = started.map_or(1, |started| started.steps_per_epoch).max(1);
        let ahead = step as f64 - self.snapshot.step as f64;
        (self.snapshot.epoch + ahead / steps_per_epoch as f64).max(0.0)
    }
}
