//! What a painting takes of the machine's memory, known before it begins.

use std::fmt;

use impasto::picture::{Format, Stored};
use impasto::request::{self, Header, Plan, Room};
use impasto::{Picture, Size};

use super::studio::Studio;
use crate::failure::{Failure, Result};
use crate::memory::{self, Owner, human};

/// What the program takes before it has read anything: code, threads, tables.
pub(in crate::commands) const PROGRAM: u64 = 24 << 20;

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

/// Plans a painting, and checks that there is as much memory. `held` bytes are taken besides; `regions` says whether styles share the picture;
/// `given` is what the user allows.
///
/// # Errors
/// If it does not fit, not even in the lowest bands.
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
    let room = ceiling.bytes.map_or(Room::Any, Room::Everything);
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

/// Bytes that reading and painting a picture of this size takes at least, before it is read: a little more than it will be.
pub(super) fn estimate(studio: &Studio<'_>, from: Size, format: Format) -> Result<u64> {
    let header = Header::of_size(from);
    let options = &studio.args.paint.options;
    Ok(request::plan(options, &studio.stylizer, &header, (format, false), 0, Room::Everything(0))?.needed)
}

/// Whether seeing a style picture fits in memory.
pub(super) fn check_style(studio: &Studio<'_>, picture: &Picture) -> Result {
    let from = picture.size();
    let size @ Size { width, height } = studio.style.size.of(from);
    let own = studio.stylizer.peak_memory(size)?;
    let needed = own.saturating_add(if from == size { 0 } else { size.pixels().saturating_mul(16) });
    let flag = if studio.args.paint.options.exact.is_some() { "--exact" } else { "--style-size" };
    Ceiling::new(studio.args.limits.max_memory, false).check(
        needed,
        &format!("seeing the style at {width}×{height}"),
        &smaller(flag),
    )
}

fn smaller(flag: &str) -> String {
    format!("make it smaller with {flag} (or raise --max-memory)")
}
