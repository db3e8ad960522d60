//! The `weightsManifest` of a `model.json`, and the bytes it describes.

use serde::Deserialize;

use crate::Result;
use crate::weights::collect::{Collector, count, malformed, quoted, unsupported};
use crate::weights::element::Element;

/// The parts of a `model.json` that are read. The graph itself is skipped.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    #[serde(rename = "weightsManifest")]
    pub(super) groups: Vec<Group>,
}

impl Manifest {
    pub(super) fn parse(json: &[u8]) -> Result<Self> {
        serde_json::from_slice(json)
            .map_err(|e| malformed(format!("not the model.json of a TFJS model with a weightsManifest ({e})")).with_source(e))
    }
}

/// Arrays stored one after the other, without gaps, in the concatenation of several files.
#[derive(Debug, Deserialize)]
pub(super) struct Group {
    pub(super) paths: Vec<String>,
    weights: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    name: String,
    shape: Vec<usize>,
    dtype: String,
    quantization: Option<Quantization>,
}

#[derive(Debug, Deserialize)]
struct Quantization {
    dtype: String,
    scale: Option<f64>,
    min: Option<f64>,
}

/// How an array's values are stored.
enum Stored {
    Float(Element),
    /// Unsigned integers with this many bytes each; the value is `q · scale + min`.
    Affine {
        width: usize,
        scale: f64,
        min: f64,
    },
    /// Integers with this many bytes that are not weights.
    Skipped(usize),
}

impl Stored {
    fn width(&self) -> usize {
        match self {
            Stored::Float(element) => element.size(),
            Stored::Affine { width, .. } | Stored::Skipped(width) => *width,
        }
    }
}

impl Group {
    /// Adds the arrays. Their bytes must be exactly these.
    pub(super) fn decode(&self, mut bytes: &[u8], found: &mut Collector) -> Result<()> {
        for entry in &self.weights {
            let name = &entry.name;
            let stored = entry.stored().map_err(|e| e.context(quoted(name)))?;
            let len = count(name, &entry.shape)?.checked_mul(stored.width());
            let split = len.and_then(|len| bytes.split_at_checked(len)).ok_or_else(|| {
                let files = self.paths.first().map_or("", String::as_str);
                malformed(format!("the shards end within {} ({} and those after it are too short)", quoted(name), quoted(files)))
            });
            let (own, rest) = split?;
            bytes = rest;
            let data = match stored {
                Stored::Skipped(_) => continue,
                Stored::Float(element) => {
                    found.reserve(name, &entry.shape)?;
                    element.decode(own)
                }
                Stored::Affine { width: 1, scale, min } => {
                    found.reserve(name, &entry.shape)?;
                    own.iter().map(|&q| (f64::from(q) * scale + min) as f32).collect()
                }
                Stored::Affine { scale, min, .. } => {
                    found.reserve(name, &entry.shape)?;
                    let values = own.as_chunks().0.iter().map(|q| u16::from_le_bytes(*q));
                    values.map(|q| (f64::from(q) * scale + min) as f32).collect()
                }
            };
            found.add(name, &entry.shape, data)?;
        }
        if bytes.is_empty() { Ok(()) } else { Err(malformed(format!("the shards hold {} bytes too many", bytes.len()))) }
    }
}

impl Entry {
    fn stored(&self) -> Result<Stored> {
        let is_float = matches!(self.dtype.as_str(), "float32" | "float16");
        let Some(quantization) = &self.quantization else {
            return match self.dtype.as_str() {
                "float32" => Ok(Stored::Float(Element::F32)),
                "float16" => Ok(Stored::Float(Element::F16)),
                "int32" => Ok(Stored::Skipped(4)),
                "int16" => Ok(Stored::Skipped(2)),
                "bool" | "uint8" | "int8" => Ok(Stored::Skipped(1)),
                other => Err(unsupported(format!("has the unsupported type {}", quoted(other)))),
            };
        };
        let width = match quantization.dtype.as_str() {
            "float16" if is_float => return Ok(Stored::Float(Element::F16)),
            "uint8" => 1,
            "uint16" => 2,
            other => return Err(unsupported(format!("has the unsupported quantization {}", quoted(other)))),
        };
        match (is_float, quantization.scale, quantization.min) {
            (false, ..) => Ok(Stored::Skipped(width)),
            (true, Some(scale), Some(min)) => Ok(Stored::Affine { width, scale, min }),
            _ => Err(malformed("is quantized without a scale and a minimum")),
        }
    }
}
