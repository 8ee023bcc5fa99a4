//! Dropout (Srivastava et al. 2014), inverted: units are scaled up in training, so evaluation needs nothing.

use super::host::{self, is_host};
use super::{LayerGradients, Mode, Operation, Record, Seen, Wanted};
use crate::nets::shape::Shape;
use burn::tensor::{Tensor, TensorData};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// In training, silences each unit with this probability and divides the others by what is left of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropout {
    pub probability: f64,
}

impl Operation for Dropout {
    fn output(&self, input: Shape) -> Result<Shape, String> {
        if (0.0..1.0).contains(&self.probability) {
            Ok(input)
        } else {
            Err(format!("a probability of {} is not in 0 to 1 (1 excluded)", self.probability))
        }
    }

    fn forward(&self, input: Tensor<4>, _: &[Tensor<1>], mode: Mode) -> (Tensor<4>, Record) {
        let Mode::Train { seed, step, layer } = mode else { return (input, Record::Nothing) };
        if self.probability == 0.0 {
            return (input, Record::Nothing);
        }
        let dims = input.dims();
        let factors = mask(dims.iter().product(), self.probability, [seed, step, layer]);
        let mask = Tensor::from_data(TensorData::new(factors, dims), &input.device());
        let output =
            if is_host(&input) { host::zip(input, &mask, |x, factor| x * factor) } else { input * mask.clone() };
        (output, Record::Mask(mask))
    }

    fn backward(&self, seen: Seen<'_>, gradient: Tensor<4>, _: Wanted) -> LayerGradients {
        LayerGradients::input_only(match seen.record {
            Record::Mask(mask) if is_host(&gradient) => host::zip(gradient, mask, |g, factor| g * factor),
            Record::Mask(mask) => gradient * mask.clone(),
            _ => gradient,
        })
    }
}

/// Units a task; each task draws from its own stream, so the mask does not depend on the number of cores.
const CHUNK: usize = 16 * 1024;

/// 16 random bits decide for each unit, which is exact to 1/65536 and half the work of 32.
fn mask(units: usize, probability: f64, [seed, step, layer]: [u64; 3]) -> Vec<f32> {
    let mut key = [0u8; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, step, layer, 0x6472_6f70]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let threshold = (probability * 65536.0).round() as u32;
    let kept = (1.0 / (1.0 - probability)) as f32;
    let mut mask = vec![0.0f32; units];
    mask.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, mask)| {
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(chunk as u64);
        let mut bits = vec![0u8; 2 * mask.len()];
        rng.fill_bytes(&mut bits);
        for (factor, pair) in mask.iter_mut().zip(bits.chunks_exact(2)) {
            let draw = u32::from(u16::from_le_bytes([pair[0], pair[1]]));
            *factor = if draw < threshold { 0.0 } else { kept };
        }
    });
    mask
}
