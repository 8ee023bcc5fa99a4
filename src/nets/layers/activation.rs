//! Pointwise nonlinearities.

use super::host::{self, is_host};
use super::{LayerGradients, Mode, Operation, Record, Rule, Seen, Wanted, input_gradient};
use crate::nets::shape::Shape;
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// max(x, 0).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relu {}

/// min(max(x, 0), 6) (Howard et al. 2017, arXiv 1704.04861).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relu6 {}

/// Hyperbolic tangent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tanh {}

/// 1 / (1 + exp(-x)).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sigmoid {}

impl Operation for Relu {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        (positive(input), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        if is_host(&gradient) {
            return LayerGradients::input_only(host::zip(gradient, seen.output, |g, y| if y > 0.0 { g } else { 0.0 }));
        }
        let silent = seen.output.clone().lower_equal_elem(0.0);
        LayerGradients::input_only(gradient.mask_fill(silent, 0.0))
    }

    fn reverse(&self, seen: Seen<'_>, signal: Tensor<4>, rule: Rule) -> Tensor<4> {
        rectified(self, seen, signal, rule)
    }
}

/// Where [`Relu6`] stops rising.
const CEILING: f32 = 6.0;

impl Operation for Relu6 {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        if is_host(&input) {
            // `clamp` keeps a value that is not a number.
            return (host::map(input, |x| x.clamp(0.0, CEILING)), Record::Nothing);
        }
        (input.clamp(0.0, CEILING), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        if is_host(&gradient) {
            let passed = |g: f32, y: f32| if y > 0.0 && y < CEILING { g } else { 0.0 };
            return LayerGradients::input_only(host::zip(gradient, seen.output, passed));
        }
        let silent = seen.output.clone().lower_equal_elem(0.0);
        let full = seen.output.clone().greater_equal_elem(CEILING);
        LayerGradients::input_only(gradient.mask_fill(silent, 0.0).mask_fill(full, 0.0))
    }

    fn reverse(&self, seen: Seen<'_>, signal: Tensor<4>, rule: Rule) -> Tensor<4> {
        rectified(self, seen, signal, rule)
    }
}

impl Operation for Tanh {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        if is_host(&input) {
            return (host::map(input, |x| 1.0 - 2.0 / (host::exp(2.0 * x) + 1.0)), Record::Nothing);
        }
        (activation::tanh(input), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        if is_host(&gradient) {
            return LayerGradients::input_only(host::zip(gradient, seen.output, |g, y| g * (1.0 - y * y)));
        }
        let y = seen.output.clone();
        LayerGradients::input_only(gradient * (y.clone() * y).neg().add_scalar(1.0))
    }

    fn reverse(&self, seen: Seen<'_>, signal: Tensor<4>, rule: Rule) -> Tensor<4> {
        rectified(self, seen, signal, rule)
    }
}

impl Operation for Sigmoid {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        if is_host(&input) {
            return (host::map(input, |x| 1.0 / (1.0 + host::exp(-x))), Record::Nothing);
        }
        (activation::sigmoid(input), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        if is_host(&gradient) {
            return LayerGradients::input_only(host::zip(gradient, seen.output, |g, y| g * y * (1.0 - y)));
        }
        let y = seen.output.clone();
        LayerGradients::input_only(gradient * y.clone() * y.neg().add_scalar(1.0))
    }

    fn reverse(&self, seen: Seen<'_>, signal: Tensor<4>, rule: Rule) -> Tensor<4> {
        rectified(self, seen, signal, rule)
    }
}

/// What a nonlinearity lets pass on the way back.
fn rectified(layer: &impl Operation, seen: Seen<'_>, signal: Tensor<4>, rule: Rule) -> Tensor<4> {
    match rule {
        Rule::Deconvolution => positive(signal),
        Rule::Gradient => input_gradient(layer, seen, signal),
        Rule::Guided => input_gradient(layer, seen, positive(signal)),
    }
}

fn positive(x: Tensor<4>) -> Tensor<4> {
    if is_host(&x) {
        // Not `max`, which would turn a value that is not a number into zero.
        return host::map(x, |x| if x < 0.0 { 0.0 } else { x });
    }
    activation::relu(x)
}
