//! The end of the work: makes a GIF of the frames, and moves the finished film to its place.

use std::fs;
use std::path::{Path, PathBuf};

use impasto::Size;
use impasto_film::{Timing, name_of_piece};

use super::work::Work;
use crate::commands::sheet::animation;
use crate::failure::{Failure, Result};

/// Makes a GIF from the frames in the work's folder.
pub(super) fn gif(work: &Work, timing: &Timing, frames: usize, size: Size) -> Result<PathBuf> {
    let path = work.path("joined.gif");
    let mut gif = animation::Animation::new(animation::Kind::Gif, size, frames)?;
    // In hundredths of a second: each frame begins at the nearest one.
    let begin = |i: usize| (timing.time(i) + 5_000) / 10_000;
    for i in 0..frames {
        let frame = impasto::Picture::open(work.path(&name_of_piece(i, "png")), &impasto::picture::Limits::default())?;
        gif.add(&frame, u16::try_from(begin(i + 1) - begin(i)).unwrap_or(u16::MAX).max(2))?;
    }
    fs::write(&path, gif.finish()?).map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))?;
    Ok(path)
}

/// Moves a finished film to its place, or to standard output.
pub(super) fn deliver(joined: &Path, output: Option<&Path>) -> Result {
    match output {
        Some(path) => {
            fs::rename(joined, path).map_err(|e| Failure::failed(format!("{}: cannot be written: {e}", path.display())))
        }
        None => {
            let mut film = fs::File::open(joined).map_err(Failure::failed)?;
            let mut stdout = std::io::stdout().lock();
            std::io::copy(&mut film, &mut stdout)
                .and_then(|_| std::io::Write::flush(&mut stdout))
                .map_err(|e| Failure::stdout(&e))
        }
    }
}
