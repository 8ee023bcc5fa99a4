//! Updates by tensor operations, for parameters in a GPU's memory.

use super::rule::Rule;
use super::{Moments, ParameterNorms, Update};
use burn::tensor::Tensor;

pub(super) fn norm(values: &mut Tensor<1>) -> f64 {
    norm_of(values.clone())
}

pub(super) fn apply(
    call: &Update,
    value: Tensor<1>,
    gradient: Tensor<1>,
    moments: &mut Moments,
) -> (Tensor<1>, ParameterNorms) {
    let before = call.with_norms.then(|| (value.clone(), gradient.clone()));
    let mut updated = match call.rule {
        Rule::Sgd { rate, momentum, nesterov, clip, decay } => {
            let g = scaled_gradient(gradient, &value, clip, decay);
            let velocity = moments.first.clone().mul_scalar(momentum) + g.clone();
            moments.first = velocity.clone();
            let direction = if nesterov { g + velocity.mul_scalar(momentum) } else { velocity };
            value - direction.mul_scalar(rate)
        }
        Rule::Adam(step) => {
            let g = scaled_gradient(gradient, &value, step.clip, step.decay);
            let squared = g.clone() * g.clone();
            moments.first = moments.first.clone().mul_scalar(step.beta1) + g.mul_scalar(1.0 - step.beta1);
            moments.second = moments.second.clone().mul_scalar(step.beta2) + squared.mul_scalar(1.0 - step.beta2);
            let deviation = moments.second.clone().sqrt().mul_scalar(step.second_scale).add_scalar(step.epsilon);
            value.mul_scalar(step.shrink) - (moments.first.clone() / deviation).mul_scalar(step.rate)
        }
    };
    if call.max_norm > 0.0 {
        updated = bound_rows(updated, call.units, call.max_norm);
    }
    let norms = before.map_or_else(ParameterNorms::default, |(value, gradient)| ParameterNorms {
        gradient: norm_of(gradient),
        weight: norm_of(updated.clone()),
        update: norm_of(updated.clone() - value),
    });
    (updated, norms)
}

fn scaled_gradient(gradient: Tensor<1>, value: &Tensor<1>, clip: f64, decay: f64) -> Tensor<1> {
    let gradient = if clip == 1.0 { gradient } else { gradient.mul_scalar(clip) };
    if decay == 0.0 { gradient } else { gradient + value.clone().mul_scalar(decay) }
}

fn bound_rows(value: Tensor<1>, units: usize, bound: f64) -> Tensor<1> {
    let count = value.dims()[0];
    let rows = value.reshape([units, count / units]);
    let norms = (rows.clone() * rows.clone()).sum_dim(1).sqrt();
    let factors = norms.clamp_min(bound).recip().mul_scalar(bound);
    (rows * factors).reshape([count])
}

fn norm_of(values: Tensor<1>) -> f64 {
    f64::from((values.clone() * values).sum().into_scalar::<f32>()).sqrt()
}
