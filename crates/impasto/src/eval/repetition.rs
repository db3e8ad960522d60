//! How regularly a painting's texture repeats along rows and columns where the content is flat.
//!
//! f is the luminance minus its mean over 17×17 pixels, in the flat half of the content (as in
//! [lattice](super::lattice)). The autocorrelation at a step of d pixels to the right is
//!
//! r(d) = Σ f(x) f(x + d) / √(Σ f(x)² Σ f(x + d)²)
//!
//! over the pixels that are flat at both ends. Steps downward are measured the same way. For texture without order, r
//! falls to 0 within a stroke and stays there; for rows of strokes, it rises again. The repetition is the greatest r
//! from the first d where r is not above 0, up to 48 pixels, in the direction that has more: 0 to 1.

use super::lattice::flat;
use super::plane::Plane;
use super::same_size;
use crate::{Picture, Result};

/// The longest step, in pixels.
const LONGEST: usize = 48;
/// Steps with fewer pairs of pixels than this are ignored.
const LEAST: usize = 256;

/// Returns the greatest autocorrelation after the first stroke.
///
/// # Errors
/// [`crate::ErrorKind::Mismatch`] if the two differ in size.
pub fn repetition(painting: &Picture, content: &Picture) -> Result<f64> {
    same_size(painting, content)?;
    let (fine, flat) = (Plane::luminance(painting).fine(17), flat(content));
    Ok([[1, 0], [0, 1]].into_iter().map(|step| returning(&fine, &flat, step)).fold(0.0, f64::max))
}

fn returning(fine: &Plane, flat: &[bool], step: [usize; 2]) -> f64 {
    let all = (1..=LONGEST).map_while(|d| correlation(fine, flat, step.map(|s| s * d)));
    all.skip_while(|&r| r > 0.0).fold(0.0, f64::max)
}

/// Returns the autocorrelation at a step; `None` if too few pixels have a partner.
fn correlation(fine: &Plane, flat: &[bool], [right, down]: [usize; 2]) -> Option<f64> {
    let (mut product, mut own, mut other, mut count) = (0.0, 0.0, 0.0, 0);
    for y in 0..fine.height.saturating_sub(down) {
        for x in 0..fine.width.saturating_sub(right) {
            let (at, to) = (y * fine.width + x, (y + down) * fine.width + x + right);
            if flat[at] && flat[to] {
                let (a, b) = (fine.values[at], fine.values[to]);
                product += a * b;
                own += a * a;
                other += b * b;
                count += 1;
            }
        }
    }
    (count >= LEAST).then(|| product / (own * other).sqrt().max(1e-12))
}

#[cfg(test)]
mod tests {
    use super::repetition;
    use crate::eval::tests::scattered;
    use crate::{ErrorKind, Picture};

    #[test]
    fn rows_repeat_and_disorder_does_not() {
        let content = Picture::from_rgb8([96, 80], &[128; 96 * 80 * 3]).unwrap();
        let rows = |period: usize| {
            let value = |i: usize| if (i / 3 / 96) % period < period / 2 { 160 } else { 100 };
            Picture::from_rgb8([96, 80], &(0..96 * 80 * 3).map(value).collect::<Vec<_>>()).unwrap()
        };
        let regular = repetition(&rows(8), &content).unwrap();
        assert!(regular > 0.95, "{regular}");
        // Rows that repeat after more than 48 pixels are composition, not texture.
        let wide = repetition(&rows(120), &content).unwrap();
        assert!(wide < 0.2, "{wide}");
        let mut state = 1u32;
        let noise: Vec<u8> = (0..96 * 80)
            .flat_map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                [(state >> 24) as u8; 3]
            })
            .collect();
        let disorder = repetition(&Picture::from_rgb8([96, 80], &noise).unwrap(), &content).unwrap();
        assert!(disorder < 0.1, "{disorder}");
        assert_eq!(repetition(&content, &content).unwrap(), 0.0);
    }

    #[test]
    fn sizes_must_be_equal() {
        let error = repetition(&scattered(20, 20, 1), &scattered(20, 21, 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
}
