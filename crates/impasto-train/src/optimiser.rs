//! Adam (Kingma & Ba 2015, arXiv 1412.6980), and an average of the weights along the way.

use std::collections::HashMap;

use burn::tensor::{Gradients, Tensor};
use impasto::Result;

use crate::executor::Parameters;

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.99;
const EPSILON: f32 = 1e-8;

/// The optimiser's memory of one set of parameters: running means of gradients and of their squares, and the weights' average.
#[derive(Debug, Default)]
pub struct Adam {
    moments: HashMap<String, [Tensor<1>; 2]>,
    averages: HashMap<String, Tensor<1>>,
}

/// One step's settings.
#[derive(Debug, Clone, Copy)]
pub struct Step {
    /// Counted from 1.
    pub number: usize,
    /// How far to go.
    pub rate: f32,
    /// What gradients are multiplied by first.
    pub shrink: f32,
    /// Decay of the average.
    pub average: f32,
}

impl Adam {
    /// Changes the parameters along their gradients; those without one stay.
    pub fn step(&mut self, parameters: &mut Parameters, gradients: &Gradients, step: Step) {
        let corrections =
            [FIRST_DECAY, SECOND_DECAY].map(|decay| 1.0 - decay.powi(i32::try_from(step.number).unwrap_or(i32::MAX)));
        // At the start the average forgets fast: what it begins with is noise.
        let average = step.average.min((1.0 + step.number as f32) / (10.0 + step.number as f32));
        for (name, tensor) in parameters.iter_mut() {
            let Some(gradient) = tensor.grad(gradients) else { continue };
            let gradient = gradient * step.shrink;
            let value = tensor.clone().inner();
            let [first, second] = self.moments.remove(name).unwrap_or_else(|| [value.zeros_like(), value.zeros_like()]);
            let first = first * FIRST_DECAY + gradient.clone() * (1.0 - FIRST_DECAY);
            let second = second * SECOND_DECAY + gradient.clone() * gradient * (1.0 - SECOND_DECAY);
            let change = first.clone() / corrections[0] / ((second.clone() / corrections[1]).sqrt() + EPSILON);
            let value = value - change * step.rate;
            let mean =
                self.averages.remove(name).map_or_else(|| value.clone(), |mean| mean * average + value.clone() * (1.0 - average));
            self.moments.insert(name.to_owned(), [first, second]);
            self.averages.insert(name.to_owned(), mean);
            *tensor = Tensor::from_inner(value).require_grad();
        }
    }

    /// The averaged weights, where there are any.
    pub fn averages(&self) -> &HashMap<String, Tensor<1>> {
        &self.averages
    }

    /// Everything it remembers, by name, for a checkpoint.
    pub fn iter(&self) -> impl Iterator<Item = (String, &Tensor<1>)> {
        let moments = self
            .moments
            .iter()
            .flat_map(|(name, [first, second])| [(format!("first/{name}"), first), (format!("second/{name}"), second)]);
        moments.chain(self.averages.iter().map(|(name, mean)| (format!("average/{name}"), mean)))
    }

    /// An optimiser that remembers what [`Adam::iter`] gave.
    pub fn restore(&mut self, name: &str, find: impl Fn(&str) -> Option<Tensor<1>>) {
        if let (Some(first), Some(second)) = (find(&format!("first/{name}")), find(&format!("second/{name}"))) {
            self.moments.insert(name.to_owned(), [first, second]);
        }
        if let Some(mean) = find(&format!("average/{name}")) {
            self.averages.insert(name.to_owned(), mean);
        }
    }
}

/// The rate of a step, counted from 0: up along a line, down along a cosine to a hundredth.
pub fn rate(step: usize, steps: usize, rate: f32, warm_up: usize) -> f32 {
    let rise = ((step + 1) as f32 / warm_up.max(1) as f32).min(1.0);
    let done = step as f32 / steps as f32;
    rate * rise * (0.01 + 0.99 * 0.5 * (1.0 + (std::f32::consts::PI * done).cos()))
}

/// The length of all gradients together.
///
/// # Errors
/// As [`crate::executor::values`].
pub fn length(parameters: &mut [&mut Parameters], gradients: &Gradients) -> Result<f32> {
    let mut sum = 0.0f64;
    for parameters in parameters {
        for (_, tensor) in parameters.iter_mut() {
            if let Some(gradient) = tensor.grad(gradients) {
                let values = crate::executor::values(gradient)?;
                sum += values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
            }
        }
    }
    Ok(sum.sqrt() as f32)
}
