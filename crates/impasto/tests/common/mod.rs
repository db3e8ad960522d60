//! Helpers that several integration tests need.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

pub mod draw;
pub mod files;
pub mod metadata;
pub mod parity;
pub mod synthetic;
pub mod tiny;

use std::io::Write as _;
use std::path::PathBuf;

/// Returns a path in the folder of real weights and stored framework outputs, which is beside the project or where
/// `IMPASTO_SHARED` says. If the folder is missing, returns `None` and prints a "skipped: …" line to standard error
/// (bypassing the harness, which hides the output of passing tests).
///
/// # Panics
/// If the folder exists but lacks the path: that is a mistake in the test or the folder, not a reason to skip.
pub fn shared(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("IMPASTO_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    if !root.is_dir() {
        let _ = writeln!(std::io::stderr(), "skipped: {path} (no folder {}; set IMPASTO_SHARED)", root.display());
        return None;
    }
    let full = root.join(path);
    assert!(full.exists(), "{} is absent", full.display());
    Some(full)
}
