//! Convolution in which each channel has one filter of its own, in the processor's memory.
//!
//! A window is too small for matrix products to pay: for each place of the kernel a row of the input is multiplied and added to a
//! row of the output, which the compiler does many values at a time. A task is one plane of one image.

use super::host::{Geometry, each_run};
use crate::nets::layers::host::{floats, tensor};
use burn::tensor::Tensor;
use rayon::prelude::*;

/// `[batch, channels, out height, out width]`; `weight` as `[channels, window]`.
pub(super) fn forward(x: &Tensor<4>, weight: &Tensor<2>, bias: Option<&Tensor<1>>, g: Geometry) -> Tensor<4> {
    let batch = x.dims()[0];
    let (images, weight) = (floats(x.clone()), floats(weight.clone()));
    let bias = bias.map(|bias| floats(bias.clone()));
    let mut output = vec![0.0f32; batch * g.channels_out * g.positions()];
    output.par_chunks_mut(g.positions()).zip(images.par_chunks(g.plane())).enumerate().for_each(
        |(index, (out, plane))| {
            let channel = index % g.channels_out;
            if let Some(bias) = &bias {
                out.fill(bias[channel]);
            }
            for (place, &weight) in filter(&weight, channel, g).iter().enumerate() {
                each_run(g, place, |input, output, length| {
                    let out = &mut out[output..output + length];
                    if g.stride == 1 {
                        for (out, x) in out.iter_mut().zip(&plane[input..input + length]) {
                            *out += weight * x;
                        }
                        return;
                    }
                    for (out, x) in out.iter_mut().zip(plane[input..].iter().step_by(g.stride)) {
                        *out += weight * x;
                    }
                });
            }
        },
    );
    tensor(output, [batch, g.channels_out, g.out_height, g.out_width])
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
