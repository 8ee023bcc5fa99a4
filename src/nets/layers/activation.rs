//! Pointwise nonlinearities.

use super::host::{self, is_host};
use super::{LayerGradients, Mode, Operation, Record, Seen, Wanted};
use crate::nets::shape::Shape;
use burn::tensor::{Tensor, activation};
use serde::{Deserialize, Serialize};

/// max(x, 0).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relu {}

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
        if is_host(&input) {
            // Not `max`, which would turn a value that is not a number into zero.
            return (host::map(input, |x| if x < 0.0 { 0.0 } else { x }), Record::Nothing);
        }
        (activation::relu(input), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        if is_host(&gradient) {
            return LayerGradients::input_only(host::zip(gradient, seen.output, |g, y| if y > 0.0 { g } else { 0.0 }));
        }
        let silent = seen.output.clone().lower_equal_elem(0.0);
        LayerGradients::input_only(gradient.mask_fill(silent, 0.0))
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
}
