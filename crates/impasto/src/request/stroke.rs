//! Text forms of stroke widths and numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::stylizer::Stroke;

/// The requested width of strokes: `2`, `native`, `native:2`, or on paper `3mm`.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum StrokeWidth {
    /// Relative to the picture, or to the network's own width.
    Width(Stroke),
    /// On paper; the number of pixels follows from the result's resolution.
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
        let wrong = |_| format!("must be a number from {} to {}, native, or millimeters: 3mm", range.start(), range.end());
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

/// A number if possible, otherwise text.
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

/// Reads a width from a number or a text.
pub(super) fn stroke(value: &Value) -> Result<StrokeWidth, String> {
    match value {
        Value::String(text) => text.parse(),
        other => other.to_string().parse(),
    }
}

/// Returns a number for JSON with the digits that were typed: 0.7, where a cast would give 0.699999988079071.
pub fn shortest(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// serde for floats with the digits of [`shortest`].
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
    use super::{Stroke, StrokeWidth, shortest};

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
    fn numbers_have_the_digits_that_were_typed() {
        for text in ["0", "1", "0.7", "0.1", "1e-7", "16777216", "0.33333334", "3.4028235e38"] {
            let value: f32 = text.parse().unwrap();
            assert_eq!(shortest(value), text.parse::<f64>().unwrap(), "{text}");
            assert_eq!(shortest(value) as f32, value);
        }
    }
}
