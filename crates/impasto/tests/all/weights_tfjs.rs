//! The TFJS reader, on the browser port's real files and on manifests written for the tests.

use crate::common;
use crate::weights_support;

use std::path::Path;

use impasto::ErrorKind;
use impasto::weights::{Format, Limits, Weights, load, tfjs};
use weights_support::{Failures, check_total, check_values, rows, shape, shapes, sum_abs};

/// Values computed with NumPy; offsets from a listing made with another reader.
#[test]
fn real_separable_transformer() {
    let Some(folder) = common::shared("models/magenta-tfjs/saved_model_transformer_separable_js") else { return };
    let loaded = load(&folder, &Limits::default()).unwrap();
    assert_eq!((loaded.format, loaded.bytes), (Format::TfJs, 2_277_720 + 154_509));
    let listing = rows(&common::shared("models/vars/tfjs_saved_model_transformer_separable_js.tsv").unwrap());
    let floats = listing.iter().filter(|row| row[1] == "float32");
    assert_eq!(shapes(&loaded.weights), floats.clone().map(|row| (row[0].clone(), shape(&row[2]))).collect());
    let shard = std::fs::read(folder.join("group1-shard1of1")).unwrap();
    for row in floats {
        let (offset, len): (usize, usize) = (row[3].parse().unwrap(), row[4].parse().unwrap());
        let bytes: Vec<u8> = loaded.weights.get(&row[0]).unwrap().data().iter().flat_map(|v| v.to_le_bytes()).collect();
        assert!(bytes == shard[offset..offset + len], "{}", row[0]);
    }
    check_total(&loaded.weights, 94, 28561.58676530305);
    let name = "style_params/transformer/residual/residual5/conv2/StyleNorm/Conv_1/weights";
    check_values(&loaded.weights, name, 0.15496144, -0.11265347, 1344.2318726871654);
    // The file `model.json` works as well as its folder.
    assert_eq!(load(&folder.join("model.json"), &Limits::default()).unwrap().weights.len(), 94);
}

/// Keras' VGG-19 has a group and a shard for each layer. Only the first eight layers are available.
#[test]
fn real_vgg() {
    let Some(folder) = common::shared("models/vgg19") else { return };
    let mut json: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("model.json")).unwrap()).unwrap();
    json["weightsManifest"].as_array_mut().unwrap().truncate(8);
    let read = |name: &str| std::fs::read(folder.join(name)).map_err(Into::into);
    let weights = tfjs::read(json.to_string().as_bytes(), read).unwrap();
    assert_eq!(weights.len(), 16);
    assert_eq!(weights.get("block3_conv4/kernel").unwrap().shape(), [3, 3, 256, 256]);
    // Values of whole shards, computed with NumPy: first of the kernel, last of the bias, sum of both.
    for (layer, first, last, sum) in [
        ("block1_conv1", 0.34119523, 0.4072122, 300.40024566117427),
        ("block2_conv2", -0.0005914726, 0.29022315, 2235.6696250919467),
        ("block3_conv1", -0.004288961, 0.17331998, 3365.2962872937424),
        ("block3_conv4", -0.014551882, -0.016778773, 4242.716817820991),
    ] {
        let kernel = weights.get(&format!("{layer}/kernel")).unwrap().data();
        let bias = weights.get(&format!("{layer}/bias")).unwrap().data();
        assert_eq!((kernel[0], bias[bias.len() - 1]), (first, last), "{layer}");
        let found = sum_abs(kernel) + sum_abs(bias);
        assert!((found / sum - 1.0).abs() < 1e-9, "{layer}: {found} is not {sum}");
    }
}

