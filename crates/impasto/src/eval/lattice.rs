//! How much of a painting's fine contrast its position modulo 4 explains: the lattice
//! that strided and up-sampling layers leave.
//!
//! f is the luminance minus its mean over 9×9 pixels. The *flat* half of the content are the pixels whose local
//! variance is at most the median: the pattern shows there. (The variance is the squared difference between luminance
//! and its mean over 17×17, averaged over 17×17.) Over these pixels,
//!
//! lattice4 = Σ n₍ₚ₎ (m₍ₚ₎ − m)² / Σ (f − m)²
//!
//! where m is the mean of f, and n₍ₚ₎ and m₍ₚ₎ are the number and the mean of its values at each of
//! the 16 positions modulo 4. It is the R² of 16 means: a share from 0 to 1. The content's own share
//! is the control; chance gives 15 / pixels.

use super::plane::{Plane, median};
use super::{explained, same_size};
use crate::{Picture, Result};

/// Period of the lattice in pixels.
const PERIOD: usize = 4;

/// Returns the share of a painting's fine contrast that is a lattice of 4×4 pixels, in the flat half of the content.
///
/// # Errors
/// [`crate::ErrorKind::Mismatch`] if the two differ in size.
pub fn lattice4(painting: &Picture, content: &Picture) -> Result<f64> {
    same_size(painting, content)?;
    let (fine, flat) = (Plane::luminance(painting).fine(9), flat(content));
    let phase = |at: usize| at / fine.width % PERIOD * PERIOD + at % fine.width % PERIOD;
    let chosen = fine.values.iter().enumerate().filter(|&(at, _)| flat[at]);
    Ok(explained(chosen.map(|(at, &v)| (phase(at), v)), PERIOD * PERIOD))
}

/// Returns whether each pixel is in the flat half.
pub(super) fn flat(content: &Picture) -> Vec<bool> {
    let mut variance = Plane::luminance(content).fine(17);
    variance.values.iter_mut().for_each(|v| *v *= *v);
    let variance = variance.blurred(17).values;
    let middle = median(&variance);
    variance.into_iter().map(|v| v <= middle).collect()
}

#[cfg(test)]
mod tests {
    use super::{flat, lattice4};
    use crate::eval::tests::scattered;
    use crate::{ErrorKind, Picture};

    #[test]
    fn shares_are_those_of_the_script() {
        let (painting, content) = (scattered(61, 47, 1), scattered(61, 47, 2));
        let found = [lattice4(&painting, &content).unwrap(), lattice4(&content, &content).unwrap()];
        // `artefacts.lattice` with `artefacts.blur` of the same pictures.
        for (found, stored) in found.into_iter().zip([0.006_589_924, 0.001_890_540]) {
            assert!((found - stored).abs() < 1e-5, "{found} {stored}");
        }
        assert_eq!(flat(&content).iter().filter(|&&flat| flat).count(), 61 * 47 / 2 + 1);
    }

    #[test]
    fn a_lattice_alone_is_all_of_it_and_stripes_of_another_period_are_little() {
        let stripes = |period: usize| {
            let value = |i: usize| if (i / 3 % 64).is_multiple_of(period) { 200 } else { 100 };
            Picture::from_rgb8([64, 64], &(0..64 * 64 * 3).map(value).collect::<Vec<_>>()).unwrap()
        };
        let content = Picture::from_rgb8([64, 64], &[128; 64 * 64 * 3]).unwrap();
        let (four, five) = (lattice4(&stripes(4), &content).unwrap(), lattice4(&stripes(5), &content).unwrap());
        // The blur's border does not belong to the lattice. Nor do differences in the blur's mean:
        // its 9 columns hold two stripes or three.
        assert!(four > 0.95 && five < 0.02, "{four} {five}");
        assert_eq!(lattice4(&content, &content).unwrap(), 0.0);
    }

    #[test]
    fn sizes_must_be_equal() {
        let error = lattice4(&scattered(20, 20, 1), &scattered(20, 21, 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
}
