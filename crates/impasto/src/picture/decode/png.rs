//! PNG.

use std::io::{BufRead, Seek};

use ::png::{BitDepth, ColorType, Decoder, DecodingError, Info, Transformations, Unit};

use super::super::metadata::{Density, Metadata, XMP_KEYWORD, iptc};
use super::super::{Limits, zeros};
use super::raw::{Colour, Raw, Samples};
use super::{failed, io_error, orientation, sample_count};
use crate::{Error, ErrorKind, Result};

/// Room for what is not pixels: colour profiles, text, compressed Exif. Real ones stay below a few megabytes.
const ANCILLARY_BYTES: usize = 64 << 20;

pub(super) fn decode(input: impl BufRead + Seek, limits: &Limits) -> Result<Raw> {
    let mut decoder = Decoder::new_with_limits(input, ::png::Limits { bytes: ANCILLARY_BYTES });
    let header = decoder.read_header_info().map_err(to_error)?;
    limits.check_pixels(u64::from(header.width), u64::from(header.height))?;
    let (width, height) = (header.width as usize, header.height as usize);
    let row = header.raw_row_length_from_width(header.width);
    decoder.set_limits(::png::Limits { bytes: ANCILLARY_BYTES.saturating_add(row.saturating_mul(4)) });
    // Palettes and transparent colours become channels; 1 to 4 bits become 8; 16 stay.
    decoder.set_transformations(Transformations::EXPAND);

    let mut reader = decoder.read_info().map_err(to_error)?;
    let (colour_type, depth) = reader.output_color_type();
    let (colour, alpha) = match colour_type {
        ColorType::Grayscale => (Colour::Grey, false),
        ColorType::GrayscaleAlpha => (Colour::Grey, true),
        ColorType::Rgb => (Colour::Rgb, false),
        ColorType::Rgba => (Colour::Rgb, true),
        ColorType::Indexed => return Err(Error::new(ErrorKind::Malformed, "its palette is absent")),
    };
    let wide = depth == BitDepth::Sixteen;
    let count = sample_count(width, height, colour.channels() + usize::from(alpha))?;
    let len = if wide { sample_count(count, 2, 1)? } else { count };
    if reader.output_buffer_size() != Some(len) {
        return Err(Error::new(ErrorKind::Malformed, "its rows do not fit its size"));
    }
    limits.check_decoded(width, height, len / (width * height))?;
    let samples = if wide {
        let mut samples: Vec<u16> = zeros(count)?;
        reader.next_frame(bytemuck::cast_slice_mut(&mut samples)).map_err(to_error)?;
        samples.iter_mut().for_each(|v| *v = u16::from_be(*v));
        Samples::U16(samples)
    } else {
        let mut samples: Vec<u8> = zeros(count)?;
        reader.next_frame(&mut samples).map_err(to_error)?;
        Samples::U8(samples)
    };
    // Up to the end: an Exif block may follow the pixels. What is broken there harms no pixel.
    let rest = reader.finish();

    let info = reader.info();
    let mut raw = Raw::new(width, height, colour, alpha, samples);
    raw.bit_depth = info.bit_depth as u8;
    raw.icc = info.icc_profile.as_ref().map(|icc| icc.to_vec());
    raw.metadata = metadata(info);
    raw.orientation = raw.metadata.exif.as_deref().map_or(1, orientation::from_exif);
    if info.animation_control.is_some_and(|control| control.num_frames > 1) {
        raw.warnings.push("an animation; only its first picture is read".into());
    }
    if let Err(e) = rest {
        raw.warnings.push(format!("the file is damaged after the picture ({e})"));
    }
    Ok(raw)
}

/// From chunks made for it, or else from the texts that programs put it in before there were any.
fn metadata(info: &Info<'_>) -> Metadata {
    let density = info.pixel_dims.filter(|dims| dims.unit == Unit::Meter);
    let exif = info.exif_metadata.as_ref().map(|exif| exif.to_vec());
    let xmp = info.utf8_text.iter().find(|text| text.keyword == XMP_KEYWORD).and_then(|text| {
        let mut text = text.clone();
        text.decompress_text_with_limit(ANCILLARY_BYTES).ok()?;
        text.get_text().ok().map(String::into_bytes)
    });
    let iptc = raw_profile(info, "iptc").and_then(|bytes| iptc::of_resources(&bytes).or(Some(bytes)));
    Metadata {
        exif: exif.or_else(|| raw_profile(info, "exif")).or_else(|| raw_profile(info, "APP1")).map(orientation::exif_block),
        xmp: xmp.or_else(|| raw_profile(info, "xmp")),
        iptc,
        density: density.and_then(|dims| Density::per_metre(dims.xppu, dims.yppu)),
    }
}

/// The bytes of a text `Raw profile type NAME`.
fn raw_profile(info: &Info<'_>, name: &str) -> Option<Vec<u8>> {
    let named = |keyword: &str| keyword.strip_prefix("Raw profile type ") == Some(name);
    let compressed = info.compressed_latin1_text.iter().find(|text| named(&text.keyword)).and_then(|text| {
        let mut text = text.clone();
        text.decompress_text_with_limit(ANCILLARY_BYTES).ok()?;
        text.get_text().ok()
    });
    let plain = || Some(info.uncompressed_latin1_text.iter().find(|text| named(&text.keyword))?.text.clone());
    iptc::of_raw_profile(&compressed.or_else(plain)?)
}

fn to_error(error: DecodingError) -> Error {
    match error {
        DecodingError::LimitsExceeded => {
            Error::new(ErrorKind::TooLarge, "its colour profile or metadata expands to more than 64 MiB; save it without these")
        }
        DecodingError::IoError(e) => io_error(e),
        e => failed(ErrorKind::Malformed, e),
    }
}
