//! Shows a picture in the terminal.

use std::io::{self, IsTerminal};

use image::DynamicImage;
use impasto::Picture;
use impasto::picture::Resize;

use crate::failure::{Failure, Result};

/// Longest side in pixels. Few terminals show more, and sending more takes time.
const LONGEST: usize = 1600;

/// Returns whether a terminal can show the picture. In a pipe or file, where data is expected, pictures made of
/// characters are of no use. A dumb terminal would not answer a query about what it can do.
pub(crate) fn possible() -> bool {
    io::stdout().is_terminal() && std::env::var_os("TERM").is_some_and(|term| !term.is_empty() && term != "dumb")
}

/// Shows the picture below the cursor, as large as fits, in the best way that the terminal supports.
pub(crate) fn show(picture: &Picture) -> Result {
    let longest = picture.width().max(picture.height());
    let shrunk = if longest > LONGEST { Some(picture.fit_long_side(LONGEST, Resize::PHOTO)?) } else { None };
    let image = DynamicImage::from(shrunk.as_ref().unwrap_or(picture).to_image()?.to_rgba8());
    // A terminal at the end of some pipes and recorders has no size.
    let width = if matches!(viuer::terminal_size(), (0, _) | (_, 0)) { Some(80) } else { None };
    // Asking a silent terminal which of these it supports would wait forever. Colored blocks need no question.
    let answers = answers();
    let config = viuer::Config {
        absolute_offset: false,
        transparent: true,
        width,
        use_kitty: answers,
        use_sixel: answers,
        ..viuer::Config::default()
    };
    viuer::print(&image, &config).map_err(|e| Failure::failed(format!("cannot show the picture in this terminal: {e}")))?;
    Ok(())
}

/// Returns whether the terminal answers a query. Recorders and forwarders of output (`script`, `docker run -t`) are
/// terminals too, but there may be nobody at the other end to answer.
#[cfg(unix)]
fn answers() -> bool {
    use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

    let ask = || -> io::Result<bool> {
        let terminal = std::fs::File::options().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&terminal)?;
        tcsetattr(&terminal, OptionalActions::Drain, &patient(before.clone()))?;
        let answer = attributes(&terminal);
        tcsetattr(&terminal, OptionalActions::Drain, &before)?;
        answer
    };
    ask().unwrap_or(false)
}

/// Changes terminal settings so that keys come one by one and without echo, and a read ends after some silence.
#[cfg(unix)]
fn patient(mut settings: rustix::termios::Termios) -> rustix::termios::Termios {
    use rustix::termios::SpecialCodeIndex;

    /// Tenths of a second, enough for a round trip over a slow line.
    const PATIENCE: u8 = 20;

    settings.make_raw();
    settings.special_codes[SpecialCodeIndex::VMIN] = 0;
    settings.special_codes[SpecialCodeIndex::VTIME] = PATIENCE;
    settings
}

/// Asks for the primary device attributes, `ESC [ ? 62 ; … c`, and reads only to the end of the answer.
#[cfg(unix)]
fn attributes(mut terminal: &std::fs::File) -> io::Result<bool> {
    use std::io::{Read, Write};

    /// More bytes than any answer has, because typed keys may come before it.
    const MOST: usize = 256;

    terminal.write_all(b"\x1b[c")?;
    let mut begun = false;
    let mut byte = [0];
    for _ in 0..MOST {
        if terminal.read(&mut byte)? == 0 {
            return Ok(false);
        }
        match byte[0] {
            b'\x1b' => begun = true,
            b'c' if begun => return Ok(true),
            _ => {}
        }
    }
    Ok(false)
}

#[cfg(not(unix))]
fn answers() -> bool {
    true
}
