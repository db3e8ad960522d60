//! Colors for fully transparent pixels.
//!
//! A network reads colors, not alpha, and alpha is put back on its output. So it should see the colors that will be
//! seen: the straight ones as stored. Composing over white first would mix white into every soft edge, and the edge
//! would glow on any other background once alpha is put back. But where alpha is 0, editors store anything, most often
//! black. That would bleed into the visible part through the network's receptive field and its statistics over the
//! whole picture. There, the visible colors nearby are continued instead.

use std::ops::Range;

use super::{reserved, zeros};
use crate::Result;

/// Rows of a band: 2 to the power of the levels that are recomputed for each band. Only the small levels above are
/// kept.
pub(super) const BAND: usize = 1 << LEVELS;
const LEVELS: usize = 4;

/// One level of the pyramid. Each cell has the mean color of its visible children (of four), if there are any.
struct Level {
    width: usize,
    height: usize,
    rgb: Vec<f32>,
    known: Vec<bool>,
}

/// Colors for pixels whose alpha is 0: the mean of the visible pixels in the smallest aligned square around them that
/// has any, or white if the whole picture is transparent.
pub(super) struct Hidden {
    width: usize,
    /// From squares of [`BAND`] pixels upwards, with every cell known; empty if nothing is visible.
    levels: Vec<Level>,
}

/// Reads rows of colors and of alpha.
pub(super) type ReadBand<'a> = &'a mut dyn FnMut(Range<usize>, &mut [f32], &mut [f32]) -> Result<()>;

impl Hidden {
    /// Reads a picture band by band.
    pub(super) fn new(width: usize, height: usize, read: ReadBand<'_>) -> Result<Self> {
        let cells = width.div_ceil(BAND) * height.div_ceil(BAND);
        let mut first = Level {
            width: width.div_ceil(BAND),
            height: height.div_ceil(BAND),
            rgb: reserved(cells * 3)?,
            known: reserved(cells)?,
        };
        let (mut rgb, mut alpha) = (zeros(width * BAND * 3)?, zeros(width * BAND)?);
        for start in (0..height).step_by(BAND) {
            let rows = start..(start + BAND).min(height);
            let pixels = rows.len() * width;
            let high = rows.len();
            read(rows, &mut rgb[..pixels * 3], &mut alpha[..pixels])?;
            let last = pyramid(&rgb[..pixels * 3], &visible(&alpha[..pixels])?, width, high, LEVELS)?.pop();
            if let Some(last) = last {
                first.rgb.extend(last.rgb);
                first.known.extend(last.known);
            }
        }
        if !first.known.contains(&true) {
            return Ok(Hidden { width, levels: Vec::new() });
        }
        let mut levels = vec![first];
        while let Some(top) = levels.last().filter(|top| top.known.contains(&false)) {
            levels.push(halve(&top.rgb, &top.known, top.width, top.height)?);
        }
        fill_down(&mut levels);
        Ok(Hidden { width, levels })
    }

    /// Replaces the hidden colors of some rows. The rows start at a multiple of [`BAND`], and end at one or at the end
    /// of the picture.
    pub(super) fn fill(&self, rows: Range<usize>, rgb: &mut [f32], alpha: &[f32]) -> Result<()> {
        let Some(above) = self.levels.first() else {
            rgb.fill(1.0);
            return Ok(());
        };
        let known = visible(alpha)?;
        if known.iter().all(|&known| known) {
            return Ok(());
        }
        let mut levels = pyramid(rgb, &known, self.width, rows.len(), LEVELS - 1)?;
        if let Some(last) = levels.last_mut() {
            fill_from(&mut last.rgb, &last.known, last.width, above, rows.start / BAND);
        }
        fill_down(&mut levels);
        if let Some(first) = levels.first() {
            fill_from(rgb, &known, self.width, first, 0);
        }
        Ok(())
    }
}

fn visible(alpha: &[f32]) -> Result<Vec<bool>> {
    let mut known = reserved(alpha.len())?;
    known.extend(alpha.iter().map(|&a| a > 0.0));
    Ok(known)
}

/// Computes this many levels over some rows, the finest first.
fn pyramid(rgb: &[f32], known: &[bool], width: usize, height: usize, count: usize) -> Result<Vec<Level>> {
    let mut levels: Vec<Level> = Vec::new();
    for _ in 0..count {
        let next = match levels.last() {
            None => halve(rgb, known, width, height)?,
            Some(last) => halve(&last.rgb, &last.known, last.width, last.height)?,
        };
        levels.push(next);
    }
    Ok(levels)
}

/// Fills the unknown cells of each level from the level above.
fn fill_down(levels: &mut [Level]) {
    for i in (1..levels.len()).rev() {
        let (lower, upper) = levels.split_at_mut(i);
        let child = &mut lower[i - 1];
        fill_from(&mut child.rgb, &child.known, child.width, &upper[0], 0);
    }
}

fn halve(rgb: &[f32], known: &[bool], width: usize, height: usize) -> Result<Level> {
    let (w, h) = (width.div_ceil(2), height.div_ceil(2));
    let mut level = Level { width: w, height: h, rgb: zeros(w * h * 3)?, known: zeros(w * h)? };
    for y in 0..h {
        for x in 0..w {
            let (mut sum, mut count) = ([0f32; 3], 0f32);
            for cy in 2 * y..(2 * y + 2).min(height) {
                for cx in 2 * x..(2 * x + 2).min(width) {
                    let i = cy * width + cx;
                    if known[i] {
                        count += 1.0;
                        sum.iter_mut().zip(&rgb[i * 3..i * 3 + 3]).for_each(|(s, v)| *s += v);
                    }
                }
            }
            let o = y * w + x;
            level.known[o] = count > 0.0;
            if count > 0.0 {
                level.rgb[o * 3..o * 3 + 3].iter_mut().zip(sum).for_each(|(v, s)| *v = s / count);
            }
        }
    }
    Ok(level)
}

/// Fills unknown cells from the level above. Row `first` of that level lies over the first rows.
fn fill_from(rgb: &mut [f32], known: &[bool], width: usize, parent: &Level, first: usize) {
    for (i, _) in known.iter().enumerate().filter(|(_, known)| !**known) {
        let p = (first + i / width / 2) * parent.width + (i % width) / 2;
        rgb[i * 3..i * 3 + 3].copy_from_slice(&parent.rgb[p * 3..p * 3 + 3]);
    }
}
