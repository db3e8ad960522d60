//! WebP, lossless. Untagged WebP is sRGB by its specification.

use std::io::Write;

use image_webp::{ColorType, WebPEncoder};

use super::super::Format;
use super::rows::{Alpha, Layout, NextRows, all};
use super::{failed, sides};
use crate::Result;

/// The encoder takes the picture whole.
pub(super) fn encode(layout: &Layout, next: NextRows<'_>, out: impl Write) -> Result<()> {
    let (width, height) = sides(layout, Format::WebP, 16_384)?;
    let data = all(layout, next)?;
    let colour = if layout.alpha == Alpha::Kept { ColorType::Rgba8 } else { ColorType::Rgb8 };
    let mut encoder = WebPEncoder::new(out);
    if let Some(icc) = layout.space.icc() {
        encoder.set_icc_profile(icc.to_vec());
    }
    if let Some(exif) = layout.metadata.exif_bytes() {
        encoder.set_exif_metadata(exif);
    }
    if let Some(xmp) = &layout.metadata.xmp {
        encoder.set_xmp_metadata(xmp.clone());
    }
    encoder.encode(&data, width, height, colour).map_err(|e| failed(Format::WebP, e))
}
