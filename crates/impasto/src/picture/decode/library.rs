//! What the readers of formats that `image` decodes share.

use std::error::Error as _;

use image::error::UnsupportedErrorKind;
use image::{ColorType, ImageDecoder, ImageError};

use super::super::{Limits, zeros};
use super::{Colour, Raw, Samples, cut, failed, one_line, sample_count};
use crate::{Error, ErrorKind, Result};

/// Makes a picture opaque if the alpha of all pixels is 0. Many programs write such files, and nobody means them to be
/// invisible.
pub(in crate::picture) fn unhide(raw: &mut Raw) {
    let channels = raw.colour.channels() + 1;
    let Samples::U8(samples) = &mut raw.samples else { return };
    if raw.alpha && samples.iter().skip(channels - 1).step_by(channels).all(|&alpha| alpha == 0) {
        samples.iter_mut().skip(channels - 1).step_by(channels).for_each(|alpha| *alpha = 255);
    }
}

/// Decodes a picture with a decoder that has read its header.
pub(in crate::picture) fn decode(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<Raw> {
    let (width, height) = decoder.dimensions();
    limits.check_pixels(u64::from(width), u64::from(height))?;
    let pixel = usize::from(decoder.color_type().bytes_per_pixel());
    limits.check_decoded(width as usize, height as usize, pixel)?;
    let len = sample_count(width as usize, height as usize, pixel)?;
    // The picture once as frame and once as canvas, and a little for tables.
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(len as u64 * 3 + (1 << 20));
    decoder.set_limits(allowed).map_err(error)?;
    let (colour, alpha) = match decoder.color_type() {
        ColorType::L8 => (Colour::Grey, false),
        ColorType::La8 => (Colour::Grey, true),
        ColorType::Rgb8 | ColorType::Rgb32F => (Colour::Rgb, false),
        ColorType::Rgba8 => (Colour::Rgb, true),
        other => return Err(Error::new(ErrorKind::Unsupported, format!("samples of kind {other:?} are not supported"))),
    };
    let samples = if decoder.color_type() == ColorType::Rgb32F {
        let mut samples: Vec<f32> = zeros(len / 4)?;
        decoder.read_image(bytemuck::cast_slice_mut(&mut samples)).map_err(error)?;
        Samples::F32(samples)
    } else {
        let mut samples: Vec<u8> = zeros(len)?;
        decoder.read_image(&mut samples).map_err(error)?;
        Samples::U8(samples)
    };
    Ok(Raw::new(width as usize, height as usize, colour, alpha, samples))
}

/// Converts a decoder's error, and keeps only the part of its text that says what is wrong.
pub(in crate::picture) fn error(error: ImageError) -> Error {
    match error {
        ImageError::Limits(e) => failed(ErrorKind::TooLarge, e),
        ImageError::Unsupported(e) => {
            let what = match e.kind() {
                UnsupportedErrorKind::GenericFeature(what) => one_line(&what),
                UnsupportedErrorKind::Color(colour) => format!("{colour:?} samples"),
                _ => one_line(&e.to_string()),
            };
            let text = format!("files of this kind are not supported ({what}); save it again as PNG");
            Error::new(ErrorKind::Unsupported, text).with_source(e)
        }
        ImageError::Decoding(e) => {
            let what = e.source().map_or_else(|| e.to_string(), ToString::to_string);
            Error::new(ErrorKind::Malformed, format!("the file is damaged: {}", one_line(&what))).with_source(e)
        }
        // The bytes are in memory, so the only possible input error is that they end early.
        ImageError::IoError(e) => cut().with_source(e),
        e => failed(ErrorKind::Malformed, e),
    }
}
