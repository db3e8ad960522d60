//! Compares painting a film from file to file with the library painting the same frames, alternating between the two.
//!
//! `cargo run --release -p impasto-film --example throughput -- FILM [STYLE [ROUNDS]]`
//!
//! For each round it prints frames per second and CPU seconds per frame (on Linux): for frames in memory, and for the
//! film with decoding, encoding and sound. CPU seconds of this program and of ffmpeg are separate.

use std::path::PathBuf;
use std::time::Instant;

use impasto::video::{Film, FilmOptions, Frame, KEY, State};
use impasto::{Style, Stylizer};
use impasto_film::{
    Encoder, Folder, Kind, Message, Part, Pieces, Reading, Reel, Tools, Whole, frames, frames_of_piece, probe, work,
};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// CPU seconds so far: of this program, and of ended programs that it started.
fn cpu() -> [f64; 2] {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The fields after the name, which may contain spaces. Ticks are hundredths of a second.
    let fields: Vec<f64> = stat.rsplit(") ").next().unwrap_or("").split(' ').map(|field| field.parse().unwrap_or(0.0)).collect();
    let sum = |from: usize| fields.get(from..from + 2).map_or(0.0, |pair| pair.iter().sum::<f64>() / 100.0);
    [sum(11), sum(13)]
}

/// Runs `work`, which handles this many frames, and prints how long it took.
fn measured(what: &str, frames: usize, work: impl FnOnce() -> Result) -> Result {
    let (before, start) = (cpu(), Instant::now());
    work()?;
    let (after, seconds, frames) = (cpu(), start.elapsed().as_secs_f64(), frames as f64);
    let [own, others] = [0, 1].map(|i| (after[i] - before[i]) / frames);
    println!("{what:12} {:6.2} frames/s   {own:.4} s of CPU time a frame, and {others:.4} s in ffmpeg", frames / seconds);
    Ok(())
}

fn main() -> Result {
    let mut arguments = std::env::args().skip(1);
    let path = PathBuf::from(arguments.next().ok_or("give a film")?);
    let style = arguments.next().unwrap_or_else(|| "starry".into());
    let rounds: usize = arguments.next().map_or(Ok(2), |rounds| rounds.parse())?;

    let tools = Tools::find(None)?;
    let facts = probe(&tools, &path, Part::default(), None)?;
    let size = facts.size;
    let reading = || Reading { part: Part::default(), alpha: false, salvaged: None, fps: None };
    let decoded = frames(&tools, &facts, size, reading())?.collect::<impasto::Result<Vec<Frame>>>()?;
    let cores = std::thread::available_parallelism()?.get();
    let stylizer = Stylizer::builder().threads(1).open()?;
    let options = FilmOptions::default().steady(0.8).at_a_time(cores.min(KEY));
    let film = Film::new(&stylizer, Style::built_in(&style)?, options)?;
    let (encoder, _) = Encoder::choose(&tools, Kind::Mp4, (None, None), size, (false, facts.deep))?;
    println!("{} frames of {size}, {cores} at a time", decoded.len());
    for _ in 0..rounds {
        measured("library", decoded.len(), || {
            for painted in film.paint(decoded.iter().cloned().map(Ok), &()) {
                std::hint::black_box(painted?);
            }
            Ok(())
        })?;
        measured("from a file", decoded.len(), || {
            let folder = Folder::new()?;
            let pieces = Pieces {
                tools: &tools,
                encoder: encoder.clone(),
                size,
                alpha: false,
                deep: facts.deep,
                timing: facts.timing.clone(),
                facts: Some(&facts),
            };
            let each = frames_of_piece(size);
            let given = frames(&tools, &facts, size, reading())?;
            let (count, ()) = work(&film, given, (State::default(), each), (&(), &|| ()), |told| -> impasto::Result<()> {
                let mut reel = Reel::new(&pieces, folder.path());
                for message in told {
                    match message {
                        Message::Frame(painted) => reel.add(&painted)?,
                        Message::Seal(_) | Message::End(_) => reel.seal()?,
                    }
                }
                Ok(())
            })?;
            let whole = Whole { folder: folder.path(), timing: &facts.timing, frames: count, each, record: None, strip: false };
            whole.film(&tools, (Kind::Mp4, &encoder), Some((&facts, Part::default())))?;
            Ok(())
        })?;
    }
    Ok(())
}
