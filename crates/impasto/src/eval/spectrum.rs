//! What a painter makes of a smooth gradient: rings along the steps of 8 bits, and waves.
//!
//! [`banding`](super::banding) compares how rough two paintings are, so noise can hide rings from it.
//! These two measures look for order instead:
//!
//! - *rings*: the content is the gradient of [`banding`](super::banding) at 8 bits. f is the painting's luminance minus
//!   its mean over 9×9, without 32 pixels at every border. The phase of a pixel is the position of the ideal gradient
//!   between two steps of 8 bits, in 16 groups. Rings are the share of f's variance that the phase explains (the R² of
//!   16 means), for the channel where it explains most: 0 to 1. Chance gives 15 / pixels.
//! - *waves*: the content is the gradient at 16 bits. f is the luminance minus its mean over 65×65, in the middle
//!   256×256 pixels, under a Hann window. The painting is used as it is, because rounding it to 8 bits would add steps.
//!   Waves are the share of the power in the 16 strongest of the 65,536 frequencies, without those below 4 periods per
//!   window in both directions. They are near 0 for disorder, near 1 for stripes.

use std::f64::consts::TAU;

use super::banding::{at_16_bits, gradient};
use super::plane::Plane;
use super::seen::at_8_bits;
use super::shifts::Paint;
use super::{explained, same_size};
use crate::{Picture, Result};

const MARGIN: usize = 32;
const PHASES: usize = 16;
const SIDE: usize = 256;
/// Frequencies with fewer periods per window than this are composition, not texture.
const SLOWEST: usize = 4;
/// A smaller deviation of the luminance is no texture. It is a fortieth of a step of 8 bits,
/// more than 16 bits leave on a plain surface.
const FAINT: f64 = 1e-4;
/// How many frequencies count as strongest. Each wave has two, and the window spreads it over neighbors.
const STRONGEST: usize = 16;

/// Order in paintings of a smooth gradient.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Spectrum {
    /// Share of fine contrast that follows the steps of 8 bits.
    pub rings: f64,
    /// Share of the texture's power in its strongest frequencies.
    pub waves: f64,
}

/// Measures paintings of the gradient at 8 and at 16 bits.
///
/// # Errors
/// As the closure; [`crate::ErrorKind::Mismatch`] if it returns another size.
pub fn spectrum(paint: &mut Paint<'_>) -> Result<Spectrum> {
    let ideal = gradient()?;
    let mut painted = |content: &Picture| -> Result<Plane> {
        let painting = paint(content)?;
        same_size(&painting, content)?;
        Ok(Plane::luminance(&painting))
    };
    let rings = rings(&painted(&at_8_bits(&ideal)?)?, &ideal);
    let waves = waves(&painted(&at_16_bits(&ideal)?)?);
    Ok(Spectrum { rings, waves })
}

fn rings(painted: &Plane, ideal: &Picture) -> f64 {
    let fine = painted.fine(9);
    let inside = || (MARGIN..fine.height - MARGIN).flat_map(|y| (MARGIN..fine.width - MARGIN).map(move |x| y * fine.width + x));
    let share = |channel: usize| {
        let phase = |at: usize| {
            let steps = f64::from(ideal.rgb()[at * 3 + channel]) * 255.0 + 0.5;
            ((steps.fract() * PHASES as f64) as usize).min(PHASES - 1)
        };
        explained(inside().map(|at| (phase(at), fine.values[at])), PHASES)
    };
    (0..3).map(share).fold(0.0, f64::max)
}

fn waves(painted: &Plane) -> f64 {
    let fine = painted.fine(65);
    let (left, top) = ((fine.width - SIDE) / 2, (fine.height - SIDE) / 2);
    let hann: Vec<f64> = (0..SIDE).map(|i| 0.5 - 0.5 * (TAU * (i as f64 + 0.5) / SIDE as f64).cos()).collect();
    let window = |i: usize| fine.values[(top + i / SIDE) * fine.width + left + i % SIDE] * hann[i / SIDE] * hann[i % SIDE];
    let mut power = power((0..SIDE * SIDE).map(window).collect());
    let slow = |k: usize| k.min(SIDE - k) < SLOWEST;
    power.iter_mut().enumerate().filter(|(i, _)| slow(i / SIDE) && slow(i % SIDE)).for_each(|(_, p)| *p = 0.0);
    let whole: f64 = power.iter().sum();
    power.sort_unstable_by(|a, b| b.total_cmp(a));
    // By Parseval's theorem, the power of a texture with this deviation, under the window's Σ hann² = (3/8 · 256)².
    let faint = FAINT.powi(2) * (0.375 * SIDE as f64).powi(2) * (SIDE * SIDE) as f64;
    if whole < faint { 0.0 } else { power[..STRONGEST].iter().sum::<f64>() / whole }
}

