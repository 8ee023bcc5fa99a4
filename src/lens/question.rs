//! Whether what is asked of a network fits it.

use crate::nets::{Network, Shape, softmax_at};
use burn::tensor::{Tensor, TensorData};

/// Why a question about a network has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuestionError {
    #[error("there is no cut {cut}: the network has {layers} layers, so cuts 0 (the input) to {layers} (the logits)")]
    Cut { cut: usize, layers: usize },
    #[error("there is no unit {unit} at cut {cut}: it has {units}, which count from 0")]
    Unit { cut: usize, unit: usize, units: usize },
    #[error("{found} numbers are no image of {shape} for this network, which takes {expected}")]
    Image { found: usize, shape: Shape, expected: usize },
    #[error("there is no class {class}: the network tells {classes} apart, which count from 0")]
    Class { class: usize, classes: usize },
    #[error("{0}")]
    Setting(String),
}

pub(super) fn check_cut(network: &Network, cut: usize) -> Result<Shape, QuestionError> {
    let layers = network.top();
    network.cuts().get(cut).copied().ok_or(QuestionError::Cut { cut, layers })
}

pub(super) fn check_unit(network: &Network, cut: usize, unit: usize) -> Result<(), QuestionError> {
    let units = check_cut(network, cut)?.channels;
    if unit < units { Ok(()) } else { Err(QuestionError::Unit { cut, unit, units }) }
}

/// The shape of the images that the network takes, of which these numbers are one.
pub(super) fn check_image(network: &Network, image: &[f32]) -> Result<Shape, QuestionError> {
    let shape = network.cuts()[0];
    let (found, expected) = (image.len(), shape.units());
    if found == expected { Ok(shape) } else { Err(QuestionError::Image { found, shape, expected }) }
}

pub(super) fn check_class(network: &Network, class: usize) -> Result<(), QuestionError> {
    let classes = network.cuts()[network.top()].units();
    if class < classes { Ok(()) } else { Err(QuestionError::Class { class, classes }) }
}

/// One value a channel of the image.
pub(super) fn check_fill(network: &Network, fill: &[f32]) -> Result<(), QuestionError> {
    let (channels, found) = (network.cuts()[0].channels, fill.len());
    if found == channels {
        return Ok(());
    }
    Err(QuestionError::Setting(format!(
        "the fill has {found} values, but images of this network have {channels} channels"
    )))
}

/// Images one after another as a batch, `[n, channels, height, width]`.
pub(super) fn batch(network: &Network, images: Vec<f32>) -> Tensor<4> {
    let shape = network.cuts()[0];
    let count = images.len() / shape.units();
    Tensor::from_data(TensorData::new(images, shape.batched(count)), network.device())
}

pub(super) fn floats<const D: usize>(values: Tensor<D>) -> Vec<f32> {
    values.into_data().try_into_vec().expect("activations are 32-bit floats")
}

/// Softmax of each row of logits, `[n, classes]`.
pub(super) fn probabilities(logits: Tensor<4>) -> Vec<Vec<f32>> {
    let [_, channels, height, width] = logits.dims();
    let rows = floats(logits);
    let softmax = |row: &[f32]| softmax_at(row, 1.0).into_iter().map(|p| p as f32).collect();
    rows.chunks_exact((channels * height * width).max(1)).map(softmax).collect()
}
