//! Weights files of other frameworks and our own, read into named float32 arrays.
//!
//! [`load`] recognises a file or folder by its content; the modules below read one format each. Arrays keep the names and axis
//! orders of their file. Integer arrays that stand for themselves (axes, paddings, counters) are left out; quantised ones are
//! dequantised. All readers treat their input as coming from a stranger: offsets are checked before use, sizes before
//! allocation (memory stays within a small multiple of the file's size), and a NaN or infinity is refused.

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

/// Named arrays as a weights file gives them: the file's own names and its own axis orders.
///
/// [`crate::networks`] knows what the names of each family mean and brings them to one layout.
#[derive(Debug, Clone, Default)]
pub struct Weights {
    tensors: BTreeMap<String, Tensor>,
    /// Facts that the file states about itself (a safetensors header's `__metadata__`), by key.
    pub metadata: BTreeMap<String, String>,
}

impl Weights {
    /// No arrays at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an array; one of the same name is replaced and returned.
    pub fn insert(&mut self, name: impl Into<String>, tensor: Tensor) -> Option<Tensor> {
        self.tensors.insert(name.into(), tensor)
    }

    /// Takes the array of this name out.
    pub fn remove(&mut self, name: &str) -> Option<Tensor> {
        self.tensors.remove(name)
    }

    /// The array of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.get(name)
    }

    /// The array of this name, which must have this shape.
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

    /// Names and arrays, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// Names and arrays, without copies.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = (String, Tensor)> {
        self.tensors.into_iter()
    }

    /// How many arrays there are.
    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    /// Whether there are no arrays.
    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }
}
