//! Files are recognized by the names and shapes of their arrays, and refused with a reason if they do not fit.

use crate::common;

use common::synthetic;
use impasto::engine::reference;
use impasto::networks::inception::Inception;
use impasto::networks::magenta::{Border, Convolution, Transformer};
use impasto::networks::mobilenet::MobileNet;
use impasto::networks::{Architecture, Family, FixedNorm, Kind, Model, Options, Part, native};
use impasto::weights::{Tensor, Weights};
use impasto::{Error, ErrorKind};

/// Narrow and short, so that tests are quick.
fn small() -> Transformer {
    Transformer { widths: [4, 6, 8], blocks: 2, style_len: 10, ..Transformer::checkpoint() }
}

fn weights(transformer: &Transformer) -> Weights {
    synthetic::weights(&transformer.graph())
}

fn mobilenet(norm: FixedNorm) -> MobileNet {
    MobileNet { vector_len: 10, norm }
}

/// Converts weights to the form of the browser port's frozen graph.
fn as_browser_port(mut weights: Weights, scope: &str, channels: usize) -> Weights {
    weights.insert(format!("{scope}/BatchNorm/Const"), Tensor::new([channels], vec![1.0; channels]).unwrap());
    weights.insert("transformer/residual/residual1/conv1/StyleNorm/batchnorm/add/y", Tensor::new([], vec![1e-5]).unwrap());
    weights
}

/// Converts weights to the form of TFLite's converter: kernels `[out, kh, kw, in]`, biases with other names, and zero
/// biases before style norms.
fn as_tflite(weights: &Weights) -> Weights {
    let mut out = Weights::new();
    for (name, tensor) in weights.iter() {
        let data = tensor.data();
        let (name, tensor) = match (name.rsplit_once('/').unwrap(), tensor.shape()) {
            ((_, "depthwise_weights"), &[h, w, c, 1]) => (name.to_owned(), Tensor::new([1, h, w, c], data.to_vec()).unwrap()),
            ((_, "weights"), &[h, w, i, o]) => {
                let rows = h * w * i;
                let turned = (0..o).flat_map(|c| (0..rows).map(move |row| data[row * o + c])).collect();
                (format!("{name}/read"), Tensor::new([o, h, w, i], turned).unwrap())
            }
            ((scope, "biases"), _) if scope.ends_with("/depthwise") => (format!("{scope}/depthwise_bias"), tensor.clone()),
            ((scope, "biases"), _) => (format!("{scope}/Conv2D_bias"), tensor.clone()),
            _ => panic!("{name} is not folded"),
        };
        out.insert(name, tensor);
    }
    out
}

fn one(weights: Weights) -> Model {
    Model::from_weights("file", weights).unwrap()
}

fn fails(parts: Vec<(&str, Weights)>) -> Error {
    let parts = parts.into_iter().map(|(file, weights)| Part { file: file.into(), weights }).collect();
    Model::assemble(parts).unwrap_err()
}

