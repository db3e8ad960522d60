//! Inspects a film with ffprobe before anything is decoded.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use impasto::Size;
use impasto::picture::Format;
use impasto::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::Note;
use crate::rate::Rate;
use crate::tools::{GREATEST, Tools, file};

/// When the frames of a film are shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Timing {
    /// At a constant rate.
    Constant(Rate),
    /// Each frame has its own time, in microseconds after the first frame.
    Variable(Vec<u64>),
}

impl Timing {
    /// When frame `i` is shown, in microseconds. Frames after the last known one follow at the last known interval.
    pub fn time(&self, i: usize) -> u64 {
        match self {
            Timing::Constant(rate) => rate.time(i),
            Timing::Variable(times) => match (times.get(i), times.as_slice()) {
                (Some(&time), _) => time,
                (None, [.., a, b]) => b + (b - a) * (i + 1 - times.len()) as u64,
                (None, _) => i as u64 * 40_000,
            },
        }
    }

    /// The first frame at or after this time, in seconds after the first frame. Beyond the known frames, below 0 and
    /// after the last, it goes on as [`Timing::time`] does; before the first frame with the first interval.
    pub fn frame_at(&self, seconds: f64) -> i64 {
        let beyond = |seconds: f64, interval: u64| (seconds * 1e6 / interval.max(1) as f64).round() as i64;
        match self {
            Timing::Constant(rate) => (seconds * rate.per_second()).round() as i64,
            Timing::Variable(times) => match times.as_slice() {
                [first, second, ..] if seconds < 0.0 => beyond(seconds, second - first),
                [.., before, last] if seconds * 1e6 > *last as f64 => {
                    times.len() as i64 - 1 + beyond(seconds - *last as f64 / 1e6, last - before)
                }
                _ => times.partition_point(|&time| (time as f64) < seconds * 1e6 - 1.0) as i64,
            },
        }
    }
}

/// A stream of sound, subtitles or something else that belongs to the film.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stream {
    /// Its index in the film.
    pub index: u64,
    /// The type of stream: `audio`, `subtitle`, `cover`, …
    pub kind: String,
    /// Its codec, as ffmpeg names it.
    pub codec: String,
}

/// Facts about a film.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Facts {
    /// Its file.
    pub path: PathBuf,
    /// The index of the stream to paint.
    pub stream: u64,
    /// Its codec, as ffmpeg names it.
    pub codec: String,
    /// Size of the upright frames, in pixels.
    pub size: Size,
    /// Aspect ratio of a pixel: width to height.
    pub aspect: (u64, u64),
    /// When the frames of the part are shown.
    pub timing: Timing,
    /// The number of frames in the part, if known.
    pub frames: Option<usize>,
    /// The number of frames before the part.
    pub before: usize,
    /// Seconds from the beginning of the part to its first frame.
    pub delay: f64,
    /// Whether its samples have more than 8 bits.
    pub deep: bool,
    /// Whether it has transparency.
    pub alpha: bool,
    /// Whether each frame consists of two fields.
    pub interlaced: bool,
    /// What its samples mean.
    pub colors: FilmColors,
    /// Its other streams.
    pub others: Vec<Stream>,
    /// The names of its metadata fields, in lower case.
    pub tags: Vec<String>,
}

impl Facts {
    /// Notes on what may surprise users.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        if let Some(hdr) = self.colors.hdr() {
            notes.push(format!("is {hdr}; it is tone-mapped, and the result is SDR (BT.709)"));
        } else if self.colors.wide() {
            notes.push("has BT.2020 colors; the result has BT.709 colors".into());
        }
        if self.interlaced {
            notes.push("is interlaced; every two fields become one frame".into());
        }
        notes.into_iter().map(Note::Fact).collect()
    }

    /// Whether it has sound.
    pub fn sounds(&self) -> bool {
        self.others.iter().any(|stream| stream.kind == "audio")
    }
}

/// What a film's samples mean, in ffmpeg's names. A field is empty if the film does not say.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FilmColors {
    /// The matrix between RGB and YUV.
    pub matrix: String,
    /// The primaries: the colors of red, green and blue.
    pub primaries: String,
    /// The transfer function from light to samples.
    pub transfer: String,
}

