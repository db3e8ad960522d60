//! How much a painting changes when its content hardly does: a step to the side, noise, light.
//!
//! Each value is the root mean square of the differences between two paintings, for values in 0..1. Both are rounded to
//! 8 bits, and 32 pixels at every border do not count. 0 means that the painting stays the same. The photograph itself
//! changes by 0 (pan), 0.0048 (noise: √1.5 / 255, rounding included) and 1.5 % of its values (light).

use super::numbers::Numbers;
use super::seen::at_8_bits;
use crate::{Error, ErrorKind, Picture, Result};

/// Steps to the side, in pixels.
pub const PANS: [usize; 4] = [1, 2, 3, 4];
/// Width of the border that is not compared, in pixels.
const MARGIN: usize = 32;
/// Amplitude of the noise: two steps of 8 bits.
const NOISE: f64 = 2.0 / 255.0;
/// Factor by which the light increases.
const LIGHT: f32 = 1.015;

/// A closure that paints, always in the same style.
pub type Paint<'a> = dyn FnMut(&Picture) -> Result<Picture> + 'a;

/// How much a painting changes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Shifts {
    /// Between two crops of one photograph that are [`PANS`] pixels apart, where both show the same.
    pub pan: [f64; PANS.len()],
    /// Between a photograph and the same photograph with uniform noise of at most 2/255.
    pub noise: f64,
    /// Between a photograph and the same photograph 1.5 % brighter.
    pub light: f64,
}

/// Returns the part of a photograph that is painted: all but the last 4 columns, which pans need.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if there is nothing to compare: with fewer than 73 columns or 65 rows.
pub fn base(photo: &Picture) -> Result<Picture> {
    let (width, height, widest) = (photo.width(), photo.height(), PANS[PANS.len() - 1]);
    if width <= 2 * (MARGIN + widest) || height <= 2 * MARGIN {
        let text = format!(
            "a picture of {width}×{height} is too small: to measure shifts, it needs more than {}×{} pixels",
            2 * (MARGIN + widest),
            2 * MARGIN
        );
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    columns(&at_8_bits(photo)?, 0, width - widest)
}

/// Paints a photograph six more times. `painted` is the painting of its [`base()`], and `seed` decides the noise.
///
/// # Errors
/// As [`base()`], and as the closure; [`ErrorKind::Mismatch`] if the closure returns another size.
pub fn shifts(photo: &Picture, painted: &Picture, seed: u64, paint: &mut Paint<'_>) -> Result<Shifts> {
    let (base, photo) = (base(photo)?, at_8_bits(photo)?);
    let (width, height) = (base.width(), base.height());
    let painted = at_8_bits(painted)?;
    let mut paint = |picture: &Picture| -> Result<Picture> {
        let painting = at_8_bits(&paint(&at_8_bits(picture)?)?)?;
        if [painting.width(), painting.height()] == [width, height] {
            return Ok(painting);
        }
        let text =
            format!("the painting should have {width}×{height} pixels, but has {}×{}", painting.width(), painting.height());
        Err(Error::new(ErrorKind::Mismatch, text))
    };
    let mut pan = [0.0; PANS.len()];
    for (pan, step) in pan.iter_mut().zip(PANS) {
        let moved = paint(&columns(&photo, step, width)?)?;
        *pan = apart(&columns(&painted, step, width - step)?, &columns(&moved, 0, width - step)?);
    }
    let mut numbers = Numbers::new(seed);
    let mut noisy = base.clone();
    noisy.rgb_mut().iter_mut().for_each(|v| *v += ((numbers.unit() * 2.0 - 1.0) * NOISE) as f32);
    let mut lit = base.clone();
    lit.rgb_mut().iter_mut().for_each(|v| *v *= LIGHT);
    let (noise, light) = (apart(&painted, &paint(&noisy)?), apart(&painted, &paint(&lit)?));
    Ok(Shifts { pan, noise, light })
}

/// Returns `width` columns of a picture, from `left`.
fn columns(picture: &Picture, left: usize, width: usize) -> Result<Picture> {
    let rows = picture.rgb().chunks_exact(picture.width() * 3);
    let values = rows.flat_map(|row| &row[left * 3..(left + width) * 3]).copied().collect();
    Picture::from_rgb_f32([width, picture.height()], values)
}

/// Returns the root mean square of the differences between two pictures of one size, without the margin.
fn apart(a: &Picture, b: &Picture) -> f64 {
    let (width, height) = (a.width(), a.height());
    let (mut sum, mut count) = (0.0, 0);
    for y in MARGIN..height - MARGIN {
        let range = (y * width + MARGIN) * 3..((y + 1) * width - MARGIN) * 3;
        for (a, b) in a.rgb()[range.clone()].iter().zip(&b.rgb()[range]) {
            sum += (f64::from(*a) - f64::from(*b)).powi(2);
            count += 1;
        }
    }
    (sum / f64::from(count.max(1))).sqrt()
}

#[cfg(test)]
mod tests {
    use super::{base, shifts};
    use crate::eval::tests::scattered;
    use crate::{ErrorKind, Picture, Result};

    fn measured(photo: &Picture, mut paint: impl FnMut(&Picture) -> Result<Picture>) -> super::Shifts {
        let painted = paint(&base(photo).unwrap()).unwrap();
        shifts(photo, &painted, 1, &mut paint).unwrap()
    }

    #[test]
    fn a_photograph_changes_by_what_is_changed() {
        let photo = Picture::from_rgb8([132, 100], &[200; 132 * 100 * 3]).unwrap();
        let found = measured(&photo, |picture| Ok(picture.clone()));
        assert_eq!(found.pan, [0.0; 4]);
        // 200 · 1.015 = 203.
        assert!((found.light - 3.0 / 255.0).abs() < 1e-7, "{found:?}");
        // Uniform noise of ±2 is rounded to -2, -1, 0, 1, 2 with probabilities of 1/8, 1/4, 1/4, 1/4, 1/8.
        assert!((found.noise * 255.0 - 1.5f64.sqrt()).abs() < 0.02, "{found:?}");
        // A painter that copies moves with the content, so nothing changes here either.
        assert_eq!(measured(&scattered(132, 100, 3), |picture| Ok(picture.clone())).pan, [0.0; 4]);
    }

    #[test]
    fn a_pattern_that_stands_still_shows_when_one_pans() {
        // Every fourth column is brighter by 51/255.
        let paint = |picture: &Picture| {
            let mut painted = picture.clone();
            let width = painted.width();
            let lit = |i: usize| (i / 3 % width).is_multiple_of(4);
            painted.rgb_mut().iter_mut().enumerate().filter(|(i, _)| lit(*i)).for_each(|(_, v)| *v += 0.2);
            Ok(painted)
        };
        let photo = Picture::from_rgb8([132, 100], &[100; 132 * 100 * 3]).unwrap();
        let found = measured(&photo, paint);
        // Half of the columns differ, and about half of the 61 to 63 that are compared.
        found.pan[..3].iter().for_each(|pan| assert!((pan - 0.2 * 0.5f64.sqrt()).abs() < 0.002, "{found:?}"));
        assert_eq!(found.pan[3], 0.0);
    }

    #[test]
    fn small_pictures_and_other_sizes_are_refused() {
        let error = base(&scattered(72, 100, 1)).unwrap_err();
        assert!(error.to_string().contains("72×100"), "{error}");
        let photo = scattered(90, 80, 1);
        let painted = base(&photo).unwrap();
        let error = shifts(&photo, &painted, 1, &mut |_: &Picture| Ok(scattered(8, 8, 1))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
}
