//! Ctrl-C, and where there are such signals SIGTERM, SIGQUIT, SIGHUP and the end of processor time (`ulimit -t`).
//!
//! What the program is at decides: while it reads or waits it ends at once, for there is nothing to tidy; a running network is
//! asked to stop after its current step (a second time it ends at once, unless it writes its result as it goes); a file being written is
//! finished. A batch of pictures ends what it is at, and says what is left. So no temporary file stays behind.

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

/// Takes over the signals. Without them (a sandbox may refuse) the system's own way of ending a program remains.
#[cfg(unix)]
pub(crate) fn install() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGXCPU, SIGXFSZ};

    // A limit on file sizes (`ulimit -f`) then fails the writing, and does not kill the program with a file half written.
    let _ = signal_hook::flag::register(SIGXFSZ, std::sync::Arc::default());
    let mut ours = vec![SIGINT, SIGTERM, SIGQUIT, SIGXCPU];
    if !hangups_are_ignored() {
        ours.push(SIGHUP);
    }
    let Ok(mut signals) = signal_hook::iterator::Signals::new(ours) else { return };
    let wait = move || signals.forever().for_each(|_| stop());
    let _ = std::thread::Builder::new().name("impasto-signals".into()).stack_size(1 << 18).spawn(wait);
}

/// The same for systems where there is only Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn install() {
    let _ = ctrlc::set_handler(stop);
}

/// Whether whoever started this program wants it to survive the terminal: `nohup` and `trap '' HUP` have SIGHUP ignored, and programs inherit that.
/// Linux tells. Elsewhere nobody does without unsafe code: the signal is left as it is there, ignored or deadly.
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

/// Whether many pictures are worked on, see [`while_batch`].
pub(crate) fn in_batch() -> bool {
    PHASE.load(Ordering::SeqCst) == BATCH
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
        leave();
    }
    result
}
