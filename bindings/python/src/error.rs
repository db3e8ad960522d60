//! Raises the library's errors as Python exceptions: classes of `impasto._errors`.

use std::error::Error as _;
use std::io;

use impasto::ErrorKind;
use pyo3::prelude::*;

fn name(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Io => "io",
        ErrorKind::Malformed => "malformed",
        ErrorKind::Unsupported => "unsupported",
        ErrorKind::TooLarge => "too-large",
        ErrorKind::Mismatch => "mismatch",
        ErrorKind::InvalidArgument => "invalid-argument",
        ErrorKind::AlreadyExists => "already-exists",
        ErrorKind::Cancelled => "cancelled",
        _ => "other",
    }
}

/// What the library says to the program's users, and what Python's users do instead. They cannot raise the limits.
const WORDS: [(&str, &str); 7] = [
    ("--force (overwrite)", "overwrite=True"),
    ("`stylize --salvage` reads", "stylize(…, salvage=True) reads"),
    ("; raise it with --max-pixels (Limits::max_pixels)", "; give a smaller picture"),
    ("; if the machine has more, raise it with --max-memory (Limits::max_decoded)", "; give a smaller picture"),
    ("; raise them with --max-pixels or --max-memory", "; give a smaller picture"),
    ("; raise it with --max-bytes (Limits::max_bytes)", "; give a smaller file"),
    ("impasto video film.mp4 -s STYLE -o painted.mp4", "use impasto.video, or `impasto video` of the program"),
];

/// An exception of the class for this kind. `cause` distinguishes classes of one kind:
/// "missing" for files, "type" for arguments.
fn raised(kind: ErrorKind, text: &str, cause: &str) -> PyErr {
    Python::attach(|py| {
        let text = WORDS.iter().fold(text.to_owned(), |text, (program, python)| text.replace(program, python));
        let made = py.import("impasto._errors").and_then(|module| module.call_method1("made", (name(kind), text, cause)));
        made.map_or_else(|other| other, PyErr::from_value)
    })
}

/// An exception of this kind with this text.
pub(crate) fn error(kind: ErrorKind, text: impl Into<String>) -> PyErr {
    raised(kind, &text.into(), "")
}

/// An argument that is out of range.
pub(crate) fn invalid(text: impl Into<String>) -> PyErr {
    error(ErrorKind::InvalidArgument, text)
}

/// An argument of a type that is not accepted.
pub(crate) fn wrong_type(text: impl Into<String>) -> PyErr {
    raised(ErrorKind::InvalidArgument, &text.into(), "type")
}

/// A file that does not exist.
pub(crate) fn missing(text: impl Into<String>) -> PyErr {
    raised(ErrorKind::Io, &text.into(), "missing")
}

/// Converts the library's results to Python's.
pub(crate) trait OrRaise<T> {
    /// Returns the value, or raises the error.
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for impasto::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|e| {
            let system = e.source().and_then(|source| source.downcast_ref::<io::Error>());
            let missing = system.is_some_and(|system| system.kind() == io::ErrorKind::NotFound);
            raised(e.kind(), &e.to_string(), if missing { "missing" } else { "" })
        })
    }
}
