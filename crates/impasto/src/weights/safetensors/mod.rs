//! Reads and writes safetensors files. They are also Impasto's own container, with the description in the metadata.
//!
//! Layout: the length of a JSON header (8 bytes, little-endian), the header, the arrays' bytes.

mod write;

use ::safetensors::{Dtype, SafeTensorError, SafeTensors};
pub use write::{Precision, save, to_bytes};

use super::Weights;
use super::collect::{Budget, Collector, check_size, malformed, quoted, unsupported};
use super::element::Element;
use crate::Result;

/// Whether these bytes, the first of a file of `len` bytes, can only be those of a safetensors file.
pub(super) fn is_header(head: &[u8], len: u64) -> bool {
    let Some((size, json)) = head.split_first_chunk() else { return false };
    let size = u64::from_le_bytes(*size);
    json.first() == Some(&b'{') && size >= 2 && size <= len.saturating_sub(8)
}

/// Reads the arrays (float32, float16, bfloat16, float64; integers and booleans are left out) and the metadata.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) if the file is damaged or holds a NaN or infinity (a float64 beyond
/// float32's range counts as one); [`Unsupported`](crate::ErrorKind::Unsupported) for floats of 8 bits or fewer.
pub fn read(bytes: &[u8]) -> Result<Weights> {
    let damaged = |e: SafeTensorError| malformed(format!("not a safetensors file, or damaged: {e}")).with_source(e);
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(damaged)?;
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
    let mut found = Collector::new(bytes.len() as u64);
    for (name, view) in file.iter() {
        let element = match view.dtype() {
            Dtype::F32 => Element::F32,
            Dtype::F16 => Element::F16,
            Dtype::BF16 => Element::Bf16,
            Dtype::F64 => Element::F64,
            Dtype::BOOL | Dtype::U8 | Dtype::I8 | Dtype::I16 | Dtype::U16 | Dtype::I32 | Dtype::U32 | Dtype::I64 | Dtype::U64 => {
                continue;
            }
            other => return Err(unsupported(format!("{} has the unsupported type {other:?}", quoted(name)))),
        };
        let count = found.reserve(name, view.shape())?;
        check_size(name, view.shape(), count, element.size(), view.data().len() as u64)?;
        found.add(name, view.shape(), element.decode(view.data()))?;
    }
    let mut weights = found.finish()?;
    let mut budget = Budget::for_file(bytes.len() as u64);
    for (key, value) in header.metadata().iter().flatten() {
        budget.spend((key.len() + value.len()) as u64)?;
        weights.metadata.insert(key.clone(), value.clone());
    }
    Ok(weights)
}
