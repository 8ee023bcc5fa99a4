//! Who watches a run: the window and the command line alike.

use crate::nets::Checkpoint;
use crate::train::{Evaluation, LayerHealth, LayerHistogram};

/// What a run reports while it advances. Every method does nothing unless it is of interest.
pub trait Observer {
    /// One value of a curve. `step` counts finished training steps; `epoch` is the same in passes over the data.
    fn metric(&mut self, _series: &str, _step: u64, _epoch: f64, _value: f64) {}

    fn health(&mut self, _step: u64, _layers: &[LayerHealth]) {}

    /// How the values of each layer were distributed in the step that made `step` steps: weights before its update,
    /// gradients, and activations of its batch.
    fn histograms(&mut self, _step: u64, _epoch: f64, _layers: &[LayerHistogram]) {}

    /// A whole evaluation: `validation` or `test`.
    fn evaluation(&mut self, _split: &str, _step: u64, _evaluation: &Evaluation) {}

    /// A network of an experiment of several, which has learned all it will.
    fn network(&mut self, _name: &str, _checkpoint: &Checkpoint) {}

    /// A picture that an experiment made, as PNG. Its name is fit for a file.
    fn figure(&mut self, _name: &str, _png: &[u8]) {}
}

/// What one small step of a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// One training step on this many images.
    Trained {
        images: usize,
    },
    /// A piece of an evaluation.
    Evaluated,
    /// The last piece of an evaluation that was asked for in the middle of an epoch.
    EvaluatedOnDemand,
    /// The last training step of an epoch's work is done, its evaluation included.
    EpochDone,
    Finished,
}
