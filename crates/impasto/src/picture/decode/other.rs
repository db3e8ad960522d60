//! GIF and BMP, which need nothing that `image` does not give.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::{DynamicImage, ImageDecoder, ImageError};

use super::super::convert::raw_from_image;
use super::super::{Limits, zeros};
use super::raw::Raw;
use super::{failed, sample_count};
use crate::{Error, ErrorKind, Result};

pub(super) fn gif(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(to_error)?;
    decode(decoder, limits)
}

pub(super) fn bmp(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(to_error)?;
    decode(decoder, limits)
}

fn decode(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<Raw> {
    let (width, height) = decoder.dimensions();
    limits.check_pixels(u64::from(width), u64::from(height))?;
    let pixel = usize::from(decoder.color_type().bytes_per_pixel());
    limits.check_decoded(width as usize, height as usize, pixel)?;
    let len = sample_count(width as usize, height as usize, pixel)?;
    // The picture once as frame and once as canvas, and a little for tables.
    let mut allowed = image::Limits::default();
    allowed.max_alloc = Some(len as u64 * 3 + (1 << 20));
    decoder.set_limits(allowed).map_err(to_error)?;
    let colour_type = decoder.color_type();
    let mut samples: Vec<u8> = zeros(len)?;
    decoder.read_image(&mut samples).map_err(to_error)?;
    let image = match colour_type {
        image::ColorType::L8 => image::GrayImage::from_raw(width, height, samples).map(DynamicImage::from),
        image::ColorType::Rgb8 => image::RgbImage::from_raw(width, height, samples).map(DynamicImage::from),
        image::ColorType::Rgba8 => image::RgbaImage::from_raw(width, height, samples).map(DynamicImage::from),
        other => return Err(Error::new(ErrorKind::Unsupported, format!("samples of kind {other:?} are not read"))),
    };
    image.map(raw_from_image).ok_or_else(|| Error::new(ErrorKind::Malformed, "the samples do not fill the picture"))
}

fn to_error(error: ImageError) -> Error {
    match error {
        ImageError::Limits(e) => failed(ErrorKind::TooLarge, e),
        ImageError::Unsupported(e) => failed(ErrorKind::Unsupported, e),
        // The bytes are in memory: the only input error there is, is running out of them.
        ImageError::IoError(e) => Error::new(
            ErrorKind::Malformed,
            "the file stops before the end of the picture; it was not copied or downloaded completely",
        )
        .with_source(e),
        e => failed(ErrorKind::Malformed, e),
    }
}
