//! Which rows each layer computes in which band.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::Program;
use super::super::plan::Plan;
use super::super::step::{Operand, Step, Work};
use super::Schedule;
use crate::graph::Shape;
use crate::{Error, ErrorKind, Result};

/// The work of one band.
pub(super) struct Band {
    /// Rows of the result that this band completes.
    pub(super) output: Range<usize>,
    /// For each tensor: the rows that this band computes.
    pub(super) made: Vec<Range<usize>>,
    /// For each tensor: the rows computed so far that later bands read.
    pub(super) kept: Vec<Range<usize>>,
}

pub(super) fn schedule(program: &Program, shapes: Vec<Shape>, rows: usize) -> Result<Schedule> {
    let mut bands = bands(program, &shapes, rows)?;
    keep(program, &shapes, &mut bands)?;

    let (mut held, mut tails) = (vec![0; shapes.len()], vec![0; shapes.len()]);
    let mut before = vec![0..0; shapes.len()];
    for band in &bands {
        for (tensor, shape) in shapes.iter().enumerate() {
            let (kept, made) = (&band.kept[tensor], &band.made[tensor]);
            held[tensor] = held[tensor].max(before[tensor].len() + made.len());
            tails[tensor] = tails[tensor].max(kept.len() * shape.width * shape.channels);
        }
        before.clone_from(&band.kept);
    }
    let mut plan = Plan::lay_out(program, shapes, &held, true)?;
    // It depends only on the number of rows, of which there are a few kinds among many bands.
    for step in &program.steps {
        let heights: BTreeSet<usize> = bands.iter().map(|band| band.made[step.output].len()).collect();
        heights.into_iter().for_each(|height| plan.add_scratch(step, &(0..height)));
    }
    Ok(Schedule { plan, bands, tails })
}

/// Plans from the input forward. In each band, every layer computes as much as the available rows allow,
/// but no more than its share of a band. So neither the first band (when nothing is there yet) nor the
/// last (when nothing is missing any more) is higher than the others.
fn bands(program: &Program, shapes: &[Shape], rows: usize) -> Result<Vec<Band>> {
    let height = shapes[0].height;
    let mut have = vec![0; shapes.len()];
    let mut bands = Vec::new();
    while have[program.output] < shapes[program.output].height {
        let mut made = vec![0..0; shapes.len()];
        made[0] = have[0]..(have[0] + rows).min(height);
        have[0] = made[0].end;
        for step in &program.steps {
            let share = (rows * shapes[step.output].height).div_ceil(height);
            let end = reached(step, shapes, &have, share)?;
            for tensor in step.writes() {
                made[tensor] = have[tensor]..end;
                have[tensor] = end;
            }
        }
        bands.push(Band { output: made[program.output].clone(), made, kept: Vec::new() });
    }
    Ok(bands)
}

/// The row up to which a step can compute its output from the available rows, at most about `share` more than it has.
fn reached(step: &Step, shapes: &[Shape], have: &[usize], share: usize) -> Result<usize> {
    let (start, height, grain) = (have[step.output], shapes[step.output].height, grain(step));
    let there = step.reads().into_iter().map(|tensor| have[tensor]).min().unwrap_or(0);
    // Binary search for the number of whole tiles that can be computed.
    let (mut can, mut cannot) = (0, share.max(1).div_ceil(grain).min((height - start).div_ceil(grain)) + 1);
    while can + 1 < cannot {
        let middle = can.midpoint(cannot);
        let end = (start + middle * grain).min(height);
        if reads(step, shapes, start..end)?.end <= there { can = middle } else { cannot = middle }
    }
    Ok((start + can * grain).min(height))
}

/// Plans from the last band backward: rows that are read later are kept.
fn keep(program: &Program, shapes: &[Shape], bands: &mut [Band]) -> Result<()> {
    let mut ends = vec![0; shapes.len()];
    let all: Vec<Vec<usize>> = bands
        .iter()
        .map(|band| {
            ends.iter_mut().zip(&band.made).for_each(|(end, made)| *end = made.end.max(*end));
            ends.clone()
        })
        .collect();
    let mut first = vec![usize::MAX; shapes.len()];
    for (band, ends) in bands.iter_mut().zip(all).rev() {
        band.kept = first.iter().zip(ends).map(|(&first, end)| first.min(end)..end).collect();
        for step in &program.steps {
            let made = &band.made[step.output];
            if made.is_empty() {
                continue;
            }
            let read = reads(step, shapes, made.clone())?;
            for tensor in step.reads() {
                first[tensor] = first[tensor].min(read.start);
            }
        }
    }
    Ok(())
}

fn grain(step: &Step) -> usize {
    if let Work::Conv { conv, .. } = &step.work { conv.row_grain() } else { 1 }
}

/// The rows of its sources that a step reads to compute these rows of its output.
fn reads(step: &Step, shapes: &[Shape], rows: Range<usize>) -> Result<Range<usize>> {
    match &step.work {
        Work::Conv { conv, source: Operand { tensor, upsample, .. }, padding, .. } => {
            let (height, spec) = (shapes[*tensor].height, conv.spec());
            let window = padding.window(height * upsample, spec.kernel[0], spec.stride);
            Ok(conv.reads(rows, height, window.map_or(0, |window| window.before)))
        }
        Work::Finish { .. } => Ok(rows),
        Work::DepthToSpace { factor, .. } => Ok(rows.start / factor..rows.end.div_ceil(*factor)),
        Work::Pool { .. } | Work::Mean { .. } | Work::Moments { .. } | Work::Concat { .. } => {
            Err(Error::new(ErrorKind::Unsupported, "a network with layers that read the whole picture cannot be run in bands"))
        }
    }
}
