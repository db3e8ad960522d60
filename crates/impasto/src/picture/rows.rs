//! Pictures that are read row by row.

use std::ops::Range;

use super::resize::Shrink;
use super::{Picture, reserved};
use crate::{Error, ErrorKind, Result, Size};

/// Number of rows to convert at a time, unless something requires another number.
const AT_A_TIME: usize = 32;

/// A picture from which any rows can be read as float RGB, however it is stored.
pub(crate) trait Rows: Sync {
    /// Width and height in pixels.
    fn size(&self) -> Size;

    /// Writes the colors of these rows to `rgb`, in the form of [`Picture::rgb`]. The slice must have exactly their
    /// length.
    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()>;

    /// Returns all colors, if they are in memory in this form.
    fn all(&self) -> Option<&[f32]> {
        None
    }
}

impl Rows for Picture {
    fn size(&self) -> Size {
        Picture::size(self)
    }

    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
        rgb.copy_from_slice(&self.rgb[rows.start * self.width * 3..rows.end * self.width * 3]);
        Ok(())
    }

    fn all(&self) -> Option<&[f32]> {
        Some(&self.rgb)
    }
}

/// Resizes the picture as [`super::Resize::NETWORK`] does, without alpha.
///
/// # Errors
/// [`ErrorKind::Malformed`] if a value is not a finite number; otherwise the errors of reading.
pub(crate) fn resized(picture: &dyn Rows, to: Size) -> Result<Picture> {
    let from @ Size { width, height } = picture.size();
    let mut shrink = Shrink::<3>::new(from.into(), to.into());
    let mut band = reserved(width.saturating_mul(3 * AT_A_TIME.min(height)))?;
    for start in (0..height).step_by(AT_A_TIME) {
        let rows = start..(start + AT_A_TIME).min(height);
        band.resize(rows.len() * width * 3, 0.0);
        picture.read(rows, &mut band)?;
        check_finite(&band)?;
        band.chunks_exact(width * 3).try_for_each(|row| shrink.add(row))?;
    }
    Picture::from_rgb_f32(to, shrink.done())
}

/// Returns the size of a picture's thumbnail: the longer side is `side`, and the proportions are kept to the nearest
/// pixel. `None` if the picture is no larger, and so is its own thumbnail.
pub(crate) fn thumbnail_size(size: Size, side: usize) -> Option<Size> {
    let longer = size.long_side() as u128;
    if longer <= side as u128 {
        return None;
    }
    // 128 bits cannot overflow, and the result is at most `side`. The shorter side of a thin picture stays at least 1
    // pixel.
    Some(size.map(|n| ((n as u128 * side as u128 * 2 + longer) / (longer * 2)).max(1) as usize))
}

/// Returns the picture, shrunk if its longer side exceeds `side`.
pub(crate) fn small(picture: &dyn Rows, side: usize) -> Result<Picture> {
    match thumbnail_size(picture.size(), side) {
        Some(size) => resized(picture, size),
        None => whole(picture),
    }
}

/// Reads the whole picture, without alpha.
pub(crate) fn whole(picture: &dyn Rows) -> Result<Picture> {
    let Size { width, height } = picture.size();
    let mut rgb = super::zeros(width.saturating_mul(height).saturating_mul(3))?;
    picture.read(0..height, &mut rgb)?;
    Picture::from_rgb_f32([width, height], rgb)
}

/// Refuses values that are not finite before they reach a network. Activations turn NaN into 0, so the result would
/// look plausible.
pub(crate) fn check_finite(values: &[f32]) -> Result<()> {
    // The compiler can vectorize a fold without an early exit.
    if values.iter().fold(true, |finite, v| finite & v.is_finite()) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Malformed, "the picture has values that are not finite numbers"))
}
