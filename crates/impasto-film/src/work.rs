//! Decoding, painting and writing, at the same time.

use std::sync::mpsc::{self, Receiver};

use impasto::video::{Film, KEY, Painted, State};
use impasto::{Control, Error, ErrorKind, Result};

use crate::decode::Frames;

/// What the writer is told.
#[derive(Debug)]
pub enum Message {
    /// The next frame, painted.
    Frame(Box<Painted>),
    /// The film can be resumed after the frames so far.
    Seal(State),
    /// There are no more frames: the film has this many.
    End(usize),
}

/// Paints the frames of a film from `state` on. `write` takes what is painted, in a thread of its own; after every `each` frames it is told how the film
/// can be resumed. `control` is asked whether to stop, and `advance` is called after each frame.
///
/// Gives the number of frames of the whole film, and what `write` gives.
///
/// # Errors
/// Those of `write`, of the frames and of painting; [`ErrorKind::Malformed`] if there are no frames. Why writing failed comes first.
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
            // Whoever paints them may have left.
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
        // Both other threads end where nobody gives or takes any more.
        drop((take, tell));
        let written = writer.join().unwrap_or_else(|_| Err(gone().into()));
        // Painting only notices that nobody takes its frames; writing knows why.
        let written = written?;
        Ok((painted?, written))
    })
}
