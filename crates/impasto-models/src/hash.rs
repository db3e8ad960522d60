//! SHA-256 of files and bytes, in lower-case hexadecimal.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use impasto::request::Hasher;
pub use impasto::request::sha256 as of_bytes;

/// Of a file's content: 64 digits.
///
/// # Errors
/// If the file cannot be read.
pub fn of_file(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::default();
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            n => hasher.update(&piece[..n]),
        }
    }
}

/// Whether a text is a hash in this form.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
