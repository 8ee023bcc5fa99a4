//! States of the network in the run in hand, kept at chosen moments while it learns: what a film is made of.

use super::answers::SheetSource;
use super::{Asked, Exploration, ImageSet, Session};
use crate::engine::{Command, Evolution, EvolutionQuestion, Phase, Query, QueryId, Question, RunId, TrainingState};
use crate::nets::{Cut, Rule};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A state is kept at the start, after these epochs, and where the run ends. Those from 1 on are those of Zeiler and
/// Fergus 2013, figure 4; small networks learn most of what they learn within the first.
pub const KEPT_EPOCHS: [f64; 10] = [0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 64.0];
/// Of the parameters of all states; those of more are not kept.
const MOST_BYTES: usize = 512 << 20;
/// A question without an answer is asked again after this time.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(3);
/// Images that the strongest is looked for among, in each state.
const MOST_IMAGES: usize = 2_000;

/// The states of one run, the oldest first.
#[derive(Default)]
pub struct KeptStates {
    run: Option<RunId>,
    states: Vec<TrainingState>,
    asked: Option<(QueryId, Instant)>,
}

/// What a film is about: the run and its states, and the unit.
type FilmOf = (RunId, Vec<u64>, Cut, usize, Rule, SheetSource, u64);

#[derive(Default)]
pub(super) struct Films {
    pub(super) kept: KeptStates,
    pub(super) film: Asked<FilmOf, Arc<Evolution>>,
}

impl KeptStates {
    pub fn run(&self) -> Option<RunId> {
        self.run
    }

    pub fn states(&self) -> &[TrainingState] {
        &self.states
    }

    /// Of their parameters, in memory.
    pub fn bytes(&self) -> usize {
        self.states.iter().map(TrainingState::bytes).sum()
    }

    /// Whether another state would be one too many.
    pub fn is_full(&self) -> bool {
        let largest = self.states.iter().map(TrainingState::bytes).max().unwrap_or(0);
        self.bytes() + largest > MOST_BYTES
    }

    /// Whether the network of a run should be kept as it is now.
    fn wants(&self, run: RunId, step: u64, epoch: f64, has_ended: bool) -> bool {
        if self.asked.as_ref().is_some_and(|(_, at)| at.elapsed() < ASK_AGAIN_AFTER) {
            return false;
        }
        let Some(last) = self.states.last().filter(|_| self.run == Some(run)) else { return true };
        let is_moment = has_ended || KEPT_EPOCHS.iter().any(|&moment| last.epoch < moment && moment <= epoch);
        step > last.step && is_moment && !self.is_full()
    }

    fn keep(&mut self, run: RunId, state: TrainingState) {
        if self.run != Some(run) {
            *self = Self { run: Some(run), ..Self::default() };
        }
        // A run that went back to an earlier step takes the steps after it again.
        self.states.retain(|kept| kept.step < state.step);
        self.states.push(state);
    }
}

impl Exploration {
    pub fn kept_states(&self) -> &KeptStates {
        &self.films.kept
    }

    /// Whether the network that is looked into is of the run whose states are kept.
    pub fn shows_kept_run(&self) -> bool {
        let looked_into = self.run.as_ref().and_then(|following| following.state.as_ref()).map(|(run, _)| *run);
        looked_into.is_some() && looked_into == self.films.kept.run
    }

    /// How what a unit looks for changed from state to state, as far as it is known.
    pub fn evolution(&mut self, cut: Cut, unit: usize, rule: Rule, source: &SheetSource) -> Option<Arc<Evolution>> {
        let run = self.films.kept.run.filter(|_| self.shows_kept_run())?;
        let name = &self.films.kept.states.first()?.network.architecture.name;
        self.facts().filter(|facts| facts.architecture == *name)?;
        let pictures = if *source == SheetSource::Pictures { self.revision().1 } else { 0 };
        let states = self.films.kept.states.clone();
        let steps = states.iter().map(|state| state.step).collect();
        let key: FilmOf = (run, steps, cut, unit, rule, source.clone(), pictures);
        let images = self.image_set(source, MOST_IMAGES);
        let explorer = self.explorer.as_ref()?;
        let known =
            self.films.film.answer.as_ref().filter(|((of, ..), _)| *of == run).map(|(_, film)| Arc::clone(film));
        let question = || EvolutionQuestion { states, cut, unit, rule, images, known };
        self.films.film.want(&key, || explorer.ask(Question::Evolve(question())));
        self.films.film.of(&key).or_else(|| self.films.film.last().filter(|film| film.is_of(cut, unit, rule))).cloned()
    }

