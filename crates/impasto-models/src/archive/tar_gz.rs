//! Tar archives compressed with gzip.

use std::fs::File;
use std::io::{BufReader, Read};

use flate2::read::MultiGzDecoder;
use impasto::{Error, ErrorKind, Result};
use tar::{Archive, EntryType};

use super::{Folder, malformed};

/// Most bytes of headers and names, in addition to the files.
const HEADERS: u64 = 64 << 20;

pub(super) fn unpack(file: File, folder: &mut Folder<'_>) -> Result<()> {
    // `Folder` limits files while they are written. This stream limits long names and
    // other data that the library reads itself.
    let stream = Limited { inner: MultiGzDecoder::new(BufReader::new(file)), left: folder.most.saturating_add(HEADERS) };
    let damaged = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::FileTooLarge => {
            Error::new(ErrorKind::TooLarge, "the archive's files are far larger than the archive itself")
        }
        _ => malformed(&format!("the archive is damaged, or is not a .tar.gz: {e}")),
    };
    let mut archive = Archive::new(stream);
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let path = String::from_utf8(entry.path_bytes().into_owned());
        let path = path.map_err(|_| malformed("the archive has a path that is not UTF-8"))?;
        match entry.header().entry_type() {
            EntryType::Directory => {
                // Skip the archive's root folder.
                if path.split('/').any(|part| !part.is_empty() && part != ".") {
                    folder.place(&path)?;
                }
            }
            EntryType::Regular | EntryType::Continuous => folder.write(&path, &mut entry)?,
            EntryType::XGlobalHeader => {}
            EntryType::Symlink | EntryType::Link => {
                return Err(malformed(&format!("the archive has a link, which is refused: {path:?}")));
            }
            _ => return Err(malformed(&format!("the archive has something that is not a file: {path:?}"))),
        }
    }
    Ok(())
}

/// A stream that fails after `left` bytes.
struct Limited<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or(std::io::ErrorKind::FileTooLarge)?;
        Ok(n)
    }
}
