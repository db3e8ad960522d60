//! Writes the pictures that the built-in styles learn from.
//!
//! `cargo run --release -p impasto-draw --example lessons -- FOLDER` writes `FOLDER/NAME.png`. If a style's marks are
//! small, it writes `FOLDER/NAME-0.png` to `FOLDER/NAME-3.png` instead.

mod common;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).ok_or("give a folder to write to")?);
    std::fs::create_dir_all(&folder)?;
    for style in impasto_draw::styles::ALL {
        match &style.lessons()[..] {
            [whole] => common::save(&folder.join(format!("{}.png", style.name)), whole)?,
            parts => parts
                .iter()
                .enumerate()
                .try_for_each(|(i, part)| common::save(&folder.join(format!("{}-{i}.png", style.name)), part))?,
        }
    }
    Ok(())
}
