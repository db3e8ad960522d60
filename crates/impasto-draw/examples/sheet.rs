//! Writes a contact sheet of every style.
//!
//! `cargo run --release -p impasto-draw --example sheet -- FILE.png [SIDE] [COLUMNS] [SEEDS] [NAME ...]`
//! makes thumbnails of `SIDE` pixels, with `SEEDS` seeds of each style side by side. Without
//! names, it draws all styles and contents.

mod common;

use impasto_draw::{Canvas, content, styles};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = std::path::PathBuf::from(args.next().ok_or("give a file to write")?);
    let side: usize = args.next().map_or(Ok(256), |a| a.parse())?;
    let columns: usize = args.next().map_or(Ok(6), |a| a.parse())?;
    let seeds: u64 = args.next().map_or(Ok(1), |a| a.parse())?;
    let names: Vec<String> = args.collect();
    let pictures: Vec<Canvas> = styles::ALL
        .iter()
        .map(|style| (style.name, style.draw))
        .chain([("landscape", content::landscape as fn(usize, usize, u64) -> Canvas), ("still-life", content::still_life)])
        .filter(|(name, _)| names.is_empty() || names.iter().any(|named| named == name))
        .flat_map(|(_, draw)| (0..seeds).map(move |seed| draw(side, side, seed)))
        .collect();
    let (gap, rows) = (side / 32, pictures.len().div_ceil(columns.max(1)));
    let pitch = side + gap;
    let (width, height) = (columns * pitch + gap, rows * pitch + gap);
    let mut sheet = Canvas { width, height, rgb: vec![1.0; width * height * 3] };
    for (i, picture) in pictures.iter().enumerate() {
        let (left, top) = (gap + i % columns * pitch, gap + i / columns * pitch);
        for (row, line) in picture.rgb.chunks_exact(side * 3).enumerate() {
            let at = ((top + row) * width + left) * 3;
            sheet.rgb[at..at + side * 3].copy_from_slice(line);
        }
    }
    common::save(&path, &sheet)
}
