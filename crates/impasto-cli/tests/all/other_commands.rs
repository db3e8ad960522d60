//! `models`, `bench`, `completions`, `man`, help and version.

use crate::common;

use common::{Workshop, run, stderr};

fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn help_and_version_are_data() {
    assert_eq!(stdout(&["--version"]), format!("impasto {}\n", env!("CARGO_PKG_VERSION")));
    for command in ["stylize", "demo", "sheet", "eval", "styles", "models", "bench", "completions", "man"] {
        assert!(stdout(&["--help"]).contains(command), "{command}");
        assert!(stdout(&[command, "--help"]).contains("Usage: impasto"), "{command}");
    }
}

#[test]
fn the_short_help_fits_a_screen() {
    let short = stdout(&["stylize", "-h"]);
    assert!(short.lines().count() <= 40, "{} lines:\n{short}", short.lines().count());
    for word in
        ["Input and output:", "Look:", "--style", "--output", "--force", "--strength", "--colors", "`impasto stylize --help`"]
    {
        assert!(short.contains(word), "{word} is not in\n{short}");
    }
    for word in ["--salvage", "--subsampling", "--border", "Examples:", "Options:"] {
        assert!(!short.contains(word), "{word} is in\n{short}");
    }
    let long = stdout(&["stylize", "--help"]);
    assert!(long.starts_with("Examples:\n  impasto stylize photo.jpg"));
    let words = ["Input and output:", "Look:", "Many pictures:", "Result file:", "Limits:", "Messages:", "--salvage", "--border"];
    let absent: Vec<_> = words.iter().filter(|word| !long.contains(**word)).collect();
    assert!(absent.is_empty() && !long.contains("Options:"), "{absent:?} in\n{long}");
    for help in [stdout(&["-h"]), stdout(&["--help"])] {
        assert!(help.contains("impasto PHOTO STYLE OUT"), "{help}");
    }
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&["completions", shell]);
        assert!(["stylize", "style-size", "models"].iter().all(|word| script.contains(word)), "{shell}");
    }
}

#[test]
fn man_pages_are_written() {
    assert!(stdout(&["man"]).contains(".TH impasto 1"));
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    assert_eq!(stdout(&["man", "--dir", dir]), "");
    for page in ["impasto.1", "impasto-stylize.1", "impasto-models-import.1", "impasto-bench.1"] {
        assert!(std::fs::read_to_string(folder.path().join(page)).unwrap().contains(".SH NAME"), "{page}");
    }
}

#[test]
fn models_info_tells_both_networks() {
    let workshop = Workshop::new();
    let model = workshop.path("model.safetensors");
    let model = model.to_str().unwrap();
    let text = stdout(&["models", "info", model, "--size", "67x93"]);
    let words = ["style predictor", "transformer", "untrained-1", "license", "at 67x93", "contract/conv1", "96×68×3", "total"];
    let absent: Vec<_> = words.iter().filter(|word| !text.contains(**word)).collect();
    assert!(absent.is_empty(), "{absent:?} in\n{text}");
    let json: serde_json::Value = serde_json::from_str(&stdout(&["models", "info", model, "--size", "64x32", "--json"])).unwrap();
    let transformer = &json["networks"][1];
    assert_eq!(transformer["kind"], "transformer");
    let layers = transformer["layers"].as_array().unwrap();
    let conv1 = layers.iter().find(|layer| layer["name"] == "contract/conv1").unwrap();
    assert_eq!(conv1["output"], serde_json::json!({ "height": 32, "width": 64, "channels": 4 }));
    assert_eq!(conv1["multiply_accumulates"], 64 * 32 * 9 * 9 * 3 * 4);
}

#[test]
fn an_imported_model_is_the_same_model() {
    let workshop = Workshop::new();
    let paint = |model: &str, out: &str| {
        let output = workshop.run(&["stylize", "content.png", "-s", "style.png", "-o", out, "--model", model]);
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
        common::open(workshop.path(out)).to_rgb8().unwrap()
    };
    let import = |arguments: &[&str]| {
        let output = workshop.run(&[&["models", "import", "model.safetensors"], arguments].concat());
        assert_eq!((output.status.code(), stderr(&output).as_str(), output.stdout.len()), (Some(0), "", 0));
    };
    import(&["-o", "full.safetensors"]);
    import(&["-o", "half.safetensors", "--half"]);
    let original = paint("model.safetensors", "a.png");
    assert_eq!(paint("full.safetensors", "b.png"), original);
    let half = paint("half.safetensors", "c.png");
    let worst = half.iter().zip(&original).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
    assert!(worst <= 8, "float16 changes a value by {worst} of 255");
    let size = |name: &str| std::fs::metadata(workshop.path(name)).unwrap().len();
    assert!(size("half.safetensors") < size("full.safetensors") * 6 / 10);
}

#[test]
fn bench_times_networks_without_any_file() {
    let arguments = ["bench", "--network", "tflite,mobilenet", "--size", "64x48", "--threads", "1,2", "--runs", "2"];
    let text = stdout(&[&arguments[..], &["--layers"]].concat());
    for words in ["matrix-product peak", "tflite", "mobilenet", "residual/residual5/conv2", "winograd", "of peak"] {
        assert!(text.contains(words), "{words:?} in\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&stdout(&[&arguments[..], &["--json"]].concat())).unwrap();
    assert_eq!(json["product_peak"].as_array().unwrap().len(), 2);
    let results = json["results"].as_array().unwrap();
    assert_eq!(results.len(), 4);
    for result in results {
        assert!(result["seconds"]["min"].as_f64().unwrap() <= result["seconds"]["median"].as_f64().unwrap());
        assert!(result["multiply_accumulates"].as_u64() >= result["products"].as_u64());
        assert!(result["gflops"].as_f64().unwrap() > 0.0);
    }
}

#[test]
fn bench_times_a_given_model() {
    let workshop = Workshop::new();
    let model = workshop.path("model.safetensors");
    let arguments = ["bench", "--model", model.to_str().unwrap(), "--size", "64x48", "--runs", "1", "--json", "--layers"];
    let json: serde_json::Value = serde_json::from_str(&stdout(&arguments)).unwrap();
    let names: Vec<_> = json["results"].as_array().unwrap().iter().map(|result| result["network"].as_str().unwrap()).collect();
    assert_eq!(names, ["untrained-1 style predictor", "untrained-1 transformer"]);
    assert!(json["results"][1]["layers"].as_array().unwrap().len() > 5);
}
