//! Painting in bands: a network with [frozen](super::Frozen) norms is computed a few rows at a time.

use std::any::Any;
use std::ops::Range;

use crate::Result;

/// How a picture of one size is painted in bands: which rows are computed when, and in how much memory.
pub struct Bands {
    /// The plan of the executor that made it. Nothing else reads it.
    pub(super) plan: Box<dyn Any + Send + Sync>,
    pub(super) count: usize,
    pub(super) rows: usize,
    /// Bytes in total, and additional bytes per thread.
    pub(super) memory: [u64; 2],
}

impl Bands {
    /// Peak memory of painting in bytes: bands, rows that are kept between them, each thread's scratch memory, and the
    /// packed weights. It grows with the picture's width, but not with its height.
    pub fn memory(&self, threads: usize) -> u64 {
        self.memory[0] + self.memory[1] * threads as u64
    }

    /// The number of bands.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The greatest number of rows of the result that are returned at a time.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

/// The source of a band's input: fills the slice with these rows of the picture.
pub type ReadRows<'a> = &'a mut dyn FnMut(Range<usize>, &mut [f32]) -> Result<()>;

/// The destination of a band's result: takes these rows, which follow the previous ones.
pub type WriteRows<'a> = &'a mut dyn FnMut(Range<usize>, &[f32]) -> Result<()>;
