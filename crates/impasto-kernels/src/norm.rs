//! An instance norm by itself, and its gradients. Learning needs these; for painting,
//! norms are pending on a [`crate::Source`].
//!
//! With the mean `m` and the biased variance `v` of a channel over the picture,
//! `y = (x - m) / sqrt(v + epsilon) * scale + shift`.

use crate::isa::Isa;
use crate::simd::{Simd, SimdOp};
use crate::stage::Affine;
use crate::statistics::Statistics;

/// Pixels that are summed in float32 before the sums are added in float64.
const RUN: usize = 256;

/// Gradients of an instance norm with respect to its own numbers, one of each per channel.
#[derive(Debug, Clone, PartialEq)]
pub struct NormGradient {
    /// With respect to the scale.
    pub scale: Vec<f32>,
    /// With respect to the shift.
    pub shift: Vec<f32>,
}

/// Writes `x * scale + shift` for each channel. If `rectify`, negative results become 0.
///
/// # Panics
/// If lengths do not fit together.
pub fn apply(isa: Isa, x: &[f32], map: Affine<'_>, rectify: bool, y: &mut [f32]) {
    let channels = map.scale.len();
    assert!(x.len() == y.len() && x.len().is_multiple_of(channels) && map.shift.len() == channels, "a norm of another size");
    let low = if rectify { 0.0 } else { f32::NEG_INFINITY };
    isa.run(Apply { x, map, low, y });
}

/// Replaces the gradient with respect to a norm's output (before anything that follows it) by the gradient with respect
/// to its input `x`. Returns the gradients with respect to scale and shift. `statistics` are those of `x`, which the
/// norm uses, so the gradient goes through them.
///
/// # Panics
/// If lengths do not fit together.
pub fn gradient(isa: Isa, x: &[f32], statistics: &Statistics, epsilon: f32, scale: &[f32], gradient: &mut [f32]) -> NormGradient {
    let channels = scale.len();
    assert!(x.len() == gradient.len() && x.len().is_multiple_of(channels) && statistics.mean.len() == channels);
    let pixels = (x.len() / channels) as f64;
    let Statistics { mean, variance } = statistics;
    let roots: Vec<f64> = variance.iter().map(|&v| (f64::from(v) + f64::from(epsilon)).sqrt().recip()).collect();
    let [sums, products] = isa.run(Sums { x, mean, gradient });
    // The sums of g · (x - m) / √(v + ε).
    let by_scale: Vec<f64> = products.iter().zip(&roots).map(|(product, root)| product * root).collect();
    // With n the normalized input and s = scale / √(v + ε), this is dx = s (g - mean(g) - n ·
    // mean(g · n)), a linear map of g and x.
    let by_gradient: Vec<f32> = scale.iter().zip(&roots).map(|(&scale, root)| (f64::from(scale) * root) as f32).collect();
    let mut by_input = vec![0.0; channels];
    let mut constant = vec![0.0; channels];
    for c in 0..channels {
        let step = f64::from(scale[c]) * roots[c];
        let slope = -step * roots[c] * by_scale[c] / pixels;
        by_input[c] = slope as f32;
        constant[c] = (-step * sums[c] / pixels - slope * f64::from(mean[c])) as f32;
    }
    isa.run(Combine { x, by_gradient: &by_gradient, by_input: &by_input, constant: &constant, gradient });
    let rounded = |values: Vec<f64>| values.into_iter().map(|v| v as f32).collect();
    NormGradient { scale: rounded(by_scale), shift: rounded(sums) }
}

struct Apply<'a> {
    x: &'a [f32],
    map: Affine<'a>,
    low: f32,
    y: &'a mut [f32],
}

impl SimdOp for Apply<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, _: S) {
        let Apply { x, map: Affine { scale, shift }, low, y } = self;
        let channels = scale.len();
        for (y, x) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for c in 0..channels {
                y[c] = (x[c] * scale[c] + shift[c]).max(low);
            }
        }
    }
}

/// Sums of `g` and of `g · (x - m)`, by channel.
struct Sums<'a> {
    x: &'a [f32],
    mean: &'a [f32],
    gradient: &'a [f32],
}

impl SimdOp for Sums<'_> {
    type Output = [Vec<f64>; 2];

    #[inline(always)]
    fn eval<S: Simd>(self, _: S) -> [Vec<f64>; 2] {
        let Sums { x, mean, gradient } = self;
        let channels = mean.len();
        let mut totals = [vec![0.0f64; channels], vec![0.0f64; channels]];
        let mut sums = vec![0.0f32; channels];
        let mut products = vec![0.0f32; channels];
        for (x, gradient) in x.chunks(RUN * channels).zip(gradient.chunks(RUN * channels)) {
            sums.fill(0.0);
            products.fill(0.0);
            for (x, g) in x.chunks_exact(channels).zip(gradient.chunks_exact(channels)) {
                for c in 0..channels {
                    sums[c] += g[c];
                    products[c] += g[c] * (x[c] - mean[c]);
                }
            }
            for c in 0..channels {
                totals[0][c] += f64::from(sums[c]);
                totals[1][c] += f64::from(products[c]);
            }
        }
        totals
    }
}

struct Combine<'a> {
    x: &'a [f32],
    by_gradient: &'a [f32],
    by_input: &'a [f32],
    constant: &'a [f32],
    gradient: &'a mut [f32],
}

impl SimdOp for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, _: S) {
        let Combine { x, by_gradient, by_input, constant, gradient } = self;
        let channels = by_gradient.len();
        for (g, x) in gradient.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
            for c in 0..channels {
                g[c] = g[c] * by_gradient[c] + x[c] * by_input[c] + constant[c];
            }
        }
    }
}
