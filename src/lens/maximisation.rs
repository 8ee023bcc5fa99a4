//! The image that a unit answers to most, made from noise by climbing its gradient (Erhan et al. 2009; Simonyan et al. 2013,
//! arXiv 1312.6034), kept an image by decay and blur (Yosinski et al. 2015, arXiv 1506.06579, section 3) and by jitter
//! (Mordvintsev et al. 2015).

use super::deconvolution::{activations_at, reconstruct, shape_at};
use super::target::{Place, Target, TargetError};
use crate::data::{Purpose, below, stream};
use crate::nets::{Cut, Network, Rule, Shape};
use burn::tensor::{Tensor, TensorData};
use serde::{Deserialize, Serialize};

/// How a step is made and what keeps the image an image. The network's standardised pixels are the unit of all of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MaximisationSettings {
    /// Root mean square of what a step adds: the gradient is scaled to it.
    pub step: f64,
    /// Share of every pixel that is lost at each step.
    pub decay: f64,
    /// Deviation of the Gaussian, in pixels; 0 does not blur.
    pub blur: f64,
    /// The image is blurred after so many steps; 0 never.
    pub blur_every: usize,
    /// Before a step the image moves by at most so many pixels each way, and back after it.
    pub jitter: usize,
    /// Root mean square of the noise that it starts from.
    pub start: f64,
    pub seed: u64,
}

impl Default for MaximisationSettings {
    fn default() -> Self {
        Self { step: 0.05, decay: 0.005, blur: 0.5, blur_every: 4, jitter: 2, start: 0.1, seed: 0 }
    }
}

impl MaximisationSettings {
    /// # Errors
    /// A sentence that says which setting is not possible.
    pub fn check(&self) -> Result<(), String> {
        let is_size = |value: f64| value.is_finite() && value >= 0.0;
        if ![self.step, self.start].into_iter().all(is_size) {
            return Err("a step and the start must be 0 or more".to_owned());
        }
        if !(0.0..=1.0).contains(&self.decay) {
            return Err(format!("a decay of {} is not in 0 to 1", self.decay));
        }
        if !(0.0..=MOST_BLUR).contains(&self.blur) {
            return Err(format!("a blur of {} is not in 0 to {MOST_BLUR} pixels", self.blur));
        }
        Ok(())
    }
}

/// A wider one leaves nothing of an image.
const MOST_BLUR: f64 = 100.0;

/// Streams of random numbers.
const START: usize = 0;
const JITTER: usize = 1;

/// An image in the making.
pub struct Maximisation {
    cut: Cut,
    target: Target,
    settings: MaximisationSettings,
    image: Vec<f32>,
    steps: u64,
}

impl Maximisation {
    /// The index of the target's image is not looked at. [`Place::Strongest`] is the middle of the map, where the unit sees most
    /// of the image: else the place would wander.
    ///
    /// # Errors
    /// When there is no such unit or place.
    pub fn new(
        network: &Network,
        cut: Cut,
        target: Target,
        settings: MaximisationSettings,
    ) -> Result<Self, TargetError> {
        let shape = shape_at(network, cut);
        target.check(network.architecture(), cut, shape, target.image + 1)?;
        let place = match target.place {
            Place::Strongest => Place::At([shape.height / 2, shape.width / 2]),
            other => other,
        };
        let target = Target { image: 0, place, ..target };
        let image = noise(network.architecture().input.units(), settings.seed, settings.start);
        Ok(Self { cut, target, settings, image, steps: 0 })
    }

