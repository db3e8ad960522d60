//! Pictures in and out: files and buffers to the float32 RGB that networks read, and back.
//!
//! A [`Picture`] is what a file shows, made uniform: upright, sRGB, straight (not premultiplied) colour, 0..1. What was
//! special about the file is kept beside the pixels in [`Source`], so that it can be written back.
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

/// A picture: float32 RGB, height × width × 3, row-major, sRGB-encoded, 0..1; optionally with an alpha plane.
///
/// Both sides are at least 1. Colour is straight: not multiplied by alpha. Where a decoded picture is fully transparent its
/// stored colour, which nobody can see, is replaced by the colour of what is visible nearby (see [`Picture::decode`]).
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
    /// A picture over these values: `height × width × 3`, row-major RGB, sRGB-encoded. Values outside 0..1 are allowed, as
    /// networks make them; they are clamped when the picture is written.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0 or the number of values is not `width · height · 3`.
    pub fn from_rgb_f32(size: impl Into<Size>, rgb: Vec<f32>) -> Result<Self> {
        let Size { width, height } = size.into();
        check_len(width, height, 3, rgb.len())?;
        Ok(Picture { width, height, rgb, alpha: None, source: Source::default(), warnings: Vec::new() })
    }

    /// A picture over these bytes: `height × width × 3`, row-major RGB, sRGB.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0 or the number of bytes is not `width · height · 3`.
    pub fn from_rgb8(size: impl Into<Size>, rgb: &[u8]) -> Result<Self> {
        let size = size.into();
        check_len(size.width, size.height, 3, rgb.len())?;
        Self::from_rgb_f32(size, rgb.iter().map(|&v| f32::from(v) / 255.0).collect())
    }

    /// The same picture with this alpha plane: `height × width`, 0 = transparent, 1 = opaque.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if the number of values is not `width · height`.
    pub fn with_alpha(mut self, alpha: Vec<f32>) -> Result<Self> {
        check_len(self.width, self.height, 1, alpha.len())?;
        self.alpha = Some(alpha);
        Ok(self)
    }

    /// A picture with other colours that belongs in this one's place: a network's painting of it. It keeps this picture's
    /// alpha (resized if the painting has another size) and [`Source`], so that a 16-bit or transparent input gives a 16-bit
    /// or transparent output. Warnings stay with the original.
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

    /// The colours: `height × width × 3`, row-major.
    pub fn rgb(&self) -> &[f32] {
        &self.rgb
    }

    /// The colours, to be changed in place.
    pub fn rgb_mut(&mut self) -> &mut [f32] {
        &mut self.rgb
    }

    /// The colours, without a copy.
    pub fn into_rgb(self) -> Vec<f32> {
        self.rgb
    }

    /// The alpha plane, `height × width`, 0..1; `None` if every pixel is opaque.
    pub fn alpha(&self) -> Option<&[f32]> {
        self.alpha.as_deref()
    }

    /// What the file that this picture was read from was like.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The same, to be changed: it decides what files say that this picture is written to.
    pub fn source_mut(&mut self) -> &mut Source {
        &mut self.source
    }

    /// What was not taken as the file says, one line each: a broken colour profile, further frames or pages. For people.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The largest square around the middle; an odd row or column is cut from the bottom or right.
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

/// An empty vector with room for this many values. Where memory cannot be had the answer is an error, not an abort.
pub(crate) fn reserved<T>(len: usize) -> Result<Vec<T>> {
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|e| {
        let bytes = len.saturating_mul(size_of::<T>());
        Error::new(ErrorKind::TooLarge, format!("not enough memory for {bytes} bytes of pixels; use a smaller picture"))
            .with_source(e)
    })?;
    Ok(values)
}

/// This many zeros, or an error where memory cannot be had.
pub(crate) fn zeros<T: Copy + Default>(len: usize) -> Result<Vec<T>> {
    let mut values = reserved(len)?;
    values.resize(len, T::default());
    Ok(values)
}
