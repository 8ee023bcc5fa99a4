//! What a network gets right and wrong on a set of images.

use super::objective::{cross_entropy, softmax_rows};
use crate::nets::most_likely;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Bins of the calibration diagram, equal in width.
pub const CALIBRATION_BINS: usize = 15;

/// The figures of one evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Training steps that the network had taken.
    pub step: u64,
    pub examples: usize,
    /// Mean cross-entropy, in nats.
    pub loss: f64,
    pub errors: usize,
    pub accuracy: f64,
    /// `confusion[truth][prediction]`, counts.
    pub confusion: Vec<Vec<u32>>,
    pub classes: Vec<ClassFigures>,
    pub calibration: Vec<CalibrationBin>,
    /// Expected calibration error (Guo et al. 2017, section 2) over 15 bins.
    pub calibration_error: f64,
    /// What was said of each image, in their order. Kept in memory only: the checkpoint brings it back.
    #[serde(skip)]
    pub outcomes: Vec<Outcome>,
    /// `[examples, classes]`, in their order; likewise in memory only.
    #[serde(skip)]
    pub logits: Arc<[f32]>,
}

/// What the network said of one image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    pub label: u16,
    pub predicted: u16,
    /// Probability of the predicted class.
    pub confidence: f32,
    /// Probability of the true class.
    pub truth: f32,
}

impl Outcome {
    pub fn is_right(self) -> bool {
        self.predicted == self.label
    }

    /// Which bin of the calibration diagram it falls into.
    pub fn bin(self) -> usize {
        bin_of(self.confidence)
    }
}

impl Evaluation {
    /// Mean probability of the predicted class.
    pub fn mean_confidence(&self) -> f64 {
        let sum: f64 = self.calibration.iter().map(|bin| f64::from(bin.examples) * bin.confidence).sum();
        if self.examples == 0 { 0.0 } else { sum / self.examples as f64 }
    }

    /// Maximum calibration error (Guo et al. 2017, section 2): the largest gap of any bin with images.
    pub fn maximum_calibration_error(&self) -> f64 {
        let filled = self.calibration.iter().filter(|bin| bin.examples > 0);
        filled.map(|bin| (bin.confidence - bin.accuracy).abs()).fold(0.0, f64::max)
    }
}

/// Bins are open below and closed above; 0 falls into the first.
fn bin_of(confidence: f32) -> usize {
    ((f64::from(confidence) * CALIBRATION_BINS as f64).ceil() as usize).clamp(1, CALIBRATION_BINS) - 1
}

/// One class against the others. A figure without a denominator is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    pub examples: u32,
    pub precision: f64,
    pub recall: f64,
    pub f1: f64,
}

/// Predictions whose confidence lies in one fifteenth of 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    pub examples: u32,
    /// Mean probability of the predicted class.
    pub confidence: f64,
    /// Share of right predictions.
    pub accuracy: f64,
}

/// An evaluation in the making, batch by batch.
#[derive(Clone, Debug)]
pub struct Tally {
    classes: usize,
    loss: f64,
    confusion: Vec<Vec<u32>>,
    bins: [BinSums; CALIBRATION_BINS],
    outcomes: Vec<Outcome>,
    logits: Vec<f32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct BinSums {
    examples: u32,
    right: u32,
    confidence: f64,
}

impl Tally {
    pub fn new(classes: usize) -> Self {
        Self {
            classes,
            loss: 0.0,
            confusion: vec![vec![0; classes]; classes],
            bins: [BinSums::default(); CALIBRATION_BINS],
            outcomes: Vec::new(),
            logits: Vec::new(),
        }
    }

    /// Counts one batch: `logits` `[batch, classes]`, rows in the order of `labels`.
    pub fn add(&mut self, logits: &[f32], labels: &[usize]) {
        let probabilities = softmax_rows(logits, self.classes);
        self.logits.extend_from_slice(logits);
        let rows = logits.chunks_exact(self.classes).zip(probabilities.chunks_exact(self.classes));
        for ((logits, probabilities), &label) in rows.zip(labels) {
            let predicted = most_likely(logits);
            self.loss += cross_entropy(logits, label);
            self.confusion[label][predicted] += 1;
            let (confidence, truth) = (probabilities[predicted], probabilities[label]);
            let bin = &mut self.bins[bin_of(confidence)];
            bin.examples += 1;
            bin.right += u32::from(predicted == label);
            bin.confidence += f64::from(confidence);
            self.outcomes.push(Outcome { label: label as u16, predicted: predicted as u16, confidence, truth });
        }
    }

