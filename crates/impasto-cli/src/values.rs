//! Values of flags that need more than a number.

use std::fmt;
use std::str::FromStr;

/// A picture size, width first as screens and cameras say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Pixels in a row.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
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

#[cfg(test)]
mod tests {
    use super::{Size, bytes, share};

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
