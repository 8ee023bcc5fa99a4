//! How each layer fares: norms and dead units.

use super::optimiser::ParameterNorms;
use crate::nets::{Network, Trace};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// One layer during one step. Norms are over the layer's weights, biases left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerHealth {
    pub layer: String,
    pub gradient_norm: Option<f64>,
    pub weight_norm: Option<f64>,
    /// Norm of the update over the norm of the weights; about 1e-3 is usual.
    pub update_ratio: Option<f64>,
    /// Share of units (channels, in maps) that are zero for every example of the batch and everywhere.
    pub dead_share: Option<f64>,
}

/// Health of all layers that learn or can die, from below.
pub(super) fn layer_health(network: &Network, trace: &Trace, norms: &[ParameterNorms]) -> Vec<LayerHealth> {
    let layers = &network.architecture().layers;
    let rows = layers.iter().enumerate().filter_map(|(index, layer)| {
        let norms = weight_norms(network, index, norms);
        let can_die = layer.kind.name() == "relu";
        let dead_share = can_die.then(|| dead_share(trace.activation(index + 1)));
        (norms.is_some() || can_die).then(|| LayerHealth {
            layer: layer.name.clone(),
            gradient_norm: norms.map(|norms| norms.gradient),
            weight_norm: norms.map(|norms| norms.weight),
            update_ratio: norms.map(|norms| norms.update / norms.weight.max(f64::MIN_POSITIVE)),
            dead_share,
        })
    });
    rows.collect()
}

fn weight_norms(network: &Network, layer: usize, norms: &[ParameterNorms]) -> Option<ParameterNorms> {
    let index = network.parameters().iter().position(|parameter| parameter.layer == layer)?;
    norms.get(index).copied()
}

/// Share of channels without any value above zero.
fn dead_share(activation: &Tensor<4>) -> f64 {
    let [batch, channels, height, width] = activation.dims();
    let by_channel = activation.clone().reshape([batch, channels, height * width]).max_dim(2).max_dim(0);
    let highest: Vec<f32> = by_channel.into_data().try_into_vec().expect("activations are 32-bit floats");
    highest.iter().filter(|&&value| value <= 0.0).count() as f64 / channels as f64
}
