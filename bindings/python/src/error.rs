//! The library's errors as Python's.

use impasto::ErrorKind;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

pyo3::create_exception!(
    impasto,
    Error,
    PyException,
    "What impasto raises: one line that says what is wrong with what, and what to do about it where that is known.\n\n\
     `kind` says for programs what sort of thing went wrong: \"io\", \"malformed\", \"unsupported\", \"too-large\", \"mismatch\",\n\
     \"invalid-argument\", \"already-exists\" or \"cancelled\"."
);

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

/// An exception of this kind with this text.
pub(crate) fn error(kind: ErrorKind, text: impl Into<String>) -> PyErr {
    Python::attach(|py| {
        let error = Error::new_err(text.into());
        match error.value(py).setattr("kind", name(kind)) {
            Ok(()) => error,
            Err(other) => other,
        }
    })
}

/// An argument that is out of its range.
pub(crate) fn invalid(text: impl Into<String>) -> PyErr {
    error(ErrorKind::InvalidArgument, text)
}

/// The library's results as Python's.
pub(crate) trait OrRaise<T> {
    /// The value, or its error raised.
    fn or_raise(self) -> PyResult<T>;
}

impl<T> OrRaise<T> for impasto::Result<T> {
    fn or_raise(self) -> PyResult<T> {
        self.map_err(|e| error(e.kind(), e.to_string()))
    }
}

/// Which of these names it is.
pub(crate) fn choice<T: Copy>(what: &str, given: &str, choices: &[(&str, T)]) -> PyResult<T> {
    let found = choices.iter().find(|(name, _)| *name == given);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = choices.iter().map(|(name, _)| format!("{name:?}")).collect();
        invalid(format!("{what} is {}, not {given:?}", names.join(", ")))
    })
}
