//! Steadiness: mixes a frame's painting with the last one, moved to where its pixels are now.

use std::sync::OnceLock;

use super::frame::Frame;
use super::motion::{Motion, Plane};
use crate::picture::rows::Rows;
use crate::picture::zeros;
use crate::{Result, Size};

/// Share of the last painting at full steadiness.
const MOST: f32 = 0.9;
/// Differences of luminance between a pixel and where it was that are no more than noise.
const NOISE: f32 = 2.5 / 255.0;
/// Differences from which it is something else.
const DIFFERENT: f32 = 10.0 / 255.0;
/// Pixels to either side over which differences are averaged.
const REACH: usize = 2;

/// Where each pixel of a frame was in the last one, and how much of the last painting is kept there.
#[derive(Debug)]
pub(super) struct Trace {
    motion: Motion,
    /// The share of the last painting, for each pixel.
    shares: Vec<f32>,
}

impl Trace {
    /// Compares a frame with the one before. `steady` is from 0 to 1.
    pub(super) fn new(before: &Frame, now: &Frame, motion: Motion, steady: f32) -> Result<Self> {
        let Size { width, height } = now.size();
        let (before, now) = (Plane::of(before)?, Plane::of(now)?);
        let mut off = zeros(width * height)?;
        let mut vectors = vec![[0.0; 2]; width];
        for (y, off) in off.chunks_exact_mut(width).enumerate() {
            motion.row(y, &mut vectors);
            for (x, ([dx, dy], off)) in vectors.iter().zip(off).enumerate() {
                let (from_x, from_y) = (x as f32 + dx, y as f32 + dy);
                let inside = from_x > -0.5 && from_y > -0.5 && from_x < width as f32 - 0.5 && from_y < height as f32 - 0.5;
                // Pixels that come in from beyond the border were nowhere before.
                *off = if inside { (now.values[y * width + x] - before.sample(from_x, from_y)).abs() } else { 1.0 };
            }
        }
        let mut shares = blurred(&off, width, REACH);
        for share in &mut shares {
            *share = steady * MOST * (1.0 - ((*share - NOISE) / (DIFFERENT - NOISE)).clamp(0.0, 1.0));
        }
        Ok(Trace { motion, shares })
    }

    /// Mixes rows of a painting, from `y` on, with the last painting, which has the same width.
    pub(super) fn apply(&self, last: &[f32], width: usize, y: usize, rows: &mut [f32]) {
        let height = last.len() / (width * 3);
        let mut vectors = vec![[0.0; 2]; width];
        for (y, row) in (y..).zip(rows.chunks_exact_mut(width * 3)) {
            self.motion.row(y, &mut vectors);
            let shares = &self.shares[y * width..][..width];
            for (x, (pixel, (&[dx, dy], &share))) in
                row.as_chunks_mut::<3>().0.iter_mut().zip(vectors.iter().zip(shares)).enumerate()
            {
                if share > 0.0 {
                    let old = sharp(last, [width, height], x as f32 + dx, y as f32 + dy);
                    pixel.iter_mut().zip(old).for_each(|(v, old)| *v += (old - *v) * share);
                }
            }
        }
    }
}

/// Returns means over squares; border values continue outward.
fn blurred(values: &[f32], width: usize, reach: usize) -> Vec<f32> {
    let height = values.len() / width;
    let mean = |line: &dyn Fn(usize) -> f32, length: usize, at: usize| {
        (0..=2 * reach).map(|i| line((at + i).saturating_sub(reach).min(length - 1))).sum::<f32>() / (2 * reach + 1) as f32
    };
    let mut across = Vec::with_capacity(values.len());
    for row in values.chunks_exact(width) {
        across.extend((0..width).map(|x| mean(&|x| row[x], width, x)));
    }
    let mut both = Vec::with_capacity(values.len());
    for y in 0..height {
        both.extend((0..width).map(|x| mean(&|y| across[y * width + x], height, y)));
    }
    both
}

/// Taps of the interpolation filter, along each axis.
const TAPS: usize = 6;
/// Steps into which a pixel is divided: finer ones are not visible.
const PHASES: usize = 64;
/// Lanczos's share of the filter; the rest is Lagrange's. See [`taps`].
const LANCZOS: f64 = 0.6;

