//! JPEG.

use std::io::{self, BufRead, Read, Seek};

use zune_core::bytestream::{ZByteReaderTrait, ZCursor};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::{ImageInfo, JpegDecoder};

use super::super::metadata::{Density, Metadata, iptc};
use super::super::{Limits, zeros};
use super::raw::{Colour, Raw, Samples};
use super::{failed, orientation, sample_count};
use crate::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    decode_from(ZCursor::new(bytes), has_end(bytes.iter().map(|&byte| Ok(byte)))?, limits)
}

/// From a file that is not in memory.
pub(super) fn decode_stream(input: &mut (impl BufRead + Seek), limits: &Limits) -> Result<Raw> {
    let complete = has_end(input.by_ref().bytes())?;
    input.rewind()?;
    decode_from(input, complete, limits)
}

fn decode_from(input: impl ZByteReaderTrait, complete: bool, limits: &Limits) -> Result<Raw> {
    // Lenient, as every viewer is: cameras write odd markers. Files that stop early are found by their missing end instead.
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(input, options);
    decoder.decode_headers().map_err(to_error)?;
    let (width, height) = decoder.dimensions().ok_or_else(|| Error::new(ErrorKind::Malformed, "it has no frame header"))?;
    limits.check_pixels(width as u64, height as u64)?;
    if !complete {
        let text = "the file stops before the end of the picture; it was not copied or downloaded completely";
        return Err(Error::new(ErrorKind::Malformed, text));
    }

    let stored = decoder.input_colorspace().unwrap_or(ColorSpace::YCbCr);
    // CMYK and YCCK are taken as stored: the decoder's own conversion knows neither profiles nor, for YCCK, inversion.
    let (wanted, colour) = match stored {
        ColorSpace::Luma => (ColorSpace::Luma, Colour::Grey),
        ColorSpace::CMYK | ColorSpace::YCCK => (stored, Colour::Cmyk),
        _ => (ColorSpace::RGB, Colour::Rgb),
    };
    limits.check_decoded(width, height, colour.channels())?;
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let mut samples: Vec<u8> = zeros(sample_count(width, height, colour.channels())?)?;
    decoder.decode_into(&mut samples).map_err(to_error)?;
    if colour == Colour::Cmyk {
        to_ink(&mut samples, stored == ColorSpace::YCCK);
    }

    let mut raw = Raw::new(width, height, colour, false, Samples::U8(samples));
    raw.icc = decoder.icc_profile();
    raw.metadata = Metadata {
        exif: decoder.exif().cloned(),
        xmp: decoder.xmp().cloned(),
        iptc: decoder.iptc().and_then(|resources| iptc::of_resources(resources)),
        density: decoder.info().and_then(|info| jfif_density(&info)),
    };
    raw.orientation = raw.metadata.exif.as_deref().map_or(1, orientation::from_exif);
    Ok(raw)
}

/// What the JFIF header says about resolution.
fn jfif_density(info: &ImageInfo) -> Option<Density> {
    let per_inch = match info.pixel_density {
        1 => 1.0,
        2 => 2.54,
        _ => return None,
    };
    Density::new(f64::from(info.x_density) * per_inch, f64::from(info.y_density) * per_inch)
}

/// Four-channel JPEGs are stored inverted, 255 = no ink: Adobe did so first, and every reader and writer since. YCCK is made
/// from the complement of what is stored as CMY, hence from ink; its K is stored inverted all the same.
fn to_ink(samples: &mut [u8], ycck: bool) {
    for p in samples.as_chunks_mut::<4>().0 {
        let [c, m, y] = if ycck { ycc_to_rgb([p[0], p[1], p[2]]) } else { [255 - p[0], 255 - p[1], 255 - p[2]] };
        *p = [c, m, y, 255 - p[3]];
    }
}

/// JFIF's YCbCr to RGB (ITU-T T.871, section 7).
pub(super) fn ycc_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    // The casts saturate.
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| (v + 0.5) as u8)
}

/// Whether an end-of-image marker follows the first start-of-scan marker. In entropy-coded data 0xFF is always followed by 0
/// or a restart number, so that FF D9 there is nothing else; before it, an Exif thumbnail may hold one of its own.
fn has_end(mut bytes: impl Iterator<Item = io::Result<u8>>) -> Result<bool> {
    let mut next = || bytes.next().transpose();
    next()?;
    next()?;
    let Some(mut first) = next()? else { return Ok(false) };
    loop {
        let Some(marker) = next()? else { return Ok(false) };
        first = match (first, marker) {
            (0xFF, 0xDA) => break,
            // Segments without a length: TEM, restarts, SOI.
            (0xFF, 0x01 | 0xD0..=0xD8) => match next()? {
                Some(byte) => byte,
                None => return Ok(false),
            },
            (0xFF, 0x00..=0xFE) => {
                let (Some(high), Some(low)) = (next()?, next()?) else { return Ok(false) };
                for _ in 2..u16::from_be_bytes([high, low]) {
                    next()?;
                }
                match next()? {
                    Some(byte) => byte,
                    None => return Ok(false),
                }
            }
            // Fill bytes, and stray ones between segments: the decoder skips them too.
            _ => marker,
        };
    }
    let mut before = 0;
    while let Some(byte) = next()? {
        if (before, byte) == (0xFF, 0xD9) {
            return Ok(true);
        }
        before = byte;
    }
    Ok(false)
}

fn to_error(error: DecodeErrors) -> Error {
    let kind = match error {
        DecodeErrors::Unsupported(_) => ErrorKind::Unsupported,
        DecodeErrors::LargeDimensions(_) => ErrorKind::TooLarge,
        _ => ErrorKind::Malformed,
    };
    // The decoder's error is not `Send`-safe to keep in every version; its text is all there is to it.
    let text = format!("{error:?}").split_whitespace().collect::<Vec<_>>().join(" ");
    failed(kind, io::Error::other(text))
}
