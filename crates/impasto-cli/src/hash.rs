//! SHA-256 of bytes, files and folders, in hexadecimal.

use std::io::{self, Read};

use impasto::request::Hasher;
pub(crate) use impasto::request::sha256_of_file as of_file;

/// Passes a stream through and hashes it, for streams that can be read only once.
pub(crate) struct Hashing<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> Hashing<R> {
    pub(crate) fn new(inner: R) -> Self {
        Hashing { inner, hasher: Hasher::default() }
    }

    /// Reads the rest of the stream, and returns the hash of all of it.
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
    use impasto::request::{sha256, sha256_of_tree as of_tree};

    use super::{Hashing, of_file};
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
