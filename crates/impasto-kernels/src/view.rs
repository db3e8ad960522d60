//! Shapes of pictures and features, and an output that several threads write.

use std::marker::PhantomData;
use std::ops::Range;

/// The extent of a picture or of features: row-major, channels fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Extent {
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
    /// Number of channels.
    pub channels: usize,
}

impl Extent {
    /// Returns the number of floats.
    pub fn len(self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether there are no floats.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Consecutive rows of a tensor: all of them, or those of a band.
#[derive(Debug, Clone, Copy)]
pub struct Strip<'a> {
    /// The values of whole rows.
    pub data: &'a [f32],
    /// Index of the first row in the tensor.
    pub first: usize,
}

impl<'a> Strip<'a> {
    /// Returns all rows of a tensor.
    pub fn whole(data: &'a [f32]) -> Self {
        Strip { data, first: 0 }
    }

    /// Whether these are whole rows inside a tensor of this extent.
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
    /// Returns the same rectangle this many rows further down.
    pub(crate) fn below(self, rows: usize) -> Self {
        Region { rows: self.rows.start + rows..self.rows.end + rows, columns: self.columns }
    }
}

/// An output tensor that several threads write. Each block of a layer writes its own pixels.
pub(crate) struct SharedOutput<'a> {
    data: *mut f32,
    /// The extent of the whole tensor.
    pub(crate) extent: Extent,
    /// The rows that are present.
    rows: Range<usize>,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: every access goes through `pixel`, whose callers write disjoint pixels (its safety contract).
unsafe impl Sync for SharedOutput<'_> {}

impl<'a> SharedOutput<'a> {
    /// Wraps a slice that is exactly as long as the extent says.
    pub(crate) fn new(data: &'a mut [f32], extent: Extent) -> Self {
        Self::rows(data, extent, 0..extent.height)
    }

    /// Wraps a slice that holds just these rows of a tensor of this extent.
    pub(crate) fn rows(data: &'a mut [f32], extent: Extent, rows: Range<usize>) -> Self {
        assert!(rows.end <= extent.height, "rows beyond the extent");
        assert_eq!(data.len(), rows.len() * extent.width * extent.channels, "an output buffer of another size than its extent");
        SharedOutput { data: data.as_mut_ptr(), extent, rows, lifetime: PhantomData }
    }

    /// Returns a pointer to the first channel of a pixel. The rest of its row follows.
    ///
    /// # Safety
    /// `y` is one of the rows, `x` is inside the extent (or its end), and no two
    /// threads access one pixel at the same time.
    #[inline(always)]
    pub(crate) unsafe fn pixel(&self, y: usize, x: usize) -> *mut f32 {
        debug_assert!(self.rows.contains(&y) && x <= self.extent.width);
        // SAFETY: inside the allocation by the contract above.
        unsafe { self.data.add(((y - self.rows.start) * self.extent.width + x) * self.extent.channels) }
    }
}
