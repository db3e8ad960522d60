//! SHA-256 of files and bytes, in lower-case hexadecimal.

pub use impasto::request::sha256 as of_bytes;
pub use impasto::request::sha256_of_file as of_file;

/// Whether a text is a hash in this form.
pub(crate) fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
