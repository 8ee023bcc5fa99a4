//! How far each layer's features move when the image is shifted, scaled or turned. Zeiler and Fergus 2013, section 4.1 and
//! figure 5.

use super::question::{QuestionError, batch, check_class, check_cut, check_fill, check_image, floats, probabilities};
use crate::nets::{Mode, Network, Shape};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// The rows of figure 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transformation {
    /// Vertical, in pixels; down where positive.
    Translation,
    /// A factor, about the centre; the image grows above 1.
    Scale,
    /// Degrees about the centre, counter-clockwise.
    Rotation,
}

impl Transformation {
    /// The amount that changes nothing.
    pub fn identity(self) -> f32 {
        match self {
            Self::Translation | Self::Rotation => 0.0,
            Self::Scale => 1.0,
        }
    }

    /// The transformed image, `[channels, height, width]`: bilinear between the pixels, `fill` `[channels]` beyond them.
    /// Whole pixels of translation and the identity are exact.
    ///
    /// # Errors
    /// When the amount is not finite, or a scale is not above 0.
    pub fn apply(self, amount: f32, image: &[f32], shape: Shape, fill: &[f32]) -> Result<Vec<f32>, QuestionError> {
        if !amount.is_finite() || (self == Self::Scale && amount <= 0.0) {
            let text = format!("an image cannot be changed by {amount}: amounts are finite, and scales above 0");
            return Err(QuestionError::Setting(text));
        }
        let (height, width) = (shape.height, shape.width);
        let planes = image.chunks_exact(height * width).zip(fill);
        let pixels = planes.flat_map(|(plane, &fill)| {
            (0..height * width).map(move |place| {
                let (y, x) = self.origin(f64::from(amount), (place / width, place % width), shape);
                bilinear(plane, shape, fill, y, x)
            })
        });
        Ok(pixels.collect())
    }

    /// Where in the image the pixel at (y, x) of the transformed one comes from.
    fn origin(self, amount: f64, (y, x): (usize, usize), shape: Shape) -> (f64, f64) {
        let centre = |length: usize| (length as f64 - 1.0) / 2.0;
        let (centre_y, centre_x) = (centre(shape.height), centre(shape.width));
        let (y, x) = (y as f64 - centre_y, x as f64 - centre_x);
        let (y, x) = match self {
            Self::Translation => (y - amount, x),
            Self::Scale => (y / amount, x / amount),
            Self::Rotation => {
                // Rows count downwards.
                let (sine, cosine) = amount.to_radians().sin_cos();
                (cosine * y + sine * x, cosine * x - sine * y)
            }
        };
        (y + centre_y, x + centre_x)
    }
}

