//! Convolution in the processor's memory, by unrolled windows (im2col) and matrix products.
//!
//! A task unrolls a few images into columns that stay in the core's cache, multiplies, and writes its part of the result.
//! burn's own convolution goes through memory instead (`docs/results/performance.md` compares them). Tasks have a fixed
//! size and partial sums are added in order, so the result does not depend on the number of cores.

use crate::nets::layers::host::{floats, tensor};
use burn::tensor::Tensor;
use rayon::prelude::*;

/// Columns a task: enough for an efficient product, few enough for the cache.
const COLUMNS: usize = 256;

/// Positions of one image that are multiplied at a time where a window is one pixel.
const BLOCK: usize = 512;

/// Multiply-adds a task: a product of more would be spread over the cores that are busy with other tasks already.
const PRODUCT: usize = 190 * 190 * 190;

/// Values a task when partial sums are added up.
const SUMS: usize = 4096;

/// The sizes of one convolution.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) channels_in: usize,
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) channels_out: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Geometry {
    pub(super) fn image(&self) -> usize {
        self.channels_in * self.height * self.width
    }

    /// Values of one channel of one image.
    pub(super) fn plane(&self) -> usize {
        self.height * self.width
    }

    /// Output positions of one image.
    pub(super) fn positions(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Values in one window.
    fn window(&self) -> usize {
        self.channels_in * self.kernel * self.kernel
    }

    /// Whether every window is one pixel, and every pixel one window.
    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1 && self.padding == 0 && self.positions() == self.plane()
    }

    fn images_a_task(&self) -> usize {
        let product = self.channels_out * self.window() * self.positions();
        (COLUMNS / self.positions()).min(PRODUCT / product).max(1)
    }

    /// Along one axis: the output positions whose windows have the input inside them at this place of the kernel.
    fn inside(&self, place: usize, side: usize, out: usize) -> std::ops::Range<usize> {
        let first = self.padding.saturating_sub(place).div_ceil(self.stride);
        let last = (side + self.padding).saturating_sub(place).div_ceil(self.stride).min(out);
        first.min(last)..last
    }
}

/// `[batch, channels out, out height, out width]`.
pub(super) fn forward(x: &Tensor<4>, weight: &Tensor<2>, bias: Option<&Tensor<1>>, g: Geometry) -> Tensor<4> {
    let batch = x.dims()[0];
    let images = floats(x.clone());
    let bias = bias.map(|bias| floats(bias.clone()));
    let step = g.images_a_task();
    let positions = g.positions();
    let mut output = vec![0.0f32; batch * g.channels_out * positions];
    if g.is_pointwise() && positions > BLOCK && batch > 1 {
        output
            .par_chunks_mut(g.channels_out * positions)
            .zip(images.par_chunks(g.image()))
            .for_each(|(output, image)| pointwise(image, weight, bias.as_deref(), g, output));
        return tensor(output, [batch, g.channels_out, g.out_height, g.out_width]);
    }
    output.par_chunks_mut(step * g.channels_out * positions).zip(images.par_chunks(step * g.image())).for_each(
        |(output, images)| {
            let product = floats(weight.clone().matmul(columns(images, g)));
            let count = images.len() / g.image();
            for (channel, row) in product.chunks_exact(count * positions).enumerate() {
                let shift = bias.as_ref().map_or(0.0, |bias| bias[channel]);
                for (image, values) in row.chunks_exact(positions).enumerate() {
                    let start = (image * g.channels_out + channel) * positions;
                    for (out, value) in output[start..start + positions].iter_mut().zip(values) {
                        *out = value + shift;
                    }
                }
            }
        },
    );
    tensor(output, [batch, g.channels_out, g.out_height, g.out_width])
}

/// One image through filters of one pixel, a block of positions after another: what comes of a block is still in the
/// core's cache when it is written.
fn pointwise(image: &[f32], weight: &Tensor<2>, bias: Option<&[f32]>, g: Geometry, output: &mut [f32]) {
    let positions = g.positions();
    for start in (0..positions).step_by(BLOCK) {
        let length = BLOCK.min(positions - start);
        let mut block = Vec::with_capacity(g.channels_in * length);
        for plane in image.chunks_exact(positions) {
            block.extend_from_slice(&plane[start..start + length]);
        }
        let product = floats(weight.clone().matmul(tensor(block, [g.channels_in, length])));
        for (channel, (out, row)) in output.chunks_exact_mut(positions).zip(product.chunks_exact(length)).enumerate() {
            let shift = bias.map_or(0.0, |bias| bias[channel]);
            for (out, value) in out[start..].iter_mut().zip(row) {
                *out = value + shift;
            }
        }
    }
}

