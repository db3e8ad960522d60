//! Values of flags that are more than a plain number.

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, TypedValueParser};
use impasto::picture::Format;

/// Reads where a picture goes. The system's names for standard output become `-`. If standard output is redirected to a
/// file, opening it by such a name would write from the start of the file; a socket could not be opened at all.
pub(crate) fn output() -> impl TypedValueParser<Value = PathBuf> {
    let names = ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];
    PathBufValueParser::new().map(move |path| {
        let standard = cfg!(unix) && names.iter().any(|name| path == Path::new(name));
        if standard { PathBuf::from("-") } else { path }
    })
}

/// Reads a number of bytes: `1500000`, `64K`, `300M`, `2G`, `1T`,
/// also `2GB` and `2GiB`. The letters are powers of 1024.
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
    // The cast saturates, at more than any machine has.
    if value >= 1.0 { Ok(value as u64) } else { Err(bad()) }
}

/// Reads a share from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f32, String> {
    text.parse().ok().filter(|v| (0.0..=1.0).contains(v)).ok_or_else(|| "must be a number from 0 to 1".into())
}

/// Reads the weight of a loss: a finite number of 0 or more.
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

/// Returns the help for the contents of `stylize`.
pub(crate) fn contents_help() -> String {
    let formats = Format::list(Format::read());
    format!(
        "Pictures to paint: files, folders, patterns or web addresses; - is standard input\n\n\
         {formats} are read, whatever the extension. Patterns may have * ? [] and **."
    )
}

#[cfg(test)]
mod tests {
    use super::{bytes, length, positive, share};

    #[test]
    fn lengths_are_not_negative() {
        assert_eq!((length("0"), positive("300")), (Ok(0.0), Ok(300.0)));
        for text in ["-1", "nan", "inf", "x", ""] {
            assert!(length(text).is_err() && positive(text).is_err(), "{text}");
        }
        assert!(positive("0").is_err());
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
