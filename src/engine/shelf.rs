//! Runs of this session that nobody gave a folder: kept in memory after they ended, so that they can still be saved.

use super::folder::{FolderError, RunFolder};
use super::message::RunId;
use crate::nets::Checkpoint;
use std::collections::VecDeque;
use std::path::Path;

/// When all networks together are larger than 128 MiB, the states on the way are dropped, then the last ones, those of the
/// oldest run first; curves and settings stay.
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
            if let Some(kept) = self.0.iter_mut().find(|kept| !kept.folder.states().is_empty()) {
                kept.folder.forget_states();
            } else if let Some(kept) = self.0.iter_mut().find(|kept| kept.checkpoint.is_some()) {
                kept.checkpoint = None;
            } else {
                return;
            }
        }
    }

    /// Writes a run into a folder, and lets go of it. None when there is no such run.
    pub(super) fn save(&mut self, run: RunId, path: &Path) -> Option<Result<(), FolderError>> {
        let position = self.0.iter().position(|kept| kept.run == run)?;
        let kept = &mut self.0[position];
        // A second try after the disk refused goes on where the first one ended.
        let made = if kept.folder.path() == Some(path) { Ok(()) } else { kept.folder.make(path) };
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
