//! Takes painted frames, in a thread of its own, and writes them as pieces of a film or as pictures.

use std::path::Path;
use std::sync::mpsc::Receiver;

use impasto::picture::{EncodeOptions, SaveOptions, Target};
use impasto::video::{Frame, Painted};
use impasto_film::{Message, Pieces, Reel, name_of_piece};

use super::goal::Goal;
use super::work::{Far, Work};
use crate::failure::Result;

/// Where frames go.
pub(super) struct Sink<'a> {
    pub(super) work: &'a Work,
    pub(super) goal: &'a Goal,
    /// For films that ffmpeg encodes.
    pub(super) pieces: Option<&'a Pieces<'a>>,
    /// Whether pictures may replace existing files.
    pub(super) replace: bool,
    /// The picture that shows the newest frame from time to time.
    pub(super) preview: Option<&'a Path>,
}

impl Sink<'_> {
    /// Takes all frames, and returns the number of shots; `shots` is the number
    /// before. If the run ends early, frames after the last seal are lost.
    pub(super) fn take(&self, messages: &Receiver<Message>, mut shots: usize) -> Result<usize> {
        let mut reel = self.pieces.map(|pieces| Reel::new(pieces, self.work.folder()));
        let mut shown = false;
        let mut newest: Option<Frame> = None;
        for message in messages {
            match message {
                Message::Frame(painted) => {
                    shots += usize::from(painted.first_of_shot);
                    match &mut reel {
                        Some(reel) => reel.add(&painted)?,
                        None => self.picture(&painted)?,
                    }
                    newest = Some(painted.frame);
                    if !shown {
                        self.show(newest.as_ref())?;
                        shown = true;
                    }
                }
                Message::Seal(state) => {
                    reel.as_mut().map_or(Ok(()), Reel::seal)?;
                    self.work.remember(state.frame, shots, Far::Painting(state.last.as_deref()))?;
                    self.show(newest.as_ref())?;
                }
                Message::End(frames) => {
                    reel.as_mut().map_or(Ok(()), Reel::seal)?;
                    self.work.remember(frames, shots, Far::Painted)?;
                    self.show(newest.as_ref())?;
                }
            }
        }
        Ok(shots)
    }

    fn picture(&self, painted: &Painted) -> Result {
        let (path, overwrite) = match self.goal.picture(painted.index + 1) {
            Some(path) => (path, self.replace),
            // In the run's own folder. A killed run may have written frames that its state does not count.
            None => (self.work.path(&name_of_piece(painted.index, "png")), true),
        };
        painted.frame.to_picture()?.save(&path, &SaveOptions::default().overwrite(overwrite))?;
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
