//! Every published file of the family is recognized: from real weights if they are available, otherwise from the list
//! of its arrays.

use crate::common;

use std::fs;

use common::{shared, synthetic};
use impasto::ErrorKind;
use impasto::networks::inception::Inception;
use impasto::networks::magenta::{Border, Transformer};
use impasto::networks::mobilenet::MobileNet;
use impasto::networks::{Architecture, Family, FixedNorm, Model, Part};
use impasto::weights::{Limits, Weights, load, safetensors};

/// Arrays with the names and shapes in a table in `models/vars`, as the file's reader would return them, with synthetic
/// values.
fn listed(name: &str) -> Option<Weights> {
    let text = fs::read_to_string(shared(&format!("models/vars/{name}.tsv"))?).unwrap();
    let mut lines = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let heading = lines.next().unwrap();
    let column = |names: &[&str]| heading.iter().position(|title| names.contains(title));
    let (names, shapes) = (column(&["name", "variable_name"]).unwrap(), column(&["shape"]).unwrap());
    let (types, constant) = (column(&["type", "dtype"]), column(&["const"]));
    let quantisation = heading.iter().position(|title| title.starts_with("quant("));
    let mut weights = Weights::new();
    for line in lines {
        let computed = constant.is_some_and(|i| line[i] != "C");
        let integer = types.is_some_and(|i| line[i].to_lowercase().starts_with("int"));
        let plain = quantisation.is_none_or(|i| line[i] == "-");
        if computed || integer && plain || line[names] == "None" || line[names] == "save_counter" {
            continue;
        }
        let shape = line[shapes].trim_matches(['[', ']']).split(',').map(str::trim);
        let shape: Vec<usize> = shape.filter(|n| !n.is_empty()).map(|n| n.parse().unwrap()).collect();
        weights.insert(line[names], synthetic::tensor(line[names], &shape));
    }
    assert!(weights.len() > 60, "{name}: {}", weights.len());
    Some(weights)
}

fn inception(bottleneck: Option<usize>) -> Architecture {
    Architecture::Inception(Inception { bottleneck })
}

fn mobilenet(norm: FixedNorm) -> Architecture {
    Architecture::MobileNet(MobileNet { vector_len: 100, norm })
}

#[test]
fn the_arrays_of_every_published_file_are_those_of_its_network() {
    let browser = Transformer { border: Border::Zero, ..Transformer::checkpoint() };
    let transformer = Architecture::Transformer;
    let cases = [
        ("magenta_source_checkpoint", Family::Magenta, vec![inception(Some(100)), transformer(Transformer::checkpoint())]),
        ("tfhub_v2_savedmodel", Family::Hub, vec![inception(None), transformer(Transformer::hub())]),
        ("tfjs_saved_model_style_inception_js", Family::Magenta, vec![inception(Some(100))]),
        ("tfjs_saved_model_style_js", Family::Magenta, vec![mobilenet(FixedNorm::Batch)]),
        ("tfjs_saved_model_transformer_js", Family::Magenta, vec![transformer(browser)]),
        ("tfjs_saved_model_transformer_separable_js", Family::Magenta, vec![transformer(Transformer::browser_separable())]),
        ("tflite_style_predict_quantized_256", Family::TfLite, vec![mobilenet(FixedNorm::Folded)]),
        ("tflite_style_transfer_f16_384", Family::TfLite, vec![transformer(Transformer::tflite())]),
        ("tflite_style_transfer_quantized_384", Family::TfLite, vec![transformer(Transformer::tflite())]),
        ("tflite_style_transfer_quantized_dynamic", Family::TfLite, vec![transformer(Transformer::tflite())]),
    ];
    let mut wrong = Vec::new();
    for (name, family, architectures) in cases {
        let Some(weights) = listed(name) else { return };
        match Model::from_weights(name, weights) {
            Ok(model) => {
                let found: Vec<_> = model.networks().map(|network| network.architecture.clone()).collect();
                if found != architectures || model.family != family {
                    wrong.push(format!("{name}: {found:?} of {}", model.family));
                }
            }
            Err(error) => wrong.push(error.to_string()),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn part(path: &str) -> Option<Part> {
    let weights = load(&shared(path)?, &Limits::default()).unwrap().weights;
    Some(Part { file: path.into(), weights })
}

const PREDICTOR: &str = "models/magenta-tflite/style_predict_quantized_256.tflite";
const TRANSFORMER: &str = "models/magenta-tflite/style_transfer_f16_384.tflite";
const SEPARABLE: &str = "models/magenta-tfjs/saved_model_transformer_separable_js";

#[test]
fn the_tflite_pair_goes_through_the_container() {
    let (Some(predictor), Some(transformer)) = (part(PREDICTOR), part(TRANSFORMER)) else { return };
    let model = Model::assemble(vec![predictor, transformer]).unwrap();
    assert!(model.pair().is_ok());
    assert_eq!(model.transformer.as_ref().unwrap().architecture, Architecture::Transformer(Transformer::tflite()));
    let bytes = safetensors::to_bytes(&model.to_weights(), safetensors::Precision::F32).unwrap();
    let again = Model::from_weights("container", safetensors::read(&bytes).unwrap()).unwrap();
    assert_eq!(again.family, Family::TfLite);
    for (a, b) in model.networks().zip(again.networks()) {
        assert_eq!((&a.architecture, &a.source, &a.licence), (&b.architecture, &b.source, &b.licence));
        assert!(a.weights.iter().eq(b.weights.iter()));
    }
}

#[test]
fn real_files_of_two_families_are_not_mixed() {
    let (Some(predictor), Some(transformer)) = (part(PREDICTOR), part(SEPARABLE)) else { return };
    let error = Model::assemble(vec![transformer, predictor]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    let text = error.to_string();
    assert!(text.contains("family tflite") && text.contains("family magenta") && text.contains(SEPARABLE), "{text}");
}
