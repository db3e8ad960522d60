//! Resizing.

pub(crate) mod light;
mod shrink;
mod tensorflow;

use bytemuck::{cast_slice, cast_slice_mut};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{F32, F32x3};
use fast_image_resize::{FilterType, PixelTrait, ResizeAlg, ResizeOptions, Resizer};

use super::{Picture, check_len, zeros};
use crate::{Error, ErrorKind, Result, Size};
pub(super) use shrink::Axis;
pub(crate) use shrink::Shrink;

/// How the pixels of the old picture are weighted. All filters widen their window when a picture shrinks
/// (antialiasing).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Filter {
    /// A triangle, two pixels wide: soft, cannot overshoot.
    Bilinear,
    /// Catmull and Rom's cubic, four pixels wide: sharp, overshoots a little.
    CatmullRom,
    /// Lanczos' windowed sinc, six pixels wide: the sharpest, overshoots.
    Lanczos3,
}

/// The values in which pixels are mixed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Space {
    /// The sRGB-encoded values as they are.
    Srgb,
    /// Linear light: sRGB is decoded, mixed and encoded again.
    Linear,
}

/// A way of resizing.
///
/// A pixel's amount of light is not proportional to its sRGB value: black and white in equal parts look like 0.735 from
/// afar, while the mean of their sRGB values is 0.5. Photos shrunk in sRGB values therefore lose light wherever there
/// is fine contrast (foliage, fabric, stars). Networks, on the other hand, were trained on pictures shrunk in sRGB
/// values, because the resizes of frameworks know nothing else, and the style statistics that they read depend on the
/// kind of resize. So there is one way for each: [`Resize::PHOTO`] and [`Resize::NETWORK`]. The exact resize of the
/// original notebook is [`Picture::resize_bilinear_tf`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Resize {
    /// How pixels are weighted.
    pub filter: Filter,
    /// The values that are weighted.
    pub space: Space,
}

impl Resize {
    /// For pictures that people look at: Lanczos in linear light.
    pub const PHOTO: Self = Resize { filter: Filter::Lanczos3, space: Space::Linear };
    /// For pictures that only networks see, above all style pictures: bilinear, antialiased, in sRGB values.
    pub const NETWORK: Self = Resize { filter: Filter::Bilinear, space: Space::Srgb };
}

impl Picture {
    /// Resizes this picture to exactly this size, whatever that does to its proportions. Values are clamped to 0..1;
    /// alpha is resized with the same filter.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0 or does not fit 32 bits; [`ErrorKind::TooLarge`] if there is not
    /// enough memory.
    pub fn resized(&self, size: impl Into<Size>, resize: Resize) -> Result<Self> {
        let size @ Size { width, height } = size.into();
        if size == self.size() {
            return Ok(self.clone());
        }
        let mut rgb = match resize.space {
            Space::Srgb => scaled(&self.rgb, 3, [self.width, self.height], [width, height], resize.filter)?,
            Space::Linear => {
                let mut linear = self.rgb.clone();
                light::decode(&mut linear);
                scaled(&linear, 3, [self.width, self.height], [width, height], resize.filter)?
            }
        };
        match resize.space {
            Space::Srgb => rgb.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0)),
            Space::Linear => light::encode(&mut rgb),
        }
        self.with_pixels(size, rgb, resize.filter)
    }

    /// Resizes this picture so that its longer side has this length, and keeps its proportions to the nearest pixel.
    ///
    /// # Errors
    /// As [`Picture::resized`].
    pub fn fit_long_side(&self, side: usize, resize: Resize) -> Result<Self> {
        self.fit(side, self.width.max(self.height), resize)
    }

    /// Resizes this picture so that its shorter side has this length, and keeps its proportions to the nearest pixel.
    ///
    /// # Errors
    /// As [`Picture::resized`].
    pub fn fit_short_side(&self, side: usize, resize: Resize) -> Result<Self> {
        self.fit(side, self.width.min(self.height), resize)
    }

    fn fit(&self, side: usize, of: usize, resize: Resize) -> Result<Self> {
        if side == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "a picture cannot be resized to 0 pixels"));
        }
        // 128 bits cannot overflow. The shorter side of a thin picture stays at least 1 pixel.
        let scaled = |n: usize| {
            let rounded = (n as u128 * side as u128 * 2 + of as u128) / (of as u128 * 2);
            usize::try_from(rounded.max(1)).map_err(|e| Error::new(ErrorKind::TooLarge, e.to_string()))
        };
        self.resized([scaled(self.width)?, scaled(self.height)?], resize)
    }

    /// Resizes this picture as TensorFlow's `tf.image.resize` does with its defaults: bilinear, half-pixel centers, no
    /// antialiasing. It skips pixels when it shrinks a picture to less than half, and exists only to reproduce earlier
    /// results. Agrees with TensorFlow within 1e-6.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a side is 0; [`ErrorKind::TooLarge`] if there is not enough memory.
    pub fn resize_bilinear_tf(&self, size: impl Into<Size>) -> Result<Self> {
        let size = size.into();
        let rgb = tensorflow::bilinear(&self.rgb, 3, [self.width, self.height], size.into())?;
        self.with_pixels(size, rgb, Filter::Bilinear)
    }

    /// Returns the same picture with other pixels, and alpha resized to match.
    fn with_pixels(&self, Size { width, height }: Size, rgb: Vec<f32>, filter: Filter) -> Result<Self> {
        check_len(width, height, 3, rgb.len())?;
        // Color has been mixed without regard to alpha. That is right here: the color of transparent pixels has been
        // continued from the visible ones, and where alpha is small, dividing by it would only produce noise.
        let alpha = match &self.alpha {
            Some(alpha) => Some(plane(alpha, self.width, self.height, width, height, filter)?),
            None => None,
        };
        Ok(Picture { width, height, rgb, alpha, source: self.source.clone(), warnings: self.warnings.clone() })
    }
}

