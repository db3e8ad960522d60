//! Which tensors share memory, for one picture size.

use impasto_kernels::Extent;

use super::Program;
use super::step::Work;
use crate::graph::Shape;
use crate::{Error, ErrorKind, Result};

/// Shapes and places of all tensors of a program at one picture size.
pub(super) struct Plan {
    /// Shape of each tensor.
    pub(super) shapes: Vec<Shape>,
    /// The slot of each tensor; none for the input, which is the caller's.
    pub(super) slot_of: Vec<Option<usize>>,
    /// Floats of each slot.
    pub(super) slots: Vec<usize>,
    /// Floats of scratch memory that each thread needs.
    pub(super) scratch_len: usize,
    /// Floats of scratch memory that all threads share.
    pub(super) shared_len: usize,
}

pub(super) fn extent(shape: Shape) -> Extent {
    Extent { height: shape.height, width: shape.width, channels: shape.channels }
}

impl Plan {
    /// Lays tensors out in the order of the steps: each takes the smallest free slot that holds it, else the largest free one, which
    /// grows, else a new one; a slot is free again after the last step that reads its tensor.
    pub(super) fn new(program: &Program, height: usize, width: usize) -> Result<Self> {
        let by_node = program.graph.shapes(height, width)?;
        let shapes: Vec<Shape> = program.tensors.iter().map(|&node| by_node[node]).collect();
        let mut last_read = vec![0; shapes.len()];
        for (i, step) in program.steps.iter().enumerate() {
            for tensor in step.reads() {
                last_read[tensor] = i;
            }
        }
        last_read[program.output] = program.steps.len();
        let mut plan = Plan { slot_of: vec![None; shapes.len()], slots: Vec::new(), scratch_len: 0, shared_len: 0, shapes };
        let mut free: Vec<usize> = Vec::new();
        for (i, step) in program.steps.iter().enumerate() {
            for tensor in step.writes() {
                let shape = plan.shapes[tensor];
                let len = shape.count().filter(|&len| len <= isize::MAX as usize / 4).ok_or_else(|| {
                    Error::new(
                        ErrorKind::TooLarge,
                        format!("features of {shape} are too large for this machine; use a smaller picture"),
                    )
                })?;
                let best = (0..free.len()).min_by_key(|&f| {
                    let size = plan.slots[free[f]];
                    if size >= len { (0, size - len) } else { (1, len - size) }
                });
                let slot = best.map_or_else(|| plan.slots.len(), |f| free.swap_remove(f));
                if slot == plan.slots.len() {
                    plan.slots.push(0);
                }
                plan.slots[slot] = plan.slots[slot].max(len);
                plan.slot_of[tensor] = Some(slot);
            }
            let read = step.reads();
            for (tensor, slot) in plan.slot_of.iter().enumerate() {
                let ends = last_read[tensor] == i && read.contains(&tensor);
                // A tensor that is written and never read would hold its slot for ever.
                let unread = step.writes().contains(&tensor) && last_read[tensor] == 0;
                if let Some(slot) = slot
                    && (ends || unread)
                {
                    free.push(*slot);
                }
            }
            if let Work::Conv { conv, .. } = &step.work {
                plan.shared_len = plan.shared_len.max(conv.shared_len());
                plan.scratch_len = plan.scratch_len.max(conv.scratch_len(extent(plan.shapes[step.output])));
            }
        }
        Ok(plan)
    }
}