#[test]
fn transformers_of_every_shape_are_recognised() {
    let mut seen = 0;
    for widths in [[4, 6, 8], [8, 16, 32]] {
        for (blocks, style_len) in [(0, 10), (1, 100), (3, 768), (11, 10)] {
            for convolution in [Convolution::Dense, Convolution::Separable] {
                for norm in [FixedNorm::Batch, FixedNorm::Folded] {
                    // Properties that the names do not show follow from where such files were published.
                    let border = if convolution == Convolution::Separable { Border::Zero } else { Border::Reflect };
                    let transformer = Transformer { widths, blocks, style_len, convolution, border, norm };
                    let model = one(weights(&transformer));
                    let network = model.transformer.unwrap();
                    assert_eq!(network.architecture, Architecture::Transformer(transformer.clone()));
                    assert_eq!(network.graph, transformer.graph());
                    assert_eq!(model.family, if style_len == 768 { Family::Hub } else { Family::Magenta });
                    assert!(model.predictor.is_none());
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 32);
}

#[test]
fn predictors_are_recognised() {
    for (architecture, family) in [
        (Architecture::Inception(Inception { bottleneck: None }), Family::Hub),
        (Architecture::Inception(Inception { bottleneck: Some(10) }), Family::Magenta),
        (Architecture::MobileNet(mobilenet(FixedNorm::Batch)), Family::Magenta),
    ] {
        let model = one(synthetic::weights(&architecture.graph()));
        assert_eq!(model.family, family);
        let network = model.predictor.unwrap();
        assert_eq!(network.architecture, architecture);
        assert_eq!((network.kind(), network.file.as_str()), (Kind::Predictor, "file"));
        assert!(network.licence.contains("Apache-2.0"));
    }
}

#[test]
fn tflite_files_are_turned_into_the_canonical_layout() {
    let predictor = synthetic::weights(&mobilenet(FixedNorm::Folded).graph());
    let transformer = Transformer { norm: FixedNorm::Folded, ..small() };
    let canonical = weights(&transformer);
    let mut tflite = as_tflite(&canonical);
    tflite.insert("transformer/residual/residual2/conv2/Conv2D_bias", Tensor::new([8], vec![0.0; 8]).unwrap());
    let parts = vec![
        Part { file: "predict.tflite".into(), weights: as_tflite(&predictor) },
        Part { file: "transfer.tflite".into(), weights: tflite },
    ];
    let model = Model::assemble(parts).unwrap();
    assert_eq!(model.family, Family::TfLite);
    let (found_predictor, found_transformer) = model.pair().unwrap();
    assert_eq!(found_transformer.architecture, Architecture::Transformer(transformer));
    for (found, expected) in [(&found_predictor.weights, &predictor), (&found_transformer.weights, &canonical)] {
        assert!(found.iter().eq(expected.iter()), "arrays differ");
    }
}

#[test]
fn the_border_is_as_published_unless_the_caller_says_otherwise() {
    let border = |weights: Weights, border: Option<Border>| {
        let parts = vec![Part { file: "file".into(), weights }];
        match Model::assemble_with(parts, &Options::default().border(border)).unwrap().transformer.unwrap().architecture {
            Architecture::Transformer(transformer) => transformer.border,
            other => panic!("{other}"),
        }
    };
    let checkpoint = || weights(&small());
    let browser = || as_browser_port(weights(&small()), "transformer/contract/conv1", 4);
    assert_eq!(border(checkpoint(), None), Border::Reflect);
    assert_eq!(border(checkpoint(), Some(Border::Zero)), Border::Zero);
    assert_eq!(border(browser(), None), Border::Zero);
    assert_eq!(border(browser(), Some(Border::Reflect)), Border::Reflect);
}

#[test]
fn the_checkpoints_predictor_and_the_browser_ports_transformer_go_together() {
    let transformer = Transformer { style_len: 10, ..small() };
    let parts = vec![
        Part { file: "a".into(), weights: as_browser_port(weights(&transformer), "transformer/contract/conv1", 4) },
        Part { file: "b".into(), weights: synthetic::weights(&mobilenet(FixedNorm::Batch).graph()) },
    ];
    let model = Model::assemble(parts).unwrap();
    assert_eq!(model.family, Family::Magenta);
    assert!(model.pair().is_ok());
    assert_eq!(model.networks().map(|network| network.kind()).collect::<Vec<_>>(), [Kind::Predictor, Kind::Transformer]);
}

#[test]
fn families_are_not_mixed_even_at_equal_length() {
    let tflite = as_tflite(&weights(&Transformer { norm: FixedNorm::Folded, ..small() }));
    let batch = synthetic::weights(&mobilenet(FixedNorm::Batch).graph());
    let folded = as_tflite(&synthetic::weights(&mobilenet(FixedNorm::Folded).graph()));
    let hub = weights(&Transformer { style_len: 768, ..small() });
    let wide = synthetic::weights(&MobileNet { vector_len: 768, norm: FixedNorm::Batch }.graph());
    for (transformer, predictor, names) in [
        (tflite.clone(), batch.clone(), ["magenta", "tflite"]),
        (weights(&small()), folded.clone(), ["tflite", "magenta"]),
        (hub.clone(), wide, ["magenta", "tf-hub"]),
        (hub, folded, ["tflite", "tf-hub"]),
    ] {
        let error = fails(vec![("paint", transformer), ("see", predictor)]);
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        let text = error.to_string();
        assert!(text.contains("see is of family") && text.contains("in paint of family"), "{text}");
        assert!(names.iter().all(|name| text.contains(name)), "{text}");
    }
    // One family, but different lengths of style vectors.
    let error = fails(vec![("paint", weights(&Transformer { style_len: 11, ..small() })), ("see", batch)]);
    assert_eq!(error.kind(), ErrorKind::Mismatch);
    assert!(error.to_string().contains("makes style vectors of 10, but the transformer in paint reads 11"), "{error}");
}

#[test]
fn two_of_a_kind_missing_ones_and_strangers_are_refused() {
    let error = fails(vec![("one", weights(&small())), ("two", weights(&small()))]);
    assert_eq!(error.to_string(), "one and two each hold a transformer; give only one of them");
    let error = fails(vec![]);
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);

    let error = one(weights(&small())).pair().unwrap_err();
    assert!(error.to_string().contains("no style predictor of family magenta"), "{error}");

    let mut stranger = Weights::new();
    stranger.insert("conv1_1/kernel", Tensor::new([1], vec![0.0]).unwrap());
    for (weights, expected) in [(stranger, "called \"conv1_1/kernel\""), (Weights::new(), "0 arrays")] {
        let error = fails(vec![("file", weights)]);
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().starts_with("file: ") && error.to_string().contains(expected), "{error}");
    }
}

/// Every array of every network, one at a time: missing, and of another shape.
#[test]
fn a_missing_array_or_one_of_another_shape_is_named() {
    let transformers = [
        small(),
        Transformer { convolution: Convolution::Separable, ..small() },
        Transformer { norm: FixedNorm::Folded, ..small() },
    ];
    for transformer in transformers {
        let full = weights(&transformer);
        let names: Vec<String> = full.iter().map(|(name, _)| name.to_owned()).collect();
        assert!(names.len() > 40);
        for name in names {
            let mut longer = full.clone();
            let tensor = longer.remove(&name).unwrap();
            let shorter = longer.clone();
            let mut shape = tensor.shape().to_vec();
            *shape.last_mut().unwrap() += 1;
            longer.insert(&name, Tensor::new(shape.clone(), vec![0.0; shape.iter().product()]).unwrap());
            for broken in [shorter, longer] {
                // If the architecture is read from the missing or odd array, the error may be about another array.
                match Model::from_weights("file", broken) {
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Mismatch, "{name}: {error}");
                        assert!(error.to_string().starts_with("file: the weights") && error.to_string().contains('"'), "{error}");
                    }
                    Ok(_) => panic!("accepted without {name}, or with a longer one"),
                }
            }
        }
    }
    let mut broken = weights(&small());
    broken.insert("transformer/residual/residual2/conv1/weights", Tensor::new([3, 3, 8, 7], vec![0.0; 504]).unwrap());
    assert_eq!(
        fails(vec![("file", broken)]).to_string(),
        "file: the weights' \"transformer/residual/residual2/conv1/weights\" has shape [3, 3, 8, 7], expected [3, 3, 8, 8]"
    );
}

