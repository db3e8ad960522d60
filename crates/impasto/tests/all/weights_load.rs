//! `load` detects formats from the content, keeps to its limits, and says what a file is that it cannot read.

use crate::weights_support;

use std::collections::BTreeMap;
use std::path::Path;

use impasto::ErrorKind;
use impasto::weights::safetensors::{Precision, to_bytes};
use impasto::weights::{Format, Limits, Tensor, Weights, load, load_file};
use weights_support::Failures;
use weights_support::bundle::{self, PLAIN, Variable};
use weights_support::flatbuffer::{self, Constant};

fn tflite() -> Vec<u8> {
    flatbuffer::model(&[Constant { name: "w", shape: vec![1], bytes: 1.0f32.to_le_bytes().into(), ..Constant::default() }])
}

fn safetensors() -> Vec<u8> {
    let mut weights = Weights::new();
    weights.insert("w", Tensor::new([1], vec![1.0]).unwrap());
    to_bytes(&weights, Precision::F32).unwrap()
}

const MANIFEST: &str = r#"{"weightsManifest": [{"paths": ["s"], "weights": [{"name": "w", "shape": [1], "dtype": "float32"}]}]}"#;

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn formats_are_told_by_content() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    // Misleading names, on purpose.
    write(root, "a.bin", tflite());
    write(root, "b.tflite", safetensors());
    write(root, "web/odd name.txt", MANIFEST);
    write(root, "web/s", 1.0f32.to_le_bytes());
    write(root, "tfjs/model.json", format!("\n {MANIFEST}"));
    write(root, "tfjs/s", 1.0f32.to_le_bytes());
    write(root, "one/w.tflite", tflite());
    write(root, "one/README.md", "Weights of a network");
    let variables = BTreeMap::from([("w".to_owned(), Variable::floats(&[1], &[1.0], 0))]);
    let files = bundle::build(&variables, 1, PLAIN);
    files.write(&root.join("saved/variables/variables"));
    files.write(&root.join("ckpt/model.ckpt-7"));
    let cases = [
        ("a.bin", Format::TfLite),
        ("b.tflite", Format::SafeTensors),
        ("web/odd name.txt", Format::TfJs),
        ("tfjs", Format::TfJs),
        ("tfjs/model.json", Format::TfJs),
        ("one", Format::TfLite),
        ("saved", Format::SavedModel),
        ("saved/variables/variables.index", Format::SavedModel),
        ("ckpt", Format::Checkpoint),
        ("ckpt/model.ckpt-7", Format::Checkpoint),
        ("ckpt/model.ckpt-7.index", Format::Checkpoint),
    ];
    for (path, format) in cases {
        let loaded = load(&root.join(path), &Limits::default()).unwrap_or_else(|e| panic!("{path}: {e}"));
        assert_eq!(loaded.format, format, "{path}");
        assert_eq!(loaded.weights.get("w").map(|w| w.data()), Some(&[1.0f32][..]), "{path}");
    }
    assert_eq!(load_file(&root.join("a.bin"), &Limits::default()).unwrap().bytes, tflite().len() as u64);
}

#[test]
fn what_is_no_weights_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let mut tar = vec![0; 512];
    tar[257..262].copy_from_slice(b"ustar");
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2\nsize 92472838\n";
    write(root, "shard/model.json", MANIFEST);
    write(root, "shard/s", lfs);
    let variables = BTreeMap::from([("w".to_owned(), Variable::floats(&[1], &[1.0], 0))]);
    bundle::build(&variables, 1, PLAIN).write(&root.join("saved/variables/variables"));
    write(root, "saved/variables/variables.data-00000-of-00001", lfs);
    write(root, "several/a.tflite", tflite());
    write(root, "several/b.tflite", tflite());
    write(root, "none/README.md", "nothing");
    write(root, "pb/saved_model.pb", b"\x08\x01");
    let files: [(&str, &[u8], &str); 14] = [
        ("empty.tflite", b"", "is empty"),
        ("lfs.tflite", lfs.as_bytes(), "is a git-LFS pointer, not the weights: run `git lfs pull`"),
        ("page.tflite", b"\n<!DOCTYPE HTML><html>", "is a web page"),
        ("page2.tflite", b"<HTML>", "is a web page"),
        ("text.tflite", b"hello\nworld\n", "is a text file"),
        ("model.pth", b"PK\x03\x04rest", "PyTorch checkpoint"),
        ("model.tar.gz", &[0x1f, 0x8b, 8, 0], "gzip"),
        ("model.tar", &tar, "tar archive"),
        ("model.h5", b"\x89HDF\r\n\x1a\nrest", "HDF5"),
        ("cat.png", b"\x89PNG\r\n\x1a\n", "is a picture"),
        ("old.pt", &[0x80, 2, 0x8a, 10], "pickle"),
        ("noise", &[1, 2, 3, 4, 0xff, 0xfe, 7], "not a weights file of a known format"),
        ("other.json", b"{\"a\": 1}", "weightsManifest"),
        ("cut.tflite", &tflite()[..20], "truncated"),
    ];
    let mut failures = Failures::default();
    for (name, bytes, part) in files {
        write(root, name, bytes);
        failures.expect_error(name, load(&root.join(name), &Limits::default()), &[name, part]);
    }
    let paths = [
        ("shard", "git-LFS pointer"),
        ("saved", "variables.data-00000-of-00001: is a git-LFS pointer"),
        ("several", "2 weights files; name one of a.tflite, b.tflite"),
        ("none", "no weights in this folder"),
        ("pb", "variables.index"),
        ("absent", "absent"),
    ];
    for (path, part) in paths {
        failures.expect_error(path, load(&root.join(path), &Limits::default()), &[path, part]);
    }
    assert_eq!(load(&root.join("absent"), &Limits::default()).unwrap_err().kind(), ErrorKind::Io);
    failures.expect_error("folder", load_file(root, &Limits::default()), &["is a folder, not a file"]);
    #[cfg(unix)]
    failures.expect_error("device", load("/dev/zero".as_ref(), &Limits::default()), &["/dev/zero", "not a regular file"]);
}

/// The limit counts all files together, and is checked before any is read.
#[test]
fn limits() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    write(root, "w.tflite", tflite());
    write(root, "w.safetensors", safetensors());
    write(root, "tfjs/model.json", MANIFEST);
    write(root, "tfjs/s", 1.0f32.to_le_bytes());
    let variables = BTreeMap::from([("w".to_owned(), Variable::floats(&[1], &[1.0], 0))]);
    bundle::build(&variables, 1, PLAIN).write(&root.join("saved/variables/variables"));
    for name in ["w.tflite", "w.safetensors", "tfjs", "saved"] {
        let path = root.join(name);
        let size = load(&path, &Limits::default()).unwrap().bytes;
        assert_eq!(load(&path, &Limits::default().max_bytes(size)).unwrap().bytes, size, "{name}");
        let error = load(&path, &Limits::default().max_bytes(size - 1)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{name}: {error}");
        assert!(error.to_string().contains(name), "{name}: {error}");
    }
    // Reading a sparse file of 3 GiB would take minutes, or all memory.
    let huge = std::fs::File::create(root.join("huge.tflite")).unwrap();
    std::io::Write::write_all(&mut &huge, &tflite()).unwrap();
    huge.set_len(3 << 30).unwrap();
    let error = load(&root.join("huge.tflite"), &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
}
