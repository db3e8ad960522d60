//! Writes a small untrained model in the place of the built-in one, for builds and tests before there is a trained one:
//! `cargo run --example stand_in -- crates/impasto/models`.

use std::path::PathBuf;

use impasto::Model;
use impasto::networks::{Architecture, native};
use impasto::weights::safetensors::{self, Precision};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder: PathBuf = std::env::args_os().nth(1).ok_or("name the folder to write to")?.into();
    let transformer = native::Transformer {
        widths: [4, 8, 16],
        blocks: 1,
        kernel: 5,
        resample: 3,
        skips: false,
        deep: None,
        style_len: 16,
        thumbnail: 256,
    };
    let predictor = native::Predictor { widths: [4, 8, 8, 16], vector_len: 16 };
    let model = Model::untrained(Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer), 1)?;
    std::fs::write(folder.join("impasto.safetensors"), safetensors::to_bytes(&model.to_weights(), Precision::F16)?)?;
    Ok(())
}
