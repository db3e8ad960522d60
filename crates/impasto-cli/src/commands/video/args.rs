//! The flags of `impasto video`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};
use impasto::request::Size;

use crate::cli::{FilmFlags, LoudnessFlags};
use crate::failure::Result;
use crate::{values, web};

/// Paint a film in the style of a picture.
///
/// The film keeps its sound, subtitles, chapters, frame rate and size. Reading and writing films needs ffmpeg (the programs ffmpeg and ffprobe).
/// Folders of frames and animated GIF, WebP and PNG files are read without it, and folders of frames and GIF files are written without it.
///
/// The work is kept in pieces in a folder beside the output. After an interruption, the same command with --resume goes on from there.
#[derive(Debug, Args)]
pub(crate) struct Video {
    /// Film to paint; a folder or pattern of frames; an animated GIF, WebP or PNG; - is standard input
    #[arg(value_name = "FILM", value_hint = ValueHint::AnyPath)]
    pub(super) film: PathBuf,

    /// Picture, built-in style or .style file, as for `impasto stylize`; repeat it to blend
    ///
    /// Networks that carry styles of their own take the number of one (-s 3 with --model, or -s MODEL:3). A network of one style needs none.
    #[arg(short, long = "style", value_name = "STYLE[=WEIGHT|@MASK]", value_hint = ValueHint::FilePath)]
    pub(super) styles: Vec<OsString>,

    /// Change to another style: from the style before, the film glides to this one, which it has at this time; repeat it for more
    ///
    /// For example: -s waves.jpg --style-at 0:05=waves.jpg --style-at 0:08=starry glides from waves to starry between seconds 5 and 8.
    #[arg(long, value_name = "TIME=STYLE")]
    pub(super) style_at: Vec<OsString>,

    /// Film to write; the extension decides its kind. A folder or pattern (out/%05d.png) for frames; - is standard output
    ///
    /// .mp4, .mkv, .mov, .webm and .gif are written.
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath, value_parser = values::output())]
    pub(super) output: PathBuf,

    /// Kind of film for standard output. Default: mkv
    #[arg(long, value_name = "KIND")]
    pub(super) format: Option<Kind>,

    /// Model, as for `impasto stylize`
    #[arg(long = "model", value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) models: Vec<PathBuf>,

    /// Keep this much of the last frame where the next one shows the same: more is steadier
    #[arg(long, value_name = "0..1", default_value = "0.8", allow_negative_numbers = true, value_parser = values::share, help_heading = LOOK)]
    pub(super) steady: f32,

    /// The flags of a painting that films take: the library's table of options has them.
    #[command(flatten)]
    pub(super) paint: FilmFlags,

    /// Start at this time: seconds, minutes:seconds or hours:minutes:seconds
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = FILM)]
    pub(super) start: Option<f64>,

    /// End at this time of the film
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = FILM)]
    pub(super) end: Option<f64>,

    /// Frames a second. Default: the film's own; 25 for a folder of frames
    #[arg(long, value_name = "N[/N]", value_parser = rate, help_heading = FILM)]
    pub(super) fps: Option<Rate>,

    /// Size of the result: pixels of its longer side, or WxH
    #[arg(long, value_name = "LONGSIDE|WxH", value_parser = wanted_size, help_heading = FILM)]
    pub(super) size: Option<WantedSize>,

    /// How the film is encoded. Default: h264; vp9 for .webm; prores for .mov with transparency
    #[arg(long, value_name = "CODEC", help_heading = FILM)]
    pub(super) codec: Option<Codec>,

    /// Quality of the encoder: less is better and larger. Default: 18 for h264, 20 for h265, 28 for av1, 24 for vp9
    #[arg(long, value_name = "0..63", value_parser = clap::value_parser!(u8).range(0..=63), help_heading = FILM)]
    pub(super) crf: Option<u8>,

    /// Paint damaged films as far as they can be read; a warning says what is wrong
    #[arg(long, help_heading = FILM)]
    pub(super) salvage: bool,

    /// The program ffmpeg, or the folder that it is in. Default: where the system finds it
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub(super) ffmpeg: Option<PathBuf>,

    /// Continue an interrupted run
    #[arg(long)]
    pub(super) resume: bool,

    /// Replace existing files, and what an interrupted run has left
    #[arg(long)]
    pub(super) force: bool,

    /// Write the newest painted frame to this picture from time to time
    #[arg(long, value_name = "PICTURE", value_hint = ValueHint::FilePath)]
    pub(super) preview_frame: Option<PathBuf>,

    /// Memory to use at most, for example 512M
    #[arg(long, value_name = "BYTES", allow_negative_numbers = true, value_parser = values::bytes)]
    pub(super) max_memory: Option<u64>,

    /// Number of threads. Default: one per core. The result is the same with any number
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) threads: Option<u16>,

    /// Print a report as JSON on standard output
    #[arg(long)]
    pub(super) json: bool,

    #[command(flatten)]
    pub(super) loudness: LoudnessFlags,
}

