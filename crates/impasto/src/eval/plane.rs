//! One value per pixel, and blurs of it.

use crate::Picture;

/// Rows of values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plane {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) values: Vec<f64>,
}

impl Plane {
    /// Returns the luminance of sRGB values: 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601).
    pub(super) fn luminance(picture: &Picture) -> Self {
        let weights = [0.299, 0.587, 0.114];
        let luminance = |pixel: &[f32]| pixel.iter().zip(weights).map(|(&v, weight)| f64::from(v) * weight).sum();
        let values = picture.rgb().chunks_exact(3).map(luminance).collect();
        Plane { width: picture.width(), height: picture.height(), values }
    }

    /// Returns the mean of the `side` × `side` values around each value. `side` is odd.
    /// Beyond the border, its values are repeated.
    pub(super) fn blurred(&self, side: usize) -> Self {
        self.blurred_down(side).transposed().blurred_down(side).transposed()
    }

    fn blurred_down(&self, side: usize) -> Self {
        let (width, height, reach) = (self.width, self.height, side / 2);
        let row = |y: usize| &self.values[y.min(height - 1) * width..][..width];
        let mut sums = vec![0.0; width];
        // The window around row -1: `reach + 1` times the first row, and the rows below.
        for y in 0..side {
            sums.iter_mut().zip(row(y.saturating_sub(reach + 1))).for_each(|(sum, v)| *sum += v);
        }
        let mut values = Vec::with_capacity(self.values.len());
        for y in 0..height {
            let (enters, leaves) = (row(y + reach), row(y.saturating_sub(reach + 1)));
            sums.iter_mut().zip(enters.iter().zip(leaves)).for_each(|(sum, (enters, leaves))| *sum += enters - leaves);
            values.extend(sums.iter().map(|sum| sum / side as f64));
        }
        Plane { values, ..*self }
    }

    fn transposed(&self) -> Self {
        let (width, height) = (self.width, self.height);
        let values = (0..width).flat_map(|x| (0..height).map(move |y| y * width + x)).map(|at| self.values[at]).collect();
        Plane { width: height, height: width, values }
    }

    /// Returns what a blur removes: these values minus their mean over `side` × `side`.
    pub(super) fn fine(&self, side: usize) -> Self {
        let mut fine = self.blurred(side);
        fine.values.iter_mut().zip(&self.values).for_each(|(blurred, v)| *blurred = v - *blurred);
        fine
    }
}

/// Returns the middle value, or the mean of the two in the middle; 0 if there are none.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        len if len % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::{Plane, median};

    #[test]
    fn blurs_are_means_and_borders_continue() {
        let plane = Plane { width: 4, height: 3, values: (0..12).map(f64::from).collect() };
        let naive = |side: i64, x: i64, y: i64| {
            let reach = side / 2;
            let around = || -reach..=reach;
            let at = |dx: i64, dy: i64| plane.values[((y + dy).clamp(0, 2) * 4 + (x + dx).clamp(0, 3)) as usize];
            around().flat_map(|dy| around().map(move |dx| (dx, dy))).map(|(dx, dy)| at(dx, dy)).sum::<f64>()
                / (side * side) as f64
        };
        for side in [1, 3, 5, 9] {
            let blurred = plane.blurred(side as usize);
            for (i, v) in blurred.values.iter().enumerate() {
                let expected = naive(side, i as i64 % 4, i as i64 / 4);
                assert!((v - expected).abs() < 1e-12, "{side} {i}: {v} {expected}");
            }
        }
    }

    #[test]
    fn medians() {
        assert_eq!((median(&[3.0, 1.0, 2.0]), median(&[4.0, 1.0, 2.0, 3.0]), median(&[])), (2.0, 2.5, 0.0));
    }
}
