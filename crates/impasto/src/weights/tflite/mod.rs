//! TensorFlow Lite files (`.tflite`).
//!
//! Field numbers are those of TensorFlow's `schema.fbs`, version 3.

mod dequantise;
mod flatbuffer;

use self::dequantise::{Integer, Quantisation};
use self::flatbuffer::Table;
use crate::Result;
use crate::weights::Weights;
use crate::weights::collect::{Collector, check_size, malformed, quoted, unsupported};
use crate::weights::element::Element;

/// The four bytes, after the first four, that identify a flatbuffer as a TFLite model.
pub(super) const IDENTIFIER: &[u8] = b"TFL3";

/// Reads the constant arrays of a model: float32, float16, bfloat16 and float64 as they are, and
/// quantized integers (per array or per channel, along any axis) dequantized. Convolution kernels
/// are `[out, h, w, in]`, depthwise ones `[1, h, w, channels]`.
///
/// Integers without quantization (axes, paddings, sizes) and arrays that are computed from the input are left out.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) if the file is damaged or holds a NaN or
/// infinity, [`Unsupported`](crate::ErrorKind::Unsupported) if a weight is sparse, has
/// four bits or is stored outside the flatbuffer.
pub fn read(bytes: &[u8]) -> Result<Weights> {
    if bytes.get(4..8) != Some(IDENTIFIER) {
        return Err(malformed("not a TFLite file: it lacks the identifier TFL3"));
    }
    let model = Table::root(bytes)?;
    let version = model.u32(0)?;
    if version != 3 {
        return Err(unsupported(format!("TFLite schema version {version}; only 3 is supported")));
    }
    let buffers = model.tables(4)?;
    let mut found = Collector::new(bytes.len() as u64);
    for subgraph in model.tables(2)?.iter() {
        for tensor in subgraph?.tables(0)?.iter() {
            let tensor = tensor?;
            let index = tensor.u32(2)?;
            // Tensors without constant data point to buffer 0.
            if index == 0 {
                continue;
            }
            let buffer = buffers.get(index as usize).ok_or_else(|| malformed(format!("there is no buffer {index}")))??;
            constant(&tensor, &buffer, &mut found)?;
        }
    }
    found.finish()
}

/// How a weight is stored.
enum Stored {
    Float(Element),
    Integer(Integer),
}

fn constant(tensor: &Table<'_>, buffer: &Table<'_>, found: &mut Collector) -> Result<()> {
    let name = tensor.string(3)?;
    let kind = tensor.u8(1)?;
    let stored = match kind {
        0 => Stored::Float(Element::F32),
        1 => Stored::Float(Element::F16),
        10 => Stored::Float(Element::F64),
        18 => Stored::Float(Element::Bf16),
        2 => Stored::Integer(Integer::I32),
        3 => Stored::Integer(Integer::U8),
        7 => Stored::Integer(Integer::I16),
        9 => Stored::Integer(Integer::I8),
        17 => return Err(unsupported(format!("{} has 4-bit weights, which are not supported", quoted(name)))),
        // Strings, booleans, 64-bit and complex numbers are never weights.
        _ => return Ok(()),
    };
    if buffer.u64(1)? > 1 {
        return Err(unsupported(format!("{} is stored outside the flatbuffer, which is not supported", quoted(name))));
    }
    let data = buffer.vector(0, 1)?;
    if data.is_empty() {
        return Ok(());
    }
    if tensor.table(6)?.is_some() {
        return Err(unsupported(format!("{} is stored sparsely, which is not supported", quoted(name))));
    }
    let negative = || malformed(format!("{} has a negative axis length", quoted(name)));
    let shape = tensor.scalars(0)?.iter().take(64).map(|n| usize::try_from(i32::from_le_bytes(*n)).map_err(|_| negative()));
    let shape = shape.collect::<Result<Vec<_>>>()?;
    match stored {
        Stored::Float(element) => {
            let count = found.reserve(name, &shape)?;
            check_size(name, &shape, count, element.size(), data.len() as u64)?;
            found.add(name, &shape, element.decode(data))
        }
        Stored::Integer(integer) => {
            // Integers without a scale are not quantized weights.
            let Some(table) = tensor.table(4)?.filter(|t| t.vector(2, 4).map_or(true, |scales| !scales.is_empty())) else {
                return Ok(());
            };
            let count = found.reserve(name, &shape)?;
            check_size(name, &shape, count, integer.size(), data.len() as u64)?;
            let quantisation = Quantisation::read(&table, &shape).map_err(|e| e.context(quoted(name)))?;
            found.add(name, &shape, quantisation.decode(integer, data))
        }
    }
}
