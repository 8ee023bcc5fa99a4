//! Convolution in which each channel has one filter of its own, in the processor's memory.
//!
//! A window is too small for matrix products to pay: for each place of the kernel the input is multiplied and added to the
//! output in runs, which the compiler does many values at a time. A task is one plane of one image.

use super::host::{Geometry, each_run};
use crate::nets::layers::host::{floats, tensor, wide};
use burn::tensor::Tensor;
use rayon::prelude::*;

/// `[batch, channels, out height, out width]`; `weight` as `[channels, window]`.
pub(super) fn forward(x: &Tensor<4>, weight: &Tensor<2>, bias: Option<&Tensor<1>>, g: Geometry) -> Tensor<4> {
    let batch = x.dims()[0];
    let (images, weight) = (floats(x.clone()), floats(weight.clone()));
    let bias = bias.map(|bias| floats(bias.clone()));
    let mut output = vec![0.0f32; batch * g.channels_out * g.positions()];
    output.par_chunks_mut(g.positions()).zip(images.par_chunks(g.plane())).enumerate().for_each_init(
        || Phases::new(g),
        |phases, (index, (out, plane))| {
            let channel = index % g.channels_out;
            let bias = bias.as_ref().map_or(0.0, |bias| bias[channel]);
            let filter = filter(&weight, channel, g);
            wide(|| {
                phases.fill(plane);
                phases.convolve(filter, bias, out);
            });
        },
    );
    tensor(output, [batch, g.channels_out, g.out_height, g.out_width])
}

/// A plane with its padding, parted by the stride: the values that one place of the kernel meets lie behind each other, and
/// one place after another is multiplied and added in one long run.
struct Phases {
    geometry: Geometry,
    /// Rows and columns of a phase.
    height: usize,
    width: usize,
    /// `[stride, stride, height, width]`.
    values: Vec<f32>,
    /// Rows of the output as far apart as those of a phase.
    sums: Vec<f32>,
}

#[expect(clippy::inline_always, reason = "only what is inlined is compiled for the instructions that are there")]
impl Phases {
    fn new(g: Geometry) -> Self {
        let more = (g.kernel - 1) / g.stride;
        let (height, width) = (g.out_height + more, g.out_width + more);
        let values = vec![0.0; g.stride * g.stride * height * width];
        let sums = vec![0.0; (g.out_height - 1) * width + g.out_width];
        Self { geometry: g, height, width, values, sums }
    }

    /// What lies in the padding stays zero.
    #[inline(always)]
    fn fill(&mut self, plane: &[f32]) {
        let g = self.geometry;
        // The first row or column of the plane that, with the padding before it, is in this phase.
        let first = |phase: usize| (phase + (g.stride - 1) * g.padding) % g.stride;
        for (phase, values) in self.values.chunks_exact_mut(self.height * self.width).enumerate() {
            let (top, left) = (first(phase / g.stride), first(phase % g.stride));
            let (above, before) = ((top + g.padding) / g.stride, (left + g.padding) / g.stride);
            let rows = plane.chunks_exact(g.width).skip(top).step_by(g.stride);
            for (values, row) in values.chunks_exact_mut(self.width).skip(above).zip(rows) {
                if g.stride == 1 {
                    let length = g.width.min(self.width - before);
                    values[before..before + length].copy_from_slice(&row[..length]);
                    continue;
                }
                for (value, x) in values[before..].iter_mut().zip(row.iter().skip(left).step_by(g.stride)) {
                    *value = *x;
                }
            }
        }
    }

    #[inline(always)]
    fn convolve(&mut self, filter: &[f32], bias: f32, out: &mut [f32]) {
        let g = self.geometry;
        self.sums.fill(bias);
        for (place, &weight) in filter.iter().enumerate() {
            let (down, right) = (place / g.kernel, place % g.kernel);
            let phase = down % g.stride * g.stride + right % g.stride;
            let start = (phase * self.height + down / g.stride) * self.width + right / g.stride;
            let values = &self.values[start..start + self.sums.len()];
            for (sum, x) in self.sums.iter_mut().zip(values) {
                *sum += weight * x;
            }
        }
        for (out, sums) in out.chunks_exact_mut(g.out_width).zip(self.sums.chunks(self.width)) {
            out.copy_from_slice(&sums[..g.out_width]);
        }
    }
}

/// The gradient at the input, `[batch, channels, height, width]`.
pub(super) fn input_gradient(gradient: &Tensor<4>, weight: &Tensor<2>, g: Geometry) -> Tensor<4> {
    let batch = gradient.dims()[0];
    let (gradients, weight) = (floats(gradient.clone()), floats(weight.clone()));
    let mut output = vec![0.0f32; batch * g.image()];
    output.par_chunks_mut(g.plane()).zip(gradients.par_chunks(g.positions())).enumerate().for_each(
        |(index, (plane, gradient))| {
            for (place, &weight) in filter(&weight, index % g.channels_in, g).iter().enumerate() {
                each_run(g, place, |input, output, length| {
                    let places = plane[input..].iter_mut().step_by(g.stride);
                    for (x, gradient) in places.zip(&gradient[output..output + length]) {
                        *x += weight * gradient;
                    }
                });
            }
        },
    );
    tensor(output, [batch, g.channels_in, g.height, g.width])
}

/// The gradient of the filters, `[channels, window]`.
pub(super) fn weight_gradient(x: &Tensor<4>, gradient: &Tensor<4>, g: Geometry) -> Tensor<2> {
    let (images, gradients) = (floats(x.clone()), floats(gradient.clone()));
    let window = g.kernel * g.kernel;
    let mut sums = vec![0.0f32; g.channels_out * window];
    sums.par_chunks_mut(window).enumerate().for_each(|(channel, filter)| {
        let planes = images.chunks_exact(g.plane()).skip(channel).step_by(g.channels_in);
        let gradients = gradients.chunks_exact(g.positions()).skip(channel).step_by(g.channels_out);
        for (plane, gradient) in planes.zip(gradients) {
            for (place, sum) in filter.iter_mut().enumerate() {
                each_run(g, place, |input, output, length| {
                    let places = plane[input..].iter().step_by(g.stride);
                    let products = places.zip(&gradient[output..output + length]).map(|(x, gradient)| x * gradient);
                    *sum += products.sum::<f32>();
                });
            }
        }
    });
    tensor(sums, [g.channels_out, window])
}

fn filter(weight: &[f32], channel: usize, g: Geometry) -> &[f32] {
    let window = g.kernel * g.kernel;
    &weight[channel * window..(channel + 1) * window]
}
