//! Joins the pieces of a film, and gives it the sound, subtitles, chapters and metadata of the one that was painted.

use std::fs;
use std::path::{Path, PathBuf};

use super::args::Kind;
use super::container::{Encoder, Way, companions, name};
use super::probe::{Facts, Part, Timing};
use super::sink;
use super::tools::{Tools, file, guarded, output};
use super::work::Work;
use crate::commands::sheet::animation;
use crate::failure::{Failure, Result};
use crate::talk::Loudness;
use impasto::request::Size;

/// A film whose frames are all painted.
pub(super) struct Whole<'a> {
    pub(super) work: &'a Work,
    pub(super) timing: &'a Timing,
    pub(super) frames: usize,
    /// Frames of a piece.
    pub(super) each: usize,
    /// The request that it was painted by, as JSON.
    pub(super) record: Option<String>,
    /// Whether the metadata of the film that was painted is left out.
    pub(super) strip: bool,
}

impl Whole<'_> {
    /// Joins the pieces to one film, in the work's folder. Nothing is encoded again.
    pub(super) fn film(
        &self,
        tools: &Tools,
        (kind, encoder): (Kind, &Encoder),
        source: Option<(&Facts, Part)>,
        loudness: Loudness,
    ) -> Result<PathBuf> {
        let list = self.work.path("pieces.txt");
        fs::write(&list, self.list(encoder.piece()))
            .map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", list.display())))?;
        let extension = name(kind).to_lowercase();
        let joined = self.work.path(&format!("joined.{extension}"));
        let mut command = tools.ffmpeg();
        // The frames' delay against the sound.
        if let Some((facts, _)) = source.filter(|(facts, _)| facts.delay > 0.0) {
            command.args(["-itsoffset", &format!("{:.6}", facts.delay)]);
        }
        command.args(["-protocol_whitelist", "file", "-f", "concat", "-safe", "0", "-i"]).arg(file(&list));
        if let Some((facts, part)) = source {
            command.args(guarded());
            if part.start > 0.0 {
                command.args(["-ss", &part.start.to_string()]);
            }
            if let Some(end) = part.end {
                command.args(["-t", &(end - part.start).to_string()]);
            }
            command.arg("-i").arg(file(&facts.path));
        }
        command.args(["-map", "0:v:0", "-c:v", "copy"]);
        if let Some((facts, part)) = source {
            command.args(["-map_metadata:g", if self.strip { "-1" } else { "1:g" }, "-map_chapters", "1"]);
            let mut count = 0;
            for (stream, way) in companions(facts, kind) {
                let codec = match way {
                    Way::Copied => "copy",
                    Way::Converted(encoder) => {
                        let kind = name(kind);
                        loudness.say(&format!(
                            "{} is converted from {} to {encoder}: {kind} does not hold it",
                            stream.kind, stream.codec
                        ));
                        encoder
                    }
                    Way::LeftOut(what) => {
                        if !what.is_empty() {
                            loudness.warn(&format!("{} does not hold {what}: they are left out; .mkv keeps them", name(kind)));
                        }
                        continue;
                    }
                };
                count += 1;
                command.args(["-map", &format!("1:{}", stream.index), &format!("-c:{count}"), codec]);
                if part.start > 0.0 {
                    // What lies between the key frame before --start and --start is dropped: it would put off the frames. From the beginning on
                    // nothing may be dropped: decoders begin a little before their first sample.
                    command.args([&format!("-copypriorss:{count}"), "0"]);
                }
            }
        }
        let known = source.filter(|_| !self.strip).map_or(&[][..], |(facts, _)| &facts.tags);
        if let (Some(record), Some(field)) = (&self.record, field(kind, known)) {
            command.arg("-metadata").arg(format!("{field}={record}"));
        }
        if matches!(kind, Kind::Mp4 | Kind::Mov) {
            command.args(["-movflags", "+faststart"]);
            if encoder.describe() == "H.265" {
                command.args(["-tag:v", "hvc1"]);
            }
        }
        command.args(["-max_interleave_delta", "0"]).arg(file(&joined));
        output(command).map_err(|why| Failure::failed(format!("joining the film failed: {why}")))?;
        Ok(joined)
    }

    /// The pieces with their lengths, to a millionth of a second: what containers say of themselves is rounded.
    fn list(&self, extension: &str) -> String {
        let mut list = String::from("ffconcat version 1.0\n");
        for first in (0..self.frames).step_by(self.each) {
            let end = (first + self.each).min(self.frames);
            let length = self.timing.time(end) - self.timing.time(first);
            list +=
                &format!("file {}\nduration {}.{:06}\n", sink::name(first, extension), length / 1_000_000, length % 1_000_000);
        }
        list
    }

    /// Makes a GIF of the frames that are in the work's folder.
    pub(super) fn gif(&self, size: Size) -> Result<PathBuf> {
        let path = self.work.path("joined.gif");
        let mut gif = animation::Animation::new(animation::Kind::Gif, size, self.frames)?;
        // Hundredths of a second: each frame begins at the nearest.
        let begin = |i: usize| (self.timing.time(i) + 5_000) / 10_000;
        for i in 0..self.frames {
            let frame = impasto::Picture::open(self.work.path(&sink::name(i, "png")), &impasto::picture::Limits::default())?;
            gif.add(&frame, u16::try_from(begin(i + 1) - begin(i)).unwrap_or(u16::MAX).max(2))?;
        }
        fs::write(&path, gif.finish()?).map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))?;
        Ok(path)
    }
}

/// The field of a container that takes the request: the first that the film itself has not filled (`known`).
fn field(kind: Kind, known: &[String]) -> Option<&'static str> {
    // QuickTime's files have one alone.
    let fields: &[&str] = if kind == Kind::Mov { &["comment"] } else { &["comment", "description", "synopsis"] };
    fields.iter().copied().find(|field| !known.iter().any(|known| known == field))
}

/// Moves a finished film to its place, or to standard output.
pub(super) fn deliver(joined: &Path, output: Option<&Path>) -> Result {
    match output {
        Some(path) => {
            fs::rename(joined, path).map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))
        }
        None => {
            let mut film = fs::File::open(joined).map_err(Failure::failed)?;
            let mut stdout = std::io::stdout().lock();
            std::io::copy(&mut film, &mut stdout)
                .and_then(|_| std::io::Write::flush(&mut stdout))
                .map_err(|e| Failure::stdout(&e))
        }
    }
}
