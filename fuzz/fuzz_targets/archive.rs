//! Archives of models: tar archives with gzip, or zip archives. Nothing may leave the
//! folder, and nothing in it may be a link.
#![no_main]

use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use impasto_models::archive::{Limits, unpack};
use impasto_models::registry::Packing;
use impasto_models::Unwatched;
use libfuzzer_sys::fuzz_target;

/// Maximum number of bytes of all files together.
const MOST: u64 = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let (packing, content) = match kind % 3 {
        // Compressed here, so that the fuzzer changes the archive and not its compression.
        0 => {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::none());
            gzip.write_all(rest).expect("memory takes all");
            (Packing::TarGz, gzip.finish().expect("memory takes all"))
        }
        1 => (Packing::TarGz, rest.to_vec()),
        _ => (Packing::Zip, rest.to_vec()),
    };
    let root = tempfile::tempdir().expect("a folder");
    let (archive, into) = (root.path().join("archive"), root.path().join("into"));
    std::fs::write(&archive, content).expect("a file");
    std::fs::create_dir(&into).expect("a folder");
    let mut limits = Limits::default();
    (limits.bytes, limits.count, limits.ratio) = (MOST, 64, 1000);
    let done = unpack(&archive, packing, &into, &[], limits, &Unwatched);
    let (count, size) = measure(&into);
    assert!(size <= MOST && count <= 64, "{count} files, {size} bytes");
    assert!(done.is_err() || count > 0);
    assert_eq!(std::fs::read_dir(root.path()).expect("a folder").count(), 2, "something left its folder");
});

/// Counts the files in a folder and its subfolders, and their bytes.
fn measure(folder: &Path) -> (usize, u64) {
    let mut sum = (0, 0);
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let about = std::fs::symlink_metadata(&path).expect("an entry");
        assert!(about.is_dir() || about.is_file(), "{path:?} is neither a file nor a folder");
        let (count, size) = if about.is_dir() { measure(&path) } else { (1, about.len()) };
        sum = (sum.0 + count, sum.1 + size);
    }
    sum
}
