//! Reads the weights files of other frameworks and our own into named float32 arrays.
//!
//! [`load`] detects the format from the content; each of the modules below reads one format.
//! Arrays keep the names and axis orders of their file. Quantized arrays are dequantized;
//! other integer arrays (axes, paddings, counters) are left out.
//!
//! All readers treat their input as coming from a stranger. Offsets are checked before use and sizes before allocation
//! (memory stays within a small multiple of the file's size), and NaN and infinity are refused.

mod collect;
mod deeplearn;
mod element;
mod files;
mod load;
pub mod onnx;
pub mod safetensors;
pub mod saved_model;
mod tensor;
pub mod tfjs;
pub mod tflite;
mod torch;
mod wire;

use std::collections::BTreeMap;

use crate::{Error, ErrorKind, Result};
pub use files::Limits;
pub use load::{Format, Loaded, load, load_file};
pub(crate) use load::{files_in, is_model_folder};
pub use tensor::Tensor;

/// Named arrays from a weights file, with the file's own names and axis orders.
///
/// [`crate::networks`] knows what the names of each family mean, and converts them to one layout.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
    /// Facts that the file states about itself (such as a safetensors header's `__metadata__`), by key.
    pub metadata: BTreeMap<String, String>,
}

impl Weights {
    /// Creates an empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an array. One with the same name is replaced and returned.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) -> Option<Tensor> {
        self.tensors.insert(name.into(), tensor)
    }

    /// Removes and returns the array with this name.
    pub fn remove(&mut self, name: &str) -> Option<Tensor> {
        self.tensors.remove(name)
    }

    /// Returns the array with this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// Returns the array with this name, which must have this shape.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`], naming the array, if it is absent or has another shape.
    pub fn require(&self, name: &str, shape: &[usize]) -> Result<&Tensor> {
        let tensor = self.get(name).ok_or_else(|| Error::new(ErrorKind::Mismatch, format!("the weights lack {name:?}")))?;
        if tensor.shape() != shape {
            let text = format!("the weights' {name:?} has shape {:?}, expected {shape:?}", tensor.shape());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        Ok(tensor)
    }

    /// Iterates over names and arrays, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Iterates over names and arrays, without copies.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = (String, Tensor)> {
        self.tensors.into_iter()
    }

    /// The number of arrays.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are no arrays.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }
}
