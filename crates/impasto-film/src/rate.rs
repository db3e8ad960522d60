//! Frame rates and times.

use std::fmt;
use std::str::FromStr;

/// An exact number of frames per second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// This many frames …
    pub frames: u64,
    /// … in this many seconds.
    pub seconds: u64,
}

impl Rate {
    /// Frames per second, rounded.
    pub fn per_second(self) -> f64 {
        self.frames as f64 / self.seconds as f64
    }

    /// When frame `i` is shown, in microseconds.
    pub fn time(self, i: usize) -> u64 {
        let (frames, seconds) = (u128::from(self.frames), u128::from(self.seconds));
        // 128 bits cannot overflow.
        u64::try_from((i as u128 * seconds * 2_000_000 + frames) / (2 * frames)).unwrap_or(u64::MAX)
    }
}

/// Writes ffmpeg's form: `30000/1001`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.frames, self.seconds)
    }
}

/// Parses `30`, `29.97` or `30000/1001`.
impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as 25, 23.976 or 30000/1001".to_owned();
        let whole = |text: &str| text.trim().parse::<u64>().ok().filter(|n| (1..=100_000_000).contains(n));
        if let Some((frames, seconds)) = text.split_once('/') {
            return whole(frames).zip(whole(seconds)).map(|(frames, seconds)| Rate { frames, seconds }).ok_or_else(wrong);
        }
        if let Some(frames) = whole(text).filter(|&n| n <= 1000) {
            return Ok(Rate { frames, seconds: 1 });
        }
        let value = text.trim().parse::<f64>().ok().filter(|v| (0.01..=1000.0).contains(v)).ok_or_else(wrong)?;
        // Fractional rates of television are whole numbers times 1000/1001.
        let ntsc = (value * 1.001).round();
        if (ntsc / 1.001 - value).abs() < 0.005 && (value - value.round()).abs() > 0.001 {
            return Ok(Rate { frames: ntsc as u64 * 1000, seconds: 1001 });
        }
        Ok(Rate { frames: (value * 1000.0).round() as u64, seconds: 1000 })
    }
}

/// Parses a time: seconds, or `[hours:]minutes:seconds`.
///
/// # Errors
/// A description of the syntax.
pub fn time(text: &str) -> Result<f64, String> {
    let wrong = || "write a time as seconds (90.5) or as [hours:]minutes:seconds (1:30.5)".to_owned();
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return Err(wrong());
    }
    let mut seconds = 0.0;
    for (i, part) in parts.iter().enumerate() {
        let last = i + 1 == parts.len();
        let digits = |c: char| c.is_ascii_digit() || (last && c == '.');
        let value = part.parse::<f64>().ok().filter(|v| v.is_finite() && part.chars().all(digits)).ok_or_else(wrong)?;
        seconds = seconds * 60.0 + value;
    }
    Ok(seconds)
}

#[cfg(test)]
mod tests {
    use super::{Rate, time};

    #[test]
    fn rates_are_exact() {
        let cases = [
            ("25", 25, 1),
            ("30000/1001", 30_000, 1001),
            ("29.97", 30_000, 1001),
            ("23.976", 24_000, 1001),
            ("12.5", 12_500, 1000),
        ];
        for (text, frames, seconds) in cases {
            assert_eq!(text.parse(), Ok(Rate { frames, seconds }), "{text}");
        }
        for text in ["", "0", "-5", "25/0", "nan", "1e9", "x", "25/"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        let rate = Rate { frames: 30_000, seconds: 1001 };
        assert_eq!([0, 1, 30_000].map(|i| rate.time(i)), [0, 33_367, 1_001_000_000]);
    }

    #[test]
    fn times_have_hours_and_fractions() {
        for (text, seconds) in [("90.5", 90.5), ("1:30.5", 90.5), ("1:00:01", 3601.0), ("0", 0.0)] {
            assert_eq!(time(text), Ok(seconds), "{text}");
        }
        for text in ["", "-1", "1:", ":1", "1:2:3:4", "1.5:2", "inf", "nan", "1e3"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
