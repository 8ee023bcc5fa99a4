//! What a network makes of an image while a square hides a part of it. Zeiler and Fergus 2013, section 4.2 and figure 7.

use super::question::{QuestionError, batch, check_class, check_fill, check_image, check_unit, floats, probabilities};
use super::region::Region;
use crate::nets::{Mode, Network, Shape, most_likely};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// The square and what is watched while it slides.
#[derive(Clone, Debug, PartialEq)]
pub struct OcclusionSettings {
    /// Side of the square and distance between its places, in pixels.
    pub side: usize,
    pub stride: usize,
    /// Standardised value of each channel under the square: see [`Fill`](super::Fill).
    pub fill: Vec<f32>,
    /// Where the feature map is watched.
    pub cut: usize,
    /// The feature map; `None` is the one with the highest total activity on the whole image, as in the paper.
    pub unit: Option<usize>,
    /// The true class.
    pub truth: usize,
}

/// What the network makes of one version of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Occluded {
    /// Sum over the feature map.
    pub activity: f32,
    /// Probability of the true class.
    pub truth: f32,
    /// The most probable class.
    pub predicted: usize,
}

/// The three maps of figure 7.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OcclusionMap {
    /// First row and first column of the square at each place. All squares lie wholly inside the image: the first begins
    /// at 0, the last ends at the edge.
    pub tops: Vec<usize>,
    pub lefts: Vec<usize>,
    /// The feature map that was watched.
    pub unit: usize,
    /// Nothing hidden.
    pub whole: Occluded,
    /// `[tops, lefts]`, as far as it was computed.
    pub places: Vec<Occluded>,
}

/// An occlusion map in the making, some places at a time.
#[derive(Clone, Debug)]
pub struct Occlusion {
    settings: OcclusionSettings,
    image: Vec<f32>,
    map: OcclusionMap,
}

/// The whole map in one call. `image`: `[channels, height, width]`, standardised.
///
/// # Errors
/// As [`Occlusion::new`].
pub fn occlude(network: &Network, image: Vec<f32>, settings: OcclusionSettings) -> Result<OcclusionMap, QuestionError> {
    let mut occlusion = Occlusion::new(network, image, settings)?;
    while occlusion.advance(network, PLACES_A_STEP) {}
    Ok(occlusion.map)
}

/// Places in one batch: enough to be worth a pass.
const PLACES_A_STEP: usize = 64;

impl Occlusion {
    /// Looks at the whole image. `image`: `[channels, height, width]`, standardised.
    ///
    /// # Errors
    /// When image, fill, cut, unit or class do not fit the network, or the square does not fit the image.
    pub fn new(network: &Network, image: Vec<f32>, settings: OcclusionSettings) -> Result<Self, QuestionError> {
        let shape = check_image(network, &image)?;
        check_fill(network, &settings.fill)?;
        check_unit(network, settings.cut, settings.unit.unwrap_or(0))?;
        check_class(network, settings.truth)?;
        let (tops, lefts) = places(shape, settings.side, settings.stride)?;
        let (maps, logits) = look(network, image.clone(), settings.cut);
        let totals = floats(totals(maps));
        let unit = settings.unit.unwrap_or_else(|| most_likely(&totals));
        let whole = judged(&totals[unit..=unit], logits, settings.truth)[0];
        Ok(Self { settings, image, map: OcclusionMap { tops, lefts, unit, whole, places: Vec::new() } })
    }

    /// Hides the next places, `at_most` in one batch. Says whether there are more.
    ///
    /// The network is the one that it began with, or a later state of it.
    pub fn advance(&mut self, network: &Network, at_most: usize) -> bool {
        let shape = network.cuts()[0];
        let next = self.done()..self.total().min(self.done() + at_most.max(1));
        if next.is_empty() {
            return false;
        }
        let hidden: Vec<f32> = next.flat_map(|place| self.hidden(place, shape)).collect();
        let (maps, logits) = look(network, hidden, self.settings.cut);
        let activity = floats(totals(maps.narrow(1, self.map.unit, 1)));
        self.map.places.extend(judged(&activity, logits, self.settings.truth));
        self.done() < self.total()
    }

    /// Places hidden so far.
    pub fn done(&self) -> usize {
        self.map.places.len()
    }

    pub fn total(&self) -> usize {
        self.map.tops.len() * self.map.lefts.len()
    }

    /// What was found so far.
    pub fn map(&self) -> &OcclusionMap {
        &self.map
    }

    /// The image with the square at a place.
    fn hidden(&self, place: usize, shape: Shape) -> Vec<f32> {
        let OcclusionMap { tops, lefts, .. } = &self.map;
        let side = self.settings.side;
        let square =
            Region { top: tops[place / lefts.len()], left: lefts[place % lefts.len()], height: side, width: side };
        let mut image = self.image.clone();
        square.hide(&mut image, shape, &self.settings.fill);
        image
    }
}

/// Where the square stands along each axis.
fn places(shape: Shape, side: usize, stride: usize) -> Result<(Vec<usize>, Vec<usize>), QuestionError> {
    if side == 0 || side > shape.height.min(shape.width) {
        let (height, width) = (shape.height, shape.width);
        let text = format!("a square of {side} pixels does not fit into an image of {height} x {width}");
        return Err(QuestionError::Setting(text));
    }
    if stride == 0 {
        return Err(QuestionError::Setting("the stride must be at least one pixel".to_owned()));
    }
    let along = |length: usize| {
        let last = length - side;
        let mut starts: Vec<usize> = (0..=last).step_by(stride).collect();
        if starts.last() != Some(&last) {
            starts.push(last);
        }
        starts
    };
    Ok((along(shape.height), along(shape.width)))
}

/// Activations at a cut and logits of some images.
fn look(network: &Network, images: Vec<f32>, cut: usize) -> (Tensor<4>, Tensor<4>) {
    let maps = network.forward_between(batch(network, images), 0..cut, Mode::Evaluate);
    let logits = network.forward_between(maps.clone(), cut..network.top(), Mode::Evaluate);
    (maps, logits)
}

/// Sum over each map: `[n, channels]`.
fn totals(maps: Tensor<4>) -> Tensor<2> {
    let [count, channels, height, width] = maps.dims();
    maps.reshape([count, channels, height * width]).sum_dim(2).reshape([count, channels])
}

fn judged(activity: &[f32], logits: Tensor<4>, truth: usize) -> Vec<Occluded> {
    let rows = probabilities(logits).into_iter().zip(activity);
    rows.map(|(p, &activity)| Occluded { activity, truth: p[truth], predicted: most_likely(&p) }).collect()
}
