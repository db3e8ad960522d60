//! Adam (Kingma & Ba 2015, arXiv 1412.6980), with an average of the weights over the steps.

use std::collections::HashMap;

use burn::tensor::{Gradients, Tensor};
use impasto::Result;

use crate::executor::Parameters;

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.99;
const EPSILON: f32 = 1e-8;

/// The optimizer's state: running means of the gradients and of their squares, and averages of the weights.
#[derive(Debug, Default)]
pub struct Adam {
    moments: HashMap<String, [Tensor<1>; 2]>,
    averages: HashMap<String, Tensor<1>>,
}

/// The step sizes of a run.
#[derive(Debug, Clone, Copy)]
pub struct Schedule {
    /// Number of steps.
    pub steps: usize,
    /// The rate at the start.
    pub rate: f32,
    /// Arrays with a rate of their own, if there are any.
    pub faster: Option<Faster>,
    /// Steps in which the rate rises to its start value.
    pub warm_up: usize,
    /// Maximum length of the gradient. Longer gradients are scaled down to it.
    pub clip: f32,
    /// Decay of the averaged weights.
    pub average: f32,
}

/// Arrays with a rate of their own.
#[derive(Debug, Clone, Copy)]
pub struct Faster {
    /// Text that their names contain.
    pub holding: &'static str,
    /// Factor on the rate of the others.
    pub times: f32,
}

impl Schedule {
    /// Returns the rate of a step, counted from 0. It rises along a line, and falls along a cosine to a hundredth.
    pub fn rate(&self, step: usize) -> f32 {
        let rise = ((step + 1) as f32 / self.warm_up.max(1) as f32).min(1.0);
        let done = step as f32 / self.steps as f32;
        self.rate * rise * (0.01 + 0.99 * 0.5 * (1.0 + (std::f32::consts::PI * done).cos()))
    }
}

impl Adam {
    /// Updates the parameters by their gradients. Parameters without a gradient stay. If the length of all gradients is
    /// not finite, the step is skipped. Steps are counted from 0.
    ///
    /// # Errors
    /// As [`crate::executor::values`].
    pub fn step(&mut self, all: &mut [&mut Parameters], gradients: &Gradients, schedule: Schedule, step: usize) -> Result<()> {
        let length = length(all, gradients)?;
        if !length.is_finite() {
            eprintln!("step {}: the gradient is not a number; the step is left out", step + 1);
            return Ok(());
        }
        let shrink = (schedule.clip / length.max(1e-12)).min(1.0);
        let rate = schedule.rate(step);
        let number = step + 1;
        let corrections = [FIRST_DECAY, SECOND_DECAY].map(|decay| 1.0 - decay.powi(i32::try_from(number).unwrap_or(i32::MAX)));
        // The average forgets fast at the start, because the first weights are noise.
        let average = schedule.average.min((1.0 + number as f32) / (10.0 + number as f32));
        for (name, tensor) in all.iter_mut().flat_map(|parameters| parameters.iter_mut()) {
            let Some(gradient) = tensor.grad(gradients) else { continue };
            let gradient = gradient * shrink;
            let value = tensor.clone().inner();
            let [first, second] = self.moments.remove(name).unwrap_or_else(|| [value.zeros_like(), value.zeros_like()]);
            let first = first * FIRST_DECAY + gradient.clone() * (1.0 - FIRST_DECAY);
            let second = second * SECOND_DECAY + gradient.clone() * gradient * (1.0 - SECOND_DECAY);
            let change = first.clone() / corrections[0] / ((second.clone() / corrections[1]).sqrt() + EPSILON);
            let times = schedule.faster.filter(|faster| name.contains(faster.holding)).map_or(1.0, |faster| faster.times);
            let value = value - change * (rate * times);
            let mean =
                self.averages.remove(name).map_or_else(|| value.clone(), |mean| mean * average + value.clone() * (1.0 - average));
            self.moments.insert(name.to_owned(), [first, second]);
            self.averages.insert(name.to_owned(), mean);
            *tensor = Tensor::from_inner(value).require_grad();
        }
        Ok(())
    }

    /// Returns the averages of the weights by name.
    pub fn averages(&self) -> &HashMap<String, Tensor<1>> {
        &self.averages
    }

    /// Returns the whole state by name, for a checkpoint.
    pub fn iter(&self) -> impl Iterator<Item = (String, &Tensor<1>)> {
        let moments = self
            .moments
            .iter()
            .flat_map(|(name, [first, second])| [(format!("first/{name}"), first), (format!("second/{name}"), second)]);
        moments.chain(self.averages.iter().map(|(name, mean)| (format!("average/{name}"), mean)))
    }

    /// Restores the state of the parameter `name` that [`Adam::iter`] returned. `find` looks up arrays by name.
    pub fn restore(&mut self, name: &str, find: impl Fn(&str) -> Option<Tensor<1>>) {
        if let (Some(first), Some(second)) = (find(&format!("first/{name}")), find(&format!("second/{name}"))) {
            self.moments.insert(name.to_owned(), [first, second]);
        }
        if let Some(mean) = find(&format!("average/{name}")) {
            self.averages.insert(name.to_owned(), mean);
        }
    }
}

/// Returns the length of all gradients together; 0 if there are none.
fn length(parameters: &mut [&mut Parameters], gradients: &Gradients) -> Result<f32> {
    let of = |tensor: &mut Tensor<1>| Some(tensor.grad(gradients)?.square().sum());
    let sums: Vec<_> =
        parameters.iter_mut().flat_map(|parameters| parameters.iter_mut()).filter_map(|(_, tensor)| of(tensor)).collect();
    if sums.is_empty() {
        return Ok(0.0);
    }
    // Summed on the device, so that a GPU is read only once.
    Ok(crate::executor::values(Tensor::cat(sums, 0).sum().sqrt())?[0])
}
