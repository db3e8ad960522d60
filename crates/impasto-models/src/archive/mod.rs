//! Unpacks archives as if an enemy had made them.
//!
//! Only regular files are unpacked, and only if their paths stay inside the folder. Links, devices and encrypted files
//! are refused. So are archives with too many files, too many bytes, or a total far larger than the archive itself.

mod tar_gz;
#[cfg(test)]
mod tests;
mod zip_file;

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use impasto::{Error, ErrorKind, Result};

use crate::cache::{cancelled, io};
use crate::registry::Packing;
use crate::{Watch, names};

/// Limits of an archive's content.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Limits {
    /// Most bytes of all files together.
    pub bytes: u64,
    /// Most files and folders.
    pub count: usize,
    /// How many times larger than the archive all its files may be together. Weights hardly compress.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 4 << 30, count: 10_000, ratio: 100 }
    }
}

/// Small archives may exceed the ratio up to this many bytes in total.
const SMALL: u64 = 1 << 20;

/// Unpacks an archive into a folder, which must be empty. `only` lists the files to keep. If it is empty, all are kept.
///
/// # Errors
/// One line about the archive: [`ErrorKind::Malformed`] if it is damaged or hostile, lacks a file in `only`, or has
/// no files; [`ErrorKind::TooLarge`] over the limits; [`ErrorKind::Unsupported`] if it is encrypted;
/// [`ErrorKind::Io`]; [`ErrorKind::Cancelled`].
pub fn unpack(archive: &Path, packing: Packing, into: &Path, only: &[String], limits: Limits, watch: &dyn Watch) -> Result<()> {
    let size = std::fs::metadata(archive).map_err(|e| io(archive, e))?.len();
    let most = limits.bytes.min(size.saturating_mul(limits.ratio).max(SMALL));
    let only: Vec<PathBuf> = only.iter().filter_map(|path| names::inside(path)).collect();
    let mut folder = Folder { into, only: &only, most, count: limits.count, seen: HashSet::new(), kept: 0, watch };
    let file = File::open(archive).map_err(|e| io(archive, e))?;
    match packing {
        Packing::TarGz => tar_gz::unpack(file, &mut folder)?,
        Packing::Zip => zip_file::unpack(file, &mut folder)?,
    }
    match (folder.kept, only.iter().find(|path| !into.join(path).is_file())) {
        (_, Some(absent)) => Err(malformed(&format!("the archive lacks {}", absent.display()))),
        (0, None) => Err(malformed("the archive has no files in it")),
        _ => Ok(()),
    }
}

/// The folder for an archive's files, and how much may still be unpacked.
struct Folder<'a> {
    into: &'a Path,
    only: &'a [PathBuf],
    /// How many more bytes are allowed.
    most: u64,
    /// How many more entries are allowed.
    count: usize,
    /// Paths in lower case, because some file systems ignore case.
    seen: HashSet<String>,
    kept: usize,
    watch: &'a dyn Watch,
}

impl Folder<'_> {
    /// Counts an entry and returns the path for its file, or `None` if it should not be kept.
    fn place(&mut self, path: &str) -> Result<Option<PathBuf>> {
        if self.watch.cancelled() {
            return Err(cancelled());
        }
        self.count =
            self.count.checked_sub(1).ok_or_else(|| Error::new(ErrorKind::TooLarge, "the archive has too many files"))?;
        let inside =
            names::inside(path).ok_or_else(|| malformed(&format!("the archive has a path that leaves its folder: {path:?}")))?;
        if !self.seen.insert(inside.to_string_lossy().to_lowercase()) {
            return Err(malformed(&format!("the archive has {path:?} twice")));
        }
        Ok((self.only.is_empty() || self.only.contains(&inside)).then(|| self.into.join(inside)))
    }

    /// Writes an entry's file. The limits also apply to a file that is not kept, because it has to be decompressed.
    fn write(&mut self, path: &str, content: &mut dyn Read) -> Result<()> {
        let place = self.place(path)?;
        let mut file = match &place {
            None => None,
            Some(place) => {
                let parent = place.parent().unwrap_or(self.into);
                std::fs::create_dir_all(parent).map_err(|e| io(parent, e))?;
                Some(File::create_new(place).map_err(|e| io(place, e))?)
            }
        };
        let mut piece = vec![0; 1 << 16];
        loop {
            let n = content.read(&mut piece).map_err(|e| malformed(&format!("the archive is damaged: {path:?}: {e}")))?;
            if n == 0 {
                break;
            }
            if self.watch.cancelled() {
                return Err(cancelled());
            }
            let left = self.most.checked_sub(n as u64);
            self.most = left
                .ok_or_else(|| Error::new(ErrorKind::TooLarge, "the archive's files are far larger than the archive itself"))?;
            if let (Some(file), Some(place)) = (&mut file, &place) {
                file.write_all(&piece[..n]).map_err(|e| io(place, e))?;
            }
        }
        if let (Some(file), Some(place)) = (&file, &place) {
            file.sync_all().map_err(|e| io(place, e))?;
            self.kept += 1;
        }
        Ok(())
    }
}

fn malformed(text: &str) -> Error {
    Error::new(ErrorKind::Malformed, text)
}
