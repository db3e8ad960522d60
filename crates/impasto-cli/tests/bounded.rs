//! Painting in bounded memory.

mod common;

use common::{Workshop, complaints, gradient, open, stderr};
use impasto::Model;
use impasto::networks::{Architecture, native};
use impasto::picture::{EncodeOptions, Format, SaveOptions};
use impasto::weights::safetensors::{self, Precision};

/// A model that paints with the statistics of a thumbnail, beside the usual pictures.
fn workshop() -> Workshop {
    let workshop = Workshop::new();
    let transformer = native::Transformer { widths: [4, 4, 8], blocks: 1, kernel: 5, style_len: 8, thumbnail: 32 };
    let predictor = native::Predictor { widths: [3, 4, 4, 8], vector_len: 8 };
    let model =
        Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), 1).unwrap();
    workshop.write("native.safetensors", &safetensors::to_bytes(&model.to_weights(), Precision::F32).unwrap());
    workshop
}

#[test]
fn files_written_in_bands_are_those_of_the_whole() {
    let workshop = workshop();
    let alpha = (0..67 * 93).map(|i| (i % 5) as f32 / 4.0).collect();
    workshop.save("alpha.png", &gradient(67, 93).with_alpha(alpha).unwrap());
    let deep = SaveOptions { encode: EncodeOptions::default().depth(impasto::picture::Depth::Sixteen), ..SaveOptions::default() };
    gradient(67, 93).save(workshop.path("deep.png"), &deep).unwrap();
    for content in ["content.png", "alpha.png", "deep.png"] {
        for (out, whole) in [("a.png", "b.png"), ("a.jpg", "b.jpg"), ("a.tif", "b.tif"), ("a.webp", "b.webp")] {
            let arguments = ["stylize", content, "-s", "style.png", "--model", "native.safetensors", "--force", "-o"];
            let banded = workshop.run(&[&arguments[..], &[out]].concat());
            assert!(banded.status.success(), "{content} to {out}: {}", stderr(&banded));
            // A figure needs the result in memory.
            let in_memory = workshop.run(&[&arguments[..], &[whole, "--figure", "figure.png"]].concat());
            assert!(in_memory.status.success(), "{content} to {whole}: {}", stderr(&in_memory));
            let [a, b] = [out, whole].map(|name| std::fs::read(workshop.path(name)).unwrap());
            assert!(a == b, "{content} to {out}: other bytes in bands");
        }
    }
    assert_eq!(open(workshop.path("a.png")).source().bit_depth, 16);
    // Standard output gets the same file.
    let piped = workshop.run(&["stylize", "content.png", "-s", "style.png", "--model", "native.safetensors", "-o", "-"]);
    let named = workshop.run(&["stylize", "content.png", "-s", "style.png", "--model", "native.safetensors", "-o", "c.png"]);
    assert!(named.status.success() && piped.stdout == std::fs::read(workshop.path("c.png")).unwrap());
}

#[test]
fn a_ceiling_that_is_too_low_is_refused_and_one_that_fits_is_kept() {
    let workshop = workshop();
    workshop.write("large.png", &gradient(2000, 1500).encode(Format::Png, &EncodeOptions::default()).unwrap().bytes);
    let arguments = ["stylize", "large.png", "-s", "style.png", "--model", "native.safetensors", "-o", "out.png", "--max-memory"];
    let refused = workshop.run(&[&arguments[..], &["4M"]].concat());
    let complaints = complaints(&refused, 1, &["2000×1500", "--max-memory", "4.0 MiB"]);
    assert!(complaints.is_empty(), "{complaints:?}");
    assert!(!workshop.path("out.png").exists());
    let painted = workshop.run(&[&arguments[..], &["80M", "--json"]].concat());
    assert!(painted.status.success(), "{}", stderr(&painted));
    let report: serde_json::Value = serde_json::from_slice(&painted.stdout).unwrap();
    let planned = report["memory"]["planned"].as_u64().unwrap();
    assert!(planned <= 80 << 20, "{planned}");
    // In one piece it would be twice that.
    if let Some(peak) = report["memory"]["peak"].as_u64() {
        assert!(peak <= 80 << 20, "{peak} bytes at the peak");
    }
}
