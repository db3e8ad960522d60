//! Writes the contents: pictures to paint.
//!
//! `cargo run --release -p impasto-draw --example content -- FOLDER [WIDTH] [HEIGHT] [COUNT]` writes
//! `FOLDER/landscape-SEED.png` and `FOLDER/still-life-SEED.png`.

mod common;

use impasto_draw::{Canvas, content};

type Draw = fn(usize, usize, u64) -> Canvas;

const CONTENTS: [(&str, Draw); 2] = [("landscape", content::landscape), ("still-life", content::still_life)];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = std::path::PathBuf::from(args.next().ok_or("give a folder to write to")?);
    let width: usize = args.next().map_or(Ok(960), |a| a.parse())?;
    let height: usize = args.next().map_or(Ok(640), |a| a.parse())?;
    let count: u64 = args.next().map_or(Ok(1), |a| a.parse())?;
    std::fs::create_dir_all(&folder)?;
    for seed in 0..count {
        for (name, draw) in CONTENTS {
            let start = std::time::Instant::now();
            let picture = draw(width, height, seed);
            println!("{name} {seed}: {:.3} s", start.elapsed().as_secs_f64());
            common::save(&folder.join(format!("{name}-{seed}.png")), &picture)?;
        }
    }
    Ok(())
}
