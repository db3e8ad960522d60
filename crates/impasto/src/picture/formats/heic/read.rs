//! Reading HEIC with the system's libheif.

use libheif_rs::{ColorProfileRaw, ColorSpace, HeifContext, LibHeif, RgbChroma};

use crate::picture::decode::{Colour, Raw, Samples, failed, orientation, sample_count};
use crate::picture::metadata::Metadata;
use crate::picture::{Limits, zeros};
use crate::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let context = HeifContext::read_from_bytes(bytes).map_err(to_error)?;
    let handle = context.primary_image_handle().map_err(to_error)?;
    // The size as shown: turned and cropped.
    let (width, height) = (handle.width(), handle.height());
    limits.check_pixels(u64::from(width), u64::from(height))?;
    let alpha = handle.has_alpha_channel();
    let deep = handle.luma_bits_per_pixel() > 8;
    let (width, height, channels) = (width as usize, height as usize, 3 + usize::from(alpha));
    limits.check_decoded(width, height, channels * if deep { 2 } else { 1 })?;
    let chroma = match (deep, alpha) {
        (false, false) => RgbChroma::Rgb,
        (false, true) => RgbChroma::Rgba,
        (true, false) => RgbChroma::HdrRgbLe,
        (true, true) => RgbChroma::HdrRgbaLe,
    };
    let image = LibHeif::new().decode(&handle, ColorSpace::Rgb(chroma), None).map_err(to_error)?;
    let planes = image.planes();
    let plane = planes.interleaved.ok_or_else(|| Error::new(ErrorKind::Malformed, "its samples are missing"))?;
    if [plane.width as usize, plane.height as usize] != [width, height] {
        return Err(Error::new(ErrorKind::Malformed, "it does not have the size in its header"));
    }
    let count = sample_count(width, height, channels)?;
    let rows = plane.data.chunks(plane.stride).take(height);
    let samples = if deep {
        let greatest = (1u32 << plane.bits_per_pixel.clamp(8, 16)) - 1;
        let mut samples: Vec<u16> = zeros(count)?;
        for (target, row) in samples.chunks_exact_mut(width * channels).zip(rows) {
            for (v, pair) in target.iter_mut().zip(row.as_chunks::<2>().0) {
                *v = (u32::from(u16::from_le_bytes(*pair)).min(greatest) * 65_535 / greatest) as u16;
            }
        }
        Samples::U16(samples)
    } else {
        let mut samples: Vec<u8> = zeros(count)?;
        for (target, row) in samples.chunks_exact_mut(width * channels).zip(rows) {
            target.copy_from_slice(&row[..width * channels]);
        }
        Samples::U8(samples)
    };
    let mut raw = Raw::new(width, height, Colour::Rgb, alpha, samples);
    raw.premultiplied = handle.is_premultiplied_alpha();
    raw.icc = handle.color_profile_raw().map(|profile: ColorProfileRaw| profile.data);
    raw.metadata = metadata(&handle);
    if context.number_of_top_level_images() > 1 {
        raw.warnings.push("the file has several pictures; only the primary one is read".into());
    }
    Ok(raw)
}

fn metadata(handle: &libheif_rs::ImageHandle) -> Metadata {
    let mut found = Metadata::default();
    for item in handle.all_metadata() {
        match (item.item_type.to_string().as_str(), item.content_type.as_str()) {
            // The first four bytes say how far after them the block starts.
            ("Exif", _) => {
                found.exif = item.raw_data.split_first_chunk::<4>().and_then(|(offset, rest)| {
                    Some(orientation::exif_block(rest.get(u32::from_be_bytes(*offset) as usize..)?.to_vec()))
                });
            }
            ("mime", "application/rdf+xml") => found.xmp = Some(item.raw_data),
            _ => {}
        }
    }
    found
}

fn to_error(error: libheif_rs::HeifError) -> Error {
    failed(ErrorKind::Malformed, error)
}
