//! The log of a run.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use impasto::{Error, Result};

/// Adds a line to a folder's `log.jsonl`, and shows it.
///
/// # Errors
/// [`impasto::ErrorKind::Io`] if it cannot be written.
pub fn add(folder: &Path, line: &str) -> Result<()> {
    eprintln!("{line}");
    let path = folder.join("log.jsonl");
    let named = |e: std::io::Error| Error::from(e).context(path.display());
    let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(named)?;
    writeln!(file, "{line}").map_err(named)
}
