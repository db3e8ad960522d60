//! Published families of networks: they are recognized, and they paint what the framework that they come from paints.

use crate::common;

use std::path::{Path, PathBuf};

use common::{files::Fixture, shared, synthetic, tiny};
use impasto::engine::{Bands, Engine, EngineOptions, Isa, Program, reference};
use impasto::networks::feed_forward::{Doubling, FeedForward};
use impasto::networks::magenta::Border;
use impasto::networks::{Architecture, Kind, LIST, Model, Options, published};
use impasto::picture::Mask;
use impasto::weights::{Limits, Tensor, Weights, safetensors};
use impasto::{ErrorKind, Picture, Style, StyleOptions, StyleSize, StylizeOptions, Stylizer};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/families").join(name)
}

fn stored(name: &str) -> Weights {
    safetensors::read(&std::fs::read(data(name)).unwrap()).unwrap()
}

/// The same formula as in `make.py`.
fn picture([width, height]: [usize; 2], seed: f64) -> Picture {
    let value = |i: usize| {
        let (x, y, c) = ((i / 3 % width) as f64, (i / 3 / width) as f64, (i % 3) as f64);
        (0.5 + 0.25 * (x * 0.37 + seed + c).sin() * (y * 0.23 + 2.0 * seed).cos() + 0.2 * (x * y * 0.011 + c * seed).sin()) as f32
    };
    Picture::from_rgb_f32([width, height], (0..width * height * 3).map(value).collect()).unwrap()
}

/// Sizes of the contents and styles in `make.py`.
const SIZES: [[[usize; 2]; 2]; 2] = [[[44, 36], [30, 41]], [[37, 51], [48, 32]]];

fn as_it_is() -> StyleOptions {
    StyleOptions::default().size(StyleSize::Original)
}

/// The greatest difference from the top left part of a stored painting, which may be larger because it has the
/// network's own size.
fn error(found: &Picture, expected: &Tensor) -> f32 {
    let &[height, width, 3] = expected.shape() else { panic!("{:?}", expected.shape()) };
    assert!(found.width() <= width && found.width() + 8 > width && found.height() <= height && found.height() + 8 > height);
    let row = |y: usize| &expected.data()[y * width * 3..][..found.width() * 3];
    let pairs = found.rgb().chunks(found.width() * 3).enumerate().flat_map(|(y, found)| found.iter().zip(row(y)));
    // A NaN must not pass.
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, |most: f32, e| if e <= most { most } else { e })
}

fn greatest(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, |most: f32, e| if e <= most { most } else { e })
}

/// Checks style vectors and paintings of a model with a predictor against those that `make.py` has stored.
fn check_pair(model: &Path, expected: &Weights, tolerance: f32) {
    let stylizer = Stylizer::open(model).unwrap();
    assert!(stylizer.own_styles().is_empty());
    for (i, [content, style]) in SIZES.into_iter().enumerate() {
        let style = stylizer.style_with(&picture(style, 3.0 + i as f64), &as_it_is(), &()).unwrap();
        let vector = expected.get(&format!("{i}.style_vector")).unwrap();
        let difference = greatest(style.vector(), vector.data());
        let size = vector.data().iter().fold(1.0f32, |most, v| most.max(v.abs()));
        assert!(difference / size < tolerance, "{} style {i}: off by {difference} of {size}", model.display());
        let painted = stylizer.stylize(&picture(content, 1.0 + i as f64), &style).unwrap();
        let difference = error(&painted, expected.get(&format!("{i}.output")).unwrap());
        println!("{} {i}: {difference:e}", model.display());
        assert!(difference < tolerance, "{} picture {i}: off by {difference}", model.display());
    }
}

#[test]
fn microast_paints_what_pytorch_paints() {
    check_pair(&data("microast"), &stored("microast.safetensors"), 1e-4);
    let Some(model) = shared("models/microast") else { return };
    check_pair(&model, &stored("microast-real.safetensors"), 1e-4);
}

#[test]
fn adain_paints_what_pytorch_paints() {
    check_pair(&data("adain"), &stored("adain.safetensors"), 1e-4);
}

