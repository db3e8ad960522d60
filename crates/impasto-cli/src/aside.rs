//! Lines that are written above the progress bar while it counts pictures.

use std::sync::{Mutex, MutexGuard, PoisonError};

use indicatif::ProgressBar;

/// The bar that counts at the moment.
static COUNTING: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Locks the place of that bar.
pub(crate) fn counting() -> MutexGuard<'static, Option<ProgressBar>> {
    COUNTING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to standard error without disturbing the bar.
pub(crate) fn write(write: impl FnOnce()) {
    match &*counting() {
        Some(bar) => bar.suspend(write),
        None => write(),
    }
}
