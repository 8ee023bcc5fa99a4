//! What a trained network does without some of its units or layers, nothing retrained: the other half of the ablations of
//! Zeiler and Fergus 2013, section 5.1 and table 3.
//!
//! The activations at the cut are computed once and kept; each operation then costs only the layers above.

use super::question::{QuestionError, check_class, check_cut, check_unit, floats};
use crate::nets::{Mode, Network, Shape, most_likely};
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What is done to a unit, everywhere in its map.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Always zero.
    Silence,
    /// Always this value.
    Clamp(f32),
    /// Its activation times this.
    Boost(f32),
}

/// Changes at one cut. The default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Surgery {
    /// Units with what is done to them, in this order.
    pub changes: Vec<(usize, Change)>,
    /// Go on at this cut, as if the layers between were not there: see [`resume_cuts`]. `None`: leave none out.
    pub resume: Option<usize>,
}

/// What the network gets right and wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurgeryOutcome {
    pub images: usize,
    pub errors: usize,
    /// `confusion[truth][prediction]`, counts.
    pub confusion: Vec<Vec<u32>>,
}

/// Activations of labelled images at one cut.
#[derive(Clone, Debug)]
pub struct CachedActivations {
    cut: usize,
    batches: Vec<Batch>,
}

#[derive(Clone, Debug)]
struct Batch {
    activations: Tensor<4>,
    labels: Vec<usize>,
}

/// The cuts at which one may go on from `cut`, because the shape is the same: the layers between can be left out.
///
/// # Errors
/// When there is no such cut.
pub fn resume_cuts(network: &Network, cut: usize) -> Result<Vec<usize>, QuestionError> {
    let shape = check_cut(network, cut)?;
    Ok((cut + 1..=network.top()).filter(|&above| network.cuts()[above] == shape).collect())
}

impl Surgery {
    /// # Errors
    /// When a unit does not exist at this cut, a value is not finite, or the cut to go on at is below or of another shape.
    pub fn check(&self, network: &Network, cut: usize) -> Result<(), QuestionError> {
        let shape = check_cut(network, cut)?;
        for &(unit, change) in &self.changes {
            check_unit(network, cut, unit)?;
            if let Change::Clamp(value) | Change::Boost(value) = change
                && !value.is_finite()
            {
                return Err(QuestionError::Setting(format!("unit {unit} cannot be changed by {value}")));
            }
        }
        let Some(resume) = self.resume else { return Ok(()) };
        let above = check_cut(network, resume)?;
        if resume < cut || above != shape {
            let text =
                format!("the layers between cuts {cut} and {resume} cannot be left out: {shape} becomes {above}");
            return Err(QuestionError::Setting(text));
        }
        Ok(())
    }

    /// Activations `[batch, channels, height, width]`, changed.
    pub(super) fn apply(&self, activations: Tensor<4>) -> Tensor<4> {
        if self.changes.is_empty() {
            return activations;
        }
        let [_, channels, _, _] = activations.dims();
        // Every change is a factor and a summand, and so is one after another.
        let (mut factors, mut summands) = (vec![1.0f32; channels], vec![0.0f32; channels]);
        for &(unit, change) in &self.changes {
            (factors[unit], summands[unit]) = match change {
                Change::Silence => (0.0, 0.0),
                Change::Clamp(value) => (0.0, value),
                Change::Boost(factor) => (factors[unit] * factor, summands[unit] * factor),
            };
        }
        let device = activations.device();
        let per_unit = |values| Tensor::<4>::from_data(TensorData::new(values, [1, channels, 1, 1]), &device);
        activations * per_unit(factors) + per_unit(summands)
    }
}

impl CachedActivations {
    /// Nothing yet.
    ///
    /// # Errors
    /// When there is no such cut.
    pub fn new(network: &Network, cut: usize) -> Result<Self, QuestionError> {
        check_cut(network, cut)?;
        Ok(Self { cut, batches: Vec::new() })
    }

    /// Takes a batch of images, `[batch, channels, height, width]`, up to the cut and keeps what crosses it. `labels`
    /// `[batch]`.
    ///
    /// # Errors
    /// When a label is no class of the network.
    pub fn add(&mut self, network: &Network, images: Tensor<4>, labels: &[usize]) -> Result<(), QuestionError> {
        labels.iter().try_for_each(|&label| check_class(network, label))?;
        let activations = network.forward_between(images, 0..self.cut, Mode::Evaluate);
        self.batches.push(Batch { activations, labels: labels.to_vec() });
        Ok(())
    }

