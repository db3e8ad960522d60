//! From a [`Picture`] to a file's bytes.

mod profile;
pub(super) mod rows;

use std::io::Cursor;

use super::{Format, Picture, Source};
use crate::{Error, ErrorKind, Result};
use rows::Layout;

/// Bits of a written sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Depth {
    /// 16 if the picture's source had more than 8 and the format can hold them, otherwise 8.
    #[default]
    Auto,
    /// 8 bits.
    Eight,
    /// 16 bits: only in formats of [`Format::has_16_bits`].
    Sixteen,
}

/// The colour space of a written file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Profile {
    /// That of the picture's source, with its profile embedded: a picture goes back into the workflow that it came from. Where the profile is for
    /// grey pixels or inks, or cannot be written to, sRGB, with a warning.
    #[default]
    Keep,
    /// sRGB, without a profile: what everything shows rightly.
    Srgb,
}

/// How much less colour than brightness a JPEG holds, in the usual notation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Subsampling {
    /// 4:4:4, colour for every pixel. The default, because painted strokes have hard coloured edges.
    #[default]
    Full,
    /// 4:2:2, colour for every two pixels of a row.
    Half,
    /// 4:2:0, colour for every square of four pixels, as cameras write it: files of about two thirds of the size.
    Quarter,
}

/// How much work goes into the size of a PNG or TIFF file, which is lossless either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compression {
    /// Little. The default, because painting is meant to be quick.
    #[default]
    Fast,
    /// As usual.
    Balanced,
    /// As much as helps.
    High,
}

/// How a picture is written. Chainable: `EncodeOptions::default().quality(90)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncodeOptions {
    /// JPEG quality, 1 to 100. Default 95: the losses are below what one sees, at about a quarter of the size of 100.
    pub quality: u8,
    /// JPEG's share of colour. Default [`Subsampling::Full`].
    pub subsampling: Subsampling,
    /// PNG's and TIFF's compression. Default [`Compression::Fast`].
    pub compression: Compression,
    /// The colour space. Default [`Profile::Keep`].
    pub profile: Profile,
    /// Whether Exif, XMP, IPTC, resolution and settings are left out. Default no: what the source has is kept as the format can hold it,
    /// brought up to date. A colour profile is no metadata in this sense, since without it colours would be others.
    pub strip: bool,
    /// Bits a sample. Default [`Depth::Auto`].
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
    /// With this JPEG quality, 1 to 100.
    #[must_use]
    pub fn quality(mut self, quality: u8) -> Self {
        self.quality = quality;
        self
    }

    /// With this share of colour in a JPEG.
    #[must_use]
    pub fn subsampling(mut self, subsampling: Subsampling) -> Self {
        self.subsampling = subsampling;
        self
    }

    /// With this compression of PNG and TIFF.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// In this colour space.
    #[must_use]
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Without metadata.
    #[must_use]
    pub fn strip(mut self, strip: bool) -> Self {
        self.strip = strip;
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
    /// The file.
    pub bytes: Vec<u8>,
    /// What the file could not hold, one line each: transparency in a JPEG, a profile for inks, damaged metadata. For people.
    pub warnings: Vec<String>,
}

impl Picture {
    /// The bytes of a picture file: rounded to nearest, clamped to 0..1, in the colour space of [`EncodeOptions::profile`], with the metadata of
    /// [`Picture::source`] brought up to date. Transparency is written to formats of
    /// [`Format::has_alpha`]; others get the picture over white, with a warning.
    ///
    /// # Errors
    /// As [`EncodeOptions::check`]; [`ErrorKind::Malformed`] if a value is not a number; [`ErrorKind::Unsupported`] if the format
    /// cannot hold a picture of this size.
    pub fn encode(&self, format: Format, options: &EncodeOptions) -> Result<Encoded> {
        self.encode_with(self.source(), format, options)
    }

    /// The same with these facts instead of [`Picture::source`]: to add [`super::Source::settings`] without a copy of the pixels.
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

/// The sides, if neither is greater than the format allows.
pub(super) fn sides<T: TryFrom<usize>>(layout: &Layout, format: Format) -> Result<(T, T)> {
    let (width, height, most) = (layout.width, layout.height, format.most_side());
    match (T::try_from(width), T::try_from(height)) {
        (Ok(w), Ok(h)) if width <= most && height <= most => Ok((w, h)),
        _ => {
            let text = format!("{format} cannot hold {width}×{height} pixels, {most} a side at most; use PNG or TIFF");
            Err(Error::new(ErrorKind::Unsupported, text))
        }
    }
}

/// What an encoder failed with.
pub(super) fn failed(format: Format, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Unsupported, format!("cannot write {format}: {error}")).with_source(error)
}
