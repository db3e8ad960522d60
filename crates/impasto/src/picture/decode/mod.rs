//! What the decoders of all formats share: samples as a file has them, and their conversion to upright sRGB.

pub(super) mod code_points;
mod colour;
pub(super) mod library;
pub(super) mod linear;
pub(super) mod orientation;
mod raw;
mod stored;

use crate::{Error, ErrorKind, Result};
pub(super) use colour::{options, profile_is_srgb};
pub(super) use raw::{Colour, Raw, Samples};
pub use stored::Stored;

/// Converts a read error: a file that ends early is damaged; all other errors come from the system.
pub(super) fn io_error(error: std::io::Error) -> Error {
    if error.kind() != std::io::ErrorKind::UnexpectedEof {
        return error.into();
    }
    cut().with_source(error)
}

/// Returns the error for a file that ends early.
pub(super) fn cut() -> Error {
    Error::new(ErrorKind::Malformed, "the file stops before the end of the picture; it was not copied or downloaded completely")
}

/// Runs a third-party decoder. All of them promise not to panic. This keeps a bug of theirs from ending a program that
/// paints strangers' files.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Malformed, "the decoder crashed on it; the file is corrupt or very unusual"))
    })
}

/// The warning for a file that ends early, but contains all of its pixels.
pub(super) const ENDS_EARLY: &str = "the file stops before its end, but the picture is complete";
/// The warning for an animation.
pub(super) const ANIMATION: &str = "an animation; only its first frame is read";

/// Converts a decoder's error, with its text on one line.
pub(super) fn failed(kind: ErrorKind, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(kind, one_line(&error.to_string())).with_source(error)
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the number of samples of a picture that the limits have already allowed.
pub(super) fn sample_count(width: usize, height: usize, channels: usize) -> Result<usize> {
    let count = width.checked_mul(height).and_then(|n| n.checked_mul(channels));
    count.ok_or_else(|| Error::new(ErrorKind::TooLarge, format!("{width}×{height} pixels cannot be addressed")))
}
