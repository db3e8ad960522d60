//! How much lighter or darker a painting is beside a strong edge than farther away: its halo.
//!
//! The content is drawn, with 448×320 pixels: plain dark on the left, plain light on the right. Far from the edge, a
//! painting of it is the same everywhere except for texture. On each side, *near* is 4 to 28 pixels from the edge and
//! *far* is 80 to 160, both without 48 rows at the top and the bottom. Then
//!
//! halo = mean over both sides of |mean luminance near − mean luminance far|
//!
//! for values in 0..1. 0.01 is two and a half steps of 8 bits; halos of 0.03 are visible at a glance.

use super::plane::Plane;
use super::same_size;
use super::seen::at_8_bits;
use super::shifts::Paint;
use crate::{Picture, Result};

const WIDTH: usize = 448;
const HEIGHT: usize = 320;
/// Distances from the edge, in pixels, that count as near and as far.
const NEAR: std::ops::Range<usize> = 4..28;
const FAR: std::ops::Range<usize> = 80..160;
/// Rows at the top and the bottom that do not count.
const MARGIN: usize = 48;

/// Returns the halo of a closure that paints.
///
/// # Errors
/// As the closure; [`crate::ErrorKind::Mismatch`] if it returns another size.
pub fn halo(paint: &mut Paint<'_>) -> Result<f64> {
    let content = edge()?;
    let painting = paint(&content)?;
    same_size(&painting, &content)?;
    let light = Plane::luminance(&at_8_bits(&painting)?);
    let mean = |columns: std::ops::Range<usize>| {
        let rows = MARGIN..HEIGHT - MARGIN;
        let count = (rows.len() * columns.len()) as f64;
        rows.flat_map(|y| &light.values[y * WIDTH..][columns.clone()]).sum::<f64>() / count
    };
    let right = |distance: &std::ops::Range<usize>| WIDTH / 2 + distance.start..WIDTH / 2 + distance.end;
    let left = |distance: &std::ops::Range<usize>| WIDTH / 2 - distance.end..WIDTH / 2 - distance.start;
    let right = (mean(right(&NEAR)) - mean(right(&FAR))).abs();
    let left = (mean(left(&NEAR)) - mean(left(&FAR))).abs();
    Ok(f64::midpoint(left, right))
}

fn edge() -> Result<Picture> {
    let pixel = |i: usize| if i % WIDTH < WIDTH / 2 { [52, 60, 64] } else { [196, 204, 212] };
    Picture::from_rgb8([WIDTH, HEIGHT], &(0..WIDTH * HEIGHT).flat_map(pixel).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::halo;
    use crate::eval::plane::Plane;
    use crate::{ErrorKind, Picture};

    #[test]
    fn a_painter_that_sharpens_widely_has_halos() {
        assert!(halo(&mut |picture: &Picture| Ok(picture.clone())).unwrap() < 1e-9);
        // Adds half of what a blur over 65 pixels removes: a ramp of 32 pixels beside the edge.
        let sharpened = halo(&mut |picture: &Picture| {
            let fine = Plane::luminance(picture).fine(65);
            let mut painted = picture.clone();
            painted.rgb_mut().chunks_exact_mut(3).zip(&fine.values).for_each(|(pixel, fine)| {
                pixel.iter_mut().for_each(|v| *v += 0.5 * *fine as f32);
            });
            Ok(painted)
        });
        // The step of 0.565 gives 0.5 · 0.565 · (32 − d) / 65 at a distance of d
        // pixels, on average 0.0710 over 4 to 28.
        let sharpened = sharpened.unwrap();
        assert!((sharpened - 0.071).abs() < 0.002, "{sharpened}");
    }

    #[test]
    fn another_size_is_refused() {
        let error = halo(&mut |_: &Picture| Picture::from_rgb8([8, 8], &[0; 192])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
}
