//! Makes the gallery of built-in styles of the drawn ones, as a model's predictor sees them:
//! `cargo run --release --example gallery -- crates/impasto/models/impasto.safetensors crates/impasto/models/styles.safetensors`.

use impasto::style::Gallery;
use impasto::{Picture, Stylizer};

/// Sides of the drawn pictures; the predictor sees them at its own size.
const SIDE: usize = 512;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args_os().skip(1);
    let (model, out) = paths.next().zip(paths.next()).ok_or("name a model and the file to write")?;
    let stylizer = Stylizer::open(model)?;
    let seen = impasto_draw::styles::ALL.iter().map(|style| {
        let canvas = (style.draw)(SIDE, SIDE, 0);
        let picture = Picture::from_rgb_f32(canvas.width, canvas.height, canvas.rgb)?;
        Ok(stylizer.style(&picture)?.with_name(style.name).with_provenance(style.description))
    });
    let gallery = Gallery::new(seen.collect::<impasto::Result<_>>()?)?;
    std::fs::write(out, gallery.to_bytes()?)?;
    Ok(())
}
