//! Decodes, paints and writes at the same time.

use std::sync::mpsc::{self, Receiver};

use impasto::video::{Film, KEY, Painted, State};
use impasto::{Control, Error, ErrorKind, Result};

use crate::decode::Frames;

/// A message to the writer.
#[derive(Debug)]
pub enum Message {
    /// The next frame, painted.
    Frame(Box<Painted>),
    /// The film can be resumed after the frames so far.
    Seal(State),
    /// There are no more frames: the film has this many.
    End(usize),
}

/// Paints the frames of a film, beginning at `state`. `write` runs in a separate thread and receives the painted
/// frames, and after every `each` frames the state from which the film can be resumed. `control` is asked whether to
/// stop. `advance` is called after each frame.
///
/// Returns the number of frames in the whole film, and the result of `write`.
///
/// # Errors
/// Errors of `write`, of the frames and of painting; [`ErrorKind::Malformed`] if there are no frames. If
/// several fail, the error of `write` is returned.
pub fn work<T: Send, E: From<Error> + Send>(
    film: &Film<'_>,
    frames: Frames,
    (state, each): (State, usize),
    (control, advance): (&dyn Control, &dyn Fn()),
    write: impl FnOnce(Receiver<Message>) -> Result<T, E> + Send,
) -> Result<(usize, T), E> {
    let gone = || Error::new(ErrorKind::Io, "writing frames failed");
    let (give, take) = mpsc::sync_channel(KEY);
    let (tell, told) = mpsc::sync_channel(KEY);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // The painting thread may have ended.
            let _ = frames.into_iter().all(|frame| give.send(frame).is_ok());
        });
        let writer = scope.spawn(move || write(told));
        let paint = || -> Result<usize> {
            let mut count = state.frame;
            let mut painted = film.resume(take.iter(), state.clone(), control);
            while let Some(frame) = painted.next() {
                let frame = frame?;
                count = frame.index + 1;
                tell.send(Message::Frame(Box::new(frame))).map_err(|_| gone())?;
                advance();
                if count.is_multiple_of(each)
                    && let Some(state) = painted.state()
                {
                    tell.send(Message::Seal(state)).map_err(|_| gone())?;
                }
            }
            if count == 0 {
                return Err(Error::new(ErrorKind::Malformed, "the film has no frames"));
            }
            tell.send(Message::End(count)).map_err(|_| gone())?;
            Ok(count)
        };
        let painted = paint();
        // Both other threads end once their channels are closed.
        drop((take, tell));
        let written = writer.join().unwrap_or_else(|_| Err(gone().into()));
        // If writing failed, painting only notices that nobody takes its frames. The writer's error says why.
        let written = written?;
        Ok((painted?, written))
    })
}
