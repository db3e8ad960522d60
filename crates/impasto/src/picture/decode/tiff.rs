//! TIFF.

use std::io::{Read, Seek};

use ::tiff::decoder::ifd::Value;
use ::tiff::decoder::{Decoder, DecodingResult, Limits as TiffLimits};
use ::tiff::tags::{PhotometricInterpretation, Tag};
use ::tiff::{ColorType, TiffError};

use super::super::{Limits, metadata, reserved};
use super::jpeg::ycc_to_rgb;
use super::raw::{Colour, Raw, Samples};
use super::{failed, io_error, sample_count};
use crate::{Error, ErrorKind, Result};

/// Most bytes of one tag: strip offsets, a colour profile.
const TAG_BYTES: usize = 64 << 20;
/// `ExtraSamples`: colour has been multiplied by alpha.
const ASSOCIATED_ALPHA: u16 = 1;

pub(super) fn decode(mut input: impl Read + Seek, len: usize, limits: &Limits) -> Result<Raw> {
    let metadata = metadata::tiff::read(&mut input);
    input.rewind()?;
    let mut decoder = Decoder::new(input).map_err(to_error)?;
    let (width, height) = decoder.dimensions().map_err(to_error)?;
    limits.check_pixels(u64::from(width), u64::from(height))?;
    let (width, height) = (width as usize, height as usize);
    let stored = decoder.colortype().map_err(to_error)?;
    let kind = Kind::of(stored, &mut decoder)?;
    limits.check_decoded(width, height, kind.channels * usize::from(kind.bits.div_ceil(8)))?;

    // Eight bytes a sample is the widest there is; a strip may be as large as the picture.
    let most = sample_count(width, height, kind.channels)?.saturating_mul(8).saturating_add(1 << 20);
    let mut allowed = TiffLimits::unlimited();
    allowed.decoding_buffer_size = most;
    allowed.intermediate_buffer_size = most;
    allowed.ifd_value_size = TAG_BYTES.min(len);
    decoder = decoder.with_limits(allowed);

    let extra = decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples).map_err(to_error)?.unwrap_or_default();
    let mut result = DecodingResult::U8(Vec::new());
    let layout = decoder.read_image_to_buffer(&mut result).map_err(to_error)?;
    let planes = layout.planes;
    let samples = match result {
        DecodingResult::U8(v) if kind.bits < 8 => Samples::U8(unpacked(&v, width, height, kind.bits)?),
        DecodingResult::U8(v) => Samples::U8(interleaved(v, planes, &kind)?),
        DecodingResult::U16(v) => Samples::U16(interleaved(v, planes, &kind)?),
        DecodingResult::F32(v) => Samples::F32(interleaved(v, planes, &kind)?),
        _ => return Err(Error::new(ErrorKind::Unsupported, format!("samples of kind {stored:?} are not read"))),
    };

    let mut raw = Raw::new(width, height, kind.colour, kind.alpha, samples);
    raw.bit_depth = kind.bits;
    raw.premultiplied = kind.alpha && extra.first() == Some(&ASSOCIATED_ALPHA);
    if let (ColorType::YCbCr(_), Samples::U8(samples)) = (stored, &mut raw.samples) {
        samples.as_chunks_mut::<3>().0.iter_mut().for_each(|p| *p = ycc_to_rgb(*p));
    }
    if matches!(raw.samples, Samples::F32(_)) {
        raw.warnings.push("float samples are taken as sRGB-encoded 0..1".into());
    }
    raw.icc = match decoder.find_tag(Tag::IccProfile).and_then(|value| value.map(Value::into_u8_vec).transpose()) {
        Ok(icc) => icc,
        Err(e) => {
            raw.warnings.push(format!("the embedded colour profile is ignored ({e}); colours are taken as sRGB"));
            None
        }
    };
    raw.metadata = metadata;
    let orientation = decoder.find_tag_unsigned::<u16>(Tag::Orientation).ok().flatten();
    raw.orientation = orientation.and_then(|o| u8::try_from(o).ok()).unwrap_or(1);
    if decoder.more_images() {
        raw.warnings.push("the file has several pages; only the first is read".into());
    }
    Ok(raw)
}

/// What the samples are.
struct Kind {
    colour: Colour,
    alpha: bool,
    /// Colour and alpha.
    channels: usize,
    /// Samples a pixel as stored; what follows colour and alpha is dropped.
    stored: usize,
    bits: u8,
}

