//! The TFLite reader, on the real pair and on files written for the tests.

use crate::common;
use crate::weights_support;

use impasto::weights::{Format, Limits, load, tflite};
use weights_support::flatbuffer::{Constant, model, model_of_version};
use weights_support::{Failures, check_total, check_values, rows, shape, shapes};

/// Values computed with TensorFlow's interpreter and NumPy.
#[test]
fn real_predictor() {
    let Some(path) = common::shared("models/magenta-tflite/style_predict_quantized_256.tflite") else { return };
    let loaded = load(&path, &Limits::default()).unwrap();
    assert_eq!((loaded.format, loaded.bytes), (Format::TfLite, 2_828_838));
    check_listing(&loaded.weights, "style_predict_quantized_256");
    check_total(&loaded.weights, 106, 262513.698034064);
    check_values(&loaded.weights, "MobilenetV2/Conv/Conv2D_bias", 2.3205955, 4.7585096, 68.80486021097751);
    check_values(&loaded.weights, "MobilenetV2/Conv/weights", -0.29855356, 0.0071433946, 245.1275728981418);
    let name = "MobilenetV2/expanded_conv_15/project/weights";
    check_values(&loaded.weights, name, -0.818759, 0.58159614, 43147.59855621122);
}

#[test]
fn real_transformer() {
    let Some(path) = common::shared("models/magenta-tflite/style_transfer_f16_384.tflite") else { return };
    let loaded = load(&path, &Limits::default()).unwrap();
    check_listing(&loaded.weights, "style_transfer_f16_384");
    check_total(&loaded.weights, 88, 9583.246715009212);
    let name = "style_params/transformer/expand/conv1/conv/StyleNorm/Conv/weights";
    check_values(&loaded.weights, name, 0.21154785, 0.15466309, 180.1740915775299);
}

/// Checks names and shapes against a listing made with another reader.
fn check_listing(weights: &impasto::weights::Weights, file: &str) {
    let rows = rows(&common::shared(&format!("models/vars/tflite_{file}.tsv")).unwrap());
    let constants = rows.iter().filter(|row| row[4] == "C" && (row[2].starts_with("FLOAT") || row[5] != "-"));
    assert_eq!(shapes(weights), constants.map(|row| (row[1].clone(), shape(&row[3]))).collect());
}

fn floats(name: &'static str, data: &[f32]) -> Constant {
    let bytes = data.iter().flat_map(|v| v.to_le_bytes()).collect();
    Constant { name, shape: vec![data.len() as i32], bytes, ..Constant::default() }
}

#[test]
fn every_type_and_axis() {
    let i8s = |q: &[i8]| q.iter().map(|q| q.cast_unsigned()).collect::<Vec<_>>();
    let base = Constant { kind: 9, shape: vec![2, 3], bytes: i8s(&[-128, 127, 0, 1, -1, 2]), ..Constant::default() };
    let cases = [
        (floats("f32", &[1.5, -2.0]), vec![1.5, -2.0]),
        (Constant { name: "f16", kind: 1, shape: vec![2], bytes: vec![0, 0x3c, 0, 0xc0], ..base.clone() }, vec![1.0, -2.0]),
        (Constant { name: "bf16", kind: 18, shape: vec![], bytes: vec![0xc0, 0x3f], ..base.clone() }, vec![1.5]),
        (Constant { name: "f64", kind: 10, shape: vec![1], bytes: 0.25f64.to_le_bytes().into(), ..base.clone() }, vec![0.25]),
        (Constant { name: "array", scales: vec![0.5], ..base.clone() }, vec![-64.0, 63.5, 0.0, 0.5, -0.5, 1.0]),
        (
            Constant { name: "zero", scales: vec![0.5], zeros: vec![-128], ..base.clone() },
            vec![0.0, 127.5, 64.0, 64.5, 63.5, 65.0],
        ),
        (
            Constant { name: "rows", scales: vec![1.0, 2.0], zeros: vec![0, 1], ..base.clone() },
            vec![-128., 127., 0., 0., -4., 2.],
        ),
        (
            Constant { name: "columns", scales: vec![1.0, 2.0, 3.0], axis: 1, ..base.clone() },
            vec![-128.0, 254.0, 0.0, 1.0, -2.0, 6.0],
        ),
        (
            // The middle one of three axes: each scale applies to a run of two values, twice.
            Constant { name: "middle", shape: vec![1, 3, 2], scales: vec![1.0, 2.0, 3.0], axis: 1, ..base.clone() },
            vec![-128.0, 127.0, 0.0, 2.0, -3.0, 6.0],
        ),
        (
            Constant { name: "u8", kind: 3, shape: vec![2], bytes: vec![0, 255], scales: vec![2.0], ..base.clone() },
            vec![0.0, 510.0],
        ),
        (
            Constant { name: "i16", kind: 7, shape: vec![1], bytes: vec![0, 0x80], scales: vec![1.0], ..base.clone() },
            vec![-32768.0],
        ),
        (
            Constant {
                name: "i32",
                kind: 2,
                shape: vec![1],
                bytes: (-7i32).to_le_bytes().into(),
                scales: vec![0.5],
                ..base.clone()
            },
            vec![-3.5],
        ),
    ];
    // These are not weights and are left out: an axis, a flag, a computed tensor.
    let skipped = [
        Constant { name: "axis", kind: 2, shape: vec![1], bytes: vec![1, 0, 0, 0], ..base.clone() },
        Constant { name: "flag", kind: 6, shape: vec![1], bytes: vec![1], ..base.clone() },
        Constant { name: "computed", bytes: vec![], ..base.clone() },
    ];
    let file = model(&cases.iter().map(|(c, _)| c.clone()).chain(skipped).collect::<Vec<_>>());
    let weights = tflite::read(&file).unwrap();
    assert_eq!(weights.len(), cases.len());
    for (constant, expected) in &cases {
        let tensor = weights.get(constant.name).unwrap();
        assert_eq!(tensor.data(), expected, "{}", constant.name);
        let shape: Vec<_> = constant.shape.iter().map(|n| *n as usize).collect();
        assert_eq!(tensor.shape(), shape, "{}", constant.name);
    }
}

