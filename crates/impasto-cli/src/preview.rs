//! A picture in the terminal.

use std::io::{self, IsTerminal};

use image::DynamicImage;
use impasto::Picture;
use impasto::picture::Resize;

use crate::failure::{Failure, Result};

/// Few terminals show more; sending more only takes time.
const LONGEST: usize = 1600;

/// Whether there is a terminal to show it in: pictures of characters are of no use in a pipe or file, where data is expected, and
/// a dumb terminal would not answer when asked what it can do.
pub(crate) fn possible() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Shows the picture below the cursor, as large as fits, by the best way that the terminal understands.
pub(crate) fn show(picture: &Picture) -> Result {
    let longest = picture.width().max(picture.height());
    let shrunk = if longest > LONGEST { Some(picture.fit_long_side(LONGEST, Resize::PHOTO)?) } else { None };
    let image = DynamicImage::from(shrunk.as_ref().unwrap_or(picture).to_image()?.to_rgba8());
    // A terminal at the end of some pipes and recorders has no size.
    let width = if matches!(viuer::terminal_size(), (0, _) | (_, 0)) { Some(80) } else { None };
    let config = viuer::Config { absolute_offset: false, transparent: true, width, ..viuer::Config::default() };
    viuer::print(&image, &config).map_err(|e| Failure::failed(format!("cannot show the picture in this terminal: {e}")))?;
    Ok(())
}
