//! Which parts of a picture have which style.

use super::StylePicture;
use crate::picture::{Mask, Plane};
use crate::{Error, ErrorKind, Result, Size};

/// The regions of a picture. Each has the indices of the styles that it is painted in, and their weights.
#[derive(Debug)]
pub(super) struct Regions {
    /// The picture's size, in whose pixels masks' feathers are measured.
    size: Size,
    masks: Vec<Mask>,
    /// The styles of each mask's region, then of the rest.
    styles: Vec<Vec<(usize, f64)>>,
    /// Whether there are styles for the rest.
    rest: bool,
}

impl Regions {
    /// Gives every style with a mask its own region; the other styles share the rest.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if there are no styles, or a weight is not positive; [`ErrorKind::Mismatch`] if a
    /// mask has other proportions than the picture.
    pub(super) fn new(styles: &[StylePicture], size: impl Into<Size>) -> Result<Self> {
        let size = size.into();
        let invalid = |text: String| Error::new(ErrorKind::InvalidArgument, text);
        if styles.is_empty() {
            return Err(invalid("there is no style picture to take a style from; give at least one".into()));
        }
        let mut regions = Regions { size, masks: Vec::new(), styles: Vec::new(), rest: false };
        let mut others = Vec::new();
        for (i, style) in styles.iter().enumerate() {
            let weight = f64::from(style.weight);
            if !weight.is_finite() || weight <= 0.0 {
                return Err(invalid(format!("a style's weight of {weight} is out of range; give more than 0")));
            }
            match &style.mask {
                Some(mask) => {
                    mask.check_fits(size)?;
                    regions.masks.push(mask.clone());
                    regions.styles.push(vec![(i, weight)]);
                }
                None => others.push((i, weight)),
            }
        }
        if !others.is_empty() {
            regions.rest = true;
            regions.styles.push(others);
        }
        Ok(regions)
    }

    /// Returns the styles of each region, with their weights.
    pub(super) fn styles(&self) -> &[Vec<(usize, f64)>] {
        &self.styles
    }

    /// Returns each region's share of every pixel of a layer of this size; `None` if there are no masks.
    pub(super) fn shares(&self, layer: impl Into<Size>) -> Result<Option<Vec<Vec<f32>>>> {
        let Size { width, height } = layer.into();
        if self.masks.is_empty() {
            return Ok(None);
        }
        let scale = width as f32 / self.size.width as f32;
        let planes: Vec<Plane> = self.masks.iter().map(|mask| mask.plane([width, height], scale)).collect::<Result<_>>()?;
        let mut shares = vec![vec![0.0; width * height]; self.styles.len()];
        for y in 0..height {
            let row = y * width..(y + 1) * width;
            for (plane, share) in planes.iter().zip(&mut shares) {
                plane.row(y, height, &mut share[row.clone()]);
            }
            for at in row {
                let masked: f32 = shares[..planes.len()].iter().map(|share| share[at]).sum();
                // Overlapping masks share a pixel.
                shares[..planes.len()].iter_mut().for_each(|share| share[at] /= masked.max(1.0));
                if self.rest {
                    shares[planes.len()][at] = (1.0 - masked).max(0.0);
                }
            }
        }
        Ok(Some(shares))
    }
}
