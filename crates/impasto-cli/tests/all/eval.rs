//! `impasto eval`: measures paintings of a model and of other programs.

use crate::common;

use std::process::Output;

use common::{Workshop, complaints, gradient, stderr};
use impasto::Picture;
use impasto::perceptual::Perceptual;
use impasto::weights::safetensors::{self, Precision};

const MODEL: [&str; 2] = ["--model", "model.safetensors"];
const FOLDERS: [&str; 8] = ["--contents", "contents", "--styles", "styles", "--perceptual", "vgg.safetensors", "--size", "48"];

/// A workshop with folders of two contents and three styles, and a small perceptual network.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    let network = Perceptual::untrained("vgg 1x4 1x4 1x6 1x6".parse().unwrap(), 1).unwrap();
    workshop.write("vgg.safetensors", &safetensors::to_bytes(&network.to_weights(), Precision::F32).unwrap());
    ["contents", "styles", "theirs"].iter().for_each(|name| std::fs::create_dir(workshop.path(name)).unwrap());
    workshop.save("contents/a.png", &gradient(96, 80));
    workshop.save("contents/b.png", &gradient(90, 120));
    let stripes = |step: usize| {
        let value = |i: usize| if i / step % 8 < 4 { 240 } else { (i % 200) as u8 };
        Picture::from_rgb8([80, 60], &(0..80 * 60 * 3).map(value).collect::<Vec<_>>()).unwrap()
    };
    for (name, step) in [("x", 3), ("y", 11), ("z", 240)] {
        workshop.save(&format!("styles/{name}.png"), &stripes(step));
    }
    workshop
}

fn eval(workshop: &Workshop, arguments: &[&str]) -> Output {
    workshop.run(&[&["eval"], &FOLDERS[..], arguments].concat())
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", stderr(output));
    assert_eq!(stderr(output), "");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_model_is_measured_beside_two_controls() {
    let workshop = workshop();
    let arguments = [&MODEL[..], &["--pairs", "3", "--artefacts", "1", "--json", "--sheet", "sheet.png"]].concat();
    let report = json(&eval(&workshop, &arguments));
    let rows = report["distances"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["content itself", "style itself", "model.safetensors"]);
    assert_eq!(rows[0]["content"], 0.0);
    // The style itself is nearer to the style than the content is.
    assert!(rows[1]["style"].as_f64().unwrap() < rows[0]["style"].as_f64().unwrap(), "{report}");
    assert!(rows[2]["pairs"].as_array().unwrap().len() == 3 && rows[2]["style"].as_f64().unwrap() > 0.0);
    let artefacts = report["artefacts"].as_array().unwrap();
    let mean = &artefacts[1]["mean"];
    for column in ["lattice4", "repeat", "tone", "pan1", "pan4", "noise", "light", "banding", "halo", "rings", "waves"] {
        assert!(mean[column].as_f64().is_some_and(|v| v.is_finite() && v >= 0.0), "{column}: {mean}");
    }
    assert!(artefacts[0]["mean"]["lattice4"].is_f64() && artefacts[0]["mean"]["pan1"].is_null());
    // Three pairs of two contents and three styles: every style comes once.
    let mut styles: Vec<_> = report["pairs"].as_array().unwrap().iter().map(|pair| pair["style"].as_str().unwrap()).collect();
    styles.sort_unstable();
    assert_eq!(styles, ["x.png", "y.png", "z.png"]);
    let sheet = common::open(workshop.path("sheet.png"));
    assert!(sheet.width() > 3 * 256 && sheet.height() > 3 * 256, "{}×{}", sheet.width(), sheet.height());
    // The list of pairs gives the same results.
    workshop.write("before.json", report.to_string().as_bytes());
    let arguments = [&MODEL[..], &["--pairs-from", "before.json", "--artefacts", "1", "--json"]].concat();
    assert_eq!(json(&eval(&workshop, &arguments)), report);
    // The same as a table.
    let output = eval(&workshop, &[&MODEL[..], &["--pairs", "1", "--artefacts", "0"]].concat());
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.starts_with("1 pair ") && table.lines().count() == 4 && table.contains("\nstyle itself "), "{table}");
}

#[test]
fn paintings_of_others_are_known_by_their_names() {
    let workshop = workshop();
    // The photo itself and the style itself have the values of the controls.
    workshop.save("theirs/a--y.png", &common::open(workshop.path("contents/a.png")));
    workshop.save("theirs/b--z.png", &common::open(workshop.path("styles/z.png")));
    let report = json(&eval(&workshop, &["--outputs", "theirs", "--no-model", "--json"]));
    let pairs = report["pairs"].as_array().unwrap();
    assert_eq!(pairs.len(), 2);
    let rows = report["distances"].as_array().unwrap();
    assert_eq!((rows.len(), rows[2]["kind"].as_str()), (3, Some("outputs")));
    for (i, pair) in pairs.iter().enumerate() {
        let control = if pair["content"] == "a.png" { 0 } else { 1 };
        assert_eq!(rows[2]["pairs"][i], rows[control]["pairs"][i], "{pair}");
    }
}

