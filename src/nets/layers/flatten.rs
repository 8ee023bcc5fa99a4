//! From maps to a vector.

use super::{LayerGradients, Mode, Operation, Record, Seen, Wanted};
use crate::nets::shape::Shape;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// `[channels, height, width]` to a vector, channels slowest, as PyTorch does it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flatten {}

impl Operation for Flatten {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        Ok(Shape::vector(input.units()))
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        let [batch, channels, height, width] = input.dims();
        (input.reshape([batch, channels * height * width, 1, 1]), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        LayerGradients::input_only(gradient.reshape(seen.input.dims()))
    }
}
