//! Reading PNG.

use std::io::{BufRead, Seek, SeekFrom};

use ::png::{BitDepth, ColorType, Decoder, DecodingError, Info, InterlaceInfo, Reader, Transformations, Unit};

use super::space;
use crate::picture::decode::{ANIMATION, Colour, ENDS_EARLY, Raw, Samples, io_error, orientation, sample_count};
use crate::picture::metadata::{Metadata, XMP_KEYWORD, iptc};
use crate::picture::{Density, Limits, zeros};
use crate::{Error, ErrorKind, Result};

/// Maximum bytes of everything but pixels: color profiles, text, compressed Exif. Real files stay below a few
/// megabytes.
const ANCILLARY_BYTES: usize = 64 << 20;

pub(in crate::picture::formats) fn decode(mut input: impl BufRead + Seek, limits: &Limits) -> Result<Raw> {
    let chunks = chunks(&mut input)?;
    let mut decoder = Decoder::new_with_limits(input, ::png::Limits { bytes: ANCILLARY_BYTES });
    let header = decoder.read_header_info().map_err(to_error)?;
    limits.check_pixels(u64::from(header.width), u64::from(header.height))?;
    let (width, height) = (header.width as usize, header.height as usize);
    let row = header.raw_row_length_from_width(header.width);
    decoder.set_limits(::png::Limits { bytes: ANCILLARY_BYTES.saturating_add(row.saturating_mul(4)) });
    // Palettes and transparent colors become channels, 1 to 4 bits become 8, and 16 bits stay.
    decoder.set_transformations(Transformations::EXPAND);

    let mut reader = decoder.read_info().map_err(to_error)?;
    let (colour_type, depth) = reader.output_color_type();
    let (colour, alpha) = match colour_type {
        ColorType::Grayscale => (Colour::Grey, false),
        ColorType::GrayscaleAlpha => (Colour::Grey, true),
        ColorType::Rgb => (Colour::Rgb, false),
        ColorType::Rgba => (Colour::Rgb, true),
        ColorType::Indexed => return Err(Error::new(ErrorKind::Malformed, "its palette is missing")),
    };
    let wide = depth == BitDepth::Sixteen;
    let count = sample_count(width, height, colour.channels() + usize::from(alpha))?;
    let len = if wide { sample_count(count, 2, 1)? } else { count };
    if reader.output_buffer_size() != Some(len) {
        return Err(Error::new(ErrorKind::Malformed, "its rows do not fit its size"));
    }
    limits.check_decoded(width, height, len / (width * height))?;
    let warning;
    let samples = if wide {
        let mut samples: Vec<u16> = zeros(count)?;
        warning = read_rows(&mut reader, bytemuck::cast_slice_mut(&mut samples))?;
        samples.iter_mut().for_each(|v| *v = u16::from_be(*v));
        Samples::U16(samples)
    } else {
        let mut samples: Vec<u8> = zeros(count)?;
        warning = read_rows(&mut reader, &mut samples)?;
        hide_grey(&mut samples, reader.info());
        Samples::U8(samples)
    };

    let info = reader.info();
    let mut raw = Raw::new(width, height, colour, alpha, samples);
    raw.bit_depth = info.bit_depth as u8;
    raw.metadata = metadata(info);
    raw.orientation = raw.metadata.exif.as_deref().map_or(1, orientation::from_exif);
    if info.animation_control.is_some_and(|control| control.num_frames > 1) {
        raw.warnings.push(ANIMATION.into());
    }
    raw.warnings.extend(warning);
    raw.warnings.extend(damaged(&chunks, info));
    space::apply(&reader, &mut raw, limits)?;
    Ok(raw)
}

/// Chunks beside the pixels, what they hold, and whether the picture may look wrong without it.
const NEEDED: [([u8; 4], &str, bool); 7] = [
    (*b"iCCP", "the embedded color profile", true),
    (*b"cICP", "the color space", true),
    (*b"gAMA", "the gamma", true),
    (*b"cHRM", "the chromaticities", true),
    (*b"tRNS", "the transparency", true),
    (*b"eXIf", "the Exif data", false),
    (*b"pHYs", "the resolution", false),
];

