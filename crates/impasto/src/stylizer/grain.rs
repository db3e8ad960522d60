//! Faint noise from which strokes can start.
//!
//! A network paints strokes where the content has something, however faint, to hang them on. In a smooth sky, that is
//! the steps of 8 bits and the blocks of JPEG files, which come out as rings and rows. Where there are no steps, the
//! network paints nothing at all. Noise of about one step hides both and gives irregular strokes instead. It is a
//! function of the pixel's position, so it is the same in every band and every run.

use std::ops::Range;

use crate::picture::rows::Rows;
use crate::{Result, Size};

/// A picture with grain added.
pub(super) struct Grained<'a> {
    inner: &'a dyn Rows,
    /// Amplitude, for values in 0..1.
    reach: f32,
    /// How far the grain has moved, in pixels to the right and down.
    moved: [f32; 2],
}

impl<'a> Grained<'a> {
    /// Adds noise of this many steps of 8 bits to either side; 0 leaves the picture unchanged. `moved` says how many
    /// pixels to the right and down the noise has moved with the content. In a film, noise that stays in place while
    /// the camera moves would be visible.
    pub(super) fn new(inner: &'a dyn Rows, steps: f32, moved: [f32; 2]) -> Self {
        Grained { inner, reach: steps / 255.0, moved }
    }
}

impl Rows for Grained<'_> {
    fn size(&self) -> Size {
        self.inner.size()
    }

    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
        self.inner.read(rows.clone(), rgb)?;
        if self.reach == 0.0 {
            return Ok(());
        }
        let row = self.size().width * 3;
        if self.moved != [0.0; 2] {
            return self.add_moved(rows.start, rgb, row);
        }
        for (y, values) in rows.zip(rgb.chunks_exact_mut(row)) {
            for (x, value) in values.iter_mut().enumerate() {
                *value += self.reach * at(x as u32, y as u32);
            }
        }
        Ok(())
    }

    fn all(&self) -> Option<&[f32]> {
        if self.reach == 0.0 { self.inner.all() } else { None }
    }
}

impl Grained<'_> {
    /// Interpolates the noise between pixels: mixes four neighbors, and restores the variance that mixing takes away.
    fn add_moved(&self, start: usize, rgb: &mut [f32], row: usize) -> Result<()> {
        let [right, down] = self.moved.map(|v| -v);
        let (left, top) = (right.floor(), down.floor());
        let (x_share, y_share) = (right - left, down - top);
        let variance = |share: f32| share.mul_add(share, (1.0 - share) * (1.0 - share));
        let reach = self.reach / (variance(x_share) * variance(y_share)).sqrt();
        // The casts wrap around, as the hash does.
        let (left, top) = (left as i64 as u32, top as i64 as u32);
        let mut lines = [vec![0.0; row + 3], vec![0.0; row + 3]];
        let fill = |line: &mut [f32], y: u32| {
            let first = left.wrapping_mul(3);
            line.iter_mut().enumerate().for_each(|(x, value)| *value = at(first.wrapping_add(x as u32), y));
        };
        fill(&mut lines[1], top.wrapping_add(start as u32));
        for (y, values) in (start..).zip(rgb.chunks_exact_mut(row)) {
            lines.swap(0, 1);
            fill(&mut lines[1], top.wrapping_add(y as u32 + 1));
            let across = |line: &[f32], x: usize| line[x] + (line[x + 3] - line[x]) * x_share;
            for (x, value) in values.iter_mut().enumerate() {
                let (above, below) = (across(&lines[0], x), across(&lines[1], x));
                *value += reach * (above + (below - above) * y_share);
            }
        }
        Ok(())
    }
}

/// Returns noise by position, uniform in -1..1: the finalizer of MurmurHash3 on both coordinates.
fn at(x: u32, y: u32) -> f32 {
    let mut hash = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77).rotate_left(16);
    for factor in [0x85EB_CA6B, 0xC2B2_AE35] {
        hash = (hash ^ (hash >> 15)).wrapping_mul(factor);
    }
    hash ^= hash >> 16;
    (f64::from(hash) / f64::from(u32::MAX) * 2.0 - 1.0) as f32
}

#[cfg(test)]
mod tests {
    use super::{Grained, at};
    use crate::Picture;
    use crate::picture::rows::Rows;

    #[test]
    fn it_is_uniform_and_without_pattern() {
        let side = 256u32;
        let values: Vec<f32> = (0..side * side).map(|i| at(i % side, i / side)).collect();
        let mean = |values: &mut dyn Iterator<Item = f32>| values.map(f64::from).sum::<f64>() / f64::from(side * side);
        assert!(mean(&mut values.iter().copied()).abs() < 0.01);
        assert!((mean(&mut values.iter().map(|v| v * v)) - 1.0 / 3.0).abs() < 0.01);
        for shift in [1, 2, 4, 3 * 4, 256, 257, 512] {
            let pairs = &mut values.iter().zip(&values[shift..]).map(|(a, b)| a * b);
            assert!(mean(pairs).abs() < 0.01, "correlated at {shift}");
        }
    }

    #[test]
    fn any_rows_have_the_grain_of_the_whole() {
        let picture = Picture::from_rgb_f32([7, 9], vec![0.5; 7 * 9 * 3]).unwrap();
        let grained = Grained::new(&picture, 2.0, [0.0; 2]);
        let read = |rows: std::ops::Range<usize>| {
            let mut rgb = vec![0.0; rows.len() * 7 * 3];
            grained.read(rows, &mut rgb).unwrap();
            rgb
        };
        let whole = read(0..9);
        assert_eq!(read(4..6), whole[4 * 21..6 * 21]);
        assert!(whole.iter().all(|v| (v - 0.5).abs() <= 2.0 / 255.0 + 1e-6));
        assert!(whole.iter().any(|v| (v - 0.5).abs() > 1.0 / 255.0));
    }

    #[test]
    fn moved_grain_is_the_same_elsewhere_and_as_strong() {
        let side = 64;
        let picture = Picture::from_rgb_f32([side, side], vec![0.5; side * side * 3]).unwrap();
        let read = |moved| {
            let mut rgb = vec![0.0; side * side * 3];
            Grained::new(&picture, 2.0, moved).read(0..side, &mut rgb).unwrap();
            rgb
        };
        let (still, whole) = (read([0.0, 0.0]), read([2.0, 1.0]));
        for y in 1..side {
            assert_eq!(whole[(y * side + 2) * 3..(y + 1) * side * 3], still[(y - 1) * side * 3..(y * side - 2) * 3], "row {y}");
        }
        let variance = |rgb: &[f32]| rgb.iter().map(|v| f64::from(v - 0.5).powi(2)).sum::<f64>();
        let part = read([-0.5, 7.25]);
        assert!((variance(&part) / variance(&still) - 1.0).abs() < 0.05, "{} {}", variance(&part), variance(&still));
        // Here too, any rows have the grain of the whole.
        let mut rows = vec![0.0; 2 * side * 3];
        Grained::new(&picture, 2.0, [-0.5, 7.25]).read(5..7, &mut rows).unwrap();
        assert_eq!(rows, part[5 * side * 3..7 * side * 3]);
    }
}
