//! Sizes and widths of strokes, with their text forms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::stylizer::Stroke;

/// Most pixels of a side that can be asked for.
pub const MAX_SIDE: usize = 1_000_000;

/// The size of a picture: width first, as screens and cameras say it. Its text form is `720x512`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Pixels in a row.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Size {
    /// In these proportions, to the nearest pixel, with a longer side of this many pixels.
    #[must_use]
    pub fn with_long_side(self, side: usize) -> Self {
        let scale = side as f64 / self.width.max(self.height).max(1) as f64;
        let [width, height] = [self.width, self.height].map(|n| ((n as f64 * scale).round() as usize).max(1));
        Size { width, height }
    }

    /// Pixels; those that cannot be counted are as many as can.
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

/// How wide strokes are asked to be: `2`, `native`, `native:2`, or on paper `3mm`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StrokeWidth {
    /// A share of the picture, or of the network's own width.
    Width(Stroke),
    /// On paper: the result's resolution says how many pixels that is.
    Millimetres(f32),
}

impl Default for StrokeWidth {
    fn default() -> Self {
        StrokeWidth::Width(Stroke::default())
    }
}

impl FromStr for StrokeWidth {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(number) = text.trim_end().strip_suffix("mm") {
            let width = number.trim().parse::<f32>().ok().filter(|width| width.is_finite() && *width > 0.0);
            return width.map(StrokeWidth::Millimetres).ok_or_else(|| "write it as a number above 0 and mm: 3mm".into());
        }
        let range = Stroke::FACTORS;
        let wrong = |_| format!("must be a number from {} to {}, native, or millimetres: 3mm", range.start(), range.end());
        text.parse().map(StrokeWidth::Width).map_err(wrong)
    }
}

impl fmt::Display for StrokeWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StrokeWidth::Width(stroke) => stroke.fmt(f),
            StrokeWidth::Millimetres(width) => write!(f, "{width}mm"),
        }
    }
}

/// A number where it is one, or else text.
impl Serialize for StrokeWidth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            StrokeWidth::Width(Stroke::Relative(factor)) => serializer.serialize_f64(shortest(*factor)),
            other => serializer.collect_str(other),
        }
    }
}

impl<'de> Deserialize<'de> for StrokeWidth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        stroke(&Value::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Of a number or a text.
pub(super) fn stroke(value: &Value) -> Result<StrokeWidth, String> {
    match value {
        Value::String(text) => text.parse(),
        other => other.to_string().parse(),
    }
}

/// A number for JSON with the digits that were typed: 0.7, where a cast would give 0.699999988079071.
pub fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// serde for floats with these digits.
pub(super) mod number {
    use serde::Serializer;

    pub(in crate::request) fn serialize<S: Serializer>(value: &f32, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(super::shortest(*value))
    }

    pub(in crate::request) fn serialize_option<S: Serializer>(value: &Option<f32>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serialize(value, serializer),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Size, Stroke, StrokeWidth, shortest};

    #[test]
    fn strokes_are_factors_or_millimetres() {
        let relative = |factor| StrokeWidth::Width(Stroke::Relative(factor));
        let native = |factor| StrokeWidth::Width(Stroke::Native(factor));
        let good = [("1", relative(1.0)), ("0.5", relative(0.5)), ("native", native(1.0)), ("native:2", native(2.0))];
        let paper = [("3mm", StrokeWidth::Millimetres(3.0)), ("2.5 mm", StrokeWidth::Millimetres(2.5))];
        for (text, expected) in good.into_iter().chain(paper) {
            assert_eq!(text.parse(), Ok(expected), "{text}");
            let json = serde_json::to_string(&expected).unwrap();
            assert_eq!(serde_json::from_str::<StrokeWidth>(&json).unwrap(), expected, "{json}");
        }
        for text in ["", "0", "-1", "100", "nan", "mm", "0mm", "-2mm", "3cm", "infmm"] {
            assert!(text.parse::<StrokeWidth>().is_err(), "{text}");
        }
    }

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

    #[test]
    fn numbers_have_the_digits_that_were_typed() {
        for text in ["0", "1", "0.7", "0.1", "1e-7", "16777216", "0.33333334", "3.4028235e38"] {
            let value: f32 = text.parse().unwrap();
            assert_eq!(shortest(value), text.parse::<f64>().unwrap(), "{text}");
            assert_eq!(shortest(value) as f32, value);
        }
    }
}