/// Weights of the pixels around a position, for each step within a pixel.
///
/// A painting that moves by fractions of pixels is filtered again in every frame, so the filter must neither soften nor
/// sharpen: its effects add up. Between pixels, Lanczos's kernel with three lobes makes structures of four pixels 2 %
/// stronger, and Lagrange's polynomial through six points makes them 5 % weaker. This mixture stays within 1 %.
fn taps() -> &'static [[f32; TAPS]; PHASES + 1] {
    static ALL: OnceLock<[[f32; TAPS]; PHASES + 1]> = OnceLock::new();
    ALL.get_or_init(|| {
        std::array::from_fn(|phase| {
            let t = phase as f64 / PHASES as f64;
            // The pixels are at -2, -1, 0, 1, 2, 3.
            let place = |i: usize| i as f64 - 2.0;
            let sinc = |x: f64| if x.abs() < 1e-9 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
            let lanczos = |i: usize| sinc(t - place(i)) * sinc((t - place(i)) / 3.0);
            let sum: f64 = (0..TAPS).map(lanczos).sum();
            let lagrange = |i: usize| {
                let others = (0..TAPS).filter(|&j| j != i);
                others.map(|j| (t - place(j)) / (place(i) - place(j))).product::<f64>()
            };
            let mut weights: [f64; TAPS] = std::array::from_fn(|i| LANCZOS * lanczos(i) / sum + (1.0 - LANCZOS) * lagrange(i));
            // Lanczos's kernel reads ramps up to 0.02 pixels off. The two middle pixels correct this; otherwise a
            // painting that is moved again and again would drift.
            let off = t - (0..TAPS).map(|i| weights[i] * place(i)).sum::<f64>();
            weights[2] -= off;
            weights[3] += off;
            // Makes whole positions exact: drops what rounding leaves of zeros.
            weights.map(|weight| if weight.abs() < 1e-12 { 0.0 } else { weight as f32 })
        })
    })
}

/// Interpolates a value between pixels; border values continue outward.
fn sharp(rgb: &[f32], [width, height]: [usize; 2], x: f32, y: f32) -> [f32; 3] {
    let taps = taps();
    let (left, top) = (x.floor(), y.floor());
    let weights = |share: f32| &taps[(share * PHASES as f32).round() as usize];
    let (across, down) = (weights(x - left), weights(y - top));
    let place = |first: f32, i: usize, side: usize| (first as isize + i as isize - 2).clamp(0, side as isize - 1) as usize;
    let columns: [usize; TAPS] = std::array::from_fn(|i| place(left, i, width) * 3);
    let mut sum = [0.0; 3];
    for (i, down) in down.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
        let row = &rgb[place(top, i, height) * width * 3..][..width * 3];
        for (&column, across) in columns.iter().zip(across) {
            let weight = down * across;
            sum.iter_mut().zip(&row[column..column + 3]).for_each(|(sum, v)| *sum += weight * v);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::{blurred, sharp};

    #[test]
    fn whole_places_are_read_as_they_are_and_halves_between() {
        let rgb: Vec<f32> = (0..12 * 9).flat_map(|i| [(i % 12) as f32, (i / 12) as f32, 1.0]).collect();
        let read = |x, y| sharp(&rgb, [12, 9], x, y);
        assert_eq!(read(4.0, 3.0), [4.0, 3.0, 1.0]);
        for (x, y) in [(4.5, 3.0), (3.25, 3.5), (5.0, 4.75)] {
            let [r, g, b] = read(x, y);
            assert!((r - x).abs() < 0.01 && (g - y).abs() < 0.01 && (b - 1.0).abs() < 1e-5, "{r} {g} {b}");
        }
        assert_eq!(read(-9.0, -9.0), [0.0, 0.0, 1.0]);
        assert_eq!(read(99.0, 99.0), [11.0, 8.0, 1.0]);
    }

    #[test]
    fn moving_by_fractions_keeps_what_is_sharp() {
        // Waves of four pixels and longer, moved by half a pixel and mixed with the wave itself, again and again.
        for (length, share) in [(4.0, 0.45), (4.0, 0.9), (6.0, 0.9), (12.0, 0.9)] {
            let wave = |i: usize, x: usize| (std::f32::consts::TAU * (x as f32 - 0.5 * i as f32) / length).sin();
            let frame = |i: usize| -> Vec<f32> { (0..200).flat_map(|x| [wave(i, x); 3]).collect() };
            let mut last = frame(0);
            for i in 1..40 {
                let mut now = frame(i);
                for (x, pixel) in now.as_chunks_mut::<3>().0.iter_mut().enumerate() {
                    let old = sharp(&last, [200, 1], x as f32 - 0.5, 0.0);
                    pixel.iter_mut().zip(old).for_each(|(v, old)| *v += (old - *v) * share);
                }
                last = now;
            }
            let energy = |rgb: &[f32]| rgb[300..540].iter().map(|v| v * v).sum::<f32>();
            let kept = (energy(&last) / energy(&frame(39))).sqrt();
            assert!((kept - 1.0).abs() < 0.08, "waves of {length} pixels at a share of {share}: {kept}");
        }
    }

    #[test]
    fn means_keep_what_is_even() {
        assert!(blurred(&[0.25; 35], 7, 2).iter().all(|v| (v - 0.25).abs() < 1e-6));
        let spot: Vec<f32> = (0..49).map(|i| if i == 24 { 25.0 } else { 0.0 }).collect();
        let found = blurred(&spot, 7, 2);
        assert!((found[24] - 1.0).abs() < 1e-6 && (found[8] - 1.0).abs() < 1e-6 && found[7] == 0.0);
    }
}
