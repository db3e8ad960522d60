//! Writes safetensors. The same weights always give the same bytes (the `safetensors`
//! crate's writer orders metadata at random).

use std::collections::BTreeMap;
use std::path::Path;

use half::f16;
use serde_json::{Value, json};

use crate::picture::Target;
use crate::weights::Weights;
use crate::weights::collect::quoted;
use crate::{Error, ErrorKind, Result};

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Precision {
    /// float32, unchanged.
    #[default]
    F32,
    /// float16, rounded to nearest: half the size, 11 significant bits, up to 65504.
    F16,
}

/// Returns the bytes of a safetensors file: arrays sorted by name, metadata by key.
///
/// # Errors
/// [`InvalidArgument`](ErrorKind::InvalidArgument), naming the array, for a NaN or infinity, or for a value that
/// float16 cannot hold; also for an array named `__metadata__`, which the format reserves.
pub fn to_bytes(weights: &Weights, precision: Precision) -> Result<Vec<u8>> {
    let (dtype, width) = match precision {
        Precision::F32 => ("F32", 4),
        Precision::F16 => ("F16", 2),
    };
    let mut header: BTreeMap<&str, Value> = BTreeMap::new();
    if !weights.metadata.is_empty() {
        header.insert("__metadata__", json!(weights.metadata));
    }
    let mut len = 0;
    for (name, tensor) in weights.iter() {
        let end = len + tensor.data().len() * width;
        let entry = json!({"dtype": dtype, "shape": tensor.shape(), "data_offsets": [len, end]});
        if name == "__metadata__" {
            return Err(Error::new(ErrorKind::InvalidArgument, "safetensors has no place for an array called \"__metadata__\""));
        }
        header.insert(name, entry);
        len = end;
    }
    let mut json = serde_json::to_vec(&header).map_err(|e| Error::new(ErrorKind::InvalidArgument, e.to_string()))?;
    // Spaces, which JSON ignores, align the arrays to a multiple of 8 for readers that map the file.
    json.resize(json.len().next_multiple_of(8), b' ');
    let mut bytes = Vec::with_capacity(8 + json.len() + len);
    bytes.extend_from_slice(&(json.len() as u64).to_le_bytes());
    bytes.append(&mut json);
    for (name, tensor) in weights.iter() {
        append(&mut bytes, name, tensor.data(), precision)?;
    }
    Ok(bytes)
}

fn append(bytes: &mut Vec<u8>, name: &str, data: &[f32], precision: Precision) -> Result<()> {
    let limit = match precision {
        Precision::F32 => f32::MAX,
        // The midpoint between the greatest float16 and the next step: from there on, values round to infinity.
        Precision::F16 => 65519.996,
    };
    if let Some(value) = data.iter().find(|v| v.is_nan() || v.abs() > limit) {
        let text = format!("{} holds {value}, which {precision:?} cannot store", quoted(name));
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    // Resize first, then write the values: an iterator of bytes would be pushed one by one.
    let start = bytes.len();
    match precision {
        Precision::F32 => {
            bytes.resize(start + 4 * data.len(), 0);
            bytes[start..].as_chunks_mut().0.iter_mut().zip(data).for_each(|(out, v)| *out = v.to_le_bytes());
        }
        Precision::F16 => {
            bytes.resize(start + 2 * data.len(), 0);
            bytes[start..].as_chunks_mut().0.iter_mut().zip(data).for_each(|(out, v)| *out = f16::from_f32(*v).to_le_bytes());
        }
    }
    Ok(())
}

/// Writes a safetensors file: first to a temporary file beside `path`, which is then
/// renamed, so that there is never half a file.
///
/// # Errors
/// As [`to_bytes`]; [`AlreadyExists`](ErrorKind::AlreadyExists) if the file exists and `overwrite` is not set;
/// [`Io`](ErrorKind::Io) if writing fails. `path` is then as it was before.
pub fn save(weights: &Weights, path: &Path, precision: Precision, overwrite: bool) -> Result<()> {
    let target = Target::new(path, overwrite)?;
    let bytes = to_bytes(weights, precision).map_err(|e| e.context(path.display()))?;
    target.write(&bytes)
}