/// The value between four pixels, each weighted by how near it is.
fn bilinear(plane: &[f32], shape: Shape, fill: f32, y: f64, x: f64) -> f32 {
    let pixel = |y: f64, x: f64| {
        let inside = y >= 0.0 && x >= 0.0 && y < shape.height as f64 && x < shape.width as f64;
        f64::from(if inside { plane[y as usize * shape.width + x as usize] } else { fill })
    };
    let (top, left) = (y.floor(), x.floor());
    let (down, right) = (y - top, x - left);
    let row = |y: f64| {
        let first = pixel(y, left);
        if right == 0.0 { first } else { first * (1.0 - right) + pixel(y, left + 1.0) * right }
    };
    let first = row(top);
    (if down == 0.0 { first } else { first * (1.0 - down) + row(top + 1.0) * down }) as f32
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct InvarianceSettings {
    pub transformation: Transformation,
    pub amounts: Vec<f32>,
    /// Where features are compared; the paper's are the first and the last layer below the classes.
    pub cuts: Vec<usize>,
    /// Standardised value of each channel beyond the image: see [`Fill`](super::Fill).
    pub fill: Vec<f32>,
    /// The true class.
    pub truth: usize,
}

/// One image's curves in figure 5.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InvarianceCurves {
    /// `[amounts]`, as far as it was computed: probability of the true class.
    pub truth: Vec<f32>,
    /// One a cut, in the order of the settings.
    pub layers: Vec<LayerCurve>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LayerCurve {
    pub cut: usize,
    /// Euclidean norm of the features of the untransformed image.
    pub norm: f64,
    /// `[amounts]`: Euclidean distance of the features from those of the untransformed image.
    pub distance: Vec<f64>,
}

impl LayerCurve {
    /// `[amounts]`: distances in units of the norm, so that layers can be compared; 0 where the norm is 0.
    pub fn relative(&self) -> Vec<f64> {
        self.distance.iter().map(|distance| if self.norm > 0.0 { distance / self.norm } else { 0.0 }).collect()
    }
}

/// Curves in the making, some amounts at a time.
#[derive(Clone, Debug)]
pub struct Invariance {
    settings: InvarianceSettings,
    image: Vec<f32>,
    /// Of the untransformed image, one a cut.
    features: Vec<Vec<f32>>,
    curves: InvarianceCurves,
}

/// All curves of one image in one call. `image`: `[channels, height, width]`, standardised.
///
/// # Errors
/// As [`Invariance::new`].
pub fn invariance(
    network: &Network,
    image: Vec<f32>,
    settings: InvarianceSettings,
) -> Result<InvarianceCurves, QuestionError> {
    let mut invariance = Invariance::new(network, image, settings)?;
    while invariance.advance(network, AMOUNTS_A_STEP) {}
    Ok(invariance.curves)
}

/// Amounts in one batch: enough to be worth a pass.
const AMOUNTS_A_STEP: usize = 32;

impl Invariance {
    /// Looks at the untransformed image. `image`: `[channels, height, width]`, standardised.
    ///
    /// # Errors
    /// When image, fill, cuts or class do not fit the network, or an amount makes no sense.
    pub fn new(network: &Network, image: Vec<f32>, settings: InvarianceSettings) -> Result<Self, QuestionError> {
        let shape = check_image(network, &image)?;
        check_fill(network, &settings.fill)?;
        check_class(network, settings.truth)?;
        settings.cuts.iter().try_for_each(|&cut| check_cut(network, cut).map(|_| ()))?;
        for &amount in &settings.amounts {
            settings.transformation.apply(amount, &[], shape, &[])?;
        }
        let (features, _) = look(network, image.clone(), &settings.cuts);
        let layer = |(&cut, features): (&usize, &Vec<f32>)| LayerCurve {
            cut,
            norm: features.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt(),
            distance: Vec::new(),
        };
        let layers = settings.cuts.iter().zip(&features).map(layer).collect();
        Ok(Self { settings, image, features, curves: InvarianceCurves { truth: Vec::new(), layers } })
    }

    /// Goes through the next amounts, `at_most` in one batch. Says whether there are more.
    ///
    /// # Panics
    /// If the network takes other images than the one that it began with.
    pub fn advance(&mut self, network: &Network, at_most: usize) -> bool {
        let next = self.done()..self.total().min(self.done() + at_most.max(1));
        if next.is_empty() {
            return false;
        }
        let InvarianceSettings { transformation, amounts, cuts, fill, truth } = &self.settings;
        let shape = network.cuts()[0];
        let transform = |&amount: &f32| {
            transformation.apply(amount, &self.image, shape, fill).expect("amounts were checked at the start")
        };
        let images: Vec<f32> = amounts[next].iter().flat_map(transform).collect();
        let (found, probabilities) = look(network, images, cuts);
        self.curves.truth.extend(probabilities.iter().map(|p| p[*truth]));
        for ((layer, before), after) in self.curves.layers.iter_mut().zip(&self.features).zip(&found) {
            layer.distance.extend(after.chunks_exact(before.len().max(1)).map(|after| distance(before, after)));
        }
        self.done() < self.total()
    }

    /// Amounts gone through so far.
    pub fn done(&self) -> usize {
        self.curves.truth.len()
    }

    pub fn total(&self) -> usize {
        self.settings.amounts.len()
    }

    /// What was found so far.
    pub fn curves(&self) -> &InvarianceCurves {
        &self.curves
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
}

/// Features at some cuts, `[n, ...]` each, and probabilities.
fn look(network: &Network, images: Vec<f32>, cuts: &[usize]) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let trace = network.trace(batch(network, images), 0..network.top(), Mode::Evaluate);
    let features = cuts.iter().map(|&cut| floats(trace.activation(cut).clone())).collect();
    let logits: Tensor<4> = trace.output().clone();
    (features, probabilities(logits))
}
