//! Flicker: how much the frames of a painted film differ where the film itself does not.
//!
//! The film is made from one photograph by a motion that is known exactly ([`Course`]), so that nothing has to be
//! estimated. Flicker is the root mean square of the differences, for values in 0..1, between a painted frame and the
//! previous one, read where its pixels were. Both are rounded to 8 bits, and 32 pixels at every border do not count. 0
//! means that the painting moves with what it shows.

use super::numbers::Numbers;
use super::seen::at_8_bits;
use crate::{Error, ErrorKind, Picture, Result, Size};

/// Width of the border that is not compared, in pixels.
const MARGIN: usize = 32;

/// How a film changes from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Course {
    /// The camera moves by this many pixels per frame.
    Pan {
        /// To the right.
        right: f64,
        /// Down.
        down: f64,
    },
    /// Each frame is enlarged by this factor, from its middle.
    Zoom(f64),
    /// Nothing moves. Each frame has its own uniform noise of up to this many steps of 8 bits in either direction.
    Noise(f64),
    /// Nothing moves. The light goes up and down by this share.
    Light(f64),
}

impl Course {
    /// Returns frame `i` of the film of a photograph, at 8 bits.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0.
    pub fn frame(self, photo: &Picture, i: usize, size: impl Into<Size>) -> Result<Picture> {
        let Size { width, height } = size.into();
        let middle = [width as f64 / 2.0 - 0.5, height as f64 / 2.0 - 0.5];
        // The frame shows the middle of the photograph.
        let corner = [photo.width() as f64 / 2.0 - 0.5 - middle[0], photo.height() as f64 / 2.0 - 0.5 - middle[1]];
        let mut numbers = Numbers::new(i as u64 + 1);
        let mut rgb = Vec::with_capacity(width * height * 3);
        for y in 0..height {
            for x in 0..width {
                let place = [x as f64, y as f64];
                let seen: [f64; 2] = match self {
                    Course::Pan { right, down } => [place[0] + right * i as f64, place[1] + down * i as f64],
                    Course::Zoom(factor) => [0, 1].map(|a| middle[a] + (place[a] - middle[a]) / factor.powi(i as i32)),
                    Course::Noise(_) | Course::Light(_) => place,
                };
                rgb.extend(sample(photo, corner[0] + seen[0], corner[1] + seen[1]).map(|v| match self {
                    Course::Noise(steps) => v + ((numbers.unit() * 2.0 - 1.0) * steps / 255.0) as f32,
                    Course::Light(share) => v * (1.0 + share * (i as f64 * 0.9).sin()) as f32,
                    _ => v,
                }));
            }
        }
        at_8_bits(&Picture::from_rgb_f32([width, height], rgb)?)
    }

    /// Returns where a pixel of a frame was in the previous frame.
    fn before(self, [x, y]: [f64; 2], [width, height]: [usize; 2]) -> [f64; 2] {
        match self {
            Course::Pan { right, down } => [x + right, y + down],
            Course::Zoom(factor) => {
                let middle = [width as f64 / 2.0 - 0.5, height as f64 / 2.0 - 0.5];
                [middle[0] + (x - middle[0]) / factor, middle[1] + (y - middle[1]) / factor]
            }
            Course::Noise(_) | Course::Light(_) => [x, y],
        }
    }

    /// Returns the flicker between two consecutive painted frames.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the frames differ in size;
    /// [`ErrorKind::InvalidArgument`] if they have nothing but borders.
    pub fn flicker(self, before: &Picture, now: &Picture) -> Result<f64> {
        let size @ [width, height] = [now.width(), now.height()];
        if size != [before.width(), before.height()] {
            return Err(Error::new(ErrorKind::Mismatch, "the frames of a film must all have the same size"));
        }
        if width <= 2 * MARGIN || height <= 2 * MARGIN {
            let text =
                format!("frames of {width}×{height} pixels are too small to measure flicker: give more than {0}×{0}", 2 * MARGIN);
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let (before, now) = (at_8_bits(before)?, at_8_bits(now)?);
        let (mut sum, mut count) = (0.0, 0);
        for y in MARGIN..height - MARGIN {
            for x in MARGIN..width - MARGIN {
                let [from_x, from_y] = self.before([x as f64, y as f64], size);
                let old = sample(&before, from_x, from_y);
                let new = &now.rgb()[(y * width + x) * 3..][..3];
                sum += old.iter().zip(new).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
                count += 3;
            }
        }
        Ok((sum / f64::from(count)).sqrt())
    }
}

/// Returns the mean squared difference between neighboring pixels, across plus down: how sharp a painting is.
pub fn gradient_energy(picture: &Picture) -> f64 {
    let width = picture.width() * 3;
    let rows = picture.rgb().chunks_exact(width);
    let across = rows.clone().flat_map(|row| row.windows(4).map(|v| f64::from(v[3] - v[0]).powi(2)));
    let down = rows.clone().zip(rows.skip(1)).flat_map(|(a, b)| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)));
    (across.sum::<f64>() + down.sum::<f64>()) / picture.rgb().len() as f64
}

