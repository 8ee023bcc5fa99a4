//! Where in an image a class is seen: the maps of a layer, weighted by the mean gradient of the class (Grad-CAM, Selvaraju
//! et al. 2017, arXiv 1610.02391).

use super::deconvolution::{floats, put_signal, shape_at};
use super::target::{Target, TargetError};
use crate::nets::{Cut, Mode, Network, Rule, Shape};
use burn::tensor::{Tensor, TensorData};

/// A map of what speaks for a class.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMap {
    /// The activation of the unit that the gradient is of.
    pub activation: f32,
    /// Rows and columns of the layer whose maps were weighted.
    pub size: [usize; 2],
    /// `[height, width]` of that layer, 0 and more (equation 2).
    pub values: Vec<f32>,
}

/// The map for the target, a unit at the cut `of` (a class at the top), from the maps at the cut `maps` below it. `images`
/// are standardised, `[batch, channels, height, width]`.
///
/// # Errors
/// When the target names a unit, a place or an image that is not there, or `of` is not above `maps`.
pub fn grad_cam(
    network: &Network,
    images: &Tensor<4>,
    maps: Cut,
    of: Cut,
    target: Target,
) -> Result<ClassMap, TargetError> {
    let architecture = network.architecture();
    let shape = shape_at(network, of);
    target.check(architecture, of, shape, images.dims()[0])?;
    if maps >= of {
        return Err(TargetError::NotAbove { upper: architecture.cut_name(of), lower: architecture.cut_name(maps) });
    }
    let trace = network.trace_to(images.clone().narrow(0, target.image, 1), of, Mode::Evaluate);
    let mut signal = vec![0.0; shape.units()];
    let found = put_signal(target, &floats(trace.output().clone()), shape, Rule::Gradient, &mut signal);
    let signal = Tensor::from_data(TensorData::new(signal, shape.batched(1)), network.device());
    let gradient = floats(network.reverse_to(&trace, maps, signal, Rule::Gradient));
    let activations = floats(trace.at(maps).clone());
    let Shape { height, width, .. } = shape_at(network, maps);
    let plane = height * width;
    let mut values = vec![0.0f32; plane];
    for (gradient, activations) in gradient.chunks_exact(plane).zip(activations.chunks_exact(plane)) {
        let weight = gradient.iter().sum::<f32>() / plane as f32;
        values.iter_mut().zip(activations).for_each(|(value, activation)| *value += weight * activation);
    }
    for value in &mut values {
        *value = value.max(0.0);
    }
    Ok(ClassMap { activation: found.activation, size: [height, width], values })
}

impl ClassMap {
    /// As large as an image of so many rows and columns: `[height, width]`, bilinear, as PyTorch's `interpolate` does it without
    /// `align_corners`.
    pub fn enlarged(&self, height: usize, width: usize) -> Vec<f32> {
        let [rows, columns] = self.size;
        let along = |at: usize, from: usize, to: usize| {
            let place = ((at as f32 + 0.5) * from as f32 / to as f32 - 0.5).max(0.0);
            let low = (place as usize).min(from - 1);
            (low, (low + 1).min(from - 1), place - low as f32)
        };
        let mut values = Vec::with_capacity(height * width);
        for y in 0..height {
            let (above, below, down) = along(y, rows, height);
            for x in 0..width {
                let (left, right, over) = along(x, columns, width);
                let row = |row: usize| {
                    let value = |column: usize| self.values[row * columns + column];
                    value(left) * (1.0 - over) + value(right) * over
                };
                values.push(row(above) * (1.0 - down) + row(below) * down);
            }
        }
        values
    }
}
