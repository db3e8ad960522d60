//! From a [`Picture`] to a file's bytes.

mod jpeg;
mod png;
mod tiff;
mod webp;

use super::{Format, Picture};
use crate::{Error, ErrorKind, Result};

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
        options.check(format)?;
        let deep = format.has_16_bits()
            && match options.depth {
                Depth::Auto => self.source().bit_depth > 8,
                Depth::Eight => false,
                Depth::Sixteen => true,
            };
        let mut warnings = Vec::new();
        let bytes = match format {
            Format::Jpeg if self.alpha().is_some() => {
                warnings.push("JPEG has no transparency; the picture is put on white".into());
                jpeg::encode(&self.over_white(), options.quality)
            }
            Format::Jpeg => jpeg::encode(self, options.quality),
            Format::Png => png::encode(self, deep),
            Format::WebP => webp::encode(self),
            Format::Tiff => tiff::encode(self, deep),
            other => Err(Error::new(ErrorKind::Unsupported, format!("{other} is not written"))),
        }?;
        Ok(Encoded { bytes, warnings })
    }

    /// This picture seen on white paper. Blended in sRGB-encoded values, as browsers and editors do.
    fn over_white(&self) -> Picture {
        let mut opaque = self.clone();
        if let Some(alpha) = opaque.alpha.take() {
            for (c, a) in opaque.rgb.chunks_exact_mut(3).zip(alpha) {
                c.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0) * a + (1.0 - a));
            }
        }
        opaque
    }
}

/// The sides, if neither is greater than the format allows.
fn sides<T: TryFrom<usize>>(picture: &Picture, format: Format, most: usize) -> Result<(T, T)> {
    let (width, height) = (picture.width(), picture.height());
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
