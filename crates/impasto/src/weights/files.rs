//! Reads files within a limit, with a clear error if a file is not what its place suggests.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::collect::malformed;
use crate::{Error, ErrorKind, Result};

/// Limits on what is read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Total bytes of all files that belong to the weights; 2 GiB by default. Checked before the files are read.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_bytes: 2 << 30 }
    }
}

impl Limits {
    /// Sets [`Limits::max_bytes`].
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }
}

/// How many bytes may be read, and how many have been.
#[derive(Debug)]
pub(super) struct Quota {
    limit: u64,
    pub(super) used: u64,
}

impl Quota {
    pub(super) fn new(limit: u64) -> Self {
        Quota { limit, used: 0 }
    }

    /// The same limit with nothing read yet, for a file that has already been counted.
    pub(super) fn afresh(&self) -> Self {
        Quota::new(self.limit)
    }

    fn spend(&mut self, bytes: u64) -> Result<()> {
        let used = self.used.saturating_add(bytes);
        if used > self.limit {
            let text =
                format!("the weights have at least {used} bytes, over the limit of {} (raise it to read them)", self.limit);
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        self.used = used;
        Ok(())
    }
}

/// An open file whose size is within the quota.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    file: File,
    len: u64,
    position: u64,
}

impl Source {
    /// Opens a regular file that is not empty and not a stand-in for the real one.
    pub(super) fn open(path: &Path, quota: &mut Quota) -> Result<Self> {
        Self::open_inner(path, quota).map_err(|e| e.context(path.display()))
    }

    fn open_inner(path: &Path, quota: &mut Quota) -> Result<Self> {
        // Opening a pipe would wait for its writer, so check the type first.
        let about = std::fs::metadata(path)?;
        if !about.is_file() {
            let what = if about.is_dir() { "is a folder, not a file" } else { "is not a regular file" };
            return Err(Error::new(ErrorKind::InvalidArgument, what));
        }
        let mut file = File::open(path)?;
        let len = file.metadata()?.len();
        if len == 0 {
            return Err(malformed("is empty"));
        }
        let mut head = Vec::new();
        (&mut file).take(512).read_to_end(&mut head)?;
        if let Some(what) = stand_in(&head) {
            return Err(malformed(what));
        }
        quota.spend(len)?;
        let position = head.len() as u64;
        Ok(Source { path: path.to_owned(), file, len, position })
    }

    /// The size of the file in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Replaces `into` with the `len` bytes from `offset` on. The caller has checked that they are in the file.
    pub(super) fn read_at(&mut self, offset: u64, len: usize, into: &mut Vec<u8>) -> Result<()> {
        self.try_read_at(offset, len, into).map_err(|e| Error::from(e).context(self.path.display()))
    }

    fn try_read_at(&mut self, offset: u64, len: usize, into: &mut Vec<u8>) -> std::io::Result<()> {
        if self.position != offset {
            self.file.seek(SeekFrom::Start(offset))?;
        }
        into.clear();
        into.try_reserve_exact(len).map_err(|_| std::io::ErrorKind::OutOfMemory)?;
        (&mut self.file).take(len as u64).read_to_end(into)?;
        self.position = offset + into.len() as u64;
        if into.len() < len {
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the file shrank while it was being read"));
        }
        Ok(())
    }
}

/// Reads a whole file.
pub(super) fn read(path: &Path, quota: &mut Quota) -> Result<Vec<u8>> {
    let mut source = Source::open(path, quota)?;
    let len =
        usize::try_from(source.len).map_err(|_| Error::new(ErrorKind::TooLarge, "is too large for this machine's memory"))?;
    let mut bytes = Vec::new();
    source.read_at(0, len, &mut bytes)?;
    Ok(bytes)
}

/// Detects what a failed download leaves in place of the weights.
fn stand_in(head: &[u8]) -> Option<&'static str> {
    let text = head.trim_ascii_start();
    let starts = |what: &str| text.len() >= what.len() && text[..what.len()].eq_ignore_ascii_case(what.as_bytes());
    if starts("version https://git-lfs") {
        return Some("is a git-LFS pointer, not the weights: run `git lfs pull` where it came from");
    }
    if ["<!doctype html", "<html", "<head", "<?xml"].iter().any(|tag| starts(tag)) {
        return Some("is a web page, not the weights: download the file itself (its \"raw\" link)");
    }
    None
}

/// Describes a file that none of the readers knows: the end of the sentence "the file …".
pub(super) fn describe(head: &[u8]) -> &'static str {
    let is = |magic: &[u8]| head.starts_with(magic);
    if is(&[0x1f, 0x8b]) {
        "is gzip-compressed: unpack it first (tar xzf)"
    } else if head.get(257..262) == Some(b"ustar") {
        "is a tar archive: unpack it first (tar xf)"
    } else if is(b"\x89HDF\r\n\x1a\n") {
        "is an HDF5 file (Keras .h5), which is not supported: export a SavedModel or TFJS model"
    } else if is(b"\x89PNG") || is(&[0xff, 0xd8, 0xff]) || is(b"GIF8") {
        "is a picture, not weights"
    } else if head.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) {
        "is a text file, not weights"
    } else {
        "is not a weights file of a known format (TFLite, TFJS model.json, TensorFlow SavedModel or checkpoint, safetensors, PyTorch, ONNX)"
    }
}