#[test]
fn what_makes_no_sense_is_told() {
    let workshop = workshop();
    std::fs::create_dir(workshop.path("empty")).unwrap();
    std::fs::create_dir(workshop.path("bad")).unwrap();
    std::fs::create_dir(workshop.path("twice")).unwrap();
    std::fs::create_dir(workshop.path("thin")).unwrap();
    workshop.write("bad/broken.png", b"no picture");
    workshop.save("thin/thin.png", &gradient(400, 20));
    workshop.save("twice/a.png", &gradient(60, 60));
    std::fs::copy(workshop.path("twice/a.png"), workshop.path("twice/a.jpg")).unwrap();
    workshop.write("text.json", b"pairs");
    workshop.write("none.json", b"{\"pairs\": []}");
    workshop.write("names.json", b"[{\"content\": \"a.png\", \"style\": \"q.png\"}]");
    workshop.write("one.json", b"[{\"content\": \"a.png\", \"style\": \"x.png\"}]");
    let cases: &[(&[&str], i32, &[&str])] = &[
        (&["--contents", "missing"], 1, &["missing"]),
        (&["--contents", "empty"], 1, &["empty", "no pictures"]),
        (&["--contents", "bad"], 1, &["bad/broken.png"]),
        (&["--contents", "thin"], 1, &["thin/thin.png", "crop"]),
        (&["--outputs", "theirs"], 1, &["theirs", "a--x.png"]),
        (&["--outputs", "theirs", "--pairs-from", "one.json"], 1, &["theirs/a--x.png", "one.json"]),
        (&["--outputs", "theirs", "--contents", "twice"], 1, &["twice/a.", "rename"]),
        (&["--pairs-from", "text.json"], 1, &["text.json", "--json"]),
        (&["--pairs-from", "none.json"], 1, &["none.json", "--json"]),
        (&["--pairs-from", "names.json"], 1, &["names.json", "q.png", "styles"]),
        (&["--pairs-from", "one.json", "--pairs", "3"], 2, &["--pairs"]),
        (&["--pairs", "0"], 2, &["--pairs"]),
        (&["--no-model"], 2, &["--outputs"]),
        (&["--sheet", "sheet.txt"], 2, &["sheet.txt"]),
        (&["--sheet", "styles/x.png", "--force"], 2, &["styles/x.png", "another output"]),
        (&["--perceptual", "model.safetensors"], 1, &["model.safetensors"]),
        (&["--size", "10"], 1, &["contents", "too small"]),
    ];
    let mut failures = Vec::new();
    for (arguments, code, words) in cases {
        // A flag that is repeated replaces the folder.
        let mut all = vec!["eval"];
        let given: Vec<_> = FOLDERS.chunks(2).filter(|flag| !arguments.contains(&flag[0])).flatten().copied().collect();
        all.extend(given.into_iter().chain(arguments.iter().copied()));
        if !arguments.contains(&"--no-model") {
            all.extend(MODEL);
        }
        let wrong = complaints(&workshop.run(&all), *code, words);
        if !wrong.is_empty() {
            failures.push(format!("{arguments:?}\n    {}", wrong.join("\n    ")));
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(!workshop.path("sheet.txt").exists());
}

#[test]
fn a_gallery_is_measured_by_its_nearest_neighbours() {
    let workshop = workshop();
    let report = json(&eval(&workshop, &[&MODEL[..], &["--gallery", "2", "--json"]].concat()));
    let rows = report["gallery"].as_array().unwrap();
    assert_eq!((rows.len(), report["contents"].as_array().unwrap().len()), (3, 2));
    let values: Vec<f64> = rows.iter().map(|row| row["difference"].as_f64().unwrap()).collect();
    assert!(values.is_sorted() && values[0] > 0.0, "{report}");
    assert_eq!(report["median_difference"].as_f64().unwrap(), values[1]);
    assert!(rows.iter().all(|row| row["style"] != row["nearest"] && row["matched"].as_f64().unwrap() <= 1.0), "{report}");
    let table = eval(&workshop, &[&MODEL[..], &["--gallery", "1"]].concat());
    assert!(String::from_utf8_lossy(&table.stdout).starts_with("3 styles, 1 contents"), "{table:?}");
    // Styles of another model, a single style, and paintings by others are refused with one line.
    let folders = ["eval", "--contents", "contents", "--perceptual", "vgg.safetensors", "--size", "48"];
    let run = |arguments: &[&str]| {
        let output = workshop.run(&[&folders[..], arguments].concat());
        assert!(!output.status.success());
        stderr(&output)
    };
    assert!(run(&["--gallery", "1", "--model", "model.safetensors"]).contains("--styles"));
    assert!(run(&["--model", "model.safetensors"]).contains("--styles"));
    assert!(run(&["--gallery", "1", "--styles", "styles", "--outputs", "theirs"]).contains("--outputs"));
}

#[test]
fn a_witness_judges_as_well() {
    let workshop = workshop();
    let witness = ["--witness", "model.safetensors", "--pairs", "2", "--artefacts", "0", "--json"];
    let report = json(&eval(&workshop, &[&MODEL[..], &witness].concat()));
    let rows = report["distances"].as_array().unwrap();
    let seen: Vec<f64> = rows.iter().map(|row| row["witness"].as_f64().unwrap()).collect();
    // The style itself, only resized differently, is nearest to what the witness saw of it.
    assert!(seen[1] < seen[0] && seen.iter().all(|v| v.is_finite()), "{report}");
    let table = eval(&workshop, &[&MODEL[..], &witness[..6]].concat());
    assert!(String::from_utf8_lossy(&table.stdout).lines().next().unwrap().ends_with("witness"), "{table:?}");
}
