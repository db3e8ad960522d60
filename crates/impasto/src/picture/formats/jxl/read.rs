//! Reading JPEG XL with `jxl-oxide`.

use std::io::Cursor;

use jxl_oxide::image::{BitDepth, ExtraChannelType};
use jxl_oxide::{AllocTracker, HdrType, JxlImage, PixelFormat};

use crate::picture::decode::linear::{self, Hdr};
use crate::picture::decode::{ANIMATION, Colour, Raw, Samples, cut, orientation, sample_count};
use crate::picture::metadata::Metadata;
use crate::picture::{Limits, zeros};
use crate::{Error, ErrorKind, Result};

/// Bytes that decoding may take for each pixel that the limits allow, and for the tables of small pictures.
const PIXEL_BYTES: u64 = 96;
const TABLE_BYTES: u64 = 64 << 20;

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let most = limits.max_pixels.saturating_mul(PIXEL_BYTES).min(limits.max_decoded.saturating_mul(8));
    let most = usize::try_from(most.saturating_add(TABLE_BYTES)).unwrap_or(usize::MAX);
    let image = JxlImage::builder().alloc_tracker(AllocTracker::with_limit(most)).read(Cursor::new(bytes)).map_err(to_error)?;
    // The size as shown: the orientation is part of the picture.
    let (width, height) = (image.width(), image.height());
    limits.check_pixels(u64::from(width), u64::from(height))?;
    let (width, height) = (width as usize, height as usize);
    let (colour, alpha) = match image.pixel_format() {
        PixelFormat::Gray => (Colour::Grey, false),
        PixelFormat::Graya => (Colour::Grey, true),
        PixelFormat::Rgb => (Colour::Rgb, false),
        PixelFormat::Rgba => (Colour::Rgb, true),
        PixelFormat::Cmyk | PixelFormat::Cmyka => {
            return Err(Error::new(ErrorKind::Unsupported, "a picture of CMYK inks is not supported; save it as RGB"));
        }
    };
    let depth = image.image_header().metadata.bit_depth;
    let (bits, float) = match depth {
        BitDepth::IntegerSample { bits_per_sample } => (bits_per_sample, false),
        BitDepth::FloatSample { bits_per_sample, .. } => (bits_per_sample, true),
    };
    let channels = colour.channels() + usize::from(alpha);
    let size = if float || bits > 16 { 4 } else { bits.div_ceil(8) as usize };
    limits.check_decoded(width, height, channels * size)?;
    if image.num_loaded_keyframes() == 0 || (!image.is_loading_done() && image.num_loaded_frames() == 0) {
        return Err(cut());
    }
    let render = image.render_frame(0).map_err(to_error)?;
    let mut stream = if alpha { render.stream() } else { render.stream_no_alpha() };
    if [stream.width() as usize, stream.height() as usize, stream.channels() as usize] != [width, height, channels] {
        return Err(Error::new(ErrorKind::Malformed, "its first frame does not have the picture's size and kind"));
    }
    let count = sample_count(width, height, channels)?;
    let samples = match size {
        1 => {
            let mut samples: Vec<u8> = zeros(count)?;
            stream.write_to_buffer(&mut samples);
            Samples::U8(samples)
        }
        2 => {
            let mut samples: Vec<u16> = zeros(count)?;
            stream.write_to_buffer(&mut samples);
            Samples::U16(samples)
        }
        _ => {
            let mut samples: Vec<f32> = zeros(count)?;
            stream.write_to_buffer(&mut samples);
            Samples::F32(samples)
        }
    };
    let mut raw = Raw::new(width, height, colour, alpha, samples);
    raw.bit_depth = bits.min(32) as u8;
    raw.premultiplied = image
        .image_header()
        .metadata
        .ec_info
        .iter()
        .any(|extra| matches!(extra.ty, ExtraChannelType::Alpha { alpha_associated: true }));
    raw.metadata = metadata(&image)?;
    if image.image_header().metadata.animation.is_some() {
        raw.warnings.push(ANIMATION.into());
    }
    let points = image.rendered_cicp();
    let hdr = image.hdr_type().map(|kind| if matches!(kind, HdrType::Pq) { Hdr::Pq } else { Hdr::Hlg });
    match (hdr, points) {
        (Some(hdr), points) => linear::from_hdr(&mut raw, hdr, points.map_or(1, |points| points[0]), limits)?,
        // sRGB needs no profile.
        (None, Some([1, 13, ..])) => {}
        (None, _) => raw.icc = Some(image.rendered_icc()),
    }
    Ok(raw)
}

fn metadata(image: &JxlImage) -> Result<Metadata> {
    let boxes = image.aux_boxes();
    // Damaged metadata must not cost the picture.
    let exif = boxes.first_exif().ok().filter(|exif| exif.has_data()).map(|exif| exif.unwrap());
    let exif = exif.and_then(|exif| exif.payload().get(exif.tiff_header_offset() as usize..)).map(<[u8]>::to_vec);
    let xmp = boxes.first_xml();
    let xmp = xmp.has_data().then(|| xmp.unwrap().to_vec());
    Ok(Metadata { exif: exif.map(orientation::exif_block), xmp, ..Metadata::default() })
}

fn to_error(error: Box<dyn std::error::Error + Send + Sync + 'static>) -> Error {
    let text = error.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    if text.contains("unexpected EOF") || text.contains("end of file") {
        return cut();
    }
    if text.contains("memory") {
        let text = "decoding it takes more memory than the limits allow; raise them with --max-pixels or --max-memory";
        return Error::new(ErrorKind::TooLarge, text);
    }
    Error::new(ErrorKind::Malformed, format!("the file is damaged: {text}"))
}
