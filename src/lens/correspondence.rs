//! Whether a network relates the same part of different images. Zeiler and Fergus 2013, section 4.3 and table 1.
//!
//! Hiding a part changes the features of an image by `eps = x - x~`. If a layer knows the part as such, hiding it changes
//! the features of all images alike: the signs of the changes differ in few places.

use super::question::{QuestionError, batch, check_cut, check_fill, check_image, floats};
use super::region::Region;
use crate::data::{Purpose, below, stream};
use crate::nets::{Mode, Network, Shape};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// What is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrespondenceSettings {
    /// Where features are compared; the paper's are layers 5 and 7.
    pub cuts: Vec<usize>,
    /// Standardised value of each channel of what is hidden: see [`Fill`](super::Fill).
    pub fill: Vec<f32>,
    /// Random parts of each image that the marked one is compared with; the test cannot find less than one in so many.
    pub random_parts: usize,
    /// Of the test.
    pub permutations: usize,
    pub seed: u64,
}

/// One image and the part marked on it.
#[derive(Clone, Debug, PartialEq)]
pub struct MarkedImage {
    /// `[channels, height, width]`, standardised.
    pub image: Vec<f32>,
    pub part: Region,
}

/// One cell of table 1: how much the images disagree at one layer. Fractions are of signs that differ (minus, zero, plus),
/// means over the pairs of images: the sum Delta of the paper over the number of its terms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerCorrespondence {
    pub cut: usize,
    /// With the marked part hidden on each image.
    pub marked: f64,
    /// Standard deviation over the pairs.
    pub marked_deviation: f64,
    /// With a random part of the same size hidden on each: mean over the draws.
    pub random: f64,
    /// Standard deviation over the draws.
    pub random_deviation: f64,
    /// Probability, were the marked part no other than the random ones, of a fraction as small as that of the marked.
    /// Permutation test: from the marked and the random parts of each image one is chosen at random, over and over.
    pub p_value: f64,
}

/// Values of images that go through the network at once: 8 of ImageNet's.
const VALUES_AT_ONCE: usize = 8 * 3 * 224 * 224;

/// Table 1 in the making, a few hidden parts at a time.
#[derive(Clone, Debug)]
pub struct Correspondence {
    settings: CorrespondenceSettings,
    images: Vec<MarkedImage>,
    /// `[images][1 + random parts]`: the marked one first.
    parts: Vec<Vec<Region>>,
    /// `[cuts][images][parts]`: signs of the feature changes; of the last image as far as it is gone through.
    signs: Vec<Vec<Vec<Vec<i8>>>>,
    /// Parts that were hidden so far, of all images.
    hidden: usize,
}

/// Every layer in one call.
///
/// # Errors
/// As [`Correspondence::new`].
pub fn correspondence(
    network: &Network,
    images: Vec<MarkedImage>,
    settings: CorrespondenceSettings,
) -> Result<Vec<LayerCorrespondence>, QuestionError> {
    let mut correspondence = Correspondence::new(network, images, settings)?;
    while correspondence.advance(network) {}
    Ok(correspondence.layers())
}

impl Correspondence {
    /// Holds a byte for each unit at the cuts, each image and each part.
    ///
    /// # Errors
    /// When there are fewer than two images or no random parts, or an image, a part, the fill or a cut does not fit the
    /// network.
    pub fn new(
        network: &Network,
        images: Vec<MarkedImage>,
        settings: CorrespondenceSettings,
    ) -> Result<Self, QuestionError> {
        let wrong = |text: String| Err(QuestionError::Setting(text));
        if images.len() < 2 {
            return wrong(format!("{} marked: mark the same part on at least two images", images.len()));
        }
        if settings.random_parts == 0 {
            return wrong("there must be random parts to compare with: at least one of each image".to_owned());
        }
        check_fill(network, &settings.fill)?;
        settings.cuts.iter().try_for_each(|&cut| check_cut(network, cut).map(|_| ()))?;
        for (index, MarkedImage { image, part }) in images.iter().enumerate() {
            let shape = check_image(network, image)?;
            if !fits(*part, shape) {
                return wrong(format!("the part marked on image {index} is empty or not inside it: mark it again"));
            }
        }
        let shape = network.cuts()[0];
        let parts = images.iter().enumerate().map(|(index, MarkedImage { part, .. })| {
            let mut generator = stream(settings.seed, Purpose::Parts, index, 0);
            let random = (0..settings.random_parts).map(|_| random_part(*part, shape, &mut generator));
            std::iter::once(*part).chain(random).collect()
        });
        let parts = parts.collect();
        let signs = vec![vec![Vec::new(); images.len()]; settings.cuts.len()];
        Ok(Self { settings, images, parts, signs, hidden: 0 })
    }

    /// Hides the next few parts of an image. Says whether there are more.
    pub fn advance(&mut self, network: &Network) -> bool {
        let (index, first) = (self.done(), self.hidden % self.parts_of_each());
        let (Some(MarkedImage { image, .. }), Some(parts)) = (self.images.get(index), self.parts.get(index)) else {
            return false;
        };
        let shape = network.cuts()[0];
        // The whole image goes with them: the last bits of features may depend on how many images there are.
        let at_once = (VALUES_AT_ONCE / shape.units().max(1)).clamp(2, 64) - 1;
        let these = parts.iter().skip(first).take(at_once);
        let hidden = these.map(|part| {
            let mut hidden = image.clone();
            part.hide(&mut hidden, shape, &self.settings.fill);
            hidden
        });
        let images: Vec<f32> = std::iter::once(image.clone()).chain(hidden).flatten().collect();
        let mut order: Vec<(usize, usize)> = self.settings.cuts.iter().copied().enumerate().collect();
        order.sort_by_key(|(_, cut)| *cut);
        let (mut activations, mut at) = (batch(network, images), 0);
        for (place, cut) in order {
            activations = network.forward_between(activations, at..cut, Mode::Evaluate);
            at = cut;
            let features = floats(activations.clone());
            let mut rows = features.chunks_exact(network.cuts()[cut].units().max(1));
            let whole = rows.next().unwrap_or_default();
            self.signs[place][index].extend(rows.map(|hidden| signs_of_change(whole, hidden)));
        }
        self.hidden += at_once.min(parts.len() - first);
        self.hidden < self.parts()
    }

