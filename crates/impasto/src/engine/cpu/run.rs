//! Runs a program's steps on one picture.

use std::time::Instant;

use super::Program;
use super::plan::Plan;
use super::state::State;
use super::step::{Step, Work};
use crate::Result;
use crate::engine::norms::Norms;
use crate::engine::program::PictureView;
use crate::engine::{Conditioning, Control, Engine, Frozen, check_cancelled};
use crate::graph::Shape;

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
        // Only in a graph that has nothing but an input, no step writes the output.
        || picture.0.to_vec(),
        |mut output| {
            output.truncate(shape.height * shape.width * shape.channels);
            output
        },
    );
    result.map(|()| (output, shape))
}

/// Runs the steps up to the last conditional norm, and returns the norms.
pub(super) fn measure(
    program: &Program,
    engine: &Engine,
    picture: PictureView<'_>,
    conditioning: &Conditioning,
    control: &dyn Control,
) -> Result<Frozen> {
    let (_, mut state) = start(program, engine, picture, Norms::Measured(conditioning))?;
    let measuring = |step: &Step| matches!(step.work, Work::Conv { measures: Some(_), .. });
    let end = program.steps.iter().rposition(measuring).map_or(0, |last| last + 1);
    let result = steps(&mut state, &program.steps[..end], control);
    let known = state.take_known();
    if let Some(output) = state.end(engine, program.output) {
        engine.give_buffer(output);
    }
    result.map(|()| known.freeze())
}

fn start<'a>(
    program: &'a Program,
    engine: &'a Engine,
    (picture, size): PictureView<'a>,
    norms: Norms<'a>,
) -> Result<(Plan, State<'a>)> {
    let plan = Plan::new(program, size)?;
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
        state.step(step, rows.clone())?;
        control.step(&state.info(step, rows.len()), start.elapsed());
        done += cost;
        control.progress(done, total);
    }
    Ok(())
}
