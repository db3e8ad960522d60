//! Content loss: compares a layer's features pixel by pixel with those of the content picture.

use std::ops::Range;

use crate::graph::Shape;
use crate::optimizer::ContentLoss;

/// Added to variances.
const EPSILON: f64 = 1e-5;

/// The content's features in one layer, for the whole picture.
#[derive(Debug)]
pub(crate) struct Target {
    loss: ContentLoss,
    extent: Shape,
    /// As the network computes them, or normalized.
    features: Vec<f32>,
    /// Mean square of each channel of `features`.
    squares: Vec<f64>,
}

/// Which of a tile's features belong to it, and where they are in the picture's features.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// Rows in the tile.
    pub(crate) rows: Range<usize>,
    /// Columns in the tile.
    pub(crate) columns: Range<usize>,
    /// Row and column of the tile's first feature in the picture's features.
    pub(crate) origin: [usize; 2],
}

/// Sums over the pixels for the features `x` and the target `t`, by channel.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    /// The sums of `x`, of `x²` and of `x·t`.
    sums: [Vec<f64>; 3],
}

/// The derivative with respect to a pixel's features: `by_target · t + by_own · x + shift`, by channel.
#[derive(Debug)]
pub(crate) struct Slope {
    by_target: Vec<f32>,
    by_own: Vec<f32>,
    shift: Vec<f32>,
}

impl Target {
    /// Makes a target of the features of the whole content picture.
    pub(crate) fn new(loss: ContentLoss, mut features: Vec<f32>, extent: Shape) -> Self {
        let channels = extent.channels;
        let count = (extent.height * extent.width) as f64;
        if loss == ContentLoss::Normalised {
            let [sums, squares] = totals(&features, channels);
            let mean: Vec<f64> = sums.iter().map(|sum| sum / count).collect();
            let scale: Vec<f64> = squares
                .iter()
                .zip(&mean)
                .map(|(square, mean)| ((square / count - mean * mean).max(0.0) + EPSILON).sqrt().recip())
                .collect();
            for pixel in features.chunks_exact_mut(channels) {
                for (c, v) in pixel.iter_mut().enumerate() {
                    *v = ((f64::from(*v) - mean[c]) * scale[c]) as f32;
                }
            }
        }
        let [_, squares] = totals(&features, channels);
        Target { loss, extent, features, squares: squares.into_iter().map(|v| v / count).collect() }
    }

    /// Returns how many bytes the features take.
    pub(crate) fn bytes(extent: Shape) -> u64 {
        4 * extent.len() as u64
    }

    pub(crate) fn sums(&self) -> Sums {
        Sums { sums: std::array::from_fn(|_| vec![0.0; self.extent.channels]) }
    }

    /// Returns pairs of a pixel's index in a tile's features and the target's features there.
    fn pairs<'a>(&'a self, tile: Shape, place: &'a Place) -> impl Iterator<Item = (usize, &'a [f32])> {
        let channels = self.extent.channels;
        place.rows.clone().flat_map(move |y| {
            place.columns.clone().map(move |x| {
                let at = (y + place.origin[0]) * self.extent.width + x + place.origin[1];
                ((y * tile.width + x) * channels, &self.features[at * channels..][..channels])
            })
        })
    }

    /// Adds a tile's features to the sums.
    pub(crate) fn add(&self, sums: &mut Sums, (features, tile): (&[f32], Shape), place: &Place) {
        let channels = self.extent.channels;
        let [own, squares, products] = &mut sums.sums;
        for (at, target) in self.pairs(tile, place) {
            for (c, (&x, &t)) in features[at..at + channels].iter().zip(target).enumerate() {
                let (x, t) = (f64::from(x), f64::from(t));
                own[c] += x;
                squares[c] += x * x;
                products[c] += x * t;
            }
        }
    }

    /// Returns the distance, and its derivative times `scale`.
    pub(crate) fn compare(&self, sums: &Sums, scale: f64) -> (f64, Slope) {
        let channels = self.extent.channels;
        let count = (self.extent.height * self.extent.width) as f64;
        let [own, squares, products] = sums.sums.each_ref().map(|sums| sums.iter().map(|v| v / count).collect::<Vec<f64>>());
        let mut slope = Slope { by_target: vec![0.0; channels], by_own: vec![0.0; channels], shift: vec![0.0; channels] };
        let value = match self.loss {
            ContentLoss::Features => {
                // |x - t|² / |t|², over all channels together.
                let size = self.squares.iter().sum::<f64>().max(EPSILON);
                let step = 2.0 * scale / (count * size);
                slope.by_target.fill(-step as f32);
                slope.by_own.fill(step as f32);
                (0..channels).map(|c| squares[c] - 2.0 * products[c] + self.squares[c]).sum::<f64>() / size
            }
            ContentLoss::Normalised => {
                // With u = v + ε, (x - m) / √u has the mean square v / u, and t has the mean 0.
                let share = scale / (channels as f64 * count);
                let mut value = 0.0;
                for c in 0..channels {
                    let variance = (squares[c] - own[c] * own[c]).max(0.0);
                    let u = variance + EPSILON;
                    value += variance / u + self.squares[c] - 2.0 * products[c] / u.sqrt();
                    let by_own = 2.0 * (EPSILON / (u * u) + products[c] / (u * u.sqrt())) * share;
                    slope.by_target[c] = (-2.0 / u.sqrt() * share) as f32;
                    slope.by_own[c] = by_own as f32;
                    slope.shift[c] = (-by_own * own[c]) as f32;
                }
                value / channels as f64
            }
        };
        (value, slope)
    }

    /// Adds the derivative with respect to a tile's features to their gradient.
    pub(crate) fn add_slope(&self, slope: &Slope, (features, tile): (&[f32], Shape), place: &Place, gradient: &mut [f32]) {
        let channels = self.extent.channels;
        for (at, target) in self.pairs(tile, place) {
            let pixels = gradient[at..at + channels].iter_mut().zip(&features[at..at + channels]).zip(target);
            for (c, ((g, x), t)) in pixels.enumerate() {
                *g += slope.by_target[c] * t + slope.by_own[c] * x + slope.shift[c];
            }
        }
    }
}

/// Returns the sums of the values and of their squares, by channel.
fn totals(features: &[f32], channels: usize) -> [Vec<f64>; 2] {
    let mut totals = [vec![0.0; channels], vec![0.0; channels]];
    for pixel in features.chunks_exact(channels) {
        for (c, &v) in pixel.iter().enumerate() {
            totals[0][c] += f64::from(v);
            totals[1][c] += f64::from(v) * f64::from(v);
        }
    }
    totals
}
