//! Convolutions: by burn's operations on a GPU, by our own in the processor's memory.

mod depthwise;
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
    /// Zeros around the input.
    #[serde(default)]
    pub padding: usize,
    /// Zeros below and to the right, where they are not as many: TensorFlow's `same` padding is such a one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far_padding: Option<usize>,
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

    /// Our own convolution is for plain memory, and for one group or as many as there are channels; the rest is burn's.
    fn on_host(&self, x: &Tensor<4>) -> bool {
        is_host(x) && (self.groups == 1 || self.is_depthwise(x.dims()[1]))
    }

    /// Whether each channel has a filter of its own.
    fn is_depthwise(&self, input_channels: usize) -> bool {
        self.groups == input_channels && self.groups == self.channels
    }

    fn far_padding(&self) -> usize {
        self.far_padding.unwrap_or(self.padding)
    }

    fn slide(&self, side: usize) -> Result<usize, String> {
        slide(side, self.kernel, self.stride, [self.padding, self.far_padding()])
    }

    /// The input with the zeros that burn's convolution, which pads all sides alike, would leave out.
    fn evened(&self, input: Tensor<4>) -> Tensor<4> {
        let more = self.far_padding().saturating_sub(self.padding);
        if more == 0 { input } else { input.pad((0, more, 0, more), 0.0) }
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
        // What burn pads at the far edge is cut off there again.
        let more = self.far_padding() - self.padding;
        let left_over =
            |side: usize, out: usize| side + more + 2 * self.padding - (out - 1) * self.stride - self.kernel;
        let options = ConvTransposeOptions::new(
            [self.stride; 2],
            [self.padding; 2],
            [left_over(height, out_height), left_over(width, out_width)],
            [1; 2],
            self.groups,
        );
        conv_transpose2d(gradient, weight, None, options).narrow(2, 0, height).narrow(3, 0, width)
    }
}

impl Operation for Conv2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        if self.far_padding() < self.padding {
            return Err("far_padding must be at least padding".to_owned());
        }
        if self.channels == 0 || self.groups == 0 {
            return Err("channels and groups must be at least 1".to_owned());
        }
        if !input.channels.is_multiple_of(self.groups) || !self.channels.is_multiple_of(self.groups) {
            return Err(format!(
                "{} groups do not divide {} input and {} output channels evenly",
                self.groups, input.channels, self.channels
            ));
        }
        Ok(Shape { channels: self.channels, height: self.slide(input.height)?, width: self.slide(input.width)? })
    }

    fn parameters(&self, input: Shape) -> Vec<ParameterSpec> {
        let dims = self.filter_dims(input.channels);
        let weight = ParameterSpec {
            name: "weight".into(),
            dims: dims.to_vec(),
            role: ParameterRole::Weight,
            initial: Initial::fan_in(self.window(input.channels)),
        };
        let bias = ParameterSpec {
            name: "bias".into(),
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
            let (rows, bias) = (self.rows(&parameters[0]), parameters.get(1));
            let own = if self.groups == 1 { host::forward } else { depthwise::forward };
            return (own(&input, &rows, bias, geometry), Record::Nothing);
        }
        let weight = parameters[0].clone().reshape(self.filter_dims(channels));
        (conv2d(self.evened(input), weight, parameters.get(1).cloned(), self.options()), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, wanted: Wanted) -> LayerGradients {
        let [_, channels, height, width] = seen.input.dims();
        let count = self.filter_dims(channels).iter().product::<usize>();
        let geometry = self.on_host(seen.input).then(|| self.geometry(seen.input.dims(), gradient.dims()));
        let weight = || seen.parameters[0].clone().reshape(self.filter_dims(channels));
        let input = wanted.input.then(|| match geometry {
            Some(geometry) => {
                let own = if self.groups == 1 { host::input_gradient } else { depthwise::input_gradient };
                own(&gradient, &self.rows(&seen.parameters[0]), geometry)
            }
            None => self.transposed(gradient.clone(), weight(), [height, width]),
        });
        let mut parameters = Vec::new();
        if wanted.parameters {
            parameters.push(match geometry {
                Some(geometry) => {
                    let own = if self.groups == 1 { host::weight_gradient } else { depthwise::weight_gradient };
                    own(seen.input, &gradient, geometry).reshape([count])
                }
                None => {
                    conv2d_weight_backward(self.evened(seen.input.clone()), weight(), gradient.clone(), self.options())
                        .reshape([count])
                }
            });
            if self.bias {
                parameters.push(channel_sums(gradient));
            }
        }
        LayerGradients { input, parameters }
    }
}
