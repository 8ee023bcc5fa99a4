//! Whether a saliency map shows what matters: hide the pixels with the most energy, and as many random ones, and see what
//! becomes of the unit that the map is of. A check of reconstructions such as those of Zeiler and Fergus 2013, section 4.2.

use super::question::{QuestionError, batch, check_fill, check_image, check_unit, floats};
use crate::data::{Purpose, shuffle, stream};
use crate::nets::{Mode, Network, Shape};
use serde::{Deserialize, Serialize};

/// What is hidden, and which unit is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct HiddenEnergySettings {
    pub cut: usize,
    pub unit: usize,
    /// Share of the pixels that is hidden, above 0 and at most 1.
    pub share: f64,
    /// Standardised value of each channel of hidden pixels: see [`Fill`](super::Fill).
    pub fill: Vec<f32>,
    /// How often as many random pixels are hidden.
    pub draws: usize,
    pub seed: u64,
}

/// The unit's map on one version of the image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapActivity {
    /// The highest value of the map.
    pub maximum: f64,
    /// The sum of the map.
    pub total: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct HiddenEnergy {
    /// Pixels hidden.
    pub pixels: usize,
    pub whole: MapActivity,
    /// Without the pixels with the most energy.
    pub salient: MapActivity,
    /// Without random pixels: mean over the draws.
    pub random: MapActivity,
}

impl HiddenEnergy {
    /// How many times as much the map's sum falls by the salient pixels as by random ones; `None` where random ones do not
    /// lower it.
    pub fn ratio(&self) -> Option<f64> {
        let random = self.whole.total - self.random.total;
        (random > 0.0).then(|| (self.whole.total - self.salient.total) / random)
    }
}

/// `image`: `[channels, height, width]`, standardised. `saliency`: of the same shape; a pixel's energy is the sum of squares
/// over its channels.
///
/// # Errors
/// When image, saliency, fill, cut or unit do not fit the network, or share or draws make no sense.
pub fn hidden_energy(
    network: &Network,
    image: &[f32],
    saliency: &[f32],
    settings: &HiddenEnergySettings,
) -> Result<HiddenEnergy, QuestionError> {
    let shape = check_image(network, image)?;
    check_image(network, saliency)?;
    check_fill(network, &settings.fill)?;
    check_unit(network, settings.cut, settings.unit)?;
    if !(settings.share > 0.0 && settings.share <= 1.0) || settings.draws == 0 {
        let text = format!(
            "a share of {} and {} draws: the share must be above 0 and at most 1, and there must be at \
            least one draw",
            settings.share, settings.draws
        );
        return Err(QuestionError::Setting(text));
    }
    let plane = shape.height * shape.width;
    let pixels = ((settings.share * plane as f64).round() as usize).clamp(1, plane);
    let look = |hidden: &[usize]| {
        let mut image = image.to_vec();
        hide(&mut image, shape, &settings.fill, hidden);
        activity(network, image, settings)
    };
    let draws: Vec<MapActivity> = (0..settings.draws)
        .map(|draw| {
            let mut order: Vec<usize> = (0..plane).collect();
            shuffle(&mut order, &mut stream(settings.seed, Purpose::Parts, draw, 1));
            look(&order[..pixels])
        })
        .collect();
    let mean = |of: fn(&MapActivity) -> f64| draws.iter().map(of).sum::<f64>() / draws.len() as f64;
    Ok(HiddenEnergy {
        pixels,
        whole: look(&[]),
        salient: look(&by_energy(saliency, plane)[..pixels]),
        random: MapActivity { maximum: mean(|map| map.maximum), total: mean(|map| map.total) },
    })
}

/// Places of all pixels, the one with the most energy first; of equals the first in the image.
fn by_energy(saliency: &[f32], plane: usize) -> Vec<usize> {
    let energy: Vec<f64> = (0..plane)
        .map(|place| saliency.iter().skip(place).step_by(plane).map(|value| f64::from(*value).powi(2)).sum())
        .collect();
    let mut order: Vec<usize> = (0..plane).collect();
    order.sort_by(|&a, &b| energy[b].total_cmp(&energy[a]));
    order
}

fn hide(image: &mut [f32], shape: Shape, fill: &[f32], places: &[usize]) {
    for (plane, &value) in image.chunks_exact_mut(shape.height * shape.width).zip(fill) {
        for &place in places {
            plane[place] = value;
        }
    }
}

fn activity(network: &Network, image: Vec<f32>, settings: &HiddenEnergySettings) -> MapActivity {
    let maps = network.forward_between(batch(network, image), 0..settings.cut, Mode::Evaluate);
    let map = floats(maps.narrow(1, settings.unit, 1));
    let maximum = map.iter().copied().map(f64::from).fold(f64::NEG_INFINITY, f64::max);
    MapActivity { maximum, total: map.iter().copied().map(f64::from).sum() }
}
