//! Pictures that are read row by row.

use std::ops::Range;

use super::resize::Shrink;
use super::{Picture, reserved};
use crate::{Error, ErrorKind, Result, Size};

/// Rows that are converted at a time where nothing else asks for another number.
const AT_A_TIME: usize = 32;

/// A picture of which any rows can be had as float RGB, whatever it is held as.
pub(crate) trait Rows: Sync {
    /// Width and height in pixels.
    fn size(&self) -> Size;

    /// Writes these rows' colours, as [`Picture::rgb`] has them, to a slice of just their length.
    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()>;

    /// All colours, where they are in memory as they are.
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

/// The picture at another size, as [`super::Resize::NETWORK`] makes it, without alpha.
///
/// # Errors
/// [`ErrorKind::Malformed`] if a value is not a finite number; else what reading gives.
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

/// The size of a picture's thumbnail: its longer side at `side`, its proportions kept to the nearest pixel. `None` where the picture is no
/// larger: it is its own thumbnail.
pub(crate) fn thumbnail_size(size: Size, side: usize) -> Option<Size> {
    let longer = size.long_side() as u128;
    if longer <= side as u128 {
        return None;
    }
    // In 128 bits nothing overflows; the result is at most `side`. A thin picture keeps one pixel across.
    Some(size.map(|n| ((n as u128 * side as u128 * 2 + longer) / (longer * 2)).max(1) as usize))
}

/// A picture with its longer side at most at `side`.
pub(crate) fn small(picture: &dyn Rows, side: usize) -> Result<Picture> {
    match thumbnail_size(picture.size(), side) {
        Some(size) => resized(picture, size),
        None => whole(picture),
    }
}

/// All of it, without alpha.
pub(crate) fn whole(picture: &dyn Rows) -> Result<Picture> {
    let Size { width, height } = picture.size();
    let mut rgb = super::zeros(width.saturating_mul(height).saturating_mul(3))?;
    picture.read(0..height, &mut rgb)?;
    Picture::from_rgb_f32([width, height], rgb)
}

/// Activations turn NaN to 0, and the result would look plausible: it is refused before it reaches a network.
pub(crate) fn check_finite(values: &[f32]) -> Result<()> {
    // A fold without an early exit is one the compiler can vectorise.
    if values.iter().fold(true, |finite, v| finite & v.is_finite()) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Malformed, "the picture has values that are not finite numbers"))
}
