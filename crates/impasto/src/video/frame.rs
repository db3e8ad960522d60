//! A frame: samples as decoders and encoders of films hold them.

use std::ops::Range;

use crate::picture::rows::Rows;
use crate::picture::{Mask, zeros};
use crate::{Error, ErrorKind, Picture, Result, Size};

/// Samples of a frame, rows from top to bottom.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// 0..255.
    Eight(Vec<u8>),
    /// 0..65535.
    Sixteen(Vec<u16>),
}

impl Samples {
    fn len(&self) -> usize {
        match self {
            Samples::Eight(values) => values.len(),
            Samples::Sixteen(values) => values.len(),
        }
    }
}

/// A frame of a film: RGB or RGBA samples, sRGB-encoded, with straight alpha. At 8 bits, it takes a quarter of the
/// memory of a [`Picture`].
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    width: usize,
    height: usize,
    channels: usize,
    samples: Samples,
    pub(super) mask: Option<Mask>,
    pub(super) strength_mask: Option<Mask>,
}

impl Frame {
    /// Makes a frame of `height × width × channels` samples, row-major. `channels` is 3 (RGB) or 4 (RGBA).
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0, the number of channels is not 3 or 4, or the number of samples
    /// does not fit.
    pub fn new(size: impl Into<Size>, channels: usize, samples: Samples) -> Result<Self> {
        let Size { width, height } = size.into();
        let count = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(channels));
        if width == 0 || height == 0 || !matches!(channels, 3 | 4) || count != Some(samples.len()) {
            let text =
                format!("a frame of {width}×{height} with {channels} channels cannot be made of {} samples", samples.len());
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        Ok(Frame { width, height, channels, samples, mask: None, strength_mask: None })
    }

    /// Converts a picture to a frame of 8 bits, or of 16.
    ///
    /// # Errors
    /// As [`Frame::new`]; none is possible for a picture that exists.
    pub fn of_picture(picture: &Picture, sixteen: bool) -> Result<Self> {
        Self::of_values(picture.size(), (picture.rgb(), picture.alpha()), sixteen)
    }

    fn of_values(size: Size, (rgb, alpha): (&[f32], Option<&[f32]>), sixteen: bool) -> Result<Self> {
        let channels = if alpha.is_some() { 4 } else { 3 };
        let pixels = rgb.chunks_exact(3).enumerate();
        let values = pixels.flat_map(|(i, pixel)| pixel.iter().copied().chain(alpha.map(|alpha| alpha[i])));
        let samples = if sixteen {
            Samples::Sixteen(values.map(sixteen_bits).collect())
        } else {
            Samples::Eight(values.map(eight_bits).collect())
        };
        Self::new(size, channels, samples)
    }

    /// Returns this frame with other colors: `height × width × 3` values. Alpha and depth stay.
    pub(super) fn repainted(&self, rgb: &[f32]) -> Result<Self> {
        let channels = self.channels;
        let samples = match &self.samples {
            Samples::Eight(old) => Samples::Eight(replaced(old, channels, rgb, eight_bits)),
            Samples::Sixteen(old) => Samples::Sixteen(replaced(old, channels, rgb, sixteen_bits)),
        };
        Self::new(self.size(), channels, samples)
    }

    /// Returns the frame with a mask of its own, instead of [`crate::StylizeOptions::mask`].
    #[must_use]
    pub fn with_mask(self, mask: Mask) -> Self {
        Frame { mask: Some(mask), ..self }
    }

    /// Returns the frame with a strength mask of its own, instead of [`crate::StylizeOptions::strength_mask`]. Either
    /// all frames of a film have a strength mask, or none.
    #[must_use]
    pub fn with_strength_mask(self, mask: Mask) -> Self {
        Frame { strength_mask: Some(mask), ..self }
    }

