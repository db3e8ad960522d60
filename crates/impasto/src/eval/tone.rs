//! How much of a painting's large-scale light and dark follows nothing in the content: blotches.
//!
//! L is the painting's luminance, averaged over 33×33 pixels, and C is the content's. A style may map
//! every lightness to another, but it should do so in the same way everywhere. So the pixels are
//! sorted into 16 groups of equal size by C, and
//!
//! tone = √(mean of (L − the mean of L in its group)²)
//!
//! for values in 0..1. It is 0 if L is a function of C, and 0.01 if it is off by about two and a half steps of 8 bits.
//! The content itself is the control: its own value comes from the width of the groups.

use super::plane::Plane;
use super::same_size;
use crate::{Picture, Result};

/// Side of the square that luminance is averaged over, in pixels.
const BLUR: usize = 33;
/// Number of groups of lightness.
const GROUPS: usize = 16;

/// Returns the root mean square of the part that the content's lightness does not explain.
///
/// # Errors
/// [`crate::ErrorKind::Mismatch`] if the two differ in size.
pub fn tone(painting: &Picture, content: &Picture) -> Result<f64> {
    same_size(painting, content)?;
    let painted = Plane::luminance(painting).blurred(BLUR).values;
    let light = Plane::luminance(content).blurred(BLUR).values;
    let mut order: Vec<usize> = (0..light.len()).collect();
    order.sort_by(|&a, &b| light[a].total_cmp(&light[b]));
    let mut unexplained = 0.0;
    for group in order.chunks(light.len().div_ceil(GROUPS).max(1)) {
        let mean = group.iter().map(|&at| painted[at]).sum::<f64>() / group.len() as f64;
        unexplained += group.iter().map(|&at| (painted[at] - mean).powi(2)).sum::<f64>();
    }
    Ok((unexplained / light.len().max(1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::tone;
    use crate::eval::tests::scattered;
    use crate::{ErrorKind, Picture};

    fn grey(value: impl Fn(usize, usize) -> f32) -> Picture {
        let pixel = |i: usize| [value(i % 128, i / 128); 3];
        Picture::from_rgb_f32([128, 96], (0..128 * 96).flat_map(pixel).collect()).unwrap()
    }

    #[test]
    fn a_curve_of_the_contents_lightness_is_no_blotch_and_a_spot_is() {
        let content = grey(|x, _| x as f32 / 128.0);
        let curve = tone(&grey(|x, _| 1.0 - x as f32 / 256.0), &content).unwrap();
        // The painting spans half of 0..1, and a group at most an eighth of that.
        // The rest is the variation within groups.
        assert!(curve < 0.012, "{curve}");
        let half = tone(&grey(|x, y| x as f32 / 128.0 * 0.5 + if y < 48 { 0.2 } else { 0.0 }), &content).unwrap();
        // Half of the pixels are 0.1 above their group's mean and half below; near
        // the blurred border between them, less.
        assert!((0.085..0.1).contains(&half), "{half}");
    }

    #[test]
    fn sizes_must_be_equal() {
        let error = tone(&scattered(20, 20, 1), &scattered(20, 21, 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
}