/// Returns which of [`NEEDED`] are in the file before its end or damage. Leaves the input where it was.
fn chunks(input: &mut (impl BufRead + Seek)) -> Result<Vec<[u8; 4]>> {
    let start = input.stream_position()?;
    let mut found = Vec::new();
    let mut skipped = super::SIGNATURE.len() as i64;
    let mut head = [0; 8];
    loop {
        input.seek_relative(skipped)?;
        if input.read_exact(&mut head).is_err() {
            break;
        }
        let [len @ .., a, b, c, d] = head;
        let kind = [a, b, c, d];
        if kind == *b"IEND" {
            break;
        }
        if NEEDED.iter().any(|(needed, ..)| *needed == kind) {
            found.push(kind);
        }
        // With the checksum.
        skipped = i64::from(u32::from_be_bytes(len)) + 4;
    }
    input.seek(SeekFrom::Start(start))?;
    Ok(found)
}

/// Returns a warning for each of these chunks that the decoder has left out. It does so without a word if a checksum or
/// something else in it is wrong.
fn damaged(chunks: &[[u8; 4]], info: &Info<'_>) -> Vec<String> {
    let has = |kind: [u8; 4]| match &kind {
        b"iCCP" => info.icc_profile.is_some(),
        b"cICP" => info.coding_independent_code_points.is_some(),
        b"gAMA" => info.gama_chunk.is_some(),
        b"cHRM" => info.chrm_chunk.is_some(),
        // Of no meaning beside an alpha channel.
        b"tRNS" => info.trns.is_some() || matches!(info.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba),
        b"eXIf" => info.exif_metadata.is_some(),
        _ => info.pixel_dims.is_some(),
    };
    let lost = NEEDED.iter().filter(|(kind, ..)| chunks.contains(kind) && !has(*kind));
    lost.map(|(kind, what, looks)| {
        let name = String::from_utf8_lossy(kind);
        let effect = if *looks { "; the picture may look wrong" } else { "" };
        format!("{what} is ignored: its {name} chunk is damaged{effect}")
    })
    .collect()
}

/// Reads all pixels, and the file to its end, because an Exif block may follow the pixels. If something is broken or
/// missing after the last pixel, returns a warning.
fn read_rows(reader: &mut Reader<impl BufRead + Seek>, samples: &mut [u8]) -> Result<Option<String>> {
    let info = reader.info();
    let (width, height, interlaced) = (info.width as usize, info.height as usize, info.interlaced);
    let (colour_type, depth) = reader.output_color_type();
    let stride = samples.len() / height;
    let bits = (colour_type.samples() * depth as usize) as u8;
    if interlaced {
        // Counted, because asking for one more row would read to the end of the pixels' chunks.
        for _ in 0..interlaced_rows(width, height) {
            let Some(row) = reader.next_interlaced_row().map_err(to_error)? else { break };
            if let InterlaceInfo::Adam7(pass) = row.interlace() {
                ::png::expand_interlaced_row(samples, stride, row.data(), pass, bits);
            }
        }
    } else {
        for row in samples.chunks_exact_mut(stride) {
            reader.read_row(row).map_err(to_error)?;
        }
    }
    let early =
        |error: &DecodingError| matches!(error, DecodingError::IoError(e) if e.kind() == std::io::ErrorKind::UnexpectedEof);
    // The end of the pixels' chunks holds their checksums. If they do not match, the picture is invalid.
    match reader.next_row() {
        Err(e) if early(&e) => return Ok(Some(ENDS_EARLY.into())),
        Err(e) => return Err(to_error(e)),
        Ok(_) => {}
    }
    Ok(match reader.finish() {
        Ok(()) => None,
        Err(e) if early(&e) => Some(ENDS_EARLY.into()),
        Err(e) => Some(format!("the file is damaged after the picture ({})", describe(&e))),
    })
}

