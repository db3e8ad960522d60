//! Writes variants of every style, for training.
//!
//! `cargo run --release -p impasto-draw --example variants -- FOLDER [COUNT] [SIDE] [FIRST SEED]`
//! writes `FOLDER/NAME-SEED.png`.

mod common;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let folder = std::path::PathBuf::from(args.next().ok_or("give a folder to write to")?);
    let count: u64 = args.next().map_or(Ok(12), |a| a.parse())?;
    let side: usize = args.next().map_or(Ok(384), |a| a.parse())?;
    let first: u64 = args.next().map_or(Ok(0), |a| a.parse())?;
    std::fs::create_dir_all(&folder)?;
    for style in impasto_draw::styles::ALL {
        let start = std::time::Instant::now();
        for seed in first..first + count {
            let picture = (style.draw)(side, side, seed);
            common::save(&folder.join(format!("{}-{seed:03}.png", style.name)), &picture)?;
        }
        println!("{}: {:.3} s each", style.name, start.elapsed().as_secs_f64() / count.max(1) as f64);
    }
    Ok(())
}
