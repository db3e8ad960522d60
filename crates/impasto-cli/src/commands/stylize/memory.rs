//! What a painting takes of the machine's memory, known before it begins.

use std::fmt;

use impasto::Picture;
use impasto::picture::{Format, Stored, Writer};

use super::studio::Studio;
use crate::failure::{Failure, Result};
use crate::memory::{self, Owner, human};
use crate::values::Size;

/// What the program takes before it has read anything: code, threads, tables.
pub(in crate::commands) const PROGRAM: u64 = 24 << 20;
/// Rows of a band at most, as the library makes them.
const BAND: usize = 64;

/// The most that may be taken, and whose word that is.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Ceiling {
    /// `None` where nobody knows how much there is.
    bytes: Option<u64>,
    /// The end of "more than the 1 GiB that …".
    whose: Whose,
}

#[derive(Debug, Clone, Copy)]
enum Whose {
    /// `--max-memory` says so.
    User,
    /// It is the default share of this one's.
    Share(Owner),
    /// What this one has free.
    Free(Owner),
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whose::User => f.write_str("--max-memory allows"),
            Whose::Share(owner) => write!(f, "it takes of {owner} by default"),
            Whose::Free(owner) => write!(f, "{owner} has free"),
        }
    }
}

impl Ceiling {
    /// The most that may be taken, if anybody knows.
    pub(super) fn bytes(self) -> Option<u64> {
        self.bytes
    }

    /// What the user says, as far as this process can have it. Or else the default share for what is painted in bands, and what is free for
    /// what is not: the machine's, the container's, or what `ulimit -v` leaves.
    pub(in crate::commands) fn new(given: Option<u64>, in_bands: bool) -> Self {
        let free = |(bytes, owner)| (bytes, Whose::Free(owner));
        let least = match given {
            Some(bytes) => [Some((bytes, Whose::User)), memory::of_process().map(free)],
            None if in_bands => [memory::share().map(|(bytes, owner)| (bytes, Whose::Share(owner))), None],
            None => [memory::free().map(free), None],
        };
        let least = least.into_iter().flatten().min_by_key(|(bytes, _)| *bytes);
        let (bytes, whose) = least.map_or((None, Whose::User), |(bytes, whose)| (Some(bytes), whose));
        Ceiling { bytes, whose }
    }

    /// Whether so many bytes fit. `what` takes them; `remedy` ends the error.
    pub(in crate::commands) fn check(&self, needed: u64, what: &str, remedy: &str) -> Result {
        let remedy = match self.whose {
            // Each thread reserves address space, too.
            Whose::Free(memory::PROCESS) | Whose::Share(memory::PROCESS) => {
                "raise ulimit -v, or give fewer --threads or a smaller picture"
            }
            _ => remedy,
        };
        match self.bytes {
            Some(limit) if needed > limit => Err(Failure::failed(format!(
                "{what} pixels takes {} of memory, more than the {} that {}; {remedy}",
                human(needed),
                human(limit),
                self.whose,
            ))),
            _ => Ok(()),
        }
    }
}

/// How a picture is painted within a ceiling.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Most bytes for bands; `None` if content and result are in memory as floats.
    pub(super) bands: Option<u64>,
    /// Bytes that everything takes together.
    pub(super) needed: u64,
}

/// Plans a painting: in bands if the model can, and nothing needs the result `whole`. `held` bytes are taken besides; `given`
/// is what the user allows.
///
/// # Errors
/// If it does not fit, not even in the lowest bands.
pub(super) fn plan(
    studio: &Studio<'_>,
    content: &Stored,
    (format, whole): (Format, bool),
    held: u64,
    given: Option<u64>,
) -> Result<Plan> {
    let in_bands = studio.paints_in_bands() && !whole;
    let ceiling = Ceiling::new(given, in_bands);
    if !in_bands {
        return plan_whole(studio, content, &ceiling);
    }
    let (width, height) = (content.width(), content.height());
    let [canvas_width, canvas_height] = studio.greatest_canvas([width, height])?;
    let held = [held, studio.look_memory([width, height]), content.bytes(), Writer::memory(format, width, height, BAND)]
        .into_iter()
        .fold(0, u64::saturating_add);
    // Style, thumbnail and rows on their way have their share first.
    let least = studio.stylizer.stored_memory(canvas_width, canvas_height, Some(0))?;
    let lowest = studio.stylizer.band_memory_within(canvas_width, canvas_height, Some(0))?;
    let others = held.saturating_add(least.saturating_sub(lowest));
    let left = ceiling.bytes.map_or(u64::MAX, |ceiling| ceiling.saturating_sub(others));
    let needed = studio.stylizer.stored_memory(canvas_width, canvas_height, Some(left))?.saturating_add(held);
    let (what, remedy) = if [canvas_width, canvas_height] == [width, height] {
        (format!("painting {width}×{height}"), "raise it with --max-memory (or paint it smaller with --size)")
    } else {
        let what = format!("painting {width}×{height} on a canvas of {canvas_width}×{canvas_height}");
        (what, "raise it with --max-memory (or give a smaller --preview-of or a larger --stroke)")
    };
    ceiling.check(needed, &what, remedy)?;
    Ok(Plan { bands: Some(left), needed })
}