    pub fn last_evolution(&self) -> Option<&Arc<Evolution>> {
        self.films.film.last()
    }

    pub(super) fn image_set(&self, source: &SheetSource, most: usize) -> ImageSet {
        match source {
            SheetSource::Pictures => ImageSet::Pictures(self.pictures().to_vec()),
            SheetSource::Data(name, options) => ImageSet::Data { name: name.clone(), options: *options, most },
        }
    }
}

impl Session {
    /// Asks for the network of the run in hand where its state is to be kept. Called whether or not anybody looks: what was
    /// not kept cannot be looked into later.
    pub(in crate::ui::app) fn keep_states(&mut self) {
        let Some(run) = self.current().filter(|run| run.started.is_some()) else { return };
        let (id, has_ended) = (run.id, !run.is_alive());
        let is_of_run = self.snapshot.run == Some(id) && !matches!(run.phase, Phase::Failed(_));
        if !is_of_run || !self.exploration.films.kept.wants(id, self.snapshot.step, self.snapshot.epoch, has_ended) {
            return;
        }
        let query = QueryId(self.next_query());
        if self.engine().send(Command::Ask { id: query, query: Query::Network }).is_ok() {
            self.exploration.films.kept.asked = Some((query, Instant::now()));
        }
    }

    /// Keeps the network that was asked for.
    pub(super) fn keep_state(&mut self, id: QueryId, run: RunId, state: &TrainingState) {
        let kept = &mut self.exploration.films.kept;
        if kept.asked.take_if(|(asked, _)| *asked == id).is_some() {
            kept.keep(run, state.clone());
        }
    }

    /// Of a step near the one of the snapshot.
    pub(super) fn epoch_of(&self, run: RunId, step: u64) -> f64 {
        let started = self.run(run).and_then(|run| run.started.as_ref());
        let steps_per_epoch = started.map_or(1, |started| started.steps_per_epoch).max(1);
        let ahead = step as f64 - self.snapshot.step as f64;
        (self.snapshot.epoch + ahead / steps_per_epoch as f64).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nets::{Checkpoint, preset};
    use std::collections::BTreeMap;

    fn state(step: u64, epoch: f64) -> TrainingState {
        let architecture = preset("mlp-30").unwrap();
        TrainingState {
            step,
            epoch,
            network: Arc::new(Checkpoint { architecture, arrays: Vec::new(), state: BTreeMap::new() }),
        }
    }

    #[test]
    fn a_state_is_kept_at_each_moment_once() {
        let (run, mut kept) = (RunId(1), KeptStates::default());
        let mut moments = Vec::new();
        for step in 0..=500 {
            let epoch = step as f64 / 10.0;
            if kept.wants(run, step, epoch, step == 500) {
                kept.keep(run, state(step, epoch));
                moments.push(epoch);
            }
        }
        assert_eq!(moments, [0.0, 0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0]);
    }

    #[test]
    fn states_of_another_run_and_of_steps_taken_back_are_dropped() {
        let mut kept = KeptStates::default();
        for (step, epoch) in [(0, 0.0), (10, 1.0), (20, 2.0)] {
            kept.keep(RunId(1), state(step, epoch));
        }
        kept.keep(RunId(1), state(10, 1.0));
        assert_eq!(kept.states().iter().map(|state| state.step).collect::<Vec<_>>(), [0, 10]);
        kept.keep(RunId(2), state(0, 0.0));
        assert_eq!((kept.run(), kept.states().len()), (Some(RunId(2)), 1));
    }
}
