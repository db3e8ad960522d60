//! Archives that attackers might make.

use std::io::{Cursor, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use impasto::ErrorKind;
use zip::write::SimpleFileOptions;

use super::{Limits, unpack};
use crate::Unwatched;
use crate::registry::Packing;

/// An entry of a tar archive whose header says exactly what it is given. The `tar`
/// crate's writer would refuse some of that.
fn entry(path: &str, kind: u8, content: &[u8], link: &str) -> Vec<u8> {
    let mut header = [0; 512];
    let mut put = |at: usize, bytes: &[u8]| header[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, path.as_bytes());
    put(100, b"0000644\0");
    put(124, format!("{:011o}\0", content.len()).as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|&b| u32::from(b)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = [&header[..], content].concat();
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn tar_gz(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&entries.concat()).unwrap();
    gzip.write_all(&[0; 1024]).unwrap();
    gzip.finish().unwrap()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (path, content) in entries {
        writer.start_file(*path, SimpleFileOptions::default()).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Paths and contents of files.
type Files = Vec<(String, Vec<u8>)>;

/// Unpacks an archive and returns the paths and contents of its files, or the kind of error and its text.
fn unpacked(bytes: &[u8], packing: Packing, only: &[&str], limits: Limits) -> Result<Files, (ErrorKind, String)> {
    let root = tempfile::tempdir().unwrap();
    let (archive, into) = (root.path().join("archive"), root.path().join("deep/into"));
    std::fs::create_dir_all(&into).unwrap();
    std::fs::write(&archive, bytes).unwrap();
    let only: Vec<_> = only.iter().map(|&path| path.to_owned()).collect();
    let result = unpack(&archive, packing, &into, &only, limits, &Unwatched);
    // In any case, nothing may be written outside the folder.
    let names =
        |folder: &Path| -> Vec<_> { std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect() };
    assert_eq!((names(root.path()).len(), names(&root.path().join("deep"))), (2, vec!["into".into()]));
    result.map_err(|e| (e.kind(), e.to_string()))?;
    let mut found = Vec::new();
    let mut folders = vec![into.clone()];
    while let Some(folder) = folders.pop() {
        for name in names(&folder) {
            let path = folder.join(name);
            let about = std::fs::symlink_metadata(&path).unwrap();
            assert!(!about.is_symlink());
            if about.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(&into).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((inside, std::fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    Ok(found)
}

#[test]
fn honest_archives_are_unpacked() {
    let files = [("saved_model.pb".to_owned(), b"model".to_vec()), ("variables/variables.index".to_owned(), b"index".to_vec())];
    let tar = tar_gz(&[
        entry("./", b'5', b"", ""),
        entry("./saved_model.pb", b'0', b"model", ""),
        entry("./variables/", b'5', b"", ""),
        entry("./variables/variables.index", b'0', b"index", ""),
    ]);
    let zip = zip(&[("saved_model.pb", b"model"), ("variables/variables.index", b"index")]);
    for (bytes, packing) in [(&tar, Packing::TarGz), (&zip, Packing::Zip)] {
        assert_eq!(unpacked(bytes, packing, &[], Limits::default()).unwrap(), files);
        let one = unpacked(bytes, packing, &["saved_model.pb"], Limits::default()).unwrap();
        assert_eq!(one, files[..1]);
        let (kind, text) = unpacked(bytes, packing, &["other"], Limits::default()).unwrap_err();
        assert!(kind == ErrorKind::Malformed && text.contains("lacks other"), "{text}");
    }
}

#[test]
fn hostile_archives_are_refused() {
    let file = |path: &str| entry(path, b'0', b"x", "");
    let zeros = vec![0; 8 << 20];
    let tars: [(&str, Vec<Vec<u8>>, ErrorKind, &str); 12] = [
        ("upwards", vec![file("../x")], ErrorKind::Malformed, "leaves its folder"),
        ("upwards inside", vec![file("a/../../x")], ErrorKind::Malformed, "leaves its folder"),
        ("absolute", vec![file("/tmp/impasto-x")], ErrorKind::Malformed, "leaves its folder"),
        ("backslashes", vec![file("..\\x")], ErrorKind::Malformed, "leaves its folder"),
        ("a drive", vec![file("C:x")], ErrorKind::Malformed, "leaves its folder"),
        ("a symbolic link", vec![entry("a", b'2', b"", "/etc"), file("a/x")], ErrorKind::Malformed, "link"),
        ("a hard link", vec![entry("a", b'1', b"", "/etc/passwd")], ErrorKind::Malformed, "link"),
        ("a device", vec![entry("a", b'3', b"", "")], ErrorKind::Malformed, "not a file"),
        ("a pipe", vec![entry("a", b'6', b"", "")], ErrorKind::Malformed, "not a file"),
        ("the same twice", vec![file("a"), file("A")], ErrorKind::Malformed, "twice"),
        ("a bomb", vec![entry("a", b'0', &zeros, "")], ErrorKind::TooLarge, "far larger"),
        ("nothing", vec![entry("a/", b'5', b"", "")], ErrorKind::Malformed, "no files"),
    ];
    for (what, entries, kind, word) in tars {
        let (found, text) = unpacked(&tar_gz(&entries), Packing::TarGz, &[], Limits::default()).unwrap_err();
        assert!(found == kind && text.contains(word), "{what}: {text}");
    }
    let zips: [(&str, Vec<u8>, ErrorKind, &str); 6] = [
        ("upwards", zip(&[("../x", b"x")]), ErrorKind::Malformed, "leaves its folder"),
        ("absolute", zip(&[("/tmp/impasto-x", b"x")]), ErrorKind::Malformed, "leaves its folder"),
        ("the same twice", zip(&[("a", b"x"), ("A", b"x")]), ErrorKind::Malformed, "twice"),
        ("a bomb", zip(&[("a", &zeros)]), ErrorKind::TooLarge, "far larger"),
        ("nothing", zip(&[]), ErrorKind::Malformed, "no files"),
        ("a link", symbolic_link(), ErrorKind::Malformed, "link"),
    ];
    for (what, bytes, kind, word) in zips {
        let (found, text) = unpacked(&bytes, Packing::Zip, &[], Limits::default()).unwrap_err();
        assert!(found == kind && text.contains(word), "{what}: {text}");
    }
}

fn symbolic_link() -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_symlink("a", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    writer.finish().unwrap().into_inner()
}

#[test]
fn a_bomb_that_is_not_kept_counts_too() {
    let zeros = vec![0; 8 << 20];
    let bytes = tar_gz(&[entry("a", b'0', &zeros, ""), entry("b", b'0', b"x", "")]);
    assert_eq!(unpacked(&bytes, Packing::TarGz, &["b"], Limits::default()).unwrap_err().0, ErrorKind::TooLarge);
}

#[test]
fn limits_are_kept() {
    let three = [("a", &b"1234"[..]), ("b", b"1234"), ("c", b"1234")];
    let tar = tar_gz(&three.map(|(path, content)| entry(path, b'0', content, "")));
    for (bytes, packing) in [(&tar, Packing::TarGz), (&zip(&three), Packing::Zip)] {
        for (limits, fits) in [
            (Limits { count: 3, bytes: 12, ..Limits::default() }, true),
            (Limits { count: 2, ..Limits::default() }, false),
            (Limits { bytes: 11, ..Limits::default() }, false),
        ] {
            let result = unpacked(bytes, packing, &[], limits);
            assert_eq!(
                result.map_err(|(kind, _)| kind).map(|files| files.len()),
                if fits { Ok(3) } else { Err(ErrorKind::TooLarge) }
            );
        }
    }
}

#[test]
fn damaged_archives_never_panic() {
    let tar = tar_gz(&[entry("a", b'0', &[7; 3000], ""), entry("b", b'0', b"x", "")]);
    let zip = zip(&[("a", &[7; 3000]), ("b", b"x")]);
    for (bytes, packing) in [(&tar, Packing::TarGz), (&zip, Packing::Zip)] {
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            // Some damage is harmless, for example to a date or a mode.
            let _ = unpacked(&damaged, packing, &[], Limits::default());
            let _ = unpacked(&bytes[..at], packing, &[], Limits::default());
        }
    }
    assert!(unpacked(b"<!doctype html><html>", Packing::TarGz, &[], Limits::default()).is_err());
}
