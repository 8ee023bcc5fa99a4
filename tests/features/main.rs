//! What units look for, against numpy and PyTorch (`tests/reference/features.py`) and by properties.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod correspondence;
mod evolution;
mod explanation;
mod filters;
mod hidden_energy;
mod invariance;
mod occlusion;
mod region;
mod sheets;
mod silencing;
mod surgery;
mod top_activations;

use burn::tensor::{Device, Tensor, TensorData};
use glassbox::nets::{Architecture, NamedArray, Network};
use serde_json::Value;

/// What PyTorch found, read once a test.
pub struct Reference {
    whole: Value,
}

impl Reference {
    pub fn read() -> Self {
        Self { whole: serde_json::from_str(include_str!("../reference/features.json")).unwrap() }
    }

    pub fn cases(&self, method: &str) -> &[Value] {
        self.whole[method].as_array().unwrap()
    }

    pub fn network(&self) -> Network {
        let architecture: Architecture = serde_json::from_value(self.whole["network"].clone()).unwrap();
        let mut network = Network::new(architecture, 0, &Device::flex()).unwrap();
        let array = |(name, array): (&String, &Value)| {
            let dims = array["shape"].as_array().unwrap().iter().map(|dim| dim.as_u64().unwrap() as usize).collect();
            NamedArray { name: name.clone(), dims, data: floats(array) }
        };
        let arrays: Vec<NamedArray> = self.whole["state"].as_object().unwrap().iter().map(array).collect();
        network.load_arrays(&arrays).unwrap();
        network
    }

    pub fn fill(&self) -> Vec<f32> {
        serde_json::from_value(self.whole["fill"].clone()).unwrap()
    }

    /// Six, `[3, 12, 10]` each.
    pub fn images(&self) -> Vec<Vec<f32>> {
        floats(&self.whole["images"]).chunks_exact(360).map(<[f32]>::to_vec).collect()
    }

    /// Forty labelled ones.
    pub fn many(&self) -> (Vec<Vec<f32>>, Vec<usize>) {
        let images = floats(&self.whole["many"]).chunks_exact(360).map(<[f32]>::to_vec).collect();
        (images, serde_json::from_value(self.whole["labels"].clone()).unwrap())
    }
}

pub fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

pub fn numbers(values: &Value) -> Vec<usize> {
    values.as_array().unwrap().iter().map(number).collect()
}

/// Of an array, `{"shape", "data"}`.
pub fn floats(array: &Value) -> Vec<f32> {
    array["data"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap() as f32).collect()
}

/// `[n, 3, 12, 10]`.
pub fn batch(images: &[Vec<f32>]) -> Tensor<4> {
    Tensor::from_data(TensorData::new(images.concat(), [images.len(), 3, 12, 10]), &Device::flex())
}

/// Within what single precision leaves of sums of some hundred values.
#[track_caller]
pub fn assert_close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let bound = 1e-5 + 2e-5 * expected.abs();
        assert!((found - expected).abs() <= bound, "{what}, value {index}: {found}, but it should be {expected}");
    }
}

/// A mix of the bits (`SplitMix64`), for random input that is the same in every run.
pub fn mixed(seed: u64) -> u64 {
    let x = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// Numbers from -1 to 1.
pub fn random_floats(seed: u64, count: usize) -> Vec<f32> {
    let value = |index| (mixed(seed.wrapping_mul(1_000_003) + index) >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
    (0..count as u64).map(value).collect()
}
