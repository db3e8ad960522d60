//! Collects the arrays of one file, under the rules that all formats share.

use super::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

/// The maximum number of axes of an array. TensorFlow and PyTorch allow more, but no network's weights come near.
const MAX_RANK: usize = 8;
/// The maximum number of bytes in an array's name.
const MAX_NAME: usize = 1024;

pub(super) fn malformed(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Malformed, text)
}

pub(super) fn unsupported(text: impl Into<String>) -> Error {
    Error::new(ErrorKind::Unsupported, text)
}

/// Quotes a name from a file, so that it fits into one line of an error.
pub(super) fn quoted(name: &str) -> String {
    match name.char_indices().nth(120) {
        Some((end, _)) => format!("{:?}…", &name[..end]),
        None => format!("{name:?}"),
    }
}

/// A limit on the memory that is allocated on behalf of a file.
///
/// Honest files need at most 4 bytes for each of theirs (int8 to float32). But files can make several arrays share
/// bytes, so without a limit, a file of a few kilobytes could demand gigabytes.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Budget {
    /// For a file of this many bytes.
    pub(super) fn for_file(bytes: u64) -> Self {
        Budget(bytes.saturating_mul(8).saturating_add(4096))
    }

    /// Takes this many bytes out of the budget.
    pub(super) fn spend(&mut self, bytes: u64) -> Result<()> {
        self.0 = self
            .0
            .checked_sub(bytes)
            .ok_or_else(|| malformed("the arrays need far more memory than the file's size accounts for"))?;
        Ok(())
    }
}

/// The arrays of one file, and the budget that pays for them.
#[derive(Debug)]
pub(super) struct Collector {
    weights: Weights,
    budget: Budget,
}

impl Collector {
    /// For a file (or files) of this many bytes.
    pub(super) fn new(file_bytes: u64) -> Self {
        Collector { weights: Weights::new(), budget: Budget::for_file(file_bytes) }
    }

    /// Checks the name and shape, and pays for the float32 array. Returns the number of
    /// values. Call it before allocating the array.
    pub(super) fn reserve(&mut self, name: &str, shape: &[usize]) -> Result<usize> {
        let count = count(name, shape)?;
        if self.weights.get(name).is_some() {
            return Err(malformed(format!("two arrays are called {}", quoted(name))));
        }
        let bytes = (count as u64).checked_mul(4).and_then(|n| n.checked_add(name.len() as u64));
        self.budget.spend(bytes.unwrap_or(u64::MAX)).map_err(|e| e.context(quoted(name)))?;
        Ok(count)
    }

    /// Adds an array for which [`Collector::reserve`] was called, unless it holds a NaN or an infinity.
    pub(super) fn add(&mut self, name: &str, shape: &[usize], data: Vec<f32>) -> Result<()> {
        check_finite(name, &data)?;
        self.weights.insert(name, Tensor::new(shape, data).map_err(|e| e.context(quoted(name)))?);
        Ok(())
    }

    /// Extends the budget for another file of this many bytes.
    pub(super) fn add_file(&mut self, bytes: u64) {
        self.budget.0 = self.budget.0.saturating_add(Budget::for_file(bytes).0);
    }

    /// Returns what was collected.
    ///
    /// # Errors
    /// If that is nothing.
    pub(super) fn finish(self) -> Result<Weights> {
        if self.weights.is_empty() {
            return Err(malformed("holds no floating-point weights"));
        }
        Ok(self.weights)
    }
}

/// Checks an array's name and shape, and returns its number of values.
pub(super) fn count(name: &str, shape: &[usize]) -> Result<usize> {
    if name.len() > MAX_NAME {
        return Err(malformed(format!("an array's name has {} bytes, more than {MAX_NAME}: {}", name.len(), quoted(name))));
    }
    if shape.len() > MAX_RANK {
        return Err(malformed(format!("{} has {} axes, more than {MAX_RANK}", quoted(name), shape.len())));
    }
    let count = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
    count.ok_or_else(|| malformed(format!("{} has an impossible shape {shape:?}", quoted(name))))
}

/// Checks that `count` values take exactly the number of bytes that were found in the file.
pub(super) fn check_size(name: &str, shape: &[usize], count: usize, width: usize, found: u64) -> Result<()> {
    match (count as u64).checked_mul(width as u64) {
        Some(expected) if expected == found => Ok(()),
        _ => Err(malformed(format!("{} of shape {shape:?} takes {width} bytes a value, but has {found} bytes", quoted(name)))),
    }
}

fn check_finite(name: &str, data: &[f32]) -> Result<()> {
    // Infinities and NaNs have bit patterns from here on, apart from the sign. A maximum
    // of integers vectorizes; a search does not.
    let greatest = data.iter().fold(0, |greatest: u32, v| greatest.max(v.to_bits() & 0x7fff_ffff));
    if greatest < f32::INFINITY.to_bits() {
        return Ok(());
    }
    let place = data.iter().position(|v| !v.is_finite()).unwrap_or_default();
    let what = if data[place].is_nan() { "NaN" } else { "an infinity" };
    Err(malformed(format!("{} holds {what} (value {place} of {}); the weights are damaged", quoted(name), data.len())))
}
