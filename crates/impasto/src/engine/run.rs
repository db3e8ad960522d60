//! Runs a program's steps on one picture.

use std::time::{Duration, Instant};

use impasto_kernels::conv;

use super::norms::{Frozen, Norms};
use super::plan::Plan;
use super::state::State;
use super::step::{Step, Work};
use super::{Engine, Program};
use crate::graph::Shape;
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

/// # Errors
/// [`ErrorKind::Cancelled`] if `control` asks to stop.
pub(crate) fn check_cancelled(control: &dyn Control) -> Result<()> {
    if control.cancelled() { Err(Error::new(ErrorKind::Cancelled, "cancelled")) } else { Ok(()) }
}

/// Lets a run go on silently to its end.
impl Control for () {}

/// A picture's values, its height and its width.
pub(super) type PictureView<'a> = (&'a [f32], usize, usize);

/// Runs all steps on the whole picture.
pub(super) fn run(
    program: &Program,
    engine: &Engine,
    picture: PictureView<'_>,
    norms: Norms<'_>,
    control: &dyn Control,
) -> Result<(Vec<f32>, Shape)> {
    let (plan, mut state) = start(program, engine, picture, norms)?;
    let result = steps(&mut state, &program.steps, control);
    let shape = plan.shapes[program.output];
    let output = state.end(engine, program.output);
    let output = output.map_or_else(
        // Only a graph of nothing but an input has no step that writes its output.
        || picture.0.to_vec(),
        |mut output| {
            output.truncate(shape.height * shape.width * shape.channels);
            output
        },
    );
    result.map(|()| (output, shape))
}

/// Runs the steps up to the last conditional norm, for what the norms come to.
pub(super) fn measure(
    program: &Program,
    engine: &Engine,
    picture: PictureView<'_>,
    norms: Norms<'_>,
    control: &dyn Control,
) -> Result<Frozen> {
    let (_, mut state) = start(program, engine, picture, norms)?;
    let measuring = |step: &Step| matches!(step.work, Work::Conv { measures: Some(_), .. });
    let end = program.steps.iter().rposition(measuring).map_or(0, |last| last + 1);
    let result = steps(&mut state, &program.steps[..end], control);
    let known = state.take_known();
    if let Some(output) = state.end(engine, program.output) {
        engine.give_buffer(output);
    }
    result.map(|()| norms.freeze(known))
}

fn start<'a>(
    program: &'a Program,
    engine: &'a Engine,
    (picture, height, width): PictureView<'a>,
    norms: Norms<'a>,
) -> Result<(Plan, State<'a>)> {
    let plan = Plan::new(program, height, width)?;
    if plan.shapes[0].count() != Some(picture.len()) {
        let text = format!("a picture of {} numbers where {} are needed", picture.len(), plan.shapes[0]);
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let state = State::new(program, engine, &plan, picture, norms)?;
    Ok((plan, state))
}

fn steps(state: &mut State<'_>, steps: &[Step], control: &dyn Control) -> Result<()> {
    let costs: Vec<u64> = steps.iter().map(|step| state.cost(step, state.height(step))).collect();
    let total: u64 = costs.iter().sum();
    let mut done = 0;
    for (step, cost) in steps.iter().zip(costs) {
        check_cancelled(control)?;
        let start = Instant::now();
        let rows = 0..state.height(step);
        state.step(step, rows.clone());
        control.step(&state.info(step, rows.len()), start.elapsed());
        done += cost;
        control.progress(done, total);
    }
    Ok(())
}
