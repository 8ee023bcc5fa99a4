//! What each unit of a layer is worth to a trained network: silenced one after the other, nothing retrained.
//!
//! Batch by batch, so that there are figures of all units soon, and better ones later.

use super::question::{QuestionError, check_class, check_cut, floats};
use super::silencing::{Change, Surgery};
use crate::nets::{Mode, Network, most_likely};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// What the network does without one unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitCost {
    pub unit: usize,
    pub errors: usize,
    /// The class whose share of right predictions falls most, the first of equals, and by how much; none where none falls.
    pub hardest: Option<(usize, f64)>,
}

/// Every unit at one cut silenced in turn.
#[derive(Clone, Debug)]
pub struct SilencingSweep {
    cut: usize,
    units: usize,
    /// Images of each class, `[classes]`.
    images: Vec<u32>,
    /// Right predictions, `[classes]`: of the whole network, then without each unit.
    right: Vec<Vec<u32>>,
    batch: Option<Batch>,
}

/// The images in hand.
#[derive(Clone, Debug)]
struct Batch {
    activations: Tensor<4>,
    labels: Vec<usize>,
    /// As [`SilencingSweep::right`], as far as it is known.
    right: Vec<Vec<u32>>,
}

impl SilencingSweep {
    /// No image yet.
    ///
    /// # Errors
    /// When there is no such cut.
    pub fn new(network: &Network, cut: usize) -> Result<Self, QuestionError> {
        let units = check_cut(network, cut)?.channels;
        let classes = network.cuts()[network.top()].units();
        Ok(Self { cut, units, images: vec![0; classes], right: vec![vec![0; classes]; units + 1], batch: None })
    }

    /// Takes a batch of images, `[batch, channels, height, width]`, with labels `[batch]`; [`advance`](Self::advance) goes
    /// through it. What is left of the batch before is dropped.
    ///
    /// # Errors
    /// When a label is no class of the network.
    pub fn take(&mut self, network: &Network, images: Tensor<4>, labels: &[usize]) -> Result<(), QuestionError> {
        labels.iter().try_for_each(|&label| check_class(network, label))?;
        let activations = network.forward_between(images, 0..self.cut, Mode::Evaluate);
        self.batch = Some(Batch { activations, labels: labels.to_vec(), right: Vec::new() });
        Ok(())
    }

    /// The whole network, or the network without the next unit, on the batch in hand. Says whether there are more units to
    /// silence on it; its images count when there are none.
    pub fn advance(&mut self, network: &Network) -> bool {
        let Some(batch) = &mut self.batch else { return false };
        let changes = batch.right.len().checked_sub(1).map(|unit| (unit, Change::Silence)).into_iter().collect();
        let changed = Surgery { changes, resume: None }.apply(batch.activations.clone());
        let logits = floats(network.forward_between(changed, self.cut..network.top(), Mode::Evaluate));
        let mut right = vec![0; self.images.len()];
        for (row, &label) in logits.chunks_exact(self.images.len().max(1)).zip(&batch.labels) {
            right[label] += u32::from(most_likely(row) == label);
        }
        batch.right.push(right);
        if batch.right.len() <= self.units {
            return true;
        }
        for (all, own) in self.right.iter_mut().flatten().zip(batch.right.iter().flatten()) {
            *all += own;
        }
        for &label in &batch.labels {
            self.images[label] += 1;
        }
        self.batch = None;
        false
    }

    /// Images that count so far.
    pub fn images(&self) -> usize {
        self.images.iter().map(|&count| count as usize).sum()
    }

    /// Errors of the whole network on them.
    pub fn errors(&self) -> usize {
        self.errors_of(0)
    }

    /// `[units]`.
    pub fn costs(&self) -> Vec<UnitCost> {
        let cost = |unit| UnitCost { unit, errors: self.errors_of(unit + 1), hardest: self.hardest(unit + 1) };
        (0..self.units).map(cost).collect()
    }

    fn errors_of(&self, row: usize) -> usize {
        let right: usize = self.right[row].iter().map(|&count| count as usize).sum();
        self.images() - right
    }

    fn hardest(&self, row: usize) -> Option<(usize, f64)> {
        let fall = |class: usize| {
            let lost = f64::from(self.right[0][class]) - f64::from(self.right[row][class]);
            lost / f64::from(self.images[class].max(1))
        };
        let falls = (0..self.images.len()).map(|class| (class, fall(class))).filter(|(_, fall)| *fall > 0.0);
        falls.reduce(|most, next| if next.1 > most.1 { next } else { most })
    }
}
