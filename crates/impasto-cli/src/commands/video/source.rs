//! Where frames come from: a film, a folder or pattern of frames, or an animation.

use std::path::{Path, PathBuf};

use impasto::ErrorKind;
use impasto::picture::{Limits, Resize};
use impasto::video::Frame;
use impasto::{Error, Picture};

use impasto::Size;
use impasto_film::{Facts, Frames, Part, Rate, Reading, Timing, Tools, probe};

use super::animation;
use crate::failure::{Failure, Result};

/// Default frames per second of a folder of frames.
const RATE: Rate = Rate { frames: 25, seconds: 1 };

/// The input to paint.
#[derive(Debug)]
pub(super) enum Source {
    Film(Box<Facts>),
    Pictures {
        files: Vec<PathBuf>,
        /// The number of files before those.
        before: usize,
        size: Size,
        deep: bool,
        alpha: bool,
        rate: Rate,
    },
    Animation {
        path: PathBuf,
        facts: animation::Facts,
        /// Its frames that are painted, in order; one may be there several times.
        shown: Vec<usize>,
        /// The number of frames before those.
        before: usize,
        timing: Timing,
    },
}

/// Which part of a source to read, and at which rate.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) part: Part,
    pub(super) fps: Option<Rate>,
}

impl Source {
    /// Examines the input at a path. `tools` is only called for a film.
    pub(super) fn open(path: &Path, wanted: Wanted, tools: &dyn Fn() -> Result<Tools>) -> Result<Self> {
        if let Some(files) = pictures(path)? {
            return Self::of_pictures(path, files, wanted);
        }
        if let Some(facts) = animation::look(path)? {
            return Self::of_animation(path, facts, wanted);
        }
        let facts = probe(&tools()?, path, wanted.part, wanted.fps).map_err(|e| {
            let hint = match e.kind() {
                ErrorKind::Mismatch => "; change --start or --end",
                ErrorKind::Unsupported => "; paint it with `impasto stylize`",
                _ => "",
            };
            Failure::failed(format!("{}: {e}{hint}", path.display()))
        })?;
        Ok(Source::Film(Box::new(facts)))
    }

    /// Examines masks for the frames of another source. Pictures and animations have a mask for every frame of the
    /// whole source: `before` of them are skipped.
    pub(super) fn of_masks(path: &Path, (wanted, before): (Wanted, usize), tools: &dyn Fn() -> Result<Tools>) -> Result<Self> {
        let few = || Failure::failed(format!("{}: this mask ends before the film's part begins", path.display()));
        if let Some(files) = pictures(path)? {
            let files = files.get(before..).filter(|files| !files.is_empty()).ok_or_else(few)?;
            return Self::of_files(files.to_vec(), before, RATE);
        }
        if let Some(facts) = animation::look(path)? {
            let shown: Vec<usize> = (before..facts.frames).collect();
            if shown.is_empty() {
                return Err(few());
            }
            let timing = facts.timing.clone();
            return Ok(Source::Animation { path: path.to_owned(), facts, shown, before, timing });
        }
        Self::open(path, wanted, tools)
    }

    fn of_pictures(path: &Path, mut files: Vec<PathBuf>, wanted: Wanted) -> Result<Self> {
        let rate = wanted.fps.unwrap_or(RATE);
        let timing = Timing::Constant(rate);
        let count = files.len();
        let frame_at = |seconds| frame_within(&timing, seconds, count);
        let (start, end) = (frame_at(wanted.part.start), wanted.part.end.map_or(count, frame_at));
        files = files.get(start..end).unwrap_or_default().to_vec();
        if files.is_empty() {
            return Err(Failure::failed(format!("{}: there are no frames to paint", path.display())));
        }
        Self::of_files(files, start, rate)
    }

    /// There must be one file at least.
    fn of_files(files: Vec<PathBuf>, before: usize, rate: Rate) -> Result<Self> {
        let first = Picture::open(&files[0], &Limits::default())?;
        let (size, deep, alpha) = (first.size(), first.source().bit_depth > 8, first.alpha().is_some());
        Ok(Source::Pictures { files, before, size, deep, alpha, rate })
    }

