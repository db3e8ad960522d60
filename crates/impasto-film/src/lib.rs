//! Films through the user's ffmpeg: what program and server share. [`impasto::video`] paints the frames; nothing here does.
//!
//! 1. [`Tools`] finds ffmpeg and ffprobe, and starts them. Nothing else does. A [`Leash`] ends them all at once.
//! 2. [`probe`] looks at a film: its [`Facts`]. [`frames`] decodes it.
//! 3. [`work`] decodes, paints and writes at the same time. [`Pieces`] are what is written: parts of the film, each encoded by an ffmpeg of its own.
//! 4. [`Whole`] joins the pieces to one film, with the sound of the one that was painted. A [`Record`] in it says how it was painted.
//! 5. A [`Folder`] keeps what is temporary. Those of killed programs are removed.
//!
//! Errors do not name the film, and say what is wrong but not which flag changes it: callers know both.
#![forbid(unsafe_code)]

mod decode;
mod encoder;
mod folder;
mod join;
mod matroska;
mod piece;
mod probe;
mod rate;
mod record;
mod size;
mod tools;
mod work;

pub use decode::{Frames, Reading, frames};
pub use encoder::{Codec, Encoder, Kind};
pub use folder::Folder;
pub use join::{Source, Whole};
pub use piece::{Pieces, Reel, frames_of_piece, name_of_piece};
pub use probe::{Facts, FilmColors, Part, Stream, Timing, probe};
pub use rate::{Rate, time};
pub use record::Record;
pub use size::FilmSize;
pub use tools::{Leash, Tools};
pub use work::{Message, work};

/// Something that users should know of a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It is done otherwise than they may expect.
    Fact(String),
    /// Something of the film is lost.
    Loss(String),
}

impl Note {
    /// One line.
    pub fn text(&self) -> &str {
        match self {
            Note::Fact(text) | Note::Loss(text) => text,
        }
    }
}
