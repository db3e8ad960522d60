//! The ONNX reader, on files with every kind of weights; and folders of deeplearn.js.

use crate::weights_support::onnx::{bytes, integer, model, node, number, raw, tensor, text};

use impasto::weights::{Format, Limits, Weights, load, onnx};
use impasto::{Error, ErrorKind};

fn values(weights: &Weights, name: &str) -> Vec<f32> {
    weights.get(name).unwrap_or_else(|| panic!("no {name:?}")).data().to_vec()
}

fn dequantise(input: &str, scale: &str, zero: &str, output: &str, axis: i64) -> Vec<u8> {
    node("DequantizeLinear", &[input, scale, zero], output, &[integer("axis", axis)])
}

#[test]
fn floats_of_every_width_are_read() {
    let list: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let doubles: Vec<u8> = [0.25f64, 8.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    // 1.0 and -2.0 as float16: as bytes, and as bits in the list of integers.
    let half = [0x00, 0x3c, 0x00, 0xc0];
    let mut bits = Vec::new();
    for value in [0x3c00u64, 0xc000] {
        bits.extend(number(0, value)[1..].to_vec());
    }
    let tensors = [
        tensor("raw", 1, &[2, 1], &raw(&[3.0, 4.0])),
        tensor("list", 1, &[2], &bytes(4, &list)),
        tensor("double", 11, &[2], &bytes(10, &doubles)),
        tensor("half", 10, &[2], &bytes(9, &half)),
        tensor("bits", 10, &[2], &bytes(5, &bits)),
        tensor("brain", 16, &[1], &bytes(9, &[0x80, 0x3f])),
        tensor("one", 1, &[], &raw(&[1e-5])),
        tensor("axes", 7, &[1], &bytes(9, &[0; 8])),
    ];
    let nodes = [node("Pad", &["x"], "y", &[text("mode", "reflect")]), node("Conv", &["y", "raw"], "z", &[])];
    let weights = onnx::read(&model(&nodes, &tensors)).unwrap();
    assert_eq!(values(&weights, "raw"), [3.0, 4.0]);
    assert_eq!(weights.get("raw").unwrap().shape(), [2, 1]);
    assert_eq!(values(&weights, "list"), [1.5, -2.0]);
    assert_eq!(values(&weights, "double"), [0.25, 8.0]);
    assert_eq!((values(&weights, "half"), values(&weights, "bits")), (vec![1.0, -2.0], vec![1.0, -2.0]));
    assert_eq!(values(&weights, "brain"), [1.0]);
    assert!(weights.get("axes").is_none());
    assert_eq!(weights.metadata[onnx::OPERATORS], "Conv Pad:reflect");
    assert_eq!(weights.metadata[onnx::CONSTANTS], "0.00001");
}

#[test]
fn integers_become_floats_by_their_scales() {
    let tensors = [
        tensor("w", 3, &[2, 3], &bytes(9, &[1, 2, 3, 0xff, 0xfe, 0xfd])),
        tensor("rows", 1, &[2], &raw(&[0.5, 2.0])),
        tensor("columns", 1, &[3], &raw(&[1.0, 10.0, 100.0])),
        tensor("all", 1, &[], &raw(&[0.25])),
        tensor("zeros", 3, &[2], &bytes(9, &[1, 0xff])),
        tensor("u", 2, &[2], &bytes(9, &[130, 126])),
        tensor("middle", 2, &[], &bytes(9, &[128])),
        tensor("i", 6, &[2], &bytes(9, &[255, 255, 255, 255, 4, 0, 0, 0])),
    ];
    let nodes = [
        dequantise("w", "rows", "zeros", "by row_dequant", 0),
        dequantise("w", "columns", "", "by column", -1),
        dequantise("u", "all", "middle", "unsigned_dequant", 0),
        dequantise("i", "all", "", "integers", 0),
        // Values computed from the picture have no constant to read.
        dequantise("x", "all", "", "computed", 0),
    ];
    let weights = onnx::read(&model(&nodes, &tensors)).unwrap();
    assert_eq!(values(&weights, "by row"), [0.0, 0.5, 1.0, 0.0, -2.0, -4.0]);
    assert_eq!(values(&weights, "by column"), [1.0, 20.0, 300.0, -1.0, -20.0, -300.0]);
    assert_eq!(values(&weights, "unsigned"), [0.5, -0.5]);
    assert_eq!(values(&weights, "integers"), [-0.25, 1.0]);
    assert_eq!(weights.len(), 4, "scales are no weights");
}

#[test]
fn what_is_wrong_is_said() {
    let refused = |kind: ErrorKind, file: Vec<u8>, words: &str| {
        let error: Error = onnx::read(&file).unwrap_err();
        assert!(error.kind() == kind && error.to_string().contains(words), "{words}: {error}");
    };
    let one = |fields: &[u8]| model(&[], &[tensor("w", 1, &[2], fields)]);
    refused(ErrorKind::Unsupported, one(&[raw(&[1.0, 2.0]), bytes(13, b"\x0a\x01a")].concat()), "another file");
    refused(ErrorKind::Unsupported, one(&number(14, 1)), "another file");
    refused(ErrorKind::Malformed, one(&raw(&[1.0])), "takes 4 bytes a value");
    refused(ErrorKind::Malformed, one(&raw(&[1.0, f32::NAN])), "NaN");
    refused(ErrorKind::Unsupported, model(&[], &[tensor("w", 22, &[2], &bytes(9, &[0]))]), "kind 22");
    refused(ErrorKind::Malformed, model(&[], &[tensor("w", 1, &[1 << 40, 1 << 40], &[])]), "impossible shape");
    let twice = tensor("w", 1, &[1], &raw(&[1.0]));
    refused(ErrorKind::Malformed, model(&[], &[twice.clone(), twice]), "two arrays");
    refused(ErrorKind::Malformed, model(&[bytes(1, b"x")], &[]), "without a kind");
    refused(ErrorKind::Malformed, model(&[], &[]), "no floating-point weights");
    refused(ErrorKind::Unsupported, [number(1, 99), bytes(7, &[])].concat(), "version 99");
    refused(ErrorKind::Malformed, number(1, 8), "lacks a graph");
    let scales = [
        tensor("w", 3, &[2, 3], &bytes(9, &[0; 6])),
        tensor("s", 1, &[5], &raw(&[1.0; 5])),
        tensor("z", 3, &[2], &bytes(9, &[0; 2])),
        tensor("t", 1, &[3], &raw(&[1.0; 3])),
    ];
    refused(ErrorKind::Malformed, model(&[dequantise("w", "s", "", "a", 1)], &scales), "fit no axis");
    refused(ErrorKind::Malformed, model(&[dequantise("w", "t", "z", "a", 1)], &scales), "2 zero points");
}

#[test]
fn files_are_recognised_by_their_content() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.bin");
    std::fs::write(&path, model(&[node("Relu", &["x"], "y", &[])], &[tensor("w", 1, &[1], &raw(&[1.0]))])).unwrap();
    assert_eq!(load(&path, &Limits::default()).unwrap().format, Format::Onnx);
    std::fs::write(&path, b"\x08\x01\x12\x04text").unwrap();
    assert!(load(&path, &Limits::default()).unwrap_err().to_string().contains("known format"));
}

#[test]
fn folders_of_deeplearn_js_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    let manifest = |filename: &str| {
        file("manifest.json", format!(r#"{{"Variable": {{"filename": "{filename}", "shape": [2]}}}}"#).as_bytes());
        load(folder.path(), &Limits::default())
    };
    file("a", &[0, 0, 128, 63, 0, 0, 0, 64]);
    let loaded = manifest("a").unwrap();
    assert_eq!(loaded.format, Format::DeepLearnJs);
    assert_eq!(values(&loaded.weights, "Variable"), [1.0, 2.0]);
    for name in ["../a", "/a", "", ".a", "b/a", "c:a"] {
        assert!(manifest(name).unwrap_err().to_string().contains("not a file in this folder"), "{name}");
    }
    assert_eq!(manifest("b").unwrap_err().kind(), ErrorKind::Io);
    file("a", &[0, 0, 128, 63]);
    assert!(manifest("a").unwrap_err().to_string().contains("takes 4 bytes a value"));
    file("manifest.json", b"[1]");
    assert!(load(folder.path(), &Limits::default()).unwrap_err().to_string().contains("manifest.json"));
    assert_eq!(load(folder.path(), &Limits::default().max_bytes(1)).unwrap_err().kind(), ErrorKind::TooLarge);
}
