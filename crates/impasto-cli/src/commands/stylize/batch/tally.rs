//! Counts what became of the pictures, and reports it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use super::inputs::LeftOut;
use super::plan::Job;
use crate::cli::Stylize;
use crate::failure::{FAILED, Failure, INTERRUPTED, Result};
use crate::interrupt;
use crate::names;
use crate::progress::Pictures;
use crate::talk::{self, Loudness};

/// Most rows of the table of failures. The manifest has all of them.
const ROWS: usize = 20;
/// Most characters of a name in the table.
const WIDEST: usize = 40;

pub(super) struct Tally {
    total: usize,
    left_out: Vec<LeftOut>,
    json: bool,
    fail_fast: bool,
    loudness: Loudness,
    start: Instant,
    bar: Pictures,
    state: Mutex<State>,
    stop: AtomicBool,
}

#[derive(Default)]
struct State {
    done: usize,
    skipped: usize,
    failed: Vec<(PathBuf, String)>,
    /// Why writing to standard output failed.
    silenced: Option<Failure>,
}

impl Tally {
    pub(super) fn new(args: &Stylize, total: usize, loudness: Loudness, left_out: Vec<LeftOut>) -> Self {
        Tally {
            total,
            left_out,
            json: args.json,
            fail_fast: args.batch.fail_fast,
            loudness,
            start: Instant::now(),
            bar: Pictures::new("paint", total as u64, loudness),
            state: Mutex::default(),
            stop: AtomicBool::new(false),
        }
    }

    /// Reports in JSON which pictures are left out.
    pub(super) fn begin(&self) -> Result {
        for LeftOut { path, why } in self.left_out.iter().filter(|_| self.json) {
            let mut record = json!({ "state": "left out", "reason": why.word() });
            names::put(&mut record, "input", path);
            talk::data(format!("{record}\n").as_bytes())?;
        }
        Ok(())
    }

    /// Returns whether to stop.
    pub(super) fn stops(&self) -> bool {
        self.stop.load(Ordering::Relaxed) || interrupt::asked()
    }

    pub(super) fn done(&self, record: &Value) {
        self.count(record, |state| state.done += 1);
    }

    pub(super) fn skipped(&self, record: &Value) {
        self.count(record, |state| state.skipped += 1);
    }

    pub(super) fn failed(&self, job: &Job, error: &str, record: &Value) {
        if self.fail_fast {
            self.stop.store(true, Ordering::Relaxed);
        }
        self.count(record, |state| state.failed.push((job.input.clone(), error.to_owned())));
    }

    fn count(&self, record: &Value, add: impl FnOnce(&mut State)) {
        let mut state = self.state();
        add(&mut state);
        if self.json && state.silenced.is_none() {
            // Written under the lock, so that lines do not mix.
            if let Err(failure) = talk::data(format!("{record}\n").as_bytes()) {
                state.silenced = Some(failure);
                self.stop.store(true, Ordering::Relaxed);
            }
        }
        drop(state);
        self.bar.advance();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reports the results of all pictures. Fails if some failed, or if the user stopped the run before its end.
    pub(super) fn end(self) -> Result {
        let Tally { total, left_out, json, loudness, start, bar, state, .. } = self;
        drop(bar);
        let State { done, skipped, failed, silenced } = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(failure) = silenced {
            return Err(failure);
        }
        let (seconds, left) = (start.elapsed().as_secs_f64(), total - done - skipped - failed.len());
        if json {
            let summary = json!({ "done": done, "skipped": skipped, "failed": failed.len(), "left": left, "left_out": left_out.len(), "seconds": seconds });
            talk::data(format!("{}\n", json!({ "state": "summary", "summary": summary })).as_bytes())?;
        }
        let mut parts = vec![format!("{done} of {total} pictures painted in {seconds:.1} s")];
        parts.extend((skipped > 0).then(|| format!("{skipped} were done before")));
        parts.extend((!failed.is_empty()).then(|| format!("{} failed", failed.len())));
        parts.extend((!left_out.is_empty()).then(|| format!("{} left out", left_out.len())));
        loudness.say(&parts.join(", "));
        table(&failed);
        // If the user asked after the last picture, there is nothing to continue.
        if interrupt::asked() && left > 0 {
            talk::line(&format!(
                "interrupted with {left} of {total} pictures left; to continue, run the same command with --resume"
            ));
            return Err(Failure::Told(INTERRUPTED));
        }
        if failed.is_empty() { Ok(()) } else { Err(Failure::Told(FAILED)) }
    }
}

/// Prints which pictures failed, and why.
fn table(failed: &[(PathBuf, String)]) {
    let rows: Vec<_> = failed.iter().take(ROWS).map(|(path, error)| (short(path), reason(path, error))).collect();
    let widest = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, reason) in rows {
        talk::line(&format!("  {name:widest$}  {reason}"));
    }
    if failed.len() > ROWS {
        talk::line(&format!("  … and {} more; the manifest lists all of them", failed.len() - ROWS));
    }
}

/// Returns the end of a path, which says more than its beginning.
fn short(path: &Path) -> String {
    let text = path.display().to_string();
    let count = text.chars().count();
    if count <= WIDEST { text } else { format!("…{}", text.chars().skip(count + 1 - WIDEST).collect::<String>()) }
}

/// Returns the error without the name at its start, which the row has already.
fn reason<'a>(path: &Path, error: &'a str) -> &'a str {
    error.strip_prefix(&path.display().to_string()).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(error)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{reason, short};

    #[test]
    fn rows_say_a_name_once() {
        assert_eq!(reason(Path::new("a/b.png"), "a/b.png: is cut off"), "is cut off");
        assert_eq!(reason(Path::new("a/b.png"), "out/b.png: exists"), "out/b.png: exists");
        assert_eq!(short(Path::new("a/b.png")), "a/b.png");
        let long = short(Path::new(&format!("{}/ü.png", "x".repeat(100))));
        assert!(long.starts_with('…') && long.ends_with("/ü.png") && long.chars().count() == 40, "{long}");
    }
}
