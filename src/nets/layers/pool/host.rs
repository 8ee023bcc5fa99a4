//! Pooling in the processor's memory, plane by plane on all cores.

use crate::nets::layers::host::{floats, tensor};
use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;
use std::ops::Range;

/// Windows that slide over a plane.
#[derive(Clone, Copy, Debug)]
pub(super) struct Geometry {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) out_height: usize,
    pub(super) out_width: usize,
    pub(super) kernel: usize,
    pub(super) stride: usize,
    pub(super) padding: usize,
}

impl Geometry {
    fn plane(&self) -> usize {
        self.height * self.width
    }

    fn out_plane(&self) -> usize {
        self.out_height * self.out_width
    }

    /// Pixels of one axis inside the window at an output position.
    fn span(&self, position: usize, side: usize) -> Range<usize> {
        let start = position * self.stride;
        start.saturating_sub(self.padding)..(start + self.kernel).saturating_sub(self.padding).min(side)
    }

    /// Calls with each output position and the rows and columns of its window.
    fn each_window(&self, mut visit: impl FnMut(usize, Range<usize>, Range<usize>)) {
        for row in 0..self.out_height {
            let rows = self.span(row, self.height);
            for column in 0..self.out_width {
                visit(row * self.out_width + column, rows.clone(), self.span(column, self.width));
            }
        }
    }
}

/// Maxima and where in its plane each stood; of equals the first, as PyTorch has it.
pub(super) fn max(x: &Tensor<4>, g: Geometry) -> (Tensor<4>, Tensor<4, Int>) {
    let [batch, channels, _, _] = x.dims();
    let device = x.device();
    let data = x.to_data();
    let values: &[f32] = data.as_slice().expect("activations are 32-bit floats");
    let count = batch * channels * g.out_plane();
    let (mut maxima, mut switches) = (vec![0.0f32; count], vec![0i32; count]);
    maxima
        .par_chunks_mut(g.out_plane())
        .zip(switches.par_chunks_mut(g.out_plane()))
        .zip(values.par_chunks(g.plane()))
        .for_each(|((maxima, switches), plane)| {
            g.each_window(|position, rows, columns| {
                let mut place = rows.start * g.width + columns.start;
                let mut highest = plane[place];
                for row in rows {
                    for column in columns.clone() {
                        let index = row * g.width + column;
                        let value = plane[index];
                        // A value that is not a number wins, so that it is noticed. Chosen without a branch, which
                        // no processor could guess.
                        let wins = (value > highest) | value.is_nan();
                        highest = if wins { value } else { highest };
                        place = if wins { index } else { place };
                    }
                }
                maxima[position] = highest;
                switches[position] = place as i32;
            });
        });
    let dims = [batch, channels, g.out_height, g.out_width];
    (tensor(maxima, dims), Tensor::from_data(TensorData::new(switches, dims), &device))
}

/// Brings each gradient to where its maximum stood. Where windows overlap, several may have the same place: theirs add up.
pub(super) fn max_backward(gradient: Tensor<4>, switches: &Tensor<4, Int>, g: Geometry) -> Tensor<4> {
    let [batch, channels, _, _] = gradient.dims();
    let gradients = floats(gradient);
    let data = switches.to_data();
    let switches: &[i32] = data.as_slice().expect("switches in the processor's memory are our own");
    let mut unpooled = vec![0.0f32; batch * channels * g.plane()];
    unpooled
        .par_chunks_mut(g.plane())
        .zip(gradients.par_chunks(g.out_plane()))
        .zip(switches.par_chunks(g.out_plane()))
        .for_each(|((plane, gradients), switches)| {
            for (gradient, &place) in gradients.iter().zip(switches) {
                plane[place as usize] += gradient;
            }
        });
    tensor(unpooled, [batch, channels, g.height, g.width])
}

/// The mean of each window, padding counted as zeros.
pub(super) fn mean(x: &Tensor<4>, g: Geometry) -> Tensor<4> {
    let [batch, channels, _, _] = x.dims();
    let data = x.to_data();
    let values: &[f32] = data.as_slice().expect("activations are 32-bit floats");
    let share = 1.0 / (g.kernel * g.kernel) as f32;
    let mut means = vec![0.0f32; batch * channels * g.out_plane()];
    means.par_chunks_mut(g.out_plane()).zip(values.par_chunks(g.plane())).for_each(|(means, plane)| {
        g.each_window(|position, rows, columns| {
            let rows = rows.map(|row| plane[row * g.width..][columns.clone()].iter().sum::<f32>());
            means[position] = rows.sum::<f32>() * share;
        });
    });
    tensor(means, [batch, channels, g.out_height, g.out_width])
}

/// Spreads each gradient evenly over its window.
pub(super) fn mean_backward(gradient: Tensor<4>, g: Geometry) -> Tensor<4> {
    let [batch, channels, _, _] = gradient.dims();
    let gradients = floats(gradient);
    let share = 1.0 / (g.kernel * g.kernel) as f32;
    let mut spread = vec![0.0f32; batch * channels * g.plane()];
    spread.par_chunks_mut(g.plane()).zip(gradients.par_chunks(g.out_plane())).for_each(|(plane, gradients)| {
        g.each_window(|position, rows, columns| {
            for row in rows {
                for value in &mut plane[row * g.width..][columns.clone()] {
                    *value += gradients[position] * share;
                }
            }
        });
    });
    tensor(spread, [batch, channels, g.height, g.width])
}
