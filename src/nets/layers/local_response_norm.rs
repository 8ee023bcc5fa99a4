//! Local response normalisation (Krizhevsky et al. 2012, section 3.3), as PyTorch computes it.

use super::{LayerGradients, Mode, Operation, Record, Rule, Seen, Wanted, input_gradient};
use crate::nets::shape::Shape;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// x / (k + alpha * mean of x^2 over `size` neighbouring channels)^beta.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalResponseNorm {
    #[serde(default = "default_size")]
    pub size: usize,
    #[serde(default = "default_alpha")]
    pub alpha: f64,
    #[serde(default = "default_beta")]
    pub beta: f64,
    #[serde(default = "default_k")]
    pub k: f64,
}

fn default_size() -> usize {
    5
}

fn default_alpha() -> f64 {
    1e-4
}

fn default_beta() -> f64 {
    0.75
}

fn default_k() -> f64 {
    2.0
}

impl LocalResponseNorm {
    fn base(&self, x: &Tensor<4>) -> Tensor<4> {
        let sums = window_sums(x.clone() * x.clone(), self.size / 2, (self.size - 1) / 2);
        sums.mul_scalar(self.alpha / self.size as f64).add_scalar(self.k)
    }
}

impl Operation for LocalResponseNorm {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        if self.size == 0 {
            return Err("size must be at least 1".to_owned());
        }
        if !(self.k > 0.0 && self.alpha >= 0.0) {
            return Err("k must be above 0 and alpha not negative".to_owned());
        }
        Ok(input)
    }

    fn multiply_adds(&self, input: Shape, _: Shape) -> u64 {
        input.units().saturating_mul(self.size) as u64
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        let factor = self.base(&input).powf_scalar(-self.beta);
        (input * factor, Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        let x = seen.input.clone();
        let base = self.base(&x);
        let shared = gradient.clone() * x.clone() * base.clone().powf_scalar(-self.beta - 1.0);
        // A channel's square is in the windows of the channels that reach it: the window, mirrored.
        let through = window_sums(shared, (self.size - 1) / 2, self.size / 2);
        let coefficient = 2.0 * self.alpha * self.beta / self.size as f64;
        let input = gradient * base.powf_scalar(-self.beta) - (x * through).mul_scalar(coefficient);
        LayerGradients::input_only(input)
    }

    fn reverse(&self, seen: Seen<'_>, signal: Tensor<4>, rule: Rule) -> Tensor<4> {
        match rule {
            Rule::Deconvolution => signal,
            Rule::Gradient | Rule::Guided => input_gradient(self, seen, signal),
        }
    }
}

/// For each channel, the sum over it, `before` channels before it and `after` after it.
fn window_sums(x: Tensor<4>, before: usize, after: usize) -> Tensor<4> {
    let [batch, channels, height, width] = x.dims();
    let device = x.device();
    let zeros = |count: usize| Tensor::<4>::zeros([batch, count, height, width], &device);
    let padded = match (before, after) {
        (0, 0) => return x,
        (0, _) => Tensor::cat(vec![x, zeros(after)], 1),
        (_, 0) => Tensor::cat(vec![zeros(before), x], 1),
        _ => Tensor::cat(vec![zeros(before), x, zeros(after)], 1),
    };
    (1..=before + after)
        .fold(padded.clone().narrow(1, 0, channels), |sum, shift| sum + padded.clone().narrow(1, shift, channels))
}
