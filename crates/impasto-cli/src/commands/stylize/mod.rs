//! `impasto stylize`: paints pictures in the style of others.
//!
//! Arguments become a plan of what to paint to which file (`one.rs` for one picture,
//! `batch/` for many). Model and styles are loaded once (`studio.rs`, `style.rs`). Then
//! each picture is painted (`painting.rs`) and reported (`report.rs`).

mod batch;
pub(super) mod ceiling;
pub(super) mod destination;
pub(super) mod look;
mod memory;
mod one;
mod painting;
pub(super) mod place;
pub(super) mod record;
mod report;
mod stopwatch;
mod studio;
pub(super) mod style;

use std::io::{self, IsTerminal};
use std::path::Path;

use impasto::picture::{self, Stored};

use crate::cli::Stylize;
use crate::failure::{Failure, Result};
use crate::names;
use crate::talk::Loudness;
pub(super) use batch::pictures_in;

pub(crate) fn run(args: &Stylize) -> Result {
    args.contents.iter().try_for_each(|content| names::check_is_no_address(content))?;
    match args.contents.as_slice() {
        [content] if !batch::is_asked(args) => one::run(args, content, style::parse(&args.styles)?),
        _ => batch::run(args),
    }
}

/// Paints one picture to a file with exactly this name, in these styles. The styles of the arguments are ignored.
pub(super) fn run_one(args: &Stylize, content: &Path, styles: Vec<style::StyleArgument>) -> Result {
    one::run(args, content, styles)
}

pub(super) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Checks that standard input and output serve one purpose each: a picture to read, the picture to write, or `--json`.
pub(super) fn check_standard_streams<'a>(inputs: impl Iterator<Item = &'a Path>, output: &Path, json: bool) -> Result {
    let text = if inputs.filter(|path| is_standard(path)).count() > 1 {
        "standard input (-) can be only one of the pictures"
    } else if !is_standard(output) {
        return Ok(());
    } else if json {
        "--json and a picture (-o -) cannot both go to standard output; name a file for one of them"
    } else if io::stdout().is_terminal() {
        "a terminal cannot take a picture's bytes (-o -); redirect them or name a file"
    } else {
        return Ok(());
    };
    Err(Failure::usage(text))
}

/// Reads a picture from a file or standard input.
pub(super) fn open(path: &Path, limits: &picture::Limits, loudness: Loudness) -> impasto::Result<Stored> {
    let (name, picture) = if is_standard(path) {
        ("standard input".into(), Stored::read(io::stdin().lock(), limits).map_err(|e| e.context("standard input"))?)
    } else {
        (path.display().to_string(), Stored::open(path, limits)?)
    };
    for warning in picture.warnings() {
        loudness.warn(&format!("{name}: {warning}"));
    }
    Ok(picture)
}
