//! From a [`Picture`] to a file's bytes.

mod jpeg;
mod png;
pub(super) mod rows;
mod tiff;
mod webp;

use std::io::{Cursor, Seek, Write};

use super::{Format, Picture};
use crate::{Error, ErrorKind, Result};
use rows::{Layout, NextRows};

/// Bits of a written sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Depth {
    /// 16 if the picture's source had more than 8 and the format can hold them, otherwise 8.
    #[default]
    Auto,
    /// 8 bits.
    Eight,
    /// 16 bits: PNG and TIFF only.
    Sixteen,
}

/// How a picture is written. Chainable: `EncodeOptions::default().quality(90)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeOptions {
    /// JPEG quality, 1 to 100. Default 95: the losses are below what one sees, at about a quarter of the size of 100. Colour is
    /// never subsampled (4:4:4), because painted strokes have hard coloured edges.
    pub quality: u8,
    /// Bits a sample. Default [`Depth::Auto`].
    pub depth: Depth,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        EncodeOptions { quality: 95, depth: Depth::Auto }
    }
}

impl EncodeOptions {
    /// With this JPEG quality, 1 to 100.
    #[must_use]
    pub fn quality(mut self, quality: u8) -> Self {
        self.quality = quality;
        self
    }

    /// With this many bits a sample.
    #[must_use]
    pub fn depth(mut self, depth: Depth) -> Self {
        self.depth = depth;
        self
    }

    /// Checks the options against a format, which needs no picture: ask before any expensive work.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a quality outside 1..=100 or 16 bits in an 8-bit format;
    /// [`ErrorKind::Unsupported`] for a format that is only read.
    pub fn check(&self, format: Format) -> Result<()> {
        if !format.can_write() {
            return Err(Error::new(ErrorKind::Unsupported, format!("{format} is read but not written; use PNG instead")));
        }
        if !(1..=100).contains(&self.quality) {
            let text = format!("the JPEG quality must be 1 to 100, not {}", self.quality);
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if self.depth == Depth::Sixteen && !format.has_16_bits() {
            let text = format!("{format} holds 8 bits a sample; use PNG or TIFF for 16");
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        Ok(())
    }
}

/// A picture file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// What the file could not hold, one line each: transparency in a JPEG. For people.
    pub warnings: Vec<String>,
}

impl Picture {
    /// The bytes of a picture file: rounded to nearest, clamped to 0..1, sRGB. Transparency is written to PNG, WebP and TIFF;
    /// JPEG gets the picture over white, with a warning.
    ///
    /// # Errors
    /// As [`EncodeOptions::check`]; [`ErrorKind::Malformed`] if a value is not a number; [`ErrorKind::Unsupported`] if the format
    /// cannot hold a picture of this size.
    pub fn encode(&self, format: Format, options: &EncodeOptions) -> Result<Encoded> {
        let size = [self.width(), self.height()];
        let layout = Layout::new(size, self.source(), self.alpha().is_some(), format, options)?;
        let mut out = Cursor::new(Vec::new());
        write(format, options, &layout, &mut rows::of_picture(self, &layout), &mut out)?;
        Ok(Encoded { bytes: out.into_inner(), warnings: layout.warnings() })
    }
}

/// Writes a file of rows as they come.
pub(super) fn write(
    format: Format,
    options: &EncodeOptions,
    layout: &Layout,
    next: NextRows<'_>,
    out: impl Write + Seek,
) -> Result<()> {
    match format {
        Format::Jpeg => jpeg::encode(layout, options.quality, next, out),
        Format::Png => png::encode(layout, next, out),
        Format::WebP => webp::encode(layout, next, out),
        Format::Tiff => tiff::encode(layout, next, out),
        other => Err(Error::new(ErrorKind::Unsupported, format!("{other} is not written"))),
    }
}

/// The sides, if neither is greater than the format allows.
fn sides<T: TryFrom<usize>>(layout: &Layout, format: Format, most: usize) -> Result<(T, T)> {
    let (width, height) = (layout.width, layout.height);
    match (T::try_from(width), T::try_from(height)) {
        (Ok(w), Ok(h)) if width <= most && height <= most => Ok((w, h)),
        _ => {
            let text = format!("{format} cannot hold {width}×{height} pixels, {most} a side at most; use PNG or TIFF");
            Err(Error::new(ErrorKind::Unsupported, text))
        }
    }
}

fn failed(format: Format, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Unsupported, format!("cannot write {format}: {error}")).with_source(error)
}
