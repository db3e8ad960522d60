//! PNG, tagged sRGB.

use ::png::{BitDepth, ColorType, Encoder, SrgbRenderingIntent};

use super::super::convert::interleaved;
use super::super::{Format, Picture};
use super::{failed, sides};
use crate::Result;

pub(super) fn encode(picture: &Picture, deep: bool) -> Result<Vec<u8>> {
    let (width, height) = sides(picture, Format::Png, i32::MAX as usize)?;
    let with_alpha = picture.alpha().is_some();
    let data = if deep {
        interleaved::<u16>(picture, with_alpha)?.into_iter().flat_map(u16::to_be_bytes).collect()
    } else {
        interleaved::<u8>(picture, with_alpha)?
    };
    let mut bytes = Vec::with_capacity(data.len() / 2);
    let mut encoder = Encoder::new(&mut bytes, width, height);
    encoder.set_color(if with_alpha { ColorType::Rgba } else { ColorType::Rgb });
    encoder.set_depth(if deep { BitDepth::Sixteen } else { BitDepth::Eight });
    encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    encoder.set_compression(::png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(|e| failed(Format::Png, e))?;
    writer.write_image_data(&data).map_err(|e| failed(Format::Png, e))?;
    writer.finish().map_err(|e| failed(Format::Png, e))?;
    Ok(bytes)
}
