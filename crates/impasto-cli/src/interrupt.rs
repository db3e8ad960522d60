//! Ctrl-C, and SIGTERM and SIGHUP where there are such signals.
//!
//! What the program is at decides: while it reads or waits it ends at once, for there is nothing to tidy; a running network is
//! asked to stop after its current step (a second time it ends at once, unless it writes its result as it goes); a file being written is
//! finished. A batch of pictures ends what it is at, and says what is left. So no temporary file stays behind.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::failure::{Failure, Result};

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const WRITING: u8 = 2;
const STREAMING: u8 = 3;
const BATCH: u8 = 4;

static PHASE: AtomicU8 = AtomicU8::new(WAITING);
static ASKED: AtomicBool = AtomicBool::new(false);

/// Takes over the signals. Without them (a sandbox may refuse) the system's own way of ending a program remains.
pub(crate) fn install() {
    let _ = ctrlc::set_handler(|| {
        let again = ASKED.swap(true, Ordering::SeqCst);
        match PHASE.load(Ordering::SeqCst) {
            WRITING | STREAMING | BATCH => {}
            RUNNING if !again => {}
            _ => std::process::exit(i32::from(Failure::Interrupted.report())),
        }
    });
}

/// Whether the user has asked to stop.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Does work that asks [`asked`] now and then.
pub(crate) fn while_running<T>(work: impl FnOnce() -> T) -> T {
    during(RUNNING, work)
}

/// Writes files, undisturbed.
///
/// # Errors
/// [`Failure::Interrupted`] if the user asked to stop before; otherwise as the work.
pub(crate) fn while_writing<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    during(WRITING, || if asked() { Err(Failure::Interrupted) } else { work() })
}

/// Writes what an interrupted work has come to: undisturbed, although the user has asked to stop.
pub(crate) fn while_saving<T>(work: impl FnOnce() -> T) -> T {
    PHASE.store(WRITING, Ordering::SeqCst);
    let result = work();
    PHASE.store(WAITING, Ordering::SeqCst);
    result
}

/// Does work that asks [`asked`] now and then, writes a file meanwhile, and removes it if it ends early.
///
/// # Errors
/// As [`while_writing`].
pub(crate) fn while_streaming<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    during(STREAMING, || if asked() { Err(Failure::Interrupted) } else { work() })
}

/// Works on many pictures at a time, from several threads: whatever they do is left undisturbed until it notices by itself. The caller asks
/// [`asked`] when it is done.
pub(crate) fn while_batch<T>(work: impl FnOnce() -> T) -> T {
    PHASE.store(BATCH, Ordering::SeqCst);
    let result = work();
    PHASE.store(WAITING, Ordering::SeqCst);
    result
}

fn during<T>(phase: u8, work: impl FnOnce() -> T) -> T {
    // A batch's pictures have no phases of their own.
    if PHASE.load(Ordering::SeqCst) == BATCH {
        return work();
    }
    PHASE.store(phase, Ordering::SeqCst);
    let result = work();
    PHASE.store(WAITING, Ordering::SeqCst);
    // Asked too late for the work to notice: the program ends here rather than starting something new.
    if asked() && phase != RUNNING {
        std::process::exit(i32::from(Failure::Interrupted.report()));
    }
    result
}
