//! Networks as files: safetensors with the architecture in the metadata.
//!
//! A checkpoint is bytes; who writes them, and where, is the engine's business.

use super::architecture::Architecture;
use super::weights::floats;
use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};

const ARCHITECTURE: &str = "glassbox.architecture";
const STATE: &str = "glassbox.state.";

/// An array by name, in memory of the processor.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedArray {
    pub name: String,
    pub dims: Vec<usize>,
    pub data: Vec<f32>,
}

/// A network, whatever else a run must remember (arrays such as an optimiser's moments, and short texts).
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    pub architecture: Architecture,
    pub arrays: Vec<NamedArray>,
    pub state: BTreeMap<String, String>,
}

#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    #[error("{origin} is not a readable checkpoint: {reason}")]
    Damaged { origin: String, reason: String },
    #[error("there is no array `{name}` in it")]
    Missing { name: String },
    #[error("the array `{name}` has shape {found:?}, but {expected:?} is needed")]
    Shape { name: String, found: Vec<usize>, expected: Vec<usize> },
    #[error("the entry `{name}` is missing or unreadable")]
    State { name: String },
    #[error(
        "the array `{name}` holds {value}, and half precision reaches no further than 65504. Write it in single precision"
    )]
    BeyondHalf { name: String, value: f32 },
}

impl NamedArray {
    pub(crate) fn read(name: String, dims: Vec<usize>, value: &Tensor<1>) -> Self {
        let data = value.to_data().try_into_vec().expect("parameters are 32-bit floats");
        Self { name, dims, data }
    }

    /// The array of this name and shape.
    ///
    /// # Errors
    /// When there is none, or it has another shape.
    pub fn find<'a>(arrays: &'a [Self], name: &str, dims: &[usize]) -> Result<&'a Self, CheckpointError> {
        let array = arrays
            .iter()
            .find(|array| array.name == name)
            .ok_or_else(|| CheckpointError::Missing { name: name.to_owned() })?;
        if array.dims == dims {
            return Ok(array);
        }
        let (found, expected) = (array.dims.clone(), dims.to_vec());
        Err(CheckpointError::Shape { name: name.to_owned(), found, expected })
    }

    /// Flat, on a device.
    pub fn to_tensor(&self, device: &Device) -> Tensor<1> {
        Tensor::from_data(TensorData::new(self.data.clone(), [self.data.len()]), device)
    }
}

impl Checkpoint {
    /// The file.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.serialised(Dtype::F32, |data| data.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// The file with values of half precision: half as large, and right to three digits.
    ///
    /// # Errors
    /// When a value is so large that half precision makes it infinite.
    pub fn to_half_bytes(&self) -> Result<Vec<u8>, CheckpointError> {
        let is_beyond = |value: &&f32| value.is_finite() && !f16::from_f32(**value).is_finite();
        for array in &self.arrays {
            if let Some(&value) = array.data.iter().find(is_beyond) {
                return Err(CheckpointError::BeyondHalf { name: array.name.clone(), value });
            }
        }
        let half =
            |data: &[f32]| data.iter().flat_map(|&value| f16::from_f32(value).to_le_bytes()).collect::<Vec<u8>>();
        Ok(self.serialised(Dtype::F16, half))
    }

    fn serialised(&self, dtype: Dtype, encode: impl Fn(&[f32]) -> Vec<u8>) -> Vec<u8> {
        let bytes: Vec<Vec<u8>> = self.arrays.iter().map(|array| encode(&array.data)).collect();
        let views = self.arrays.iter().zip(&bytes).map(|(array, bytes)| {
            let view = TensorView::new(dtype, array.dims.clone(), bytes).expect("an array has the size of its shape");
            (array.name.as_str(), view)
        });
        let texts = self.state.iter().map(|(key, value)| (format!("{STATE}{key}"), value.clone()));
        let metadata: HashMap<String, String> =
            texts.chain([(ARCHITECTURE.to_owned(), self.architecture.to_toml())]).collect();
        safetensors::serialize(views, Some(metadata)).expect("names are unique")
    }

    /// Reads a file's bytes; `origin` names it in messages.
    ///
    /// # Errors
    /// When it is damaged, holds anything but floats, or no architecture.
    pub fn from_bytes(bytes: &[u8], origin: &str) -> Result<Self, CheckpointError> {
        let damaged = |reason: String| CheckpointError::Damaged { origin: origin.to_owned(), reason };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(error.to_string()))?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let architecture = metadata
            .get(ARCHITECTURE)
            .ok_or_else(|| damaged("it was not written by Glassbox: no architecture in its metadata".to_owned()))?;
        let architecture = Architecture::from_toml(architecture, origin).map_err(|error| damaged(error.to_string()))?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?;
        let arrays = tensors
            .iter()
            .map(|(name, view)| to_array(name, &view).ok_or_else(|| damaged(format!("`{name}` is not of floats"))))
            .collect::<Result<Vec<NamedArray>, _>>()?;
        check_size(&architecture, &arrays).map_err(damaged)?;
        let state = metadata
            .iter()
            .filter_map(|(key, value)| Some((key.strip_prefix(STATE)?.to_owned(), value.clone())))
            .collect();
        Ok(Self { architecture, arrays, state })
    }

    /// A short text of the state, parsed.
    ///
    /// # Errors
    /// When it is missing or is no such value.
    pub fn state<T: std::str::FromStr>(&self, name: &str) -> Result<T, CheckpointError> {
        let text = self.state.get(name);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| CheckpointError::State { name: name.to_owned() })
    }
}

/// Whoever builds the network asks for memory before any value is looked up: a short file must not ask for much.
fn check_size(architecture: &Architecture, arrays: &[NamedArray]) -> Result<(), String> {
    let rows = architecture.summary().map_err(|error| error.to_string())?;
    let needed = rows.iter().fold(0u64, |sum, row| sum.saturating_add(row.parameters));
    let found: u64 = arrays.iter().map(|array| array.data.len() as u64).sum();
    if needed <= found {
        Ok(())
    } else {
        Err(format!("its network has {needed} parameters, and it holds {found} values"))
    }
}

fn to_array(name: &str, view: &TensorView<'_>) -> Option<NamedArray> {
    Some(NamedArray { name: name.to_owned(), dims: view.shape().to_vec(), data: floats(view)? })
}
