//! The program's output: data on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use crate::failure::{Failure, Result};
use crate::{aside, downloads};

/// How much to say on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loudness {
    /// Only errors.
    Quiet,
    /// Errors, warnings and progress.
    Normal,
    /// Details of the work, too.
    Verbose,
}

impl Loudness {
    /// Says something that the user should know, although the work continues.
    pub(crate) fn warn(self, text: &str) {
        if self >= Loudness::Normal {
            line(&format!("warning: {text}"));
        }
    }

    /// Says what was done, if nothing else shows it.
    pub(crate) fn say(self, text: &str) {
        if self >= Loudness::Normal {
            line(text);
        }
    }

    /// Says what was done, but only at a terminal, so that scripts stay silent.
    pub(crate) fn announce(self, text: &str) {
        if io::stderr().is_terminal() {
            self.say(text);
        }
    }

    /// Says a detail, for users who want to know more.
    pub(crate) fn detail(self, text: &str) {
        if self >= Loudness::Verbose {
            line(text);
        }
    }

    /// Returns whether to show a progress bar: at a terminal, unless the user has asked for plain output.
    pub(crate) fn shows_progress(self) -> bool {
        let plain = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        self >= Loudness::Normal && io::stderr().is_terminal() && !plain("NO_COLOR") && !dumb
    }
}

/// Writes a line to standard error, after the program's name. File names may contain line breaks and escape sequences;
/// all control characters become question marks. Errors of writing are ignored.
pub(crate) fn line(text: &str) {
    let clean: String = downloads::with_addresses(text).chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    aside::write(|| {
        let _ = writeln!(io::stderr().lock(), "impasto: {clean}");
    });
}

/// Says why a command ended early, and returns the exit code. Says nothing if nobody is there, or if all has been said.
pub(crate) fn failure(failure: &Failure) -> u8 {
    if !matches!(failure, Failure::ClosedPipe | Failure::Told(_)) {
        line(&failure.to_string());
    }
    failure.code()
}

/// Writes all the data to standard output.
pub(crate) fn data(bytes: &[u8]) -> Result {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|e| Failure::stdout(&e))
}

/// Writes a JSON value and a line break to standard output.
pub(crate) fn json(value: &serde_json::Value) -> Result {
    data(format!("{value:#}\n").as_bytes())
}
