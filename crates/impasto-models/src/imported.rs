//! Models that the user has imported under a name. Each is a file of Impasto's own container in the user's folder.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use impasto::{Error, ErrorKind, Result};

use crate::{folders, names};

const EXTENSION: &str = "safetensors";

/// The file of the model with this name, which need not exist.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if this cannot be a model's name; [`ErrorKind::Io`] if there is no folder for it.
pub fn file(name: &str) -> Result<PathBuf> {
    names::check(name)?;
    let none = || Error::new(ErrorKind::Io, "there is no folder for imported models: set XDG_DATA_HOME, HOME or IMPASTO_HOME");
    Ok(folders::imported().ok_or_else(none)?.join(format!("{name}.{EXTENSION}")))
}

/// The file of an imported model, if the path is a bare name and such a model exists.
pub(crate) fn path_of(path: &Path) -> Option<PathBuf> {
    let bare = path.file_name() == Some(path.as_os_str());
    let file = path.to_str().filter(|_| bare).and_then(|name| file(name).ok())?;
    file.is_file().then_some(file)
}

/// Names and files of all imported models, sorted. Empty if the folder does not exist.
pub fn all() -> Vec<(String, PathBuf)> {
    let entries = folders::imported().and_then(|folder| std::fs::read_dir(folder).ok());
    let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let named = paths.filter(|path| path.extension() == Some(OsStr::new(EXTENSION))).filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        Some((name, path))
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}
