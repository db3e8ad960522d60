//! How much memory a painting takes, known before it begins.

use impasto::Size;
use impasto::picture::{Format, Stored};
use impasto::request::{self, Header, Plan, Room};

use super::ceiling::{Ceiling, smaller};
use super::studio::Studio;
use crate::failure::Result;

/// Plans a painting, and checks that there is enough memory. `held` more bytes are in use; `regions` says whether
/// styles share the picture; `given` is the amount that the user allows.
///
/// # Errors
/// If it does not fit, even in the lowest bands.
pub(super) fn plan(
    studio: &Studio<'_>,
    content: &Stored,
    (format, whole): (Format, bool),
    (held, regions): (u64, bool),
    given: Option<u64>,
) -> Result<Plan> {
    let options = &studio.args.paint.options;
    let ceiling = Ceiling::new(given, studio.paints_in_bands() && !whole);
    let header = Header::from(content);
    let size = options.size_of(header.size);
    let mut held = held.saturating_add(studio.mask_memory(size));
    if regions || studio.stylize.strength_mask.is_some() {
        held = held.saturating_add(studio.stylizer.sharing_memory(&studio.stylize, size)?);
    }
    let room = ceiling.bytes().map_or(Room::Any, Room::Everything);
    let plan = request::plan(options, &studio.stylizer, &header, (format, whole), held, room)?;
    let (width, height) = (plan.size.width, plan.size.height);
    let mut what = format!("painting {width}×{height}");
    if plan.bands.is_none() {
        if plan.needed == plan.reading {
            let what = format!("reading and resizing {}×{}", header.size.width, header.size.height);
            ceiling.check(plan.reading, &what, "raise --max-memory, or make the picture smaller with another program first")?;
        }
        ceiling.check(plan.needed, &what, &smaller(if options.exact.is_some() { "--exact" } else { "--size" }))?;
        return Ok(plan);
    }
    let mut remedy = "raise it with --max-memory (or paint it smaller with --size)";
    if plan.canvas != plan.size {
        what = format!("{what} on a canvas of {}×{}", plan.canvas.width, plan.canvas.height);
        remedy = "raise it with --max-memory (or give a smaller --preview-of or a larger --stroke)";
    }
    ceiling.check(plan.needed, &what, remedy)?;
    Ok(plan)
}

/// Returns the least memory for reading and painting a picture of this size, before its
/// file is read. It is a little high, because it assumes 16 bits and alpha.
pub(super) fn estimate(studio: &Studio<'_>, from: Size, format: Format) -> Result<u64> {
    let header = Header::of_size(from);
    let options = &studio.args.paint.options;
    Ok(request::plan(options, &studio.stylizer, &header, (format, false), 0, Room::Everything(0))?.needed)
}
