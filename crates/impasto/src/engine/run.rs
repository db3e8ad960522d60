//! Runs a program's steps on one picture.

use std::time::{Duration, Instant};

use impasto_kernels::statistics::Statistics;
use impasto_kernels::{Source, conv, elementwise, pool};

use super::plan::{Plan, extent};
use super::step::{Affine, Operand, Step, Work};
use super::{Conditioning, Engine, Program};
use crate::graph::{MOMENTS_EPSILON, PoolKind, Shape};
use crate::{Error, ErrorKind, Result};

/// Watches a run, and may stop it.
pub trait Control: Sync {
    /// Called between steps with the work done and the whole work, in multiply-accumulates.
    fn progress(&self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// Called after each step with what it was and how long it took: for profiles.
    fn step(&self, step: &StepInfo<'_>, elapsed: Duration) {
        let _ = (step, elapsed);
    }

    /// Asked between steps: whether to stop.
    fn cancelled(&self) -> bool {
        false
    }
}

/// A step of a running program.
#[derive(Debug, Clone, Copy)]
pub struct StepInfo<'a> {
    /// The graph's node that it computes, with what is fused into it.
    pub name: &'a str,
    /// The convolution kernel that computes it, if one does.
    pub algorithm: Option<conv::Algorithm>,
    /// The shape of its result.
    pub output: Shape,
    /// Multiply-accumulates, counted as if computed directly; 0 for steps without products.
    pub multiply_accumulates: u64,
    /// Multiply-accumulates that the kernel really does.
    pub products: u64,
}

/// Lets a run go on silently to its end.
impl Control for () {}

/// Tensors and norms while a program runs.
struct State<'a> {
    program: &'a Program,
    engine: &'a Engine,
    plan: &'a Plan,
    picture: &'a [f32],
    slots: Vec<Vec<f32>>,
    /// Scale and shift of each affine map, once known.
    maps: Vec<Option<(Vec<f32>, Vec<f32>)>>,
}

