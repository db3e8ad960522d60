//! Crops of contents to learn on.

use super::LearnOptions;
use crate::networks::Numbers;
use crate::picture::Resize;
use crate::{Picture, Result, StylizeOptions};

/// How much longer than a crop the shorter side of a content is. The norms take the statistics of a whole picture when they paint; so crops
/// show most of theirs.
const SIDE: f32 = 4.0 / 3.0;

/// Contents, small, and the order in which crops of them are drawn.
pub(super) struct Contents {
    pictures: Vec<Picture>,
    crop: usize,
    batch: usize,
    /// Drawn so far.
    pub(super) drawn: u64,
    seed: u64,
}

/// A square of a content.
pub(super) struct Crop {
    /// As it is.
    pub(super) plain: Vec<f32>,
    /// With the grain that paintings begin from.
    pub(super) grained: Vec<f32>,
}

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
        Ok(Contents { pictures, crop, batch, drawn: 0, seed })
    }

    /// Every content, as it is cropped.
    pub(super) fn pictures(&self) -> &[Picture] {
        &self.pictures
    }

    /// The next batch.
    pub(super) fn draw(&mut self) -> Vec<Crop> {
        (0..self.batch).map(|_| self.crop()).collect()
    }

    fn crop(&mut self) -> Crop {
        // Every crop has numbers of its own, so that how many were drawn is all there is to remember.
        let mut numbers = Numbers::seeded(self.seed.wrapping_add(self.drawn.wrapping_mul(0xd134_2543_de82_ef95)));
        self.drawn += 1;
        let mut unit = || numbers.next().unwrap_or(0.0);
        let mut below = |count: usize| ((unit() * count as f32) as usize).min(count - 1);
        let picture = &self.pictures[below(self.pictures.len())];
        let [x, y] = [picture.width(), picture.height()].map(|length| below(length - self.crop + 1));
        let mirrored = below(2) == 1;
        let mut plain = Vec::with_capacity(self.crop * self.crop * 3);
        for row in y..y + self.crop {
            let start = (row * picture.width() + x) * 3;
            let pixels = &picture.rgb()[start..start + self.crop * 3];
            if mirrored {
                plain.extend(pixels.rchunks_exact(3).flatten());
            } else {
                plain.extend(pixels);
            }
        }
        let reach = StylizeOptions::GRAIN / 255.0;
        let grained = plain.iter().map(|&v| v + (2.0 * unit() - 1.0) * reach).collect();
        Crop { plain, grained }
    }
}
