//! How much memory a painting may take.

use std::fmt;

use crate::failure::{Failure, Result};
use crate::memory::{self, Owner, human};

/// Memory that the program takes before it reads anything: code, threads, tables.
pub(in crate::commands) const PROGRAM: u64 = 24 << 20;

/// The most memory to take, and who sets that limit.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Ceiling {
    /// `None` if the amount of memory is unknown.
    bytes: Option<u64>,
    /// Who sets the limit: the end of "more than the 1 GiB that …".
    whose: Whose,
}

#[derive(Debug, Clone, Copy)]
enum Whose {
    /// `--max-memory` sets it.
    User,
    /// It is the default share of this owner's memory.
    Share(Owner),
    /// It is the free memory of this owner.
    Free(Owner),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whose::User => f.write_str("--max-memory allows"),
            Whose::Share(owner) => write!(f, "Impasto may take from {owner} by default"),
            Whose::Free(owner) => write!(f, "{owner} has free"),
        }
    }
}

impl Ceiling {
    /// Returns the most memory to take, if it is known.
    pub(super) fn bytes(self) -> Option<u64> {
        self.bytes
    }

    /// Returns the amount that the user allows, as far as this process can have it. By
    /// default, it is the default share for pictures painted in bands, and the free memory
    /// for others: the machine's, the container's, or what `ulimit -v` leaves.
    pub(in crate::commands) fn new(given: Option<u64>, in_bands: bool) -> Self {
        let free = |(bytes, owner)| (bytes, Whose::Free(owner));
        let least = match given {
            Some(bytes) => [Some((bytes, Whose::User)), memory::of_process().map(free)],
            None if in_bands => [memory::share().map(|(bytes, owner)| (bytes, Whose::Share(owner))), None],
            None => [memory::free().map(free), None],
        };
        let least = least.into_iter().flatten().min_by_key(|(bytes, _)| *bytes);
        let (bytes, whose) = least.map_or((None, Whose::User), |(bytes, whose)| (Some(bytes), whose));
        Ceiling { bytes, whose }
    }

    /// Checks that this many bytes fit. `what` takes them; `remedy` ends the error.
    pub(in crate::commands) fn check(&self, needed: u64, what: &str, remedy: &str) -> Result {
        let remedy = match self.whose {
            // Each thread reserves address space, too.
            Whose::Free(memory::PROCESS) | Whose::Share(memory::PROCESS) => {
                "raise ulimit -v, or give fewer --threads or a smaller picture"
            }
            _ => remedy,
        };
        match self.bytes {
            Some(limit) if needed > limit => Err(Failure::failed(format!(
                "{what} pixels takes {} of memory, more than the {} that {}; {remedy}",
                human(needed),
                human(limit),
                self.whose,
            ))),
            _ => Ok(()),
        }
    }
}

/// Returns the end of an error: how to make the picture fit.
pub(super) fn smaller(flag: &str) -> String {
    format!("make it smaller with {flag} (or raise --max-memory)")
}
