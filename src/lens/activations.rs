//! Activations of one image at every cut.

use crate::nets::{Mode, Network};
use burn::tensor::{Tensor, TensorData, activation};

/// One image as a network sees it.
#[derive(Clone, Debug)]
pub struct View {
    /// One a class.
    pub probabilities: Vec<f32>,
    /// The output of each layer from below, `[channels, height, width]`; the shapes are `network.cuts()[1..]`.
    pub activations: Vec<Vec<f32>>,
}

/// Runs one standardised image, `[channels, height, width]`, through the network in evaluation mode.
pub fn view(network: &Network, image: Vec<f32>) -> View {
    let dims = network.cuts()[0].batched(1);
    let images = Tensor::from_data(TensorData::new(image, dims), network.device());
    let trace = network.trace(images, 0..network.top(), Mode::Evaluate);
    let classes = trace.output().dims()[1];
    let logits: Tensor<2> = trace.output().clone().reshape([1, classes]);
    View {
        probabilities: floats(activation::softmax(logits, 1)),
        activations: (1..=network.top()).map(|cut| floats(trace.activation(cut).clone())).collect(),
    }
}

fn floats<const D: usize>(values: Tensor<D>) -> Vec<f32> {
    values.into_data().try_into_vec().expect("activations are 32-bit floats")
}
