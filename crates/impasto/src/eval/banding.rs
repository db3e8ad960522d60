//! How much a painting of a smooth gradient follows the steps of 8 bits.
//!
//! banding = d(painting of the gradient at 8 bits) / d(painting of the gradient at 16 bits)
//!
//! with d the mean difference between vertical neighbors plus the mean difference between horizontal neighbors, of both
//! paintings at 8 bits. It is a ratio without a unit: 1 if the steps make no difference, more if each step becomes an
//! edge. The gradient has 448×320 pixels and spans 50 to 64 steps of 8 bits in each channel.

use super::seen::at_8_bits;
use super::shifts::Paint;
use crate::{Picture, Result};

const WIDTH: usize = 448;
const HEIGHT: usize = 320;
/// Less than any difference that 8 bits can hold, so that paintings without any differences have a ratio of 1.
const TINY: f64 = 1e-6;

/// Returns the ratio for a closure that paints. The closure is called with the gradient at 8 bits and at 16 bits.
///
/// # Errors
/// As the closure.
pub fn banding(paint: &mut Paint<'_>) -> Result<f64> {
    let gradient = gradient()?;
    let coarse = differences(&at_8_bits(&paint(&at_8_bits(&gradient)?)?)?);
    let fine = differences(&at_8_bits(&paint(&at_16_bits(&gradient)?)?)?);
    Ok(coarse.max(TINY) / fine.max(TINY))
}

pub(super) fn gradient() -> Result<Picture> {
    let pixel = |i: usize| {
        let (x, y) = ((i % WIDTH) as f32, (i / WIDTH) as f32);
        [0.35 + 0.25 * x / 448.0, 0.45 + 0.2 * y / 320.0, 0.7 - 0.2 * (x + y) / 768.0]
    };
    Picture::from_rgb_f32([WIDTH, HEIGHT], (0..WIDTH * HEIGHT).flat_map(pixel).collect())
}

pub(super) fn at_16_bits(picture: &Picture) -> Result<Picture> {
    let values = picture.to_rgb16()?.into_iter().map(|v| f32::from(v) / 65535.0).collect();
    Picture::from_rgb_f32(picture.size(), values)
}

/// Returns the mean absolute difference between vertical neighbors, plus that between horizontal neighbors.
fn differences(picture: &Picture) -> f64 {
    let row = picture.width() * 3;
    let mean = |from: &mut dyn Iterator<Item = f64>| {
        let (sum, count) = from.fold((0.0, 0), |(sum, count), v| (sum + v, count + 1));
        sum / f64::from(count.max(1))
    };
    let apart = |(a, b): (&f32, &f32)| (f64::from(*a) - f64::from(*b)).abs();
    let values = picture.rgb();
    let down = mean(&mut values.iter().zip(&values[row.min(values.len())..]).map(apart));
    let across = mean(&mut values.chunks_exact(row).flat_map(|row| row.iter().zip(&row[3..]).map(apart)));
    down + across
}

#[cfg(test)]
mod tests {
    use super::{banding, differences};
    use crate::eval::plane::Plane;
    use crate::{Picture, Result};

    #[test]
    fn differences_are_those_computed_by_hand() {
        let grey = |v: f32| [v, v, v];
        let values = [0.0, 0.5, 1.0, 0.0, 0.25, 0.5].into_iter().flat_map(grey).collect();
        // Down 0, 0.25, 0.5; across 0.5, 0.5, 0.25, 0.25.
        assert!((differences(&Picture::from_rgb_f32([3, 2], values).unwrap()) - 0.625).abs() < 1e-7);
    }

    #[test]
    fn a_painter_that_sharpens_shows_the_steps() {
        // Adds 8 times the part of each channel that a blur of 9×9 removes.
        let sharpen = |picture: &Picture| -> Result<Picture> {
            let mut painted = picture.clone();
            for channel in 0..3 {
                let values = picture.rgb().iter().skip(channel).step_by(3).map(|&v| f64::from(v)).collect();
                let fine = Plane { width: picture.width(), height: picture.height(), values }.fine(9);
                let target = painted.rgb_mut().iter_mut().skip(channel).step_by(3);
                target.zip(fine.values).for_each(|(v, fine)| *v += 8.0 * fine as f32);
            }
            Ok(painted)
        };
        let found = banding(&mut |picture: &Picture| sharpen(picture)).unwrap();
        // The result of the script's formula for the same painter.
        assert!((found / 16.1648 - 1.0).abs() < 0.005, "{found}");
        assert_eq!(banding(&mut |picture: &Picture| Ok(picture.clone())).unwrap(), 1.0);
        assert_eq!(banding(&mut |_: &Picture| Picture::from_rgb8([8, 8], &[7; 192])).unwrap(), 1.0);
    }
}
