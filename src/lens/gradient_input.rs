//! Gradient times input: how much each pixel adds to a unit's activation, were the unit linear (Shrikumar et al. 2016, arXiv
//! 1605.01713).

use super::deconvolution::{Reconstruction, floats, reconstruct};
use super::target::{Target, TargetError};
use crate::nets::{Cut, Network, Rule};
use burn::tensor::Tensor;

/// The gradient of each target with respect to its image, times the image, in the order of `targets`. Of a whole map, the sum
/// of its activations is what the gradient is of.
///
/// `images` are standardised, `[batch, channels, height, width]`.
///
/// # Errors
/// When a target names a unit, a place or an image that is not there.
pub fn gradient_times_input(
    network: &Network,
    images: &Tensor<4>,
    cut: Cut,
    targets: &[Target],
) -> Result<Vec<Reconstruction>, TargetError> {
    let mut found = reconstruct(network, images, cut, targets, Rule::Gradient)?;
    let pixels = floats(images.clone());
    let image = network.architecture().input.units();
    for found in &mut found {
        let pixels = &pixels[found.image * image..][..image];
        found.values.iter_mut().zip(pixels).for_each(|(value, pixel)| *value *= pixel);
    }
    Ok(found)
}
