//! States of the network in a run, kept at chosen moments while it learned: what a film is made of.

use super::answers::SheetSource;
use super::{Asked, Exploration, ImageSet};
use crate::engine::{Evolution, EvolutionQuestion, KeptStates, Question, RunId, Subject, run_of_network};
use crate::nets::{Checkpoint, Cut, Rule};
use crate::ui::app::background::{Progress, Task};
use egui::Context;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Images that the strongest is looked for among, in each state.
const MOST_IMAGES: usize = 2_000;

/// Whose states they are.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum StatesOf {
    /// The run in hand.
    Run(RunId),
    /// A run on disk.
    Folder(PathBuf),
}

/// Networks that are the same only if nothing was trained between: a run that goes back takes the same steps anew.
#[derive(Clone)]
pub(super) struct Networks(Vec<Arc<Checkpoint>>);

impl PartialEq for Networks {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(own, other)| Arc::ptr_eq(own, other))
    }
}

/// What a film is about: whose states, their networks, and the unit.
type FilmOf = (StatesOf, Networks, Cut, usize, Rule, SheetSource, u64);

#[derive(Default)]
pub(super) struct Films {
    of_run: Option<(RunId, Arc<KeptStates>)>,
    of_folder: Option<StoredStates>,
    pub(super) film: Asked<FilmOf, Arc<Evolution>>,
}

/// The states of the run on disk whose network this is, if it is one of a run: on their way, or there.
struct StoredStates {
    network: String,
    folder: Option<PathBuf>,
    task: Option<Task<KeptStates>>,
    states: Arc<KeptStates>,
}

impl Exploration {
    /// Takes up the states of the run in hand.
    pub(in crate::ui::app) fn take_states(&mut self, run: RunId, states: &Arc<KeptStates>) {
        self.films.of_run = Some((run, Arc::clone(states)));
    }

    /// Whether states of the run in hand are kept.
    pub fn has_states_of_run(&self) -> bool {
        self.films.of_run.as_ref().is_some_and(|(_, states)| !states.is_empty())
    }

    /// The states of the network that is looked into; none where it is of no run.
    pub fn kept_states(&self) -> Option<&Arc<KeptStates>> {
        self.states_looked_into().map(|(_, states)| states)
    }

    /// Whether states are on their way from disk.
    pub fn is_reading_states(&self) -> bool {
        !self.follows_run() && self.films.of_folder.as_ref().is_some_and(|stored| stored.task.is_some())
    }

    /// The next time they are looked at they are read anew: the run may have gone on since.
    pub(super) fn forget_stored_states(&mut self) {
        self.films.of_folder = None;
    }

    /// Reads the states of the run on disk whose network is looked into, once. Called while somebody looks.
    pub(super) fn read_states(&mut self, ctx: &Context) {
        let Subject::Named(network) = self.subject() else { return };
        if self.films.of_folder.as_ref().is_none_or(|stored| stored.network != *network) {
            let (network, folder) = (network.clone(), run_of_network(Path::new(network)));
            let task = folder.clone().map(|folder| Task::spawn(ctx, move || KeptStates::read(&folder)));
            self.films.of_folder = Some(StoredStates { network, folder, task, states: Arc::default() });
        }
        let Some(stored) = &mut self.films.of_folder else { return };
        let Some(task) = stored.task.take() else { return };
        match task.poll() {
            Progress::Working => stored.task = Some(task),
            Progress::Done(states) => stored.states = Arc::new(states),
            Progress::Lost => log::error!("reading the states of {} ended unexpectedly", stored.network),
        }
    }

    fn states_looked_into(&self) -> Option<(StatesOf, &Arc<KeptStates>)> {
        let (of, states) = if let Some(following) = &self.run {
            let (looked_into, _) = following.state.as_ref()?;
            let (run, states) = self.films.of_run.as_ref().filter(|(run, _)| run == looked_into)?;
            (StatesOf::Run(*run), states)
        } else {
            let is_named = |stored: &&StoredStates| *self.subject() == Subject::Named(stored.network.clone());
            let stored = self.films.of_folder.as_ref().filter(is_named)?;
            (StatesOf::Folder(stored.folder.clone()?), &stored.states)
        };
        (!states.is_empty()).then_some((of, states))
    }

    /// How what a unit looks for changed from state to state, as far as it is known.
    pub fn evolution(&mut self, cut: Cut, unit: usize, rule: Rule, source: &SheetSource) -> Option<Arc<Evolution>> {
        let (of, states) = self.states_looked_into()?;
        let states = states.list().to_vec();
        let name = &states.first()?.network.architecture.name;
        self.facts().filter(|facts| facts.architecture == *name)?;
        let pictures = if *source == SheetSource::Pictures { self.revision().1 } else { 0 };
        let networks = Networks(states.iter().map(|state| Arc::clone(&state.network)).collect());
        let images = self.image_set(source, MOST_IMAGES);
        let explorer = self.explorer.as_ref()?;
        let known = self.films.film.last_if(|(own, ..)| *own == of).map(Arc::clone);
        let key: FilmOf = (of, networks, cut, unit, rule, source.clone(), pictures);
        let question = || EvolutionQuestion { states, cut, unit, rule, images, known };
        self.films.film.want(&key, || explorer.ask(Question::Evolve(question())));
        let is_like = |own: &FilmOf| own.0 == key.0 && (own.2, own.3, own.4) == (cut, unit, rule);
        self.films.film.of(&key).or_else(|| self.films.film.last_if(is_like)).cloned()
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
