//! Units changed, layers left out, and what the network does then.

use super::{Asked, Exploration, SheetSource};
use crate::engine::{Operation, Question, SurgeryQuestion, SurgerySeen, SweepQuestion, SweepSeen};
use std::sync::Arc;

/// Images of a data set that the network is tried on.
const MOST_IMAGES: usize = 2_000;
/// While the network learns on: the next one comes soon.
const MOST_OF_RUN: usize = 500;

/// Changes of the network and of the pictures, and the question.
type Key<Q> = ((u64, u64), Q);

#[derive(Default)]
pub(super) struct SurgeryAnswers {
    pub(super) seen: Asked<Key<SurgeryQuestion>, Arc<SurgerySeen>>,
    pub(super) sweep: Asked<Key<SweepQuestion>, Arc<SweepSeen>>,
}

impl Exploration {
    /// What the network does after these operations, as far as it is known, and whether that is about these very
    /// operations: until the first answer it is about those before. The next one is expected at `cut`.
    pub fn surgery(
        &mut self,
        source: &SheetSource,
        operations: &[Operation],
        cut: usize,
    ) -> Option<(Arc<SurgerySeen>, bool)> {
        self.facts()?;
        let most = if self.follows_run() { MOST_OF_RUN } else { MOST_IMAGES };
        let picture = self.selected().and_then(|picture| self.seen(picture));
        // Where there are operations, what is expected makes no difference.
        let cut = if operations.is_empty() { cut } else { 0 };
        let images = self.image_set(source, most);
        let question = SurgeryQuestion { images, picture, operations: operations.to_vec(), cut };
        let key = (self.revision(), question);
        let explorer = self.explorer.as_ref()?;
        self.surgery.seen.want(&key, || explorer.ask(Question::Operate(key.1.clone())));
        if let Some(seen) = self.surgery.seen.of(&key) {
            return Some((Arc::clone(seen), true));
        }
        let is_of_network = |own: &Key<SurgeryQuestion>| own.0.0 == key.0.0 || self.follows_run();
        self.surgery.seen.last_if(is_of_network).map(|seen| (Arc::clone(seen), false))
    }

    /// Silences each unit at a cut in turn.
    pub fn begin_sweep(&mut self, source: &SheetSource, cut: usize) {
        self.forget_sweep();
        self.refused = None;
        let key = (self.revision(), SweepQuestion { images: self.image_set(source, MOST_IMAGES), cut });
        if let Some(explorer) = &self.explorer {
            self.surgery.sweep.want(&key, || explorer.ask(Question::Sweep(key.1.clone())));
        }
    }

    /// What came of the sweep that was begun last, as far as it is known.
    pub fn sweep(&self) -> Option<&Arc<SweepSeen>> {
        self.surgery.sweep.last()
    }

    /// Whether it is about an earlier state of the network that is looked into.
    pub fn is_sweep_before(&self) -> bool {
        self.surgery.sweep.last_if(|(revision, _)| revision.0 != self.revision().0).is_some()
    }

    pub fn is_sweeping(&self) -> bool {
        self.surgery.sweep.is_waiting() && self.sweep().is_none_or(|seen| seen.done < seen.total)
    }

    /// Ends the sweep in hand; what is known of it stays.
    pub fn stop_sweep(&mut self) {
        if let (Some(ticket), Some(explorer)) = (self.surgery.sweep.give_up(), &self.explorer) {
            explorer.stop(ticket);
        }
    }

    pub(super) fn forget_sweep(&mut self) {
        self.stop_sweep();
        self.surgery.sweep = Asked::default();
    }
}
