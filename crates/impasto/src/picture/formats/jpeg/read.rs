//! Reading JPEG with one decoder or the other.

use std::io::{self, BufRead, Seek};

use zune_core::bytestream::{ZByteReaderTrait, ZCursor};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::survey::Survey;
use super::{AGAIN, coded};
use crate::picture::decode::{Colour, Raw, Samples, orientation, sample_count};
use crate::picture::metadata::{COMMENT, Metadata, iptc};
use crate::picture::{Limits, zeros};
use crate::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let file = Survey::of(bytes.iter().map(|&byte| Ok(byte)))?;
    if !is_sound(bytes, &file, limits)? {
        return decode_unusual(bytes, &file, limits);
    }
    let raw = decode_usual(ZCursor::new(bytes), &file, limits);
    if raw.is_err() && limits.salvage { decode_unusual(bytes, &file, limits) } else { raw }
}

/// Whether the fast decoder reads the file correctly.
fn is_sound(bytes: &[u8], file: &Survey, limits: &Limits) -> Result<bool> {
    if !file.usual() {
        return Ok(false);
    }
    let ([_, height], _) = checked(file, limits)?;
    Ok(coded::is_whole(bytes, height))
}

/// Decodes a file that is not in memory.
pub(super) fn decode_stream(input: &mut (impl BufRead + Seek), limits: &Limits) -> Result<Raw> {
    let mut bytes = Vec::new();
    input.read_to_end(&mut bytes)?;
    let file = Survey::of(bytes.iter().map(|&byte| Ok(byte)))?;
    if !is_sound(&bytes, &file, limits)? {
        return decode_unusual(&bytes, &file, limits);
    }
    // They are not needed beside the picture.
    drop(bytes);
    input.rewind()?;
    decode_usual(input, &file, limits)
}

/// Decodes with the fast decoder, which streams.
fn decode_usual(input: impl ZByteReaderTrait, file: &Survey, limits: &Limits) -> Result<Raw> {
    let (size, colour) = checked(file, limits)?;
    let mut decoder = headers(input)?;
    // CMYK and YCCK are read as stored: the decoder's own conversion ignores profiles and, for YCCK, inversion.
    let wanted = match colour {
        Colour::Grey => ColorSpace::Luma,
        Colour::Rgb => ColorSpace::RGB,
        Colour::Cmyk => decoder.input_colorspace().unwrap_or(ColorSpace::CMYK),
    };
    decoder.set_options(options().jpeg_set_out_colorspace(wanted));
    let mut samples: Vec<u8> = zeros(sample_count(size[0], size[1], colour.channels())?)?;
    decoder.decode_into(&mut samples).map_err(|e| to_error(&e))?;
    if colour == Colour::Cmyk {
        to_ink(&mut samples, file.is_ycck());
    }
    Ok(raw(size, colour, samples, &decoder, file))
}

/// Decodes with the decoder that handles everything.
fn decode_unusual(bytes: &[u8], file: &Survey, limits: &Limits) -> Result<Raw> {
    let (size, colour) = checked(file, limits)?;
    let coded = coded::decode(bytes, size[1], limits.salvage)?;
    let mut samples = coded.samples;
    match colour {
        Colour::Rgb if !file.is_rgb() => samples.as_chunks_mut::<3>().0.iter_mut().for_each(|p| *p = ycc_to_rgb(*p)),
        Colour::Cmyk => to_ink(&mut samples, file.is_ycck()),
        _ => {}
    }
    let plain = file.plain_headers(bytes, size[1]);
    let decoder = headers(ZCursor::new(&plain[..]))?;
    let mut raw = raw(size, colour, samples, &decoder, file);
    if !coded.whole {
        let what = match (coded.part * 100.0).floor() {
            100.0 => "the picture lacks detail or colors".into(),
            percent => format!("{percent} % of the picture is read, the rest is gray"),
        };
        raw.warnings.push(format!("the file is cut off or damaged: {what}"));
    } else if !coded.ended {
        raw.warnings.push("the file's last bytes are missing, but all of the picture is there".into());
    }
    if coded.too_much {
        raw.warnings.push("there is more data than the picture needs; a part of the picture may be damaged".into());
    }
    if !file.huffman_tables {
        raw.warnings.push("the file has no Huffman tables; it is read with the standard ones".into());
    }
    Ok(raw)
}

/// Returns the size and the kind of the samples, checked against the limits.
fn checked(file: &Survey, limits: &Limits) -> Result<([usize; 2], Colour)> {
    let frame = file.frame()?;
    let [width, height] = [usize::from(frame.size[0]), file.height()?];
    limits.check_pixels(width as u64, height as u64)?;
    let colour = match frame.components.len() {
        1 => Colour::Grey,
        3 => Colour::Rgb,
        _ => Colour::Cmyk,
    };
    limits.check_decoded(width, height, colour.channels())?;
    Ok(([width, height], colour))
}