impl FilmColors {
    /// The kind of HDR, if it is HDR.
    pub(crate) fn hdr(&self) -> Option<&'static str> {
        match self.transfer.as_str() {
            "smpte2084" => Some("HDR (PQ)"),
            "arib-std-b67" => Some("HDR (HLG)"),
            _ => None,
        }
    }

    /// Whether the colors can be converted. For [`FilmColors::hdr`] and [`FilmColors::wide`], this is left to the
    /// filter zscale, which knows more matrices and reports those it does not know.
    fn known(&self) -> bool {
        let known = ["", "bt709", "smpte170m", "bt470bg", "smpte240m", "fcc"];
        known.contains(&self.matrix.as_str()) || self.hdr().is_some() || self.wide()
    }

    /// Whether the colors exceed sRGB's gamut.
    pub(crate) fn wide(&self) -> bool {
        self.primaries.starts_with("bt2020") || self.matrix.starts_with("bt2020")
    }
}

/// The part of a film to paint, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Part {
    /// Where it starts. 0 is the beginning of the film.
    pub start: f64,
    /// Where it ends. `None` is the end of the film.
    pub end: Option<f64>,
}

/// The format of a file that begins like a picture.
fn still(path: &Path) -> Option<Format> {
    let mut head = Vec::new();
    File::open(path).ok()?.take(64).read_to_end(&mut head).ok()?;
    Format::detect(&head)
}

