//! The data of a run being opened: how far it is, and whether it is still wanted.

use super::message::{Phase, RunId, Snapshot};
use crate::data::Progress;
use arc_swap::ArcSwap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far it is, is said this often.
const TELL_EVERY: Duration = Duration::from_millis(100);

/// Counts the commands that end what is under way. Who gives them counts on one side, the worker that obeys them on the
/// other: while there are more on the first, one of them waits.
#[derive(Clone, Default)]
pub(super) struct Turns(Arc<AtomicU64>);

impl Turns {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn given(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What tells the window of one opening, called from the threads that decode.
pub(super) struct Opening {
    pub(super) run: RunId,
    pub(super) turns: Turns,
    /// Commands that end what is under way, obeyed until now.
    pub(super) obeyed: u64,
    pub(super) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(super) wake: Arc<dyn Fn() + Send + Sync>,
    pub(super) told: Mutex<Instant>,
}

impl Opening {
    /// Whether something else is waited for.
    pub(super) fn is_cancelled(&self) -> bool {
        self.turns.given() > self.obeyed
    }
}

impl Progress for Opening {
    fn opened(&self, files: usize, of: usize) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            let phase = Phase::Opening { files, of };
            let before = self.snapshot.load();
            let snapshot =
                Snapshot { run: Some(self.run), phase, experiment: before.experiment.clone(), ..Snapshot::default() };
            self.snapshot.store(Arc::new(snapshot));
            (self.wake)();
        }
        !self.is_cancelled()
    }
}
