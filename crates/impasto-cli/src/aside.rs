//! Lines that are written while a bar counts pictures: above of it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;

/// The bar that lines are written above of.
static COUNTING: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// The place of that bar.
pub(crate) fn counting() -> MutexGuard<'static, Option<ProgressBar>> {
    COUNTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes something to standard error that the bar must not get in the way of.
pub(crate) fn write(write: impl FnOnce()) {
    match &*counting() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
