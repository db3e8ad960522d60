//! Runs a program band by band.

use std::ops::Range;
use std::time::Instant;

use super::super::Program;
use super::super::state::State;
use super::{Band, Schedule};
use crate::engine::bands::{ReadRows, WriteRows};
use crate::engine::norms::Norms;
use crate::engine::{Bands, Control, Engine, Frozen, check_cancelled};
use crate::{Error, ErrorKind, Result};

/// For each tensor, the rows that wait for the next band.
struct Tails(Vec<Vec<f32>>);

impl Tails {
    /// Copies the rows that the last band left into the tensor's slot.
    fn restore(&self, state: &mut State<'_>, before: Option<&Band>, tensor: usize) {
        state.held[tensor] = 0..0;
        let Some(rows) = before.map(|band| band.kept[tensor].clone()).filter(|rows| !rows.is_empty()) else { return };
        let len = rows.len() * state.row_len(tensor);
        let mut slot = state.take(tensor);
        slot[..len].copy_from_slice(&self.0[tensor][..len]);
        state.put(tensor, slot, &rows);
    }

    /// Saves the rows that later bands read: another tensor is about to use the slot.
    fn save(&mut self, state: &State<'_>, rows: &Range<usize>, tensor: usize) {
        if rows.is_empty() {
            return;
        }
        let (strip, row) = (state.data(tensor), state.row_len(tensor));
        let values = &strip.data[(rows.start - strip.first) * row..][..rows.len() * row];
        self.0[tensor][..values.len()].copy_from_slice(values);
    }
}

pub(in super::super) fn paint(
    program: &Program,
    engine: &Engine,
    bands: &Bands,
    frozen: &Frozen,
    (read, write): (ReadRows<'_>, WriteRows<'_>),
    control: &dyn Control,
) -> Result<()> {
    let Some(bands) = bands.plan.downcast_ref::<Schedule>().filter(|bands| bands.tails.len() == program.tensors.len()) else {
        return Err(Error::new(ErrorKind::Mismatch, "the bands were planned for another network"));
    };
    let mut state = State::new(program, engine, &bands.plan, &[], Norms::Frozen(frozen))?;
    let tails = bands.tails.iter().map(|&len| if len == 0 { Ok(Vec::new()) } else { engine.take_buffer(len) });
    let mut tails = Tails(tails.collect::<Result<_>>()?);
    let result = run(&mut state, &mut tails, bands, (read, write), control);
    for slot in std::mem::take(&mut state.slots).into_iter().chain(tails.0) {
        engine.give_buffer(slot);
    }
    result
}

fn run(
    state: &mut State<'_>,
    tails: &mut Tails,
    bands: &Schedule,
    (read, write): (ReadRows<'_>, WriteRows<'_>),
    control: &dyn Control,
) -> Result<()> {
    let program = state.program;
    let mut last_reader = vec![None; bands.tails.len()];
    for (i, step) in program.steps.iter().enumerate() {
        step.reads().into_iter().for_each(|tensor| last_reader[tensor] = Some(i));
    }
    let total = program.steps.iter().map(|step| state.cost(step, state.height(step))).sum();
    let mut done = 0;
    let mut before = None;
    for band in &bands.bands {
        tails.restore(state, before, 0);
        let (rows, place) = (&band.made[0], state.place(0, &band.made[0]));
        let mut input = state.take(0);
        let result = if rows.is_empty() { Ok(()) } else { read(rows.clone(), &mut input[place]) };
        state.put(0, input, rows);
        result?;
        for (i, step) in program.steps.iter().enumerate() {
            check_cancelled(control)?;
            step.writes().into_iter().for_each(|tensor| tails.restore(state, before, tensor));
            let rows = band.made[step.output].clone();
            if !rows.is_empty() {
                let start = Instant::now();
                state.step(step, rows.clone())?;
                control.step(&state.info(step, rows.len()), start.elapsed());
                done += state.cost(step, rows.len());
                control.progress(done, total);
            }
            for tensor in step.reads() {
                if last_reader[tensor] == Some(i) {
                    tails.save(state, &band.kept[tensor], tensor);
                }
            }
        }
        if !band.output.is_empty() {
            write(band.output.clone(), state.data(program.output).data)?;
        }
        before = Some(band);
    }
    Ok(())
}
