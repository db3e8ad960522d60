//! Models read from files.

use std::path::{Path, PathBuf};

use super::{Model, Options, Part};
use crate::weights::{self, Limits, load};
use crate::{Error, ErrorKind, Result};

impl Model {
    /// The model that a path holds, with default limits and options; see [`Model::open_with`].
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

    /// The model that some paths hold together. Each is a file of any format that [`load`] reads, or a folder: of a SavedModel
    /// or a TFJS model, of one or several weights files (such as the TFLite pair), or of such folders (as the browser port's
    /// predictor and transformer lie side by side).
    ///
    /// The limits are for all files together.
    ///
    /// # Errors
    /// As [`load`] and [`Model::assemble_with`]; [`ErrorKind::Unsupported`] for a folder without weights,
    /// [`ErrorKind::InvalidArgument`] if there are no paths.
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

/// A later file's error would otherwise name what earlier ones have left of the limit, a number that nobody knows.
fn over_all(error: Error, limits: &Limits) -> Error {
    if error.kind() == ErrorKind::TooLarge {
        return error.context(format!("all weights together may have {} bytes", limits.max_bytes));
    }
    error
}

/// What [`load`] shall read for a path.
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
    // Without any, `load` says what was looked for.
    Ok(if folders.is_empty() { vec![path.to_owned()] } else { folders })
}
