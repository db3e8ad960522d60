//! The size of a picture: one type for the whole library.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Maximum pixels per side that can be requested.
pub const MAX_SIDE: usize = 1_000_000;

/// The size of a picture: width first, as screens and cameras state it. Its text form is `720x512`.
///
/// Functions take `impl Into<Size>`, so `[width, height]` works; they return a `Size`.
///
/// ```
/// use impasto::{Picture, Size};
///
/// let picture = Picture::from_rgb8([3, 1], &[0; 9])?;
/// assert_eq!(picture.size(), Size::new(3, 1));
/// assert_eq!(picture.size().to_string(), "3x1");
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Size {
    /// Makes a size from width and height.
    pub const fn new(width: usize, height: usize) -> Self {
        Size { width, height }
    }

    /// Pixels of the longer side.
    pub fn long_side(self) -> usize {
        self.width.max(self.height)
    }

    /// Pixels of the shorter side.
    pub fn short_side(self) -> usize {
        self.width.min(self.height)
    }

    /// Returns a size with these proportions, to the nearest pixel, whose longer side has this many pixels.
    #[must_use]
    pub fn with_long_side(self, side: usize) -> Self {
        let scale = side as f64 / self.long_side().max(1) as f64;
        self.map(|n| ((n as f64 * scale).round() as usize).max(1))
    }

    /// Whether the other size has the same proportions, to within one of this one's pixels.
    pub(crate) fn is_shape_of(self, other: Size) -> bool {
        let [width, height, w, h] = [self.width, self.height, other.width, other.height].map(|side| side as f64);
        (width * h / w - height).abs().min((height * w / h - width).abs()) < 1.0
    }

    /// Applies a function to both sides.
    pub(crate) fn map(self, side: impl Fn(usize) -> usize) -> Self {
        Size { width: side(self.width), height: side(self.height) }
    }

    /// Number of pixels, saturating at the largest `u64`.
    pub fn pixels(self) -> u64 {
        (self.width as u64).saturating_mul(self.height as u64)
    }
}

impl From<[usize; 2]> for Size {
    fn from([width, height]: [usize; 2]) -> Self {
        Size { width, height }
    }
}

impl From<Size> for [usize; 2] {
    fn from(size: Size) -> Self {
        [size.width, size.height]
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| text.trim().parse().ok().filter(|n| (1..=MAX_SIDE).contains(n));
        let (width, height) = text.split_once(['x', 'X', '×']).ok_or("write it as WIDTHxHEIGHT, for example 512x720")?;
        match (side(width), side(height)) {
            (Some(width), Some(height)) => Ok(Size { width, height }),
            _ => Err(format!("width and height must be whole numbers from 1 to {MAX_SIDE}")),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Size;

    #[test]
    fn sizes_are_width_first() {
        let size = Size { width: 512, height: 720 };
        for text in ["512x720", "512X720", "512×720"] {
            assert_eq!(text.parse(), Ok(size), "{text}");
        }
        for text in ["", "512", "x", "512x", "0x5", "-1x5", "5x1e3", "512x720x3", "99999999999999999999x1"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }
}