#[test]
fn a_missing_shard_is_named() {
    let Some(folder) = common::shared("models/magenta-tfjs/saved_model_style_inception_js") else { return };
    let error = load(&folder, &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    let text = error.to_string();
    assert!(text.contains("saved_model_style_inception_js") && text.contains("group1-shard1of9"), "{text}");
}

/// Reads a model with one group of shards `a` and `b`, cut at byte 5.
fn read(weights: &str, bytes: &[u8]) -> impasto::Result<Weights> {
    let json =
        format!(r#"{{"modelTopology": {{"x": [1]}}, "weightsManifest": [{{"paths": ["a", "b"], "weights": {weights}}}]}}"#);
    let (a, b) = bytes.split_at(bytes.len().min(5));
    tfjs::read(json.as_bytes(), |name| Ok(if name == "a" { a.to_vec() } else { b.to_vec() }))
}

#[test]
fn every_type_across_shards() {
    let weights = r#"[
        {"name": "u8", "shape": [3], "dtype": "float32", "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1}},
        {"name": "skipped", "shape": [1], "dtype": "int32"},
        {"name": "f32", "shape": [1, 2], "dtype": "float32"},
        {"name": "flag", "shape": [], "dtype": "bool"},
        {"name": "u16", "shape": [2], "dtype": "float32", "quantization": {"dtype": "uint16", "scale": 0.25, "min": 0.0}},
        {"name": "axes", "shape": [2], "dtype": "int32", "quantization": {"dtype": "uint8", "scale": 1, "min": 0}},
        {"name": "f16", "shape": [1], "dtype": "float32", "quantization": {"dtype": "float16"}},
        {"name": "scalar", "shape": [], "dtype": "float32"}]"#;
    let mut bytes = vec![0, 1, 255, 9, 9, 9, 9];
    bytes.extend([1.5f32, -2.0].iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend([1, 0, 0, 255, 255, 7, 8, 0, 0xc0]);
    bytes.extend(3.25f32.to_le_bytes());
    let weights = read(weights, &bytes).unwrap();
    let found: Vec<_> = weights.iter().map(|(name, tensor)| (name, tensor.shape(), tensor.data())).collect();
    let expected: [(&str, &[usize], &[f32]); 5] = [
        ("f16", &[1], &[-2.0]),
        ("f32", &[1, 2], &[1.5, -2.0]),
        ("scalar", &[], &[3.25]),
        ("u16", &[2], &[0.0, 16383.75]),
        ("u8", &[3], &[-1.0, -0.5, 126.5]),
    ];
    assert_eq!(found, expected);
}

#[test]
fn bad_manifests_say_why() {
    let mut failures = Failures::default();
    let mut bad = |case: &str, weights: &str, len: usize, parts: &[&str]| {
        failures.expect_error(case, read(weights, &vec![0; len]), parts);
    };
    let w = |shape: &str, dtype: &str| format!(r#"[{{"name": "w", "shape": {shape}, "dtype": "{dtype}"}}]"#);
    bad("short", &w("[3]", "float32"), 11, &["\"w\"", "too short"]);
    bad("long", &w("[3]", "float32"), 13, &["1 bytes too many"]);
    bad("empty", &w("[3]", "float32"), 0, &["\"w\"", "too short"]);
    bad("negative", &w("[-3]", "float32"), 12, &["model.json"]);
    bad("fraction", &w("[1.5]", "float32"), 12, &["model.json"]);
    bad("overflow", &w("[4294967296, 4294967296]", "float32"), 12, &["\"w\"", "impossible shape"]);
    bad("overflow in bytes", &w("[9223372036854775807]", "float32"), 12, &["\"w\"", "too short"]);
    bad("many axes", &w("[1,1,1,1,1,1,1,1,1]", "float32"), 4, &["\"w\"", "9 axes"]);
    bad("string", &w("[1]", "string"), 4, &["\"w\"", "string"]);
    bad("nothing", "[]", 0, &["no floating-point weights"]);
    bad("only integers", &w("[1]", "int32"), 4, &["no floating-point weights"]);
    let two = r#"[{"name": "w", "shape": [1], "dtype": "float32"}, {"name": "w", "shape": [1], "dtype": "float32"}]"#;
    bad("twice", two, 8, &["two arrays", "\"w\""]);
    let quantised = |q: &str| format!(r#"[{{"name": "w", "shape": [2], "dtype": "float32", "quantization": {q}}}]"#);
    bad("no scale", &quantised(r#"{"dtype": "uint8", "min": 0}"#), 2, &["\"w\"", "without a scale"]);
    bad("int4", &quantised(r#"{"dtype": "int4", "scale": 1, "min": 0}"#), 1, &["\"w\"", "int4"]);
    bad("overflowing scale", &quantised(r#"{"dtype": "uint8", "scale": 1, "min": 1e300}"#), 2, &["\"w\"", "infinity"]);
    let nan = read(&w("[1]", "float32"), &f32::NAN.to_le_bytes());
    failures.expect_error("nan", nan, &["\"w\"", "NaN", "value 0 of 1"]);
    for json in ["", "{", "[]", "null", r#"{"weightsManifest": 3}"#, r#"{"modelTopology": {}}"#, "\u{0}"] {
        let read = tfjs::read(json.as_bytes(), |_| Ok(Vec::new()));
        failures.expect_error(json, read, &["not the model.json of a TFJS model"]);
    }
}

/// A manifest must not reach outside its folder, or cause a file to be read again and again.
#[test]
fn shards_are_plain_names() {
    let mut failures = Failures::default();
    let names =
        ["../w", "/etc/passwd", "a/b", "a\\\\b", "..", ".", "", ".hidden", "C:w", "a\\u0000b", "a\\nb", "file://w", "%2e%2e%2fw"];
    for name in names {
        let json = format!(r#"{{"weightsManifest": [{{"paths": ["{name}"], "weights": []}}]}}"#);
        let read = tfjs::read(json.as_bytes(), |_| panic!("{name} was read"));
        failures.expect_error(name, read, &["is not the plain name of a file"]);
    }
    let json = r#"{"weightsManifest": [{"paths": ["a", "a"], "weights": []}]}"#;
    failures.expect_error("twice", tfjs::read(json.as_bytes(), |_| panic!("was read")), &["shard \"a\" twice"]);
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "sub/w", &1.0f32.to_le_bytes());
    let json = r#"{"weightsManifest": [{"paths": ["sub"], "weights": []}]}"#;
    write(folder.path(), "model.json", json.as_bytes());
    failures.expect_error("folder", load(folder.path(), &Limits::default()), &["sub", "is a folder"]);
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}
