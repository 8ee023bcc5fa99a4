//! Convolutions: by burn's operations on a GPU, by our own in the processor's memory.

mod host;

use crate::nets::layers::host::is_host;
use crate::nets::layers::pool::{one, slide};
use crate::nets::layers::{
    Initial, LayerGradients, Mode, Operation, ParameterRole, ParameterSpec, Record, Seen, Wanted, channel_sums,
};
use crate::nets::shape::{Reach, Shape};
use burn::tensor::Tensor;
use burn::tensor::module::{conv_transpose2d, conv2d, conv2d_weight_backward};
use burn::tensor::ops::{ConvOptions, ConvTransposeOptions};
use host::Geometry;
use serde::{Deserialize, Serialize};

/// Square filters, `[channels, input channels / groups, kernel, kernel]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conv2d {
    /// Output channels: the number of filters.
    pub channels: usize,
    pub kernel: usize,
    #[serde(default = "one")]
    pub stride: usize,
    #[serde(default)]
    pub padding: usize,
    #[serde(default = "one")]
    pub groups: usize,
    #[serde(default = "yes")]
    pub bias: bool,
}

fn yes() -> bool {
    true
}

impl Conv2d {
    fn filter_dims(&self, input_channels: usize) -> [usize; 4] {
        [self.channels, input_channels / self.groups, self.kernel, self.kernel]
    }

    /// Inputs of one unit; a file may ask for more than a number holds.
    fn window(&self, input_channels: usize) -> usize {
        self.filter_dims(input_channels)[1..].iter().fold(1, |product, &dim| product.saturating_mul(dim))
    }

    /// Our own convolution is for plain memory and one group; the rest is burn's.
    fn on_host(&self, x: &Tensor<4>) -> bool {
        self.groups == 1 && is_host(x)
    }

    /// `input` and `output` as `[batch, channels, height, width]`.
    fn geometry(&self, input: [usize; 4], output: [usize; 4]) -> Geometry {
        let [_, channels_in, height, width] = input;
        let [_, channels_out, out_height, out_width] = output;
        let Self { kernel, stride, padding, .. } = *self;
        Geometry { channels_in, height, width, channels_out, out_height, out_width, kernel, stride, padding }
    }

    /// The filters as a matrix, `[channels, window]`.
    fn rows(&self, weight: &Tensor<1>) -> Tensor<2> {
        let count = weight.dims()[0];
        weight.clone().reshape([self.channels, count / self.channels])
    }

    fn options(&self) -> ConvOptions<2> {
        ConvOptions::new([self.stride; 2], [self.padding; 2], [1; 2], self.groups)
    }

    /// The transposed convolution, which carries a gradient from the output back to an input of this size. Rows and
    /// columns that the stride left over at the far edge got no gradient: they come back as zeros.
    fn transposed(&self, gradient: Tensor<4>, weight: Tensor<4>, [height, width]: [usize; 2]) -> Tensor<4> {
        let [_, _, out_height, out_width] = gradient.dims();
        let left_over = |side: usize, out: usize| side + 2 * self.padding - (out - 1) * self.stride - self.kernel;
        let options = ConvTransposeOptions::new(
            [self.stride; 2],
            [self.padding; 2],
            [left_over(height, out_height), left_over(width, out_width)],
            [1; 2],
            self.groups,
        );
        conv_transpose2d(gradient, weight, None, options)
    }
}

impl Operation for Conv2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        if self.channels == 0 || self.groups == 0 {
            return Err("channels and groups must be at least 1".to_owned());
        }
        if !input.channels.is_multiple_of(self.groups) || !self.channels.is_multiple_of(self.groups) {
            return Err(format!(
                "{} groups do not divide {} input and {} output channels evenly",
                self.groups, input.channels, self.channels
            ));
        }
        Ok(Shape {
            channels: self.channels,
            height: slide(input.height, self.kernel, self.stride, self.padding)?,
            width: slide(input.width, self.kernel, self.stride, self.padding)?,
        })
    }

    fn parameters(&self, input: Shape) -> Vec<ParameterSpec> {
        let dims = self.filter_dims(input.channels);
        let weight = ParameterSpec {
            name: "weight",
            dims: dims.to_vec(),
            role: ParameterRole::Weight,
            initial: Initial::FanIn(self.window(input.channels)),
        };
        let bias = ParameterSpec {
            name: "bias",
            dims: vec![self.channels],
            role: ParameterRole::Bias,
            initial: Initial::Constant(0.0),
        };
        if self.bias { vec![weight, bias] } else { vec![weight] }
    }

    fn multiply_adds(&self, input: Shape, output: Shape) -> u64 {
        self.window(input.channels).saturating_mul(output.units()) as u64
    }

    fn reach(&self) -> Reach {
        Reach::Window { kernel: self.kernel, stride: self.stride, padding: self.padding }
    }

    fn forward(&self, input: Tensor<4>, parameters: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        let [batch, channels, height, width] = input.dims();
        if self.on_host(&input)
            && let Ok(output) = self.output(Shape::new(channels, height, width))
        {
            let geometry = self.geometry(input.dims(), output.batched(batch));
            let output = host::forward(&input, &self.rows(&parameters[0]), parameters.get(1), geometry);
            return (output, Record::Nothing);
        }
        let weight = parameters[0].clone().reshape(self.filter_dims(channels));
        (conv2d(input, weight, parameters.get(1).cloned(), self.options()), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, wanted: Wanted) -> LayerGradients {
        let [_, channels, height, width] = seen.input.dims();
        let count = self.filter_dims(channels).iter().product::<usize>();
        let geometry = self.on_host(seen.input).then(|| self.geometry(seen.input.dims(), gradient.dims()));
        let weight = || seen.parameters[0].clone().reshape(self.filter_dims(channels));
        let input = wanted.input.then(|| match geometry {
            Some(geometry) => host::input_gradient(&gradient, &self.rows(&seen.parameters[0]), geometry),
            None => self.transposed(gradient.clone(), weight(), [height, width]),
        });
        let mut parameters = Vec::new();
        if wanted.parameters {
            parameters.push(match geometry {
                Some(geometry) => host::weight_gradient(seen.input, &gradient, geometry).reshape([count]),
                None => conv2d_weight_backward(seen.input.clone(), weight(), gradient.clone(), self.options())
                    .reshape([count]),
            });
            if self.bias {
                parameters.push(channel_sums(gradient));
            }
        }
        LayerGradients { input, parameters }
    }
}