    /// Returns the width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Returns the number of channels: 3 for RGB, 4 for RGBA.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Returns the samples: `height × width × channels`, row-major.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Converts the frame to a picture.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if there is not enough memory.
    pub fn to_picture(&self) -> Result<Picture> {
        let mut rgb = zeros(self.width * self.height * 3)?;
        self.read(0..self.height, &mut rgb)?;
        let picture = Picture::from_rgb_f32([self.width, self.height], rgb)?;
        if self.channels == 3 {
            return Ok(picture);
        }
        picture.with_alpha(match &self.samples {
            Samples::Eight(values) => values.iter().skip(3).step_by(4).map(|&v| f32::from(v) / 255.0).collect(),
            Samples::Sixteen(values) => values.iter().skip(3).step_by(4).map(|&v| f32::from(v) / 65535.0).collect(),
        })
    }
}

// The casts saturate; adding a half first rounds to nearest.
fn eight_bits(value: f32) -> u8 {
    (value * 255.0 + 0.5) as u8
}

fn sixteen_bits(value: f32) -> u16 {
    (value * 65535.0 + 0.5) as u16
}

fn replaced<T: Copy>(old: &[T], channels: usize, rgb: &[f32], convert: fn(f32) -> T) -> Vec<T> {
    let pixels = old.chunks_exact(channels).zip(rgb.chunks_exact(3));
    pixels.flat_map(|(old, new)| new.iter().map(move |&v| convert(v)).chain(old[3..].iter().copied())).collect()
}

impl Rows for Frame {
    fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }

    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
        let row = self.width * self.channels;
        let range = rows.start * row..rows.end * row;
        match &self.samples {
            Samples::Eight(values) => fill(&values[range], self.channels, rgb, |v| f32::from(v) / 255.0),
            Samples::Sixteen(values) => fill(&values[range], self.channels, rgb, |v| f32::from(v) / 65535.0),
        }
        Ok(())
    }
}

fn fill<T: Copy>(samples: &[T], channels: usize, rgb: &mut [f32], convert: impl Fn(T) -> f32) {
    for (pixel, target) in samples.chunks_exact(channels).zip(rgb.as_chunks_mut::<3>().0) {
        *target = std::array::from_fn(|c| convert(pixel[c]));
    }
}

#[cfg(test)]
mod tests {
    use super::{Frame, Samples};
    use crate::Picture;

    #[test]
    fn pictures_come_back_as_they_were() {
        let rgb: Vec<u8> = (0..5 * 3 * 3).map(|i| (i * 37 % 256) as u8).collect();
        let alpha: Vec<f32> = (0..15).map(|i| i as f32 / 15.0).collect();
        let plain = Picture::from_rgb8([5, 3], &rgb).unwrap();
        let clear = plain.clone().with_alpha(alpha.clone()).unwrap();
        for sixteen in [false, true] {
            assert_eq!(Frame::of_picture(&plain, sixteen).unwrap().to_picture().unwrap().rgb(), plain.rgb());
            let frame = Frame::of_picture(&clear, sixteen).unwrap();
            let back = frame.to_picture().unwrap();
            assert_eq!((back.rgb(), frame.channels()), (plain.rgb(), 4));
            assert!(back.alpha().unwrap().iter().zip(&alpha).all(|(a, b)| (a - b).abs() <= 0.5 / 255.0));
            let painted = frame.repainted(&[0.5; 45]).unwrap().to_picture().unwrap();
            assert_eq!(painted.alpha(), back.alpha());
            assert!(painted.rgb().iter().all(|v| (v - 0.5).abs() < 1.0 / 255.0));
        }
    }

    #[test]
    fn other_numbers_of_samples_are_refused() {
        for (width, height, channels, samples) in [(0, 1, 3, 0), (2, 2, 3, 11), (2, 2, 2, 8), (usize::MAX, 2, 3, 6)] {
            assert!(Frame::new([width, height], channels, Samples::Eight(vec![0; samples])).is_err());
        }
    }
}
