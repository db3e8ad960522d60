//! Crops of contents to learn on.

use super::LearnOptions;
use crate::networks::Numbers;
use crate::picture::Resize;
use crate::{Picture, Result, StylizeOptions};

/// Shorter side of a content, relative to the side of a crop. When a network paints, its norms take their statistics
/// from the whole picture, so a crop shows most of its content.
const SIDE: f32 = 4.0 / 3.0;

/// The contents, resized, and the order in which crops of them are drawn.
pub(super) struct Contents {
    pictures: Vec<Picture>,
    crop: usize,
    batch: usize,
    /// Whether each crop is drawn a second time, a few pixels to the side.
    moves: bool,
    /// How many crops have been drawn.
    pub(super) drawn: u64,
    seed: u64,
}

/// A square part of a content.
pub(super) struct Crop {
    /// The content's own pixels.
    pub(super) plain: Vec<f32>,
    /// `plain` with the grain that is added before painting.
    pub(super) grained: Vec<f32>,
    /// The crop a few pixels to the side, with its own grain and a camera's noise; empty if `moves` is false.
    pub(super) moved: Vec<f32>,
    /// How far `grained` shows the content to the right of and below where `moved` shows it, in pixels.
    pub(super) by: [isize; 2],
}

/// The longest step to the side, in pixels: the network's strides repeat after four.
const STEP: usize = 3;
/// Amplitude of a camera's noise: two steps of 8 bits.
const NOISE: f32 = 2.0 / 255.0;

impl Contents {
    pub(super) fn new(pictures: &[Picture], options: &LearnOptions) -> Result<Self> {
        let side = (options.crop as f32 * SIDE).round() as usize;
        let small = |picture: &Picture| -> Result<Picture> {
            let (width, height) = (picture.width(), picture.height());
            let scale = side as f32 / width.min(height) as f32;
            let size = [width, height].map(|length| ((length as f32 * scale).round() as usize).clamp(side, 4 * side));
            picture.resized(size, Resize::PHOTO)
        };
        let pictures = pictures.iter().map(small).collect::<Result<_>>()?;
        let (crop, batch, seed) = (options.crop, options.batch, options.seed);
        Ok(Contents { pictures, crop, batch, moves: options.steady_weight > 0.0, drawn: 0, seed })
    }

    /// Returns the contents at the size that they are cropped from.
    pub(super) fn pictures(&self) -> &[Picture] {
        &self.pictures
    }

    /// Draws the next batch.
    pub(super) fn draw(&mut self) -> Vec<Crop> {
        (0..self.batch).map(|_| self.crop()).collect()
    }

    fn crop(&mut self) -> Crop {
        // Each crop seeds its own random numbers, so a checkpoint needs only the number of crops drawn.
        let mut numbers = Numbers::seeded(self.seed.wrapping_add(self.drawn.wrapping_mul(0xd134_2543_de82_ef95)));
        self.drawn += 1;
        let mut unit = || numbers.next().unwrap_or(0.0);
        let picture = &self.pictures[below(self.pictures.len(), &mut unit)];
        let sides = [picture.width(), picture.height()];
        let from = sides.map(|length| below(length - self.crop + 1, &mut unit));
        let mirrored = below(2, &mut unit) == 1;
        let cut = |[x, y]: [usize; 2]| -> Vec<f32> {
            let rows = (y..y + self.crop).map(|row| &picture.rgb()[(row * picture.width() + x) * 3..][..self.crop * 3]);
            match mirrored {
                true => rows.flat_map(|row| row.rchunks_exact(3).flatten()).copied().collect(),
                false => rows.flatten().copied().collect(),
            }
        };
        let plain = cut(from);
        let reach = StylizeOptions::GRAIN / 255.0;
        let grained = with_noise(&plain, reach, &mut unit);
        let (mut moved, mut by) = (Vec::new(), [0; 2]);
        if self.moves {
            let mut there = from;
            for ((to, length), by) in there.iter_mut().zip(sides).zip(&mut by) {
                let reach = to.saturating_sub(STEP)..=(*to + STEP).min(length - self.crop);
                let step = reach.start() + below(reach.end() - reach.start() + 1, &mut unit);
                *by = step as isize - *to as isize;
                *to = step;
            }
            if mirrored {
                by[0] = -by[0];
            }
            moved = with_noise(&with_noise(&cut(there), NOISE, &mut unit), reach, &mut unit);
        }
        Crop { plain, grained, moved, by }
    }
}

/// Returns a random whole number below `count`.
fn below(count: usize, unit: &mut impl FnMut() -> f32) -> usize {
    ((unit() * count as f32) as usize).min(count - 1)
}

/// Adds uniform noise of this amplitude.
fn with_noise(values: &[f32], amplitude: f32, unit: &mut impl FnMut() -> f32) -> Vec<f32> {
    values.iter().map(|v| v + (2.0 * unit() - 1.0) * amplitude).collect()
}
