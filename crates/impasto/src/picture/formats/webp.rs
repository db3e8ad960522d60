//! WebP: read, and written lossless. Untagged WebP is sRGB by its specification.

use std::io::Cursor;

use image_webp::{ColorType, DecodingError, WebPDecoder, WebPEncoder};

use super::{Holds, Output, Read, Row, Write};
use crate::picture::decode::{ANIMATION, Colour, Raw, Samples, failed, orientation, sample_count};
use crate::picture::encode::rows::{Alpha, Layout, NextRows, all};
use crate::picture::encode::{self, sides};
use crate::picture::{EncodeOptions, Format, Limits, zeros};
use crate::{Error, ErrorKind, Result};

pub(super) const ROW: Row = Row {
    name: "WebP",
    id: "webp",
    media_type: "image/webp",
    extensions: &["webp"],
    only_read: &[],
    detect: |head| head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP"),
    read: Read::Bytes(decode),
    write: Some(Write {
        encode,
        whole: true,
        most: 16_384,
        holds: Holds { alpha: true, profile: true, exif: true, xmp: true, ..Holds::NOTHING },
    }),
};

/// Maximum bytes of a color profile or Exif block.
const METADATA_BYTES: usize = 64 << 20;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(to_error)?;
    let (width, height) = decoder.dimensions();
    limits.check_pixels(u64::from(width), u64::from(height))?;
    decoder.set_memory_limit(METADATA_BYTES);
    let (width, height) = (width as usize, height as usize);
    let alpha = decoder.has_alpha();
    limits.check_decoded(width, height, 3 + usize::from(alpha))?;
    let mut samples: Vec<u8> = zeros(sample_count(width, height, 3 + usize::from(alpha))?)?;
    decoder.read_image(&mut samples).map_err(to_error)?;

    let mut raw = Raw::new(width, height, Colour::Rgb, alpha, Samples::U8(samples));
    raw.icc = decoder.icc_profile().map_err(to_error)?;
    raw.metadata.exif = decoder.exif_metadata().map_err(to_error)?.map(orientation::exif_block);
    raw.metadata.xmp = decoder.xmp_metadata().map_err(to_error)?;
    raw.orientation = raw.metadata.exif.as_deref().map_or(1, orientation::from_exif);
    if decoder.is_animated() && decoder.num_frames() > 1 {
        raw.warnings.push(ANIMATION.into());
    }
    Ok(raw)
}

fn to_error(error: DecodingError) -> Error {
    match error {
        DecodingError::MemoryLimitExceeded => {
            Error::new(ErrorKind::TooLarge, "its color profile or metadata has more than 64 MiB")
        }
        DecodingError::UnsupportedFeature(what) => Error::new(ErrorKind::Unsupported, what),
        // The bytes are in memory, so the only possible input error is that they end early.
        DecodingError::IoError(e) => Error::new(
            ErrorKind::Malformed,
            "the file stops before the end of the picture; it was not copied or downloaded completely",
        )
        .with_source(e),
        e => failed(ErrorKind::Malformed, e),
    }
}

/// The encoder needs the whole picture.
fn encode(layout: &Layout, _: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let (width, height) = sides(layout, Format::WebP)?;
    let data = all(layout, next)?;
    let colour = if layout.alpha == Alpha::Kept { ColorType::Rgba8 } else { ColorType::Rgb8 };
    let mut encoder = WebPEncoder::new(out);
    if let Some(icc) = layout.space.icc() {
        encoder.set_icc_profile(icc.to_vec());
    }
    if let Some(exif) = layout.metadata.exif_bytes() {
        encoder.set_exif_metadata(exif);
    }
    if let Some(xmp) = &layout.metadata.xmp {
        encoder.set_xmp_metadata(xmp.clone());
    }
    encoder.encode(&data, width, height, colour).map_err(|e| encode::failed(Format::WebP, e))
}
