//! Work that Python waits for: without its lock, with Ctrl-C and a progress bar.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use impasto::Control;
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::error::OrRaise;

/// How often Python is asked for signals, and told of progress.
const EVERY: Duration = Duration::from_millis(50);

/// Asks Python whether to stop, and tells it how far the work is.
pub(crate) struct Watch {
    callback: Option<Py<PyAny>>,
    /// Whether the callback is a bar of ours, to be closed in the end.
    bar: bool,
    state: Mutex<State>,
}

struct State {
    /// Which of several pictures it is at, and how many there are.
    part: (usize, usize),
    asked: Instant,
    told: Option<Instant>,
    /// What a callback or a signal's handler has raised: the reason to stop.
    raised: Option<PyErr>,
}

impl Watch {
    /// Tells nobody.
    pub(crate) fn quiet() -> Self {
        Watch {
            callback: None,
            bar: false,
            state: Mutex::new(State { part: (0, 1), asked: Instant::now(), told: None, raised: None }),
        }
    }

    /// What is told from now on is of the picture `at`, counted from 0, of `all`.
    pub(crate) fn part(&self, at: usize, all: usize) {
        self.state().part = (at, all);
    }

    /// `progress` is called with the share of the work that is done, from 0 to 1; if it is `True`, there is a bar with this title.
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

    /// Does the last of the work without Python's lock: a bar of ours ends.
    pub(crate) fn run<T: Send>(&self, py: Python<'_>, work: impl FnOnce() -> impasto::Result<T> + Send) -> PyResult<T> {
        let done = self.step(py, work);
        if done.is_ok() {
            self.close(py)?;
        }
        done
    }

    /// Does work that more is to follow without Python's lock.
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

    /// Ends a bar of ours.
    pub(crate) fn close(&self, py: Python<'_>) -> PyResult<()> {
        match &self.callback {
            Some(bar) if self.bar => bar.call_method0(py, "close").map(drop),
            _ => Ok(()),
        }
    }

    /// Tells how far the work is, if it is time.
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
        // Not with the state locked: the callback may run anything.
        if let Err(raised) = Python::attach(|py| callback.call1(py, (share,)).map(drop)) {
            self.state().raised = Some(raised);
        }
    }

    /// What a callback or a signal's handler has raised, if anything.
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
        // Only Python's main thread runs handlers; elsewhere this does nothing.
        let raised = Python::attach(|py| py.check_signals());
        let stop = raised.is_err();
        if let Err(raised) = raised {
            self.state().raised = Some(raised);
        }
        stop
    }
}

/// Looks for signals, without telling of progress: that is the painting's.
pub(crate) struct Quiet<'a>(pub(crate) &'a Watch);

impl Control for Quiet<'_> {
    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}
