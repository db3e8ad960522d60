//! The methods: how the picture follows the gradient.

mod adam;
mod lbfgs;

use std::collections::BTreeMap;

pub(super) use adam::Adam;
pub(super) use lbfgs::Lbfgs;

use super::Losses;
use crate::Result;

/// Evaluates the losses at a point, and the gradient of their total.
pub(super) type Evaluate<'a> = &'a mut dyn FnMut(&[f32]) -> Result<(Losses, Vec<f32>)>;

/// A method's state by name, for checkpoints.
pub(super) type State = BTreeMap<String, Vec<f32>>;

/// A method in progress.
pub(super) enum Descent {
    Adam(Adam),
    Lbfgs(Lbfgs),
}

impl Descent {
    /// Makes one step: changes `x` and returns the losses before it.
    pub(super) fn step(&mut self, x: &mut [f32], evaluate: Evaluate<'_>) -> Result<Losses> {
        match self {
            Descent::Adam(adam) => adam.step(x, evaluate),
            Descent::Lbfgs(lbfgs) => lbfgs.step(x, evaluate),
        }
    }

    /// Returns the best result so far: the mean of the last steps if the method has one, else `x`.
    pub(super) fn result<'a>(&'a self, x: &'a [f32]) -> std::borrow::Cow<'a, [f32]> {
        match self {
            Descent::Adam(adam) => adam.average().map_or(x.into(), Into::into),
            Descent::Lbfgs(_) => x.into(),
        }
    }

    /// Returns everything that the method remembers.
    pub(super) fn state(&self) -> State {
        match self {
            Descent::Adam(adam) => adam.state(),
            Descent::Lbfgs(lbfgs) => lbfgs.state(),
        }
    }

    /// Restores the state; `false` if it is not what [`Descent::state`] returned for as many numbers.
    pub(super) fn restore(&mut self, state: State, len: usize) -> bool {
        match self {
            Descent::Adam(adam) => adam.restore(state, len),
            Descent::Lbfgs(lbfgs) => lbfgs.restore(state, len),
        }
    }
}
