//! Pooling. Max pooling records its switches, which the way back needs.

mod host;

use crate::nets::layers::host::is_host;
use crate::nets::layers::{LayerGradients, Mode, Operation, Record, Seen, Wanted};
use crate::nets::shape::{Reach, Shape};
use burn::tensor::Tensor;
use burn::tensor::module::{
    avg_pool2d, avg_pool2d_backward, max_pool2d_with_indices, max_pool2d_with_indices_backward,
};
use burn::tensor::ops::{AvgPoolOptions, MaxPoolOptions};
use host::Geometry;
use serde::{Deserialize, Serialize};

/// The largest value in each square window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool2d {
    pub kernel: usize,
    #[serde(default = "one")]
    pub stride: usize,
    #[serde(default)]
    pub padding: usize,
}

/// The mean of each square window, padding counted as zeros.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AveragePool2d {
    pub kernel: usize,
    #[serde(default = "one")]
    pub stride: usize,
    #[serde(default)]
    pub padding: usize,
}

pub(in crate::nets::layers) fn one() -> usize {
    1
}

/// Output side of a window that slides over `side` pixels.
pub(in crate::nets::layers) fn slide(
    side: usize,
    kernel: usize,
    stride: usize,
    [padding, far_padding]: [usize; 2],
) -> Result<usize, String> {
    if kernel == 0 || stride == 0 {
        return Err("kernel and stride must be at least 1".to_owned());
    }
    let both = padding.checked_add(far_padding);
    let padded = both.and_then(|both| both.checked_add(side)).ok_or("the padding is too large")?;
    if padded < kernel {
        return Err(format!("a kernel of {kernel} does not fit into {side} pixels with a padding of {padding}"));
    }
    Ok((padded - kernel) / stride + 1)
}

fn pooled(input: Shape, kernel: usize, stride: usize, padding: usize) -> Result<Shape, String> {
    if padding > kernel / 2 {
        return Err(format!("a padding of {padding} is over half the kernel of {kernel}"));
    }
    Ok(Shape {
        channels: input.channels,
        height: slide(input.height, kernel, stride, [padding; 2])?,
        width: slide(input.width, kernel, stride, [padding; 2])?,
    })
}

/// Windows over planes of the input's size; the shapes were checked when the network was built.
fn geometry(input: [usize; 4], kernel: usize, stride: usize, padding: usize) -> Geometry {
    let [_, _, height, width] = input;
    let out = |side: usize| (side + 2 * padding - kernel) / stride + 1;
    Geometry { height, width, out_height: out(height), out_width: out(width), kernel, stride, padding }
}

impl MaxPool2d {
    fn options(&self) -> MaxPoolOptions<2> {
        let Self { kernel, stride, padding } = *self;
        MaxPoolOptions::new([kernel; 2]).with_stride([stride; 2]).with_padding([padding; 2])
    }
}

impl Operation for MaxPool2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        pooled(input, self.kernel, self.stride, self.padding)
    }

    fn reach(&self) -> Reach {
        Reach::Window { kernel: self.kernel, stride: self.stride, padding: self.padding }
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        let (output, switches) = if is_host(&input) {
            host::max(&input, geometry(input.dims(), self.kernel, self.stride, self.padding))
        } else {
            max_pool2d_with_indices(input, self.options())
        };
        (output, Record::Switches(switches))
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        let Record::Switches(switches) = seen.record else { return LayerGradients::default() };
        let Self { kernel, stride, padding } = *self;
        if is_host(&gradient) {
            let geometry = geometry(seen.input.dims(), kernel, stride, padding);
            return LayerGradients::input_only(host::max_backward(gradient, switches, geometry));
        }
        LayerGradients::input_only(max_pool2d_with_indices_backward(
            seen.input.clone(),
            [kernel; 2],
            [stride; 2],
            [padding; 2],
            [1; 2],
            false,
            gradient,
            switches.clone(),
        ))
    }
}

impl Operation for AveragePool2d {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        pooled(input, self.kernel, self.stride, self.padding)
    }

    fn reach(&self) -> Reach {
        Reach::Window { kernel: self.kernel, stride: self.stride, padding: self.padding }
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], _: Mode) -> (Tensor<4>, Record) {
        let Self { kernel, stride, padding } = *self;
        if is_host(&input) {
            return (host::mean(&input, geometry(input.dims(), kernel, stride, padding)), Record::Nothing);
        }
        let options = AvgPoolOptions::new([kernel; 2]).with_stride([stride; 2]).with_padding([padding; 2]);
        (avg_pool2d(input, options), Record::Nothing)
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        let Self { kernel, stride, padding } = *self;
        if is_host(&gradient) {
            let geometry = geometry(seen.input.dims(), kernel, stride, padding);
            return LayerGradients::input_only(host::mean_backward(gradient, geometry));
        }
        LayerGradients::input_only(avg_pool2d_backward(
            seen.input.clone(),
            gradient,
            [kernel; 2],
            [stride; 2],
            [padding; 2],
            true,
            false,
        ))
    }
}
