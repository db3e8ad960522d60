//! Watches a running network: shows a progress bar at a terminal, and stops the network on Ctrl-C.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use impasto::Control;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::aside::counting;
use crate::interrupt;
use crate::talk::Loudness;

/// Work that is done before this needs no bar, which would only flicker.
const MOMENT: Duration = Duration::from_millis(500);

/// Shows nothing, and stops the work on Ctrl-C: for pictures that another bar counts.
pub(crate) struct Unseen;

impl Control for Unseen {
    fn cancelled(&self) -> bool {
        interrupt::asked()
    }
}

/// A bar for one phase of the work. It disappears when dropped.
pub(crate) struct Progress {
    what: String,
    start: Instant,
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Progress {
    pub(crate) fn new(what: impl Into<String>, loudness: Loudness) -> Self {
        Progress { what: what.into(), start: Instant::now(), shown: loudness.shows_progress(), bar: Mutex::default() }
    }

    fn bar(&self, total: u64) -> ProgressBar {
        bar(&self.what, total, "{msg} {wide_bar} {percent:>3} % {eta:>4}")
    }
}

fn bar(what: &str, total: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what.to_owned());
    bar
}

/// A bar for the steps of an optimization, with their losses. It disappears when dropped.
pub(crate) struct Steps(Option<ProgressBar>);

impl Steps {
    /// Number of parts that the bar divides the work into.
    const PARTS: u64 = 1000;

    pub(crate) fn new(loudness: Loudness) -> Self {
        Steps(loudness.shows_progress().then(|| bar("optimize", Self::PARTS, "{msg} {wide_bar} {percent:>3} %, {eta} left")))
    }

    /// Shows the finished share of the work, 0 to 1, and a few words about it.
    pub(crate) fn show(&self, share: f64, words: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(words);
            bar.set_position((share * Self::PARTS as f64) as u64);
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

/// A bar for the bytes of a download, with the rate and the time
/// left. It appears after a moment and disappears when dropped.
pub(crate) struct Bytes {
    what: String,
    start: Instant,
    shown: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Bytes {
    pub(crate) fn new(what: &str, loudness: Loudness) -> Self {
        Bytes { what: what.to_owned(), start: Instant::now(), shown: loudness.shows_progress(), bar: Mutex::default() }
    }

    /// Shows how much has arrived, and the total if it is known.
    pub(crate) fn show(&self, done: u64, total: Option<u64>) {
        if !self.shown || self.start.elapsed() < MOMENT {
            return;
        }
        let template = match total {
            Some(_) => "{msg} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            None => "{msg} {bytes}, {bytes_per_sec}",
        };
        let mut shown = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let bar = bar(&self.what, total.unwrap_or(0), template);
            // What an earlier run has downloaded does not count for the rate.
            bar.set_position(done);
            bar.reset_eta();
            bar
        };
        shown.get_or_insert_with(new).set_position(done);
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}

/// A bar that counts pictures, with the time left. There is one at a time. It disappears when dropped.
pub(crate) struct Pictures {
    shown: bool,
}

impl Pictures {
    pub(crate) fn new(what: &str, total: u64, loudness: Loudness) -> Self {
        let shown = loudness.shows_progress();
        if shown {
            let bar = bar(what, total, "{msg} {wide_bar} {pos} of {len}, {eta} left");
            // Shows the bar before the first picture is done.
            bar.tick();
            *counting() = Some(bar);
        }
        Pictures { shown }
    }

    /// A bar that counts the frames of a film. The first `painted` frames are done already.
    pub(crate) fn frames(total: u64, painted: u64, loudness: Loudness) -> Self {
        let shown = loudness.shows_progress();
        if shown {
            let bar = bar("paint", total, "{msg} {wide_bar} {pos} of {len} frames, {per_sec}, {eta} left");
            bar.set_position(painted);
            bar.reset_eta();
            *counting() = Some(bar);
        }
        Pictures { shown }
    }

    /// Counts one more picture.
    pub(crate) fn advance(&self) {
        if let Some(bar) = &*counting() {
            bar.inc(1);
        }
    }
}

impl Drop for Pictures {
    fn drop(&mut self) {
        if let Some(bar) = counting().take().filter(|_| self.shown) {
            bar.finish_and_clear();
        }
    }
}

impl Control for Progress {
    fn progress(&self, done: u64, total: u64) {
        if self.shown && self.start.elapsed() >= MOMENT {
            let mut bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
            bar.get_or_insert_with(|| self.bar(total)).set_position(done);
        }
    }

    fn cancelled(&self) -> bool {
        interrupt::asked()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