    /// `step`: training steps that the network had taken.
    pub fn finish(self, step: u64) -> Evaluation {
        let examples: u32 = self.confusion.iter().flatten().sum();
        let right: u32 = (0..self.classes).map(|class| self.confusion[class][class]).sum();
        let share = |part: f64, whole: u32| if whole == 0 { 0.0 } else { part / f64::from(whole) };
        let calibration: Vec<CalibrationBin> = self
            .bins
            .iter()
            .map(|bin| CalibrationBin {
                examples: bin.examples,
                confidence: share(bin.confidence, bin.examples),
                accuracy: share(f64::from(bin.right), bin.examples),
            })
            .collect();
        let gaps = calibration.iter().map(|bin| f64::from(bin.examples) * (bin.confidence - bin.accuracy).abs());
        Evaluation {
            step,
            examples: examples as usize,
            loss: share(self.loss, examples),
            errors: (examples - right) as usize,
            accuracy: share(f64::from(right), examples),
            classes: (0..self.classes).map(|class| class_figures(&self.confusion, class)).collect(),
            calibration_error: share(gaps.sum(), examples),
            calibration,
            confusion: self.confusion,
            outcomes: self.outcomes,
            logits: self.logits.into(),
        }
    }
}

fn class_figures(confusion: &[Vec<u32>], class: usize) -> ClassFigures {
    let right = f64::from(confusion[class][class]);
    let examples: u32 = confusion[class].iter().sum();
    let predicted: u32 = confusion.iter().map(|row| row[class]).sum();
    let share = |whole: f64| if whole == 0.0 { 0.0 } else { right / whole };
    let (precision, recall) = (share(f64::from(predicted)), share(f64::from(examples)));
    let f1 = if right == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
    ClassFigures { examples, precision, recall, f1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight images of three classes; what is expected was worked out by numpy 2.4.6 in double precision.
    #[test]
    fn outcomes_and_calibration_of_literal_logits_are_numpys() {
        let logits = [
            [2.0, 0.5, -1.0],
            [0.1, 0.0, -0.1],
            [3.0, -2.0, 0.0],
            [0.0, 1.5, 1.0],
            [-1.0, 0.0, 2.5],
            [0.2, 0.3, 0.1],
            [4.0, 0.0, 0.0],
            [0.0, 0.0, 0.9],
        ];
        let labels = [0, 1, 0, 2, 2, 1, 1, 0];
        let mut tally = Tally::new(3);
        tally.add(logits[..5].as_flattened(), &labels[..5]);
        tally.add(logits[5..].as_flattened(), &labels[5..]);
        let found = tally.finish(7);
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
        assert_eq!((found.step, found.examples, found.errors), (7, 8, 4));
        assert_eq!(found.outcomes.iter().map(|outcome| outcome.label).collect::<Vec<_>>(), [0, 1, 0, 2, 2, 1, 1, 0]);
        assert_eq!(
            found.outcomes.iter().map(|outcome| outcome.predicted).collect::<Vec<_>>(),
            [0, 0, 0, 1, 2, 1, 0, 2]
        );
        assert_eq!(
            found.outcomes.iter().map(|outcome| outcome.bin()).collect::<Vec<_>>(),
            [11, 5, 14, 8, 13, 5, 14, 8]
        );
        let confidence = [
            0.785_597_03,
            0.367_165_4,
            0.946_499_12,
            0.546_549_39,
            0.899_052_27,
            0.367_165_4,
            0.964_663_16,
            0.551_529_6,
        ];
        let truth = [
            0.785_597_03,
            0.332_224_99,
            0.946_499_12,
            0.331_498_96,
            0.899_052_27,
            0.367_165_4,
            0.017_668_42,
            0.224_235_2,
        ];
        for (outcome, (confidence, truth)) in found.outcomes.iter().zip(confidence.into_iter().zip(truth)) {
            close(f64::from(outcome.confidence), confidence);
            close(f64::from(outcome.truth), truth);
        }
        close(found.loss, 1.142_720_376);
        close(found.calibration_error, 0.323_782_645);
        close(found.maximum_calibration_error(), 0.549_039_493);
        close(found.mean_confidence(), 0.678_527_671);
    }

    #[test]
    fn bins_are_fifteenths() {
        assert_eq!([0.0, 0.066, 0.067, 0.933, 0.934, 1.0].map(bin_of), [0, 0, 1, 13, 14, 14]);
    }
}
