//! Tensors and norms during a run, and what a step does to them.

use std::ops::Range;

use impasto_kernels::statistics::Statistics;
use impasto_kernels::{Source, Strip, elementwise, pool};

use super::known::Known;
use super::plan::Plan;
use super::step::{self, Operand, Step, Work};
use super::{Program, extent};
use crate::Result;
use crate::engine::norms::Norms;
use crate::engine::{Engine, StepInfo};
use crate::graph::{MOMENTS_EPSILON, PoolKind, Shape};

/// A run in progress.
pub(super) struct State<'a> {
    pub(super) program: &'a Program,
    engine: &'a Engine,
    shapes: Vec<Shape>,
    slot_of: Vec<Option<usize>>,
    /// The input, if it has no slot.
    picture: &'a [f32],
    pub(super) slots: Vec<Vec<f32>>,
    /// Which rows of each tensor are in its slot.
    pub(super) held: Vec<Range<usize>>,
    norms: Norms<'a>,
    known: Known,
}

impl<'a> State<'a> {
    /// Allocates memory as planned. No rows are held yet.
    pub(super) fn new(
        program: &'a Program,
        engine: &'a Engine,
        plan: &Plan,
        picture: &'a [f32],
        norms: Norms<'a>,
    ) -> Result<Self> {
        let known = Known::new(program, norms)?;
        let slots = plan.slots.iter().map(|&len| engine.take_buffer(len)).collect::<Result<_>>()?;
        let mut held = vec![0..0; plan.shapes.len()];
        if plan.slot_of[0].is_none() {
            held[0] = 0..plan.shapes[0].height;
        }
        Ok(State {
            program,
            engine,
            shapes: plan.shapes.clone(),
            slot_of: plan.slot_of.clone(),
            picture,
            slots,
            held,
            norms,
            known,
        })
    }

    /// Gives all memory back to the engine, except for the slot of `tensor`, which it returns if there is one.
    pub(super) fn end(self, engine: &Engine, tensor: usize) -> Option<Vec<f32>> {
        let mut output = None;
        for (i, slot) in self.slots.into_iter().enumerate() {
            if self.slot_of[tensor] == Some(i) {
                output = Some(slot);
            } else {
                engine.give_buffer(slot);
            }
        }
        output
    }

    /// Takes what is known about the norms so far.
    pub(super) fn take_known(&mut self) -> Known {
        std::mem::take(&mut self.known)
    }

    /// The number of rows of a step's output.
    pub(super) fn height(&self, step: &Step) -> usize {
        self.shapes[step.output].height
    }

    /// How much `rows` of a step's output count in a progress bar.
    pub(super) fn cost(&self, step: &Step, rows: usize) -> u64 {
        let output = self.shapes[step.output];
        let pixels = (rows * output.width) as u64;
        match &step.work {
            Work::Conv { conv, .. } => pixels * conv.spec().multiply_accumulates_per_pixel(),
            _ => pixels * output.channels as u64,
        }
    }

