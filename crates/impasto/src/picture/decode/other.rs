//! GIF and BMP, which need nothing that `image` does not give.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::codecs::gif::GifDecoder;
use image::{DynamicImage, ImageDecoder, ImageError};

use super::super::convert::raw_from_image;
use super::super::{Limits, zeros};
use super::raw::{Raw, Samples};
use super::{ANIMATION, cut, failed, sample_count};
use crate::{Error, ErrorKind, Result};

pub(super) fn gif(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let frames = frames(bytes);
    let cut_short = |e| if frames == 0 { cut() } else { e };
    let decoder = GifDecoder::new(Cursor::new(bytes)).map_err(to_error).map_err(cut_short)?;
    let mut raw = decode(decoder, limits).map_err(|e| if e.kind() == ErrorKind::Malformed { cut_short(e) } else { e })?;
    if frames > 1 {
        raw.warnings.push(ANIMATION.into());
    }
    Ok(raw)
}

pub(super) fn bmp(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let decoder = BmpDecoder::new(Cursor::new(bytes)).map_err(to_error)?;
    let mut raw = decode(decoder, limits)?;
    // Many programs leave the alpha of all pixels 0 and mean an opaque picture. Nobody stores an invisible one.
    if let Samples::U8(samples) = &mut raw.samples
        && raw.alpha
        && samples.iter().skip(3).step_by(4).all(|&alpha| alpha == 0)
    {
        samples.iter_mut().skip(3).step_by(4).for_each(|alpha| *alpha = 255);
    }
    Ok(raw)
}

/// How many frames of a GIF are there to their end; at most 2 are counted.
fn frames(bytes: &[u8]) -> usize {
    let mut complete = 0;
    walk_frames(bytes, &mut complete);
    complete
}

/// Walks over a GIF's blocks until its trailer, its second frame or the end of the bytes (`None`).
fn walk_frames(bytes: &[u8], complete: &mut usize) -> Option<()> {
    // The low bits of a descriptor's flags are the size of a table of colours that follows it.
    let table = |flags: u8| if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = 13 + table(*bytes.get(10)?);
    while *complete < 2 {
        let frame = match *bytes.get(at)? {
            b',' => true,
            b'!' => false,
            _ => return Some(()),
        };
        // A frame has a descriptor and the width of its first code, an extension its kind, before their blocks of data.
        at += if frame { 11 + table(*bytes.get(at + 9)?) } else { 2 };
        loop {
            let len = usize::from(*bytes.get(at)?);
            at += 1 + len;
            if len == 0 {
                break;
            }
        }
        *complete += usize::from(frame);
    }
    Some(())
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
        ImageError::IoError(e) => cut().with_source(e),
        e => failed(ErrorKind::Malformed, e),
    }
}
