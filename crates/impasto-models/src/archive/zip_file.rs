//! Zip archives.

use std::fs::File;
use std::io::BufReader;

use impasto::{Error, ErrorKind, Result};
use zip::ZipArchive;

use super::{Folder, malformed};

pub(super) fn unpack(file: File, folder: &mut Folder<'_>) -> Result<()> {
    let damaged = |e: zip::result::ZipError| malformed(&format!("the archive is damaged, or is not a .zip: {e}"));
    let mut archive = ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if archive.len() > folder.count {
        return Err(Error::new(ErrorKind::TooLarge, "the archive has too many files"));
    }
    for i in 0..archive.len() {
        let raw = archive.by_index_raw(i).map_err(damaged)?;
        if raw.encrypted() {
            return Err(Error::new(ErrorKind::Unsupported, "the archive is encrypted"));
        }
        drop(raw);
        let mut entry = archive.by_index(i).map_err(damaged)?;
        let path = entry.name().map_err(damaged)?.into_owned();
        if entry.is_dir() {
            folder.place(&path)?;
            continue;
        }
        // The upper bits of a Unix mode are the type of file. They are 0 if the archive was made on another system.
        if entry.unix_mode().is_some_and(|mode| ![0, 0o100_000].contains(&(mode & 0o170_000))) {
            return Err(malformed(&format!("the archive has a link or another special file, which is refused: {path:?}")));
        }
        folder.write(&path, &mut entry)?;
    }
    Ok(())
}
