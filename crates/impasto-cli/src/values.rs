//! Values of flags that need more than a number.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};
use impasto::picture::Format;

/// A picture size, width first as screens and cameras say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Pixels in a row.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
}

impl Size {
    /// In these proportions, to the nearest pixel, with a longer side of this many.
    pub(crate) fn with_long_side(self, side: usize) -> Size {
        let scale = side as f64 / self.width.max(self.height) as f64;
        let [width, height] = [self.width, self.height].map(|n| ((n as f64 * scale).round() as usize).max(1));
        Size { width, height }
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| text.trim().parse().ok().filter(|n| (1..=1_000_000).contains(n));
        let (width, height) = text.split_once(['x', 'X', '×']).ok_or("write it as WIDTHxHEIGHT, for example 512x720")?;
        match (side(width), side(height)) {
            (Some(width), Some(height)) => Ok(Size { width, height }),
            _ => Err("width and height must be whole numbers from 1 to 1000000".into()),
        }
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Reads where a picture goes. The names that systems have for standard output are `-`: opened by such a name, a file that it was redirected to
/// would be written to from its start, or not at all if it is a socket.
pub(crate) fn output() -> impl TypedValueParser<Value = PathBuf> {
    let names = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    PathBufValueParser::new().map(move |path| {
        let standard = cfg!(unix) && names.iter().any(|name| path == Path::new(name));
        if standard { PathBuf::from("-") } else { path }
    })
}

/// Reads a number of bytes: `1500000`, `64K`, `300M`, `2G`, `1T`, also `2GB` and `2GiB`; letters stand for powers of 1024.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let bad = || "write a number of bytes, for example 2G or 500M".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_uppercase().trim_end_matches('B').trim_end_matches('I') {
        "" => 0,
        "K" => 10,
        "M" => 20,
        "G" => 30,
        "T" => 40,
        _ => return Err(bad()),
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift).filter(|&n| n > 0).ok_or_else(bad);
    }
    let value = number.parse::<f64>().map_err(|_| bad())? * (1u64 << shift) as f64;
    // The cast saturates; nobody has that much.
    if value >= 1.0 { Ok(value as u64) } else { Err(bad()) }
}

/// Reads a share from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|v| (0.0..=1.0).contains(v)).ok_or_else(|| "must be a number from 0 to 1".into())
}

/// Reads an amount of grain.
pub(crate) fn grain(text: &str) -> Result<f32, String> {
    let range = impasto::StylizeOptions::GRAINS;
    let wrong = || format!("must be a number from {} to {}", range.start(), range.end());
    text.parse().ok().filter(|v| range.contains(v)).ok_or_else(wrong)
}

/// A weight of a loss.
pub(crate) fn weight(text: &str) -> Result<f64, String> {
    text.parse().ok().filter(|v: &f64| v.is_finite() && *v >= 0.0).ok_or_else(|| "must be a number of 0 or more".into())
}

/// Reads a number of 0 or more.
pub(crate) fn length(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|v: &f32| v.is_finite() && *v >= 0.0).ok_or_else(|| "must be a number from 0 up".into())
}

/// Reads a number above 0.
pub(crate) fn positive(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|v: &f32| v.is_finite() && *v > 0.0).ok_or_else(|| "must be a number above 0".into())
}

/// How wide strokes are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Stroke {
    /// A share of the picture, or of the network's own width.
    Width(impasto::Stroke),
    /// On paper.
    Millimetres(f32),
}

impl FromStr for Stroke {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(number) = text.trim_end().strip_suffix("mm") {
            return positive(number.trim())
                .map(Stroke::Millimetres)
                .map_err(|_| "write it as a number above 0 and mm: 3mm".into());
        }
        let range = impasto::Stroke::FACTORS;
        let wrong = |_| format!("must be a number from {} to {}, native, or millimetres: 3mm", range.start(), range.end());
        text.parse().map(Stroke::Width).map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::{Size, Stroke, bytes, length, positive, share};

    #[test]
    fn strokes_are_factors_or_millimetres() {
        let relative = |factor| Stroke::Width(impasto::Stroke::Relative(factor));
        let native = |factor| Stroke::Width(impasto::Stroke::Native(factor));
        let good = [("1", relative(1.0)), ("0.5", relative(0.5)), ("native", native(1.0)), ("native:2", native(2.0))];
        for (text, expected) in good.into_iter().chain([("3mm", Stroke::Millimetres(3.0)), ("2.5 mm", Stroke::Millimetres(2.5))])
        {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for text in ["", "0", "-1", "100", "nan", "mm", "0mm", "-2mm", "3cm", "infmm"] {
            assert!(text.parse::<Stroke>().is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_are_not_negative() {
        assert_eq!((length("0"), positive("300")), (Ok(0.0), Ok(300.0)));
        for text in ["-1", "nan", "inf", "x", ""] {
            assert!(length(text).is_err() && positive(text).is_err(), "{text}");
        }
        assert!(positive("0").is_err());
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
    fn bytes_have_units() {
        let good = [("1500", 1500), ("2G", 2 << 30), ("64k", 64 << 10), ("1.5M", 3 << 19), ("2GiB", 2 << 30), ("3MB", 3 << 20)];
        for (text, expected) in good {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for text in ["", "0", "-5", "G", "2Q", "1.2.3G", "99999999999999T", "nan"] {
            assert!(bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn shares_are_bounded() {
        assert_eq!(share("0.5"), Ok(0.5));
        for text in ["-0.1", "1.1", "nan", "inf", "half", ""] {
            assert!(share(text).is_err(), "{text}");
        }
    }
}

/// A picture format that can be written, by its id.
pub(crate) fn format() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::written().map(Format::id))
        .try_map(|id| Format::from_id(&id).ok_or_else(|| format!("{id:?} is no format")))
}

/// What `stylize` reads.
pub(crate) fn contents_help() -> String {
    let formats = Format::list(Format::read());
    format!(
        "Pictures to paint: files, folders or patterns; - is standard input\n\n\
         {formats} are read, whatever the extension. Patterns may have * ? [] and **."
    )
}
