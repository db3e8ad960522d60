//! Sums over a layer's features: all that styles are compared by, and all that is kept from tile to tile.

use crate::engine::Engine;
use crate::graph::Shape;

/// Pixels that are summed together.
const RUN: usize = 1024;

/// Weighted sums of features and of their products over pixels.
#[derive(Debug, Clone)]
pub(crate) struct Sums {
    weight: f64,
    first: Vec<f64>,
    /// `channels × channels`.
    second: Vec<f64>,
}

/// Means of features and of their products.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Statistics {
    /// The mean of each channel.
    pub(crate) mean: Vec<f64>,
    /// The mean product of each pair of channels, `channels × channels`: the Gram matrix over the number of pixels.
    pub(crate) second: Vec<f64>,
}

impl Sums {
    pub(crate) fn new(channels: usize) -> Self {
        Sums { weight: 0.0, first: vec![0.0; channels], second: vec![0.0; channels * channels] }
    }

    /// Returns the weight of all pixels together.
    pub(crate) fn weight(&self) -> f64 {
        self.weight
    }

    /// Adds a layer's features, with a weight for each pixel (1 without
    /// `weights`). `scratch` is as long as the features.
    pub(crate) fn add(
        &mut self,
        engine: &Engine,
        (features, shape): (&[f32], Shape),
        weights: Option<&[f32]>,
        scratch: &mut [f32],
    ) {
        let channels = shape.channels;
        let weighted = match weights {
            None => features,
            Some(weights) => {
                engine.for_each_chunk(scratch, RUN * channels, |i, scratch| {
                    let pixels = features[i * RUN * channels..].chunks_exact(channels).zip(&weights[i * RUN..]);
                    for (target, (pixel, weight)) in scratch.chunks_exact_mut(channels).zip(pixels) {
                        target.iter_mut().zip(pixel).for_each(|(t, p)| *t = weight * p);
                    }
                });
                &*scratch
            }
        };
        self.weight += match weights {
            None => (shape.height * shape.width) as f64,
            Some(weights) => weights.iter().map(|&w| f64::from(w)).sum(),
        };
        let products = engine.products((features, shape), weighted);
        self.second.iter_mut().zip(products).for_each(|(sum, v)| *sum += f64::from(v));
        // Each run has its own sums, so that the bytes do not depend on the number of threads.
        let mut partials = vec![0.0; weighted.len().div_ceil(RUN * channels) * channels];
        engine.for_each_chunk(&mut partials, channels, |i, sums| {
            for pixel in weighted[i * RUN * channels..].chunks_exact(channels).take(RUN) {
                sums.iter_mut().zip(pixel).for_each(|(sum, v)| *sum += v);
            }
        });
        for partial in partials.chunks_exact(channels) {
            self.first.iter_mut().zip(partial).for_each(|(sum, &v)| *sum += f64::from(v));
        }
    }

    /// Returns the statistics; `None` if no pixel has weight.
    pub(crate) fn statistics(&self) -> Option<Statistics> {
        if self.weight <= 0.0 {
            return None;
        }
        let share = |values: &[f64]| values.iter().map(|v| v / self.weight).collect();
        Some(Statistics { mean: share(&self.first), second: share(&self.second) })
    }
}

impl Statistics {
    /// Returns the statistics of a mixture of pictures, with these shares.
    pub(crate) fn mixture(parts: &[(f64, Statistics)]) -> Option<Statistics> {
        let total: f64 = parts.iter().map(|(share, _)| share).sum();
        let (_, first) = parts.first()?;
        let mut mixed = Statistics { mean: vec![0.0; first.mean.len()], second: vec![0.0; first.second.len()] };
        for (share, part) in parts {
            mixed.mean.iter_mut().zip(&part.mean).for_each(|(m, v)| *m += share / total * v);
            mixed.second.iter_mut().zip(&part.second).for_each(|(m, v)| *m += share / total * v);
        }
        Some(mixed)
    }

    /// Returns the number of channels.
    pub(crate) fn channels(&self) -> usize {
        self.mean.len()
    }

    /// Returns the variance of a channel. Rounding never makes it negative.
    pub(crate) fn variance(&self, channel: usize) -> f64 {
        (self.second[channel * (self.channels() + 1)] - self.mean[channel].powi(2)).max(0.0)
    }
}