/// Samples with Catmull and Rom's cubic: pixels at whole positions are returned unchanged.
/// Beyond the border, its values are repeated.
fn sample(picture: &Picture, x: f64, y: f64) -> [f32; 3] {
    let weights = |t: f64| {
        let (t2, t3) = (t * t, t * t * t);
        [(-t3 + 2.0 * t2 - t) / 2.0, (3.0 * t3 - 5.0 * t2 + 2.0) / 2.0, (-3.0 * t3 + 4.0 * t2 + t) / 2.0, (t3 - t2) / 2.0]
    };
    let (left, top) = (x.floor(), y.floor());
    let (across, down) = (weights(x - left), weights(y - top));
    let place = |first: f64, i: usize, side: usize| (first as isize + i as isize - 1).clamp(0, side as isize - 1) as usize;
    let mut sum = [0.0f64; 3];
    for (i, down) in down.into_iter().enumerate() {
        let row = &picture.rgb()[place(top, i, picture.height()) * picture.width() * 3..];
        for (j, across) in across.into_iter().enumerate() {
            let pixel = &row[place(left, j, picture.width()) * 3..][..3];
            sum.iter_mut().zip(pixel).for_each(|(sum, &v)| *sum += down * across * f64::from(v));
        }
    }
    sum.map(|v| v as f32)
}

#[cfg(test)]
mod tests {
    use super::Course;
    use crate::eval::tests::scattered;
    use crate::{ErrorKind, Picture};

    fn smooth() -> Picture {
        let value = |i: usize| {
            let (x, y) = ((i / 3 % 160) as f32, (i / 3 / 160) as f32);
            0.5 + 0.2 * (x * 0.15).sin() + 0.2 * (y * 0.12 + x * 0.05).cos()
        };
        Picture::from_rgb_f32([160, 140], (0..160 * 140 * 3).map(value).collect()).unwrap()
    }

    #[test]
    fn the_film_itself_flickers_by_its_rounding_only() {
        for course in [
            Course::Pan { right: 1.0, down: 0.0 },
            Course::Pan { right: 0.5, down: -0.25 },
            Course::Zoom(1.01),
            Course::Noise(0.0),
            Course::Light(0.0),
        ] {
            let [a, b] = [1, 2].map(|i| course.frame(&smooth(), i, [120, 100]).unwrap());
            let found = course.flicker(&a, &b).unwrap();
            assert!(found < 1.0 / 255.0, "{course:?}: {found}");
        }
    }

    #[test]
    fn what_does_not_move_along_is_flicker() {
        // A pattern that stands still while the film moves: every other column is brighter.
        let course = Course::Pan { right: 1.0, down: 0.0 };
        let mut frames = [0, 1].map(|i| course.frame(&smooth(), i, [120, 100]).unwrap());
        for frame in &mut frames {
            frame.rgb_mut().iter_mut().enumerate().filter(|(i, _)| i / 3 % 2 == 0).for_each(|(_, v)| *v += 0.1);
        }
        let found = course.flicker(&frames[0], &frames[1]).unwrap();
        assert!((found - 0.1).abs() < 0.005, "{found}");
        let small = scattered(60, 100, 1);
        assert_eq!(course.flicker(&small, &small).unwrap_err().kind(), ErrorKind::InvalidArgument);
        assert_eq!(course.flicker(&small, &scattered(80, 100, 1)).unwrap_err().kind(), ErrorKind::Mismatch);
    }
}