#[test]
fn bad_files_say_why() {
    let good = floats("w", &[1.0, 2.0, 3.0]);
    let int8 = Constant { kind: 9, bytes: vec![1, 2, 3], scales: vec![1.0], ..good.clone() };
    let mut failures = Failures::default();
    let mut bad = |case: &str, constants: &[Constant], parts: &[&str]| {
        failures.expect_error(case, tflite::read(&model(constants)), parts);
    };
    bad("nan", &[floats("w", &[1.0, f32::NAN])], &["\"w\"", "NaN", "value 1 of 2"]);
    bad("infinity", &[floats("w", &[f32::NEG_INFINITY])], &["\"w\"", "an infinity"]);
    bad(
        "infinite float16",
        &[Constant { kind: 1, shape: vec![1], bytes: vec![0, 0x7c], ..good.clone() }],
        &["\"w\"", "infinity"],
    );
    bad("scale NaN", &[Constant { scales: vec![f32::NAN], ..int8.clone() }], &["\"w\"", "NaN"]);
    bad("too few bytes", &[Constant { shape: vec![4], ..good.clone() }], &["\"w\"", "[4]", "12 bytes"]);
    bad("too many bytes", &[Constant { shape: vec![2], ..good.clone() }], &["\"w\"", "[2]"]);
    bad("negative axis length", &[Constant { shape: vec![-3], ..good.clone() }], &["\"w\"", "negative"]);
    bad("huge shape", &[Constant { shape: vec![i32::MAX; 8], ..good.clone() }], &["\"w\"", "impossible shape"]);
    bad("large shape", &[Constant { shape: vec![i32::MAX], ..good.clone() }], &["\"w\"", "more memory"]);
    bad("many axes", &[Constant { shape: vec![1; 9], ..good.clone() }], &["\"w\"", "9 axes"]);
    bad("twice", &[good.clone(), good.clone()], &["two arrays", "\"w\""]);
    bad("scales on no axis", &[Constant { scales: vec![1.0; 2], ..int8.clone() }], &["\"w\"", "2 scales"]);
    bad("axis outside", &[Constant { scales: vec![1.0; 3], axis: 1, ..int8.clone() }], &["\"w\"", "3 scales"]);
    bad("axis negative", &[Constant { scales: vec![1.0; 3], axis: -1, ..int8.clone() }], &["\"w\"", "3 scales"]);
    bad("zero points", &[Constant { scales: vec![1.0; 3], zeros: vec![0; 2], ..int8.clone() }], &["\"w\"", "2 zero points"]);
    bad("zero point", &[Constant { zeros: vec![i64::MIN], ..int8.clone() }], &["\"w\"", "zero point"]);
    bad("custom", &[Constant { custom: 1, ..int8.clone() }], &["\"w\"", "custom"]);
    bad("four bits", &[Constant { kind: 17, ..int8.clone() }], &["\"w\"", "4-bit"]);
    bad("sparse", &[Constant { sparse: true, ..good.clone() }], &["\"w\"", "sparse"]);
    bad("outside", &[Constant { outside: 1 << 33, ..good.clone() }], &["\"w\"", "outside the flatbuffer"]);
    bad("nothing", &[], &["no floating-point weights"]);
    let failed = tflite::read(&model_of_version(2, &[good]));
    failures.expect_error("version", failed, &["schema version 2"]);
    failures.expect_error("empty", tflite::read(&[]), &["not a TFLite file"]);
    failures.expect_error("identifier", tflite::read(b"\x08\0\0\0TFL2"), &["not a TFLite file"]);
}
