//! Adam (Kingma & Ba 2015, arXiv 1412.6980) with a learning rate for each group of parameters.

use super::parameters::Parameters;

const FIRST: f32 = 0.9;
const SECOND: f32 = 0.99;
const EPSILON: f32 = 1e-8;
/// How much of the mean of iterates each step keeps.
const AVERAGE: f32 = 0.9;

/// Adam's state.
pub(super) struct Adam {
    pub(super) steps: u64,
    pub(super) first: Vec<f32>,
    pub(super) second: Vec<f32>,
    pub(super) average: Vec<f32>,
}

impl Adam {
    pub(super) fn new(len: usize) -> Self {
        Adam { steps: 0, first: vec![0.0; len], second: vec![0.0; len], average: vec![0.0; len] }
    }

    /// Moves the parameters against the gradient, at `rate` times their own rates.
    pub(super) fn step(&mut self, parameters: &mut Parameters, gradient: &[f32], rate: f32) {
        self.steps += 1;
        let steps = i32::try_from(self.steps).unwrap_or(i32::MAX);
        let (first_share, second_share) = (1.0 - FIRST.powi(steps), 1.0 - SECOND.powi(steps));
        for (range, own) in parameters.rates() {
            let rate = rate * own / first_share;
            for i in range {
                let g = gradient[i];
                self.first[i] = FIRST * self.first[i] + (1.0 - FIRST) * g;
                self.second[i] = SECOND * self.second[i] + (1.0 - SECOND) * g * g;
                let value = &mut parameters.values[i];
                *value -= rate * self.first[i] / ((self.second[i] / second_share).sqrt() + EPSILON);
                self.average[i] = AVERAGE * self.average[i] + (1.0 - AVERAGE) * *value;
            }
        }
    }

    /// Returns the mean of the iterates, in which the latest ones weigh most; `None` before the first step.
    pub(super) fn average(&self) -> Option<Vec<f32>> {
        let weight = 1.0 - AVERAGE.powi(i32::try_from(self.steps).unwrap_or(i32::MAX));
        (self.steps > 0).then(|| self.average.iter().map(|v| v / weight).collect())
    }
}
