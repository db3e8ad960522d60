//! Networks of other families on the command line: one style, several styles, filters that depend on the style.

use std::path::PathBuf;

use impasto::networks::Architecture;
use impasto::weights::safetensors::{self, Precision};
use impasto::weights::{Tensor, Weights};

use crate::common::{Workshop, stderr};

fn data(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../impasto/tests/data/families").join(name);
    path.display().to_string()
}

/// A network of three styles.
fn three() -> Vec<u8> {
    let text =
        "feed-forward contract=4,4,4 blocks=1 expand=4,4 styles=3 epsilon=1e-5 border=reflect doubling=nearest output=sigmoid";
    let graph = text.parse::<Architecture>().unwrap().graph();
    let mut weights = Weights::new();
    for parameter in graph.parameters().unwrap() {
        let values = (0..parameter.count()).map(|i| (i as f32 * 1.7 + parameter.name.len() as f32).sin()).collect();
        weights.insert(&parameter.name, Tensor::new(parameter.shape.clone(), values).unwrap());
    }
    for (key, value) in [("format", "1"), ("family", "three"), ("transformer", text)] {
        weights.metadata.insert(format!("impasto.{key}"), value.into());
    }
    safetensors::to_bytes(&weights, Precision::F32).unwrap()
}

fn workshop() -> Workshop {
    let workshop = Workshop::new();
    workshop.write("three.safetensors", &three());
    std::fs::copy(data("example.pth"), workshop.path("example.pth")).unwrap();
    workshop
}

fn succeeds(workshop: &Workshop, arguments: &[&str]) {
    let output = workshop.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
}

fn fails(workshop: &Workshop, arguments: &[&str], code: i32, words: &[&str]) {
    let output = workshop.run(arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    assert!(words.iter().all(|word| text.contains(word)), "{arguments:?}: {text}");
}

#[test]
fn a_network_of_one_style_paints_without_a_style_and_is_painted_again() {
    let workshop = workshop();
    succeeds(&workshop, &["stylize", "content.png", "-o", "out.png", "--model", "example.pth"]);
    succeeds(&workshop, &["replay", "out.png", "-o", "again.png"]);
    assert_eq!(std::fs::read(workshop.path("out.png")).unwrap(), std::fs::read(workshop.path("again.png")).unwrap());
    succeeds(&workshop, &["stylize", "content.png", "-s", "example", "-o", "named.png", "--model", "example.pth", "--strip"]);
    succeeds(&workshop, &["stylize", "content.png", "-o", "plain.png", "--model", "example.pth", "--strip"]);
    assert_eq!(std::fs::read(workshop.path("named.png")).unwrap(), std::fs::read(workshop.path("plain.png")).unwrap());
    succeeds(&workshop, &["stylize", "content.png", "-o", "many/", "--model", "example.pth", "--strength", "0.5"]);
    assert!(workshop.path("many/content.png").exists());
    fails(
        &workshop,
        &["stylize", "content.png", "-s", "style.png", "-o", "no.png", "--model", "example.pth"],
        1,
        &["example.pth", "takes no style pictures"],
    );
    assert!(!workshop.path("no.png").exists());
}

#[test]
fn styles_of_a_network_are_named_by_number() {
    let workshop = workshop();
    let paint = |styles: &[&str], model: bool, output: &str| {
        let mut arguments = vec!["stylize", "content.png", "-o", output, "--strip"];
        styles.iter().for_each(|style| arguments.extend(["-s", style]));
        if model {
            arguments.extend(["--model", "three.safetensors"]);
        }
        succeeds(&workshop, &arguments);
        std::fs::read(workshop.path(output)).unwrap()
    };
    let one = paint(&["1"], true, "1.png");
    assert_eq!(paint(&["three.safetensors:1"], false, "colon.png"), one);
    assert_ne!(paint(&["2"], true, "2.png"), one);
    assert_eq!(paint(&["1=1", "1=3"], true, "same.png"), one);
    assert_ne!(paint(&["1", "2=3"], true, "blend.png"), one);
    let arguments = |styles: &'static [&'static str]| {
        let mut arguments = vec!["stylize", "content.png", "-o", "no.png"];
        styles.iter().for_each(|word| arguments.push(word));
        arguments
    };
    let model = &["--model", "three.safetensors", "-s", "3"];
    fails(&workshop, &arguments(model), 1, &["three.safetensors", "styles 0 to 2", "\"3\""]);
    fails(&workshop, &arguments(&["--model", "three.safetensors"]), 2, &["-s 0 to -s 2"]);
    fails(&workshop, &arguments(&["-s", "three.safetensors:1", "-s", "example.pth:0"]), 2, &["of one model"]);
    fails(&workshop, &arguments(&["-s", "missing.onnx:1"]), 1, &["missing.onnx"]);
    fails(&workshop, &arguments(&["-s", "1", "--model", "model.safetensors"]), 1, &["1: there is no such file"]);
}

