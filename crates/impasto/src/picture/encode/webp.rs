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
    WebPEncoder::new(out).encode(&data, width, height, colour).map_err(|e| failed(Format::WebP, e))
}
