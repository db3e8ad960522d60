//! How much memory a painting takes, known before any pixel is touched.

use super::options::Options;
use crate::picture::{Format, Stored, Writer};
use crate::{Result, Size, Stylizer};

/// Most rows of a band, as the library makes them.
const BAND: usize = 64;
/// Bytes that a pixel's colors take as floats, and with alpha.
const FLOATS: u64 = 12;
const FLOATS_WITH_ALPHA: u64 = 16;

/// What a plan needs to know about a content.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Header {
    /// Its size.
    pub size: Size,
    /// Whether it has transparency.
    pub has_alpha: bool,
    /// Bytes that it takes when decoded.
    pub bytes: u64,
}

impl Header {
    /// Describes a content of which only the size is known: decoded at 16 bits with alpha.
    pub fn of_size(size: Size) -> Self {
        Header { size, has_alpha: true, bytes: size.pixels().saturating_mul(8) }
    }
}

impl From<&Stored> for Header {
    fn from(content: &Stored) -> Self {
        Header { size: content.size(), has_alpha: content.has_alpha(), bytes: content.bytes() }
    }
}

/// The memory that is available.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Room {
    /// This many bytes for everything; bands take what is left.
    Everything(u64),
    /// This many bytes for bands.
    Bands(u64),
    /// As much as is useful.
    Any,
}

/// How a picture is painted within the available memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plan {
    /// The result's size.
    pub size: Size,
    /// The greatest size that the network paints at.
    pub canvas: Size,
    /// Most bytes for bands; `None` if content and result are in memory as floats.
    pub bands: Option<u64>,
    /// Bytes for reading and resizing the content.
    pub reading: u64,
    /// Bytes for everything together.
    pub needed: u64,
}

/// Whether a picture is painted in bands, unless something needs the result in one piece.
pub fn in_bands(options: &Options, stylizer: &Stylizer) -> bool {
    stylizer.thumbnail().is_some() && !options.resizes()
}

/// Plans a painting: in bands if the model can and nothing needs the result `whole`. Masks, styles and the program
/// take another `held` bytes. The plan depends only on the request, the model and the content's header; nothing is
/// read. The caller decides whether there is enough memory.
///
/// # Errors
/// As [`Stylizer::peak_memory`], and for options out of range.
pub fn plan(
    options: &Options,
    stylizer: &Stylizer,
    content: &Header,
    (format, whole): (Format, bool),
    held: u64,
    room: Room,
) -> Result<Plan> {
    let size = options.size_of(content.size);
    let stylize = options.stylize(None, None)?;
    let canvas = stylizer.greatest_canvas(&stylize, size)?;
    let held = held.saturating_add(stylizer.canvas_memory(&stylize, size)?);
    let plan = Plan { size, canvas, bands: None, reading: content.bytes, needed: 0 };
    if in_bands(options, stylizer) && !whole {
        let held = held.saturating_add(content.bytes).saturating_add(Writer::memory(format, size, BAND));
        let left = bands(stylizer, canvas, held, room)?;
        let needed = stylizer.stored_memory(canvas, Some(left))?.saturating_add(held);
        return Ok(Plan { bands: Some(left), needed, ..plan });
    }
    // At first there is the content as it was read, as floats, and resized by way of a picture of the new width.
    let each = if content.has_alpha { FLOATS_WITH_ALPHA } else { FLOATS };
    let bytes = |size: Size, each: u64| size.pixels().saturating_mul(each);
    let between = Size { width: size.width, height: content.size.height };
    let resized = if content.size == size { 0 } else { bytes(between, each).saturating_add(bytes(size, each)) };
    let reading = content.bytes.saturating_add(bytes(content.size, each)).saturating_add(resized);
    // Then there are the content as floats, the stylizer's share, the encoder's copy at 8 bits, and the bytes of the
    // file.
    let own = match room {
        Room::Bands(most) if stylizer.thumbnail().is_some() => {
            stylizer.stored_memory(canvas, Some(most))?.saturating_add(bytes(size, FLOATS))
        }
        _ => stylizer.peak_memory(canvas)?,
    };
    let painting = own.saturating_add(bytes(size, each + 8)).saturating_add(held);
    Ok(Plan { reading, needed: painting.max(reading), ..plan })
}

/// Returns the most bytes for bands.
fn bands(stylizer: &Stylizer, size: Size, held: u64, room: Room) -> Result<u64> {
    let everything = match room {
        Room::Everything(everything) => everything,
        Room::Bands(most) => return Ok(most),
        Room::Any => return Ok(u64::MAX),
    };
    // Style, thumbnail and rows in progress get their share first.
    let least = stylizer.stored_memory(size, Some(0))?;
    let lowest = stylizer.band_memory_within(size, Some(0))?;
    let others = held.saturating_add(least.saturating_sub(lowest));
    Ok(everything.saturating_sub(others))
}
