//! `impasto stylize` at work, with a tiny random model, and with real ones if they are available.

use crate::common;

use std::io::Write;
use std::process::{Output, Stdio};

use common::{Workshop, gradient, open, stderr};

const GOOD: [&str; 8] = ["stylize", "content.png", "-s", "style.png", "-o", "out.png", "--model", "model.safetensors"];

fn good_with(extra: &[&'static str]) -> Vec<&'static str> {
    GOOD.iter().chain(extra).copied().collect()
}

/// Asserts that a run succeeded and printed nothing.
fn assert_silent(output: &Output) {
    assert_eq!((output.status.code(), stderr(output).as_str(), output.stdout.len()), (Some(0), "", 0));
}

#[test]
fn the_result_has_the_contents_size() {
    let workshop = Workshop::new();
    assert_silent(&workshop.run(&GOOD));
    let out = open(workshop.path("out.png"));
    assert_eq!((out.width(), out.height()), (67, 93));
    assert_eq!(workshop.files(), ["content.png", "model.safetensors", "out.png", "style.png"]);
}

#[test]
fn any_shape_of_content_and_style_is_painted() {
    let workshop = Workshop::new();
    let shapes = [(1, 1), (1, 5000), (5000, 1), (4, 4), (5, 7), (33, 31)];
    for (width, height) in shapes {
        workshop.save("odd.png", &gradient(width, height));
        for (content, style, expected) in [("odd.png", "style.png", (width, height)), ("content.png", "odd.png", (67, 93))] {
            let output = workshop.run(&["stylize", content, "-s", style, "-o", "out.png", "--model", "model.safetensors"]);
            assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{width}x{height}: {content} {style}");
            let out = open(workshop.path("out.png"));
            assert_eq!((out.width(), out.height()), expected, "{width}x{height}");
            std::fs::remove_file(workshop.path("out.png")).unwrap();
        }
        std::fs::remove_file(workshop.path("odd.png")).unwrap();
    }
}

#[test]
fn sizes_are_taken_as_asked() {
    let workshop = Workshop::new();
    for (extra, expected) in
        [(&["--size", "186"][..], (134, 186)), (&["--size", "31"], (22, 31)), (&["--exact", "51x72"], (51, 72))]
    {
        assert_silent(&workshop.run(&good_with(extra)));
        let out = open(workshop.path("out.png"));
        assert_eq!((out.width(), out.height()), expected, "{extra:?}");
        std::fs::remove_file(workshop.path("out.png")).unwrap();
    }
}

#[test]
fn the_bytes_do_not_depend_on_threads_and_are_the_librarys() {
    let workshop = Workshop::new();
    for (threads, out) in [("1", "one.png"), ("2", "two.png"), ("3", "three.png")] {
        let arguments =
            ["stylize", "content.png", "-s", "style.png", "-o", out, "--model", "model.safetensors", "--threads", threads];
        assert_silent(&workshop.run(&arguments));
    }
    let bytes = |name: &str| std::fs::read(workshop.path(name)).unwrap();
    assert_eq!(bytes("one.png"), bytes("two.png"));
    assert_eq!(bytes("one.png"), bytes("three.png"));
    let stylizer = impasto::Stylizer::open(workshop.path("model.safetensors")).unwrap();
    let style = stylizer.style(&open(workshop.path("style.png"))).unwrap();
    let painted = stylizer.stylize(&open(workshop.path("content.png")), &style).unwrap();
    assert_eq!(painted.to_rgb8().unwrap(), open(workshop.path("one.png")).to_rgb8().unwrap());
}

#[test]
fn styles_blend_by_weight_and_can_be_saved_ones() {
    let workshop = Workshop::new();
    workshop.save("a=b.png", &gradient(50, 90));
    let stylizer = impasto::Stylizer::open(workshop.path("model.safetensors")).unwrap();
    let [first, second] = ["style.png", "a=b.png"].map(|name| stylizer.style(&open(workshop.path(name))).unwrap());
    first.save(workshop.path("first.style"), false).unwrap();
    let blend = impasto::Style::blend(&[(&first, 3.0), (&second, 1.0)]).unwrap();
    let painted = stylizer.stylize(&open(workshop.path("content.png")), &blend).unwrap().to_rgb8().unwrap();
    for (i, styles) in
        [["style.png=3", "a=b.png"], ["style.png=0.75", "a=b.png=0.25"], ["first.style=3", "a=b.png=1"]].iter().enumerate()
    {
        let out = format!("{i}.png");
        let arguments = [
            "stylize",
            "content.png",
            "-s",
            styles[0],
            "-s",
            styles[1],
            "-o",
            &out,
            "--model",
            "model.safetensors",
            "--figure",
            "f.png",
            "--force",
        ];
        assert_silent(&workshop.run(&arguments));
        assert_eq!(open(workshop.path(&out)).to_rgb8().unwrap(), painted, "{styles:?}");
        // Three panels would be at most 710 wide; with a name in place of the third picture, less.
        assert!(open(workshop.path("f.png")).width() > 740, "{styles:?}");
    }
}

#[test]
fn no_strength_is_the_content() {
    let workshop = Workshop::new();
    assert_silent(&workshop.run(&good_with(&["--strength", "0"])));
    assert_eq!(open(workshop.path("out.png")).to_rgb8().unwrap(), open(workshop.path("content.png")).to_rgb8().unwrap());
}

#[test]
fn a_pipe_takes_and_gives_pictures() {
    let workshop = Workshop::new();
    let formats = [(None, &b"\x89PNG"[..]), (Some("jpeg"), b"\xff\xd8\xff"), (Some("webp"), b"RIFF"), (Some("tiff"), b"II")];
    for (format, magic) in formats {
        let mut command = workshop.impasto(&["stylize", "-", "-s", "style.png", "-o", "-", "--model", "model.safetensors"]);
        command.args(format.iter().flat_map(|format| ["--format", format]));
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(&std::fs::read(workshop.path("content.png")).unwrap()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{format:?}");
        assert!(output.stdout.starts_with(magic), "{format:?}");
        let picture = impasto::Picture::decode(&output.stdout, &impasto::picture::Limits::default()).unwrap();
        assert_eq!((picture.width(), picture.height()), (67, 93));
    }
}

#[test]
fn json_tells_what_was_done() {
    let workshop = Workshop::new();
    let output = workshop.run(&good_with(&["--json", "-s", "style.png=3", "--strength", "0.5", "--threads", "2"]));
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["size"], serde_json::json!({ "width": 67, "height": 93 }));
    assert_eq!(json["output"], "out.png");
    assert_eq!(json["strength"], 0.5);
    assert_eq!(json["threads"], 2);
    assert_eq!(json["styles"][1]["share"], 0.75);
    assert_eq!(json["model"]["family"], "untrained-1");
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
    for phase in ["read", "model", "style", "paint", "write", "total"] {
        assert!(json["seconds"][phase].as_f64().unwrap() > 0.0, "{phase}");
    }
    assert!(json["memory"]["planned"].as_u64().unwrap() > 67 * 93 * 12);
}

#[test]
fn force_replaces_and_warnings_can_be_silenced() {
    let workshop = Workshop::new();
    workshop.write("out.png", b"old");
    assert_silent(&workshop.run(&good_with(&["--force"])));
    assert_eq!(open(workshop.path("out.png")).width(), 67);
    let glass = gradient(20, 20).with_alpha(vec![0.5; 400]).unwrap();
    workshop.save("glass.png", &glass);
    let arguments = ["stylize", "glass.png", "-s", "style.png", "-o", "glass.jpg", "--model", "model.safetensors", "--force"];
    let output = workshop.run(&arguments);
    assert_eq!(output.status.code(), Some(0));
    let said = stderr(&output);
    assert!(said.starts_with("impasto: warning: ") && said.contains("transparency") && said.lines().count() == 1, "{said}");
    assert_silent(&workshop.run(&[&arguments[..], &["-q"]].concat()));
    let arguments = ["stylize", "glass.png", "-s", "style.png", "-o", "kept.png", "--model", "model.safetensors"];
    assert_silent(&workshop.run(&arguments));
    assert!(open(workshop.path("kept.png")).alpha().unwrap().iter().all(|a| (a - 0.5).abs() < 0.01));
}

#[test]
fn the_model_can_come_from_the_environment() {
    let workshop = Workshop::new();
    let arguments = &GOOD[..6];
    assert_silent(&workshop.impasto(arguments).env("IMPASTO_MODEL", "model.safetensors").output().unwrap());
    assert!(workshop.path("out.png").is_file());
}

#[test]
fn preview_without_a_terminal_is_left_out_with_a_word() {
    let workshop = Workshop::new();
    let output = workshop.run(&good_with(&["--preview"]));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert!(stderr(&output).contains("--preview"));
}

#[test]
fn the_real_tflite_pair_paints() {
    let Some(model) = common::shared("models/magenta-tflite") else { return };
    let (content, style) = (common::shared("corpus/content/bids-0000.jpg"), common::shared("corpus/style/magenta-0000.jpg"));
    let (content, style) = (content.unwrap(), style.unwrap());
    let workshop = Workshop::new();
    let mut command = workshop.impasto(&["stylize", "-o", "out.jpg", "--figure", "figure.png"]);
    command.arg(&content).arg("-s").arg(&style).arg("--model").arg(&model);
    assert_silent(&command.output().unwrap());
    let (painted, photo) = (open(workshop.path("out.jpg")), open(&content));
    assert_eq!((painted.width(), painted.height()), (photo.width(), photo.height()));
    // Neither the photo itself nor a plain area.
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let difference: Vec<f32> = painted.rgb().iter().zip(photo.rgb()).map(|(a, b)| (a - b).abs()).collect();
    assert!(mean(&difference) > 0.05, "{}", mean(&difference));
    let centre = mean(painted.rgb());
    let spread: Vec<f32> = painted.rgb().iter().map(|v| (v - centre).powi(2)).collect();
    assert!(mean(&spread) > 0.01, "{}", mean(&spread));
}