/// |F|² of a square of values, F their discrete Fourier transform.
fn power(values: Vec<f64>) -> Vec<f64> {
    let turns: Vec<[f64; 2]> = (0..SIDE).map(|i| (TAU * i as f64 / SIDE as f64).sin_cos()).map(|(s, c)| [c, -s]).collect();
    // Transforms one direction and transposes. Done twice, it transforms both, the right way round.
    let transform = |values: &[[f64; 2]]| -> Vec<[f64; 2]> {
        let mut out = vec![[0.0; 2]; SIDE * SIDE];
        for (y, row) in values.chunks_exact(SIDE).enumerate() {
            for k in 0..SIDE {
                let (mut re, mut im) = (0.0, 0.0);
                for (x, [a, b]) in row.iter().enumerate() {
                    let [c, s] = turns[k * x % SIDE];
                    re += a * c - b * s;
                    im += a * s + b * c;
                }
                out[k * SIDE + y] = [re, im];
            }
        }
        out
    };
    let values: Vec<[f64; 2]> = values.into_iter().map(|v| [v, 0.0]).collect();
    transform(&transform(&values)).into_iter().map(|[re, im]| re * re + im * im).collect()
}

#[cfg(test)]
mod tests {
    use super::{SIDE, power, spectrum};
    use crate::eval::plane::Plane;
    use crate::{ErrorKind, Picture};

    fn add(picture: &Picture, value: impl Fn(usize, usize) -> f32) -> Picture {
        let (mut painted, width) = (picture.clone(), picture.width());
        let pixels = painted.rgb_mut().chunks_exact_mut(3).enumerate();
        pixels.for_each(|(i, pixel)| pixel.iter_mut().for_each(|v| *v += value(i % width, i / width)));
        painted
    }

    fn noise(x: usize, y: usize) -> f32 {
        let mut z = (x * 7919 + y) as u64;
        z = (z ^ (z >> 30)).wrapping_add(0x9e37_79b9).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % 1000) as f32 / 1000.0 - 0.5
    }

    #[test]
    fn noise_has_no_order_and_does_not_hide_rings_or_waves() {
        let plain = spectrum(&mut |picture: &Picture| Ok(add(picture, |x, y| 0.1 * noise(x, y)))).unwrap();
        assert!(plain.rings < 0.01 && plain.waves < 0.01, "{plain:?}");
        // Every step of 8 bits is 12 times as high, under some noise.
        let ringed = spectrum(&mut |picture: &Picture| {
            let fine = Plane::luminance(picture).fine(9).values;
            Ok(add(picture, |x, y| 12.0 * fine[y * picture.width() + x] as f32 + 0.02 * noise(x, y)))
        });
        assert!(ringed.unwrap().rings > 10.0 * plain.rings);
        let striped =
            spectrum(&mut |picture: &Picture| Ok(add(picture, |x, y| 0.02 * (x as f32 * 0.785).sin() + 0.02 * noise(x, y))));
        let striped = striped.unwrap();
        assert!(striped.waves > 0.5 && striped.rings < 0.1, "{striped:?}");
    }

    #[test]
    fn a_copy_has_no_waves_and_another_size_is_refused() {
        assert!(spectrum(&mut |picture: &Picture| Ok(picture.clone())).unwrap().waves < 1e-9);
        let error = spectrum(&mut |_: &Picture| Picture::from_rgb8([8, 8], &[0; 192])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }

    #[test]
    fn power_is_that_of_a_cosine_and_keeps_the_sum() {
        let values: Vec<f64> = (0..SIDE * SIDE)
            .map(|i| (std::f64::consts::TAU * (3 * (i % SIDE) + 5 * (i / SIDE)) as f64 / SIDE as f64).cos())
            .collect();
        let squares: f64 = values.iter().map(|v| v * v).sum();
        let power = power(values);
        let half = (SIDE * SIDE / 2) as f64;
        assert!((power[5 * SIDE + 3] / half.powi(2) - 1.0).abs() < 1e-9);
        // Parseval.
        assert!((power.iter().sum::<f64>() / (SIDE * SIDE) as f64 / squares - 1.0).abs() < 1e-9);
    }
}
