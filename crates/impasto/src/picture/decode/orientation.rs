//! Turning pictures upright.

use std::borrow::Cow;
use std::ops::Range;

use super::super::reserved;
use crate::Result;

/// Returns some rows of the upright picture, for Exif orientations 1 to 8 (others count as 1), with `channels` samples
/// per pixel. The size is width and height as stored.
pub(super) fn rows<T: Copy>(
    data: &[T],
    [width, height]: [usize; 2],
    channels: usize,
    orientation: u8,
    rows: Range<usize>,
) -> Result<Cow<'_, [T]>> {
    if !(2..=8).contains(&orientation) {
        return Ok(Cow::Borrowed(&data[rows.start * width * channels..rows.end * width * channels]));
    }
    // Orientations 5 to 8 swap rows and columns. In the source, the upright picture starts in this corner:
    let swap = orientation >= 5;
    let from_right = matches!(orientation, 2 | 3 | 7 | 8);
    let from_bottom = matches!(orientation, 3 | 4 | 6 | 7);
    let w = if swap { height } else { width };
    let mut out = reserved(rows.len() * w * channels)?;
    for y in rows {
        for x in 0..w {
            let (sx, sy) = if swap { (y, x) } else { (x, y) };
            let sx = if from_right { width - 1 - sx } else { sx };
            let sy = if from_bottom { height - 1 - sy } else { sy };
            let at = (sy * width + sx) * channels;
            out.extend_from_slice(&data[at..at + channels]);
        }
    }
    Ok(Cow::Owned(out))
}

/// Returns the orientation in a raw Exif block, or 1 if it has none.
pub(in crate::picture) fn from_exif(exif: &[u8]) -> u8 {
    image::metadata::Orientation::from_exif_chunk(exif).map_or(1, image::metadata::Orientation::to_exif)
}

/// Returns the Exif block from its byte-order mark on: some writers keep JPEG's `Exif\0\0` in front in other formats
/// too.
pub(in crate::picture) fn exif_block(bytes: Vec<u8>) -> Vec<u8> {
    match bytes.strip_prefix(b"Exif\0\0") {
        Some(rest) => rest.to_vec(),
        None => bytes,
    }
}
