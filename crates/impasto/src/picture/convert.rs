//! To whole numbers and to `image` buffers, and from them.

use image::DynamicImage;

use super::decode::{Colour, Raw, Samples, Stored};
use super::{Picture, reserved};
use crate::{Error, ErrorKind, Result};

/// A whole-number sample type. The greatest value stands for 1.
pub(super) trait Level: Copy {
    fn from_unit(value: f32) -> Self;
}

impl Level for u8 {
    // The cast saturates, so that clamping costs nothing more; adding a half before it rounds to nearest.
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
    // A fold without an early exit is one the compiler can vectorise.
    if values.iter().fold(false, |nan, v| nan | v.is_nan()) {
        let text = "the picture has values that are not numbers (NaN); the weights that painted it are likely broken";
        return Err(Error::new(ErrorKind::Malformed, text));
    }
    Ok(())
}

/// Samples of one kind, RGB or RGBA interleaved.
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
    /// The colours at 8 bits: `height × width × 3`, rounded to nearest, clamped to 0..1. Alpha is left out.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not a number.
    pub fn to_rgb8(&self) -> Result<Vec<u8>> {
        interleaved(self, false)
    }

    /// The colours at 16 bits: `height × width × 3`, rounded to nearest, clamped to 0..1. Alpha is left out.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not a number.
    pub fn to_rgb16(&self) -> Result<Vec<u16>> {
        interleaved(self, false)
    }

    /// Colours and alpha (1 where there is none) at 8 bits: `height × width × 4`, rounded to nearest, clamped to 0..1.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a value is not a number.
    pub fn to_rgba8(&self) -> Result<Vec<u8>> {
        if self.alpha.is_some() {
            return interleaved(self, true);
        }
        Ok(self.to_rgb8()?.chunks_exact(3).flat_map(|c| [c[0], c[1], c[2], 255]).collect())
    }

    /// An `image` buffer: RGB or, with alpha, RGBA; 16 bits if the source had more than 8, otherwise 8.
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

    /// A picture over an `image` buffer, taken as sRGB with straight alpha; float buffers too.
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

/// The samples of an `image` buffer as a decoder would give them.
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
        // The enum is open; whatever kind comes next can say itself as float RGBA.
        other => (Colour::Rgb, true, Samples::F32(other.into_rgba32f().into_raw())),
    };
    Raw::new(width, height, colour, alpha, samples)
}