    pub(super) fn info(&self, step: &Step, rows: usize) -> StepInfo<'_> {
        let output = Shape { height: rows, ..self.shapes[step.output] };
        let conv = if let Work::Conv { conv, .. } = &step.work { Some(conv) } else { None };
        let pixels = (output.height * output.width) as u64;
        StepInfo {
            name: &self.program.graph.nodes()[step.node].name,
            kernel: conv.map(|conv| conv.algorithm().name()),
            output,
            multiply_accumulates: conv.map_or(0, |conv| pixels * conv.spec().multiply_accumulates_per_pixel()),
            products: conv.map_or(0, |conv| conv.products(extent(output))),
        }
    }

    /// The number of floats in a row of a tensor.
    pub(super) fn row_len(&self, tensor: usize) -> usize {
        self.shapes[tensor].width * self.shapes[tensor].channels
    }

    /// Computes these rows of a step's output, and appends them to those that its slot holds. Only convolutions,
    /// finishing steps and depth-to-space can run on part of their rows, and only with known norms.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Malformed`] if a norm that is measured is not finite.
    pub(super) fn step(&mut self, step: &Step, rows: Range<usize>) -> Result<()> {
        let (engine, norms, isa) = (self.engine, self.norms, self.program.isa);
        let shape = self.shapes[step.output];
        let output_extent = extent(shape);
        let mut output = self.take(step.output);
        let place = self.place(step.output, &rows);
        let target = &mut output[place];
        let mut measured = Ok(());
        match &step.work {
            Work::Conv { conv, source, padding, measures, keep } => {
                let mut kept = keep.map(|tensor| (tensor, self.take(tensor), self.place(tensor, &rows)));
                let keep_slice = kept.as_mut().map(|(_, kept, place)| &mut kept[place.clone()]);
                let input = self.source(source);
                let (size, spec) = (input.enlarged(), conv.spec());
                let before = |length, kernel| padding.window(length, kernel, spec.stride).map_or(0, |window| window.before);
                let padding = [before(size.height, spec.kernel[0]), before(size.width, spec.kernel[1])];
                match (norms, measures) {
                    (Norms::Measured(conditioning), Some(norm)) => {
                        let output = (&mut *target, output_extent);
                        if let Some(statistics) = conv.run(&engine.threads, input, padding, output, true, keep_slice) {
                            let pixels = shape.height * shape.width;
                            measured = self.known.measured(self.program, (*norm, conditioning), (&statistics, pixels));
                        }
                    }
                    _ => {
                        let output = (rows.clone(), &mut *target, output_extent);
                        conv.run_rows(&engine.threads, input, padding, output, keep_slice);
                    }
                }
                if let (Some(norm), Some(shares)) = (measures, norms.shares()) {
                    let shares = shares.rows(shape, self.shapes[0], rows.clone());
                    let maps = self.known.by_style[*norm].iter();
                    let maps: Vec<_> = maps.map(|(scale, shift)| impasto_kernels::Affine { scale, shift }).collect();
                    elementwise::blend(&engine.threads, isa, &maps, &shares, target);
                }
                if let Some((tensor, kept, _)) = kept {
                    self.put(tensor, kept, &rows);
                }
            }
            Work::Finish { source, last } => {
                elementwise::finish(&engine.threads, isa, self.source(source), *last, rows.clone(), target);
            }
            Work::Pool { input, pool } => {
                let from = extent(self.shapes[*input]);
                let before = |length| pool.padding.window(length, pool.kernel, pool.stride).map_or(0, |window| window.before);
                let kernel = pool::Pool {
                    kind: match pool.kind {
                        PoolKind::Max => pool::PoolKind::Max,
                        PoolKind::Average => pool::PoolKind::Average,
                    },
                    kernel: pool.kernel,
                    stride: pool.stride,
                    padding: [before(from.height), before(from.width)],
                };
                pool::pool(&engine.threads, kernel, (self.data(*input).data, from), (target, output_extent));
            }
            Work::Mean { input } => {
                target[..shape.channels].copy_from_slice(&pool::mean(self.data(*input).data, extent(self.shapes[*input])));
            }
            Work::DepthToSpace { input, factor } => {
                let from = extent(self.shapes[*input]);
                pool::depth_to_space(&engine.threads, *factor, (self.data(*input), from), rows.clone(), target);
            }
            Work::Moments { input, unbiased } => {
                let from = extent(self.shapes[*input]);
                let Statistics { mean, variance } = pool::moments(self.data(*input).data, from);
                let factor = if *unbiased { step::unbiased(from.height * from.width) } else { 1.0 };
                let (means, deviations) = target[..shape.channels].split_at_mut(mean.len());
                means.copy_from_slice(&mean);
                for (target, v) in deviations.iter_mut().zip(variance) {
                    *target = ((f64::from(v) * factor) as f32 + MOMENTS_EPSILON).sqrt();
                }
            }
            Work::Concat { inputs } => {
                let inputs: Vec<_> = inputs.iter().map(|&tensor| (self.data(tensor).data, extent(self.shapes[tensor]))).collect();
                pool::concat(&inputs, target);
            }
        }
        self.put(step.output, output, &rows);
        measured
    }

    /// The range of these rows in a tensor's slot: behind the rows that it holds.
    pub(super) fn place(&self, tensor: usize, rows: &Range<usize>) -> Range<usize> {
        let held = &self.held[tensor];
        let behind = if held.is_empty() { 0 } else { rows.start - held.start };
        behind * self.row_len(tensor)..(behind + rows.len()) * self.row_len(tensor)
    }

    pub(super) fn take(&mut self, tensor: usize) -> Vec<f32> {
        self.slot_of[tensor].map_or_else(Vec::new, |slot| std::mem::take(&mut self.slots[slot]))
    }

    /// Puts a tensor's buffer back into its slot, with these rows added.
    pub(super) fn put(&mut self, tensor: usize, data: Vec<f32>, rows: &Range<usize>) {
        if let Some(slot) = self.slot_of[tensor] {
            self.slots[slot] = data;
        }
        let held = &self.held[tensor];
        let start = if held.is_empty() { rows.start } else { held.start };
        self.held[tensor] = start..rows.end;
    }

    /// The rows of a tensor that are held.
    pub(super) fn data(&self, tensor: usize) -> Strip<'_> {
        let held = &self.held[tensor];
        let data = match self.slot_of[tensor] {
            Some(slot) => &self.slots[slot][..held.len() * self.row_len(tensor)],
            None => self.picture,
        };
        Strip { data, first: held.start }
    }

    fn source(&self, operand: &Operand) -> Source<'_> {
        let affine = operand.affine.and_then(|affine| self.known.everywhere[affine].as_ref());
        Source {
            data: self.data(operand.tensor),
            extent: extent(self.shapes[operand.tensor]),
            affine: affine.map(|(scale, shift)| impasto_kernels::Affine { scale, shift }),
            activation: operand.activation,
            skip: operand.skip.map(|skip| self.data(skip)),
            upsample: operand.upsample,
        }
    }
}
