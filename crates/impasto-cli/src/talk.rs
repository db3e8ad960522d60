//! What the program says: data on standard output, everything else on standard error.

use std::io::{self, IsTerminal, Write};

use crate::failure::{Failure, Result};
use crate::{aside, downloads};

/// How much is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Loudness {
    /// Errors only.
    Quiet,
    /// Errors, warnings, progress.
    Normal,
    /// What is being done, too.
    Verbose,
}

impl Loudness {
    /// Something the user should know although the work goes on.
    pub(crate) fn warn(self, text: &str) {
        if self >= Loudness::Normal {
            line(&format!("warning: {text}"));
        }
    }

    /// What was done, where nothing else shows it.
    pub(crate) fn say(self, text: &str) {
        if self >= Loudness::Normal {
            line(text);
        }
    }

    /// What was done, for somebody who looks: said at a terminal only, so that scripts stay silent.
    pub(crate) fn announce(self, text: &str) {
        if io::stderr().is_terminal() {
            self.say(text);
        }
    }

    /// Something that is good to know when one wants to know more.
    pub(crate) fn detail(self, text: &str) {
        if self >= Loudness::Verbose {
            line(text);
        }
    }

    /// Whether a progress bar has its place: where somebody looks, and has not asked for plain output.
    pub(crate) fn shows_progress(self) -> bool {
        let plain = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        self >= Loudness::Normal && io::stderr().is_terminal() && !plain("NO_COLOR") && !dumb
    }
}

/// One line on standard error after the program's name. File names may hold anything, line breaks and escape sequences too: what
/// is no text is shown as a question mark. A closed standard error is nobody's fault.
pub(crate) fn line(text: &str) {
    let clean: String = downloads::with_addresses(text).chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    aside::write(|| {
        let _ = writeln!(io::stderr().lock(), "impasto: {clean}");
    });
}

/// Says why a command ended early, unless nobody is there or all has been said, and gives the exit code.
pub(crate) fn failure(failure: &Failure) -> u8 {
    if !matches!(failure, Failure::ClosedPipe | Failure::Told(_)) {
        line(&failure.to_string());
    }
    failure.code()
}

/// Writes data to standard output, whole.
pub(crate) fn data(bytes: &[u8]) -> Result {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|e| Failure::stdout(&e))
}

/// Writes a JSON value and a line break to standard output.
pub(crate) fn json(value: &serde_json::Value) -> Result {
    data(format!("{value:#}\n").as_bytes())
}
