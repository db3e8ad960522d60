//! Styles: blending, and their files.

use crate::common;

use std::fs;

use common::tiny;
use impasto::networks::Family;
use impasto::networks::magenta::Border;
use impasto::weights::safetensors::{Precision, read, to_bytes};
use impasto::weights::{Tensor, Weights};
use impasto::{ErrorKind, Style};

/// The argument of [`Style::blend`].
type Shares<'a> = &'a [(&'a Style, f32)];

fn style(vector: &[f32]) -> Style {
    Style::new(Family::Magenta, vector.to_vec()).unwrap()
}

#[test]
fn blends_are_weighted_means() {
    let (a, b, c) = (style(&[1.0, 0.0, 4.0]), style(&[0.0, 1.0, 4.0]), style(&[-8.0, 8.0, 4.0]));
    let cases: [(Shares<'_>, [f32; 3]); 6] = [
        (&[(&a, 1.0)], [1.0, 0.0, 4.0]),
        (&[(&a, 0.001)], [1.0, 0.0, 4.0]),
        (&[(&a, 1.0), (&b, 1.0)], [0.5, 0.5, 4.0]),
        (&[(&a, 3.0), (&b, 1.0), (&c, 0.0)], [0.75, 0.25, 4.0]),
        (&[(&a, 2.0), (&b, 1.0), (&c, 1.0)], [-1.5, 2.25, 4.0]),
        (&[(&a, f32::MAX), (&b, f32::MAX)], [0.5, 0.5, 4.0]),
    ];
    for (styles, expected) in cases {
        assert_eq!(Style::blend(styles).unwrap(), style(&expected), "{styles:?}");
    }
    let far = style(&[f32::MAX, f32::MIN, 0.0]);
    assert_eq!(Style::blend(&[(&far, 1.0), (&far, 1.0)]).unwrap(), far);
}

#[test]
fn mixing_goes_from_one_to_the_other() {
    let (a, b) = (style(&[1.0, -3.0]).with_name("a"), style(&[5.0, 0.3]));
    assert_eq!(a.mix(&b, 0.0).unwrap().vector(), a.vector());
    assert_eq!(a.mix(&b, 1.0).unwrap().vector(), b.vector());
    assert_eq!(a.mix(&b, 0.25).unwrap().vector()[0], 2.0);
    assert_eq!(a.mix(&b, 0.0).unwrap().name(), None, "a blend has no name");
    for t in [-0.1, 1.1, f32::NAN] {
        assert_eq!(a.mix(&b, t).unwrap_err().kind(), ErrorKind::InvalidArgument, "{t}");
    }
}

#[test]
fn what_cannot_be_blended_is_refused() {
    let a = style(&[1.0, 2.0]).with_name("waves");
    let other = Style::new(Family::Hub, vec![1.0, 2.0]).unwrap();
    let longer = style(&[1.0, 2.0, 3.0]);
    let cases: [(Shares<'_>, ErrorKind, &str); 7] = [
        (&[], ErrorKind::InvalidArgument, "no styles"),
        (&[(&a, 0.0), (&a, 0.0)], ErrorKind::InvalidArgument, "share 0"),
        (&[(&a, -1.0), (&a, 2.0)], ErrorKind::InvalidArgument, "-1"),
        (&[(&a, f32::NAN)], ErrorKind::InvalidArgument, "NaN"),
        (&[(&a, f32::INFINITY)], ErrorKind::InvalidArgument, "inf"),
        (&[(&a, 1.0), (&other, 1.0)], ErrorKind::Mismatch, "the style \"waves\" is of family magenta, a style of family tf-hub"),
        (&[(&a, 1.0), (&longer, 0.0)], ErrorKind::Mismatch, "2 numbers"),
    ];
    for (styles, kind, text) in cases {
        let error = Style::blend(styles).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(text), "{error}: lacks {text:?}");
    }
    for (vector, kind) in [
        (vec![], ErrorKind::InvalidArgument),
        (vec![0.0; 65537], ErrorKind::InvalidArgument),
        (vec![1.0, f32::NAN], ErrorKind::Malformed),
        (vec![f32::INFINITY], ErrorKind::Malformed),
    ] {
        assert_eq!(Style::new(Family::Magenta, vector).unwrap_err().kind(), kind);
    }
}

#[test]
fn texts_fit_a_line() {
    let style = style(&[1.0]).with_name(" a\n\u{1b}[31mb\t").with_provenance("é".repeat(1000));
    assert_eq!(style.name(), Some("a  [31mb"));
    assert_eq!(style.provenance().map(|text| text.chars().count()), Some(200));
    assert_eq!(style.clone().with_name("\r\n").name(), None);
    assert_eq!(Style::from_bytes(&style.to_bytes().unwrap()).unwrap(), style);
}

#[test]
fn files_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("waves.style");
    let stylizer = tiny::stylizer();
    let made = stylizer.style(&tiny::swirls(60, 50)).unwrap().with_name("swirls").with_provenance("drawn");
    made.save(&path, false).unwrap();
    let read = Style::open(&path).unwrap();
    assert_eq!(read, made);
    assert!(fs::metadata(&path).unwrap().len() < 1000);
    let content = tiny::landscape(30, 20);
    assert_eq!(stylizer.stylize(&content, &read).unwrap(), stylizer.stylize(&content, &made).unwrap());

    let other = style(&[1.0]);
    let error = other.save(&path, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.to_string().contains("waves.style"), "{error}");
    assert_eq!(Style::open(&path).unwrap(), made, "a refused file was touched");
    other.save(&path, true).unwrap();
    assert_eq!(Style::open(&path).unwrap(), other);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "temporary files were left");
    let error = other.save(folder.path().join("absent/x.style"), false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
}

/// A style file with a change.
fn changed(change: impl Fn(&mut Weights)) -> Vec<u8> {
    let mut weights = read(&style(&[1.0, 2.0]).to_bytes().unwrap()).unwrap();
    change(&mut weights);
    to_bytes(&weights, Precision::F32).unwrap()
}

fn set(key: &'static str, value: &'static str) -> impl Fn(&mut Weights) {
    move |weights| {
        assert!(weights.metadata.insert(key.into(), value.into()).is_some(), "{key} is no key of a style file");
    }
}

#[test]
fn other_files_are_refused() {
    let array = |shape: &[usize]| Tensor::new(shape, vec![0.5; shape.iter().product()]).unwrap();
    let mut nan = style(&[1.0, 2.0]).to_bytes().unwrap();
    let end = nan.len();
    nan[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    let model = to_bytes(&tiny::model(Border::Reflect, 1).to_weights(), Precision::F32).unwrap();
    assert!(model.len() > 1 << 20);
    let plain = {
        let mut weights = Weights::new();
        weights.insert("style_vector", array(&[2]));
        to_bytes(&weights, Precision::F32).unwrap()
    };
    let cases: Vec<(&str, Vec<u8>, ErrorKind, &str)> = vec![
        ("empty", vec![], ErrorKind::Malformed, "not a style file"),
        ("text", b"not a style at all, just words".to_vec(), ErrorKind::Malformed, "not a style file"),
        ("not a number", nan, ErrorKind::Malformed, "NaN"),
        ("a model", model, ErrorKind::TooLarge, "too many for a style"),
        ("no metadata", plain, ErrorKind::Unsupported, "not a style file"),
        ("a newer version", changed(set("impasto.style", "3")), ErrorKind::Unsupported, "version \"3\""),
        ("no family", changed(|w| drop(w.metadata.remove("impasto.style.family"))), ErrorKind::Malformed, "its family"),
        ("a bad family", changed(set("impasto.style.family", "No Such")), ErrorKind::Malformed, "No Such"),
        ("two arrays", changed(|w| drop(w.insert("more", array(&[1])))), ErrorKind::Malformed, "just one"),
        ("a matrix", changed(|w| drop(w.insert("style_vector", array(&[1, 2])))), ErrorKind::Malformed, "plain list"),
        ("no numbers", changed(|w| drop(w.insert("style_vector", array(&[0])))), ErrorKind::InvalidArgument, "0 numbers"),
        ("too many", changed(|w| drop(w.insert("style_vector", array(&[70000])))), ErrorKind::InvalidArgument, "70000"),
        (
            "learned, and too large for float16",
            changed(|w| {
                let texts = [("impasto.style", "2"), ("impasto.style.model", "m")];
                w.metadata.extend(texts.map(|(key, text)| (key.to_owned(), text.to_owned())));
                w.insert("style_vector", Tensor::new([2], vec![1.0, 1e6]).unwrap());
            }),
            ErrorKind::Malformed,
            "number 1 of the style vector is inf",
        ),
        (
            "another array",
            changed(|w| {
                let vector = w.remove("style_vector").unwrap();
                w.insert("vector", vector);
            }),
            ErrorKind::Malformed,
            "style_vector",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.style");
    let mut failures = Vec::new();
    for (name, bytes, kind, text) in cases {
        fs::write(&path, &bytes).unwrap();
        match Style::open(&path) {
            Ok(style) => failures.push(format!("{name}: is accepted as {style:?}")),
            Err(error) => {
                let line = error.to_string();
                if error.kind() != kind || !line.contains(text) || !line.contains("bad.style") || line.contains('\n') {
                    failures.push(format!("{name}: {:?} {line}", error.kind()));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let missing = Style::open(folder.path().join("missing.style")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
    assert!(missing.to_string().contains("missing.style"), "{missing}");
}

/// Activations turn NaN into 0, so such a style would paint one flat color.
#[test]
fn a_vector_whose_painting_overflows_is_refused() {
    let stylizer = tiny::stylizer();
    let content = tiny::landscape(30, 20);
    let made = stylizer.style(&tiny::swirls(60, 50)).unwrap();
    let times = |factor: f32| {
        let vector = made.vector().iter().map(|v| (v * factor).clamp(f32::MIN, f32::MAX)).collect();
        Style::new(made.family().clone(), vector).unwrap()
    };
    stylizer.stylize(&content, &times(100.0)).unwrap();
    for factor in [1e25, 1e38] {
        let error = stylizer.stylize(&content, &times(factor)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Malformed, "{factor}: {error}");
        assert!(error.to_string().contains("too large"), "{error}");
        let mix = made.mix(&times(factor), 0.5).unwrap();
        assert_eq!(stylizer.stylize(&content, &mix).unwrap_err().kind(), ErrorKind::Malformed);
    }
}

#[test]
fn damaged_files_never_panic() {
    let bytes = style(&[1.0, -2.0, 3.5]).with_name("waves").to_bytes().unwrap();
    for end in 0..bytes.len() {
        assert!(Style::from_bytes(&bytes[..end]).is_err(), "the first {end} bytes are accepted");
    }
    let mut accepted = 0;
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[place] ^= 1 << bit;
            if let Ok(style) = Style::from_bytes(&damaged) {
                accepted += 1;
                assert!(style.vector().iter().all(|v| v.is_finite()));
            }
        }
    }
    assert!(accepted > 0, "a flipped bit of a number makes another number");
}
