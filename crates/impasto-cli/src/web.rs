//! Pictures by their web address: downloaded into a temporary folder, which is removed when the program ends.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::failure::Result;
use crate::names;

/// The folder, and which address each file came from.
static PICTURES: Mutex<Option<Pictures>> = Mutex::new(None);

struct Pictures {
    folder: PathBuf,
    /// Of each download, in its own numbered sub-folder.
    from: Vec<(String, PathBuf)>,
}

fn pictures() -> MutexGuard<'static, Option<Pictures>> {
    PICTURES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Replaces a picture's web address by the path of the download. Everything else stays.
///
/// # Errors
/// One line that names the address; wrong usage for addresses that cannot be downloaded, and with `--offline`.
pub(crate) fn fetch(path: &mut PathBuf, max_bytes: u64) -> Result {
    if let Some(address) = names::address(path).map(str::to_owned) {
        *path = download(&address, max_bytes)?;
    }
    Ok(())
}

/// The same for a style, with its weight or mask.
///
/// In an address, what follows the last `=` is a weight only if the address has no query, and what follows the last `@` a mask only if it
/// names a file that exists.
pub(crate) fn fetch_style(argument: &mut OsString, max_bytes: u64) -> Result {
    let Some(text) = argument.to_str().filter(|text| names::address(Path::new(text)).is_some()).map(str::to_owned) else {
        return Ok(());
    };
    let masked = text.rsplit_once('@').filter(|(_, mask)| Path::new(mask).is_file());
    let weighted = text.rsplit_once('=').filter(|(address, weight)| !address.contains('?') && weight.parse::<f32>().is_ok());
    let (address, rest) = match (masked, weighted) {
        (Some((address, mask)), _) => (address, format!("@{mask}")),
        (None, Some((address, weight))) => (address, format!("={weight}")),
        _ => (text.as_str(), String::new()),
    };
    let mut style = download(address, max_bytes)?.into_os_string();
    style.push(rest);
    *argument = style;
    Ok(())
}

/// What a path is called for people: the address that it was downloaded from, if it was.
pub(crate) fn spoken(path: &Path) -> PathBuf {
    let pictures = pictures();
    let from = pictures.iter().flat_map(|pictures| &pictures.from).find(|(_, downloaded)| downloaded == path);
    from.map_or_else(|| path.to_owned(), |(address, _)| PathBuf::from(address))
}

/// A message with the addresses of downloaded pictures in place of their paths, which mean nothing to anybody.
pub(crate) fn with_addresses(text: &str) -> String {
    // A message may come from within a download: then it names no finished one.
    let Ok(pictures) = PICTURES.try_lock() else { return text.to_owned() };
    let from = pictures.iter().flat_map(|pictures| &pictures.from);
    from.fold(text.to_owned(), |text, (address, path)| text.replace(&path.display().to_string(), address))
}

/// Removes all downloads. Called before the program ends, however it ends.
pub(crate) fn clear() {
    // A signal may come while this is held: then a temporary folder stays behind.
    if let Ok(mut pictures) = PICTURES.try_lock()
        && let Some(Pictures { folder, .. }) = pictures.take()
    {
        let _ = std::fs::remove_dir_all(folder);
    }
}

#[cfg(not(feature = "download"))]
fn download(address: &str, _max_bytes: u64) -> Result<PathBuf> {
    names::check_is_no_address(Path::new(address))?;
    // It is one: this is not reached.
    Ok(address.into())
}

#[cfg(feature = "download")]
fn download(text: &str, max_bytes: u64) -> Result<PathBuf> {
    use impasto_models::{Address, download};

    use crate::failure::Failure;
    use crate::{fetching, interrupt};

    if text.starts_with("file://") {
        names::check_is_no_address(Path::new(text))?;
    }
    let address = Address::parse(text).map_err(Failure::usage)?;
    let (chosen, loudness) = fetching::chosen();
    if chosen.offline {
        return Err(Failure::usage(format!("{text}: this is a web address, and downloads are turned off (--offline)")));
    }
    let written = address.to_string();
    let known = pictures().as_ref().and_then(|pictures| Some(pictures.from.iter().find(|(from, _)| *from == written)?.1.clone()));
    if let Some(path) = known {
        return Ok(path);
    }
    let number = pictures().as_ref().map_or(0, |pictures| pictures.from.len());
    let failed = |e: std::io::Error| Failure::failed(format!("cannot make a folder for downloads: {e}"));
    let root = match pictures().as_ref().map(|pictures| pictures.folder.clone()) {
        Some(folder) => folder,
        None => tempfile::Builder::new().prefix("impasto-").tempdir().map_err(failed)?.keep(),
    };
    pictures().get_or_insert_with(|| Pictures { folder: root.clone(), from: Vec::new() });
    let folder = root.join(number.to_string());
    std::fs::create_dir_all(&folder).map_err(failed)?;
    let path = folder.join(address.last_name());
    let options = fetching::download_options().max_bytes(max_bytes);
    let transfer = fetching::Transfer::new(loudness);
    let expected = download::Expected::default();
    interrupt::while_running(|| download::file(&address, &path, &expected, &options, &transfer))?;
    if is_page(&path) {
        return Err(Failure::failed(format!("{text}: is a web page, not a picture; give the address of the picture itself")));
    }
    if let Some(pictures) = &mut *pictures() {
        pictures.from.push((written, path.clone()));
    }
    Ok(path)
}

/// Whether a file is a web page.
#[cfg(feature = "download")]
fn is_page(path: &Path) -> bool {
    use std::io::Read;

    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head).trim_start().to_ascii_lowercase();
    read.is_ok() && (text.starts_with("<!doctype html") || text.starts_with("<html"))
}
