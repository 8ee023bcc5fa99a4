//! States of a network, kept at chosen moments while it learns: what a film of a unit is made of (Zeiler, Fergus 2013,
//! figure 4).

use super::files::{FileError, remove_left_behind, write_atomically};
use super::folder::FolderError;
use crate::nets::Checkpoint;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The folder of them in a run folder.
const STATES: &str = "states";
/// Of the parameters of all states; those of more are not kept.
const MOST_BYTES: usize = 512 << 20;
/// In a state's file, what it is of.
const STEP: &str = "step";
const EPOCH: &str = "epoch";

/// A network as it stood at a step of its training.
#[derive(Clone, Debug)]
pub struct TrainingState {
    pub step: u64,
    pub epoch: f64,
    pub network: Arc<Checkpoint>,
}

impl TrainingState {
    /// Of its parameters, in memory.
    pub fn bytes(&self) -> usize {
        self.network.arrays.iter().map(|array| array.data.len() * size_of::<f32>()).sum()
    }

    fn read(file: &Path) -> Result<Self, FolderError> {
        let bytes = fs::read(file).map_err(|error| FileError::new("read", file, &error))?;
        let network = Checkpoint::from_bytes(&bytes, &file.display().to_string())?;
        Ok(Self { step: network.state(STEP)?, epoch: network.state(EPOCH)?, network: Arc::new(network) })
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut network = Checkpoint::clone(&self.network);
        network.state.insert(STEP.to_owned(), self.step.to_string());
        network.state.insert(EPOCH.to_owned(), self.epoch.to_string());
        network.to_bytes()
    }
}

/// The states of one run, the oldest first.
#[derive(Clone, Debug, Default)]
pub struct KeptStates(Vec<TrainingState>);

impl KeptStates {
    /// Those in a run folder. A damaged one is left out, and the log says so.
    pub fn read(run: &Path) -> Self {
        let (mut states, mut bytes) = (Vec::new(), 0);
        for file in files(run) {
            bytes += fs::metadata(&file).map_or(0, |data| data.len());
            if bytes > 2 * MOST_BYTES as u64 {
                log::warn!("{} holds more states of the network than fit into memory", run.display());
                break;
            }
            match TrainingState::read(&file) {
                Ok(state) => states.push(state),
                Err(error) => log::warn!("a state of the network is left out: {error}"),
            }
        }
        states.sort_by_key(|state: &TrainingState| state.step);
        Self(states)
    }

    /// Writes those that are not `written` in the folder of their run yet, and notes that they are.
    pub(super) fn write(&self, run: &Path, written: &mut BTreeSet<u64>) -> Result<(), FileError> {
        let folder = run.join(STATES);
        if !self.0.is_empty() {
            fs::create_dir_all(&folder).map_err(|error| FileError::new("create the folder", &folder, &error))?;
        }
        for state in &self.0 {
            let file = folder.join(format!("step-{:09}.safetensors", state.step));
            if !written.contains(&state.step) {
                write_atomically(&file, &state.to_bytes())?;
                written.insert(state.step);
            }
        }
        Ok(())
    }

    /// The oldest first.
    pub fn list(&self) -> &[TrainingState] {
        &self.0
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of their parameters, in memory.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(TrainingState::bytes).sum()
    }

    /// Whether no more are kept on the way.
    pub fn is_full(&self) -> bool {
        self.0.last().is_some_and(|last| !self.has_room(last.bytes(), false))
    }

    /// Whether there is room for a state of so many bytes; on the way the end must have room too.
    pub(super) fn has_room(&self, bytes: usize, is_end: bool) -> bool {
        let states = if is_end { 1 } else { 2 };
        self.bytes() + states * bytes <= MOST_BYTES
    }

    /// Whether one of these epochs was reached since the last state, or there is none yet.
    pub(super) fn wants(&self, moments: &[f64], epoch: f64) -> bool {
        self.0.last().is_none_or(|last| moments.iter().any(|&moment| last.epoch < moment && moment <= epoch))
    }

