//! JPEG.

use std::io::{self, BufRead, Read, Seek};

use zune_core::bytestream::{ZByteReaderTrait, ZCursor};
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::super::metadata::{Density, Metadata, iptc};
use super::super::{Limits, zeros};
use super::raw::{Colour, Raw, Samples};
use super::{failed, orientation, sample_count};
use crate::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let file = survey(bytes.iter().map(|&byte| Ok(byte)))?;
    let unusual = || unusual(bytes, file.components);
    decode_from(ZCursor::new(bytes), &file, unusual, limits)
}

/// From a file that is not in memory.
pub(super) fn decode_stream(input: &mut (impl BufRead + Seek), limits: &Limits) -> Result<Raw> {
    let file = survey(input.by_ref().bytes())?;
    input.rewind()?;
    // The second decoder wants the file once more, from its start.
    if file.unusual {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        return decode_from(ZCursor::new(&bytes[..]), &file, || unusual(&bytes, file.components), limits);
    }
    decode_from(input, &file, || unusual(&[], file.components), limits)
}

/// Decodes a file that `zune-jpeg` would get wrong without a word: samples as stored if there are four components, grey or RGB otherwise.
fn unusual(bytes: &[u8], components: usize) -> Result<Vec<u8>> {
    let mut decoder = jpeg_decoder::Decoder::new(bytes);
    // Without a transform the decoder puts each component's row behind the other's. Its transform of CMYK is the complement, which is undone.
    if components == 4 {
        decoder.set_color_transform(jpeg_decoder::ColorTransform::CMYK);
    }
    let samples = decoder.decode().map(|mut samples| {
        if components == 4 {
            samples.iter_mut().for_each(|v| *v = 255 - *v);
        }
        samples
    });
    samples.map_err(|e| {
        let (kind, what) = match &e {
            jpeg_decoder::Error::Unsupported(_) => (ErrorKind::Unsupported, "its coding is not supported"),
            _ => (ErrorKind::Malformed, "the file is damaged"),
        };
        Error::new(kind, format!("{what} ({e}); open it in another program and save it again as JPEG or PNG"))
    })
}

fn decode_from(
    input: impl ZByteReaderTrait,
    file: &Survey,
    unusual: impl FnOnce() -> Result<Vec<u8>>,
    limits: &Limits,
) -> Result<Raw> {
    // Lenient, as every viewer is: cameras write odd markers. Files that stop early are found by their missing end instead.
    let options = DecoderOptions::default().set_strict_mode(false).set_max_width(usize::MAX).set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(input, options);
    decoder.decode_headers().map_err(to_error)?;
    let (width, height) = decoder.dimensions().ok_or_else(|| Error::new(ErrorKind::Malformed, "it has no frame header"))?;
    limits.check_pixels(width as u64, height as u64)?;
    if !file.complete {
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
    let count = sample_count(width, height, colour.channels())?;
    let mut samples: Vec<u8>;
    if file.unusual {
        samples = unusual()?;
        if samples.len() != count {
            let text = format!("its {} components are coded in a way that is not supported", file.components);
            return Err(Error::new(ErrorKind::Unsupported, text));
        }
    } else {
        samples = zeros(count)?;
        decoder.decode_into(&mut samples).map_err(to_error)?;
    }
    if colour == Colour::Cmyk {
        to_ink(&mut samples, stored == ColorSpace::YCCK);
    }

    let mut raw = Raw::new(width, height, colour, false, Samples::U8(samples));
    raw.icc = decoder.icc_profile();
    raw.metadata = Metadata {
        exif: decoder.exif().cloned(),
        xmp: decoder.xmp().cloned(),
        iptc: decoder.iptc().and_then(|resources| iptc::of_resources(resources)),
        density: file.density,
    };
    raw.orientation = raw.metadata.exif.as_deref().map_or(1, orientation::from_exif);
    Ok(raw)
}

/// What a JFIF header (ITU-T T.871, section 10.1) says about resolution. The decoder's own account of it is lost.
fn jfif_density(segment: &[u8]) -> Option<Density> {
    let [b'J', b'F', b'I', b'F', 0, _, _, unit, x1, x0, y1, y0, ..] = *segment else { return None };
    let per_inch = match unit {
        1 => 1.0,
        2 => 2.54,
        _ => return None,
    };
    let value = |bytes| f64::from(u16::from_be_bytes(bytes)) * per_inch;
    Density::new(value([x1, x0]), value([y1, y0]))
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

/// What a walk over a file's markers tells before anything is decoded.
struct Survey {
    /// Whether an end-of-image marker follows the first start-of-scan marker.
    complete: bool,
    /// Components of the frame.
    components: usize,
    /// Whether the file is laid out in a way that `zune-jpeg` decodes wrongly without an error: sequential with several scans, or a first
    /// component (luma) that is sampled less than another.
    unusual: bool,
    /// The resolution that a JFIF header gives.
    density: Option<Density>,
}

/// Walks over the markers. In entropy-coded data 0xFF is always followed by 0 or a restart number, so that FF D9 there is nothing else than
/// the end; before it, an Exif thumbnail may hold one of its own.
fn survey(mut bytes: impl Iterator<Item = io::Result<u8>>) -> Result<Survey> {
    let mut survey = Survey { complete: false, components: 0, unusual: false, density: None };
    let mut next = || bytes.next().transpose();
    next()?;
    next()?;
    let Some(mut first) = next()? else { return Ok(survey) };
    let mut sequential = false;
    loop {
        let Some(marker) = next()? else { return Ok(survey) };
        first = match (first, marker) {
            // Segments without a length: TEM, restarts, SOI.
            (0xFF, 0x01 | 0xD0..=0xD8) => match next()? {
                Some(byte) => byte,
                None => return Ok(survey),
            },
            (0xFF, 0x00..=0xFE) => {
                let (Some(high), Some(low)) = (next()?, next()?) else { return Ok(survey) };
                let len = usize::from(u16::from_be_bytes([high, low])).saturating_sub(2);
                let mut head = Vec::new();
                for _ in 0..len {
                    let Some(byte) = next()? else { return Ok(survey) };
                    // A frame of four components is 18 bytes long.
                    if head.len() < 18 {
                        head.push(byte);
                    }
                }
                match marker {
                    0xE0 => survey.density = survey.density.or_else(|| jfif_density(&head)),
                    // Frames: T.81, table B.1 and section B.2.2.
                    0xC0..=0xC3 => {
                        sequential = marker < 0xC2;
                        survey.components = head.get(5).map_or(0, |n| usize::from(*n));
                        let factors = |i: usize| head.get(7 + 3 * i).map_or([1, 1], |f| [f >> 4, f & 15]);
                        let [h, v] = factors(0);
                        survey.unusual = (1..survey.components).map(factors).any(|[x, y]| x > h || y > v);
                    }
                    // The first scan says how many components it holds: section B.2.3.
                    0xDA => {
                        survey.unusual |= sequential && head.first().is_some_and(|n| usize::from(*n) != survey.components);
                        break;
                    }
                    _ => {}
                }
                match next()? {
                    Some(byte) => byte,
                    None => return Ok(survey),
                }
            }
            // Fill bytes, and stray ones between segments: the decoder skips them too.
            _ => marker,
        };
    }
    let mut before = 0;
    while let Some(byte) = next()? {
        if (before, byte) == (0xFF, 0xD9) {
            survey.complete = true;
            break;
        }
        before = byte;
    }
    Ok(survey)
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
