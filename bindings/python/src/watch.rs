//! Runs work without Python's lock, with Ctrl-C and a progress bar.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use impasto::Control;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::error::OrRaise;

/// How often Python's signals are checked and progress is reported.
const EVERY: Duration = Duration::from_millis(50);

/// Checks Python's signals to stop the work, and reports its progress.
pub(crate) struct Watch {
    callback: Option<Py<PyAny>>,
    /// Whether the callback is our own progress bar, which must be closed.
    bar: bool,
    state: Mutex<State>,
}

struct State {
    /// The current picture and the number of pictures.
    part: (usize, usize),
    asked: Instant,
    told: Option<Instant>,
    /// The exception of a callback or a signal handler, which stops the work.
    raised: Option<PyErr>,
}

impl Watch {
    /// A watch that reports to nobody.
    pub(crate) fn quiet() -> Self {
        Watch {
            callback: None,
            bar: false,
            state: Mutex::new(State { part: (0, 1), asked: Instant::now(), told: None, raised: None }),
        }
    }

    /// Counts the following progress as that of the picture `at`, from 0, of `all`.
    pub(crate) fn part(&self, at: usize, all: usize) {
        self.state().part = (at, all);
    }

    /// `progress` is called with the progress from 0 to 1. If it is `True`, a bar with this title is shown.
    pub(crate) fn new(progress: Option<&Bound<'_, PyAny>>, title: &str) -> PyResult<Self> {
        let Some(progress) = progress else { return Ok(Self::quiet()) };
        let (callback, bar) = match progress.cast::<PyBool>() {
            Ok(wanted) if wanted.is_true() => (progress.py().import("impasto._progress")?.call_method1("bar", (title,))?, true),
            Ok(_) => return Ok(Self::quiet()),
            Err(_) => (progress.clone(), false),
        };
        let callback = (!callback.is_none()).then(|| callback.unbind());
        Ok(Watch { callback, bar, ..Self::quiet() })
    }

    /// Runs the last part of the work without Python's lock, then closes our progress bar.
    pub(crate) fn run<T: Send>(&self, py: Python<'_>, work: impl FnOnce() -> impasto::Result<T> + Send) -> PyResult<T> {
        let done = self.step(py, work);
        if done.is_ok() {
            self.close(py)?;
        }
        done
    }

    /// Runs a part of the work without Python's lock, with more to follow.
    pub(crate) fn step<T: Send>(&self, py: Python<'_>, work: impl FnOnce() -> impasto::Result<T> + Send) -> PyResult<T> {
        let result = py.detach(work);
        let done = match self.state().raised.take() {
            Some(raised) => Err(raised),
            None => result.or_raise(),
        };
        if done.is_err() {
            self.close(py)?;
        }
        done
    }

    /// Closes the progress bar, if it is ours.
    pub(crate) fn close(&self, py: Python<'_>) -> PyResult<()> {
        match &self.callback {
            Some(bar) if self.bar => bar.call_method0(py, "close").map(drop),
            _ => Ok(()),
        }
    }

    /// Reports the progress, unless the last report was just before.
    pub(crate) fn tell(&self, share: f64) {
        let Some(callback) = &self.callback else { return };
        let share = {
            let mut state = self.state();
            let (at, all) = state.part;
            let share = (at as f64 + share) / all.max(1) as f64;
            let early = state.told.is_some_and(|told| told.elapsed() < EVERY);
            if state.raised.is_some() || early && share < 1.0 {
                return;
            }
            state.told = Some(Instant::now());
            share
        };
        // Unlock the state first, because the callback may run anything.
        if let Err(raised) = Python::attach(|py| callback.call1(py, (share,)).map(drop)) {
            self.state().raised = Some(raised);
        }
    }

    /// Takes the exception of a callback or a signal handler, if there is one.
    pub(crate) fn take_raised(&self) -> Option<PyErr> {
        self.state().raised.take()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control for Watch {
    fn progress(&self, done: u64, total: u64) {
        self.tell(done as f64 / total.max(1) as f64);
    }

    fn cancelled(&self) -> bool {
        {
            let mut state = self.state();
            if state.raised.is_some() {
                return true;
            }
            if state.asked.elapsed() < EVERY {
                return false;
            }
            state.asked = Instant::now();
        }
        // Only Python's main thread runs signal handlers. In other threads, this does nothing.
        let raised = Python::attach(|py| py.check_signals());
        let stop = raised.is_err();
        if let Err(raised) = raised {
            self.state().raised = Some(raised);
        }
        stop
    }
}

/// Checks signals without reporting progress, which is the painting's.
pub(crate) struct Quiet<'a>(pub(crate) &'a Watch);

impl Control for Quiet<'_> {
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}
