//! Times in Rust what `calls.py` times in Python: pixels in, pixels out, with a known style. Prints the shortest of
//! some rounds, in seconds.
//!
//! `cargo run --release -p impasto-python --example rust_call -- THREADS ROUNDS`

use std::time::Instant;

use impasto::{Picture, Style, Stylizer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let (Some(threads), Some(rounds)) = (arguments.next(), arguments.next()) else { return Err("give THREADS ROUNDS".into()) };
    let stylizer = Stylizer::builder().threads(threads?).open()?;
    let style = Style::built_in("starry")?;
    let pixels = impasto_draw::content::landscape(720, 512, 0).to_rgb8();
    let mut least = f64::INFINITY;
    for _ in 0..rounds? {
        let start = Instant::now();
        let painted = stylizer.stylize(&Picture::from_rgb8([720, 512], &pixels)?, &style)?.to_rgb8()?;
        least = least.min(start.elapsed().as_secs_f64());
        assert_eq!(painted.len(), pixels.len());
    }
    println!("{least}");
    Ok(())
}
