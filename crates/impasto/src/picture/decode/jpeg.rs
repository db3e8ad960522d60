//! JPEG.

use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::super::{Limits, zeros};
use super::raw::{Colour, Raw, Samples};
use super::{failed, orientation, sample_count};
use crate::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    // Lenient, as every viewer is: cameras write odd markers. Files that stop early are found by their missing end instead.
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(to_error)?;
    let (width, height) = decoder.dimensions().ok_or_else(|| Error::new(ErrorKind::Malformed, "it has no frame header"))?;
    limits.check_pixels(width as u64, height as u64)?;
    if !has_end(bytes) {
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
    decoder.set_options(options.jpeg_set_out_colorspace(wanted));
    let mut samples: Vec<u8> = zeros(sample_count(width, height, colour.channels())?)?;
    decoder.decode_into(&mut samples).map_err(to_error)?;
    if colour == Colour::Cmyk {
        to_ink(&mut samples, stored == ColorSpace::YCCK);
    }

    let mut raw = Raw::new(width, height, colour, false, Samples::U8(samples));
    raw.icc = decoder.icc_profile();
    raw.exif = decoder.exif().cloned();
    raw.orientation = raw.exif.as_deref().map_or(1, orientation::from_exif);
    Ok(raw)
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
fn has_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[first, marker]) = bytes.get(at..at + 2) {
        match (first, marker) {
            (0xFF, 0xDA) => return bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]),
            // Segments without a length: fill bytes, TEM, restarts, SOI.
            (0xFF, 0xFF) => at += 1,
            (0xFF, 0x01 | 0xD0..=0xD8) => at += 2,
            (0xFF, _) => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else { return false };
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
            }
            // Stray bytes between segments: the decoder skips them too.
            _ => at += 1,
        }
    }
    false
}

fn to_error(error: DecodeErrors) -> Error {
    let kind = match error {
        DecodeErrors::Unsupported(_) => ErrorKind::Unsupported,
        DecodeErrors::LargeDimensions(_) => ErrorKind::TooLarge,
        _ => ErrorKind::Malformed,
    };
    // The decoder's error is not `Send`-safe to keep in every version; its text is all there is to it.
    let text = format!("{error:?}").split_whitespace().collect::<Vec<_>>().join(" ");
    failed(kind, std::io::Error::other(text))
}
