//! Resizing a picture row by row, so that it never has to be in memory as a whole.

use super::super::zeros;
use crate::Result;

/// For each new position along an axis: the first old position in its window, and the weights from there on.
pub(in crate::picture) struct Axis(pub(in crate::picture) Vec<(usize, Vec<f32>)>);

impl Axis {
    /// A triangle two pixels wide (old or new ones, whichever are larger), with its tip on the center of the new pixel.
    pub(in crate::picture) fn new(from: usize, to: usize) -> Self {
        let scale = from as f64 / to as f64;
        let reach = scale.max(1.0);
        let positions = (0..to).map(|i| {
            let middle = (i as f64 + 0.5) * scale;
            // The casts saturate at the left border.
            let first = (middle - reach).max(0.0) as usize;
            let end = ((middle + reach).ceil() as usize).clamp(first + 1, from);
            let weights: Vec<f64> = (first..end).map(|at| (1.0 - (at as f64 + 0.5 - middle).abs() / reach).max(0.0)).collect();
            let sum: f64 = weights.iter().sum();
            (first, weights.iter().map(|w| (w / sum) as f32).collect())
        });
        Axis(positions.collect())
    }

    /// For more new positions than old ones: Keys' cubic (1981, with a = -1/2), smooth where triangles show facets.
    /// Otherwise the same as [`Axis::new`].
    pub(in crate::picture) fn smooth(from: usize, to: usize) -> Self {
        if to <= from {
            return Self::new(from, to);
        }
        let scale = from as f64 / to as f64;
        let cubic = |distance: f64| match distance.abs() {
            d if d < 1.0 => (1.5 * d - 2.5) * d * d + 1.0,
            d if d < 2.0 => ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0,
            _ => 0.0,
        };
        let positions = (0..to).map(|i| {
            let middle = (i as f64 + 0.5) * scale - 0.5;
            // The casts saturate at the left border.
            let (first, end) = ((middle.floor() - 1.0).max(0.0) as usize, ((middle.floor() + 3.0) as usize).min(from));
            let weights: Vec<f64> = (first..end).map(|at| cubic(at as f64 - middle)).collect();
            let sum: f64 = weights.iter().sum();
            (first, weights.iter().map(|w| (w / sum) as f32).collect())
        });
        Axis(positions.collect())
    }
}

/// Reads the rows of a picture of `CHANNELS` channels from top to bottom, and returns it at another size: bilinear,
/// antialiased, in the encoded values, as [`super::Resize::NETWORK`] (up to rounding).
pub(crate) struct Shrink<const CHANNELS: usize> {
    columns: Axis,
    rows: Axis,
    /// Number of old rows read.
    taken: usize,
    /// Number of new rows done.
    done: usize,
    /// New rows that are being summed, at the old width: the first one is row `done`.
    sums: Vec<Vec<f32>>,
    out: Vec<f32>,
}

impl<const CHANNELS: usize> Shrink<CHANNELS> {
    /// From one width and height to another; all of them above 0.
    pub(crate) fn new(from: [usize; 2], to: [usize; 2]) -> Self {
        Shrink {
            columns: Axis::new(from[0], to[0]),
            rows: Axis::new(from[1], to[1]),
            taken: 0,
            done: 0,
            sums: Vec::new(),
            out: Vec::new(),
        }
    }

    /// Adds the next row.
    pub(crate) fn add(&mut self, row: &[f32]) -> Result<()> {
        // Vertically first: whole rows at a time, each into two or three new ones.
        let reached = self.rows.0[self.done..].iter().take_while(|(first, _)| *first <= self.taken).count();
        while self.sums.len() < reached {
            self.sums.push(zeros(row.len())?);
        }
        for ((first, weights), sums) in self.rows.0[self.done..].iter().zip(&mut self.sums) {
            if let Some(&weight) = weights.get(self.taken - first) {
                sums.iter_mut().zip(row).for_each(|(sum, v)| *sum += weight * v);
            }
        }
        self.taken += 1;
        while let Some((first, weights)) = self.rows.0.get(self.done)
            && first + weights.len() <= self.taken
            && !self.sums.is_empty()
        {
            let sums = self.sums.remove(0);
            for (first, weights) in &self.columns.0 {
                let mut pixel = [0.0f32; CHANNELS];
                for (weight, values) in weights.iter().zip(sums[first * CHANNELS..].as_chunks::<CHANNELS>().0) {
                    pixel.iter_mut().zip(values).for_each(|(sum, v)| *sum += weight * v);
                }
                self.out.extend(pixel.map(|v| v.clamp(0.0, 1.0)));
            }
            self.done += 1;
        }
        Ok(())
    }

    /// Returns the new rows that were finished since the last call. Once all rows have been added, these are all that
    /// remain.
    pub(crate) fn done(&mut self) -> Vec<f32> {
        std::mem::take(&mut self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::Shrink;
    use crate::picture::{Picture, Resize};

    #[test]
    fn it_agrees_with_the_resize_for_networks() {
        for (from, to) in
            [([64, 48], [32, 24]), ([101, 67], [13, 9]), ([300, 7], [128, 3]), ([5, 400], [1, 80]), ([9, 9], [20, 11])]
        {
            let [width, height] = from;
            let values: Vec<f32> = (0..width * height * 3).map(|i| (i as f32 * 0.7).sin() * 0.5 + 0.5).collect();
            let picture = Picture::from_rgb_f32([width, height], values).unwrap();
            let expected = picture.resized(to, Resize::NETWORK).unwrap();
            let mut shrink = Shrink::<3>::new(from, to);
            picture.rgb().chunks_exact(width * 3).for_each(|row| shrink.add(row).unwrap());
            let found = shrink.done();
            assert_eq!(found.len(), expected.rgb().len(), "{from:?} to {to:?}");
            let error = found.iter().zip(expected.rgb()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(error < 2e-5, "{from:?} to {to:?}: off by {error}");
        }
    }
}
