//! Painting in bands: a network with [frozen](super::Frozen) norms computed a few rows at a time.

use std::any::Any;
use std::ops::Range;

use super::Program;
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

/// Heights of bands that are tried, the largest first. Above it nothing is gained: threads have enough to share, and the rows of the early
/// layers begin to fall out of the cache before the late ones need them (3840×2160, two threads: 32 to 64 rows are fastest; the whole
/// picture in one piece takes four times as long). Below 16 the layers behind two contractions wait for whole tiles, and others keep rows
/// for them meanwhile: memory grows again.
const HEIGHTS: [usize; 4] = [64, 48, 32, 16];

impl Bands {
    /// In bands of this many rows of the picture. Multiples of 16 suit the networks here: other numbers make layers wait for whole tiles. (The
    /// reference executor has one band, the whole picture.)
    ///
    /// # Errors
    /// As [`crate::graph::Graph::shapes`]; [`crate::ErrorKind::Unsupported`] if the network has layers that read everything.
    pub fn new(program: &Program, height: usize, width: usize, rows: usize) -> Result<Self> {
        program.bands(height, width, rows.max(1))
    }

    /// In the highest bands that take no more than this many bytes ([`Bands::memory`]); where none are low enough, in the lowest.
    ///
    /// # Errors
    /// As [`Bands::new`].
    pub fn within(program: &Program, height: usize, width: usize, threads: usize, bytes: u64) -> Result<Self> {
        let mut lowest = None;
        for rows in HEIGHTS {
            let bands = Self::new(program, height, width, rows)?;
            if bands.memory(threads) <= bytes {
                return Ok(bands);
            }
            lowest = Some(bands);
        }
        lowest.map_or_else(|| Self::new(program, height, width, 1), Ok)
    }

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
