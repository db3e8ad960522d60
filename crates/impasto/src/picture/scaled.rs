//! A picture at another size, computed from the rows that are read.

use std::ops::Range;

use super::resize::Axis;
use super::rows::Rows;
use super::zeros;
use crate::{Result, Size};

/// Number of rows of the result to compute at a time. The rows that they are computed from are in memory.
const AT_A_TIME: usize = 8;

/// A view of a picture at another size, smaller or larger: bilinear, antialiased, in the encoded values, as
/// [`super::Resize::NETWORK`]. A row's values do not depend on which other rows are read with it.
pub(crate) struct Scaled<'a> {
    inner: &'a dyn Rows,
    size: Size,
    columns: Axis,
    rows: Axis,
}

impl<'a> Scaled<'a> {
    /// Neither side may be 0.
    pub(crate) fn new(inner: &'a dyn Rows, size: Size) -> Self {
        let from = inner.size();
        Scaled { inner, size, columns: Axis::new(from.width, size.width), rows: Axis::new(from.height, size.height) }
    }

    /// Enlarges without facets, by a cubic: values may slightly exceed those of the picture. Neither side may be 0.
    pub(crate) fn smooth(inner: &'a dyn Rows, size: Size) -> Self {
        let from = inner.size();
        Scaled { inner, size, columns: Axis::smooth(from.width, size.width), rows: Axis::smooth(from.height, size.height) }
    }
}

impl Rows for Scaled<'_> {
    fn size(&self) -> Size {
        self.size
    }

    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
        let inner_row = self.inner.size().width * 3;
        let mut sums: Vec<f32> = zeros(inner_row)?;
        let mut seen = Vec::new();
        let targets = rgb.chunks_mut(self.size.width * 3 * AT_A_TIME);
        for (start, targets) in rows.clone().step_by(AT_A_TIME).zip(targets) {
            let axis = &self.rows.0[start..(start + AT_A_TIME).min(rows.end)];
            let first = axis.first().map_or(0, |(first, _)| *first);
            let end = axis.iter().map(|(first, weights)| first + weights.len()).max().unwrap_or(first);
            seen.resize((end - first) * inner_row, 0.0);
            self.inner.read(first..end, &mut seen)?;
            for ((from, weights), target) in axis.iter().zip(targets.chunks_exact_mut(self.size.width * 3)) {
                sums.fill(0.0);
                for (weight, row) in weights.iter().zip(seen[(from - first) * inner_row..].chunks_exact(inner_row)) {
                    sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
                }
                for ((from, weights), pixel) in self.columns.0.iter().zip(target.as_chunks_mut::<3>().0) {
                    *pixel = [0.0; 3];
                    for (weight, values) in weights.iter().zip(sums[from * 3..].as_chunks::<3>().0) {
                        pixel.iter_mut().zip(values).for_each(|(sum, v)| *sum += weight * v);
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::rows::{Rows, resized};
    use super::Scaled;
    use crate::picture::Picture;

    #[test]
    fn enlarged_smoothly_a_slope_is_a_slope() {
        let picture = Picture::from_rgb_f32([9, 4], (0..9 * 4 * 3).map(|i| ((i / 3) % 9) as f32 / 8.0).collect()).unwrap();
        let mut found = vec![0.0; 90 * 40 * 3];
        Scaled::smooth(&picture, [90, 40].into()).read(0..40, &mut found).unwrap();
        for (i, pixel) in found.as_chunks::<3>().0.iter().enumerate() {
            let x = (i % 90) as f32;
            // Borders are excluded, because their pixels are repeated.
            if (15.0..75.0).contains(&x) {
                let expected = ((x + 0.5) / 10.0 - 0.5) / 8.0;
                assert!(pixel.iter().all(|v| (v - expected).abs() < 1e-5), "{x}: {pixel:?} for {expected}");
            }
        }
    }

    #[test]
    fn any_rows_are_those_of_the_whole() {
        for (from, to) in [([37, 41], [12, 13]), ([9, 11], [20, 25]), ([30, 4], [1, 1]), ([5, 60], [7, 20])] {
            let values = (0..from[0] * from[1] * 3).map(|i| (i as f32 * 0.7).sin() * 0.5 + 0.5).collect();
            let picture = Picture::from_rgb_f32(from, values).unwrap();
            let scaled = Scaled::new(&picture, to.into());
            let expected = resized(&picture, to.into()).unwrap();
            for rows in [0..to[1], 0..1, to[1] / 2..to[1], to[1] / 3..to[1] / 3 + 1] {
                let mut found = vec![0.0; rows.len() * to[0] * 3];
                scaled.read(rows.clone(), &mut found).unwrap();
                let expected = &expected.rgb()[rows.start * to[0] * 3..rows.end * to[0] * 3];
                let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(error < 1e-6, "{from:?} to {to:?}, rows {rows:?}: off by {error}");
            }
        }
    }
}