    pub fn cut(&self) -> usize {
        self.cut
    }

    pub fn batches(&self) -> usize {
        self.batches.len()
    }

    /// Size in memory of a cache of so many images at a cut of this shape.
    pub fn bytes(shape: Shape, images: usize) -> usize {
        shape.units().saturating_mul(images).saturating_mul(size_of::<f32>())
    }

    /// What the network makes of all images after the operation. The network is the one that the cache was made by.
    ///
    /// # Errors
    /// As [`Surgery::check`].
    pub fn outcome(&self, network: &Network, surgery: &Surgery) -> Result<SurgeryOutcome, QuestionError> {
        surgery.check(network, self.cut)?;
        let mut outcome = SurgeryOutcome::nothing(network);
        for batch in 0..self.batches.len() {
            self.add_outcome(network, surgery, batch, &mut outcome)?;
        }
        Ok(outcome)
    }

    /// Adds what the network makes of one batch; nothing where there is no such batch.
    ///
    /// # Errors
    /// As [`Surgery::check`].
    pub fn add_outcome(
        &self,
        network: &Network,
        surgery: &Surgery,
        batch: usize,
        outcome: &mut SurgeryOutcome,
    ) -> Result<(), QuestionError> {
        self.add_outcome_of_all(network, &BTreeMap::from([(self.cut, surgery.clone())]), batch, outcome)
    }

    /// As [`add_outcome`](Self::add_outcome), with surgery at several cuts at once: see [`logits_after`].
    ///
    /// # Errors
    /// As [`logits_after`].
    pub fn add_outcome_of_all(
        &self,
        network: &Network,
        surgeries: &BTreeMap<usize, Surgery>,
        batch: usize,
        outcome: &mut SurgeryOutcome,
    ) -> Result<(), QuestionError> {
        let Some(Batch { activations, labels }) = self.batches.get(batch) else { return Ok(()) };
        let logits = floats(logits_after(network, activations.clone(), self.cut, surgeries)?);
        outcome.add(&logits, labels);
        Ok(())
    }
}

/// Logits of activations `[batch, channels, height, width]` at the cut `from`, with surgery at each of these cuts on the way
/// up. Where one goes on at a higher cut, what is done at the cuts between has no effect: those layers are left out.
///
/// # Errors
/// As [`Surgery::check`], and when a cut lies below `from`.
pub fn logits_after(
    network: &Network,
    activations: Tensor<4>,
    from: usize,
    surgeries: &BTreeMap<usize, Surgery>,
) -> Result<Tensor<4>, QuestionError> {
    let (mut activations, mut at) = (activations, from);
    for (&cut, surgery) in surgeries {
        surgery.check(network, cut)?;
        if cut < from {
            let text = format!("nothing can be done at cut {cut} to what crosses cut {from}, which lies above it");
            return Err(QuestionError::Setting(text));
        }
        if cut >= at {
            activations = surgery.apply(network.forward_between(activations, at..cut, Mode::Evaluate));
            at = surgery.resume.unwrap_or(cut);
        }
    }
    Ok(network.forward_between(activations, at..network.top(), Mode::Evaluate))
}

impl SurgeryOutcome {
    /// Of no image.
    pub fn nothing(network: &Network) -> Self {
        let classes = network.cuts()[network.top()].units();
        Self { images: 0, errors: 0, confusion: vec![vec![0; classes]; classes] }
    }

    /// Share of right predictions; 0 of no image.
    pub fn accuracy(&self) -> f64 {
        if self.images == 0 { 0.0 } else { 1.0 - self.errors as f64 / self.images as f64 }
    }

    /// Share of right predictions among the images of a class; none of no image.
    pub fn recall(&self, class: usize) -> Option<f64> {
        let row = self.confusion.get(class)?;
        let images: u32 = row.iter().sum();
        (images > 0).then(|| f64::from(row[class]) / f64::from(images))
    }

    fn add(&mut self, logits: &[f32], labels: &[usize]) {
        for (row, &label) in logits.chunks_exact(self.confusion.len().max(1)).zip(labels) {
            let predicted = most_likely(row);
            self.images += 1;
            self.errors += usize::from(predicted != label);
            self.confusion[label][predicted] += 1;
        }
    }
}
