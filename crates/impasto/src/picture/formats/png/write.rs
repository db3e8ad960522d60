//! Writing PNG, tagged as sRGB or with a profile.

use std::io::Write;

use ::png::text_metadata::{ITXtChunk, TEXtChunk, ZTXtChunk};
use ::png::{BitDepth, ColorType, Encoder, Info, PixelDimensions, SrgbRenderingIntent, Unit};

use super::super::Output;
use crate::Result;
use crate::picture::encode::rows::{Alpha, Layout, NextRows};
use crate::picture::encode::{failed, sides};
use crate::picture::metadata::{XMP_KEYWORD, iptc};
use crate::picture::{Compression, EncodeOptions, Format};

/// Bytes of compressed pixels per chunk.
const CHUNK: usize = 256 << 10;

pub(super) fn encode(layout: &Layout, options: &EncodeOptions, next: NextRows<'_>, out: &mut dyn Output) -> Result<()> {
    let (width, height) = sides(layout, Format::Png)?;
    let metadata = &layout.metadata;
    let mut info = Info::with_size(width, height);
    info.icc_profile = layout.space.icc().map(Into::into);
    info.exif_metadata = metadata.exif_bytes().map(Into::into);
    info.pixel_dims = metadata.density.map(|density| {
        let [xppu, yppu] = density.to_per_metre();
        PixelDimensions { xppu, yppu, unit: Unit::Meter }
    });
    info.utf8_text.extend(metadata.xmp.as_deref().map(|xmp| ITXtChunk::new(XMP_KEYWORD, String::from_utf8_lossy(xmp))));
    let iptc = metadata.iptc.as_deref().map(iptc::to_raw_profile);
    info.compressed_latin1_text.extend(iptc.map(|text| ZTXtChunk::new("Raw profile type iptc", text)));
    info.uncompressed_latin1_text.extend(metadata.software.as_deref().map(|text| TEXtChunk::new("Software", text)));
    for (keyword, text) in &metadata.texts {
        // Keywords and texts in Latin-1 are read by more programs; others need the chunk for UTF-8.
        if text.chars().all(|c| u32::from(c) < 256 && c != '\0') {
            info.uncompressed_latin1_text.push(TEXtChunk::new(keyword, text));
        } else {
            info.utf8_text.push(ITXtChunk::new(keyword, text));
        }
    }
    let tagged = info.icc_profile.is_some();
    let mut encoder = Encoder::with_info(out, info).map_err(|e| failed(Format::Png, e))?;
    encoder.set_color(if layout.alpha == Alpha::Kept { ColorType::Rgba } else { ColorType::Rgb });
    encoder.set_depth(if layout.deep { BitDepth::Sixteen } else { BitDepth::Eight });
    if !tagged {
        encoder.set_source_srgb(SrgbRenderingIntent::Perceptual);
    }
    encoder.set_compression(match options.compression {
        Compression::Fast => ::png::Compression::Fast,
        Compression::Balanced => ::png::Compression::Balanced,
        Compression::High => ::png::Compression::High,
    });
    let mut writer = encoder.write_header().map_err(|e| failed(Format::Png, e))?;
    let mut stream = writer.stream_writer_with_size(CHUNK).map_err(|e| failed(Format::Png, e))?;
    while let Some(mut rows) = next()? {
        if layout.deep {
            rows.as_chunks_mut::<2>().0.iter_mut().for_each(|pair| *pair = u16::from_ne_bytes(*pair).to_be_bytes());
        }
        stream.write_all(&rows).map_err(|e| failed(Format::Png, e))?;
    }
    // Fails if rows are missing.
    stream.finish().map_err(|e| failed(Format::Png, e))?;
    writer.finish().map_err(|e| failed(Format::Png, e))
}
