//! Whole pipelines compared with stored outputs of the framework, through the interface that people use.

use crate::common;

use common::files::{Fixture, npy};
use common::{shared, synthetic, tiny};
use impasto::networks::Family;
use impasto::networks::inception::Inception;
use impasto::networks::magenta::Transformer;
use impasto::weights::{Tensor, Weights};
use impasto::{Model, Picture, Style, StyleOptions, StyleSize, Stylizer};

fn picture(tensor: Tensor) -> Picture {
    let &[height, width, 3] = tensor.shape() else { panic!("no picture: {:?}", tensor.shape()) };
    Picture::from_rgb_f32([width, height], tensor.into_data()).unwrap()
}

/// The framework's picture may extend beyond the content's right and bottom edges.
fn check(name: &str, painted: &Picture, expected: &Tensor, tolerance: f32) {
    let &[height, width, 3] = expected.shape() else { panic!("{name}: no picture") };
    assert!(height - painted.height() < 4 && width - painted.width() < 4, "{name}: sizes");
    let rows = expected.data().chunks_exact(width * 3).take(painted.height());
    let cropped = rows.flat_map(|row| &row[..painted.width() * 3]).copied().collect();
    let cropped = Picture::from_rgb_f32(painted.size(), cropped).unwrap();
    let distance = tiny::distance(painted, &cropped);
    println!("{name}: off by {distance}");
    assert!(distance <= tolerance, "{name}: off by {distance}, tolerance {tolerance}");
}

#[test]
fn the_hub_module_whole() {
    let Some(fixture) = Fixture::open("hub_module_synthetic") else { return };
    let mut weights = Weights::new();
    for graph in [Inception { bottleneck: None }.graph(), Transformer::hub().graph()] {
        for (name, tensor) in synthetic::weights(&graph).iter() {
            weights.insert(name, tensor.clone());
        }
    }
    let model = Model::from_weights("synthetic weights", weights).unwrap();
    assert_eq!(model.family, Family::Hub);
    let stylizer = Stylizer::builder().threads(2).build(model).unwrap();
    let as_it_is = StyleOptions::default().size(StyleSize::Original);
    let mut odd = 0;
    for number in fixture.numbers() {
        let array = |name: &str| fixture.tensor(&format!("{number}.{name}"));
        let style = stylizer.style_with(&picture(array("style")), &as_it_is, &()).unwrap();
        let content = picture(array("content"));
        odd += usize::from(![content.width(), content.height()].iter().all(|side| side.is_multiple_of(4)));
        let painted = stylizer.stylize(&content, &style).unwrap();
        check(&format!("TF-Hub module {number}"), &painted, &array("output"), 1e-3);
    }
    assert!(odd > 0, "no stored size that the network's own output does not have");
}

#[test]
fn the_tflite_pair() {
    let Some(folder) = shared("models/magenta-tflite") else { return };
    let stylizer = Stylizer::open(folder).unwrap();
    let fixture = Fixture::open("tflite_real").unwrap();
    // The interpreter's predictor computes in 8 bits, and its vector is clipped to their range.
    let vector = fixture.tensor("style_vector_int8_interpreter").into_data();
    let [low, high] = [-103.0 * 0.019_878_9, 152.0 * 0.019_878_9];
    let own = stylizer.style(&picture(fixture.tensor("style"))).unwrap();
    for (i, (a, b)) in own.vector().iter().zip(&vector).enumerate() {
        assert!((a.clamp(low, high) - b).abs() <= 0.04, "number {i}: {a} instead of {b}");
    }
    let style = Style::new(Family::TfLite, vector).unwrap();
    let painted = stylizer.stylize(&picture(fixture.tensor("content")), &style).unwrap();
    check("TFLite 384×384", &painted, &fixture.tensor("output"), 1e-4);

    let style = Style::new(Family::TfLite, npy("bottleneck100").unwrap().into_data()).unwrap();
    for size in ["64x48", "67x93"] {
        let painted = stylizer.stylize(&picture(npy(&format!("content_{size}")).unwrap()), &style).unwrap();
        check(&format!("TFLite {size}"), &painted, &npy(&format!("tflite_real_f16_{size}_out")).unwrap(), 1e-4);
    }
}
