//! Painting in bands: each row of each layer is computed once.
//!
//! Bands are as wide as the picture. For each band, every layer computes the rows that the next layer needs, and
//! keeps the last few of them for the next band. So no overlap is computed twice, and only the picture's own
//! border is mirrored. Layers begin and end at whole tiles of their kernels. So every pixel goes through the
//! same arithmetic as in the whole picture, which gives the same bytes.

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
    /// For each tensor, the number of floats in the rows that are kept between bands.
    tails: Vec<usize>,
}

/// Plans bands of this many rows of the picture.
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
