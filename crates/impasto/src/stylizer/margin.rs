//! A margin around the canvas, which is painted and cut off.
//!
//! At a picture's border the network sees its own padding. Every layer mirrors or repeats its own features, so together
//! they are not the continuation of any picture. Paintings had a frame of pale, smeared strokes a dozen pixels wide,
//! which differed more from the rest of the picture than any flaw inside. If the picture itself is mirrored around its
//! border, the network has something to paint there.
//!
//! Measured on 4 photographs in 6 styles: within 8 pixels of the border, a painting without a margin differs by an RMSE
//! of 0.14 from the one with a margin of 48 pixels; with a margin of 8 by 0.055, of 16 by 0.022, of 24 by 0.014.
//! Inside, where only the statistics of the norms make a difference, it is 0.018.

use std::ops::Range;

use super::WriteRows;
use crate::picture::rows::Rows;
use crate::picture::zeros;
use crate::{Result, Size};

/// Pixels of the margin on every side: a multiple of the network's stride, so that the layers' grids do not move.
pub(super) const MARGIN: usize = 16;

/// Returns the size of a picture with its margin.
pub(super) fn framed(size: Size, margin: usize) -> Size {
    // Sizes that are too large are refused when memory is allocated.
    size.map(|side| side.saturating_add(2 * margin))
}

/// A picture with its own mirror image around it (the border pixel is not repeated).
pub(super) struct Framed<'a> {
    inner: &'a dyn Rows,
    margin: usize,
}

impl<'a> Framed<'a> {
    pub(super) fn new(inner: &'a dyn Rows, margin: usize) -> Self {
        Framed { inner, margin }
    }

    /// Takes rows of the framed picture from top to bottom, and writes those of the picture inside.
    pub(super) fn cut<'b>(&self, write: WriteRows<'b>) -> impl FnMut(&[f32]) -> Result<()> + 'b {
        let (Size { width, height }, margin) = (self.inner.size(), self.margin);
        let mut y = 0;
        move |rows: &[f32]| {
            if margin == 0 {
                return write(rows);
            }
            let mut inside = Vec::with_capacity(rows.len());
            for row in rows.chunks_exact((width + 2 * margin) * 3) {
                if (margin..margin + height).contains(&y) {
                    inside.extend_from_slice(&row[margin * 3..][..width * 3]);
                }
                y += 1;
            }
            if inside.is_empty() { Ok(()) } else { write(&inside) }
        }
    }
}

impl Rows for Framed<'_> {
    fn size(&self) -> Size {
        framed(self.inner.size(), self.margin)
    }

    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
        if self.margin == 0 {
            return self.inner.read(rows, rgb);
        }
        let Size { width, height } = self.inner.size();
        let within = |y: usize| mirrored(y, self.margin, height);
        let (first, last) = rows.clone().map(within).fold((height, 0), |(a, b), y| (a.min(y), b.max(y)));
        if rows.is_empty() {
            return Ok(());
        }
        let mut read = zeros((last + 1 - first) * width * 3)?;
        self.inner.read(first..last + 1, &mut read)?;
        for (y, target) in rows.zip(rgb.chunks_exact_mut((width + 2 * self.margin) * 3)) {
            let row = &read[(within(y) - first) * width * 3..][..width * 3];
            target[self.margin * 3..][..width * 3].copy_from_slice(row);
            for x in (0..self.margin).chain(self.margin + width..2 * self.margin + width) {
                let from = mirrored(x, self.margin, width) * 3;
                target[x * 3..][..3].copy_from_slice(&row[from..][..3]);
            }
        }
        Ok(())
    }

    fn all(&self) -> Option<&[f32]> {
        if self.margin == 0 { self.inner.all() } else { None }
    }
}

/// Returns which of `side` pixels is at a position counted from the margin's start. Sides shorter than the margin are
/// mirrored repeatedly.
fn mirrored(place: usize, margin: usize, side: usize) -> usize {
    let Some(period) = side.checked_sub(1).map(|last| 2 * last).filter(|period| *period > 0) else { return 0 };
    // Adds enough periods to keep it positive.
    let place = (place + margin.div_ceil(period) * period - margin) % period;
    place.min(period - place)
}

#[cfg(test)]
mod tests {
    use super::{Framed, mirrored};
    use crate::picture::rows::Rows;
    use crate::{Picture, Size};

    #[test]
    fn a_picture_is_mirrored_at_its_border() {
        let line = |side| (0..side + 6).map(|place| mirrored(place, 3, side)).collect::<Vec<_>>();
        assert_eq!(line(5), [3, 2, 1, 0, 1, 2, 3, 4, 3, 2, 1]);
        assert_eq!(line(2), [1, 0, 1, 0, 1, 0, 1, 0]);
        assert_eq!(line(1), [0; 7]);
    }

    #[test]
    fn what_is_cut_is_the_picture_and_any_rows_are_those_of_the_whole() {
        let rgb: Vec<f32> = (0..7 * 5 * 3).map(|i| i as f32 / 105.0).collect();
        let picture = Picture::from_rgb_f32([7, 5], rgb.clone()).unwrap();
        for margin in [0, 1, 4, 9] {
            let framed = Framed::new(&picture, margin);
            let Size { width, height } = framed.size();
            assert_eq!([width, height], [7 + 2 * margin, 5 + 2 * margin]);
            let read = |rows: std::ops::Range<usize>| {
                let mut rgb = vec![0.0; rows.len() * width * 3];
                framed.read(rows, &mut rgb).unwrap();
                rgb
            };
            let whole = read(0..height);
            (0..height).for_each(|y| assert_eq!(read(y..y + 1), whole[y * width * 3..][..width * 3], "margin {margin}, row {y}"));
            let mut within = Vec::new();
            let mut write = |rows: &[f32]| {
                within.extend_from_slice(rows);
                Ok(())
            };
            let mut cut = framed.cut(&mut write);
            whole.chunks(width * 3 * 4).for_each(|rows| cut(rows).unwrap());
            drop(cut);
            assert_eq!(within, rgb, "margin {margin}");
        }
    }
}
