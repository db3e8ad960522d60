//! Reading OpenEXR: the first layer with colors, at its full size, cropped or padded to the display window.

use std::io::Cursor;

use ::exr::error::Error as ExrError;
use ::exr::image::read::specific_channels::ReadSpecificChannel;
use ::exr::math::Vec2;
use ::exr::meta::MetaData;
use ::exr::meta::header::Header;
use ::exr::prelude::{ReadChannels, ReadLayers, read};

use crate::picture::decode::{Colour, Raw, Samples, cut, failed, linear, sample_count};
use crate::picture::{Limits, zeros};
use crate::{Error, ErrorKind, Result};

pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Raw> {
    let meta = MetaData::read_from_buffered(Cursor::new(bytes), false).map_err(to_error)?;
    let has = |header: &Header, name: &str| header.channels.list.iter().any(|channel| channel.name.eq(name));
    let is_colour = |header: &&Header| ["R", "G", "B"].iter().all(|name| has(header, name));
    let is_grey = |header: &&Header| has(header, "Y") && !has(header, "RY") && !has(header, "BY");
    let flat = || meta.headers.iter().filter(|header| !header.deep);
    let header = flat().find(is_colour).or_else(|| flat().find(is_grey)).ok_or_else(|| unsupported(&meta))?;
    let (grey, alpha) = (!is_colour(&header), has(header, "A"));

    let window = header.shared_attributes.display_window;
    let [width, height] = [window.size.0, window.size.1];
    limits.check_pixels(width as u64, height as u64)?;
    // Pixels outside the window are decoded too.
    let stored = header.layer_size;
    limits.check_pixels(stored.0 as u64, stored.1 as u64)?;
    let channels = if grey { 1 } else { 3 } + usize::from(alpha);
    limits.check_decoded(width, height, channels * 4)?;
    let count = sample_count(width, height, channels)?;
    // Allocate here, where an error can be returned, not where the decoder asks for it.
    let room: std::cell::Cell<Vec<f32>> = std::cell::Cell::new(zeros(count)?);
    let offset = [header.own_attributes.layer_position, window.position].map(|at| [i64::from(at.0), i64::from(at.1)]);
    let place = move |at: Vec2<usize>| {
        let [x, y] = [0, 1].map(|axis| [at.0, at.1][axis] as i64 + offset[0][axis] - offset[1][axis]);
        let inside = (0..width as i64).contains(&x) && (0..height as i64).contains(&y);
        inside.then(|| (y as usize * width + x as usize) * channels)
    };
    let chromaticities = header.shared_attributes.chromaticities;

    let samples = if grey {
        read()
            .no_deep_data()
            .largest_resolution_level()
            .specific_channels()
            .required("Y")
            .optional("A", 1.0f32)
            .collect_pixels(
                |_, _| room.take(),
                move |out: &mut Vec<f32>, at, (y, a): (f32, f32)| {
                    if let Some(place) = place(at) {
                        out[place..place + channels].copy_from_slice(&[y, a][..channels]);
                    }
                },
            )
            .first_valid_layer()
            .all_attributes()
            .non_parallel()
            .from_buffered(Cursor::new(bytes))
            .map_err(to_error)?
            .layer_data
            .channel_data
            .pixels
    } else {
        read()
            .no_deep_data()
            .largest_resolution_level()
            .rgba_channels(
                |_, _| room.take(),
                move |out: &mut Vec<f32>, at, (r, g, b, a): (f32, f32, f32, f32)| {
                    if let Some(place) = place(at) {
                        out[place..place + channels].copy_from_slice(&[r, g, b, a][..channels]);
                    }
                },
            )
            .first_valid_layer()
            .all_attributes()
            .non_parallel()
            .from_buffered(Cursor::new(bytes))
            .map_err(to_error)?
            .layer_data
            .channel_data
            .pixels
    };
    if samples.len() != count {
        return Err(Error::new(ErrorKind::Malformed, "its layers are not of the same kind"));
    }
    let mut raw = Raw::new(width, height, if grey { Colour::Grey } else { Colour::Rgb }, alpha, Samples::F32(samples));
    straighten(&mut raw);
    linear::encode(&mut raw, limits)?;
    if meta.headers.len() > 1 {
        raw.warnings.push("the file has several layers; only the first with colors is read".into());
    }
    if chromaticities.is_some_and(|found| !is_srgb(&found)) {
        raw.warnings.push("its primaries are not sRGB's, but are taken as sRGB's; colors will be a little off".into());
    }
    Ok(raw)
}

/// Divides colors by alpha. They are multiplied by it in linear light, so this happens before the light is encoded.
fn straighten(raw: &mut Raw) {
    let channels = raw.colour.channels();
    let Samples::F32(samples) = &mut raw.samples else { return };
    if raw.alpha {
        for pixel in samples.chunks_exact_mut(channels + 1) {
            let alpha = pixel[channels];
            if alpha > 0.0 {
                pixel[..channels].iter_mut().for_each(|v| *v /= alpha);
            }
            pixel[channels] = alpha.clamp(0.0, 1.0);
        }
    }
}

fn is_srgb(found: &::exr::meta::attribute::Chromaticities) -> bool {
    let named = [found.red, found.green, found.blue, found.white];
    let srgb = [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290)];
    named.iter().zip(srgb).all(|(Vec2(x, y), (sx, sy))| (x - sx).abs() < 0.005f32 && (y - sy).abs() < 0.005f32)
}

fn unsupported(meta: &MetaData) -> Error {
    let names = meta.headers.iter().flat_map(|header| header.channels.list.iter().map(|channel| channel.name.to_string()));
    let names: Vec<_> = names.take(8).collect();
    let text = format!("it has no layer with the channels R, G and B, or Y alone; it has {}", names.join(", "));
    Error::new(ErrorKind::Unsupported, text)
}

fn to_error(error: ExrError) -> Error {
    match error {
        ExrError::Io(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => cut().with_source(e),
        ExrError::NotSupported(_) => failed(ErrorKind::Unsupported, error),
        _ => failed(ErrorKind::Malformed, error),
    }
}
