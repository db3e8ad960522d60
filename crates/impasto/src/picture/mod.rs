//! Conversion of files and buffers to the float32 RGB that networks read, and back.
//!
//! A [`Picture`] holds the contents of a file in a uniform form: upright, sRGB, straight (not premultiplied) color,
//! 0..1. [`Source`] keeps the other properties of the file, so that they can be written back.
//!
//! ```
//! use impasto::picture::{EncodeOptions, Format, Limits, Picture, Resize};
//!
//! let picture = Picture::from_rgb8([2, 1], &[255, 0, 0, 0, 0, 255])?;
//! let png = picture.encode(Format::Png, &EncodeOptions::default())?;
//! let back = Picture::decode(&png.bytes, &Limits::default())?;
//! assert_eq!(back.rgb(), picture.rgb());
//! assert_eq!(back.resized([4, 2], Resize::PHOTO)?.width(), 4);
//! # Ok::<(), impasto::Error>(())
//! ```

mod convert;
mod decode;
mod encode;
mod formats;
mod limits;
mod mask;
mod metadata;
mod read;
pub(crate) mod resize;
pub(crate) mod rows;
mod save;
pub(crate) mod scaled;
mod source;
mod transparency;
mod writer;

use crate::{Error, ErrorKind, Result, Size};
pub use decode::Stored;
pub use encode::{Compression, Depth, EncodeOptions, Encoded, Profile, Subsampling};
pub use formats::Format;
pub use limits::Limits;
pub use mask::Mask;
pub(crate) use mask::Plane;
pub use metadata::Density;
pub use resize::{Filter, Resize, Space};
pub use save::{SaveOptions, Target};
pub use source::Source;
pub use writer::Writer;

/// A picture: float32 RGB, height × width × 3, row-major, sRGB-encoded, 0..1, with an optional alpha plane.
///
/// Both sides are at least 1. Color is straight: not multiplied by alpha. Where a decoded picture is fully transparent,
/// the invisible stored color is replaced by the color of visible pixels nearby (see [`Picture::decode`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    width: usize,
    height: usize,
    rgb: Vec<f32>,
    alpha: Option<Vec<f32>>,
    source: Source,
    warnings: Vec<String>,
}

impl Picture {
    /// Makes a picture from these values: `height × width × 3`, row-major RGB, sRGB-encoded. Values outside 0..1 are
    /// allowed, because networks produce them. They are clamped when the picture is written.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0 or the number of values is not `width · height · 3`.
    pub fn from_rgb_f32(size: impl Into<Size>, rgb: Vec<f32>) -> Result<Self> {
        let Size { width, height } = size.into();
        check_len(width, height, 3, rgb.len())?;
        Ok(Picture { width, height, rgb, alpha: None, source: Source::default(), warnings: Vec::new() })
    }

    /// Makes a picture from these bytes: `height × width × 3`, row-major RGB, sRGB.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0 or the number of bytes is not `width · height · 3`.
    pub fn from_rgb8(size: impl Into<Size>, rgb: &[u8]) -> Result<Self> {
        let size = size.into();
        check_len(size.width, size.height, 3, rgb.len())?;
        Self::from_rgb_f32(size, rgb.iter().map(|&v| f32::from(v) / 255.0).collect())
    }

    /// Sets the alpha plane: `height × width`, 0 = transparent, 1 = opaque.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the number of values is not `width · height`.
    pub fn with_alpha(mut self, alpha: Vec<f32>) -> Result<Self> {
        check_len(self.width, self.height, 1, alpha.len())?;
        self.alpha = Some(alpha);
        Ok(self)
    }

    /// Returns a picture with other colors that takes the place of this one: a network's painting of it. It keeps this
    /// picture's alpha (resized if the painting has another size) and [`Source`], so that a 16-bit or transparent input
    /// gives a 16-bit or transparent output. It does not keep the warnings.
    ///
    /// # Errors
    /// As [`Picture::from_rgb_f32`].
    pub fn repainted(&self, size: impl Into<Size>, rgb: Vec<f32>) -> Result<Self> {
        let Size { width, height } = size.into();
        let mut painted = Self::from_rgb_f32([width, height], rgb)?;
        painted.alpha = match &self.alpha {
            Some(alpha) => Some(resize::plane(alpha, self.width, self.height, width, height, Filter::Bilinear)?),
            None => None,
        };
        painted.source = self.source.clone();
        Ok(painted)
    }

    /// Width and height.
    pub fn size(&self) -> Size {
        Size { width: self.width, height: self.height }
    }

    /// Pixels in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The colors: `height × width × 3`, row-major.
    pub fn rgb(&self) -> &[f32] {
        &self.rgb
    }

    /// The colors, mutable.
    pub fn rgb_mut(&mut self) -> &mut [f32] {
        &mut self.rgb
    }

    /// Returns the colors without copying them.
    pub fn into_rgb(self) -> Vec<f32> {
        self.rgb
    }

    /// The alpha plane, `height × width`, 0..1; `None` if every pixel is opaque.
    pub fn alpha(&self) -> Option<&[f32]> {
        self.alpha.as_deref()
    }

    /// Properties of the file that this picture was read from.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The same, mutable: this determines the metadata of files that this picture is written to.
    pub fn source_mut(&mut self) -> &mut Source {
        &mut self.source
    }

    /// What was ignored or changed while reading, one line each, to show to users: a broken color profile, additional
    /// frames or pages.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns the largest square around the center. An odd row or column is cut from the bottom or right.
    #[must_use]
    pub fn centre_square(&self) -> Self {
        let side = self.width.min(self.height);
        let (left, top) = ((self.width - side) / 2, (self.height - side) / 2);
        let crop = |plane: &[f32], channels: usize| {
            let rows = plane.chunks_exact(self.width * channels).skip(top).take(side);
            rows.flat_map(|row| &row[left * channels..(left + side) * channels]).copied().collect::<Vec<f32>>()
        };
        Picture {
            width: side,
            height: side,
            rgb: crop(&self.rgb, 3),
            alpha: self.alpha.as_deref().map(|alpha| crop(alpha, 1)),
            source: self.source.clone(),
            warnings: self.warnings.clone(),
        }
    }
}

fn check_len(width: usize, height: usize, channels: usize, len: usize) -> Result<()> {
    let expected = width.checked_mul(height).and_then(|n| n.checked_mul(channels));
    if width == 0 || height == 0 {
        return Err(Error::new(ErrorKind::InvalidArgument, format!("a picture of {width}×{height} has no pixels")));
    }
    if expected != Some(len) {
        let text = format!("a picture of {width}×{height} with {channels} channels cannot be made of {len} values");
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    Ok(())
}

/// Returns an empty vector with room for `len` values, or an error (not an abort) if there is not enough memory.
pub(crate) fn reserved<T>(len: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|e| {
        let bytes = len.saturating_mul(size_of::<T>());
        Error::new(ErrorKind::TooLarge, format!("not enough memory for {bytes} bytes of pixels; use a smaller picture"))
            .with_source(e)
    })?;
    Ok(values)
}

/// Returns `len` zeros, or an error if there is not enough memory.
pub(crate) fn zeros<T: Copy + Default>(len: usize) -> Result<Vec<T>> {
    let mut values = reserved(len)?;
    values.resize(len, T::default());
    Ok(values)
}
