//! Pointwise nonlinearities.

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
        (activation::relu(input), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        let silent = seen.output.clone().lower_equal_elem(0.0);
        LayerGradients::input_only(gradient.mask_fill(silent, 0.0))
    }
}

impl Operation for Tanh {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        (activation::tanh(input), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        let y = seen.output.clone();
        LayerGradients::input_only(gradient * (y.clone() * y).neg().add_scalar(1.0))
    }
}

impl Operation for Sigmoid {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(input)
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        (activation::sigmoid(input), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        let y = seen.output.clone();
        LayerGradients::input_only(gradient * y.clone() * y.neg().add_scalar(1.0))
    }
}
