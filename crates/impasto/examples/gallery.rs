//! Makes the gallery of built-in styles from the drawn pictures, as a model's predictor sees them.
//!
//! ```text
//! cargo run --release -p impasto --example gallery -- \
//!     crates/impasto/models/impasto.safetensors crates/impasto/models/styles.safetensors [LEARNED]
//! ```
//!
//! If the folder `LEARNED` has a file `NAME.style` from `impasto styles learn`, the gallery gets that style.
//! `models/learn.sh` makes all of them.

use std::path::PathBuf;

use impasto::style::Gallery;
use impasto::{Picture, Style, Stylizer};

/// Sides of the drawn pictures; the predictor sees them at its own size.
const SIDE: usize = 512;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (model, out) = paths.next().zip(paths.next()).ok_or("name a model and the file to write")?;
    let learned = paths.next();
    let stylizer = Stylizer::open(model)?;
    let seen = impasto_draw::styles::ALL.iter().map(|style| {
        let file = learned.as_ref().map(|folder| folder.join(format!("{}.style", style.name)));
        let own = match file.filter(|file| file.exists()) {
            Some(file) => Style::open(file)?,
            None => {
                let canvas = (style.draw)(SIDE, SIDE, 0);
                stylizer.style(&Picture::from_rgb_f32([canvas.width, canvas.height], canvas.rgb)?)?
            }
        };
        Ok(own.with_name(style.name).with_provenance(style.description))
    });
    let gallery = Gallery::new(seen.collect::<impasto::Result<_>>()?)?;
    std::fs::write(out, gallery.to_bytes()?)?;
    Ok(())
}
