//! A loss for how much a painting changes with a small step to the side: `pan` and `noise` of
//! [`crate::eval::shifts`] while learning.

use crate::graph::Shape;

/// Width of the border that is not compared, in pixels, because paintings end differently
/// there. It is wider than a step to the side.
const MARGIN: usize = 16;
/// Added to the mean square, because the square root has no slope at 0.
const EPSILON: f64 = 1e-6;

/// Two paintings of one extent, and how far the content of the first is to the right of
/// and below that of the second, in pixels.
pub(super) struct Pair<'a> {
    pub(super) first: &'a [f32],
    pub(super) second: &'a [f32],
    pub(super) extent: Shape,
    pub(super) by: [isize; 2],
}

impl Pair<'_> {
    /// Returns the root mean square of the differences where both show the same content. Adds its
    /// derivatives times `weight` to the two gradients.
    pub(super) fn add(&self, weight: f64, [first, second]: [&mut [f32]; 2]) -> f64 {
        let Shape { height, width, channels } = self.extent;
        let [right, below] = self.by;
        let inner = |length: usize| MARGIN.min(length / 4)..length - MARGIN.min(length / 4);
        // For each row: where its compared columns begin in the first, where the second shows
        // the same, and their number of values.
        let rows = || {
            inner(height).map(|y| {
                let columns = inner(width);
                let other = y.saturating_add_signed(-below) * width + columns.start.saturating_add_signed(-right);
                ((y * width + columns.start) * channels, other * channels, columns.len() * channels)
            })
        };
        let count = (inner(height).len() * inner(width).len() * channels) as f64;
        let difference = |a: f32, b: f32| f64::from(a) - f64::from(b);
        let squares: f64 = rows()
            .map(|(a, b, length)| {
                let pairs = self.first[a..][..length].iter().zip(&self.second[b..][..length]);
                pairs.map(|(&a, &b)| difference(a, b).powi(2)).sum::<f64>()
            })
            .sum();
        let root = (squares / count + EPSILON).sqrt();
        let step = weight / (count * root);
        for (a, b, length) in rows() {
            for i in 0..length {
                let slope = (step * difference(self.first[a + i], self.second[b + i])) as f32;
                first[a + i] += slope;
                second[b + i] -= slope;
            }
        }
        root
    }
}

#[cfg(test)]
mod tests {
    use super::super::differences::{check, moved, scattered};
    use super::Pair;
    use crate::graph::Shape;

    const EXTENT: Shape = Shape { height: 48, width: 60, channels: 2 };

    fn add(first: &[f32], second: &[f32], by: [isize; 2], gradients: [&mut [f32]; 2]) -> f64 {
        Pair { first, second, extent: EXTENT, by }.add(3.0, gradients)
    }

    #[test]
    fn what_moves_with_its_content_is_steady() {
        let first = scattered(EXTENT.len(), 17);
        let value = |x: usize, y: usize, c: usize| first[(y * EXTENT.width + x) * EXTENT.channels + c];
        let aside = |right: usize, below: usize| -> Vec<f32> {
            let places = (0..EXTENT.height).flat_map(|y| (0..EXTENT.width).flat_map(move |x| [(x, y, 0), (x, y, 1)]));
            places.map(|(x, y, c)| value((x + right).min(EXTENT.width - 1), (y + below).min(EXTENT.height - 1), c)).collect()
        };
        let mut gradients = [vec![0.0; EXTENT.len()], vec![0.0; EXTENT.len()]];
        let [a, b] = &mut gradients;
        assert!(add(&first, &aside(3, 1), [3, 1], [a, b]) < 1.1e-3);
        assert!(add(&first, &aside(3, 1), [0, 0], [a, b]) > 0.1);
    }

    #[test]
    fn its_gradients_are_its_differences() {
        let [first, second, one, other] = [17, 29, 5, 11].map(|seed| scattered(EXTENT.len(), seed));
        for by in [[0, 0], [2, -3]] {
            let mut gradients = [vec![0.0; EXTENT.len()], vec![0.0; EXTENT.len()]];
            let [a, b] = &mut gradients;
            add(&first, &second, by, [a, b]);
            check(&gradients.concat(), &[&one[..], &other].concat(), &|step| {
                let unused = [&mut vec![0.0; EXTENT.len()][..], &mut vec![0.0; EXTENT.len()][..]];
                3.0 * add(&moved(&first, &one, step), &moved(&second, &other, step), by, unused)
            });
        }
    }
}
