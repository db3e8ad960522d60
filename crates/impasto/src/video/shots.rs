//! Cuts: where one shot ends and the next begins.

use super::motion::{Motion, Pyramid};
use crate::Result;
use crate::picture::rows::{self, Rows};

/// Longer side at which colors are counted.
const SIDE: usize = 96;
/// Histogram bins per channel.
const STEPS: usize = 4;
/// A cut is where this share of a frame was nowhere in the one before,
const UNMATCHED: f32 = 0.5;
/// and this share of its pixels has other colors;
const RECOLOURED: f32 = 0.2;
/// or where nearly nothing was there before.
const NOTHING: f32 = 0.85;

/// What is remembered of a frame for the next one.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    pub(super) pyramid: Pyramid,
    histogram: Vec<f32>,
}

/// How a frame follows from the one before.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) motion: Motion,
    /// Whether a new shot begins with this frame.
    pub(super) cut: bool,
}

impl Sight {
    pub(super) fn of(frame: &dyn Rows) -> Result<Self> {
        let small = rows::small(frame, SIDE)?;
        let mut histogram = vec![0.0; STEPS * STEPS * STEPS];
        let each = 1.0 / (small.width() * small.height()) as f32;
        for pixel in small.rgb().as_chunks::<3>().0 {
            // Each pixel counts in two neighboring bins, so that a little more light does not move all of a color at
            // once.
            let mut place = [(0, 0.0); 3];
            for (place, value) in place.iter_mut().zip(pixel) {
                let at = (value * STEPS as f32 - 0.5).clamp(0.0, (STEPS - 1) as f32);
                *place = (at as usize, at.fract());
            }
            for corner in 0..8 {
                let (mut index, mut share) = (0, each);
                for (axis, (at, part)) in place.iter().enumerate() {
                    let upper = corner >> axis & 1;
                    index = index * STEPS + (at + upper).min(STEPS - 1);
                    share *= if upper == 1 { *part } else { 1.0 - part };
                }
                histogram[index] += share;
            }
        }
        Ok(Sight { pyramid: Pyramid::of(frame)?, histogram })
    }

    /// How this frame follows from the one before.
    pub(super) fn step(&self, before: &Sight) -> Step {
        let motion = Motion::between(&before.pyramid, &self.pyramid);
        let differences = self.histogram.iter().zip(&before.histogram).map(|(a, b)| (a - b).abs());
        let recoloured = differences.sum::<f32>() / 2.0;
        let cut = motion.unmatched > UNMATCHED && recoloured > RECOLOURED || motion.unmatched > NOTHING;
        Step { motion, cut }
    }
}
