//! Watches a running network: draws a bar where there is somebody to look at it, and passes Ctrl-C on.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use impasto::Control;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::interrupt;
use crate::talk::Loudness;

/// Work that is done before this needs no bar: it would only flicker.
const MOMENT: Duration = Duration::from_millis(500);

/// A bar over one phase of the work, gone when it is dropped.
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
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent:>3} % {eta:>4}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(self.what.clone());
        bar
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
