//! Writes every style large, and its four quarters: to learn from, where its marks are small.
//!
//! `cargo run --release -p impasto-draw --example quarters -- FOLDER` writes `FOLDER/NAME.png`, and `FOLDER/NAME-0.png` to `FOLDER/NAME-3.png`.

mod common;

use impasto_draw::Canvas;

/// Pixels of a quarter's sides.
const SIDE: usize = 512;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).ok_or("give a folder to write to")?);
    std::fs::create_dir_all(&folder)?;
    for style in impasto_draw::styles::ALL {
        let whole = (style.draw)(2 * SIDE, 2 * SIDE, 0);
        common::save(&folder.join(format!("{}.png", style.name)), &whole)?;
        for quarter in 0..4 {
            let (left, top) = (quarter % 2 * SIDE, quarter / 2 * SIDE);
            let rows = whole.rgb.chunks_exact(2 * SIDE * 3).skip(top).take(SIDE);
            let rgb = rows.flat_map(|row| &row[left * 3..(left + SIDE) * 3]).copied().collect();
            common::save(&folder.join(format!("{}-{quarter}.png", style.name)), &Canvas { width: SIDE, height: SIDE, rgb })?;
        }
    }
    Ok(())
}
