//! Adam (Kingma & Ba 2015, arXiv 1412.6980). Its result is the mean of the latest iterates,
//! which has less noise than the last one.

use super::{Evaluate, State};
use crate::Result;
use crate::optimizer::Losses;

/// How much of the mean gradient each step keeps.
const FIRST: f32 = 0.9;
/// How much of the mean squared gradient each step keeps: less than usual, because the gradients are not random.
const SECOND: f32 = 0.99;
/// Added to each value's root, as a share of the root of the mean over all values. Where nothing pulls at a pixel, its
/// gradient is only rounding, which must not be scaled up to the size of the others.
const EPSILON: f32 = 1e-3;
/// How much of the mean of iterates each step keeps.
const AVERAGE: f32 = 0.99;

/// Adam, with values kept within 0 to 1.
pub(in crate::optimizer) struct Adam {
    rate: f32,
    steps: i32,
    first: Vec<f32>,
    second: Vec<f32>,
    average: Vec<f32>,
}

impl Adam {
    pub(in crate::optimizer) fn new(rate: f32, len: usize) -> Self {
        Adam { rate, steps: 0, first: vec![0.0; len], second: vec![0.0; len], average: vec![0.0; len] }
    }

    pub(super) fn step(&mut self, x: &mut [f32], evaluate: Evaluate<'_>) -> Result<Losses> {
        let (losses, gradient) = evaluate(x)?;
        self.steps = self.steps.saturating_add(1);
        let rate = self.rate / (1.0 - FIRST.powi(self.steps));
        let correction = 1.0 - SECOND.powi(self.steps);
        let mut sum = 0.0;
        for (g, (first, second)) in gradient.iter().zip(self.first.iter_mut().zip(&mut self.second)) {
            *first = FIRST * *first + (1.0 - FIRST) * g;
            *second = SECOND * *second + (1.0 - SECOND) * g * g;
            sum += f64::from(*second);
        }
        let mean = (sum / x.len() as f64) as f32;
        // If all gradients are 0, nothing moves.
        let least = (EPSILON * (mean / correction).sqrt()).max(f32::MIN_POSITIVE);
        for ((x, average), (first, second)) in x.iter_mut().zip(&mut self.average).zip(self.first.iter().zip(&self.second)) {
            let root = (second / correction).sqrt() + least;
            *x = (*x - rate * first / root).clamp(0.0, 1.0);
            *average = AVERAGE * *average + (1.0 - AVERAGE) * *x;
        }
        Ok(losses)
    }

    /// Returns the mean of the iterates, in which the latest ones weigh most; `None` before the first step.
    pub(super) fn average(&self) -> Option<Vec<f32>> {
        let weight = 1.0 - AVERAGE.powi(self.steps);
        (self.steps > 0).then(|| self.average.iter().map(|v| v / weight).collect())
    }

    pub(super) fn state(&self) -> State {
        State::from([
            ("adam.steps".into(), vec![f32::from_bits(self.steps as u32)]),
            ("adam.first".into(), self.first.clone()),
            ("adam.second".into(), self.second.clone()),
            ("adam.average".into(), self.average.clone()),
        ])
    }

    pub(super) fn restore(&mut self, mut state: State, len: usize) -> bool {
        let mut take = |name: &str, len: usize| state.remove(name).filter(|values| values.len() == len);
        let (Some(steps), Some(first), Some(second), Some(average)) =
            (take("adam.steps", 1), take("adam.first", len), take("adam.second", len), take("adam.average", len))
        else {
            return false;
        };
        let Ok(steps) = i32::try_from(steps[0].to_bits()) else { return false };
        *self = Adam { rate: self.rate, steps, first, second, average };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::Adam;
    use crate::optimizer::Losses;

    #[test]
    fn it_finds_the_least_of_a_bowl_inside_and_the_border_outside() {
        let goal = [0.3, 0.9, -0.5, 1.5];
        let mut adam = Adam::new(0.02, 4);
        let mut x = [0.5; 4];
        for _ in 0..1500 {
            let mut evaluate = |x: &[f32]| {
                let total = x.iter().zip(goal).map(|(x, g)| f64::from(x - g).powi(2)).sum();
                Ok((Losses { total, ..Losses::default() }, x.iter().zip(goal).map(|(x, g)| 2.0 * (x - g)).collect()))
            };
            adam.step(&mut x, &mut evaluate).unwrap();
        }
        let average = adam.average().unwrap();
        for (found, expected) in average.iter().zip([0.3, 0.9, 0.0, 1.0]) {
            assert!((found - expected).abs() < 2e-3, "{average:?}");
        }
    }
}