/// Plans a painting that is in memory as floats: the stylizer's share, and the pictures that are made besides.
fn plan_whole(studio: &Studio<'_>, content: &Stored, ceiling: &Ceiling) -> Result<Plan> {
    let from = Size { width: content.width(), height: content.height() };
    let size = studio.size_of(from);
    let each = if content.has_alpha() { 16 } else { 12 };
    // At first there are the content as it was read, as floats, and resized by way of a picture of the new width.
    let between = Size { width: size.width, height: from.height };
    let resized = if from == size { 0 } else { bytes(between, each).saturating_add(bytes(size, each)) };
    let reading = content.bytes().saturating_add(bytes(from, each)).saturating_add(resized);
    // Then the content as floats, the stylizer's share, the encoder's copy at 8 bits and the file's own bytes.
    let [canvas_width, canvas_height] = studio.greatest_canvas([size.width, size.height])?;
    let painting = studio.stylizer.peak_memory(canvas_width, canvas_height)?.saturating_add(bytes(size, each + 8));
    let painting = painting.saturating_add(studio.look_memory([size.width, size.height]));
    let needed = painting.max(reading);
    if reading > painting {
        let what = format!("reading and resizing {}×{}", from.width, from.height);
        ceiling.check(reading, &what, "raise --max-memory, or make the picture smaller with another program first")?;
    }
    let flag = if studio.args.exact.is_some() { "--exact" } else { "--size" };
    ceiling.check(needed, &format!("painting {}×{}", size.width, size.height), &smaller(flag))?;
    Ok(Plan { bands: None, needed })
}

/// Bytes that reading and painting a picture of this size takes at least, before it is read: a little more than it will be.
pub(super) fn estimate(studio: &Studio<'_>, from: Size, format: Format) -> Result<u64> {
    // Three 8-bit samples and a progressive JPEG's coefficients, or four 16-bit ones.
    let read = bytes(from, 9);
    let size = studio.size_of(from);
    let painting = if studio.paints_in_bands() {
        let rows = Writer::memory(format, from.width, from.height, BAND);
        studio.stylizer.stored_memory(from.width, from.height, Some(0))?.saturating_add(rows)
    } else {
        studio.stylizer.peak_memory(size.width, size.height)?.saturating_add(bytes(size, 24)).saturating_add(bytes(from, 16))
    };
    Ok(read.saturating_add(painting))
}

/// Whether seeing a style picture fits in memory.
pub(super) fn check_style(studio: &Studio<'_>, picture: &Picture) -> Result {
    let from = Size { width: picture.width(), height: picture.height() };
    let [width, height] = studio.style.size.of(from.width, from.height);
    let size = Size { width, height };
    let own = studio.stylizer.peak_memory(width, height)?;
    let needed = own.saturating_add(if from == size { 0 } else { bytes(size, 16) });
    let flag = if studio.args.exact.is_some() { "--exact" } else { "--style-size" };
    Ceiling::new(studio.args.limits.max_memory, false).check(
        needed,
        &format!("seeing the style at {width}×{height}"),
        &smaller(flag),
    )
}

fn smaller(flag: &str) -> String {
    format!("make it smaller with {flag} (or raise --max-memory)")
}

/// Of a picture of this size with this many bytes a pixel.
fn bytes(size: Size, each: u64) -> u64 {
    (size.width as u64).saturating_mul(size.height as u64).saturating_mul(each)
}
