//! JPEG: baseline, 4:4:4. Untagged JPEGs are sRGB by convention.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::super::{Format, Picture};
use super::{failed, sides};
use crate::Result;

pub(super) fn encode(picture: &Picture, quality: u8) -> Result<Vec<u8>> {
    let (width, height) = sides(picture, Format::Jpeg, 65_535)?;
    let rgb = picture.to_rgb8()?;
    let mut bytes = Vec::with_capacity(rgb.len() / 4);
    let mut encoder = Encoder::new(&mut bytes, quality);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    encoder.encode(&rgb, width, height, ColorType::Rgb).map_err(|e| failed(Format::Jpeg, e))?;
    Ok(bytes)
}
