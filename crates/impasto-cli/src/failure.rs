//! How the program ends: exit codes and the one line that goes with them.

use std::fmt::{self, Display};
use std::io;

use impasto::ErrorKind;

/// The work is done.
pub(crate) const DONE: u8 = 0;
/// It could not be done: a file is missing, damaged, too large, in the way. Trying again with other files may help.
pub(crate) const FAILED: u8 = 1;
/// The command line makes no sense, whatever the files hold. The code that shells and `clap` use for it.
pub(crate) const USAGE: u8 = 2;
/// Stopped by Ctrl-C or a request to terminate: 128 + SIGINT, what a shell reports of a program that the signal ended, so that
/// scripts and loops stop too.
pub(crate) const INTERRUPTED: u8 = 130;

/// The result of a command.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line makes no sense.
    Usage(String),
    /// The work could not be done.
    Failed(String),
    /// The user asked to stop.
    Interrupted,
    /// Whoever read standard output has closed it: there is nobody left to tell.
    ClosedPipe,
    /// All has been said already; the exit code is left.
    Told(u8),
}

impl Failure {
    /// Wrong usage: text without the program's name.
    pub(crate) fn usage(text: impl Display) -> Self {
        Failure::Usage(text.to_string())
    }

    /// A failure: text without the program's name.
    pub(crate) fn failed(text: impl Display) -> Self {
        Failure::Failed(text.to_string())
    }

    /// What happened to a write to standard output.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::ClosedPipe;
        }
        Failure::Failed(format!("cannot write to standard output: {error}"))
    }

    /// The exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) => USAGE,
            Failure::Failed(_) | Failure::ClosedPipe => FAILED,
            Failure::Interrupted => INTERRUPTED,
            Failure::Told(code) => *code,
        }
    }
}

/// What it says, without the program's name.
impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Failure::Usage(text) | Failure::Failed(text) => text,
            Failure::Interrupted => "interrupted",
            Failure::ClosedPipe => "standard output is closed",
            Failure::Told(_) => "failed",
        })
    }
}

impl From<impasto::Error> for Failure {
    fn from(error: impasto::Error) -> Self {
        match error.kind() {
            ErrorKind::Cancelled => Failure::Interrupted,
            _ => Failure::Failed(error.to_string()),
        }
    }
}
