//! Conversions to and from whole-number samples and `image` buffers.

use image::DynamicImage;

use super::decode::{Colour, Raw, Samples, Stored};
use super::{Picture, reserved};
use crate::{Error, ErrorKind, Result};

/// A whole-number sample type. Its greatest value stands for 1.
pub(super) trait Level: Copy {
    fn from_unit(value: f32) -> Self;
}

impl Level for u8 {
    // The cast saturates, so clamping costs nothing extra. Adding a half first rounds to nearest.
    fn from_unit(value: f32) -> Self {
        (value * 255.0 + 0.5) as u8
    }
}

impl Level for u16 {
    fn from_unit(value: f32) -> Self {
        (value * 65535.0 + 0.5) as u16
    }
}

pub(super) fn check_numbers(values: &[f32]) -> Result<()> {
    // The compiler can vectorize a fold without an early exit.
    if values.iter().fold(false, |nan, v| nan | v.is_nan()) {
        let text = "the picture has values that are not numbers (NaN); the weights that painted it are probably broken";
        return Err(Error::new(ErrorKind::Malformed, text));
    }
    Ok(())
}

/// Returns interleaved RGB or RGBA samples of one type.
pub(super) fn interleaved<T: Level>(picture: &Picture, with_alpha: bool) -> Result<Vec<T>> {
    check_numbers(&picture.rgb)?;
    let Some(alpha) = picture.alpha.as_deref().filter(|_| with_alpha) else {
        let mut out = reserved(picture.rgb.len())?;
        out.extend(picture.rgb.iter().map(|&v| T::from_unit(v)));
        return Ok(out);
    };
    check_numbers(alpha)?;
    let mut out = reserved(alpha.len() * 4)?;
    for (c, &a) in picture.rgb.chunks_exact(3).zip(alpha) {
        out.extend([c[0], c[1], c[2], a].map(T::from_unit));
    }
    Ok(out)
}

impl Picture {
    /// Returns the colors at 8 bits: `height × width × 3`, rounded to nearest, clamped to 0..1. Alpha is left out.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not a number.
    pub fn to_rgb8(&self) -> Result<Vec<u8>> {
        interleaved(self, false)
    }

    /// Returns the colors at 16 bits: `height × width × 3`, rounded to nearest, clamped to 0..1. Alpha is left out.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not a number.
    pub fn to_rgb16(&self) -> Result<Vec<u16>> {
        interleaved(self, false)
    }

    /// Returns colors and alpha (1 if there is none) at 8 bits: `height × width × 4`, rounded to nearest, clamped to
    /// 0..1.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not a number.
    pub fn to_rgba8(&self) -> Result<Vec<u8>> {
        if self.alpha.is_some() {
            return interleaved(self, true);
        }
        Ok(self.to_rgb8()?.chunks_exact(3).flat_map(|c| [c[0], c[1], c[2], 255]).collect())
    }

    /// Returns an `image` buffer: RGB or, with alpha, RGBA; 16 bits if the source had more than 8, otherwise 8.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not a number; [`ErrorKind::TooLarge`] if a side does not fit 32 bits.
    pub fn to_image(&self) -> Result<DynamicImage> {
        let side = |n: usize| u32::try_from(n).map_err(|e| Error::new(ErrorKind::TooLarge, e.to_string()));
        let (w, h) = (side(self.width)?, side(self.height)?);
        let image = match (self.source.bit_depth > 8, self.alpha.is_some()) {
            (false, false) => image::RgbImage::from_raw(w, h, interleaved(self, false)?).map(DynamicImage::from),
            (false, true) => image::RgbaImage::from_raw(w, h, interleaved(self, true)?).map(DynamicImage::from),
            (true, false) => image::ImageBuffer::from_raw(w, h, interleaved(self, false)?).map(DynamicImage::ImageRgb16),
            (true, true) => image::ImageBuffer::from_raw(w, h, interleaved(self, true)?).map(DynamicImage::ImageRgba16),
        };
        image.ok_or_else(|| Error::new(ErrorKind::Mismatch, "the pixels do not fill the picture"))
    }

    /// Makes a picture from an `image` buffer, which is taken as sRGB with straight alpha. Float buffers work too.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the buffer has no pixels; [`ErrorKind::Malformed`] if a float is not a number.
    pub fn from_image(image: DynamicImage) -> Result<Self> {
        if image.width() == 0 || image.height() == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "the buffer has no pixels"));
        }
        Stored::new(raw_from_image(image), None)?.to_picture()
    }
}

/// Returns the samples of an `image` buffer as a decoder would return them.
pub(super) fn raw_from_image(image: DynamicImage) -> Raw {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let (colour, alpha, samples) = match image {
        DynamicImage::ImageLuma8(b) => (Colour::Grey, false, Samples::U8(b.into_raw())),
        DynamicImage::ImageLumaA8(b) => (Colour::Grey, true, Samples::U8(b.into_raw())),
        DynamicImage::ImageRgb8(b) => (Colour::Rgb, false, Samples::U8(b.into_raw())),
        DynamicImage::ImageRgba8(b) => (Colour::Rgb, true, Samples::U8(b.into_raw())),
        DynamicImage::ImageLuma16(b) => (Colour::Grey, false, Samples::U16(b.into_raw())),
        DynamicImage::ImageLumaA16(b) => (Colour::Grey, true, Samples::U16(b.into_raw())),
        DynamicImage::ImageRgb16(b) => (Colour::Rgb, false, Samples::U16(b.into_raw())),
        DynamicImage::ImageRgba16(b) => (Colour::Rgb, true, Samples::U16(b.into_raw())),
        DynamicImage::ImageRgb32F(b) => (Colour::Rgb, false, Samples::F32(b.into_raw())),
        DynamicImage::ImageRgba32F(b) => (Colour::Rgb, true, Samples::F32(b.into_raw())),
        // The enum is non-exhaustive: any later kind can be converted to float RGBA.
        other => (Colour::Rgb, true, Samples::F32(other.into_rgba32f().into_raw())),
    };
    Raw::new(width, height, colour, alpha, samples)
}
