//! The share of each style at each place of a picture.

use std::ops::Range;
use std::sync::Arc;

use crate::graph::Shape;
use crate::{Error, ErrorKind, Result, Size};

/// One map over the picture for each of several styles. The maps may have any resolution.
/// At each place the styles' shares sum to 1.
///
/// Every layer of a network samples the maps bilinearly at its own resolution, whatever the picture's
/// size. So the same maps fit a thumbnail and the picture itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    width: usize,
    height: usize,
    styles: usize,
    /// Row-major, styles last.
    values: Arc<[f32]>,
    /// Pixels on each side of the picture that the maps do not cover.
    margin: usize,
}

impl Shares {
    /// Makes shares from weights (row-major, styles last) by dividing them by their sum at each place.
    /// Where all weights are 0, the first style has the whole share.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side or the number of styles is 0, if the number of values
    /// does not match them, or if a value is negative or not finite.
    pub fn new(size: impl Into<Size>, styles: usize, mut weights: Vec<f32>) -> Result<Self> {
        let Size { width, height } = size.into();
        let invalid = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        let count = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(styles));
        if count != Some(weights.len()) || weights.is_empty() {
            return invalid(format!("{} weights do not fit {styles} styles at {width}×{height} places", weights.len()));
        }
        if let Some(weight) = weights.iter().find(|weight| !weight.is_finite() || **weight < 0.0) {
            return invalid(format!("a weight of {weight} is out of range; give 0 or more"));
        }
        for place in weights.chunks_exact_mut(styles) {
            // In float64, sums of float32 values do not overflow.
            let sum: f64 = place.iter().map(|&w| f64::from(w)).sum();
            if sum > 0.0 {
                place.iter_mut().for_each(|w| *w = (f64::from(*w) / sum) as f32);
            } else {
                place[0] = 1.0;
            }
        }
        Ok(Shares { width, height, styles, values: weights.into(), margin: 0 })
    }

    /// Returns the same maps for a picture with `margin` more pixels on each side. The margin takes the nearest shares.
    pub(crate) fn with_margin(&self, margin: usize) -> Self {
        Shares { margin, ..self.clone() }
    }

    /// The number of styles.
    pub fn styles(&self) -> usize {
        self.styles
    }

    /// Returns the shares at each pixel of these rows of features, where `picture` is the
    /// picture's shape: row-major, styles last.
    ///
    /// If the features are `n` times smaller than the picture, a feature is at the center
    /// of the `n × n` pixels that it stands for.
    pub(crate) fn rows(&self, features: Shape, picture: Shape, rows: Range<usize>) -> Vec<f32> {
        let columns: Vec<_> =
            (0..features.width).map(|x| between(x, features.width, (picture.width, self.margin), self.width)).collect();
        let mut values = Vec::with_capacity(rows.len() * features.width * self.styles);
        for y in rows {
            let (above, below, down) = between(y, features.height, (picture.height, self.margin), self.height);
            for &(left, right, across) in &columns {
                for style in 0..self.styles {
                    let at = |x: usize, y: usize| self.values[(y * self.width + x) * self.styles + style];
                    let mix = |a: f32, b: f32, t: f32| a + (b - a) * t;
                    values.push(mix(
                        mix(at(left, above), at(right, above), across),
                        mix(at(left, below), at(right, below), across),
                        down,
                    ));
                }
            }
        }
        values
    }
}

/// Finds the two of `places` along a side that the center of feature `i` is between, and
/// its distance from the first toward the second (0 to 1).
fn between(i: usize, features: usize, (pixels, margin): (usize, usize), places: usize) -> (usize, usize, f32) {
    // Networks round sides up to whole strides: 67 pixels become 34 features of two pixels each.
    let stride = (pixels as f64 / features as f64).round().max(1.0);
    let within = pixels.saturating_sub(2 * margin).max(1) as f64;
    let place = ((i as f64 + 0.5) * stride - margin as f64) / within * places as f64 - 0.5;
    let place = place.clamp(0.0, places as f64 - 1.0);
    let first = place.floor();
    (first as usize, (first as usize + 1).min(places - 1), (place - first) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(width: usize, height: usize) -> Shape {
        Shape { height, width, channels: 3 }
    }

    #[test]
    fn weights_become_shares() {
        let shares = Shares::new([3, 1], 2, vec![1.0, 3.0, 0.0, 0.0, f32::MAX, f32::MAX]).unwrap();
        assert_eq!(shares.rows(shape(3, 1), shape(3, 1), 0..1), [0.25, 0.75, 1.0, 0.0, 0.5, 0.5]);
        for (size, styles, weights) in [
            ([0, 1], 1, vec![]),
            ([1, 1], 0, vec![]),
            ([2, 1], 1, vec![1.0]),
            ([usize::MAX, 2], 2, vec![1.0]),
            ([1, 1], 2, vec![1.0, -0.5]),
            ([1, 1], 2, vec![1.0, f32::NAN]),
        ] {
            assert_eq!(Shares::new(size, styles, weights).unwrap_err().kind(), ErrorKind::InvalidArgument);
        }
    }

    #[test]
    fn features_read_the_middle_of_their_pixels() {
        // The second style's share at pixel x is x/8.
        let weights = (0..8).flat_map(|x| [8.0 - x as f32, x as f32]).collect();
        let shares = Shares::new([8, 1], 2, weights).unwrap();
        let second = |features, picture| -> Vec<f32> {
            shares.rows(shape(features, 1), shape(picture, 1), 0..1).chunks(2).map(|pair| pair[1] * 8.0).collect()
        };
        assert_eq!(second(8, 8), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
        assert_eq!(second(4, 8), [0.5, 2.5, 4.5, 6.5]);
        assert_eq!(second(2, 8), [1.5, 5.5]);
        // A picture twice as large, and its features at half the size.
        assert_eq!(second(16, 16)[..4], [0.0, 0.25, 0.75, 1.25]);
        assert_eq!(second(8, 16), second(8, 8));
        // 7 pixels are 4 features of 2. The center of the last one is at the picture's right edge.
        assert_eq!(second(4, 7).len(), 4);
        assert_eq!(second(4, 7)[3], 7.0);
    }

    #[test]
    fn a_margin_takes_what_is_nearest() {
        let weights = (0..8).flat_map(|x| [8.0 - x as f32, x as f32]).collect();
        let shares = Shares::new([8, 1], 2, weights).unwrap().with_margin(4);
        let second = |features| -> Vec<f32> {
            shares.rows(shape(features, 1), shape(16, 9), 0..1).chunks(2).map(|pair| pair[1] * 8.0).collect()
        };
        assert_eq!(second(16), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 7.0, 7.0, 7.0, 7.0]);
        assert_eq!(second(8), [0.0, 0.0, 0.5, 2.5, 4.5, 6.5, 7.0, 7.0]);
    }

    #[test]
    fn rows_are_those_of_the_whole() {
        let weights = (0..6 * 5 * 3).map(|i| (i as f32 * 0.7).sin().abs()).collect();
        let shares = Shares::new([6, 5], 3, weights).unwrap();
        let whole = shares.rows(shape(11, 9), shape(22, 17), 0..9);
        assert_eq!(shares.rows(shape(11, 9), shape(22, 17), 4..7), whole[4 * 11 * 3..7 * 11 * 3]);
        whole.chunks(3).for_each(|place| assert!((place.iter().sum::<f32>() - 1.0).abs() < 1e-6));
    }
}
