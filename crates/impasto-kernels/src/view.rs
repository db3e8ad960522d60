//! Shapes of pictures and features, and an output that several threads write.

use std::marker::PhantomData;
use std::ops::Range;

/// Extents of a picture or of features: row-major, channels fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
}

impl Extent {
    /// Floats in it.
    pub fn len(self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether it holds nothing.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Consecutive rows of a tensor: all of them, or those of a band.
#[derive(Debug, Clone, Copy)]
pub struct Strip<'a> {
    /// Their values: whole rows.
    pub data: &'a [f32],
    /// Which row of the tensor is the first.
    pub first: usize,
}

impl<'a> Strip<'a> {
    /// All rows of a tensor.
    pub fn whole(data: &'a [f32]) -> Self {
        Strip { data, first: 0 }
    }

    /// Whether these are whole rows of a tensor of this extent, inside it.
    pub(crate) fn fits(&self, extent: Extent) -> bool {
        let row = extent.width * extent.channels;
        row > 0 && self.data.len().is_multiple_of(row) && self.first + self.data.len() / row <= extent.height
    }
}

/// A rectangle of pixels.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
}

impl Region {
    /// The same rectangle this many rows further down.
    pub(crate) fn below(self, rows: usize) -> Self {
        Region { rows: self.rows.start + rows..self.rows.end + rows, columns: self.columns }
    }
}

/// An output tensor that the blocks of a layer write, each its own pixels, from several threads.
pub(crate) struct SharedOutput<'a> {
    data: *mut f32,
    /// Of the whole tensor.
    pub(crate) extent: Extent,
    /// Rows that are there.
    rows: Range<usize>,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: every access goes through `pixel`, whose callers write disjoint pixels (its safety contract).
unsafe impl Sync for SharedOutput<'_> {}

impl<'a> SharedOutput<'a> {
    /// Over a slice that is exactly as long as the extent says.
    pub(crate) fn new(data: &'a mut [f32], extent: Extent) -> Self {
        Self::rows(data, extent, 0..extent.height)
    }

    /// Over a slice that holds just these rows of a tensor of this extent.
    pub(crate) fn rows(data: &'a mut [f32], extent: Extent, rows: Range<usize>) -> Self {
        assert!(rows.end <= extent.height, "rows beyond the extent");
        assert_eq!(data.len(), rows.len() * extent.width * extent.channels, "an output buffer of another size than its extent");
        SharedOutput { data: data.as_mut_ptr(), extent, rows, lifetime: PhantomData }
    }

    /// Where a pixel's channels start. The rest of its row follows.
    ///
    /// # Safety
    /// `y` is one of the rows, `x` inside the extent (or its end), and no two threads access one pixel at the same time.
    #[inline(always)]
    pub(crate) unsafe fn pixel(&self, y: usize, x: usize) -> *mut f32 {
        debug_assert!(self.rows.contains(&y) && x <= self.extent.width);
        // SAFETY: inside the allocation by the contract above.
        unsafe { self.data.add(((y - self.rows.start) * self.extent.width + x) * self.extent.channels) }
    }
}
