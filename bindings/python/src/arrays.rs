//! Converts arrays to pictures, and checks their ranges, shapes and channels.

use impasto::ErrorKind;
use impasto::picture::Picture;
use pyo3::prelude::*;

use crate::error::{OrRaise, error, invalid};
use crate::memory::Foreign;
use crate::reading::Reading;
use crate::samples::Kind;

/// How far floats may lie outside 0 to 1. Rounding, and resizing that overshoots, may produce such values.
const TOLERANCE: f32 = 0.01;

/// Checks that floats are from 0 to 1. Other ranges would give a meaningless painting, so they are refused
/// with a hint what to do. Values slightly outside are clipped, and with `clip` all are. Values that are not
/// finite are left for the library to refuse.
pub(crate) fn in_range(values: &mut [f32], what: &str, clip: bool) -> PyResult<()> {
    let least = values.iter().copied().fold(0f32, f32::min);
    let most = values.iter().copied().fold(1f32, f32::max);
    if (least == 0.0 && most == 1.0) || !least.is_finite() || !most.is_finite() {
        return Ok(());
    }
    if !clip && (least < -TOLERANCE || most > 1.0 + TOLERANCE) {
        let cure = if most > 2.0 && least >= -TOLERANCE && most <= 256.0 {
            "divide by 255"
        } else if (-1.0 - TOLERANCE..0.0).contains(&least) && most <= 1.0 + TOLERANCE {
            "if they range from -1 to 1, give (x + 1) / 2"
        } else {
            "scale them"
        };
        let text = format!("{what} has floats from {least} to {most}, not 0 to 1; {cure}, or give clip=True to clip them");
        return Err(invalid(text));
    }
    values.iter_mut().filter(|value| !value.is_nan()).for_each(|value| *value = value.clamp(0.0, 1.0));
    Ok(())
}

/// Converts an array to a picture, and returns its kind of numbers and its channel
/// axis. Gray arrays become three channels.
pub(crate) fn of_array(array: Foreign<'_>, reading: &Reading<'_>) -> PyResult<(Picture, Kind, usize)> {
    let Reading { what, clip, .. } = *reading;
    let kind = array.kind();
    if kind == Kind::Bool {
        return Err(invalid(format!("{what} is an array of bool, but only masks of height × width can be; {}", Kind::KNOWN)));
    }
    let axis = if array.shape().len() == 3 { reading.channel_axis } else { 2 };
    let shape: Vec<_> = array.shape().iter().map(ToString::to_string).collect();
    let array = array.with_last(axis);
    let (height, width, channels) = match *array.shape() {
        [height, width] => (height, width, 1),
        [height, width, channels @ (1 | 3 | 4)] => (height, width, channels),
        ref sides => {
            let hint = match sides {
                [3 | 4, _, _] if axis == 2 => "; its channels come first: give channel_axis=0, or 1 for a batch",
                [_, _, _, _] => "; give one picture at a time",
                _ => "",
            };
            return Err(invalid(format!(
                "{what} is an array of {}, not height × width × 3 or 4, or height × width{hint}",
                shape.join(" × ")
            )));
        }
    };
    let named = |result: impasto::Result<Picture>| result.map_err(|e| e.context(what)).or_raise();
    let len = height * width * channels.max(3);
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|e| error(ErrorKind::TooLarge, format!("{what}: {e}")))?;
    array.rows(|row| match channels {
        1 => values.extend(row.iter().flat_map(|&grey| [grey; 3])),
        _ => values.extend_from_slice(row),
    });
    in_range(&mut values, what, clip)?;
    let mut picture = if channels == 4 {
        named(of_rgba(width, height, values))?
    } else {
        named(Picture::from_rgb_f32([width, height], values))?
    };
    // Files made from the picture keep this depth.
    picture.source_mut().bit_depth = if kind == Kind::U8 { 8 } else { 16 };
    Ok((picture, kind, axis))
}

/// An RGBA picture. Fully transparent pixels get the colors around them, as when a file is read.
pub(crate) fn of_rgba(width: usize, height: usize, values: Vec<f32>) -> impasto::Result<Picture> {
    let side = |n: usize| u32::try_from(n).map_err(|e| impasto::Error::new(ErrorKind::TooLarge, e.to_string()));
    let image = image::Rgba32FImage::from_raw(side(width)?, side(height)?, values);
    let image = image.ok_or_else(|| impasto::Error::new(ErrorKind::InvalidArgument, "the array has no pixels"))?;
    Picture::from_image(image.into())
}