    /// One step uphill. Gives the unit's activation before it; of a whole map the largest.
    pub fn advance(&mut self, network: &Network) -> f32 {
        let input = network.architecture().input;
        let shift = self.shift(input);
        self.image = rolled(&self.image, input, shift);
        let images = Tensor::from_data(TensorData::new(self.image.clone(), input.batched(1)), network.device());
        let found = reconstruct(network, &images, self.cut, &[self.target], Rule::Gradient);
        let found = found.expect("the target was checked").remove(0);
        let square = found.values.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>();
        let size = (square / found.values.len() as f64).sqrt();
        let scale = if size > 0.0 { (self.settings.step / size) as f32 } else { 0.0 };
        let kept = 1.0 - self.settings.decay as f32;
        for (pixel, gradient) in self.image.iter_mut().zip(&found.values) {
            *pixel = kept * (*pixel + scale * gradient);
        }
        self.image = rolled(&self.image, input, shift.map(|by| -by));
        self.steps += 1;
        if self.settings.blur_every > 0 && self.steps.is_multiple_of(self.settings.blur_every as u64) {
            blur(&mut self.image, input, self.settings.blur);
        }
        found.activation
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Row and column of the unit in its map; none for the whole map.
    pub fn place(&self) -> Option<[usize; 2]> {
        match self.target.place {
            Place::At(place) => Some(place),
            _ => None,
        }
    }

    /// `[channels, height, width]`, as the network sees it.
    pub fn image(&self) -> &[f32] {
        &self.image
    }

    /// The unit's activation for the image as it is; of a whole map the largest.
    pub fn activation(&self, network: &Network) -> f32 {
        let input = network.architecture().input;
        let images = Tensor::from_data(TensorData::new(self.image.clone(), input.batched(1)), network.device());
        self.target.find(&activations_at(network, images, self.cut), shape_at(network, self.cut)).activation
    }

    /// Rows and columns that this step moves the image by: a function of the seed and the step.
    fn shift(&self, input: Shape) -> [isize; 2] {
        let mut numbers = stream(self.settings.seed, Purpose::Maximisation, JITTER, self.steps as usize);
        [input.height, input.width].map(|side| {
            let most = self.settings.jitter.min(side / 2);
            below(&mut numbers, 2 * most as u32 + 1) as isize - most as isize
        })
    }
}

/// Numbers with this root mean square, from a uniform distribution about zero.
fn noise(count: usize, seed: u64, size: f64) -> Vec<f32> {
    let mut numbers = stream(seed, Purpose::Maximisation, START, 0);
    let bound = size * 3.0f64.sqrt();
    let mut number = || f64::from(below(&mut numbers, 1 << 24)) / f64::from(1 << 23) - 1.0;
    (0..count).map(|_| (bound * number()) as f32).collect()
}

/// Moved down and to the right; what leaves at one edge comes in at the other.
fn rolled(image: &[f32], shape: Shape, [down, right]: [isize; 2]) -> Vec<f32> {
    let Shape { height, width, .. } = shape;
    let from = |at: usize, by: isize, side: usize| (at as isize - by).rem_euclid(side as isize) as usize;
    let mut moved = Vec::with_capacity(image.len());
    for plane in image.chunks_exact(height * width) {
        for y in 0..height {
            let row = &plane[from(y, down, height) * width..][..width];
            moved.extend((0..width).map(|x| row[from(x, right, width)]));
        }
    }
    moved
}

/// By a Gaussian of this deviation, cut off at three; at the edges what is there counts more.
fn blur(image: &mut [f32], shape: Shape, deviation: f64) {
    let Shape { height, width, .. } = shape;
    if deviation <= 0.0 {
        return;
    }
    let reach = (3.0 * deviation).ceil() as usize;
    let weights: Vec<f64> = (0..=reach).map(|distance| (-0.5 * (distance as f64 / deviation).powi(2)).exp()).collect();
    for plane in image.chunks_exact_mut(height * width) {
        for y in 0..height {
            blur_line(plane, y * width, 1, width, &weights);
        }
        for x in 0..width {
            blur_line(plane, x, width, height, &weights);
        }
    }
}

/// One row or column of a plane: `count` values, `stride` apart.
fn blur_line(plane: &mut [f32], start: usize, stride: usize, count: usize, weights: &[f64]) {
    let line: Vec<f64> = (0..count).map(|at| f64::from(plane[start + at * stride])).collect();
    for at in 0..count {
        let near = at.saturating_sub(weights.len() - 1)..(at + weights.len()).min(count);
        let (mut sum, mut whole) = (0.0, 0.0);
        for other in near {
            let weight = weights[at.abs_diff(other)];
            sum += weight * line[other];
            whole += weight;
        }
        plane[start + at * stride] = (sum / whole) as f32;
    }
}
