//! How the program ends: exit codes, and the one-line message that goes with them.

use std::fmt::{self, Display};
use std::io;

use impasto::ErrorKind;

/// Exit code: the work is done.
pub(crate) const DONE: u8 = 0;
/// Exit code: the work failed, because a file is missing, damaged, too large or in the way. Other files may work.
pub(crate) const FAILED: u8 = 1;
/// Exit code: the command line is wrong, whatever the files contain. Shells and `clap` use the same code.
pub(crate) const USAGE: u8 = 2;
/// Exit code: stopped by Ctrl-C or a request to terminate. It is 128 + SIGINT, the code that shells report for a
/// program that the signal ended, so that scripts and loops stop too.
pub(crate) const INTERRUPTED: u8 = 130;

/// The result of a command.
pub(crate) type Result<T = (), E = Failure> = std::result::Result<T, E>;

/// Why a command ended early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// The work could not be done.
    Failed(String),
    /// The user asked to stop.
    Interrupted,
    /// Standard output was closed by its reader: nobody is left to tell.
    ClosedPipe,
    /// Everything has been said already; only this exit code is left.
    Told(u8),
}

impl Failure {
    /// Wrong usage. The text does not include the program's name.
    pub(crate) fn usage(text: impl Display) -> Self {
        Failure::Usage(text.to_string())
    }

    /// A failure. The text does not include the program's name.
    pub(crate) fn failed(text: impl Display) -> Self {
        Failure::Failed(text.to_string())
    }

    /// The failure for an error of writing to standard output.
    pub(crate) fn stdout(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::ClosedPipe;
        }
        Failure::Failed(format!("cannot write to standard output: {error}"))
    }

    /// Returns the exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Usage(_) => USAGE,
            Failure::Failed(_) | Failure::ClosedPipe => FAILED,
            Failure::Interrupted => INTERRUPTED,
            Failure::Told(code) => *code,
        }
    }
}

/// The message, without the program's name.
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
