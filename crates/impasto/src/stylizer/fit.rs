//! Brings pictures to sizes that a network accepts, and its results back.

use std::borrow::Cow;
use std::ops::Range;

use crate::graph::Graph;
use crate::picture::rows::{self, Rows};
use crate::{Error, ErrorKind, Picture, Result, Size};

/// Sides that are too short are extended to at least this. Less would leave the transformer features of a single pixel,
/// whose variance is 0, so that nothing of the picture would remain.
const EXTENDED: usize = 8;
/// Where the search for a network's least side ends. Inception's is 43.
const GREATEST_MINIMUM: usize = 1024;

/// The picture sizes that a network accepts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fit {
    /// The shortest side that it accepts.
    minimum: usize,
}

/// A picture's values at a size that a network accepts.
pub(super) struct Fitted<'a> {
    rgb: Cow<'a, [f32]>,
    size: Size,
}

impl Fitted<'_> {
    /// Returns the values in the form that [`crate::engine::Program::run`] takes.
    pub(super) fn view(&self) -> (&[f32], Size) {
        (&self.rgb, self.size)
    }
}

impl Fit {
    /// Finds the shortest side by trying, so that no number has to be kept for each architecture.
    pub(super) fn of(graph: &Graph) -> Result<Self> {
        let minimum = (1..=GREATEST_MINIMUM).find(|&side| graph.shapes([side, side]).is_ok());
        let text = "the network takes no picture of up to 1024×1024 pixels";
        minimum.map(|minimum| Fit { minimum }).ok_or_else(|| Error::new(ErrorKind::Unsupported, text))
    }

    fn side(self, side: usize) -> usize {
        if side < self.minimum { self.minimum.max(EXTENDED) } else { side }
    }

    /// Returns the size at which the network reads a picture of this size.
    pub(super) fn size(self, picture: Size) -> Size {
        picture.map(|side| self.side(side))
    }

    /// Returns the picture itself if it is large enough; otherwise repeats its last column and row until it is.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not finite.
    pub(super) fn extend(self, picture: &Picture) -> Result<Fitted<'_>> {
        rows::check_finite(picture.rgb())?;
        let Size { width: old_width, height: old_height } = picture.size();
        let size @ Size { width, height } = self.size(picture.size());
        if size == picture.size() {
            return Ok(Fitted { rgb: Cow::Borrowed(picture.rgb()), size });
        }
        let mut rgb = reserve(width, height)?;
        for y in 0..height {
            let row = &picture.rgb()[y.min(old_height - 1) * old_width * 3..][..old_width * 3];
            rgb.extend_from_slice(row);
            let last = &row[(old_width - 1) * 3..];
            (old_width..width).for_each(|_| rgb.extend_from_slice(last));
        }
        Ok(Fitted { rgb: Cow::Owned(rgb), size })
    }
}

/// Reads rows of a picture as [`Fit::extend`] makes it.
pub(super) fn read_extended(picture: &dyn Rows, size: Size, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
    let Size { width: old_width, height: old_height } = picture.size();
    if size == picture.size() {
        picture.read(rows, rgb)?;
    } else {
        let mut row = reserve(old_width, 1)?;
        row.resize(old_width * 3, 0.0);
        for (y, target) in rows.zip(rgb.chunks_exact_mut(size.width * 3)) {
            let y = y.min(old_height - 1);
            picture.read(y..y + 1, &mut row)?;
            let (own, beyond) = target.split_at_mut(row.len());
            own.copy_from_slice(&row);
            beyond.chunks_exact_mut(3).for_each(|pixel| pixel.copy_from_slice(&row[row.len() - 3..]));
        }
    }
    rows::check_finite(rgb)
}

/// Returns the top left of a picture with three channels and rows of `from_width` pixels.
pub(super) fn crop(rgb: &[f32], from_width: usize, width: usize, height: usize) -> Result<Vec<f32>> {
    let mut out = reserve(width, height)?;
    for row in rgb.chunks_exact(from_width * 3).take(height) {
        out.extend_from_slice(&row[..width * 3]);
    }
    Ok(out)
}

/// Reserves room for a picture, or returns an error if there is none.
pub(super) fn reserve(width: usize, height: usize) -> Result<Vec<f32>> {
    let too_large = |why: &str| Error::new(ErrorKind::TooLarge, format!("{width}×{height} pixels {why}; use a smaller picture"));
    let count = width.checked_mul(height).and_then(|n| n.checked_mul(3)).ok_or_else(|| too_large("are too many"))?;
    let mut values = Vec::new();
    values.try_reserve_exact(count).map_err(|e| too_large("do not fit in memory").with_source(e))?;
    Ok(values)
}
