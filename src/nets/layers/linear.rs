//! Fully connected layers.

use super::{
    Initial, LayerGradients, Mode, Operation, ParameterRole, ParameterSpec, Record, Seen, Wanted, channel_sums,
};
use crate::nets::shape::{Reach, Shape};
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// y = W x + b, W `[units, inputs]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linear {
    pub units: usize,
    #[serde(default = "yes")]
    pub bias: bool,
}

fn yes() -> bool {
    true
}

impl Operation for Linear {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        if self.units == 0 {
            return Err("needs at least one unit".to_owned());
        }
        if !input.is_vector() {
            return Err(format!("takes a vector, but the layer below gives {input}: put a flatten layer between"));
        }
        Ok(Shape::vector(self.units))
    }

    fn parameters(&self, input: Shape) -> Vec<ParameterSpec> {
        let inputs = input.units();
        let weight = ParameterSpec {
            name: "weight".into(),
            dims: vec![self.units, inputs],
            role: ParameterRole::Weight,
            initial: Initial::fan_in(inputs),
        };
        let bias = ParameterSpec {
            name: "bias".into(),
            dims: vec![self.units],
            role: ParameterRole::Bias,
            initial: Initial::Constant(0.0),
        };
        if self.bias { vec![weight, bias] } else { vec![weight] }
    }

    fn multiply_adds(&self, input: Shape, _: Shape) -> u64 {
        input.units().saturating_mul(self.units) as u64
    }

    fn reach(&self) -> Reach {
        Reach::Everything
    }

    fn forward(&self, input: Tensor<4>, parameters: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        let [batch, inputs, _, _] = input.dims();
        let weight = parameters[0].clone().reshape([self.units, inputs]);
        let mut output = input.reshape([batch, inputs]).matmul(weight.transpose());
        if let Some(bias) = parameters.get(1) {
            output = output + bias.clone().reshape([1, self.units]);
        }
        (output.reshape([batch, self.units, 1, 1]), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, wanted: Wanted) -> LayerGradients {
        let [batch, inputs, _, _] = seen.input.dims();
        let flat = gradient.clone().reshape([batch, self.units]);
        let input = wanted.input.then(|| {
            let weight = seen.parameters[0].clone().reshape([self.units, inputs]);
            flat.clone().matmul(weight).reshape([batch, inputs, 1, 1])
        });
        let mut parameters = Vec::new();
        if wanted.parameters {
            let below = seen.input.clone().reshape([batch, inputs]);
            parameters.push(flat.transpose().matmul(below).reshape([self.units * inputs]));
            if self.bias {
                parameters.push(channel_sums(gradient));
            }
        }
        LayerGradients { input, parameters }
    }
}