impl Kind {
    fn of(stored: ColorType, decoder: &mut Decoder<impl Read + Seek>) -> Result<Self> {
        let unsupported = |what: String| Err(Error::new(ErrorKind::Unsupported, what));
        let (colour, alpha, bits) = match stored {
            ColorType::Gray(bits) => (Colour::Grey, false, bits),
            ColorType::GrayA(bits) => (Colour::Grey, true, bits),
            ColorType::RGB(bits) => (Colour::Rgb, false, bits),
            ColorType::RGBA(bits) => (Colour::Rgb, true, bits),
            ColorType::CMYK(bits) => (Colour::Cmyk, false, bits),
            ColorType::CMYKA(bits) => (Colour::Cmyk, true, bits),
            ColorType::YCbCr(8) => (Colour::Rgb, false, 8),
            ColorType::Multiband { bit_depth, num_samples } => {
                let grey = decoder.find_tag_unsigned::<u16>(Tag::PhotometricInterpretation).map_err(to_error)?
                    == Some(PhotometricInterpretation::BlackIsZero.to_u16());
                match (grey, num_samples) {
                    (true, 2) => (Colour::Grey, true, bit_depth),
                    _ => return unsupported(format!("pictures of {num_samples} bands are not read")),
                }
            }
            other => return unsupported(format!("samples of kind {other:?} are not read; convert it to RGB")),
        };
        let packed = colour == Colour::Grey && !alpha && matches!(bits, 1 | 2 | 4);
        if !packed && !matches!(bits, 8 | 16 | 32) {
            return unsupported(format!("{bits}-bit samples of kind {stored:?} are not read"));
        }
        let channels = colour.channels() + usize::from(alpha);
        let samples = decoder.find_tag_unsigned::<u16>(Tag::SamplesPerPixel).map_err(to_error)?.unwrap_or(1);
        if usize::from(samples) < channels {
            return Err(Error::new(ErrorKind::Malformed, format!("{samples} samples a pixel cannot be {stored:?}")));
        }
        Ok(Kind { colour, alpha, channels, stored: usize::from(samples), bits })
    }
}

/// Samples pixel by pixel, whether they were stored so or plane by plane, without those beyond colour and alpha.
fn interleaved<T: Copy>(data: Vec<T>, planes: usize, kind: &Kind) -> Result<Vec<T>> {
    if planes <= 1 {
        if kind.stored == kind.channels {
            return Ok(data);
        }
        let mut out = reserved(data.len() / kind.stored * kind.channels)?;
        out.extend(data.chunks_exact(kind.stored).flat_map(|pixel| &pixel[..kind.channels]));
        return Ok(out);
    }
    let pixels = data.len() / planes;
    if planes < kind.channels || pixels == 0 {
        return Err(Error::new(ErrorKind::Malformed, "planes are missing"));
    }
    let mut out = reserved(pixels * kind.channels)?;
    for i in 0..pixels {
        out.extend((0..kind.channels).map(|plane| data[plane * pixels + i]));
    }
    Ok(out)
}

/// Samples of 1, 2 or 4 bits, spread to 8. Rows start at whole bytes.
fn unpacked(data: &[u8], width: usize, height: usize, bits: u8) -> Result<Vec<u8>> {
    let per_byte = usize::from(8 / bits);
    let stride = width.div_ceil(per_byte);
    if data.len() < stride * height {
        return Err(Error::new(ErrorKind::Malformed, "rows are missing"));
    }
    let greatest = 0xFFu8 >> (8 - bits);
    let mut out = reserved(width * height)?;
    for row in data.chunks_exact(stride).take(height) {
        out.extend((0..width).map(|x| {
            let shift = 8 - bits * (1 + (x % per_byte) as u8);
            (row[x / per_byte] >> shift & greatest) * (255 / greatest)
        }));
    }
    Ok(out)
}

fn to_error(error: TiffError) -> Error {
    match error {
        TiffError::UnsupportedError(e) => Error::new(ErrorKind::Unsupported, e.to_string()),
        TiffError::LimitsExceeded => Error::new(ErrorKind::TooLarge, "its strips, tiles or tags are larger than the picture"),
        TiffError::IoError(e) => io_error(e),
        e => failed(ErrorKind::Malformed, e),
    }
}
