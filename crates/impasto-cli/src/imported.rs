//! Models that the user has imported under a name: files in a folder of the user's.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};

/// Every one is a file of Impasto's own container.
const EXTENSION: &str = "safetensors";

/// Where they are: `impasto/models` in the folder for a user's data, by the XDG base directory specification, or Windows' own. `None` where
/// the environment names no such folder.
pub(crate) fn folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = named("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let data = data.or_else(|| if cfg!(windows) { named("APPDATA") } else { Some(named("HOME")?.join(".local/share")) });
    Some(data?.join("impasto").join("models"))
}

/// The file of a model of this name, whether it is there or not.
///
/// # Errors
/// If it cannot be a name, or there is no folder for it.
pub(crate) fn file(name: &str) -> Result<PathBuf> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.starts_with('.') || name.len() > 100 || !name.chars().all(fits) {
        return Err(Failure::usage(format!("{name:?} cannot be a model's name: use letters, digits, -, _ and .")));
    }
    let folder = folder().ok_or_else(|| Failure::failed("there is no folder for imported models: set XDG_DATA_HOME or HOME"))?;
    Ok(folder.join(format!("{name}.{EXTENSION}")))
}

/// The file of the imported model that a path names, if it is a bare name and there is such a model.
pub(crate) fn path_of(path: &Path) -> Option<PathBuf> {
    let bare = path.file_name() == Some(path.as_os_str());
    let file = path.to_str().filter(|_| bare).and_then(|name| file(name).ok())?;
    file.is_file().then_some(file)
}

/// Names and files of all imported models, sorted. None if the folder is not there.
pub(crate) fn all() -> Vec<(String, PathBuf)> {
    let entries = folder().and_then(|folder| std::fs::read_dir(folder).ok());
    let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let named = paths.filter(|path| path.extension() == Some(OsStr::new(EXTENSION))).filter_map(|path| {
        let name = path.file_stem()?.to_str()?.to_owned();
        Some((name, path))
    });
    let mut named: Vec<_> = named.collect();
    named.sort();
    named
}
