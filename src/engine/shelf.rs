//! Runs of this session that nobody gave a folder: kept in memory after they ended, so that they can still be saved.

use super::folder::{FolderError, RunFolder};
use super::message::RunId;
use crate::nets::Checkpoint;
use std::collections::VecDeque;
use std::path::Path;

/// Networks are dropped, oldest first and of a run its states before the last, when all of them together are larger than
/// 128 MiB; curves and settings stay.
const MOST_VALUES: usize = 32 << 20;

/// Oldest first.
#[derive(Default)]
pub(super) struct Shelf(VecDeque<Kept>);

struct Kept {
    run: RunId,
    folder: RunFolder,
    checkpoint: Option<Checkpoint>,
}

impl Shelf {
    /// Takes a run that ended.
    pub(super) fn put(&mut self, run: RunId, folder: RunFolder, checkpoint: Checkpoint) {
        self.0.push_back(Kept { run, folder, checkpoint: Some(checkpoint) });
        while self.values() > MOST_VALUES {
            let holds = |kept: &&mut Kept| kept.checkpoint.is_some() || !kept.folder.states().is_empty();
            let Some(kept) = self.0.iter_mut().find(holds) else { return };
            if kept.folder.states().is_empty() {
                kept.checkpoint = None;
            }
            kept.folder.forget_states();
        }
    }

    /// Writes a run into a folder, and lets go of it. None when there is no such run.
    pub(super) fn save(&mut self, run: RunId, path: &Path) -> Option<Result<(), FolderError>> {
        let position = self.0.iter().position(|kept| kept.run == run)?;
        let kept = &mut self.0[position];
        let made = if kept.folder.path().is_none() { kept.folder.make(path) } else { Ok(()) };
        let saved = made.and_then(|()| kept.folder.save(kept.checkpoint.as_ref()));
        if saved.is_ok() {
            self.0.remove(position);
        }
        Some(saved)
    }

    pub(super) fn forget(&mut self, run: RunId) {
        self.0.retain(|kept| kept.run != run);
    }

    fn values(&self) -> usize {
        let arrays =
            self.0.iter().filter_map(|kept| kept.checkpoint.as_ref()).flat_map(|checkpoint| &checkpoint.arrays);
        let states: usize = self.0.iter().map(|kept| kept.folder.states().bytes() / size_of::<f32>()).sum();
        states + arrays.map(|array| array.data.len()).sum::<usize>()
    }
}
