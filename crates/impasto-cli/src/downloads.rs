//! Downloaded pictures, in a temporary folder that is removed when the program ends.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The folder, and which address each file came from.
static PICTURES: Mutex<Option<Pictures>> = Mutex::new(None);

struct Pictures {
    folder: PathBuf,
    /// Address and file of each download. Each file is in a numbered sub-folder of its own.
    from: Vec<(String, PathBuf)>,
}

fn pictures() -> MutexGuard<'static, Option<Pictures>> {
    PICTURES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the file of an address that was downloaded before.
#[cfg(feature = "download")]
pub(crate) fn known(address: &str) -> Option<PathBuf> {
    Some(pictures().as_ref()?.from.iter().find(|(from, _)| from == address)?.1.clone())
}

/// Makes a folder for the next download.
///
/// # Errors
/// If it cannot be made.
#[cfg(feature = "download")]
pub(crate) fn folder() -> std::io::Result<PathBuf> {
    let mut pictures = pictures();
    if pictures.is_none() {
        let folder = tempfile::Builder::new().prefix("impasto-").tempdir()?.keep();
        *pictures = Some(Pictures { folder, from: Vec::new() });
    }
    let folder = pictures.iter().map(|pictures| pictures.folder.join(pictures.from.len().to_string())).collect::<PathBuf>();
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Remembers a download.
#[cfg(feature = "download")]
pub(crate) fn add(address: String, path: PathBuf) {
    if let Some(pictures) = &mut *pictures() {
        pictures.from.push((address, path));
    }
}

/// Returns what to call a path in messages: the address if it was downloaded from one, else the path itself.
pub(crate) fn spoken(path: &Path) -> PathBuf {
    let pictures = pictures();
    let from = pictures.iter().flat_map(|pictures| &pictures.from).find(|(_, downloaded)| downloaded == path);
    from.map_or_else(|| path.to_owned(), |(address, _)| PathBuf::from(address))
}

/// Replaces the paths of downloaded pictures in a message by their addresses. The paths would mean nothing to the user.
pub(crate) fn with_addresses(text: &str) -> String {
    // A download that holds the lock may send a message itself. Such a message names no finished download.
    let Ok(pictures) = PICTURES.try_lock() else { return text.to_owned() };
    let from = pictures.iter().flat_map(|pictures| &pictures.from);
    from.fold(text.to_owned(), |text, (address, path)| text.replace(&path.display().to_string(), address))
}

/// Removes all downloads. Called before the program ends, however it ends.
pub(crate) fn clear() {
    // If a signal arrives while the lock is held, the temporary folder stays behind.
    if let Ok(mut pictures) = PICTURES.try_lock()
        && let Some(Pictures { folder, .. }) = pictures.take()
    {
        let _ = std::fs::remove_dir_all(folder);
    }
}
