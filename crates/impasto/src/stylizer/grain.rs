//! Faint noise that strokes can begin from.
//!
//! A network paints strokes where the content has something, however faint, to hang them on. In a smooth sky that is the steps of 8 bits and the
//! blocks of JPEG files, which come out as rings and rows; where there are no steps, nothing is painted at all. Noise of about one step hides
//! these and gives irregular strokes instead. It is a function of the pixel's place, so that it is the same in every band and every run.

use std::ops::Range;

use crate::Result;
use crate::picture::rows::Rows;

/// A picture with grain.
pub(super) struct Grained<'a> {
    inner: &'a dyn Rows,
    /// In 0..1.
    reach: f32,
}

impl<'a> Grained<'a> {
    /// With noise of so many steps of 8 bits to either side; the picture itself for 0.
    pub(super) fn new(inner: &'a dyn Rows, steps: f32) -> Self {
        Grained { inner, reach: steps / 255.0 }
    }
}

impl Rows for Grained<'_> {
    fn size(&self) -> [usize; 2] {
        self.inner.size()
    }

    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
        self.inner.read(rows.clone(), rgb)?;
        if self.reach == 0.0 {
            return Ok(());
        }
        let row = self.size()[0] * 3;
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

/// Uniform in -1..1, by place: the finaliser of MurmurHash3 on both coordinates.
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
        let picture = Picture::from_rgb_f32(7, 9, vec![0.5; 7 * 9 * 3]).unwrap();
        let grained = Grained::new(&picture, 2.0);
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
}
