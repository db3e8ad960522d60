//! safetensors files: written and read back, and files of the reference implementation.

use crate::common;
use crate::weights_support;

use half::f16;
use impasto::ErrorKind;
use impasto::weights::safetensors::{Precision, read, save, to_bytes};
use impasto::weights::{Format, Limits, Tensor, Weights, load};
use weights_support::Failures;

fn some_weights() -> Weights {
    let mut weights = Weights::new();
    weights.insert("b/weights", Tensor::new([2, 2], vec![1.5, -2.25, f32::MIN_POSITIVE, 0.1]).unwrap());
    weights.insert("a \"quoted\" \u{e4}\n", Tensor::new([3], vec![0.0, 65504.0, -65519.0]).unwrap());
    weights.insert("empty", Tensor::new([2, 0], vec![]).unwrap());
    weights.insert("scalar", Tensor::new([], vec![7.0]).unwrap());
    for i in 0..20 {
        weights.metadata.insert(format!("key {i}"), format!("value \"{i}\"\n"));
    }
    weights
}

fn with(name: &str, values: &[f32]) -> Weights {
    let mut weights = Weights::new();
    weights.insert(name, Tensor::new([values.len()], values.to_vec()).unwrap());
    weights
}

#[test]
fn comes_back_as_it_was_written() {
    let weights = some_weights();
    let back = read(&to_bytes(&weights, Precision::F32).unwrap()).unwrap();
    assert_eq!(back.iter().collect::<Vec<_>>(), weights.iter().collect::<Vec<_>>());
    assert_eq!(back.metadata, weights.metadata);
    let back = read(&to_bytes(&weights, Precision::F16).unwrap()).unwrap();
    assert_eq!(back.metadata, weights.metadata);
    assert_eq!(back.len(), weights.len());
    for (name, tensor) in weights.iter() {
        let rounded: Vec<f32> = tensor.data().iter().map(|v| f16::from_f32(*v).to_f32()).collect();
        assert_eq!((back.get(name).unwrap().shape(), back.get(name).unwrap().data()), (tensor.shape(), &rounded[..]), "{name}");
    }
}

/// The bytes are the same on every run, whatever the order in which arrays and metadata were added.
#[test]
fn bytes_are_deterministic() {
    let weights = some_weights();
    let mut reversed = Weights::new();
    for (name, tensor) in weights.iter().collect::<Vec<_>>().into_iter().rev() {
        reversed.insert(name, tensor.clone());
    }
    reversed.metadata.extend(weights.metadata.iter().rev().map(|(k, v)| (k.clone(), v.clone())));
    let bytes = to_bytes(&weights, Precision::F16).unwrap();
    assert!(bytes == to_bytes(&reversed, Precision::F16).unwrap());
    assert_eq!(crc32c::crc32c(&bytes), 0x9213_1fd2, "not the bytes that earlier versions wrote");
    let header = u64::from_le_bytes(*bytes.first_chunk().unwrap());
    assert_eq!((8 + header) % 8, 0, "arrays are not aligned");
}

#[test]
fn what_cannot_be_stored_is_refused() {
    let mut failures = Failures::default();
    let cases = [
        ("largest", with("w", &[65519.99]), None),
        ("beyond", with("w", &[0.0, 65520.0]), Some("65520")),
        ("beyond, negative", with("w", &[-1e9]), Some("-1000000000")),
    ];
    for (case, weights, parts) in cases {
        let result = to_bytes(&weights, Precision::F16);
        match parts {
            None => assert_eq!(read(&result.unwrap()).unwrap().get("w").unwrap().data(), [65504.0], "{case}"),
            Some(part) => failures.expect_error(case, result, &["\"w\"", "F16", part]),
        }
        assert!(to_bytes(&weights, Precision::F32).is_ok(), "{case}");
    }
    for precision in [Precision::F32, Precision::F16] {
        failures.expect_error("nan", to_bytes(&with("w", &[f32::NAN]), precision), &["\"w\"", "NaN"]);
        failures.expect_error("infinity", to_bytes(&with("w", &[f32::INFINITY]), precision), &["\"w\"", "inf"]);
        failures.expect_error("reserved", to_bytes(&with("__metadata__", &[1.0]), precision), &["__metadata__"]);
    }
}

