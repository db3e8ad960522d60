//! Style loss: compares statistics of features with those of the style picture.

use super::wasserstein::Wasserstein;
use crate::engine::Engine;
use crate::graph::Shape;
use crate::optimizer::StyleLoss;
use crate::optimizer::sums::Statistics;

/// Added to variances, so that roots have derivatives even where features are constant.
const EPSILON: f64 = 1e-5;

/// The style picture's statistics in one layer, ready for comparison.
#[derive(Debug)]
pub(crate) struct Target {
    statistics: Statistics,
    way: Way,
}

#[derive(Debug)]
enum Way {
    Gram,
    Moments,
    Wasserstein(Wasserstein),
}

/// The derivative with respect to a pixel's features `f`: `weight · (matrix · f + shift)`. The matrix is symmetric.
#[derive(Debug)]
pub(crate) struct Slope {
    matrix: Vec<f32>,
    shift: Vec<f32>,
}

impl Target {
    pub(crate) fn new(loss: StyleLoss, statistics: Statistics) -> Self {
        let way = match loss {
            StyleLoss::Gram => Way::Gram,
            StyleLoss::Moments => Way::Moments,
            StyleLoss::Wasserstein => Way::Wasserstein(Wasserstein::new(&statistics)),
        };
        Target { statistics, way }
    }

    /// Returns the distance of a picture's statistics from the style's, relative to the style's own size, and its
    /// derivative with respect to the picture's features. The derivative is multiplied by `scale`, and divided by
    /// `weight`, the sum of all pixels' weights.
    pub(crate) fn compare(&self, own: &Statistics, scale: f64, weight: f64) -> (f64, Slope) {
        let channels = own.channels();
        let style = &self.statistics;
        let mut by_mean = vec![0.0; channels];
        // With respect to the symmetric matrix of second moments.
        let mut by_second = vec![0.0; channels * channels];
        let value = match &self.way {
            Way::Gram => {
                let size = squares(&style.second).max(EPSILON * EPSILON);
                for ((by, a), b) in by_second.iter_mut().zip(&own.second).zip(&style.second) {
                    *by = 2.0 * (a - b) / size;
                }
                own.second.iter().zip(&style.second).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / size
            }
            Way::Moments => {
                let deviation = |s: &Statistics, c: usize| (s.variance(c) + EPSILON).sqrt();
                let size = (0..channels).map(|c| style.mean[c].powi(2) + deviation(style, c).powi(2)).sum::<f64>();
                let mut value = 0.0;
                for (c, by_mean) in by_mean.iter_mut().enumerate() {
                    let own_deviation = deviation(own, c);
                    let (mean, spread) = (own.mean[c] - style.mean[c], own_deviation - deviation(style, c));
                    value += (mean * mean + spread * spread) / size;
                    by_second[c * (channels + 1)] = spread / (own_deviation * size);
                    *by_mean = 2.0 * (mean - own.mean[c] * spread / own_deviation) / size;
                }
                value
            }
            Way::Wasserstein(target) => target.compare(own, &mut by_mean, &mut by_second),
        };
        let slope = Slope {
            matrix: by_second.iter().map(|v| (2.0 * v * scale / weight) as f32).collect(),
            shift: by_mean.iter().map(|v| (v * scale / weight) as f32).collect(),
        };
        (value, slope)
    }
}

impl Slope {
    /// Adds the derivative to a gradient. `weights` has a weight for each pixel, 1 if
    /// absent; `scratch` is as long as the features.
    pub(crate) fn add(
        &self,
        engine: &Engine,
        (features, shape): (&[f32], Shape),
        weights: Option<&[f32]>,
        gradient: &mut [f32],
        scratch: &mut [f32],
    ) {
        const RUN: usize = 1024;
        let channels = shape.channels;
        engine.map_pixels((features, shape), &self.matrix, &self.shift, scratch);
        engine.for_each_chunk(gradient, RUN * channels, |i, gradient| {
            let found = &scratch[i * RUN * channels..];
            match weights {
                None => gradient.iter_mut().zip(found).for_each(|(g, f)| *g += f),
                Some(weights) => {
                    let pixels = found.chunks_exact(channels).zip(&weights[i * RUN..]);
                    for (target, (pixel, weight)) in gradient.chunks_exact_mut(channels).zip(pixels) {
                        target.iter_mut().zip(pixel).for_each(|(g, f)| *g += weight * f);
                    }
                }
            }
        });
    }
}

fn squares(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum()
}
