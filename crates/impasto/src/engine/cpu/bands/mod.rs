//! Painting in bands: each row of each layer is computed once.
//!
//! Bands are as wide as the picture. Every layer computes the rows that the next one reads for the next band, and keeps the last few of
//! them for the band after: no overlap is computed twice, and no border is mirrored but the picture's own. Layers begin and end at
//! whole tiles of their kernels, so that every pixel goes through the same arithmetic as in the whole picture: the same bytes.

mod paint;
mod schedule;

use super::Program;
use super::plan::Plan;
use crate::engine::Bands;
use crate::{Result, Size};
pub(super) use paint::paint;
use schedule::Band;

/// Which rows each layer computes when, and in which memory.
struct Schedule {
    plan: Plan,
    bands: Vec<Band>,
    /// Floats of the rows that are kept between bands, by tensor.
    tails: Vec<usize>,
}

/// Bands of this many rows of the picture.
pub(super) fn plan(program: &Program, picture: Size, rows: usize) -> Result<Bands> {
    let schedule = schedule::schedule(program, Plan::shapes(program, picture)?, rows)?;
    let [bytes, a_thread] = schedule.plan.bytes();
    let tails = schedule.tails.iter().map(|&len| len as u64 * 4).sum::<u64>();
    Ok(Bands {
        count: schedule.bands.len(),
        rows: schedule.bands.iter().map(|band| band.output.len()).max().unwrap_or(0),
        memory: [bytes + tails + program.weight_bytes as u64, a_thread],
        plan: Box::new(schedule),
    })
}