#[test]
fn pytorchs_example_network_paints_without_a_style() {
    let stylizer = Stylizer::open(data("example.pth")).unwrap();
    let [style] = stylizer.own_styles() else { panic!("{:?}", stylizer.own_styles()) };
    assert_eq!((style.name(), style.vector()), (Some("example"), &[1.0][..]));
    for (i, [content, _]) in SIZES.into_iter().enumerate() {
        let painted = stylizer.stylize(&picture(content, 1.0 + i as f64), style).unwrap();
        let difference = error(&painted, stored("example.safetensors").get(&format!("{i}.output")).unwrap());
        assert!(difference < 1e-4, "picture {i}: off by {difference}");
    }
}

#[test]
fn fast_style_transfer_paints_what_the_definition_says() {
    let Some(fixture) = Fixture::open("fast_neural_style_real") else { return };
    let mut tried = 0;
    for name in ["la_muse", "rain_princess"] {
        let stylizer = Stylizer::open(shared(&format!("models/fast-neural-style/{name}")).unwrap()).unwrap();
        let style = stylizer.own_styles()[0].clone();
        assert_eq!(style.name(), Some(name.replace('_', "-").as_str()));
        for i in 0..2 {
            let content = fixture.tensor(&format!("{name}.{i}.content"));
            let &[height, width, 3] = content.shape() else { panic!() };
            let content = Picture::from_rgb_f32([width, height], content.into_data()).unwrap();
            let painted = stylizer.stylize(&content, &style).unwrap();
            let difference = error(&painted, &fixture.tensor(&format!("{name}.{i}.output")));
            println!("{name} {i}: {difference:e}");
            assert!(difference < 1e-4, "{name} {i}: off by {difference}");
            tried += 1;
        }
    }
    assert_eq!(tried, 4);
}

#[test]
fn twenty_six_styles_and_their_blends_are_those_of_onnx() {
    let Some(fixture) = Fixture::open("multistyle26_real") else { return };
    let stylizer = Stylizer::open(shared("models/multistyle26/multistyle26.onnx").unwrap()).unwrap();
    assert_eq!(stylizer.own_styles().len(), 26);
    assert_eq!(stylizer.find_own_style("3").unwrap().vector()[2..5], [0.0, 1.0, 0.0]);
    for i in 0..3 {
        let array = |name: &str| fixture.tensor(&format!("{i}.{name}"));
        let content = array("content");
        let &[height, width, 3] = content.shape() else { panic!("{:?}", content.shape()) };
        let content = Picture::from_rgb_f32([width, height], content.into_data()).unwrap();
        let style = Style::new(stylizer.model().family.clone(), array("style_weights").into_data()).unwrap();
        let difference = error(&stylizer.stylize(&content, &style).unwrap(), &array("output"));
        println!("{i}: {difference:e}");
        assert!(difference < 1e-4, "{i}: off by {difference}");
    }
}

#[test]
fn magentas_pair_as_onnx_is_that_of_its_tflite_files() {
    let (Some(onnx), Some(tflite)) = (shared("models/magenta-onnx"), shared("models/magenta-tflite")) else { return };
    let stylizer = Stylizer::open(&onnx).unwrap();
    assert_eq!(stylizer.model().family, impasto::networks::Family::TfLite);
    // They are quantized differently.
    let (content, painting) = (picture([44, 36], 1.0), picture([60, 50], 3.0));
    let style = stylizer.style(&painting).unwrap();
    let other = Stylizer::open(&tflite).unwrap();
    let vector = other.style(&painting).unwrap();
    let difference = greatest(style.vector(), vector.vector());
    assert!(difference < 0.1, "{difference}");
    let difference = tiny::distance(&stylizer.stylize(&content, &style).unwrap(), &other.stylize(&content, &style).unwrap());
    assert!(difference > 0.0 && difference < 0.1, "{difference}");
}

