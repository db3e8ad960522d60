//! SHA-256, in hexadecimal.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// A SHA-256 hash in progress.
#[derive(Debug, Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the hash as 64 hexadecimal digits.
    pub fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// Returns the hash of these bytes.
pub fn sha256(bytes: &[u8]) -> String {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    hasher.finish()
}

/// Returns the hash of a file's content, whatever its name.
///
/// # Errors
/// Those of reading; and if the file is a pipe or a device, which could block or already be at its end.
pub fn sha256_of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("is not a regular file; save it to one first"));
    }
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(&piece[..n]),
        }
    }
}

/// Returns the hash of a file's content, or of all files in a folder: their relative paths and their contents, sorted.
/// Links to files count as files. Links to folders are not followed, because they may form a cycle.
///
/// # Errors
/// As [`sha256_of_file`].
pub fn sha256_of_tree(path: &Path) -> io::Result<String> {
    if !path.is_dir() {
        return sha256_of_file(path);
    }
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort();
    let mut hasher = Hasher::default();
    for file in files {
        let inside = file.strip_prefix(path).unwrap_or(&file);
        hasher.update(inside.as_os_str().as_encoded_bytes());
        hasher.update(&[0]);
        hasher.update(sha256_of_file(&file)?.as_bytes());
    }
    Ok(hasher.finish())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u32> = text.chars().map(|c| c.to_digit(16)).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| (high * 16 + low) as u8).collect())
}
