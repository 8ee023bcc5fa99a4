//! Integrated gradients: the gradient summed up along the way from an image with nothing in it (Sundararajan et al. 2017,
//! arXiv 1703.01365). Unlike the gradient at the image alone it is complete: the attributions of all pixels add up to what
//! the image changes of the activation (their proposition 1).

use super::deconvolution::{activations_at, reconstruct, shape_at};
use super::target::{Place, Target, TargetError};
use crate::nets::{Cut, Network, Rule};
use burn::tensor::{Tensor, TensorData};

/// Points of the way that go through the network together.
const AT_ONCE: usize = 16;

/// The attribution of one unit of one image, in the making.
pub struct IntegratedGradients {
    cut: Cut,
    /// Its place is that in the image, wherever the unit would be most active on the way.
    target: Target,
    image: Vec<f32>,
    baseline: Vec<f32>,
    steps: usize,
    done: usize,
    /// Of the gradients so far.
    sum: Vec<f64>,
    /// At the image and at the baseline; of a whole map the sum.
    activations: [f64; 2],
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribution {
    /// Row and column in the unit's map; none for the whole map.
    pub place: Option<[usize; 2]>,
    /// The unit's activation for the image; of the whole map the sum.
    pub activation: f64,
    /// The same for the baseline.
    pub baseline_activation: f64,
    /// `[channels, height, width]`, in units of the activation.
    pub values: Vec<f32>,
}

impl IntegratedGradients {
    /// A standardised image and a baseline, both `[channels, height, width]`; `steps` points of the straight way between
    /// them, at least 1. The index of the target's image is not looked at.
    ///
    /// # Errors
    /// When there is no such unit or place.
    ///
    /// # Panics
    /// When an image has not as many values as the network's input.
    pub fn new(
        network: &Network,
        cut: Cut,
        target: Target,
        image: Vec<f32>,
        baseline: Vec<f32>,
        steps: usize,
    ) -> Result<Self, TargetError> {
        let both = batch(network, &[&image, &baseline]);
        let shape = shape_at(network, cut);
        let target = Target { image: 0, ..target };
        target.check(network.architecture(), cut, shape, 1)?;
        let activations = activations_at(network, both, cut);
        let (at_image, at_baseline) = activations.split_at(shape.units());
        let place = Place::found(target.find(at_image, shape).place);
        let target = Target { place, ..target };
        let activation = |activations: &[f32]| match place {
            Place::WholeMap => activations[target.range(shape)].iter().map(|&value| f64::from(value)).sum(),
            _ => f64::from(target.find(activations, shape).activation),
        };
        let activations = [activation(at_image), activation(at_baseline)];
        let sum = vec![0.0; image.len()];
        Ok(Self { cut, target, image, baseline, steps: steps.max(1), done: 0, sum, activations })
    }

    /// Goes some steps on; whether there are more.
    pub fn advance(&mut self, network: &Network) -> bool {
        let next = self.done..(self.done + AT_ONCE).min(self.steps);
        if next.is_empty() {
            return false;
        }
        // The middle of each step: the error falls with the square of their number.
        let point = |step: usize| {
            let share = (step as f32 + 0.5) / self.steps as f32;
            self.image.iter().zip(&self.baseline).map(move |(image, baseline)| baseline + share * (image - baseline))
        };
        let points: Vec<Vec<f32>> = next.clone().map(|step| point(step).collect()).collect();
        let images = batch(network, &points.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let targets: Vec<Target> = (0..next.len()).map(|image| Target { image, ..self.target }).collect();
        let gradients = reconstruct(network, &images, self.cut, &targets, Rule::Gradient);
        for gradient in gradients.expect("the target was checked") {
            self.sum.iter_mut().zip(gradient.values).for_each(|(sum, value)| *sum += f64::from(value));
        }
        self.done = next.end;
        self.done < self.steps
    }

    /// Of the steps so far: how many there are, and how many there will be.
    pub fn progress(&self) -> [usize; 2] {
        [self.done, self.steps]
    }

    /// What the steps so far come to.
    pub fn attribution(&self) -> Attribution {
        let difference = self.image.iter().zip(&self.baseline).map(|(image, baseline)| f64::from(image - baseline));
        let steps = self.done.max(1) as f64;
        let values = self.sum.iter().zip(difference).map(|(sum, difference)| (sum / steps * difference) as f32);
        let place = match self.target.place {
            Place::At(place) => Some(place),
            _ => None,
        };
        let [activation, baseline_activation] = self.activations;
        Attribution { place, activation, baseline_activation, values: values.collect() }
    }
}

fn batch(network: &Network, images: &[&[f32]]) -> Tensor<4> {
    let dims = network.architecture().input.batched(images.len());
    Tensor::from_data(TensorData::new(images.concat(), dims), network.device())
}