/// Networks of every family, narrow enough for the reference executor.
fn narrow() -> Vec<Architecture> {
    let texts = [
        "feed-forward contract=4,6,8 blocks=1 expand=6,4 styles=1 epsilon=1e-3 border=zero doubling=transposed output=tanh",
        "feed-forward contract=4,6,8 blocks=1 expand=6,4 styles=1 epsilon=1e-3 border=reflect doubling=transposed output=tanh",
        "feed-forward contract=4,6,8 blocks=2 expand=6,4 styles=3 epsilon=1e-5 border=reflect doubling=nearest output=sigmoid",
        "feed-forward contract=4,6,8 blocks=0 expand=6,4 styles=1 epsilon=1e-5 border=zero doubling=nearest output=clip",
        "microast-transformer widths=4,6,8",
        "microast-predictor widths=4,6,8",
        "adain-transformer widths=4,5,6,8",
        "adain-predictor widths=4,5,6,8",
    ];
    texts.map(|text| text.parse().unwrap()).to_vec()
}

#[test]
fn the_engine_gives_what_the_oracle_gives() {
    for architecture in narrow() {
        let graph = architecture.graph();
        let weights = synthetic::weights(&graph);
        let style: Vec<f32> = (0..graph.style_len).map(|i| 0.6 + 0.4 * (i as f32 * 0.7).sin()).collect();
        for (height, width) in [(40, 44), (35, 51)] {
            let input = synthetic::picture("families", height, width);
            let expected = reference::run(&graph, &weights, &input, &style).unwrap();
            let size = expected.data().iter().fold(1.0f32, |most, v| most.max(v.abs()));
            for isa in Isa::available() {
                let engine = Engine::new(EngineOptions::default().threads(2).isa(isa)).unwrap();
                let program = Program::compile(&graph, weights.clone(), isa).unwrap();
                let conditioning = program.condition(&style).unwrap();
                let (found, _) = program.run(&engine, (input.data(), [width, height]), &conditioning, &()).unwrap();
                let difference = greatest(&found, expected.data()) / size;
                assert!(difference < 2e-5, "{architecture} on {isa} at {height}×{width}: off by {difference}");
            }
        }
    }
}

#[test]
fn networks_without_pools_paint_the_same_bytes_in_bands() {
    let mut tried = 0;
    for architecture in narrow().into_iter().filter(|it| it.kind() == Kind::Transformer) {
        let graph = architecture.graph();
        let program = Program::compile(&graph, synthetic::weights(&graph), Isa::best()).unwrap();
        let engine = Engine::new(EngineOptions::default().threads(2)).unwrap();
        let style = vec![0.7; graph.style_len];
        let small = synthetic::picture("small", 24, 20);
        let frozen = program.measure(&engine, (small.data(), [20, 24]), &program.condition(&style).unwrap(), &()).unwrap();
        let (height, width) = (117, 46);
        let input = synthetic::picture("bands", height, width);
        let (whole, _) = program.paint(&engine, (input.data(), [width, height]), &frozen, &()).unwrap();
        let bands = match Bands::new(&program, [width, height], 16) {
            Ok(bands) => bands,
            Err(error) => {
                assert!(architecture.to_string().starts_with("adain"), "{architecture}: {error}");
                continue;
            }
        };
        let mut found = Vec::new();
        let mut read = |rows: std::ops::Range<usize>, target: &mut [f32]| {
            target.copy_from_slice(&input.data()[rows.start * width * 3..rows.end * width * 3]);
            Ok(())
        };
        let mut write = |_: std::ops::Range<usize>, rows: &[f32]| {
            found.extend_from_slice(rows);
            Ok(())
        };
        program.paint_bands(&engine, &bands, &frozen, (&mut read, &mut write), &()).unwrap();
        assert!(found == whole, "{architecture}: bands differ");
        tried += 1;
    }
    assert_eq!(tried, 5);
}

