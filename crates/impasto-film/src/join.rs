//! Joins the pieces of a film, and adds the sound, subtitles, chapters and metadata of the original film.

use std::fs;
use std::path::{Path, PathBuf};

use impasto::{Error, ErrorKind, Result};

use crate::Note;
use crate::encoder::{Codec, Encoder, Kind, Way, companions};
use crate::piece::{name_of_piece, unwritten};
use crate::probe::{Facts, Part, Timing};
use crate::tools::{Tools, file};

/// A film of which all frames are painted.
#[derive(Debug)]
pub struct Whole<'a> {
    /// The folder with its pieces.
    pub folder: &'a Path,
    /// When its frames are shown.
    pub timing: &'a Timing,
    /// The number of frames.
    pub frames: usize,
    /// The number of frames per piece.
    pub each: usize,
    /// The request that it was painted by, as JSON.
    pub record: Option<String>,
    /// Whether to leave out the original film's metadata.
    pub strip: bool,
}

/// The original film, and the part of it that was painted.
pub type Source<'a> = (&'a Facts, Part);

impl Whole<'_> {
    /// Joins the pieces to one film, in their folder. Nothing that was painted is encoded again. The notes
    /// say what happened to sound and subtitles.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if ffmpeg failed, with its message.
    pub fn film(
        &self,
        tools: &Tools,
        (kind, encoder): (Kind, &Encoder),
        source: Option<Source<'_>>,
    ) -> Result<(PathBuf, Vec<Note>)> {
        let mut notes = Vec::new();
        let list = self.folder.join("pieces.txt");
        fs::write(&list, self.list(encoder.piece())).map_err(|e| unwritten(&list, &e))?;
        let joined = self.folder.join(format!("joined.{}", kind.id()));
        let mut command = tools.ffmpeg();
        // Delay the frames against the sound, as in the original.
        if let Some((facts, _)) = source.filter(|(facts, _)| facts.delay > 0.0) {
            command.args(["-itsoffset", &format!("{:.6}", facts.delay)]);
        }
        command.args(["-protocol_whitelist", "file", "-f", "concat", "-safe", "0", "-i"]).arg(file(&list));
        if let Some((facts, part)) = source {
            command.args(tools.guarded());
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
                        let (what, codec) = (stream.kind, stream.codec);
                        notes.push(Note::Fact(format!("{what} is converted from {codec} to {encoder}: {kind} cannot hold it")));
                        encoder
                    }
                    Way::LeftOut(what) => {
                        if !what.is_empty() {
                            notes.push(Note::Loss(format!("{kind} cannot hold {what}: they are left out; .mkv keeps them")));
                        }
                        continue;
                    }
                };
                count += 1;
                command.args(["-map", &format!("1:{}", stream.index), &format!("-c:{count}"), codec]);
                if part.start > 0.0 {
                    // Drop what lies between the last key frame before --start and --start: it would delay
                    // the frames. From the beginning of a film, nothing may be dropped, because decoders
                    // start a little before their first sample.
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
            if encoder.codec() == Codec::H265 {
                command.args(["-tag:v", "hvc1"]);
            }
        }
        command.args(["-max_interleave_delta", "0"]).arg(file(&joined));
        tools.output(command).map_err(|why| Error::new(ErrorKind::Io, format!("joining the film failed: {why}")))?;
        Ok((joined, notes))
    }

    /// The pieces with their lengths in microseconds. The lengths in the pieces' own headers are rounded.
    fn list(&self, extension: &str) -> String {
        let mut list = String::from("ffconcat version 1.0\n");
        for first in (0..self.frames).step_by(self.each) {
            let end = (first + self.each).min(self.frames);
            let length = self.timing.time(end) - self.timing.time(first);
            list +=
                &format!("file {}\nduration {}.{:06}\n", name_of_piece(first, extension), length / 1_000_000, length % 1_000_000);
        }
        list
    }
}

/// The metadata field that can hold the request: the first one that the film does not use itself (`known`).
fn field(kind: Kind, known: &[String]) -> Option<&'static str> {
    // QuickTime files have only one such field.
    let fields: &[&str] = if kind == Kind::Mov { &["comment"] } else { &["comment", "description", "synopsis"] };
    fields.iter().copied().find(|field| !known.iter().any(|known| known == field))
}
