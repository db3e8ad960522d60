//! PyTorch checkpoints: `.pth` and `.pt` files with a dictionary of tensors.
//!
//! Such a file is a pickle, a Python program that could run anything. The reader knows only
//! the few opcodes that build tensors, and runs nothing.

mod codebook;
mod extent;

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use half::{bf16, f16};
use pytorch_reader::{DType, PytorchReader, Tensor};

use super::Weights;
use super::collect::{Collector, malformed, quoted};
use super::files::{Quota, Source};
use crate::{Error, ErrorKind, Result};

/// Whether a file's first bytes are those of a checkpoint: a zip archive, or a bare pickle.
pub(super) fn is_checkpoint(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(&[0x80, 0x02])
}

/// Reads a file. Integer arrays are left out, except for indices into a table of values.
pub(super) fn load(path: &Path, quota: &mut Quota) -> Result<Weights> {
    let bytes = Source::open(path, quota)?.len();
    read(path, bytes).map_err(|e| e.context(path.display()))
}

fn read(path: &Path, bytes: u64) -> Result<Weights> {
    quietly(|| extent::check(BufReader::new(File::open(path)?)))?;
    let parse = || PytorchReader::new(path).map_err(|e| refused(&e.to_string()));
    let reader = quietly(parse)?;
    let mut found = Collector::new(bytes);
    let mut names = reader.keys();
    names.sort_unstable();
    for name in names {
        let Some(tensor) = reader.get(&name) else { continue };
        if let Some((name, table)) = codebook::table_of(&name, tensor, &reader) {
            found.reserve(&name, tensor.shape())?;
            let values = quietly(|| codebook::values(&name, tensor, table))?;
            found.add(&name, tensor.shape(), values)?;
            continue;
        }
        let Some(to_floats) = floats(tensor) else { continue };
        found.reserve(&name, tensor.shape())?;
        let bytes = quietly(|| tensor.read().map_err(|e| malformed(one_line(&e.to_string()))))?;
        found.add(&name, tensor.shape(), to_floats(&bytes))?;
    }
    found.finish()
}

/// Converts a tensor's bytes to floats.
type ToFloats = fn(&[u8]) -> Vec<f32>;

/// How to convert a tensor's bytes to floats; `None` for integers.
fn floats(tensor: &Tensor) -> Option<ToFloats> {
    match tensor.dtype() {
        DType::F64 => Some(|bytes| bytes.as_chunks().0.iter().map(|&b| f64::from_ne_bytes(b) as f32).collect()),
        DType::F32 => Some(|bytes| bytes.as_chunks().0.iter().map(|&b| f32::from_ne_bytes(b)).collect()),
        DType::F16 => Some(|bytes| bytes.as_chunks().0.iter().map(|&b| f16::from_ne_bytes(b).to_f32()).collect()),
        DType::BF16 => Some(|bytes| bytes.as_chunks().0.iter().map(|&b| bf16::from_ne_bytes(b).to_f32()).collect()),
        _ => None,
    }
}

/// The reader promises not to panic. If some file makes it panic anyway, that file is refused.
fn quietly<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(malformed("is a damaged PyTorch checkpoint")))
}

fn refused(why: &str) -> Error {
    let text = format!(
        "is not a PyTorch checkpoint of plain tensors ({}); Impasto never runs code in a weights file: save the model's \
         state_dict()",
        one_line(why)
    );
    Error::new(ErrorKind::Malformed, text)
}

fn one_line(text: &str) -> String {
    let quoted = quoted(text);
    quoted.trim_matches('"').replace("\\\"", "\"").replace("\\n", " ")
}
