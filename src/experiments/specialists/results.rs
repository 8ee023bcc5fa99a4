//! What an experiment with specialists measured, as plain data: `results.json` of a run folder, and all that reports and
//! the window are made of.

use super::config::SpecialistsConfig;
use crate::experiments::MemberResult;
use crate::lens;
use serde::{Deserialize, Serialize};

/// Everything that was measured, on the test images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecialistsResults {
    pub settings: SpecialistsConfig,
    /// The data set's.
    pub data: String,
    pub class_names: Vec<String>,
    pub generalist: MemberResult,
    pub specialists: Vec<SpecialistResult>,
    /// The generalist alone against the same with its specialists.
    pub all: Gain,
    /// The same by how many specialists know the true class: the paper's table 4.
    pub covering: Vec<CoveringGain>,
    /// Pooled over the specialists: the paper's table 3.
    pub conditional: ConditionalErrors,
    /// With the specialists as they are, without the correction of their dustbins: what it is worth.
    pub uncorrected_errors: usize,
    /// Images that were shown to at least one specialist.
    pub asked_images: usize,
    /// Positions of test images that the generalist alone gets wrong and the specialists put right, and the reverse.
    pub mended: Vec<u32>,
    pub spoiled: Vec<u32>,
}

/// One specialist.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpecialistResult {
    /// Its own classes, ascending; its outputs are these, and the dustbin's last.
    pub classes: Vec<usize>,
    /// What is added to its dustbin's logit.
    pub correction: f64,
    pub dustbin: DustbinShares,
    pub conditional: ConditionalErrors,
    pub member: MemberResult,
}

/// How much of the test images a specialist puts into its dustbin, on the mean over all of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DustbinShares {
    /// That of images of other classes: what it should be.
    pub truth: f64,
    /// As it was trained.
    pub uncorrected: f64,
    pub corrected: f64,
}

/// Errors among the images of a specialist's own classes, when the prediction may only be one of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionalErrors {
    pub images: usize,
    pub generalist: usize,
    /// Of the specialist alone.
    pub specialist: usize,
    pub combined: usize,
}

/// The generalist alone against the same with its specialists, on the same images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    pub images: usize,
    pub generalist_errors: usize,
    pub combined_errors: usize,
    /// Of the accuracy: (right with specialists - right without) / right without.
    pub relative_change: Option<f64>,
    /// Of the relative change, 95%.
    pub interval: Option<(f64, f64)>,
}

/// A row of table 4.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoveringGain {
    /// How many specialists know the true class.
    pub covering: usize,
    pub gain: Gain,
}

impl From<lens::Comparison> for Gain {
    fn from(found: lens::Comparison) -> Self {
        Self {
            images: found.examples,
            generalist_errors: found.generalist_errors,
            combined_errors: found.combined_errors,
            relative_change: found.relative_change,
            interval: found.interval,
        }
    }
}

impl Gain {
    /// Whether the interval leaves out that nothing was gained or lost.
    pub fn is_clear(&self) -> bool {
        self.interval.is_some_and(|(low, high)| low > 0.0 || high < 0.0)
    }
}

impl ConditionalErrors {
    pub(super) fn add(&mut self, other: &Self) {
        self.images += other.images;
        self.generalist += other.generalist;
        self.specialist += other.specialist;
        self.combined += other.combined;
    }
}