impl Video {
    /// Downloads the pictures of styles and masks that are given by their web addresses, of at most so many bytes each.
    pub(in crate::commands) fn fetch_pictures(&mut self, most: u64) -> Result {
        self.styles.iter_mut().try_for_each(|style| web::fetch_style(style, most))?;
        for change in &mut self.style_at {
            // An address has more of these signs; the time has none.
            if let Some((at, style)) = change.to_str().and_then(|text| text.split_once('=')) {
                let (at, mut style) = (at.to_owned(), OsString::from(style));
                web::fetch_style(&mut style, most)?;
                *change = [OsStr::new(&at), OsStr::new("="), &style].into_iter().collect();
            }
        }
        self.paint.0.files.iter_mut().try_for_each(|(_, mask)| web::fetch(mask, most))
    }
}

const LOOK: &str = "Look";
const FILM: &str = "Film";

/// A kind of film that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    Mp4,
    Mkv,
    Mov,
    #[value(name = "webm")]
    WebM,
    Gif,
}

/// How a film is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Codec {
    /// Plays everywhere
    H264,
    /// Smaller files
    H265,
    /// Smaller still, slower
    Av1,
    /// For .webm and .mkv; keeps transparency
    Vp9,
    /// Large files for editing, in .mov and .mkv; keeps transparency
    #[value(name = "prores")]
    ProRes,
}

/// Frames a second, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) frames: u64,
    pub(super) seconds: u64,
}

impl Rate {
    pub(super) fn per_second(self) -> f64 {
        self.frames as f64 / self.seconds as f64
    }

    /// When frame `i` is shown, in millionths of a second.
    pub(super) fn time(self, i: usize) -> u64 {
        let (frames, seconds) = (u128::from(self.frames), u128::from(self.seconds));
        // In 128 bits nothing overflows.
        u64::try_from((i as u128 * seconds * 2_000_000 + frames) / (2 * frames)).unwrap_or(u64::MAX)
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.frames, self.seconds)
    }
}

/// A size that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WantedSize {
    LongSide(usize),
    Exact(Size),
}

/// `30`, `29.97`, `30000/1001`.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let wrong = || "write it as 25, 23.976 or 30000/1001".to_owned();
    let whole = |text: &str| text.trim().parse::<u64>().ok().filter(|n| (1..=100_000_000).contains(n));
    if let Some((frames, seconds)) = text.split_once('/') {
        return whole(frames).zip(whole(seconds)).map(|(frames, seconds)| Rate { frames, seconds }).ok_or_else(wrong);
    }
    if let Some(frames) = whole(text).filter(|&n| n <= 1000) {
        return Ok(Rate { frames, seconds: 1 });
    }
    let value = text.trim().parse::<f64>().ok().filter(|v| (0.01..=1000.0).contains(v)).ok_or_else(wrong)?;
    // Television's rates are whole ones times 1000/1001.
    let ntsc = (value * 1.001).round();
    if (ntsc / 1.001 - value).abs() < 0.005 && (value - value.round()).abs() > 0.001 {
        return Ok(Rate { frames: ntsc as u64 * 1000, seconds: 1001 });
    }
    Ok(Rate { frames: (value * 1000.0).round() as u64, seconds: 1000 })
}

/// Seconds, or `[hours:]minutes:seconds`.
pub(super) fn time(text: &str) -> Result<f64, String> {
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

fn wanted_size(text: &str) -> Result<WantedSize, String> {
    if let Some(side) = text.parse().ok().filter(|n| (1..=65_535).contains(n)) {
        return Ok(WantedSize::LongSide(side));
    }
    text.parse().map(WantedSize::Exact).map_err(|_| "write it as 640 (the longer side) or 640x360".into())
}

#[cfg(test)]
mod tests {
    use super::{Rate, rate, time};

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
            assert_eq!(rate(text), Ok(Rate { frames, seconds }), "{text}");
        }
        for text in ["", "0", "-5", "25/0", "nan", "1e9", "x", "25/"] {
            assert!(rate(text).is_err(), "{text}");
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