#[test]
fn values_that_cannot_be_right_are_refused() {
    for (name, value, expected) in [
        ("transformer/contract/conv2/weights", f32::NAN, "not a finite number"),
        ("transformer/contract/conv2/BatchNorm/beta", f32::INFINITY, "not a finite number"),
        ("transformer/contract/conv2/BatchNorm/moving_variance", -1.0, "a variance below zero"),
    ] {
        let mut broken = weights(&small());
        let tensor = broken.remove(name).unwrap();
        let shape = tensor.shape().to_vec();
        let mut data = tensor.into_data();
        data[3] = value;
        broken.insert(name, Tensor::new(shape, data).unwrap());
        let error = fails(vec![("file", broken)]);
        assert_eq!(error.kind(), ErrorKind::Malformed);
        assert!(error.to_string().contains(name) && error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn arrays_that_would_change_the_result_are_not_ignored() {
    let extra = |name: &str, value: f32| {
        let mut weights = weights(&small());
        weights.insert(name, Tensor::new([4], vec![value; 4]).unwrap());
        weights
    };
    for name in [
        "transformer/contract/conv1/BatchNorm/gamma",
        "transformer/contract/conv1/BatchNorm/Const",
        "transformer/contract/conv1/BatchNorm/Const_2/BatchNorm/Const",
    ] {
        let error = fails(vec![("file", extra(name, 0.5))]);
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(name), "{error}");
    }
    // Training leftovers beside the weights are ignored, and so is a bias that an instance norm cancels.
    for name in ["global_step", "transformer/contract/conv1/weights/Adam", "transformer/residual/residual1/conv1/biases"] {
        assert!(Model::from_weights("file", extra(name, 0.5)).is_ok(), "{name}");
    }
}

#[test]
fn names_cannot_demand_more_blocks_than_there_are_arrays() {
    for number in ["999999999999", "99999999999999999999999", "4000000000"] {
        let mut weights = weights(&small());
        let name = format!("transformer/residual/residual{number}/conv1/weights");
        weights.insert(name, Tensor::new([1], vec![0.0]).unwrap());
        // If the text is not a valid number, it is not a block's number.
        if let Err(error) = Model::from_weights("file", weights) {
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            assert!(error.to_string().contains("too few arrays"), "{error}");
        } else {
            assert!(number.parse::<usize>().is_err());
        }
    }
}

#[test]
fn the_container_gives_back_the_same_model() {
    let border = Some(Border::Zero);
    let parts = vec![
        Part { file: "a".into(), weights: as_tflite(&weights(&Transformer { norm: FixedNorm::Folded, ..small() })) },
        Part { file: "b".into(), weights: as_tflite(&synthetic::weights(&mobilenet(FixedNorm::Folded).graph())) },
    ];
    let model = Model::assemble_with(parts, &Options::default().border(border)).unwrap();
    let again = Model::from_weights("container", model.to_weights()).unwrap();
    assert_eq!(again.family, Family::TfLite);
    assert_eq!(model.networks().count(), 2);
    for (a, b) in model.networks().zip(again.networks()) {
        assert_eq!((&a.architecture, &a.family, &a.source, &a.licence), (&b.architecture, &b.family, &b.source, &b.licence));
        assert_eq!((&a.graph, b.file.as_str()), (&b.graph, "container"));
        assert!(a.weights.iter().eq(b.weights.iter()));
    }
    let (mut ours, mut other) = (model.clone(), model);
    (ours.family, ours.predictor) = (Family::Other("ours-1".into()), None);
    let again = Model::from_weights("container", ours.to_weights()).unwrap();
    assert_eq!(again.family, Family::Other("ours-1".into()));
    assert!(again.predictor.is_none());
    // Two containers that each hold half of a family of our own fit together.
    (other.family, other.transformer) = (Family::Other("ours-1".into()), None);
    let parts = [ours, other].map(|model| Part { file: "half".into(), weights: model.to_weights() });
    assert!(Model::assemble(parts.into()).unwrap().pair().is_ok());
}

#[test]
fn damaged_metadata_is_refused() {
    let good = one(weights(&small())).to_weights();
    let text = good.metadata["impasto.transformer"].clone();
    assert_eq!(text, "magenta-transformer widths=4,6,8 blocks=2 style=10 convolution=dense border=reflect norm=batch");
    let cases = [
        ("impasto.format", "2".to_owned(), ErrorKind::Unsupported),
        ("impasto.family", "No Such Family".to_owned(), ErrorKind::Malformed),
        ("impasto.transformer", String::new(), ErrorKind::Unsupported),
        ("impasto.transformer", "perceiver depth=4".to_owned(), ErrorKind::Unsupported),
        ("impasto.transformer", "mobilenet-v2 vector=10 norm=batch".to_owned(), ErrorKind::Malformed),
        ("impasto.transformer", text.replace("blocks=2", "blocks=3"), ErrorKind::Mismatch),
        ("impasto.transformer", text.replace("blocks=2", "blocks=900000"), ErrorKind::Mismatch),
        ("impasto.transformer", text.replace("blocks=2", "blocks=-1"), ErrorKind::Malformed),
        ("impasto.transformer", text.replace("blocks=2", "blocks=99999999999999999999"), ErrorKind::Malformed),
        ("impasto.transformer", text.replace("blocks=2", ""), ErrorKind::Malformed),
        ("impasto.transformer", text.replace("blocks=2", "blocks=2 blocks=2"), ErrorKind::Malformed),
        ("impasto.transformer", text.replace("4,6,8", "4,6"), ErrorKind::Malformed),
        ("impasto.transformer", text.replace("4,6,8", "4,6,0"), ErrorKind::Malformed),
        ("impasto.transformer", text.replace("4,6,8", "4,6,9"), ErrorKind::Mismatch),
        ("impasto.transformer", text.replace("reflect", "wrap"), ErrorKind::Unsupported),
        ("impasto.transformer", format!("{text} dropout=1"), ErrorKind::Unsupported),
        ("impasto.transformer", format!("{text} dropout"), ErrorKind::Malformed),
    ];
    let mut wrong = Vec::new();
    for (key, value, kind) in cases {
        let mut weights = good.clone();
        weights.metadata.insert(key.into(), value.clone());
        match Model::from_weights("file", weights) {
            Err(error) if error.kind() == kind && error.to_string().starts_with("file: ") => {}
            Err(error) => wrong.push(format!("{value:?}: {:?} {error}", error.kind())),
            Ok(_) => wrong.push(format!("{value:?} was accepted")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn architectures_survive_being_written_as_text() {
    let all = [
        Architecture::Transformer(Transformer::hub()),
        Architecture::Transformer(Transformer::browser_separable()),
        Architecture::Transformer(Transformer::tflite()),
        Architecture::Transformer(Transformer { blocks: 0, ..Transformer::checkpoint() }),
        Architecture::Inception(Inception { bottleneck: None }),
        Architecture::Inception(Inception { bottleneck: Some(100) }),
        Architecture::MobileNet(MobileNet { vector_len: 100, norm: FixedNorm::Folded }),
        Architecture::NativeTransformer(native::Transformer::shipped()),
        Architecture::NativeTransformer(native::Transformer { resample: 3, skips: false, ..native::Transformer::shipped() }),
        Architecture::NativeTransformer(native::Transformer {
            deep: Some(native::Deep { channels: 128, blocks: 2 }),
            ..native::Transformer::shipped()
        }),
        Architecture::NativePredictor(native::Predictor::shipped()),
    ];
    for architecture in all {
        assert_eq!(architecture.to_string().parse::<Architecture>().unwrap(), architecture);
    }
}

#[test]
fn the_reference_executor_refuses_what_does_not_fit() {
    let transformer = small();
    let (graph, weights) = (transformer.graph(), weights(&transformer));
    let picture = |shape: &[usize]| Tensor::new(shape, vec![0.5; shape.iter().product()]).unwrap();
    let run = |input: &Tensor, style: &[f32], weights: &Weights| reference::run(&graph, weights, input, style).unwrap_err();
    let good = picture(&[8, 8, 3]);
    for (error, kind, text) in [
        (run(&picture(&[1, 8, 8, 3]), &[0.0; 10], &weights), ErrorKind::Mismatch, "expected [height, width, channels]"),
        (run(&picture(&[8, 8, 4]), &[0.0; 10], &weights), ErrorKind::Mismatch, "has 4 channels, the network needs 3"),
        (run(&picture(&[4, 8, 3]), &[0.0; 10], &weights), ErrorKind::InvalidArgument, "too small"),
        (run(&good, &[0.0; 9], &weights), ErrorKind::Mismatch, "has 9 values, the network needs 10"),
        (run(&good, &[0.0; 10], &Weights::new()), ErrorKind::Mismatch, "the weights lack"),
    ] {
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(text), "{error}");
    }
}