/// Returns the total number of rows of an interlaced picture's seven passes. A pass without pixels has none.
fn interlaced_rows(width: usize, height: usize) -> usize {
    // For each pass: first column, first row, distance between rows.
    let passes = [(0, 0, 8), (4, 0, 8), (0, 4, 8), (2, 0, 4), (0, 2, 4), (1, 0, 2), (0, 1, 2)];
    passes.iter().filter(|pass| pass.0 < width).map(|pass| height.saturating_sub(pass.1).div_ceil(pass.2)).sum()
}

/// Makes the transparent level of 1, 2 or 4-bit gray transparent. The level is in the low bits of its chunk (PNG 3rd
/// edition, section 11.3.1.1). The decoder compares all eight bits of the last byte, and finds no such pixel if others
/// are set.
fn hide_grey(samples: &mut [u8], info: &Info<'_>) {
    let bits = info.bit_depth as u8;
    let (ColorType::Grayscale, 1..8, Some(&[level])) = (info.color_type, bits, info.trns.as_deref()) else { return };
    let greatest = 0xFF >> (8 - bits);
    let hidden = (level & greatest) * (255 / greatest);
    samples.as_chunks_mut::<2>().0.iter_mut().for_each(|[level, alpha]| *alpha = if *level == hidden { 0 } else { 255 });
}

/// Reads metadata from the chunks for it, or else from the texts that programs used before these chunks existed.
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
        texts: texts(info),
    }
}

/// Returns the texts for people: not those that hold other metadata, describe a thumbnail, or say when the file was
/// written and with which program.
fn texts(info: &Info<'_>) -> Vec<(String, String)> {
    let latin = info.uncompressed_latin1_text.iter().map(|text| (text.keyword.clone(), Some(text.text.clone())));
    let packed = info.compressed_latin1_text.iter().map(|text| {
        let mut text = text.clone();
        let read = text.decompress_text_with_limit(ANCILLARY_BYTES).ok().and_then(|()| text.get_text().ok());
        (text.keyword.clone(), read)
    });
    let utf8 = info.utf8_text.iter().map(|text| {
        let mut text = text.clone();
        let read = text.decompress_text_with_limit(ANCILLARY_BYTES).ok().and_then(|()| text.get_text().ok());
        (text.keyword.clone(), read)
    });
    let technical = |keyword: &str| {
        let starts = ["Raw profile type ", "Thumb::", "date:"].iter().any(|start| keyword.starts_with(start));
        starts || keyword == XMP_KEYWORD || keyword == "Software"
    };
    let all = latin.chain(packed).chain(utf8).filter(|(keyword, _)| !technical(keyword));
    all.filter_map(|(keyword, text)| Some((keyword, text?))).collect()
}

/// Returns the bytes of a text `Raw profile type NAME`.
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
            Error::new(ErrorKind::TooLarge, "its color profile or metadata expands to more than 64 MiB; save it without these")
        }
        DecodingError::IoError(e) => io_error(e),
        e => Error::new(ErrorKind::Malformed, format!("the file is damaged: {}", describe(&e))).with_source(e),
    }
}

/// Describes an error to users: some parts of the decoder's texts are only for programmers.
fn describe(error: &DecodingError) -> String {
    let text = error.to_string();
    // The decoder prints a chunk like this: ChunkType { type: IDAT, critical: true, ... }
    let (head, rest) = text.split_once("ChunkType { type: ").unwrap_or((&text, ""));
    let (chunk, tail) =
        rest.split_once(", ").map_or(("", ""), |(chunk, rest)| (chunk, rest.split_once('}').map_or("", |parts| parts.1)));
    if text.starts_with("CRC error") {
        return format!("the checksum of its {chunk} chunk is wrong");
    }
    if text.starts_with("Corrupt deflate stream") {
        return "its compressed data is corrupt".into();
    }
    let text = format!("{head}{chunk}{tail}").trim_end_matches('.').to_owned();
    if text.starts_with("IDAT or fDAT chunk does not have enough data") {
        return "pixels are missing".into();
    }
    text
}
