//! Pictures given by web address, which are downloaded before a command begins. `downloads.rs` keeps them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::failure::Result;
use crate::names;

/// Replaces a picture's web address by the path of its download. Other paths stay as they are.
///
/// # Errors
/// One line that names the address. Wrong usage if the address cannot be downloaded, and with `--offline`.
pub(crate) fn fetch(path: &mut PathBuf, max_bytes: u64) -> Result {
    if let Some(address) = names::address(path).map(str::to_owned) {
        *path = download(&address, max_bytes)?;
    }
    Ok(())
}

/// Does the same for a style with a weight or mask.
///
/// In an address, the text after the last `=` is a weight only if the address has no
/// query. The text after the last `@` is a mask only if it names an existing file.
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

#[cfg(not(feature = "download"))]
fn download(address: &str, _max_bytes: u64) -> Result<PathBuf> {
    names::check_is_no_address(Path::new(address))?;
    // Unreachable: the caller passes only addresses.
    Ok(address.into())
}

#[cfg(feature = "download")]
fn download(text: &str, max_bytes: u64) -> Result<PathBuf> {
    use impasto_models::{Address, download};

    use crate::failure::Failure;
    use crate::{downloads, fetching, interrupt};

    if text.starts_with("file://") {
        names::check_is_no_address(Path::new(text))?;
    }
    let address = Address::parse(text).map_err(Failure::usage)?;
    let (chosen, loudness) = fetching::chosen();
    if chosen.offline {
        return Err(Failure::usage(format!("{text}: this is a web address, and downloads are turned off (--offline)")));
    }
    let written = address.to_string();
    if let Some(path) = downloads::known(&written) {
        return Ok(path);
    }
    let folder = downloads::folder().map_err(|e| Failure::failed(format!("cannot make a folder for downloads: {e}")))?;
    let path = folder.join(address.last_name());
    let options = fetching::download_options().max_bytes(max_bytes);
    let transfer = fetching::Transfer::new(loudness);
    let expected = download::Expected::default();
    interrupt::while_running(|| download::file(&address, &path, &expected, &options, &transfer))?;
    if is_page(&path) {
        return Err(Failure::failed(format!("{text}: is a web page, not a picture; give the address of the picture itself")));
    }
    downloads::add(written, path.clone());
    Ok(path)
}

/// Returns whether a file is a web page.
#[cfg(feature = "download")]
fn is_page(path: &Path) -> bool {
    use std::io::Read;

    let mut head = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
    let text = String::from_utf8_lossy(&head).trim_start().to_ascii_lowercase();
    read.is_ok() && (text.starts_with("<!doctype html") || text.starts_with("<html"))
}