    fn of_animation(path: &Path, facts: animation::Facts, wanted: Wanted) -> Result<Self> {
        let own = &facts.timing;
        let frame_at = |seconds| frame_within(own, seconds, facts.frames);
        let (start, end) = (frame_at(wanted.part.start), wanted.part.end.map_or(facts.frames, frame_at));
        if start >= end {
            return Err(Failure::failed(format!(
                "{}: there are no frames between --start and --end; change them",
                path.display()
            )));
        }
        let begin = own.time(start);
        let (shown, before, timing) = match (wanted.fps, own) {
            // Films keep their speed at another rate, and so do animations: frames are repeated or left out.
            (Some(rate), _) => {
                let seconds = |microseconds: u64| microseconds as f64 / 1e6;
                let count = (seconds(own.time(end) - begin) * rate.per_second()).round().max(1.0) as usize;
                // Each frame is what is shown in the middle of its time.
                let at = |i: usize| begin.saturating_add(rate.time(2 * i + 1) / 2);
                let shown = (0..count).map(|i| (start..end).rfind(|&frame| own.time(frame) <= at(i)).unwrap_or(start)).collect();
                (shown, (seconds(begin) * rate.per_second()).round() as usize, Timing::Constant(rate))
            }
            (None, Timing::Variable(_)) => {
                // With the time at which the last one ends.
                let times = (start..=end).map(|frame| own.time(frame) - begin).collect();
                ((start..end).collect(), start, Timing::Variable(times))
            }
            (None, Timing::Constant(_)) => ((start..end).collect(), start, own.clone()),
        };
        Ok(Source::Animation { path: path.to_owned(), facts, shown, before, timing })
    }

    /// Returns the files of a folder or pattern of frames.
    pub(super) fn files(&self) -> &[PathBuf] {
        if let Source::Pictures { files, .. } = self { files } else { &[] }
    }

    /// Returns the size of the frames.
    pub(super) fn size(&self) -> Size {
        match self {
            Source::Film(facts) => facts.size,
            Source::Pictures { size, .. } => *size,
            Source::Animation { facts, .. } => facts.size,
        }
    }

    pub(super) fn timing(&self) -> Timing {
        match self {
            Source::Film(facts) => facts.timing.clone(),
            Source::Pictures { rate, .. } => Timing::Constant(*rate),
            Source::Animation { timing, .. } => timing.clone(),
        }
    }

    /// Returns the number of frames, if it is known.
    pub(super) fn frames(&self) -> Option<usize> {
        match self {
            Source::Film(facts) => facts.frames,
            Source::Pictures { files, .. } => Some(files.len()),
            Source::Animation { shown, .. } => Some(shown.len()),
        }
    }

    /// Returns the number of frames before those that are painted.
    pub(super) fn before(&self) -> usize {
        match self {
            Source::Film(facts) => facts.before,
            Source::Pictures { before, .. } | Source::Animation { before, .. } => *before,
        }
    }

    pub(super) fn alpha(&self) -> bool {
        match self {
            Source::Film(facts) => facts.alpha,
            Source::Pictures { alpha, .. } => *alpha,
            Source::Animation { facts, .. } => facts.alpha,
        }
    }

    /// Returns whether samples have more than 8 bits.
    pub(super) fn deep(&self) -> bool {
        match self {
            Source::Film(facts) => facts.deep,
            Source::Pictures { deep, .. } => *deep,
            Source::Animation { .. } => false,
        }
    }

    /// Returns the film, if it is one, which may have sound.
    pub(super) fn film(&self) -> Option<&Facts> {
        match self {
            Source::Film(facts) => Some(facts),
            _ => None,
        }
    }

    /// Returns all frames at this size, from the first, with alpha if `reading` asks for it. If there is `salvaged`,
    /// damage is stored there and skipped; otherwise it is an error.
    ///
    /// With `own`, alpha and depth of pictures are each picture's own. Otherwise, all are like the first one.
    pub(super) fn read(&self, tools: Option<&Tools>, size: Size, reading: Reading, own: bool) -> Result<Frames> {
        let (deep, alpha) = (self.deep(), reading.alpha);
        match (self, tools) {
            (Source::Film(facts), Some(tools)) => decoded(facts, tools, size, reading),
            (Source::Film(_), None) => Err(Failure::failed("a film needs ffmpeg")),
            (Source::Pictures { files, size: first, alpha: has_alpha, .. }, _) => {
                let (first, has_alpha, files) = (*first, *has_alpha, files.clone().into_iter());
                Ok(Box::new(files.map(move |path| {
                    let picture = Picture::open(&path, &Limits::default())?;
                    let mismatch = |text: String| Error::new(ErrorKind::Mismatch, format!("{}: {text}", path.display()));
                    if picture.size() != first {
                        let text = format!("has {} pixels, but the first frame has {first}", picture.size());
                        return Err(mismatch(format!("{text}; all frames must have the same size")));
                    }
                    if own {
                        let deep = picture.source().bit_depth > 8;
                        return Frame::of_picture(&resized(picture, size)?, deep);
                    }
                    if !has_alpha && picture.alpha().is_some_and(|alpha| alpha.iter().any(|&alpha| alpha < 1.0)) {
                        let text = "has transparency, but the first frame has none; \
                                    give all frames an alpha channel, or none";
                        return Err(mismatch(text.into()));
                    }
                    Frame::of_picture(&fitted(picture, size, alpha)?, deep)
                })))
            }
            (Source::Animation { path, shown, .. }, _) => {
                let (mut frames, name) = (animation::frames(path)?.enumerate(), path.display().to_string());
                let mut last: Option<(usize, Frame)> = None;
                Ok(Box::new(shown.clone().into_iter().map(move |wanted| {
                    if let Some((at, frame)) = &last
                        && *at == wanted
                    {
                        return Ok(frame.clone());
                    }
                    let ended = || Error::new(ErrorKind::Malformed, format!("{name}: has changed while it was read"));
                    let (_, picture) = frames.find(|(at, _)| *at == wanted).ok_or_else(ended)?;
                    let frame = Frame::of_picture(&fitted(picture?, size, alpha)?, deep)?;
                    last = Some((wanted, frame.clone()));
                    Ok(frame)
                })))
            }
        }
    }
}

