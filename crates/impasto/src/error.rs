//! The library's error type.

use std::fmt;

/// The result of every function in this library that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong, for programs to act on. The text of an [`Error`] is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Reading or writing failed: missing file, permission, full disk.
    Io,
    /// The data is not what it claims to be: truncated, corrupt, or contradictory.
    Malformed,
    /// The data is well-formed, but of a kind that is not supported.
    Unsupported,
    /// A limit on pixels, bytes or memory would be exceeded.
    TooLarge,
    /// Two things that must match do not: weights and architecture, style vector and transformer.
    Mismatch,
    /// An argument is outside its documented range.
    InvalidArgument,
    /// The target exists and overwriting was not requested.
    AlreadyExists,
    /// The caller canceled the work.
    Cancelled,
}

/// An error: a kind for programs, one line for people, and the cause if there is one.
///
/// [`fmt::Display`] gives one line that says what is wrong with what and, if known, what to do about it. The line
/// already includes the cause.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// Makes an error of this kind with this one-line text.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), source: None }))
    }

    /// Adds the error that caused this one, for [`std::error::Error::source`].
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Puts `context: ` before the text, for example a file name when a reader of bytes fails.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.0.message = format!("{context}: {}", self.0.message);
        self
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|s| s as _)
    }
}

impl From<std::io::Error> for Error {
    fn from(e: std::io::Error) -> Self {
        Error::new(ErrorKind::Io, e.to_string()).with_source(e)
    }
}
