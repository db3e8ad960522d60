//! Films through the user's ffmpeg, for the program and the server. The frames are
//! painted by [`impasto::video`], not here.
//!
//! 1. [`Tools`] finds ffmpeg and ffprobe and is the only code that starts them. A [`Leash`] ends all of them at once.
//! 2. [`probe`] inspects a film and returns its [`Facts`]. [`frames`] decodes it.
//! 3. [`work`] decodes, paints and writes at the same time. It writes [`Pieces`]: parts of the film,
//!    each encoded by an ffmpeg of its own.
//! 4. [`Whole`] joins the pieces to one film, with the sound of the original. A
//!    [`Record`] in it says how it was painted.
//! 5. A [`Folder`] holds temporary files. Folders of killed programs are removed.
//!
//! Errors say what is wrong with a film, but neither its name nor which flag to change: callers know both.
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

/// Something that users should know about a film.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Something differs from what one might expect.
    Fact(String),
    /// Something in the film is lost.
    Loss(String),
}

impl Note {
    /// The note as one line of text.
    pub fn text(&self) -> &str {
        match self {
            Note::Fact(text) | Note::Loss(text) => text,
        }
    }
}
