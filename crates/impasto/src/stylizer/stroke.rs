//! How wide strokes are, and the canvas that follows from it.

use std::fmt;
use std::str::FromStr;

use crate::{Error, ErrorKind, Result, Size};

/// How wide strokes are.
///
/// The network draws strokes of about the same width in pixels, whatever the size of the picture. So wider strokes are
/// painted on a smaller canvas, which is then enlarged, and finer ones on a larger canvas, which is then shrunk.
///
/// ```
/// use impasto::Stroke;
///
/// assert_eq!("2".parse::<Stroke>()?, Stroke::Relative(2.0));
/// assert_eq!("native".parse::<Stroke>()?, Stroke::Native(1.0));
/// assert_eq!(Stroke::Native(0.5).to_string(), "native:0.5");
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Stroke {
    /// Strokes keep their share of the picture, whatever its resolution. At 1, the default, they are as wide as on a
    /// canvas of the size that the model is made for ([`crate::networks::Architecture::canvas`]). Smaller pictures are
    /// painted at their own size. For models that are not made for a size, this is the same as [`Stroke::Native`].
    ///
    /// A painting that is larger than its canvas gets the content's fine detail back along the content's edges.
    Relative(f32),
    /// Strokes have this many times the width in pixels that the network draws. If the canvas is smaller than the
    /// picture, the network paints the enlarged painting again to give strokes sharp edges.
    Native(f32),
}

impl Stroke {
    /// Allowed factors.
    pub const FACTORS: std::ops::RangeInclusive<f32> = 0.25..=8.0;

    /// Returns how many times as wide strokes are as the default, or as the network draws them.
    pub fn factor(self) -> f32 {
        let (Stroke::Relative(factor) | Stroke::Native(factor)) = self;
        factor
    }

    /// Checks that the factor is in range.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if not.
    pub fn check(self) -> Result<()> {
        if Self::FACTORS.contains(&self.factor()) {
            return Ok(());
        }
        let (from, to) = (Self::FACTORS.start(), Self::FACTORS.end());
        let text = format!("strokes {} times as wide are out of range; give {from} to {to}", self.factor());
        Err(Error::new(ErrorKind::InvalidArgument, text))
    }

    /// Returns the size of the canvas for a picture of this size that is a preview of one whose longer side is `full`.
    /// `made_for` is the longer side that the model is made for.
    pub(super) fn canvas(self, picture: Size, full: usize, made_for: Option<usize>) -> Size {
        let long = match (self, made_for) {
            (Stroke::Relative(_), Some(side)) => full.min(side),
            _ => full,
        };
        let scale = long as f64 / picture.long_side() as f64 / f64::from(self.factor());
        // The cast saturates. Sizes that are too large are refused when memory is allocated.
        picture.map(|side| ((side as f64 * scale).round() as usize).max(1))
    }
}

impl Default for Stroke {
    fn default() -> Self {
        Stroke::Relative(1.0)
    }
}

/// Makes a [`Stroke::Relative`].
impl From<f32> for Stroke {
    fn from(factor: f32) -> Self {
        Stroke::Relative(factor)
    }
}

/// Parses `2`, `native` or `native:2`.
impl FromStr for Stroke {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let stroke = match text.strip_prefix("native") {
            Some("") => Some(Stroke::Native(1.0)),
            Some(rest) => rest.strip_prefix(':').and_then(|factor| factor.parse().ok()).map(Stroke::Native),
            None => text.parse().ok().map(Stroke::Relative),
        };
        let wrong =
            || Error::new(ErrorKind::InvalidArgument, format!("{text:?} is not a stroke width; give 2, native or native:2"));
        let stroke = stroke.ok_or_else(wrong)?;
        stroke.check()?;
        Ok(stroke)
    }
}

impl fmt::Display for Stroke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stroke::Relative(factor) => write!(f, "{factor}"),
            Stroke::Native(1.0) => f.write_str("native"),
            Stroke::Native(factor) => write!(f, "native:{factor}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Stroke;
    use crate::Size;

    #[test]
    fn the_text_form_is_read_again() {
        for stroke in [Stroke::Relative(1.0), Stroke::Relative(0.7), Stroke::Native(1.0), Stroke::Native(2.5)] {
            assert_eq!(stroke.to_string().parse::<Stroke>().unwrap(), stroke);
        }
        for text in ["", "0", "-1", "nan", "inf", "9", "0.1", "native:", "native:0", "native2", "Native", "native:nan", "2x"] {
            assert!(text.parse::<Stroke>().is_err(), "{text}");
        }
    }

    #[test]
    fn relative_strokes_keep_their_share_of_the_picture() {
        let canvas = |stroke: Stroke, [width, height]: [usize; 2], full: usize| -> [usize; 2] {
            stroke.canvas(Size { width, height }, full, Some(640)).into()
        };
        let plain = Stroke::default();
        assert_eq!(canvas(plain, [600, 400], 600), [600, 400]);
        assert_eq!(canvas(plain, [6000, 4000], 6000), [640, 427]);
        assert_eq!(canvas(plain, [1200, 1800], 1800), [427, 640]);
        assert_eq!(canvas(Stroke::Relative(2.0), [6000, 4000], 6000), [320, 213]);
        assert_eq!(canvas(Stroke::Relative(0.5), [6000, 4000], 6000), [1280, 853]);
        // A preview has the canvas of the picture that it is a preview of.
        assert_eq!(canvas(plain, [300, 200], 6000), [640, 427]);
        assert_eq!(canvas(Stroke::Native(1.0), [6000, 4000], 6000), [6000, 4000]);
        assert_eq!(plain.canvas(Size::new(6000, 4000), 6000, None), Size::new(6000, 4000));
    }
}