/// Resizes one plane, clamped to 0..1.
pub(super) fn plane(
    values: &[f32],
    width: usize,
    height: usize,
    new_width: usize,
    new_height: usize,
    filter: Filter,
) -> Result<Vec<f32>> {
    if (width, height) == (new_width, new_height) {
        return Ok(values.to_vec());
    }
    let mut out = scaled(values, 1, [width, height], [new_width, new_height], filter)?;
    out.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    Ok(out)
}

fn scaled(values: &[f32], channels: usize, from: [usize; 2], to: [usize; 2], filter: Filter) -> Result<Vec<f32>> {
    let side = |n: usize| match u32::try_from(n) {
        Ok(n) if n > 0 => Ok(n),
        _ => Err(Error::new(ErrorKind::InvalidArgument, format!("a picture cannot be resized to {}×{}", to[0], to[1]))),
    };
    let from = [side(from[0])?, side(from[1])?];
    let new = [side(to[0])?, side(to[1])?];
    let count = to[0].checked_mul(to[1]).and_then(|n| n.checked_mul(channels));
    let count = count.ok_or_else(|| Error::new(ErrorKind::TooLarge, format!("{}×{} is too large", to[0], to[1])))?;
    let mut out: Vec<f32> = zeros(count)?;
    let (source, target) = (cast_slice(values), cast_slice_mut(&mut out));
    let done = if channels == 1 {
        convolve::<F32>((source, from), (target, new), filter)
    } else {
        convolve::<F32x3>((source, from), (target, new), filter)
    };
    done.map_err(|e| Error::new(ErrorKind::InvalidArgument, format!("cannot resize: {e}")))?;
    Ok(out)
}

/// Resizes pixels of one type. The function for any type would compile the code of all thirteen, which took half of
/// this crate's build time.
fn convolve<P: PixelTrait>(
    (source, [width, height]): (&[u8], [u32; 2]),
    (target, [new_width, new_height]): (&mut [u8], [u32; 2]),
    filter: Filter,
) -> std::result::Result<(), Box<dyn std::error::Error>> {
    let filter = match filter {
        Filter::Bilinear => FilterType::Bilinear,
        Filter::CatmullRom => FilterType::CatmullRom,
        Filter::Lanczos3 => FilterType::Lanczos3,
    };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter)).use_alpha(false);
    let source = TypedImageRef::<P>::from_buffer(width, height, source)?;
    let mut target = TypedImage::<P>::from_buffer(new_width, new_height, target)?;
    Ok(Resizer::new().resize_typed(&source, &mut target, &options)?)
}
