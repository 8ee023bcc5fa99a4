//! What a distillation measured, as plain data: `results.json` of a run folder, and all that reports are made of.

use super::config::DistillConfig;
use crate::experiments::protocol::Role;
use crate::train::Loss;
use serde::{Deserialize, Serialize};

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DistillResults {
    pub settings: DistillConfig,
    pub members: Vec<MemberResult>,
    /// Of all teachers together, where they are several.
    pub ensemble: Option<EnsembleResult>,
    pub corrections: Vec<Correction>,
    /// Between logit matching and distillation, of the first distilled student.
    pub angles: Vec<AngleAt>,
}

/// One network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberResult {
    pub name: String,
    pub role: Role,
    pub network: String,
    pub parameters: u64,
    /// What it made small, in words.
    pub objective: String,
    pub loss: Loss,
    pub seed: u64,
    pub epochs: u64,
    pub steps: u64,
    pub seconds: f64,
    pub train_images: usize,
    /// On the images that it learned from, as they are; not measured of a network that had learned before.
    pub train_accuracy: Option<f64>,
    pub validation_images: usize,
    pub validation_errors: Option<usize>,
    pub test_images: usize,
    pub test_errors: usize,
    pub test_loss: f64,
    /// Errors and examples of each class among the test images.
    pub class_errors: Vec<(u32, u32)>,
    /// As it was at its lowest validation loss, where that was asked for.
    pub early: Option<EarlyResult>,
}

/// A network stopped early.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EarlyResult {
    pub epoch: u64,
    pub test_errors: usize,
    pub train_accuracy: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnsembleResult {
    pub validation_errors: Option<usize>,
    pub test_errors: usize,
}

/// One shift of the logits of some classes, and what it does (section 3 of Hinton, Vinyals and Dean 2015).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    pub member: String,
    pub classes: Vec<usize>,
    pub uncorrected: CorrectedErrors,
    /// The shift with the fewest errors on the validation images.
    pub tuned_on_validation: Shifted,
    /// The middle of the shifts whose errors on the validation images are within one standard error of the fewest.
    pub steady_on_validation: Shifted,
    /// The paper's way: the shift with the fewest errors on the test images themselves.
    pub tuned_on_test: Shifted,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shifted {
    pub shift: f64,
    pub errors: CorrectedErrors,
}

/// Among the test images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorrectedErrors {
    pub errors: usize,
    /// Of the corrected classes alone, and how many images they have.
    pub class_errors: usize,
    pub class_images: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct AngleAt {
    pub temperature: f64,
    pub degrees: f64,
}