#[test]
fn every_architecture_of_the_list_is_read_again() {
    let mut names = std::collections::BTreeSet::new();
    for entry in LIST {
        assert!(names.insert(entry.name), "{} is there twice", entry.name);
        assert!(!entry.published.is_empty() && !entry.title.is_empty(), "{}", entry.name);
        for (name, architecture) in entry.published {
            let architecture = architecture();
            let text = architecture.to_string();
            assert_eq!(text.split(' ').next(), Some(entry.name), "{name}");
            assert_eq!(text.parse::<Architecture>().unwrap(), architecture, "{text}");
            assert!(!architecture.description().is_empty());
            let graph = architecture.graph();
            let reads = if architecture.kind() == Kind::Transformer { architecture.style_len() } else { 0 };
            assert_eq!(graph.style_len, reads, "{text}");
            let output = graph.shapes([96, 96]).unwrap();
            let expected = if architecture.kind() == Kind::Predictor { architecture.style_len() } else { 3 };
            if architecture.kind() != Kind::Perceptual {
                assert_eq!(output.last().unwrap().channels, expected, "{text}");
            }
        }
    }
    assert!(names.len() >= 11, "the list is shorter than it was: {names:?}");
    assert_eq!(published().count(), LIST.iter().map(|entry| entry.published.len()).sum::<usize>());
    for text in ["vgg 2x64 depth=3", "mobilenet-v2 fast vector=10 norm=batch", "adain-transformer widths=1,2,3"] {
        assert!(
            matches!(text.parse::<Architecture>().unwrap_err().kind(), ErrorKind::Malformed | ErrorKind::Unsupported),
            "{text}"
        );
    }
}

#[test]
fn our_container_keeps_every_family() {
    let folder = tempfile::tempdir().unwrap();
    for model in ["microast", "adain", "example.pth"] {
        let path = folder.path().join("model.safetensors");
        let weights = Model::open(data(model)).unwrap().to_weights();
        safetensors::save(&weights, &path, safetensors::Precision::F32, true).unwrap();
        let (first, again) = (Stylizer::open(data(model)).unwrap(), Stylizer::open(&path).unwrap());
        assert_eq!(first.model().family, again.model().family, "{model}");
        let content = picture([44, 36], 1.0);
        let style = match first.own_styles() {
            [] => first.style(&picture([30, 41], 3.0)).unwrap(),
            own => own[0].clone(),
        };
        assert_eq!(first.stylize(&content, &style).unwrap().rgb(), again.stylize(&content, &style).unwrap().rgb(), "{model}");
    }
}

#[test]
fn what_a_family_cannot_do_is_said() {
    let content = picture([44, 36], 1.0);
    let half = || Mask::new([2, 1], &[1.0, 0.0]).unwrap();
    let refused = |stylizer: &Stylizer, style: &Style, options: StylizeOptions, words: &str| {
        let error = stylizer.stylize_with(&content, style, &options, &()).unwrap_err();
        assert!(error.to_string().contains(words) && !error.to_string().contains('\n'), "{error}");
    };
    // It has one style of its own: no style from a picture, from another network, or with another name.
    let one = Stylizer::open(data("example.pth")).unwrap();
    let error = one.style(&content).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("example.pth") && error.to_string().contains("leave out the style"), "{error}");
    assert!(one.find_own_style("mosaic").unwrap_err().to_string().contains("one style, \"example\""));
    let other = Style::new("feed-forward-0".parse().unwrap(), vec![1.0]).unwrap();
    refused(&one, &other, StylizeOptions::default(), "family");
    // Its filters depend on the style, so there are no regions.
    let micro = Stylizer::open(data("microast")).unwrap();
    let style = micro.style(&picture([30, 41], 3.0)).unwrap();
    refused(&micro, &style, StylizeOptions::default().region(style.clone(), half()), "one style at a time");
    // Blends work as usual.
    let blend = Style::blend(&[(&style, 1.0), (&micro.style(&content).unwrap(), 1.0)]).unwrap();
    micro.stylize(&content, &blend).unwrap();
    // Only the norms of this network depend on the style.
    let adain = Stylizer::open(data("adain")).unwrap();
    let style = adain.style(&picture([30, 41], 3.0)).unwrap();
    let error = adain.stylize_with(&content, &style, &StylizeOptions::default().region(style.clone(), half()), &()).unwrap_err();
    assert!(error.to_string().contains("in bands"), "{error}");
}

