//! Which tensors share memory, for one picture size.

use std::ops::Range;

use super::step::{Step, Work};
use super::{Program, extent};
use crate::graph::Shape;
use crate::{Error, ErrorKind, Result, Size};

/// Shapes and memory of all tensors of a program at one picture size.
pub(super) struct Plan {
    /// Shape of each tensor.
    pub(super) shapes: Vec<Shape>,
    /// The slot of each tensor. `None` for the input, which is in the caller's memory.
    pub(super) slot_of: Vec<Option<usize>>,
    /// Floats of each slot.
    pub(super) slots: Vec<usize>,
    /// Floats of scratch memory that each thread needs.
    pub(super) scratch_len: usize,
    /// Floats of scratch memory that all threads share.
    pub(super) shared_len: usize,
}

impl Plan {
    /// Plans whole tensors. The input stays in the caller's memory.
    pub(super) fn new(program: &Program, picture: Size) -> Result<Self> {
        let shapes = Self::shapes(program, picture)?;
        let rows: Vec<usize> = shapes.iter().map(|shape| shape.height).collect();
        let mut plan = Self::lay_out(program, shapes, &rows, false)?;
        for step in &program.steps {
            plan.add_scratch(step, &(0..plan.shapes[step.output].height));
        }
        Ok(plan)
    }

    /// The shape of each tensor.
    pub(super) fn shapes(program: &Program, picture: Size) -> Result<Vec<Shape>> {
        let by_node = program.graph.shapes(picture)?;
        Ok(program.tensors.iter().map(|&node| by_node[node]).collect())
    }

    /// Reserves the scratch memory that a step needs for these rows of its output.
    pub(super) fn add_scratch(&mut self, step: &Step, rows: &Range<usize>) {
        if let Work::Conv { conv, .. } = &step.work
            && !rows.is_empty()
        {
            let output = Shape { height: rows.len(), ..self.shapes[step.output] };
            self.shared_len = self.shared_len.max(conv.shared_len());
            self.scratch_len = self.scratch_len.max(conv.scratch_len(extent(output)));
        }
    }

    /// Bytes of everything except the packed weights, and additional bytes per thread.
    pub(super) fn bytes(&self) -> [u64; 2] {
        let slots = self.slots.iter().map(|&len| len as u64).sum::<u64>();
        [(slots + self.shared_len as u64) * 4, self.scratch_len as u64 * 4]
    }

    /// Assigns slots to tensors in the order of the steps; `rows` says how many rows of each tensor
    /// are held. A tensor takes the smallest free slot that is large enough; otherwise the largest
    /// free one, which grows; otherwise a new one. A slot is free again after the last step that reads
    /// its tensor. If `input` is set, the input has a slot, too.
    pub(super) fn lay_out(program: &Program, shapes: Vec<Shape>, rows: &[usize], input: bool) -> Result<Self> {
        let mut last_read = vec![0; shapes.len()];
        for (i, step) in program.steps.iter().enumerate() {
            for tensor in step.reads() {
                last_read[tensor] = i;
            }
        }
        last_read[program.output] = program.steps.len();
        let mut plan = Plan { slot_of: vec![None; shapes.len()], slots: Vec::new(), scratch_len: 0, shared_len: 0, shapes };
        let mut free: Vec<usize> = Vec::new();
        if input {
            plan.slots.push(rows[0] * plan.shapes[0].width * plan.shapes[0].channels);
            plan.slot_of[0] = Some(0);
        }
        for (i, step) in program.steps.iter().enumerate() {
            for tensor in step.writes() {
                let shape = Shape { height: rows[tensor], ..plan.shapes[tensor] };
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
                // A tensor that is written and never read would keep its slot forever.
                let unread = step.writes().contains(&tensor) && last_read[tensor] == 0;
                if let Some(slot) = slot
                    && (ends || unread)
                {
                    free.push(*slot);
                }
            }
        }
        Ok(plan)
    }
}
