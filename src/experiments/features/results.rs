//! What the exhibits measured, as plain data: `results.json` of a run folder, and all that the report is made of.

use super::config::FeaturesConfig;
use crate::experiments::MemberResult;
use crate::lens::Transformation;
use serde::{Deserialize, Serialize};

/// Everything that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeaturesResults {
    pub settings: FeaturesConfig,
    /// The data set's.
    pub data: String,
    /// The architecture's.
    pub network: String,
    /// Test images that were looked at.
    pub images: usize,
    /// The network's training, where it was trained.
    pub trained: Option<MemberResult>,
    /// That of the network of scenes.
    pub scenes: Option<MemberResult>,
    pub findings: Findings,
}

/// What was found, exhibit by exhibit; nothing of those that were not asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    pub adjoint: Option<AdjointFinding>,
    pub filters: Option<FiltersFinding>,
    /// One a layer with maps.
    pub hidden_energy: Option<Vec<EnergyRow>>,
    pub invariance: Option<InvarianceFinding>,
    pub occlusion: Option<OcclusionFinding>,
    pub correspondence: Option<CorrespondenceFinding>,
    pub ablation: Option<AblationFinding>,
    pub evolution: Option<EvolutionFinding>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdjointFinding {
    /// One a convolution.
    pub convolutions: Vec<AdjointRow>,
    /// One a layer.
    pub rules: Vec<RuleRow>,
}

/// `<conv x, y>` against `<x, conv^T y>`, for random x and y.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AdjointRow {
    pub layer: String,
    /// `|difference| / |<conv x, y>|`: the largest of several.
    pub error: f64,
}

/// The deconvnet against the gradient, from the strongest unit of each image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleRow {
    pub layer: String,
    /// Images with a unit above zero.
    pub images: usize,
    /// With nonlinearities taken out: largest difference of any pixel, in units of the largest value of the gradient, once
    /// the deconvolution is divided by the activation that it began with. Worst of the images.
    pub linear_difference: f64,
    /// The network as it is: mean cosine of the two.
    pub cosine: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FiltersFinding {
    pub layer: String,
    /// Of one filter.
    pub height: usize,
    pub width: usize,
    pub filters: usize,
    pub dead: usize,
    pub duplicates: usize,
    /// Mean share of a filter's energy (squared spectrum, the mean aside) in the low, the middle and the high third of the
    /// frequencies up to the highest along an axis; the corners beyond count as high.
    pub bands: [f64; 3],
}

/// What hiding pixels does to the sum of a unit's map. Changes are in units of the sum on the whole image, means over
/// units and images; a sum that rises counts below zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EnergyRow {
    pub layer: String,
    /// Units and images.
    pub maps: usize,
    /// By the tenth of the pixels with the most energy of the deconvolution.
    pub salient: f64,
    /// By as many random ones.
    pub random: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvarianceFinding {
    pub images: usize,
    /// From below; the last is what the classes are told by.
    pub layers: Vec<String>,
    pub curves: Vec<InvarianceCurve>,
    /// One a layer: relative change at a vertical shift of 2 pixels, mean of up and down.
    pub at_two_pixels: Vec<f64>,
}

/// A row of figure 5: means over the images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvarianceCurve {
    pub transformation: Transformation,
    pub amounts: Vec<f32>,
    /// `[amounts]`: probability of the true class.
    pub truth: Vec<f64>,
    /// `[layers][amounts]`: distance of the features from those of the image as it is, in units of their norm.
    pub changes: Vec<Vec<f64>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcclusionFinding {
    /// Scenes occluded: those that the network gets right.
    pub scenes: usize,
    /// Scenes looked at to find them.
    pub looked_at: usize,
    /// Where the map's activity was watched.
    pub layer: String,
    /// Scenes in which the probability of the true class is lowest with the square's centre on the object's box.
    pub truth_on_object: usize,
    /// The same for the activity of the strongest map.
    pub activity_on_object: usize,
    /// Mean share of places with the square's centre on the box: what chance would give.
    pub chance: f64,
    /// Mean probability of the true class on the whole scene, and at the lowest.
    pub whole: f64,
    pub lowest: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorrespondenceFinding {
    /// Scenes of each class.
    pub scenes: usize,
    pub layers: Vec<CorrespondenceRow>,
}

/// A column of table 1: fractions of differing signs, means over the classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CorrespondenceRow {
    pub layer: String,
    pub marked: f64,
    pub random: f64,
    /// One a class: of its permutation test.
    pub p_values: Vec<f64>,
    /// Of all classes together, by Fisher's method.
    pub p_value: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AblationFinding {
    /// The network itself, then its variants.
    pub networks: Vec<MemberResult>,
    /// Test images on which the trained network was tried without some of its units.
    pub images: usize,
    /// Errors of it as it is.
    pub errors: usize,
    pub silenced: Vec<SilencedRow>,
}

/// Errors of the trained network, nothing retrained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SilencedRow {
    pub layer: String,
    /// As if the layer were not there; where its output has the shape of its input.
    pub left_out: Option<usize>,
    /// Half of its units at random.
    pub half: usize,
    pub all: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvolutionFinding {
    pub epochs: Vec<u64>,
    pub layers: Vec<EvolutionRow>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvolutionRow {
    pub layer: String,
    pub units: Vec<usize>,
    /// One for each two successive epochs: mean cosine, over the units, of the deconvolutions of one image, the unit's
    /// strongest at the last epoch. None where no unit was active at both.
    pub cosines: Vec<Option<f64>>,
    /// Share of units whose strongest image stays the same.
    pub kept: Vec<f64>,
}
