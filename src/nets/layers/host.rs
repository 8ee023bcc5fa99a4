//! What layers share that work in the processor's own memory: burn's general operations go one value at a time on one
//! core where these use all lanes and all cores.

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

/// Values a task.
const CHUNK: usize = 16 * 1024;

/// Whether this tensor's values lie in the processor's memory.
pub(super) fn is_host<const D: usize>(x: &Tensor<D>) -> bool {
    x.device() == Device::flex()
}

/// The values, row-major; without a copy where nobody else holds them.
pub(super) fn floats<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_into_vec().expect("activations and parameters are 32-bit floats")
}

pub(super) fn tensor<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, dims), &Device::flex())
}

/// Runs a loop as it was compiled for the widest instructions that this processor has. The values are the same with all.
pub(super) fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// A function of each value.
pub(super) fn map(x: Tensor<4>, f: impl Fn(f32) -> f32 + Sync) -> Tensor<4> {
    let dims = x.dims();
    let mut values = floats(x);
    values.par_chunks_mut(CHUNK).for_each(|chunk| {
        wide(|| {
            for value in chunk {
                *value = f(*value);
            }
        });
    });
    tensor(values, dims)
}

/// Each channel multiplied by its scale, and its shift added.
pub(super) fn scale_and_shift(x: Tensor<4>, scale: Tensor<1>, shift: Tensor<1>) -> Tensor<4> {
    let dims = x.dims();
    let (scale, shift) = (floats(scale), floats(shift));
    let mut values = floats(x);
    values.par_chunks_mut((dims[2] * dims[3]).max(1)).enumerate().for_each(|(plane, values)| {
        let (scale, shift) = (scale[plane % dims[1]], shift[plane % dims[1]]);
        wide(|| {
            for value in values {
                *value = *value * scale + shift;
            }
        });
    });
    tensor(values, dims)
}

/// A function of each pair of values.
pub(super) fn zip(x: Tensor<4>, y: &Tensor<4>, f: impl Fn(f32, f32) -> f32 + Sync) -> Tensor<4> {
    let dims = x.dims();
    let mut values = floats(x);
    let data = y.to_data();
    let others: &[f32] = data.as_slice().expect("activations are 32-bit floats");
    values.par_chunks_mut(CHUNK).zip(others.par_chunks(CHUNK)).for_each(|(chunk, others)| {
        wide(|| {
            for (value, other) in chunk.iter_mut().zip(others) {
                *value = f(*value, *other);
            }
        });
    });
    tensor(values, dims)
}

/// e^x to 2 units in the last place, in steps that the compiler can do many at a time (Cody and Waite's reduction, the
/// polynomial of Cephes).
#[inline]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let n = (x * std::f32::consts::LOG2_E + 0.5).floor();
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let p = 1.987_569_1e-4f32;
    let p = p * r + 1.398_2e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_6e-1;
    let p = p * r + 0.5;
    let e = p * r * r + r + 1.0;
    e * f32::from_bits(((n as i32 + 127) as u32) << 23)
}