pub(super) fn run(
    program: &Program,
    engine: &Engine,
    (picture, height, width): (&[f32], usize, usize),
    conditioning: &Conditioning,
    control: &dyn Control,
) -> Result<(Vec<f32>, Shape)> {
    let plan = Plan::new(program, height, width)?;
    if plan.shapes[0].count() != Some(picture.len()) {
        let text = format!("a picture of {} numbers where {} are needed", picture.len(), plan.shapes[0]);
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    if conditioning.maps.len() != program.affines.len() {
        return Err(Error::new(ErrorKind::Mismatch, "a style conditioned for another network"));
    }
    let maps = program.affines.iter().map(|affine| match affine {
        Affine::Fixed { scale, shift } => Some((scale.clone(), shift.clone())),
        Affine::Conditional { .. } => None,
    });
    let slots = plan.slots.iter().map(|&len| engine.take_buffer(len)).collect::<Result<_>>()?;
    let mut state = State { program, engine, plan: &plan, picture, slots, maps: maps.collect() };
    let result = state.steps(conditioning, control);
    let mut slots = std::mem::take(&mut state.slots);
    let shape = plan.shapes[program.output];
    // A program always has a step that writes its output, except for the graph of nothing but an input.
    let output = match plan.slot_of[program.output] {
        Some(slot) => {
            let mut output = slots.swap_remove(slot);
            output.truncate(shape.height * shape.width * shape.channels);
            output
        }
        None => picture.to_vec(),
    };
    for slot in slots {
        engine.give_buffer(slot);
    }
    result.map(|()| (output, shape))
}

impl State<'_> {
    fn steps(&mut self, conditioning: &Conditioning, control: &dyn Control) -> Result<()> {
        let costs: Vec<u64> = self.program.steps.iter().map(|step| self.cost(step)).collect();
        let total: u64 = costs.iter().sum();
        let mut done = 0;
        for (step, cost) in self.program.steps.iter().zip(costs) {
            if control.cancelled() {
                return Err(Error::new(ErrorKind::Cancelled, "cancelled"));
            }
            let start = Instant::now();
            self.step(step, conditioning);
            control.step(&self.info(step), start.elapsed());
            done += cost;
            control.progress(done, total);
        }
        Ok(())
    }

    fn info(&self, step: &Step) -> StepInfo<'_> {
        let output = self.plan.shapes[step.output];
        let conv = if let Work::Conv { conv, .. } = &step.work { Some(conv) } else { None };
        let pixels = (output.height * output.width) as u64;
        StepInfo {
            name: &self.program.graph.nodes()[step.node].name,
            algorithm: conv.map(|conv| conv.algorithm()),
            output,
            multiply_accumulates: conv.map_or(0, |conv| pixels * conv.spec().multiply_accumulates_per_pixel()),
            products: conv.map_or(0, |conv| conv.products(extent(output))),
        }
    }

    fn cost(&self, step: &Step) -> u64 {
        let output = self.plan.shapes[step.output];
        let pixels = (output.height * output.width) as u64;
        match &step.work {
            Work::Conv { conv, .. } => pixels * conv.spec().multiply_accumulates_per_pixel(),
            _ => pixels * output.channels as u64,
        }
    }

    fn step(&mut self, step: &Step, conditioning: &Conditioning) {
        let (engine, plan) = (self.engine, self.plan);
        let shape = plan.shapes[step.output];
        let output_extent = extent(shape);
        let mut output = self.take(step.output);
        match &step.work {
            Work::Conv { conv, source, padding, measures, keep } => {
                let mut kept = keep.map(|tensor| self.take(tensor));
                let input = self.source(source);
                let (size, spec) = (input.enlarged(), conv.spec());
                let before = |length, kernel| padding.window(length, kernel, spec.stride).map_or(0, |window| window.before);
                let padding = [before(size.height, spec.kernel[0]), before(size.width, spec.kernel[1])];
                let keep_slice = kept.as_mut().map(|kept| &mut kept[..input.extent.len()]);
                let target = (&mut output[..output_extent.len()], output_extent);
                let statistics = conv.run(&engine.threads, input, padding, target, measures.is_some(), keep_slice);
                if let (Some(norm), Some(statistics)) = (*measures, statistics) {
                    self.maps[norm] = self.normalisation(norm, &statistics, conditioning);
                }
                if let (Some(tensor), Some(kept)) = (*keep, kept) {
                    self.put(tensor, kept);
                }
            }
            Work::Finish { source, sigmoid } => {
                let target = &mut output[..output_extent.len()];
                elementwise::finish(&engine.threads, engine.isa, self.source(source), *sigmoid, target);
            }
            Work::Pool { input, pool } => {
                let from = extent(plan.shapes[*input]);
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
                pool::pool(
                    &engine.threads,
                    kernel,
                    (self.data(*input), from),
                    (&mut output[..output_extent.len()], output_extent),
                );
            }
            Work::Mean { input } => {
                output[..shape.channels].copy_from_slice(&pool::mean(self.data(*input), extent(plan.shapes[*input])));
            }
            Work::Moments { input } => {
                let Statistics { mean, variance } = pool::moments(self.data(*input), extent(plan.shapes[*input]));
                let (means, deviations) = output[..shape.channels].split_at_mut(mean.len());
                means.copy_from_slice(&mean);
                for (target, v) in deviations.iter_mut().zip(variance) {
                    *target = (v + MOMENTS_EPSILON).sqrt();
                }
            }
            Work::Concat { inputs } => {
                let inputs: Vec<_> = inputs.iter().map(|&tensor| (self.data(tensor), extent(plan.shapes[tensor]))).collect();
                pool::concat(&inputs, &mut output[..output_extent.len()]);
            }
        }
        self.put(step.output, output);
    }

    /// An instance norm as a factor and a summand: `(x - mean) * rsqrt(variance + epsilon) * scale + shift`.
    fn normalisation(&self, norm: usize, statistics: &Statistics, conditioning: &Conditioning) -> Option<(Vec<f32>, Vec<f32>)> {
        let Affine::Conditional { epsilon, .. } = self.program.affines[norm] else { return None };
        let (scale, shift) = conditioning.maps[norm].as_ref()?;
        let factors: Vec<f64> = scale
            .iter()
            .zip(&statistics.variance)
            .map(|(&scale, &variance)| f64::from(scale) / (f64::from(variance) + f64::from(epsilon)).sqrt())
            .collect();
        let summands = shift.iter().zip(&statistics.mean).zip(&factors);
        let summands = summands.map(|((&shift, &mean), factor)| (f64::from(shift) - f64::from(mean) * factor) as f32).collect();
        Some((factors.iter().map(|&f| f as f32).collect(), summands))
    }

    fn take(&mut self, tensor: usize) -> Vec<f32> {
        self.plan.slot_of[tensor].map_or_else(Vec::new, |slot| std::mem::take(&mut self.slots[slot]))
    }

    fn put(&mut self, tensor: usize, data: Vec<f32>) {
        if let Some(slot) = self.plan.slot_of[tensor] {
            self.slots[slot] = data;
        }
    }

    fn data(&self, tensor: usize) -> &[f32] {
        let len = extent(self.plan.shapes[tensor]).len();
        match self.plan.slot_of[tensor] {
            Some(slot) => &self.slots[slot][..len],
            None => self.picture,
        }
    }

    fn source(&self, operand: &Operand) -> Source<'_> {
        let affine = operand.affine.and_then(|affine| self.maps[affine].as_ref());
        Source {
            data: self.data(operand.tensor),
            extent: extent(self.plan.shapes[operand.tensor]),
            affine: affine.map(|(scale, shift)| impasto_kernels::Affine { scale, shift }),
            activation: operand.activation,
            skip: operand.skip.map(|skip| self.data(skip)),
            upsample: operand.upsample,
        }
    }
}
