//! Joins the pieces of a film, and gives it the sound, subtitles, chapters and metadata of the one that was painted.

use std::fs;
use std::path::{Path, PathBuf};

use impasto::{Error, ErrorKind, Result};

use crate::Note;
use crate::encoder::{Codec, Encoder, Kind, Way, companions};
use crate::piece::{name_of_piece, unwritten};
use crate::probe::{Facts, Part, Timing};
use crate::tools::{Tools, file};

/// A film whose frames are all painted.
#[derive(Debug)]
pub struct Whole<'a> {
    /// Where its pieces are.
    pub folder: &'a Path,
    /// When its frames are shown.
    pub timing: &'a Timing,
    /// How many there are.
    pub frames: usize,
    /// Frames of a piece.
    pub each: usize,
    /// The request that it was painted by, as JSON.
    pub record: Option<String>,
    /// Whether the metadata of the film that was painted is left out.
    pub strip: bool,
}

/// The film that was painted, and which part of it.
pub type Source<'a> = (&'a Facts, Part);

impl Whole<'_> {
    /// Joins the pieces to one film, in their folder, and says what became of the sound and the rest. Nothing is encoded again.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if ffmpeg failed: what it said.
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
        // The frames' delay against the sound.
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
                        notes.push(Note::Fact(format!("{what} is converted from {codec} to {encoder}: {kind} does not hold it")));
                        encoder
                    }
                    Way::LeftOut(what) => {
                        if !what.is_empty() {
                            notes.push(Note::Loss(format!("{kind} does not hold {what}: they are left out; .mkv keeps them")));
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
            if encoder.codec() == Codec::H265 {
                command.args(["-tag:v", "hvc1"]);
            }
        }
        command.args(["-max_interleave_delta", "0"]).arg(file(&joined));
        tools.output(command).map_err(|why| Error::new(ErrorKind::Io, format!("joining the film failed: {why}")))?;
        Ok((joined, notes))
    }

    /// The pieces with their lengths, to a millionth of a second: what containers say of themselves is rounded.
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

/// The field of a container that takes the request: the first that the film itself has not filled (`known`).
fn field(kind: Kind, known: &[String]) -> Option<&'static str> {
    // QuickTime's files have one alone.
    let fields: &[&str] = if kind == Kind::Mov { &["comment"] } else { &["comment", "description", "synopsis"] };
    fields.iter().copied().find(|field| !known.iter().any(|known| known == field))
}
