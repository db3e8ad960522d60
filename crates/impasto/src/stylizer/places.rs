//! What each place of a picture gets: which style, how strongly, and whether any of the painting.

use super::StylizeOptions;
use super::strength::Curve;
use crate::engine::Shares;
use crate::picture::Plane;
use crate::{Result, Size};

/// Masks, regions and strengths at one resolution. Styles are in the order of the regions, followed by the style that
/// gets the rest.
pub(super) struct Places {
    size: Size,
    mask: Option<Plane>,
    strength: f32,
    strength_mask: Option<Plane>,
    regions: Vec<Plane>,
    /// Whether a style gets what the regions leave.
    rest: bool,
}

/// One row of [`Places`].
#[derive(Default)]
struct Row {
    strength: Vec<f32>,
    /// Each style's share of each pixel. The shares sum to 1, or to less if no style gets the rest.
    shares: Vec<Vec<f32>>,
}

impl Places {
    /// Checks that the masks fit a picture of this size.
    pub(super) fn check(options: &StylizeOptions, size: Size) -> Result<()> {
        let masks = [&options.mask, &options.strength_mask].into_iter().flatten();
        let mut masks = masks.chain(options.regions.iter().map(|region| &region.mask));
        masks.try_for_each(|mask| mask.check_fits(size))
    }

    /// Makes places of `size` from options for a picture of size `content`.
    pub(super) fn new(options: &StylizeOptions, content: Size, size: Size) -> Result<Self> {
        let scale = size.long_side() as f32 / content.long_side() as f32;
        let plane = |mask: &crate::picture::Mask| {
            mask.check_fits(content)?;
            mask.plane(size, scale)
        };
        Ok(Places {
            size,
            mask: options.mask.as_ref().map(plane).transpose()?,
            strength: options.strength,
            strength_mask: options.strength_mask.as_ref().map(plane).transpose()?,
            regions: options.regions.iter().map(|region| plane(&region.mask)).collect::<Result<_>>()?,
            rest: !options.keep_outside,
        })
    }

    /// Writes how much of the painting covers each pixel of row `y`, if these curves say what strengths mean for the
    /// styles; see [`Places::covered`].
    pub(super) fn cover(&self, curves: &[Curve], y: usize, out: &mut [f32]) {
        let mut row = Row::default();
        self.read(y, &mut row);
        for (x, out) in out.iter_mut().enumerate() {
            // Each style counts as far as its strength paints at all.
            let strength = row.strength[x];
            let painted = row.shares.iter().zip(curves).map(|(shares, curve)| shares[x] * curve.place(strength).fade);
            *out = painted.sum::<f32>().min(1.0);
        }
        if let Some(mask) = &self.mask {
            let mut values = vec![0.0; self.size.width];
            mask.row(y, self.size.height, &mut values);
            out.iter_mut().zip(values).for_each(|(out, mask)| *out *= mask);
        }
    }

    /// Whether the painting fully covers the whole picture.
    pub(super) fn covered(&self, curves: &[Curve]) -> bool {
        self.mask.is_none()
            && self.strength_mask.is_none()
            && self.rest
            && curves.iter().all(|curve| curve.place(self.strength).fade >= 1.0)
    }

    /// Returns the shares of the styles at each place. With `mixes`, which rise from above 0 to 1, each style is there
    /// once for each mixture with the content's own style, which comes first. A strength between two mixtures is shared
    /// by both.
    pub(super) fn shares(&self, curves: &[Curve], mixes: &[f32]) -> Result<Shares> {
        let styles = if mixes.is_empty() { curves.len() } else { 1 + curves.len() * mixes.len() };
        let Size { width, height } = self.size;
        let mut weights = Vec::with_capacity(width * height * styles);
        let mut row = Row::default();
        for y in 0..height {
            self.read(y, &mut row);
            for x in 0..width {
                let shares = row.shares.iter().map(|shares| shares[x]);
                if mixes.is_empty() {
                    weights.extend(shares);
                    continue;
                }
                let own = weights.len();
                weights.push(0.0);
                for (share, curve) in shares.zip(curves) {
                    let place = curve.place(row.strength[x]).mix;
                    let mut below = 0.0;
                    let first = weights.len();
                    weights.resize(first + mixes.len(), 0.0);
                    for (i, &mix) in mixes.iter().enumerate() {
                        if place > mix {
                            below = mix;
                            continue;
                        }
                        let part = share * (place - below) / (mix - below);
                        weights[first + i] += part;
                        let before = if i == 0 { own } else { first + i - 1 };
                        weights[before] += share - part;
                        break;
                    }
                }
            }
        }
        Shares::new(self.size, styles, weights)
    }

    fn read(&self, y: usize, row: &mut Row) {
        let Size { width, height } = self.size;
        row.strength.resize(width, 0.0);
        row.strength.fill(self.strength);
        if let Some(mask) = &self.strength_mask {
            mask.row(y, height, &mut row.strength);
            row.strength.iter_mut().for_each(|v| *v *= self.strength);
        }
        row.shares.resize(self.regions.len() + usize::from(self.rest), Vec::new());
        row.shares.iter_mut().for_each(|shares| shares.resize(width, 1.0));
        for (region, shares) in self.regions.iter().zip(&mut row.shares) {
            region.row(y, height, shares);
        }
        for x in 0..width {
            let sum: f32 = row.shares[..self.regions.len()].iter().map(|shares| shares[x]).sum();
            if sum > 1.0 {
                // Overlapping regions share.
                row.shares[..self.regions.len()].iter_mut().for_each(|shares| shares[x] /= sum);
            }
            if self.rest {
                row.shares[self.regions.len()][x] = (1.0 - sum).max(0.0);
            }
        }
    }
}
