//! The built-in model and styles, `styles`, `demo`, and models by name.
#![cfg(feature = "embedded")]

use crate::common;

use common::{Workshop, complaints, gradient, open, stderr};
use impasto::style::Gallery;
use impasto::{Picture, Style};

/// Runs a command that must succeed, and returns its standard output.
#[track_caller]
fn done(workshop: &Workshop, arguments: &[&str]) -> String {
    let output = workshop.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn names() -> Vec<String> {
    Gallery::built_in().unwrap().styles().iter().map(|style| style.name().unwrap().to_owned()).collect()
}

#[test]
fn a_photograph_is_painted_without_any_model_file() {
    let workshop = Workshop::new();
    let names = names();
    done(&workshop, &["stylize", "content.png", "-s", &names[0], "-o", "a.png"]);
    done(
        &workshop,
        &["stylize", "content.png", "-s", &format!("{}=3", names[0]), "-s", &format!("{}=1", names[1]), "-o", "b.png"],
    );
    done(&workshop, &["stylize", "content.png", "-s", "style.png", "-s", &names[0], "-o", "c.png", "--figure", "figure.png"]);
    let [a, b, c] = ["a.png", "b.png", "c.png"].map(|name| open(workshop.path(name)));
    assert_eq!((a.width(), a.height()), (67, 93));
    assert!(a.rgb() != b.rgb() && b.rgb() != c.rgb());
    // A folder with the style's name does not matter.
    std::fs::create_dir(workshop.path(&names[0])).unwrap();
    done(&workshop, &["stylize", "content.png", "-s", &names[0], "-o", "a2.png"]);
    assert_eq!(open(workshop.path("a2.png")).rgb(), a.rgb());
    std::fs::remove_dir(workshop.path(&names[0])).unwrap();
    // A file with the style's name comes first.
    std::fs::copy(workshop.path("style.png"), workshop.path(&names[0])).unwrap();
    done(&workshop, &["stylize", "content.png", "-s", &names[0], "-o", "d.png"]);
    done(&workshop, &["stylize", "content.png", "-s", "style.png", "-o", "e.png"]);
    assert_eq!(open(workshop.path("d.png")).rgb(), open(workshop.path("e.png")).rgb());
    let unknown = workshop.run(&["stylize", "content.png", "-s", "no-such-style", "-o", "f.png"]);
    assert_eq!(complaints(&unknown, 1, &["no-such-style", "impasto styles list"]), [""; 0]);
    let nearly = workshop.run(&["stylize", "content.png", "-s", "Mosiac", "-o", "f.png"]);
    assert_eq!(complaints(&nearly, 1, &["Mosiac", "did you mean mosaic?"]), [""; 0]);
    let nearly = workshop.run(&["demo", "--style", "Mosiac", "-o", "f.png"]);
    assert_eq!(complaints(&nearly, 2, &["Mosiac", "did you mean mosaic?"]), [""; 0]);
    // Case does not matter.
    done(&workshop, &["stylize", "content.png", "-s", &names[0].to_uppercase(), "-o", "upper.png"]);
    assert_eq!(open(workshop.path("upper.png")).rgb(), a.rgb());
    let foreign = ["stylize", "content.png", "-s", &names[1], "-o", "f.png", "--model", "model.safetensors"];
    // The workshop's model has vectors of another length. The family of the stand-in may be the same.
    assert_eq!(complaints(&workshop.run(&foreign), 1, &[&names[1]]), [""; 0]);
}

#[test]
fn styles_are_listed() {
    let workshop = Workshop::new();
    let text = done(&workshop, &["styles", "list"]);
    let json: serde_json::Value = serde_json::from_str(&done(&workshop, &["styles", "list", "--json"])).unwrap();
    let listed: Vec<&str> = json["styles"].as_array().unwrap().iter().map(|style| style["name"].as_str().unwrap()).collect();
    assert_eq!(listed, names());
    for (name, line) in names().iter().zip(text.lines()) {
        assert!(line.starts_with(name.as_str()) && line.len() > name.len() + 8, "{line}");
    }
}

#[test]
fn a_style_that_learns_is_a_style_file() {
    let workshop = Workshop::new();
    for folder in ["photos", "styles", "learned"] {
        std::fs::create_dir(workshop.path(folder)).unwrap();
    }
    std::fs::copy(workshop.path("content.png"), workshop.path("photos/content.png")).unwrap();
    std::fs::copy(workshop.path("style.png"), workshop.path("styles/style.png")).unwrap();
    let learn = ["styles", "learn", "style.png", "-o", "learned/style.style", "--contents", "photos", "--steps", "2"];
    done(&workshop, &[&learn[..], &["--preview-picture", "preview.png"]].concat());
    let style = Style::open(workshop.path("learned/style.style")).unwrap();
    assert_eq!(style.name(), Some("style"));
    assert!(style.learned().unwrap().corrects_kernels());
    // Small enough for a gallery, and nothing else is left in the folder.
    assert!(std::fs::metadata(workshop.path("learned/style.style")).unwrap().len() <= 100 * 1024);
    assert_eq!(std::fs::read_dir(workshop.path("learned")).unwrap().count(), 1);
    let preview = open(workshop.path("preview.png"));
    assert_eq!((preview.width(), preview.height()), (67, 93));
    // It paints differently from the style that the predictor alone sees, both by itself and in blends.
    done(&workshop, &["styles", "extract", "style.png", "-o", "seen.style"]);
    for (style, out) in [("learned/style.style", "a.png"), ("seen.style", "b.png"), ("learned/style.style", "again.png")] {
        done(&workshop, &["stylize", "content.png", "-s", style, "-o", out, "--strip"]);
    }
    let [a, b, again] = ["a.png", "b.png", "again.png"].map(|name| open(workshop.path(name)));
    assert!(a.rgb() != b.rgb() && a.rgb() == again.rgb());
    done(&workshop, &["stylize", "content.png", "-s", "learned/style.style=2", "-s", &names()[0], "-o", "blend.png"]);
    let begun = ["styles", "learn", "style.png", "-o", "begun.style", "--contents", "photos", "--steps", "1"];
    done(&workshop, &[&begun[..], &["--start", &names()[0]]].concat());
    let (begun, near) = (Style::open(workshop.path("begun.style")).unwrap(), Style::built_in(&names()[0]).unwrap());
    assert_ne!(begun.learned(), near.learned());
    // A record names it by its hash.
    done(&workshop, &["stylize", "content.png", "-s", "learned/style.style", "-o", "recorded.png"]);
    done(&workshop, &["replay", "recorded.png", "-o", "replayed.png", "--style", "learned/style.style"]);
    assert_eq!(open(workshop.path("replayed.png")).rgb(), open(workshop.path("recorded.png")).rgb());
    // A style that has learned for another model is refused.
    let mut foreign = impasto::weights::safetensors::read(&style.to_bytes().unwrap()).unwrap();
    foreign.metadata.insert("impasto.style.model".into(), "0".repeat(64));
    let bytes = impasto::weights::safetensors::to_bytes(&foreign, impasto::weights::safetensors::Precision::F16).unwrap();
    std::fs::write(workshop.path("foreign.style"), bytes).unwrap();
    let refused = workshop.run(&["stylize", "content.png", "-s", "foreign.style", "-o", "no.png"]);
    assert_eq!(complaints(&refused, 1, &["another model", "learn it again"]), [""; 0]);
    // It is measured in addition to the model.
    let measured = done(
        &workshop,
        &["eval", "--contents", "photos", "--styles", "styles", "--learned", "learned", "--size", "64", "--artefacts", "0"],
    );
    assert!(measured.lines().any(|line| line.starts_with("learned ")), "{measured}");
    // Nothing is replaced, and a run that does not exist is not resumed.
    assert_eq!(complaints(&workshop.run(&learn), 1, &["style.style", "--force"]), [""; 0]);
    let resumed = workshop.run(&["styles", "learn", "style.png", "-o", "new.style", "--contents", "photos", "--resume"]);
    assert_eq!(complaints(&resumed, 1, &["new.style.checkpoint", "--resume"]), [""; 0]);
    let shallow = workshop.run(&["styles", "learn", "style.png", "-o", "new.style", "--contents", "styles/style.png"]);
    assert!(shallow.status.code() == Some(1), "{}", stderr(&shallow));
}

#[test]
fn an_extracted_style_paints_as_its_picture() {
    let workshop = Workshop::new();
    done(&workshop, &["styles", "extract", "style.png", "-o", "my.style"]);
    assert_eq!(Style::open(workshop.path("my.style")).unwrap().name(), Some("style"));
    done(&workshop, &["styles", "extract", "style.png", "-o", "named.style", "--name", "Waves"]);
    assert_eq!(Style::open(workshop.path("named.style")).unwrap().name(), Some("Waves"));
    // The same, except for the names that they record.
    for (style, out) in [("my.style", "a.png"), ("style.png", "b.png")] {
        done(&workshop, &["stylize", "content.png", "-s", style, "-o", out, "--strip"]);
    }
    let [a, b] = ["a.png", "b.png"].map(|name| std::fs::read(workshop.path(name)).unwrap());
    assert!(a == b);
    let again = workshop.run(&["styles", "extract", "style.png", "-o", "my.style"]);
    assert_eq!(complaints(&again, 1, &["my.style", "--force"]), [""; 0]);
}

#[test]
fn the_demo_needs_no_file() {
    let workshop = Workshop::new();
    done(&workshop, &["demo", "--size", "96x64"]);
    let figure = open(workshop.path("impasto-demo.png"));
    assert!(figure.width() > 3 * 240, "{}×{}", figure.width(), figure.height());
    done(&workshop, &["demo", "--size", "96x64", "--seed", "1", "--style", "mosaic", "-o", "other.jpg", "-q"]);
    let again = workshop.run(&["demo", "--size", "96x64"]);
    assert_eq!(complaints(&again, 1, &["impasto-demo.png", "--force"]), [""; 0]);
    // The same seed draws and paints the same.
    done(&workshop, &["demo", "--size", "96x64", "-o", "same.png"]);
    let same: Picture = open(workshop.path("same.png"));
    assert!(same.rgb() == figure.rgb());
}

#[test]
fn models_are_kept_under_a_name() {
    let workshop = Workshop::new();
    let data = workshop.path("data");
    let run = |arguments: &[&str]| {
        let output = workshop.impasto(arguments).env("XDG_DATA_HOME", &data).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let list = run(&["models", "list"]);
    assert!(list.contains("built-in") && list.contains("license") && !list.contains("tiny"), "{list}");
    run(&["models", "import", "model.safetensors", "--name", "tiny"]);
    let list = run(&["models", "list"]);
    assert!(list.contains("tiny") && list.contains("untrained-1"), "{list}");
    run(&["stylize", "content.png", "-s", "style.png", "--model", "tiny", "-o", "a.png", "--strip"]);
    run(&["stylize", "content.png", "-s", "style.png", "--model", "model.safetensors", "-o", "b.png", "--strip"]);
    let [a, b] = ["a.png", "b.png"].map(|name| std::fs::read(workshop.path(name)).unwrap());
    assert!(a == b);
    assert_eq!(run(&["models", "info", "tiny"]).lines().nth(2), run(&["models", "info", "model.safetensors"]).lines().nth(2));
    // A broken model is listed with the reason, and does not affect the others.
    std::fs::write(data.join("impasto/models/broken.safetensors"), gradient(2, 2).to_rgb8().unwrap()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&run(&["models", "list", "--json"])).unwrap();
    let models = json["models"].as_array().unwrap();
    let facts: Vec<_> = models.iter().map(|model| (model["name"].as_str().unwrap(), model["error"].is_null())).collect();
    assert_eq!(facts, [("built-in", true), ("broken", false), ("tiny", true)]);
    assert_eq!(models[0]["networks"].as_array().unwrap().len(), 2);
    // Without a path, `info` describes the built-in model.
    assert!(run(&["models", "info"]).contains("built-in model"));
    let again =
        workshop.impasto(&["models", "import", "model.safetensors", "--name", "tiny"]).env("XDG_DATA_HOME", &data).output();
    assert_eq!(complaints(&again.unwrap(), 1, &["tiny", "--force"]), [""; 0]);
}