    /// Adds a state. One of the same step as the last is not kept twice.
    pub(super) fn keep(&mut self, state: TrainingState) {
        self.go_back(state.step);
        if self.0.last().is_none_or(|last| last.step < state.step) {
            self.0.push(state);
        }
    }

    /// Drops the states after a step: they will come again.
    pub(super) fn go_back(&mut self, step: u64) {
        self.0.retain(|kept| kept.step <= step);
    }
}

/// Removes the files of states, of all or of those after a step, and what a killed program left half written.
pub(super) fn remove_files(run: &Path, after: Option<u64>) -> Result<(), FileError> {
    remove_left_behind(&run.join(STATES));
    for file in files(run) {
        if step_of(&file) > after {
            fs::remove_file(&file).map_err(|error| FileError::new("remove", &file, &error))?;
        }
    }
    Ok(())
}

/// The run folder that a file of a network lies in, if it is one of a run.
pub fn run_of_network(path: &Path) -> Option<PathBuf> {
    let is_run = |folder: &Path| super::is_run(folder).then(|| folder.to_owned());
    is_run(path).or_else(|| is_run(path.parent()?.parent()?))
}

/// By name, and so by step.
fn files(run: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(run.join(STATES)).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| step_of(path).is_some()).collect();
    files.sort();
    files
}

/// `step-000000390.safetensors` is of step 390.
fn step_of(file: &Path) -> Option<u64> {
    file.file_name()?.to_str()?.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiments::Moments;
    use crate::nets::{Architecture, Network};
    use burn::tensor::Device;
    use std::collections::BTreeMap;

    fn state(step: u64, epoch: f64) -> TrainingState {
        let text = "name = 'a'\ninput = [1, 2, 2]\n[[layers]]\nname = 'flatten'\nkind = 'flatten'\n\
                    [[layers]]\nname = 'fc'\nkind = 'linear'\nunits = 2\n";
        let network = Network::new(Architecture::from_toml(text, "a").unwrap(), 1, &Device::flex()).unwrap();
        let (architecture, arrays) = (network.architecture().clone(), network.to_arrays());
        let network = Arc::new(Checkpoint { architecture, arrays, state: BTreeMap::new() });
        TrainingState { step, epoch, network }
    }

    fn steps(kept: &KeptStates) -> Vec<u64> {
        kept.list().iter().map(|state| state.step).collect()
    }

    #[test]
    fn a_state_is_kept_at_each_moment_once() {
        let (mut kept, mut moments) = (KeptStates::default(), Vec::new());
        for step in 0..=500 {
            let epoch = step as f64 / 10.0;
            if kept.wants(Moments::default().epochs(), epoch) {
                kept.keep(state(step, epoch));
                moments.push(epoch);
            }
        }
        assert_eq!(moments, [0.0, 0.1, 0.3, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 40.0]);
    }

    #[test]
    fn states_of_steps_that_are_taken_back_are_dropped_from_memory_and_from_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (mut kept, mut written) = (KeptStates::default(), BTreeSet::new());
        for (step, epoch) in [(0, 0.0), (10, 1.0), (20, 2.0)] {
            kept.keep(state(step, epoch));
        }
        kept.keep(state(20, 2.0));
        kept.write(folder.path(), &mut written).unwrap();
        assert_eq!(steps(&KeptStates::read(folder.path())), [0, 10, 20]);
        kept.keep(state(10, 1.0));
        remove_files(folder.path(), Some(10)).unwrap();
        let read = KeptStates::read(folder.path());
        assert_eq!((steps(&kept), steps(&read)), (vec![0, 10], vec![0, 10]));
        assert_eq!(read.list()[1].epoch, 1.0);
        remove_files(folder.path(), None).unwrap();
        assert!(KeptStates::read(folder.path()).is_empty());
    }

    #[test]
    fn a_damaged_state_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut kept = KeptStates::default();
        kept.keep(state(0, 0.0));
        kept.keep(state(7, 1.0));
        kept.write(folder.path(), &mut BTreeSet::new()).unwrap();
        fs::write(folder.path().join(STATES).join("step-000000003.safetensors"), "no network").unwrap();
        assert_eq!(steps(&KeptStates::read(folder.path())), [0, 7]);
    }
}