#[test]
fn films_and_sheets_are_painted_in_the_styles_of_a_network() {
    let workshop = workshop();
    std::fs::create_dir(workshop.path("frames")).unwrap();
    std::fs::copy(workshop.path("content.png"), workshop.path("frames/1.png")).unwrap();
    let film = |more: &[&str]| {
        succeeds(&workshop, &[&["video", "frames", "-o", "film/", "--force"], more].concat());
        let painted = std::fs::read_dir(workshop.path("film")).unwrap().next().unwrap().unwrap().path();
        std::fs::read(painted).unwrap()
    };
    let one = film(&["--model", "three.safetensors", "-s", "1"]);
    assert!(film(&["-s", "three.safetensors:1"]) == one);
    assert!(film(&["--model", "example.pth"]) != one);
    fails(&workshop, &["video", "frames", "-o", "no/"], 2, &["--style is required"]);
    fails(&workshop, &["video", "frames", "-o", "no/", "--model", "three.safetensors"], 2, &["-s 0 to -s 2"]);
    // A sheet has all three.
    let sheet = |more: &[&str], output: &str| {
        succeeds(&workshop, &[&["sheet", "content.png", "-o", output, "--size", "64"], more].concat());
        std::fs::read(workshop.path(output)).unwrap()
    };
    let all = sheet(&["--model", "three.safetensors"], "all.png");
    let named = sheet(&["--model", "three.safetensors", "-s", "0", "-s", "1", "-s", "2"], "named.png");
    assert!(named == all);
    fails(&workshop, &["sheet", "content.png", "-o", "no.png", "--model", "model.safetensors"], 2, &["no styles of its own"]);
}

#[test]
fn the_styles_of_other_models_are_listed() {
    let workshop = workshop();
    let list = |more: &[&str]| {
        let output =
            workshop.impasto(&[&["styles", "list"], more].concat()).env("IMPASTO_HOME", workshop.path("home")).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        (String::from_utf8(output.stdout.clone()).unwrap(), stderr(&output))
    };
    let (text, _) = list(&["--model", "three.safetensors"]);
    assert_eq!(text.lines().map(|line| line.split("  ").next().unwrap()).collect::<Vec<_>>(), ["0", "1", "2"]);
    let (text, said) = list(&["--model", "model.safetensors"]);
    assert!(text.is_empty() && said.contains("-s PICTURE"), "{text} {said}");
    let import = ["models", "import", "three.safetensors", "--name", "triple"];
    assert!(workshop.impasto(&import).env("IMPASTO_HOME", workshop.path("home")).output().unwrap().status.success());
    let (text, _) = list(&[]);
    assert!(text.contains("triple: 3 styles, -s triple:0 to -s triple:2"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&list(&["--json"]).0).unwrap();
    assert_eq!(json["models"], serde_json::json!([{ "model": "triple", "styles": 3 }]));
}

#[test]
fn models_info_tells_what_a_family_can_do() {
    let workshop = workshop();
    let info = |model: &str| {
        let output = workshop.run(&["models", "info", model]);
        assert!(output.status.success(), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = info("three.safetensors");
    assert!(text.contains("3 of its own: -s 0 to -s 2") && text.contains("--thumbnail PIXELS"), "{text}");
    let text = info("example.pth");
    assert!(text.contains("one, its own: paint without -s") && text.contains("multiply-accumulates at 720x512"), "{text}");
    let text = info(&data("adain"));
    assert!(text.contains("no: a picture in one piece") && text.contains("style predictor"), "{text}");
    let output = workshop.run(&["models", "info", &data("microast"), "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["networks"][1]["kind"], "transformer");
    assert_eq!(json["networks"][1]["bands"], true);
    let output = workshop.run(&["bench", "--model", &data("microast"), "--size", "64x48", "--threads", "1", "--runs", "1"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn filters_that_depend_on_the_style_have_no_regions() {
    let workshop = workshop();
    let model = data("microast");
    let mask = ["-s", "style.png@content.png", "-s", "style.png"];
    let arguments = [&["stylize", "content.png", "-o", "out.png", "--model", &model][..], &mask[..]].concat();
    fails(&workshop, &arguments, 1, &["one style at a time"]);
    succeeds(&workshop, &["stylize", "content.png", "-s", "style.png", "-o", "out.png", "--model", &model, "--thumbnail", "40"]);
}