    /// Images gone through so far.
    pub fn done(&self) -> usize {
        self.hidden / self.parts_of_each()
    }

    /// All of them.
    pub fn images(&self) -> usize {
        self.images.len()
    }

    /// Parts hidden so far, of [`parts`](Self::parts).
    pub fn hidden(&self) -> usize {
        self.hidden
    }

    /// Parts of all images.
    pub fn parts(&self) -> usize {
        self.images.len() * self.parts_of_each()
    }

    fn parts_of_each(&self) -> usize {
        1 + self.settings.random_parts
    }

    /// Table 1 of the images gone through so far, one row a cut; none of fewer than two images.
    pub fn layers(&self) -> Vec<LayerCorrespondence> {
        (0..self.settings.cuts.len()).filter_map(|index| self.layer_at(index)).collect()
    }

    /// One row of it, by position among the cuts of the settings.
    pub fn layer_at(&self, index: usize) -> Option<LayerCorrespondence> {
        let (cut, signs) = (*self.settings.cuts.get(index)?, self.signs.get(index)?.get(..self.done())?);
        (self.done() >= 2).then(|| self.layer(cut, &Differences::between(signs)))
    }

    fn layer(&self, cut: usize, differences: &Differences) -> LayerCorrespondence {
        let images = differences.images;
        let marked = differences.pairs(&vec![0; images]);
        let draws: Vec<f64> =
            (1..differences.parts).map(|draw| mean(&differences.pairs(&vec![draw; images]))).collect();
        let mut generator = stream(self.settings.seed, Purpose::Permutations, cut, 0);
        let as_small = (0..self.settings.permutations)
            .filter(|_| {
                let choice: Vec<usize> =
                    (0..images).map(|_| below(&mut generator, differences.parts as u32) as usize).collect();
                mean(&differences.pairs(&choice)) <= mean(&marked)
            })
            .count();
        LayerCorrespondence {
            cut,
            marked: mean(&marked),
            marked_deviation: deviation(&marked),
            random: mean(&draws),
            random_deviation: deviation(&draws),
            // The choice that was made counts as one of the permutations (Phipson and Smyth 2010).
            p_value: (as_small + 1) as f64 / (self.settings.permutations + 1) as f64,
        }
    }
}

/// Fractions of differing signs between any part of one image and any of another.
struct Differences {
    images: usize,
    parts: usize,
    /// `[images, parts, images, parts]`.
    fractions: Vec<f64>,
}

impl Differences {
    /// `signs`: `[images][parts][units]`.
    fn between(signs: &[Vec<Vec<i8>>]) -> Self {
        let (images, parts) = (signs.len(), signs.first().map_or(0, Vec::len));
        let all: Vec<&Vec<i8>> = signs.iter().flatten().collect();
        let mut fractions = vec![0.0; all.len() * all.len()];
        for (i, a) in all.iter().enumerate() {
            // Parts of one image are never compared.
            for (j, b) in all.iter().enumerate().skip((i / parts.max(1) + 1) * parts) {
                fractions[i * all.len() + j] = hamming(a, b);
            }
        }
        Self { images, parts, fractions }
    }

    /// One value a pair of images, with one part chosen of each: `[images]`.
    fn pairs(&self, choice: &[usize]) -> Vec<f64> {
        let row = |image: usize| image * self.parts + choice[image];
        let all = self.images * self.parts;
        let pairs = (0..self.images).flat_map(|i| (i + 1..self.images).map(move |j| (i, j)));
        pairs.map(|(i, j)| self.fractions[row(i) * all + row(j)]).collect()
    }
}

/// Fraction of places where the signs differ.
fn hamming(a: &[i8], b: &[i8]) -> f64 {
    let differ = a.iter().zip(b).filter(|(a, b)| a != b).count();
    differ as f64 / a.len().max(1) as f64
}

/// Signs of x - x~.
fn signs_of_change(whole: &[f32], hidden: &[f32]) -> Vec<i8> {
    whole.iter().zip(hidden).map(|(whole, hidden)| i8::from(whole > hidden) - i8::from(whole < hidden)).collect()
}

fn fits(part: Region, shape: Shape) -> bool {
    let inside = |start: usize, length: usize, side: usize| {
        length > 0 && start.checked_add(length).is_some_and(|end| end <= side)
    };
    inside(part.top, part.height, shape.height) && inside(part.left, part.width, shape.width)
}

/// Somewhere else, or by chance at the same place.
fn random_part(like: Region, shape: Shape, generator: &mut ChaCha8Rng) -> Region {
    let mut start = |side: usize, length: usize| below(generator, (side - length + 1) as u32) as usize;
    Region { top: start(shape.height, like.height), left: start(shape.width, like.width), ..like }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Of the values themselves, divided by their number.
fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len().max(1) as f64).sqrt()
}
