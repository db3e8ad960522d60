//! Encoding a [`Picture`] as a file.

mod profile;
pub(super) mod rows;

use std::io::Cursor;

use super::{Format, Picture, Source};
use crate::{Error, ErrorKind, Result};
use rows::Layout;

/// Bits per written sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Depth {
    /// 16 if the picture's source had more than 8 and the format can hold them, otherwise 8.
    #[default]
    Auto,
    /// 8 bits.
    Eight,
    /// 16 bits, which only formats with [`Format::has_16_bits`] can hold.
    Sixteen,
}

/// The color space of a written file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Profile {
    /// That of the picture's source, with its profile embedded, so that a picture goes back into the workflow that it
    /// came from. If the profile is for gray pixels or inks, or cannot be converted to, the file is sRGB, with a
    /// warning.
    #[default]
    Keep,
    /// sRGB without a profile, which every program shows correctly.
    Srgb,
}

/// How much less color than brightness a JPEG file stores, in the usual notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Subsampling {
    /// 4:4:4: color for every pixel. Default, because painted strokes have hard colored edges.
    #[default]
    Full,
    /// 4:2:2: color for every two pixels of a row.
    Half,
    /// 4:2:0: color for every square of four pixels, as cameras write it. Files are about two thirds of the size.
    Quarter,
}

/// How much work goes into making a PNG or TIFF file small. Both are always lossless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Little. Default, because painting is meant to be quick.
    #[default]
    Fast,
    /// The usual amount.
    Balanced,
    /// As much as helps.
    High,
}

/// How to write a picture. Chainable: `EncodeOptions::default().quality(90)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeOptions {
    /// JPEG quality, 1 to 100. Default 95: the losses are invisible, and the file is about a quarter of the size of
    /// 100.
    pub quality: u8,
    /// Color resolution of JPEG. Default [`Subsampling::Full`].
    pub subsampling: Subsampling,
    /// Compression of PNG and TIFF. Default [`Compression::Fast`].
    pub compression: Compression,
    /// The color space. Default [`Profile::Keep`].
    pub profile: Profile,
    /// Whether to leave out Exif, XMP, IPTC, resolution and settings. Default no: the source's metadata is updated and
    /// written as far as the format can hold it. The color profile does not count as metadata, because without it the
    /// colors would change.
    pub strip: bool,
    /// Bits per sample. Default [`Depth::Auto`].
    pub depth: Depth,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        EncodeOptions {
            quality: 95,
            subsampling: Subsampling::default(),
            compression: Compression::default(),
            profile: Profile::default(),
            strip: false,
            depth: Depth::Auto,
        }
    }
}

impl EncodeOptions {
    /// Sets the JPEG quality, 1 to 100.
    #[must_use]
    pub fn quality(mut self, quality: u8) -> Self {
        self.quality = quality;
        self
    }

    /// Sets the color resolution of a JPEG file.
    #[must_use]
    pub fn subsampling(mut self, subsampling: Subsampling) -> Self {
        self.subsampling = subsampling;
        self
    }

    /// Sets the compression of PNG and TIFF.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Sets the color space.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Sets whether metadata is left out.
    #[must_use]
    pub fn strip(mut self, strip: bool) -> Self {
        self.strip = strip;
        self
    }

    /// Sets the bits per sample.
    #[must_use]
    pub fn depth(mut self, depth: Depth) -> Self {
        self.depth = depth;
        self
    }

    /// Checks the options against a format. This needs no picture: call it before any expensive work.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for a quality outside 1..=100 or 16 bits in an 8-bit format;
    /// [`ErrorKind::Unsupported`] for a format that can only be read.
    pub fn check(&self, format: Format) -> Result<()> {
        if !format.can_write() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("{format} files can be read but not written; use PNG instead"),
            ));
        }
        if !(1..=100).contains(&self.quality) {
            let text = format!("the JPEG quality must be 1 to 100, not {}", self.quality);
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        if self.depth == Depth::Sixteen && !format.has_16_bits() {
            let text = format!("{format} holds 8 bits a sample; use {} for 16", Format::that_hold(|holds| holds.deep));
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        Ok(())
    }
}

/// A picture file's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoded {
    /// The content of the file.
    pub bytes: Vec<u8>,
    /// What the file could not hold, one line each, to show to users: transparency in a JPEG, a profile for inks,
    /// damaged metadata.
    pub warnings: Vec<String>,
}

impl Picture {
    /// Encodes a picture file: values are clamped to 0..1 and rounded to nearest, in the color space of
    /// [`EncodeOptions::profile`], with the updated metadata of [`Picture::source`]. Transparency is written to formats
    /// with [`Format::has_alpha`]; in others the picture is put on white, with a warning.
    ///
    /// # Errors
    /// As [`EncodeOptions::check`]; [`ErrorKind::Malformed`] if a value is not a number; [`ErrorKind::Unsupported`] if
    /// the format cannot hold a picture of this size.
    pub fn encode(&self, format: Format, options: &EncodeOptions) -> Result<Encoded> {
        self.encode_with(self.source(), format, options)
    }

    /// The same with another source instead of [`Picture::source`], to add [`super::Source::settings`] without copying
    /// the pixels.
    ///
    /// # Errors
    /// As [`Picture::encode`].
    pub fn encode_with(&self, source: &Source, format: Format, options: &EncodeOptions) -> Result<Encoded> {
        let layout = Layout::new(self.size(), source, self.alpha().is_some(), format, options)?;
        let mut out = Cursor::new(Vec::new());
        format.write(options, &layout, &mut rows::of_picture(self, &layout), &mut out)?;
        let Layout { warnings, .. } = layout;
        Ok(Encoded { bytes: out.into_inner(), warnings })
    }
}

/// Returns the sides, if neither is greater than the format allows.
pub(super) fn sides<T: TryFrom<usize>>(layout: &Layout, format: Format) -> Result<(T, T)> {
    let (width, height, most) = (layout.width, layout.height, format.most_side());
    match (T::try_from(width), T::try_from(height)) {
        (Ok(w), Ok(h)) if width <= most && height <= most => Ok((w, h)),
        _ => {
            let text = format!("{format} cannot hold {width}×{height} pixels, at most {most} a side; use PNG or TIFF");
            Err(Error::new(ErrorKind::Unsupported, text))
        }
    }
}

/// Converts an encoder's error.
pub(super) fn failed(format: Format, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Unsupported, format!("cannot write {format}: {error}")).with_source(error)
}
