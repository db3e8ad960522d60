//! PNG, tagged sRGB.

use std::io::Write;

use ::png::{BitDepth, ColorType, Encoder, SrgbRenderingIntent};

use super::super::Format;
use super::rows::{Alpha, Layout, NextRows};
use super::{failed, sides};
use crate::Result;

/// Bytes of a chunk of compressed pixels.
const CHUNK: usize = 256 << 10;

pub(super) fn encode(layout: &Layout, next: NextRows<'_>, out: impl Write) -> Result<()> {
    let (width, height) = sides(layout, Format::Png, i32::MAX as usize)?;
    let mut encoder = Encoder::new(out, width, height);
    encoder.set_color(if layout.alpha == Alpha::Kept { ColorType::Rgba } else { ColorType::Rgb });
    encoder.set_depth(if layout.deep { BitDepth::Sixteen } else { BitDepth::Eight });
    encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    encoder.set_compression(::png::Compression::Fast);
    let mut writer = encoder.write_header().map_err(|e| failed(Format::Png, e))?;
    let mut stream = writer.stream_writer_with_size(CHUNK).map_err(|e| failed(Format::Png, e))?;
    while let Some(mut rows) = next()? {
        if layout.deep {
            rows.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| *pair = u16::from_ne_bytes(*pair).to_be_bytes());
        }
        stream.write_all(&rows).map_err(|e| failed(Format::Png, e))?;
    }
    // Says so if rows are missing.
    stream.finish().map_err(|e| failed(Format::Png, e))?;
    writer.finish().map_err(|e| failed(Format::Png, e))
}
