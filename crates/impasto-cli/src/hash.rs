//! SHA-256 of bytes, files and folders, in hexadecimal.

use std::io::{self, Read};
use std::path::Path;

use impasto::request::Hasher;

use crate::files;

/// Of a file's content, whatever its name.
///
/// # Errors
/// Besides those of reading: if it is a pipe or a device, which would wait, or be at its end by now.
pub(crate) fn of_file(path: &Path) -> io::Result<String> {
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("is not a regular file; save it to one first"));
    }
    impasto_models::hash::of_file(path)
}

/// Of a file's content, or of all files in a folder: their paths in it and their contents, sorted.
pub(crate) fn of_tree(path: &Path) -> io::Result<String> {
    if !path.is_dir() {
        return of_file(path);
    }
    let mut hasher = Hasher::default();
    for file in files::walk(path, &|_| true)? {
        let inside = file.strip_prefix(path).unwrap_or(&file);
        hasher.update(inside.as_os_str().as_encoded_bytes());
        hasher.update(&[0]);
        hasher.update(of_file(&file)?.as_bytes());
    }
    Ok(hasher.finish())
}

/// Passes a stream on and hashes what has gone by: for what can be read only once.
pub(crate) struct Hashing<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(inner: R) -> Self {
        Hashing { inner, hasher: Hasher::default() }
    }

    /// Reads what is left, and gives the hash of everything.
    pub(crate) fn finish(mut self) -> io::Result<String> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(self.hasher.finish())
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use impasto::request::sha256;

    use super::{Hashing, of_file, of_tree};
    use std::io::Read;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[cfg(unix)]
    #[test]
    fn what_can_be_read_only_once_is_not_hashed() {
        assert!(of_file("/dev/null".as_ref()).is_err());
    }

    #[test]
    fn bytes_files_and_streams_hash_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        assert_eq!(sha256(b"abc"), ABC);
        assert_eq!(of_file(&path).unwrap(), ABC);
        assert_eq!(of_tree(&path).unwrap(), ABC);
        let mut stream = Hashing::new(&b"abc"[..]);
        let mut first = [0; 1];
        stream.read_exact(&mut first).unwrap();
        assert_eq!(stream.finish().unwrap(), ABC);
    }

    #[test]
    fn a_folder_changes_with_any_file_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        write("a", "1");
        write("sub/b", "2");
        let first = of_tree(folder.path()).unwrap();
        write("sub/b", "3");
        let second = of_tree(folder.path()).unwrap();
        write("sub/b", "2");
        assert_ne!(first, second);
        assert_eq!(of_tree(folder.path()).unwrap(), first);
        std::fs::rename(folder.path().join("a"), folder.path().join("c")).unwrap();
        assert_ne!(of_tree(folder.path()).unwrap(), first);
    }
}