#[test]
fn a_weaker_painting_without_a_predictor_fades() {
    let stylizer = Stylizer::open(data("example.pth")).unwrap();
    let (content, style) = (picture([44, 36], 1.0), stylizer.own_styles()[0].clone());
    let full = stylizer.stylize(&content, &style).unwrap();
    let half = stylizer.stylize_with(&content, &style, &StylizeOptions::default().strength(0.5), &()).unwrap();
    for ((full, half), content) in full.rgb().iter().zip(half.rgb()).zip(content.rgb()) {
        assert!((half - (full + content) / 2.0).abs() < 1e-5, "{half} between {content} and {full}");
    }
    // Wide strokes enlarge the painting, because there is no predictor for the painting's own style.
    let wide =
        stylizer.stylize_with(&content, &style, &StylizeOptions::default().stroke(impasto::Stroke::Native(2.0)), &()).unwrap();
    assert!(tiny::distance(&wide, &full) > 0.0);
    // In bands, with the statistics of a thumbnail.
    let bands = Stylizer::builder().model(data("example.pth")).thumbnail(Some(24)).open().unwrap();
    let painted = bands.stylize(&content, &style).unwrap();
    let mean = painted.rgb().iter().zip(full.rgb()).map(|(a, b)| (a - b).abs()).sum::<f32>() / full.rgb().len() as f32;
    assert!(mean > 0.0 && mean < 0.2, "{mean}");
}

#[test]
fn parts_of_a_model_name_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str, to: &str| std::fs::copy(data(from), folder.path().join(to)).unwrap();
    copy("microast/decoder.pth", "decoder.pth");
    copy("microast/style_encoder.pth", "style_encoder.pth");
    let error = Model::open(folder.path()).unwrap_err();
    assert!(error.kind() == ErrorKind::Mismatch && error.to_string().contains("content_encoder"), "{error}");
    for file in ["decoder.pth", "vgg_normalised.pth"] {
        let error = Model::open(data("adain").join(file)).unwrap_err();
        assert!(error.to_string().contains(file) && error.to_string().contains("missing"), "{error}");
    }
}

#[test]
fn mirrored_borders_draw_no_frame() {
    let Some(model) = shared("models/fast-neural-style/la_muse") else { return };
    let open = |border| {
        Model::open_with(&[&model], &Limits::default(), &Options::default().border(border)).unwrap().transformer.unwrap()
    };
    let Architecture::FeedForward(as_published) = open(None).architecture else { panic!() };
    assert_eq!(as_published, FeedForward::fast_style_transfer());
    let Architecture::FeedForward(mirrored) = open(Some(Border::Reflect)).architecture else { panic!() };
    assert_eq!((mirrored.border, mirrored.doubling), (Border::Reflect, Doubling::Transposed));
    // A flat picture stays nearly flat up to its edge.
    let flat = Picture::from_rgb_f32([64, 64], vec![0.5; 64 * 64 * 3]).unwrap();
    let edges = |border| {
        let stylizer = Stylizer::builder().model(&model).border(border).open().unwrap();
        let painted = stylizer.stylize(&flat, &stylizer.own_styles()[0].clone()).unwrap();
        let value = |x: usize, y: usize| painted.rgb()[(y * 64 + x) * 3..][..3].iter().sum::<f32>();
        (0..64).map(|x| (value(x, 0) - value(x, 32)).abs()).sum::<f32>()
    };
    assert!(edges(Some(Border::Reflect)) < edges(None), "{} and {}", edges(Some(Border::Reflect)), edges(None));
}

#[test]
fn arrays_are_shared_between_the_networks_of_a_file() {
    let model = Model::open(data("adain")).unwrap();
    let (predictor, transformer) = model.pair().unwrap();
    let name = "adain/encoder/conv1_1/weights";
    assert_eq!(predictor.weights.get(name), transformer.weights.get(name));
    assert!(model.to_weights().get(name).is_some());
}