/// The gradient at the input, `[batch, channels in, height, width]`.
pub(super) fn input_gradient(gradient: &Tensor<4>, weight: &Tensor<2>, g: Geometry) -> Tensor<4> {
    let batch = gradient.dims()[0];
    let gradients = floats(gradient.clone());
    let step = g.images_a_task();
    let mut output = vec![0.0f32; batch * g.image()];
    output.par_chunks_mut(step * g.image()).zip(gradients.par_chunks(step * g.channels_out * g.positions())).for_each(
        |(output, gradients)| {
            let product = weight.clone().transpose().matmul(side_by_side(gradients, g));
            roll_up(&floats(product), g, output);
        },
    );
    tensor(output, [batch, g.channels_in, g.height, g.width])
}

/// The gradient of the filters, `[channels out, window]`.
pub(super) fn weight_gradient(x: &Tensor<4>, gradient: &Tensor<4>, g: Geometry) -> Tensor<2> {
    let images = floats(x.clone());
    let gradients = floats(gradient.clone());
    let step = g.images_a_task();
    let parts: Vec<Vec<f32>> = images
        .par_chunks(step * g.image())
        .zip(gradients.par_chunks(step * g.channels_out * g.positions()))
        .map(|(images, gradients)| {
            let columns = columns(images, g);
            floats(side_by_side(gradients, g).matmul(columns.transpose()))
        })
        .collect();
    let mut sum = vec![0.0f32; g.channels_out * g.window()];
    sum.par_chunks_mut(SUMS).enumerate().for_each(|(chunk, sum)| {
        for part in &parts {
            add(sum, &part[chunk * SUMS..]);
        }
    });
    tensor(sum, [g.channels_out, g.window()])
}

/// Windows of a few images as columns, `[window, images * positions]`.
fn columns(images: &[f32], g: Geometry) -> Tensor<2> {
    let count = images.len() / g.image();
    let width = count * g.positions();
    let mut columns = vec![0.0f32; g.window() * width];
    for (row, values) in columns.chunks_exact_mut(width).enumerate() {
        let (channel, place) = (row / (g.kernel * g.kernel), row % (g.kernel * g.kernel));
        for (image, values) in images.chunks_exact(g.image()).zip(values.chunks_exact_mut(g.positions())) {
            let plane = &image[channel * g.height * g.width..][..g.height * g.width];
            if g.is_pointwise() {
                values.copy_from_slice(plane);
                continue;
            }
            each_run(g, place, |input, output, length| {
                let to = &mut values[output..output + length];
                if g.stride == 1 {
                    to.copy_from_slice(&plane[input..input + length]);
                    return;
                }
                for (to, from) in to.iter_mut().zip(plane[input..].iter().step_by(g.stride)) {
                    *to = *from;
                }
            });
        }
    }
    tensor(columns, [g.window(), width])
}

/// The reverse of [`columns`]: adds every column's values to where they came from.
fn roll_up(columns: &[f32], g: Geometry, images: &mut [f32]) {
    let width = images.len() / g.image() * g.positions();
    for (row, values) in columns.chunks_exact(width).enumerate() {
        let (channel, place) = (row / (g.kernel * g.kernel), row % (g.kernel * g.kernel));
        for (image, values) in images.chunks_exact_mut(g.image()).zip(values.chunks_exact(g.positions())) {
            let plane = &mut image[channel * g.height * g.width..][..g.height * g.width];
            each_run(g, place, |input, output, length| {
                let from = &values[output..output + length];
                if g.stride == 1 {
                    add(&mut plane[input..input + length], from);
                    return;
                }
                for (to, from) in plane[input..].iter_mut().step_by(g.stride).zip(from) {
                    *to += *from;
                }
            });
        }
    }
}

/// For one place in the kernel, row by row of the output: where the run of inputs begins in its plane, where the run of
/// outputs begins, and how long it is. What lies in the padding is left out.
pub(super) fn each_run(g: Geometry, place: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let (down, right) = (place / g.kernel, place % g.kernel);
    let xs = g.inside(right, g.width, g.out_width);
    if xs.is_empty() {
        return;
    }
    for y in g.inside(down, g.height, g.out_height) {
        let input = (y * g.stride + down - g.padding) * g.width + xs.start * g.stride + right - g.padding;
        visit(input, y * g.out_width + xs.start, xs.len());
    }
}

/// Gradients of a few images, `[images, channels, positions]`, as `[channels, images * positions]`.
fn side_by_side(gradients: &[f32], g: Geometry) -> Tensor<2> {
    let positions = g.positions();
    let count = gradients.len() / (g.channels_out * positions);
    let mut rows = Vec::with_capacity(gradients.len());
    for channel in 0..g.channels_out {
        for image in 0..count {
            rows.extend_from_slice(&gradients[(image * g.channels_out + channel) * positions..][..positions]);
        }
    }
    tensor(rows, [g.channels_out, count * positions])
}

fn add(sums: &mut [f32], values: &[f32]) {
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum += value;
    }
}
