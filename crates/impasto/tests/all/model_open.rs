//! Opening models from every kind of path.

use crate::common;

use std::fs;
use std::path::Path;

use common::{shared, tiny};
use impasto::networks::magenta::{Border, Transformer};
use impasto::networks::mobilenet::MobileNet;
use impasto::networks::{Architecture, Family, FixedNorm, Model, Options};
use impasto::weights::safetensors::{self, Precision};
use impasto::weights::{Limits, Weights};
use impasto::{ErrorKind, Stylizer};
use serde_json::json;

fn save(weights: &Weights, path: &Path) {
    safetensors::save(weights, path, Precision::F32, false).unwrap();
}

/// Saves the tiny model's predictor and transformer as two files of our own container.
fn save_pair(folder: &Path) {
    for keep in ["predictor", "transformer"] {
        let mut model = tiny::model(Border::Reflect, 1);
        match keep {
            "predictor" => model.transformer = None,
            _ => model.predictor = None,
        }
        save(&model.to_weights(), &folder.join(format!("{keep}.safetensors")));
    }
}

/// Saves a TFJS model with these arrays.
fn save_tfjs(weights: &Weights, folder: &Path) {
    let mut shard = Vec::new();
    let mut entries = Vec::new();
    for (name, tensor) in weights.iter() {
        entries.push(json!({"name": name, "shape": tensor.shape(), "dtype": "float32"}));
        shard.extend(tensor.data().iter().flat_map(|v| v.to_le_bytes()));
    }
    let manifest = json!({"modelTopology": {}, "weightsManifest": [{"paths": ["shard"], "weights": entries}]});
    fs::create_dir(folder).unwrap();
    fs::write(folder.join("model.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("shard"), shard).unwrap();
}

#[test]
fn one_file_two_files_and_their_folders_hold_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    fs::create_dir(&one).unwrap();
    fs::create_dir(&two).unwrap();
    save(&tiny::model(Border::Reflect, 1).to_weights(), &one.join("model.safetensors"));
    save_pair(&two);
    fs::write(two.join("LICENCE.txt"), "free").unwrap();
    let style = tiny::stylizer().style(&tiny::swirls(50, 40)).unwrap();
    let expected = tiny::stylizer().stylize(&tiny::landscape(30, 30), &style).unwrap();
    let pair = || Stylizer::builder().model(two.join("transformer.safetensors")).model(two.join("predictor.safetensors"));
    let opened = [
        ("file", Stylizer::open(one.join("model.safetensors"))),
        ("folder of one", Stylizer::open(&one)),
        ("folder of two", Stylizer::open(&two)),
        ("two files", pair().open()),
    ];
    for (name, stylizer) in opened {
        let stylizer = stylizer.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(stylizer.style(&tiny::swirls(50, 40)).unwrap(), style, "{name}");
        assert_eq!(stylizer.stylize(&tiny::landscape(30, 30), &style).unwrap(), expected, "{name}");
    }
}

#[test]
fn a_folder_of_tfjs_folders() {
    let transformer = Transformer { widths: [4, 4, 8], blocks: 1, ..Transformer::browser_separable() };
    let predictor = MobileNet { vector_len: transformer.style_len, norm: FixedNorm::Batch };
    let model = Model::untrained(Architecture::MobileNet(predictor), Architecture::Transformer(transformer), 1).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (predictor, transformer) = model.pair().unwrap();
    save_tfjs(&predictor.weights, &folder.path().join("style"));
    save_tfjs(&transformer.weights, &folder.path().join("transformer"));
    fs::create_dir(folder.path().join("demo")).unwrap();
    let opened = Model::open(folder.path()).unwrap();
    assert_eq!(opened.family, Family::Magenta);
    let (opened_predictor, opened_transformer) = opened.pair().unwrap();
    assert_eq!(opened_predictor.architecture, predictor.architecture);
    assert_eq!(opened_transformer.architecture, transformer.architecture);

    save_tfjs(&transformer.weights, &folder.path().join("transformer_again"));
    let error = Model::open(folder.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    for word in ["each hold a transformer", "transformer_again"] {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn the_border_can_be_chosen() {
    let folder = tempfile::tempdir().unwrap();
    save_pair(folder.path());
    let border = |border: Option<Border>| {
        let model = Model::open_with(&[folder.path()], &Limits::default(), &Options::default().border(border)).unwrap();
        match model.transformer.unwrap().architecture {
            Architecture::Transformer(it) => it.border,
            other => panic!("{other}"),
        }
    };
    assert_eq!(border(None), Border::Reflect);
    assert_eq!(border(Some(Border::Zero)), Border::Zero);
    let stylizer = Stylizer::builder().model(folder.path()).border(Some(Border::Zero)).open().unwrap();
    assert!(stylizer.model().transformer.architecture.to_string().contains("border=zero"));
}

#[test]
fn places_without_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["empty", "pair", "mixed", "crowded"] {
        fs::create_dir(at(name)).unwrap();
    }
    save_pair(&at("pair"));
    save(&tiny::model(Border::Reflect, 1).to_weights(), &at("crowded").join("a.safetensors"));
    save(&tiny::model(Border::Reflect, 2).to_weights(), &at("crowded").join("b.safetensors"));
    let one = |seed, keep_predictor| {
        let mut model = tiny::model(Border::Reflect, seed);
        let dropped = if keep_predictor { &mut model.transformer } else { &mut model.predictor };
        *dropped = None;
        model.to_weights()
    };
    save(&one(1, true), &at("mixed").join("a.safetensors"));
    save(&one(2, false), &at("mixed").join("b.safetensors"));
    fs::write(at("picture.jpg"), b"\xff\xd8\xff\xe0\0\x10JFIF\0").unwrap();
    let size = fs::metadata(at("pair").join("predictor.safetensors")).unwrap().len();
    let limit = Limits::default().max_bytes(size + 10);
    let cases = [
        ("missing", Stylizer::open(at("missing")), ErrorKind::Io, "missing"),
        ("empty folder", Stylizer::open(at("empty")), ErrorKind::Unsupported, "no weights in this folder"),
        ("a picture", Stylizer::open(at("picture.jpg")), ErrorKind::Unsupported, "picture.jpg"),
        (
            "only the predictor",
            Stylizer::open(at("pair").join("predictor.safetensors")),
            ErrorKind::Mismatch,
            "there is no transformer of family untrained-1",
        ),
        ("two models", Stylizer::open(at("crowded")), ErrorKind::Mismatch, "each hold a"),
        ("two families", Stylizer::open(at("mixed")), ErrorKind::Mismatch, "untrained-2"),
        (
            "too large together",
            Stylizer::builder().model(at("pair")).limits(limit).open(),
            ErrorKind::TooLarge,
            "all weights together",
        ),
    ];
    for (name, result, kind, text) in cases {
        let error = result.expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(error.to_string().contains(text), "{name}: {error}");
        assert!(!error.to_string().contains('\n'), "{name}: {error}");
    }
}

#[test]
fn untrained_models_must_fit_together() {
    let predictor = |vector_len| Architecture::MobileNet(MobileNet { vector_len, norm: FixedNorm::Batch });
    let transformer = Architecture::Transformer(Transformer::checkpoint());
    for (first, second) in
        [(predictor(99), transformer.clone()), (transformer.clone(), predictor(100)), (predictor(100), predictor(100))]
    {
        assert_eq!(Model::untrained(first, second, 0).unwrap_err().kind(), ErrorKind::Mismatch);
    }
    let model = tiny::model(Border::Reflect, 1);
    let same = tiny::model(Border::Reflect, 1);
    let other = tiny::model(Border::Reflect, 2);
    let kernel = |model: &Model| model.transformer.as_ref().unwrap().weights.get("transformer/contract/conv1/weights").cloned();
    assert_eq!(kernel(&model), kernel(&same));
    assert_ne!(kernel(&model), kernel(&other));
}

#[test]
fn published_files() {
    let Some(folder) = shared("models/magenta-tflite") else { return };
    let model = Model::open(&folder).unwrap();
    assert_eq!(model.family, Family::TfLite);
    model.pair().unwrap();
    let alone = Model::open(folder.join("style_transfer_f16_384.tflite")).unwrap();
    assert!(alone.predictor.is_none() && alone.transformer.is_some());
    let error = Stylizer::open(folder.join("style_transfer_f16_384.tflite")).unwrap_err();
    assert!(error.to_string().contains("there is no style predictor of family tflite"), "{error}");
    let separable = shared("models/magenta-tfjs/saved_model_transformer_separable_js").unwrap();
    let error = Stylizer::builder().model(folder.join("style_predict_quantized_256.tflite")).model(separable).open();
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Mismatch, "a pair of two families");
}
