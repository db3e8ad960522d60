//! Takes painted frames, in a thread of its own: into pieces of a film, or pictures.

use std::path::Path;
use std::sync::mpsc::Receiver;

use impasto::picture::{EncodeOptions, SaveOptions, Target};
use impasto::video::{Frame, Painted, State};

use super::container::Goal;
use super::piece::{Piece, Pieces};
use super::probe::Timing;
use super::work::Work;
use crate::failure::{Failure, Result};

/// What the sink is told.
pub(super) enum Message {
    Frame(Box<Painted>),
    /// The film can be resumed after the frames so far.
    Seal(State),
    /// There are no more frames: the film has this many.
    End(usize),
}

/// Where frames go.
pub(super) struct Sink<'a> {
    pub(super) work: &'a Work,
    pub(super) goal: &'a Goal,
    /// For films that ffmpeg encodes.
    pub(super) pieces: Option<&'a Pieces<'a>>,
    pub(super) timing: &'a Timing,
    /// Where the newest frame is shown from time to time.
    pub(super) preview: Option<&'a Path>,
}

impl Sink<'_> {
    /// Takes all frames. Gives the number of shots; `shots` is how many there were before. What is not sealed is given up if there is no end.
    pub(super) fn take(&self, messages: &Receiver<Message>, mut shots: usize) -> Result<usize> {
        let mut piece: Option<Piece> = None;
        let mut shown = false;
        let mut newest: Option<Frame> = None;
        for message in messages {
            match message {
                Message::Frame(painted) => {
                    shots += usize::from(painted.first_of_shot);
                    self.frame(&painted, &mut piece)?;
                    newest = Some(painted.frame);
                    if !shown {
                        self.show(newest.as_ref())?;
                        shown = true;
                    }
                }
                Message::Seal(state) => {
                    piece.take().map_or(Ok(()), Piece::finish)?;
                    self.work.remember(&state, shots, false)?;
                    self.show(newest.as_ref())?;
                }
                Message::End(frames) => {
                    piece.take().map_or(Ok(()), Piece::finish)?;
                    self.work.remember(&State { frame: frames, last: None }, shots, true)?;
                    self.show(newest.as_ref())?;
                }
            }
        }
        if let Some(piece) = piece {
            piece.discard();
        }
        Ok(shots)
    }

    fn frame(&self, painted: &Painted, piece: &mut Option<Piece>) -> Result {
        let Some(pieces) = self.pieces else { return self.picture(painted) };
        let current = match piece {
            Some(piece) => piece,
            None => piece.insert(pieces.start(&self.work.path(&name(painted.index, pieces.encoder.piece())), painted.index)?),
        };
        if current.add(&painted.frame, self.timing.time(painted.index)) {
            return Ok(());
        }
        // Its own words say why.
        let ended = piece.take().map_or(Ok(()), Piece::finish);
        Err(ended.err().unwrap_or_else(|| Failure::failed("ffmpeg ended before it had all frames")))
    }

    fn picture(&self, painted: &Painted) -> Result {
        let own = self.work.path(&name(painted.index, "png"));
        let (path, overwrite) = match self.goal.picture(painted.index + 1) {
            // A killed run may have written frames that it did not get to remember.
            Some(path) => (path, true),
            None => (own, true),
        };
        painted.frame.to_picture()?.save(&path, &SaveOptions { overwrite, ..SaveOptions::default() })?;
        Ok(())
    }

    fn show(&self, frame: Option<&Frame>) -> Result {
        let (Some(path), Some(frame)) = (self.preview, frame) else { return Ok(()) };
        let format = impasto::picture::Format::from_path(path)?;
        let picture = frame.to_picture()?;
        let bytes = picture.encode(format, &EncodeOptions::default()).map_err(|e| e.context(path.display()))?.bytes;
        Ok(Target::new(path, true).and_then(|target| target.write(&bytes))?)
    }
}

/// The file of a piece, or of a frame that is no result by itself.
pub(super) fn name(first: usize, extension: &str) -> String {
    format!("{first:08}.{extension}")
}
