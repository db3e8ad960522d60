//! Painting in bands: a network with [frozen](super::Frozen) norms computed a few rows at a time.

use std::any::Any;
use std::ops::Range;

use crate::Result;

/// How a picture of one size is painted in bands: which rows come when, and in how much memory.
pub struct Bands {
    /// What the executor that made it knows: nobody else reads it.
    pub(super) plan: Box<dyn Any + Send + Sync>,
    pub(super) count: usize,
    pub(super) rows: usize,
    /// Bytes, and those that each thread takes besides.
    pub(super) memory: [u64; 2],
}

impl Bands {
    /// Greatest memory in bytes that painting takes at a time: bands, rows that are kept between them, each thread's scratch memory, and the
    /// packed weights. It grows with the picture's width, not with its height.
    pub fn memory(&self, threads: usize) -> u64 {
        self.memory[0] + self.memory[1] * threads as u64
    }

    /// How many bands there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The greatest number of rows of the result that come at a time.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

/// Where a band's input comes from: fills the slice with these rows of the picture.
pub type ReadRows<'a> = &'a mut dyn FnMut(Range<usize>, &mut [f32]) -> Result<()>;

/// Where a band's result goes: takes these rows, which follow those before.
pub type WriteRows<'a> = &'a mut dyn FnMut(Range<usize>, &[f32]) -> Result<()>;