/// Lenient, as every viewer is: cameras write odd markers. Truncated files are recognized by their missing end instead.
fn options() -> DecoderOptions {
    DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX)
}

/// Returns a decoder that has read the headers.
fn headers<T: ZByteReaderTrait>(input: T) -> Result<JpegDecoder<T>> {
    let mut decoder = JpegDecoder::new_with_options(input, options());
    decoder.decode_headers().map_err(|e| to_error(&e))?;
    Ok(decoder)
}

/// Combines samples with the information in the headers.
fn raw<T: ZByteReaderTrait>(
    [width, height]: [usize; 2],
    colour: Colour,
    samples: Vec<u8>,
    headers: &JpegDecoder<T>,
    file: &Survey,
) -> Raw {
    let mut raw = Raw::new(width, height, colour, false, Samples::U8(samples));
    match file.profile() {
        Some(Ok(icc)) => raw.icc = Some(icc),
        Some(Err(why)) => raw.warnings.push(format!("the embedded color profile is ignored ({why}); colors may be wrong")),
        None => {}
    }
    raw.metadata = Metadata {
        exif: file.exif.clone(),
        xmp: headers.xmp().cloned(),
        iptc: iptc::of_resources(&file.resources),
        density: file.density,
        texts: file.comment.as_deref().and_then(comment).into_iter().collect(),
    };
    if file.extended_xmp {
        raw.warnings.push("the XMP data has more than 64 KiB; what is in its extension is left out".into());
    }
    raw.orientation = raw.metadata.exif.as_deref().map_or(1, orientation::from_exif);
    if file.gain_map {
        raw.warnings.push("the file has an HDR gain map; it is left out".into());
    } else if file.others > 0 {
        let (more, noun) = (file.others, if file.others == 1 { "picture" } else { "pictures" });
        raw.warnings.push(format!("the file has {more} more {noun}, such as gain or depth maps; only the first picture is read"));
    }
    raw
}

/// Returns a comment as a text, unless it only says which program or library encoded the file.
fn comment(bytes: &[u8]) -> Option<(String, String)> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    let names_encoder =
        ["CREATOR: gd-jpeg", "Lavc", "Compressed by", "LEAD Technologies"].iter().any(|sign| text.starts_with(sign));
    (!text.is_empty() && !names_encoder).then(|| (COMMENT.to_owned(), text.to_owned()))
}

/// Four-channel JPEGs are stored inverted, 255 = no ink: Adobe did so first, and all readers and writers since. YCCK is
/// converted from the complement of the stored CMY, and so from ink; its K is stored inverted nevertheless.
fn to_ink(samples: &mut [u8], ycck: bool) {
    for p in samples.as_chunks_mut::<4>().0 {
        let [c, m, y] = if ycck { ycc_to_rgb([p[0], p[1], p[2]]) } else { [255 - p[0], 255 - p[1], 255 - p[2]] };
        *p = [c, m, y, 255 - p[3]];
    }
}

/// Converts JFIF's YCbCr to RGB (ITU-T T.871, section 7).
pub(in crate::picture::formats) fn ycc_to_rgb([y, cb, cr]: [u8; 3]) -> [u8; 3] {
    let (y, cb, cr) = (f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0);
    // The casts saturate.
    [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb].map(|v| (v + 0.5) as u8)
}

/// Converts a decoder's error to a line of ours, because its own texts are meant for authors of decoders.
fn to_error(error: &DecodeErrors) -> Error {
    let kind = match error {
        DecodeErrors::Unsupported(_) => ErrorKind::Unsupported,
        DecodeErrors::LargeDimensions(_) => ErrorKind::TooLarge,
        _ => ErrorKind::Malformed,
    };
    let what = match error {
        DecodeErrors::Unsupported(_) => "its coding is not supported",
        DecodeErrors::ZeroError => "its header claims no rows or no columns",
        DecodeErrors::DqtError(_) => "a quantization table is damaged",
        DecodeErrors::SosError(_) => "a scan header is damaged",
        DecodeErrors::SofError(_) => "the frame header is damaged",
        DecodeErrors::HuffmanDecode(_) => "a Huffman table is damaged",
        DecodeErrors::MCUError(_) => "the picture data is damaged",
        DecodeErrors::LargeDimensions(_) => "the picture is too large",
        _ => "the file is damaged",
    };
    // The decoder's error is not `Send` in every version, and contains nothing but its text. So keep the text.
    let text = format!("{error:?}").split_whitespace().collect::<Vec<_>>().join(" ");
    Error::new(kind, format!("{what}. {AGAIN}")).with_source(io::Error::other(text))
}
