//! Reads models from files.

use std::path::{Path, PathBuf};

use super::{Model, Options, Part};
use crate::weights::{self, Limits, load};
use crate::{Error, ErrorKind, Result};

impl Model {
    /// Opens the model at a path with default limits and options; see [`Model::open_with`].
    ///
    /// ```no_run
    /// let model = impasto::Model::open("magenta-tflite")?;
    /// println!("{}", model.family);
    /// # Ok::<(), impasto::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Model::open_with`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(&[path], &Limits::default(), &Options::default())
    }

    /// Opens the model that several paths hold together. Each path is a file of any
    /// format that [`load`] reads, or one of these folders:
    ///
    /// - a SavedModel or a TFJS model;
    /// - a folder with one or several weights files (such as the TFLite pair);
    /// - a folder with such model folders (such as the browser port's predictor and transformer, side by side).
    ///
    /// The limits apply to all files together.
    ///
    /// # Errors
    /// As [`load`] and [`Model::assemble_with`]; [`ErrorKind::Unsupported`] for a folder without
    /// weights, [`ErrorKind::InvalidArgument`] if there are no paths.
    pub fn open_with(paths: &[impl AsRef<Path>], limits: &Limits, options: &Options) -> Result<Self> {
        let mut left = limits.clone();
        let mut parts = Vec::new();
        for path in paths.iter().map(AsRef::as_ref) {
            for file in places(path)? {
                let loaded = load(&file, &left).map_err(|error| over_all(error, limits))?;
                left.max_bytes = left.max_bytes.saturating_sub(loaded.bytes);
                parts.push(Part { file: file.display().to_string(), weights: loaded.weights });
            }
        }
        Self::assemble_with(parts, options)
    }
}

/// Names the whole limit. Otherwise a later file's error would name what earlier files
/// have left of it, a number that means nothing to the user.
fn over_all(error: Error, limits: &Limits) -> Error {
    if error.kind() == ErrorKind::TooLarge {
        return error.context(format!("all weights together may have {} bytes", limits.max_bytes));
    }
    error
}

/// The paths that [`load`] reads for a path.
fn places(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() || weights::is_model_folder(path) {
        return Ok(vec![path.to_owned()]);
    }
    let files = weights::files_in(path)?;
    if !files.is_empty() {
        return Ok(files);
    }
    let entries = std::fs::read_dir(path).and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect::<Result<Vec<_>, _>>());
    let mut folders: Vec<PathBuf> = entries.map_err(|e| Error::from(e).context(path.display()))?;
    folders.retain(|folder| folder.is_dir() && weights::is_model_folder(folder));
    folders.sort();
    // If there are none, `load`'s error says what it looked for.
    Ok(if folders.is_empty() { vec![path.to_owned()] } else { folders })
}