#[test]
fn writing_is_all_or_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.safetensors");
    save(&with("w", &[1.0]), &path, Precision::F32, false).unwrap();
    let first = std::fs::read(&path).unwrap();
    let error = save(&with("w", &[2.0]), &path, Precision::F32, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("m.safetensors"), "{error}");
    assert!(save(&with("w", &[f32::NAN]), &path, Precision::F32, true).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), first);
    save(&with("w", &[2.0]), &path, Precision::F32, true).unwrap();
    let loaded = load(&path, &Limits::default()).unwrap();
    assert_eq!((loaded.format, loaded.weights.get("w").unwrap().data()), (Format::SafeTensors, &[2.0f32][..]));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a temporary file is left");
    let error = save(&with("w", &[1.0]), &folder.path().join("no/m.safetensors"), Precision::F32, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn every_type() {
    let header = r#"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[8,12]},
        "c":{"dtype":"I64","shape":[1],"data_offsets":[12,20]},"d":{"dtype":"F16","shape":[1],"data_offsets":[20,22]},
        "e":{"dtype":"BOOL","shape":[],"data_offsets":[22,23]}}"#;
    let mut data = 0.1f64.to_le_bytes().to_vec();
    data.extend([0xc0, 0x3f, 0x00, 0xc0, 1, 2, 3, 4, 5, 6, 7, 8, 0x00, 0x3c, 1]);
    let weights = read(&file(header, &data)).unwrap();
    let found: Vec<_> = weights.iter().map(|(name, tensor)| (name, tensor.data())).collect();
    assert_eq!(found, [("a", &[0.1f32][..]), ("b", &[1.5, -2.0]), ("d", &[1.0])]);
}

#[test]
fn bad_files_say_why() {
    let mut failures = Failures::default();
    let mut bad = |case: &str, dtype: &str, shape: &str, offsets: &str, data: &[u8], parts: &[&str]| {
        let header = format!(r#"{{"w":{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}}}}}"#);
        failures.expect_error(case, read(&file(&header, data)), parts);
    };
    let damaged = &["safetensors"];
    bad("nan", "F32", "[1]", "[0,4]", &f32::NAN.to_le_bytes(), &["\"w\"", "NaN"]);
    bad("infinite float64", "F64", "[1]", "[0,8]", &1e300f64.to_le_bytes(), &["\"w\"", "infinity"]);
    bad("float8", "F8_E4M3", "[1]", "[0,1]", &[0], &["\"w\"", "F8_E4M3"]);
    bad("unknown type", "F33", "[1]", "[0,4]", &[0; 4], damaged);
    bad("short", "F32", "[2]", "[0,8]", &[0; 7], damaged);
    bad("long", "F32", "[1]", "[0,4]", &[0; 5], damaged);
    bad("size", "F32", "[3]", "[0,8]", &[0; 8], damaged);
    bad("backwards", "F32", "[1]", "[4,0]", &[0; 4], damaged);
    bad("gap", "F32", "[1]", "[4,8]", &[0; 8], damaged);
    bad("overflow", "F32", "[9223372036854775807,9223372036854775807]", "[0,4]", &[0; 4], damaged);
    bad("negative", "F32", "[-1]", "[0,4]", &[0; 4], damaged);
    bad("many axes", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]", &[0; 4], &["\"w\"", "9 axes"]);
    bad("only integers", "I32", "[1]", "[0,4]", &[0; 4], &["no floating-point weights"]);
    for (case, bytes) in
        [("empty", vec![]), ("seven bytes", vec![0; 7]), ("huge header", vec![0xff; 64]), ("no JSON", file("{]", &[]))]
    {
        failures.expect_error(case, read(&bytes), damaged);
    }
}

/// Files that the reference implementation (Python) wrote.
#[test]
fn real_files() {
    let Some(path) = common::shared("fixtures/tfjs_transformer_separable.safetensors") else { return };
    let weights = load(&path, &Limits::default()).unwrap().weights;
    assert!(weights.len() >= 9, "{}", weights.len());
    for (name, tensor) in weights.iter().filter(|(name, _)| name.ends_with(".output")) {
        assert!(tensor.data().iter().all(|v| (0.0..=1.0).contains(v)), "{name}");
        assert_eq!(tensor.shape().last(), Some(&3), "{name}");
    }
}
