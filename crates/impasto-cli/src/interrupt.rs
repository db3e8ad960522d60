//! Handles Ctrl-C and, on systems with such signals, SIGTERM, SIGQUIT, SIGHUP and the end of CPU time (`ulimit -t`).
//!
//! The effect depends on what the program is doing, and no temporary file stays behind:
//!
//! - While it reads or waits, it ends at once, because there is nothing to clean up.
//! - A running network is asked to stop after its current step. The second time the
//!   program ends at once, unless the network writes its result as it goes.
//! - A file that is being written is finished.
//! - A batch finishes the pictures it is painting, and says what is left.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::failure::{Failure, Result};
use crate::{downloads, talk};

const WAITING: u8 = 0;
const RUNNING: u8 = 1;
const WRITING: u8 = 2;
const STREAMING: u8 = 3;
const BATCH: u8 = 4;

static PHASE: AtomicU8 = AtomicU8::new(WAITING);
static ASKED: AtomicBool = AtomicBool::new(false);

/// Installs the signal handlers. If that fails (a sandbox may refuse it), the system's default behavior remains.
#[cfg(unix)]
pub(crate) fn install() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};

    // If a file exceeds the limit on file sizes (`ulimit -f`), writing then fails.
    // Otherwise, the signal would kill the program and leave half a file.
    let _ = signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default());
    let mut ours = vec![SIGINT, SIGTERM, SIGQUIT, SIGXCPU];
    if !hangups_are_ignored() {
        ours.push(SIGHUP);
    }
    let Ok(mut signals) = signal_hook::iterator::Signals::new(ours) else { return };
    let wait = move || signals.forever().for_each(|_| stop());
    let _ = std::thread::Builder::new().name("impasto-signals".into()).stack_size(1 << 18).spawn(wait);
}

/// Installs the handler on systems that only have Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn install() {
    let _ = ctrlc::set_handler(stop);
}

/// Returns whether the program should survive its terminal: `nohup` and `trap '' HUP` ignore SIGHUP, and programs
/// inherit that. Only Linux tells without unsafe code. On other systems the signal is left as it is, ignored or deadly.
#[cfg(unix)]
fn hangups_are_ignored() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    // Signals count from 1, bits from 0.
    ignored.is_some_and(|ignored| ignored >> (signal_hook::consts::SIGHUP - 1) & 1 == 1)
}

fn stop() {
    let again = ASKED.swap(true, Ordering::SeqCst);
    match PHASE.load(Ordering::SeqCst) {
        WRITING | STREAMING | BATCH => {}
        RUNNING if !again => {}
        _ => leave(),
    }
}

/// Ends the program.
fn leave() -> ! {
    downloads::clear();
    std::process::exit(i32::from(talk::failure(&Failure::Interrupted)))
}

/// Returns whether a batch is running, see [`while_batch`].
pub(crate) fn in_batch() -> bool {
    PHASE.load(Ordering::SeqCst) == BATCH
}

/// Returns whether the user has asked to stop.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Does work that checks [`asked`] now and then.
pub(crate) fn while_running<T>(work: impl FnOnce() -> T) -> T {
    during(RUNNING, work)
}

/// Writes files without interruption.
///
/// # Errors
/// [`Failure::Interrupted`] if the user asked to stop before; otherwise as the work.
pub(crate) fn while_writing<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    during(WRITING, || if asked() { Err(Failure::Interrupted) } else { work() })
}

/// Saves the result of interrupted work: without interruption, although the user has asked to stop.
pub(crate) fn while_saving<T>(work: impl FnOnce() -> T) -> T {
    PHASE.store(WRITING, Ordering::SeqCst);
    let result = work();
    PHASE.store(WAITING, Ordering::SeqCst);
    result
}

/// Does work that checks [`asked`] now and then, writes a file at the same time, and removes it if it ends early.
///
/// # Errors
/// As [`while_writing`].
pub(crate) fn while_streaming<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    during(STREAMING, || if asked() { Err(Failure::Interrupted) } else { work() })
}

/// Works on many pictures at the same time, from several threads. The work is not
/// interrupted; it checks [`asked`] by itself. The caller checks [`asked`] at the end.
pub(crate) fn while_batch<T>(work: impl FnOnce() -> T) -> T {
    PHASE.store(BATCH, Ordering::SeqCst);
    let result = work();
    PHASE.store(WAITING, Ordering::SeqCst);
    result
}

fn during<T>(phase: u8, work: impl FnOnce() -> T) -> T {
    // The pictures of a batch have no phases of their own.
    if PHASE.load(Ordering::SeqCst) == BATCH {
        return work();
    }
    PHASE.store(phase, Ordering::SeqCst);
    let result = work();
    PHASE.store(WAITING, Ordering::SeqCst);
    // The user asked too late for the work to notice. End here, before something new starts.
    if asked() && phase != RUNNING {
        leave();
    }
    result
}