/// Returns the frame at this time, or the nearest of the frames and their end.
fn frame_within(timing: &Timing, seconds: f64, count: usize) -> usize {
    usize::try_from(timing.frame_at(seconds)).unwrap_or(0).min(count)
}

/// Returns the frames of a film. Errors have its name, and what to do.
fn decoded(facts: &Facts, tools: &Tools, size: Size, reading: Reading) -> Result<Frames> {
    let name = facts.path.display().to_string();
    let frames = impasto_film::frames(tools, facts, size, reading).map_err(|e| e.context(&name))?;
    let mut read = 0;
    Ok(Box::new(frames.map(move |frame| {
        let hint = if read > 0 { "; add --salvage to paint what can be read" } else { "" };
        read += 1;
        frame.map_err(|e| Error::new(e.kind(), format!("{name}: {e}{hint}")))
    })))
}

fn resized(picture: Picture, size: Size) -> impasto::Result<Picture> {
    if size == picture.size() { Ok(picture) } else { picture.resized(size, Resize::PHOTO) }
}

/// Returns the picture at this size, with alpha or without.
fn fitted(picture: Picture, size: Size, alpha: bool) -> impasto::Result<Picture> {
    let picture = resized(picture, size)?;
    match (alpha, picture.alpha()) {
        (true, None) => picture.with_alpha(vec![1.0; size.width * size.height]),
        (false, Some(_)) => Picture::from_rgb_f32(size, picture.into_rgb()),
        _ => Ok(picture),
    }
}

/// Returns the pictures of a folder or a pattern, in order; `None` if the path is neither.
fn pictures(path: &Path) -> Result<Option<Vec<PathBuf>>> {
    let mut files: Vec<PathBuf> = if path.is_dir() {
        let entries = std::fs::read_dir(path).map_err(|e| Failure::failed(format!("{}: cannot be read: {e}", path.display())))?;
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.filter(|path| path.is_file() && impasto::picture::Format::from_path(path).is_ok()).collect()
    } else if !path.exists() && path.to_str().is_some_and(|text| text.contains(['%', '*', '?', '['])) {
        let text = path.to_str().unwrap_or_default();
        let (before, after) = text
            .split_once('%')
            .map_or((text, ""), |(before, rest)| (before, rest.split_once('d').map_or("", |(_, after)| after)));
        let pattern = if text.contains('%') {
            format!("{}[0-9]*{}", glob::Pattern::escape(before), glob::Pattern::escape(after))
        } else {
            text.to_owned()
        };
        // A glob says only that the number's place begins with a digit.
        let numbered = |path: &PathBuf| {
            let number = path.to_str().and_then(|path| path.strip_prefix(before)?.strip_suffix(after));
            !text.contains('%') || number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let found = glob::glob(&pattern).map_err(|e| Failure::usage(format!("{text}: is not a valid pattern: {e}")))?;
        found.filter_map(std::result::Result::ok).filter(|path| path.is_file() && numbered(path)).collect()
    } else {
        return Ok(None);
    };
    if files.is_empty() {
        return Err(Failure::failed(format!(
            "{}: there are no pictures; name a film, or a folder or pattern of frames",
            path.display()
        )));
    }
    files.sort_by_cached_key(|path| natural(&path.to_string_lossy()));
    Ok(Some(files))
}

/// Returns a sort key that puts frame 10 after frame 9.
fn natural(name: &str) -> Vec<(String, u128)> {
    let mut parts = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (text, after) = rest.split_at(digits);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (number, after) = after.split_at(end);
        parts.push((text.to_owned(), number.parse().unwrap_or(u128::MAX)));
        rest = after;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::natural;

    #[test]
    fn frames_are_in_the_order_of_their_numbers() {
        let mut names = ["f10.png", "f9.png", "f1.png", "a2b10.png", "a2b9.png", "f.png"];
        names.sort_by_cached_key(|name| natural(name));
        assert_eq!(names, ["a2b9.png", "a2b10.png", "f1.png", "f9.png", "f10.png", "f.png"]);
    }
}
