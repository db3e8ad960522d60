//! Painting in bounded memory: the content stays as decoded, bands are painted and written as they come.

use impasto::picture::{Stored, Writer};
use impasto::{Style, StylizeOptions, Stylizer};

use super::destination::Destination;
use super::style::Seen;
use crate::failure::{Failure, Result};
use crate::memory;
use crate::progress::Progress;
use crate::talk::Loudness;

/// What the program takes before it has read anything: code, threads, tables.
const PROGRAM: u64 = 24 << 20;
/// Rows of a band at most, as the library makes them.
const BAND: usize = 64;

/// How a picture is painted within a ceiling.
pub(super) struct Plan {
    /// Most bytes for bands.
    pub(super) bands: u64,
    /// Bytes that everything takes together.
    pub(super) needed: u64,
}

/// The ceiling: what the user says, or a quarter of the machine's memory.
pub(super) fn ceiling(given: Option<u64>) -> Option<u64> {
    given.or_else(|| memory::total().map(|bytes| bytes / 4))
}

/// Plans a painting.
///
/// # Errors
/// If not even the lowest bands fit.
pub(super) fn plan(
    stylizer: &Stylizer,
    (content, sources): (&Stored, &[Seen]),
    output: &Destination,
    given: Option<u64>,
) -> Result<Plan> {
    let (width, height) = (content.width(), content.height());
    let styles = sources.iter().filter_map(Seen::picture).map(|picture| (picture.width() * picture.height() * 16) as u64);
    let held = [PROGRAM, content.bytes(), Writer::memory(output.format(), width, height, BAND)];
    let held = held.into_iter().chain(styles).fold(0, u64::saturating_add);
    let ceiling = ceiling(given);
    // Style, thumbnail and rows on their way have their share first.
    let least = stylizer.stored_memory(width, height, Some(0))?;
    let lowest = stylizer.band_memory_within(width, height, Some(0))?;
    let left = ceiling.map_or(u64::MAX, |ceiling| ceiling.saturating_sub(held).saturating_sub(least.saturating_sub(lowest)));
    let needed = stylizer.stored_memory(width, height, Some(left))?.saturating_add(held);
    match ceiling {
        Some(limit) if needed > limit => Err(Failure::failed(format!(
            "painting {width}×{height} pixels takes {} of memory, more than the {} that {}; raise it with --max-memory (or paint it \
             smaller with --size)",
            memory::human(needed),
            memory::human(limit),
            if given.is_some() { "--max-memory allows" } else { "it may take (a quarter of this machine's)" },
        ))),
        _ => Ok(Plan { bands: left, needed }),
    }
}

/// Paints and writes.
pub(super) fn paint(
    stylizer: &Stylizer,
    (content, style): (&Stored, &Style),
    options: &StylizeOptions,
    output: &Destination,
    loudness: Loudness,
) -> Result {
    output.stream(content, loudness, |writer| {
        let progress = Progress::new("paint", loudness);
        let mut write = |rgb: &[f32], alpha: Option<&[f32]>| writer.write(rgb, alpha);
        Ok(stylizer.stylize_stored(content, style, options, &mut write, &progress)?)
    })
}
