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

/// A rectangle of pixels.
#[derive(Debug, Clone)]
pub(crate) struct Region {
    pub(crate) rows: Range<usize>,
    pub(crate) columns: Range<usize>,
}

/// An output tensor that the blocks of a layer write, each its own pixels, from several threads.
pub(crate) struct SharedOutput<'a> {
    data: *mut f32,
    pub(crate) extent: Extent,
    lifetime: PhantomData<&'a mut [f32]>,
}

// SAFETY: every access goes through `pixel`, whose callers write disjoint pixels (its safety contract).
unsafe impl Sync for SharedOutput<'_> {}

impl<'a> SharedOutput<'a> {
    /// Over a slice that is exactly as long as the extent says.
    pub(crate) fn new(data: &'a mut [f32], extent: Extent) -> Self {
        assert_eq!(data.len(), extent.len(), "an output buffer of another size than its extent");
        SharedOutput { data: data.as_mut_ptr(), extent, lifetime: PhantomData }
    }

    /// Where a pixel's channels start. The rest of its row follows.
    ///
    /// # Safety
    /// `y` and `x` are inside the extent (`x` may be its end), and no two threads access one pixel at the same time.
    #[inline(always)]
    pub(crate) unsafe fn pixel(&self, y: usize, x: usize) -> *mut f32 {
        debug_assert!(y < self.extent.height && x <= self.extent.width);
        // SAFETY: inside the allocation by the contract above.
        unsafe { self.data.add((y * self.extent.width + x) * self.extent.channels) }
    }
}
