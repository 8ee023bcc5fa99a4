//! The arrays in a file, whatever wrote it.

use super::pytorch::{looks_like_pytorch, read_pytorch};
use crate::nets::checkpoint::NamedArray;
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

/// What can be wrong with a file of weights as a whole.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    #[error(
        "{origin} is neither a safetensors file nor one of PyTorch's own (`torch.save(model.state_dict(), ...)`). \
         Give one of those."
    )]
    Unknown { origin: String },
    #[error("{origin} cannot be read: {reason}. Fetch or save it again.")]
    Damaged { origin: String, reason: String },
    #[error("{origin} holds no arrays of floats, so no weights.")]
    Empty { origin: String },
}

/// The arrays of a file's bytes, sorted by name; `origin` names it in messages. Arrays of whole numbers, such as PyTorch's
/// counts of batches, are left out.
///
/// # Errors
/// When it is in no format that is known, damaged, or holds no arrays of floats.
pub fn read_weights(bytes: &[u8], origin: &str) -> Result<Vec<NamedArray>, WeightsError> {
    let damaged = |reason: String| WeightsError::Damaged { origin: origin.to_owned(), reason };
    let mut arrays = if looks_like_safetensors(bytes) {
        read_safetensors(bytes).map_err(damaged)?
    } else if looks_like_pytorch(bytes) {
        read_pytorch(bytes).map_err(damaged)?
    } else {
        return Err(WeightsError::Unknown { origin: origin.to_owned() });
    };
    if arrays.is_empty() {
        return Err(WeightsError::Empty { origin: origin.to_owned() });
    }
    arrays.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(arrays)
}

/// The length of a JSON object, and its brace.
fn looks_like_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

fn read_safetensors(bytes: &[u8]) -> Result<Vec<NamedArray>, String> {
    let tensors = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let named = |(name, view): (&str, TensorView<'_>)| {
        Some(NamedArray { name: name.to_owned(), dims: view.shape().to_vec(), data: floats(&view)? })
    };
    Ok(tensors.iter().filter_map(named).collect())
}

/// The values of an array of floats.
pub(in crate::nets) fn floats(view: &TensorView<'_>) -> Option<Vec<f32>> {
    from_le_bytes(view.dtype(), view.data())
}

/// None where they are not floats.
pub(super) fn from_le_bytes(dtype: Dtype, data: &[u8]) -> Option<Vec<f32>> {
    Some(match dtype {
        Dtype::F64 => data.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes) as f32).collect(),
        Dtype::F32 => data.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        Dtype::F16 => data.as_chunks().0.iter().map(|bytes| f16::from_le_bytes(*bytes).to_f32()).collect(),
        Dtype::BF16 => data.as_chunks().0.iter().map(|bytes| bf16::from_le_bytes(*bytes).to_f32()).collect(),
        _ => return None,
    })
}
