//! The built-in model and its styles: whether they are there and fit together. How they look is for people to judge.
#![cfg(feature = "embedded")]

use crate::common;

use common::tiny;
use impasto::networks::{Family, Kind};
use impasto::style::Gallery;
use impasto::weights::safetensors::{self, Precision};
use impasto::{ErrorKind, Model, Style, Stylizer};

#[test]
fn the_built_in_model_paints() {
    let model = Model::embedded().unwrap();
    let kinds: Vec<Kind> = model.networks().map(impasto::networks::Network::kind).collect();
    assert_eq!(kinds, [Kind::Predictor, Kind::Transformer]);
    assert!(model.pair().unwrap().1.architecture.thumbnail().is_some(), "the built-in model paints any size in bounded memory");
    let bytes = safetensors::to_bytes(&model.to_weights(), Precision::F16).unwrap();
    assert!(bytes.len() < 3 << 20, "{} bytes", bytes.len());

    let stylizer = Stylizer::new().unwrap();
    assert_eq!(stylizer.model().family, model.family);
    let content = tiny::landscape(300, 200);
    let painted = stylizer.stylize(&content, &stylizer.style(&tiny::swirls(256, 256)).unwrap()).unwrap();
    assert!(painted.rgb().iter().all(|v| (0.0..=1.0).contains(v)));
    assert!(tiny::distance(&content, &painted) > 0.05, "it changes nothing");
    // This is also the builder's default.
    assert_eq!(Stylizer::builder().threads(1).open().unwrap().model().family, model.family);
}

#[test]
fn built_in_styles_are_the_models() {
    let (gallery, stylizer) = (Gallery::built_in().unwrap(), Stylizer::new().unwrap());
    assert!(gallery.styles().len() >= 16, "{} styles", gallery.styles().len());
    assert_eq!(gallery.family(), &stylizer.model().family);
    let content = tiny::landscape(80, 60);
    for style in gallery.styles() {
        let name = style.name().unwrap();
        assert!(style.provenance().is_some_and(|about| about.len() > 5), "{name} is not described");
        assert_eq!(&Style::built_in(name).unwrap(), style);
        stylizer.stylize(&content, style).unwrap();
    }
    let error = Style::built_in("no-such-style").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains(gallery.styles()[0].name().unwrap()), "{error}");
}

fn style(name: &str, family: &str, numbers: usize) -> Style {
    Style::new(family.parse().unwrap(), vec![0.5; numbers]).unwrap().with_name(name).with_provenance(format!("about {name}"))
}

#[test]
fn galleries_are_written_and_read() {
    let gallery = Gallery::new(vec![style("waves-2", "mine", 3), style("agate", "mine", 3)]).unwrap();
    assert_eq!(gallery.styles()[0].name(), Some("agate"), "sorted by name");
    let bytes = gallery.to_bytes().unwrap();
    assert_eq!(Gallery::from_bytes(&bytes).unwrap(), gallery);
    assert_eq!(gallery.family(), &Family::Other("mine".into()));
    for len in 0..bytes.len() {
        assert!(Gallery::from_bytes(&bytes[..len]).is_err(), "cut off at {len}");
    }
    let kind = |styles: Vec<Style>| Gallery::new(styles).unwrap_err().kind();
    assert_eq!(kind(vec![]), ErrorKind::InvalidArgument);
    assert_eq!(kind(vec![style("a", "mine", 3), style("a", "mine", 3)]), ErrorKind::InvalidArgument);
    assert_eq!(kind(vec![style("A b", "mine", 3)]), ErrorKind::InvalidArgument);
    assert_eq!(kind(vec![style("a", "mine", 3), style("b", "other", 3)]), ErrorKind::Mismatch);
    assert_eq!(kind(vec![style("a", "mine", 3), style("b", "mine", 4)]), ErrorKind::Mismatch);
    // A file with a single style is not a gallery.
    let other = Gallery::from_bytes(&style("a", "mine", 3).to_bytes().unwrap()).unwrap_err();
    assert_eq!(other.kind(), ErrorKind::Unsupported);
}