/// Inspects a film. Opens only this file, and only if it is of a kind that does not refer to other files. `fps` is
/// the requested frame rate, if there is one.
///
/// # Errors
/// [`ErrorKind::Io`] if the file cannot be read; [`ErrorKind::Malformed`] if it is not a film, or damaged;
/// [`ErrorKind::Unsupported`] if it is a picture, or its colors cannot be converted; [`ErrorKind::TooLarge`] if its
/// frames are too large; [`ErrorKind::Mismatch`] if there are no frames in this part.
pub fn probe(tools: &Tools, path: &Path, part: Part, fps: Option<Rate>) -> Result<Facts> {
    let about = |text: String| Error::new(ErrorKind::Malformed, text);
    let opened = File::open(path).map_err(|e| Error::new(ErrorKind::Io, format!("cannot be read: {e}")).with_source(e))?;
    if opened.metadata().is_ok_and(|metadata| metadata.len() == 0) {
        return Err(about("is empty: there is no film in it".into()));
    }
    if is_script(opened) {
        return Err(about("is a playlist or script that names other files; name the film itself".into()));
    }
    let mut command = tools.ffprobe();
    command.args(tools.guarded()).args(["-show_streams", "-show_format", "-of", "json", "-i"]).arg(file(path));
    let found = tools.output(command).map_err(|why| {
        if let Some(format) = still(path) {
            return Error::new(ErrorKind::Unsupported, format!("is a picture ({format}), not a film"));
        }
        about(format!("is damaged, or is not a film of a supported kind; playlists and scripts are not allowed ({why})"))
    })?;
    let found: Value = serde_json::from_slice(&found).map_err(|e| about(format!("ffprobe did not print JSON: {e}")))?;
    let none = Vec::new();
    let streams = found["streams"].as_array().unwrap_or(&none);
    let films = streams.iter().filter(|stream| stream["codec_type"] == "video" && stream["disposition"]["attached_pic"] != 1);
    let stream = films.max_by_key(|stream| stream["disposition"]["default"].as_u64().unwrap_or(0));
    let Some(stream) = stream else { return Err(about("has no video stream; a film is needed".into())) };
    let number = |value: &Value| value.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let coded = Size { width: number(&stream["width"]), height: number(&stream["height"]) };
    if coded.width == 0 || coded.height == 0 {
        return Err(about("does not say how large its frames are; it may be damaged".into()));
    }
    if coded.width.max(coded.height) > GREATEST {
        let text = format!("frames of {coded} pixels are larger than {GREATEST} pixels a side; make it smaller first");
        return Err(Error::new(ErrorKind::TooLarge, text));
    }
    let turned = rotation(stream).rem_euclid(180) == 90;
    let size = if turned { Size { width: coded.height, height: coded.width } } else { coded };
    let (wide, high) = ratio(&stream["sample_aspect_ratio"]).unwrap_or((1, 1));
    let pixels = text(&stream["pix_fmt"]);
    let index = stream["index"].as_u64().unwrap_or(0);
    let begin = seconds(&found["format"]["start_time"]).unwrap_or(0.0);
    let times = times(tools, path, index, stream).map_err(about)?;
    let base = begin + part.start;
    let inside = |time: &f64| *time >= base - 1e-6 && part.end.is_none_or(|end| *time < begin + end - 1e-6);
    let shown: Vec<f64> = times.iter().copied().filter(inside).collect();
    if !times.is_empty() && shown.is_empty() {
        let last = times.last().unwrap_or(&0.0) - begin;
        let text = format!("there are no frames in this part; the film ends at {last:.2} seconds");
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let (mut timing, mut frames) = timing(stream, &shown);
    let mut before = times.iter().filter(|time| **time < base - 1e-6).count();
    if let Some(fps) = fps {
        before = (part.start * fps.per_second()).round() as usize;
        let length = frames.map(|frames| timing.time(frames) as f64 / 1e6);
        (timing, frames) = (Timing::Constant(fps), length.map(|length| (length * fps.per_second()).round().max(1.0) as usize));
    }
    let others = streams.iter().filter(|other| other["index"].as_u64() != Some(index));
    let others = others.map(|other| Stream {
        index: other["index"].as_u64().unwrap_or(0),
        kind: if other["disposition"]["attached_pic"] == 1 { "cover".into() } else { text(&other["codec_type"]) },
        codec: text(&other["codec_name"]),
    });
    let named = |value: &Value| Some(text(value)).filter(|name| name != "unknown" && name != "gbr").unwrap_or_default();
    let colors = FilmColors {
        matrix: named(&stream["color_space"]),
        primaries: named(&stream["color_primaries"]),
        transfer: named(&stream["color_transfer"]),
    };
    if !colors.known() {
        let matrix = colors.matrix;
        let text = format!("has colors in {matrix}, which cannot be converted here; convert it to BT.709 first");
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    Ok(Facts {
        path: path.to_owned(),
        stream: index,
        codec: text(&stream["codec_name"]),
        size,
        aspect: if turned { (high, wide) } else { (wide, high) },
        timing,
        frames,
        before,
        delay: shown.first().map_or(0.0, |first| (first - base).max(0.0)),
        deep: ["9", "10", "12", "14", "16", "48", "64", "f32"].iter().any(|depth| deep(&pixels, depth)),
        alpha: ["yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8"]
            .iter()
            .any(|name| pixels.starts_with(name))
            || stream["tags"]["alpha_mode"] == "1"
            || stream["tags"]["ALPHA_MODE"] == "1",
        interlaced: matches!(text(&stream["field_order"]).as_str(), "tt" | "bb" | "tb" | "bt"),
        colors,
        others: others.collect(),
        tags: found["format"]["tags"].as_object().into_iter().flatten().map(|(name, _)| name.to_lowercase()).collect(),
    })
}

/// Whether samples have this depth: `yuv420p10le` has 10 bits, but `yuv410p` has 8.
fn deep(pixels: &str, depth: &str) -> bool {
    let plain = pixels.trim_end_matches("le").trim_end_matches("be");
    plain.len() < pixels.len() && plain.ends_with(depth)
}

/// Whether a file is a text that refers to other files: an m3u8 playlist, a concat script, an SDP or MPD description.
fn is_script(mut file: File) -> bool {
    let mut start = [0; 64];
    let read = file.read(&mut start).unwrap_or(0);
    let text = String::from_utf8_lossy(&start[..read]).into_owned();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    ["#EXTM3U", "ffconcat", "[playlist]", "<?xml", "<MPD", "v=0", "[Reference]", "file "]
        .iter()
        .any(|sign| text.starts_with(sign))
}

/// The rotation of the frames, in degrees.
fn rotation(stream: &Value) -> i64 {
    let sides = stream["side_data_list"].as_array();
    let matrix = sides.and_then(|list| list.iter().find_map(|side| side["rotation"].as_f64()));
    let tag = || stream["tags"]["rotate"].as_str().and_then(|text| text.parse::<f64>().ok());
    matrix.or_else(tag).unwrap_or(0.0).round() as i64
}

/// When frames are shown, in seconds and in order. Reads the packets without
/// decoding them. Empty if they have no times.
fn times(tools: &Tools, path: &Path, index: u64, stream: &Value) -> Result<Vec<f64>, String> {
    let mut command = tools.ffprobe();
    command.args(tools.guarded()).args(["-select_streams", &index.to_string(), "-show_entries", "packet=pts,dts,flags"]);
    command.args(["-of", "csv=p=0", "-i"]).arg(file(path));
    let listed = tools.output(command)?;
    let Some((num, den)) = ratio(&stream["time_base"]) else { return Ok(Vec::new()) };
    let mut ticks: Vec<i64> = Vec::new();
    for line in String::from_utf8_lossy(&listed).lines() {
        let fields: Vec<&str> = line.split(',').collect();
        if fields.get(2).is_some_and(|flags| flags.contains('D')) {
            continue;
        }
        match fields.iter().take(2).find_map(|field| field.parse().ok()) {
            Some(tick) => ticks.push(tick),
            None => return Ok(Vec::new()),
        }
    }
    ticks.sort_unstable();
    ticks.dedup();
    Ok(ticks.into_iter().map(|tick| tick as f64 * num as f64 / den as f64).collect())
}

/// The timing and the number of frames. The timing is constant if every frame is within a tick of a constant rate.
fn timing(stream: &Value, times: &[f64]) -> (Timing, Option<usize>) {
    let rates = ["avg_frame_rate", "r_frame_rate"].map(|name| stream[name].as_str().unwrap_or_default().parse::<Rate>().ok());
    let first = times.first().copied().unwrap_or(0.0);
    let tick = ratio(&stream["time_base"]).map_or(0.001, |(num, den)| num as f64 / den as f64).max(0.001);
    let fits = |rate: &Rate| {
        times.iter().enumerate().all(|(i, time)| (time - first - i as f64 / rate.per_second()).abs() <= 1.01 * tick)
    };
    let known = rates.into_iter().flatten();
    let count = Some(times.len()).filter(|&count| count > 0).or(stream["nb_frames"].as_str().and_then(|n| n.parse().ok()));
    if let Some(rate) = known.clone().find(fits) {
        return (Timing::Constant(rate), count);
    }
    if times.len() < 2 {
        let rate = known.into_iter().next().unwrap_or(Rate { frames: 25, seconds: 1 });
        return (Timing::Constant(rate), count);
    }
    (Timing::Variable(times.iter().map(|time| ((time - first) * 1e6).round() as u64).collect()), count)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn seconds(value: &Value) -> Option<f64> {
    value.as_str()?.parse().ok().filter(|v: &f64| v.is_finite())
}

/// Parses `16:9` or `16/9`.
fn ratio(value: &Value) -> Option<(u64, u64)> {
    let (a, b) = value.as_str()?.split_once([':', '/'])?;
    Some((a.parse().ok()?, b.parse().ok()?)).filter(|&(a, b)| a > 0 && b > 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Timing, deep, timing};
    use crate::Rate;

    #[test]
    fn depths_are_in_the_names_of_pixels() {
        for (pixels, expected) in
            [("yuv420p", false), ("yuv410p", false), ("yuv420p10le", true), ("gbrap12le", true), ("rgb48be", true)]
        {
            assert_eq!(["9", "10", "12", "14", "16", "48", "64"].iter().any(|depth| deep(pixels, depth)), expected, "{pixels}");
        }
    }

    #[test]
    fn rates_are_constant_within_a_tick() {
        let stream = json!({ "avg_frame_rate": "30000/1001", "r_frame_rate": "30/1", "time_base": "1/1000" });
        let times: Vec<f64> = (0..100).map(|i| 5.0 + (f64::from(i) * 1001.0 / 30.0).round() / 1000.0).collect();
        assert_eq!(timing(&stream, &times), (Timing::Constant(Rate { frames: 30_000, seconds: 1001 }), Some(100)));
        let uneven = [0.0, 0.04, 0.12, 0.14];
        let (found, count) = timing(&stream, &uneven);
        assert_eq!((&found, count), (&Timing::Variable(vec![0, 40_000, 120_000, 140_000]), Some(4)));
        assert_eq!([found.time(3), found.time(5)], [140_000, 180_000]);
        assert_eq!([found.frame_at(0.0), found.frame_at(0.05), found.frame_at(0.12)], [0, 2, 2]);
        assert_eq!([found.frame_at(0.14), found.frame_at(0.24), found.frame_at(-0.2)], [3, 8, -5]);
        let constant = Timing::Constant(Rate { frames: 25, seconds: 1 });
        assert_eq!([constant.frame_at(-2.0), constant.frame_at(0.0), constant.frame_at(9.0)], [-50, 0, 225]);
    }
}
