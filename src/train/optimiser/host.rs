//! Updates in the processor's memory: one pass over weight, gradient and moments, in place, on all cores.
//!
//! Chunks have a fixed size and their sums are added in order, so the result does not depend on the number of cores.

use super::rule::{AdamStep, Rule};
use super::{Moments, ParameterNorms, Update};
use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

/// Values a task: small enough for the caches, large enough to be worth a task.
const CHUNK: usize = 16 * 1024;

/// Euclidean norm. Hands the values back in the tensor it took them from.
pub(super) fn norm(values: &mut Tensor<1>) -> f64 {
    let device = values.device();
    let count = values.dims()[0];
    let empty = Tensor::from_data(TensorData::new(Vec::<f32>::new(), [0]), &device);
    let mut data = std::mem::replace(values, empty).into_data();
    let sums: Vec<f64> = floats(&mut data).par_chunks(CHUNK).map(|chunk| f64::from(sum_of_squares(chunk))).collect();
    debug_assert_eq!(data.num_elements(), count);
    *values = Tensor::from_data(data, &device);
    sums.iter().sum::<f64>().sqrt()
}

pub(super) fn apply(
    call: &Update,
    value: Tensor<1>,
    gradient: Tensor<1>,
    moments: &mut Moments,
) -> (Tensor<1>, ParameterNorms) {
    let device = value.device();
    let mut weights = value.into_data();
    let mut gradients = gradient.into_data();
    let mut first = take(&mut moments.first, &device);
    let mut second = take(&mut moments.second, &device);
    let mut norms = match call.rule {
        Rule::Sgd { rate, momentum, nesterov, clip, decay } => {
            let step = SgdStep {
                rate: rate as f32,
                momentum: momentum as f32,
                nesterov,
                clip: clip as f32,
                decay: decay as f32,
            };
            sgd(step, call.with_norms, floats(&mut weights), floats(&mut gradients), floats(&mut first))
        }
        Rule::Adam(step) => {
            let slices = (floats(&mut first), floats(&mut second));
            adam(&step, call.with_norms, floats(&mut weights), floats(&mut gradients), slices)
        }
    };
    if call.max_norm > 0.0 {
        bound_rows(floats(&mut weights), call.units, call.max_norm as f32);
    }
    if call.with_norms {
        norms.weight = f64::from(sum_of_squares(floats(&mut weights))).sqrt();
    }
    moments.first = Tensor::from_data(first, &device);
    moments.second = Tensor::from_data(second, &device);
    (Tensor::from_data(weights, &device), norms)
}

#[derive(Clone, Copy)]
struct SgdStep {
    rate: f32,
    momentum: f32,
    nesterov: bool,
    clip: f32,
    decay: f32,
}

fn sgd(step: SgdStep, with_norms: bool, w: &mut [f32], g: &[f32], velocity: &mut [f32]) -> ParameterNorms {
    let sums: Vec<[f64; 2]> = (w.par_chunks_mut(CHUNK), g.par_chunks(CHUNK), velocity.par_chunks_mut(CHUNK))
        .into_par_iter()
        .map(|(w, g, velocity)| {
            let before = with_norms.then(|| w.to_vec());
            for ((w, &g), velocity) in w.iter_mut().zip(g).zip(velocity) {
                let g = g * step.clip + step.decay * *w;
                *velocity = step.momentum * *velocity + g;
                let direction = if step.nesterov { g + step.momentum * *velocity } else { *velocity };
                *w -= step.rate * direction;
            }
            before.map_or([0.0; 2], |before| chunk_sums(&before, w, g))
        })
        .collect();
    total(&sums)
}

fn adam(
    step: &AdamStep,
    with_norms: bool,
    w: &mut [f32],
    g: &[f32],
    (first, second): (&mut [f32], &mut [f32]),
) -> ParameterNorms {
    let AdamStep { rate, beta1, beta2, epsilon, second_scale, clip, decay, shrink } = *step;
    let [rate, beta1, beta2, epsilon] = [rate as f32, beta1 as f32, beta2 as f32, epsilon as f32];
    let [second_scale, clip, decay, shrink] = [second_scale as f32, clip as f32, decay as f32, shrink as f32];
    let chunks =
        (w.par_chunks_mut(CHUNK), g.par_chunks(CHUNK), first.par_chunks_mut(CHUNK), second.par_chunks_mut(CHUNK));
    let sums: Vec<[f64; 2]> = chunks
        .into_par_iter()
        .map(|(w, g, first, second)| {
            let before = with_norms.then(|| w.to_vec());
            for (((w, &g), first), second) in w.iter_mut().zip(g).zip(first).zip(second) {
                let g = g * clip + decay * *w;
                *first = beta1 * *first + (1.0 - beta1) * g;
                *second = beta2 * *second + (1.0 - beta2) * g * g;
                *w = *w * shrink - rate * *first / (second.sqrt() * second_scale + epsilon);
            }
            before.map_or([0.0; 2], |before| chunk_sums(&before, w, g))
        })
        .collect();
    total(&sums)
}

/// Squares of the gradient and of the update.
fn chunk_sums(before: &[f32], after: &[f32], gradient: &[f32]) -> [f64; 2] {
    let update: f32 = before.iter().zip(after).map(|(before, after)| (after - before) * (after - before)).sum();
    [f64::from(sum_of_squares(gradient)), f64::from(update)]
}

fn total(sums: &[[f64; 2]]) -> ParameterNorms {
    let sum = |index: usize| sums.iter().map(|pair| pair[index]).sum::<f64>().sqrt();
    ParameterNorms { gradient: sum(0), weight: 0.0, update: sum(1) }
}

/// Scales down the rows whose norm is over the bound.
fn bound_rows(weights: &mut [f32], units: usize, bound: f32) {
    let row = (weights.len() / units.max(1)).max(1);
    weights.par_chunks_mut(row).for_each(|row| {
        let norm = sum_of_squares(row).sqrt();
        if norm > bound {
            for weight in row {
                *weight *= bound / norm;
            }
        }
    });
}

/// Sixteen running sums, which the compiler keeps in vector registers.
fn sum_of_squares(values: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    let chunks = values.chunks_exact(16);
    let rest: f32 = chunks.remainder().iter().map(|value| value * value).sum();
    for chunk in chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += value * value;
        }
    }
    lanes.iter().sum::<f32>() + rest
}

fn take(tensor: &mut Tensor<1>, device: &Device) -> TensorData {
    let empty = Tensor::from_data(TensorData::new(Vec::<f32>::new(), [0]), device);
    std::mem::replace(tensor, empty).into_data()
}

fn floats(data: &mut TensorData) -> &mut [f32] {
    data.as_mut_slice().expect("parameters are 32-bit floats")
}
