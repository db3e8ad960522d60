//! Measures the phases of a painting.

use std::time::{Duration, Instant};

/// The times of the phases, one after the other.
pub(super) struct Stopwatch {
    start: Instant,
    last: Instant,
    /// The phases so far.
    pub(super) laps: Vec<(&'static str, Duration)>,
}

impl Stopwatch {
    pub(super) fn start() -> Self {
        let now = Instant::now();
        Stopwatch { start: now, last: now, laps: Vec::new() }
    }

    /// Ends a phase.
    pub(super) fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.push((name, now - self.last));
        self.last = now;
    }

    /// Returns the time from the start to the end of the last phase.
    pub(super) fn total(&self) -> Duration {
        self.last - self.start
    }
}
