//! Records in a result how it was made, for `impasto replay`.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use impasto::engine::Isa;
use impasto::picture::{Limits, Stored};
use impasto::request::{Reference, Request};

use super::{is_standard, open};
use crate::cli::PaintFlags;
use crate::failure::Result;
use crate::hash::Hashing;
use crate::references;
use crate::talk::Loudness;

/// Reads a content, and returns it with its reference, which has its hash.
pub(in crate::commands) fn open_content(path: &Path, limits: &Limits, loudness: Loudness) -> Result<(Stored, Reference)> {
    if !is_stream(path) {
        return Ok((open(path, limits, loudness)?, references::of_path(path)?));
    }
    let name = if is_standard(path) { "standard input".into() } else { path.display().to_string() };
    let named = |e: impasto::Error| e.context(&name);
    let inner: Box<dyn io::Read> =
        if is_standard(path) { Box::new(io::stdin().lock()) } else { Box::new(File::open(path).map_err(|e| named(e.into()))?) };
    let mut stream = Hashing::new(inner);
    let photo = Stored::read(&mut stream, limits).map_err(named)?;
    photo.warnings().iter().for_each(|warning| loudness.warn(&format!("{name}: {warning}")));
    let sha256 = stream.finish().map_err(|e| named(e.into()))?;
    Ok((photo, Reference::new("standard input").hashed(sha256)))
}

/// Returns whether it can be read only once: standard input, a pipe, or the file that a shell passes for a command.
pub(super) fn is_stream(path: &Path) -> bool {
    is_standard(path) || std::fs::metadata(path).is_ok_and(|about| !about.is_file() && !about.is_dir())
}

/// Returns the request that all pictures of a command line share: without a content, styles and a format.
///
/// # Errors
/// If a mask or the model cannot be read.
pub(in crate::commands) fn common(paint: &PaintFlags, models: &[PathBuf], isa: Isa) -> Result<Request> {
    let mut options = paint.options.clone();
    for (option, path) in &paint.files {
        let reference = Some(references::of_path(path)?);
        match *option {
            "strength_mask" => options.strength_mask = reference,
            _ => options.mask = reference,
        }
    }
    Ok(Request::new(Reference::default(), Vec::new(), references::of_model(models)?, options, &isa.to_string()))
}
