//! What a result says about how it was made: for `impasto replay`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use clap::{ArgMatches, CommandFactory};
use impasto::engine::Isa;
use impasto::picture::{Limits, Stored};

use super::{is_standard, open};
use crate::cli::Cli;
use crate::failure::{Failure, Result};
use crate::hash::Hashing;
use crate::settings::{Common, Ingredient};
use crate::talk::Loudness;

/// Reads a content, and tells it by its hash.
pub(super) fn open_content(path: &Path, limits: &Limits, loudness: Loudness) -> Result<(Stored, Ingredient)> {
    if !is_stream(path) {
        return Ok((open(path, limits, loudness)?, Ingredient::of_path(path)?));
    }
    let name = if is_standard(path) { "standard input".into() } else { path.display().to_string() };
    let named = |e: impasto::Error| e.context(&name);
    let inner: Box<dyn io::Read> =
        if is_standard(path) { Box::new(io::stdin().lock()) } else { Box::new(File::open(path).map_err(|e| named(e.into()))?) };
    let mut stream = Hashing::new(inner);
    let photo = Stored::read(&mut stream, limits).map_err(named)?;
    photo.warnings().iter().for_each(|warning| loudness.warn(&format!("{name}: {warning}")));
    let sha256 = stream.finish().map_err(|e| named(e.into()))?;
    Ok((photo, Ingredient { name: "standard input".into(), sha256, built_in: false }))
}

/// Whether it can be read only once: standard input, a pipe, what a shell puts in a command's place.
pub(super) fn is_stream(path: &Path) -> bool {
    is_standard(path) || std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// What all pictures of a command line have in common. `matches` is what the parser made of it.
pub(super) fn common(matches: &ArgMatches, models: &[PathBuf], isa: Isa) -> Result<Common> {
    let command = Cli::command();
    let stylize = command.find_subcommand("stylize").ok_or_else(|| Failure::failed("there is no such command"))?;
    Common::new(stylize, matches, models, &isa.to_string())
}
