//! WebP, lossless. Untagged WebP is sRGB by its specification.

use image_webp::{ColorType, WebPEncoder};

use super::super::convert::interleaved;
use super::super::{Format, Picture};
use super::{failed, sides};
use crate::Result;

pub(super) fn encode(picture: &Picture) -> Result<Vec<u8>> {
    let (width, height) = sides(picture, Format::WebP, 16_384)?;
    let with_alpha = picture.alpha().is_some();
    let data = interleaved::<u8>(picture, with_alpha)?;
    let colour = if with_alpha { ColorType::Rgba8 } else { ColorType::Rgb8 };
    let mut bytes = Vec::with_capacity(data.len() / 2);
    WebPEncoder::new(&mut bytes).encode(&data, width, height, colour).map_err(|e| failed(Format::WebP, e))?;
    Ok(bytes)
}
