//! L-BFGS (Nocedal & Wright 2006, "Numerical Optimization", algorithms 7.4, 7.5 and 3.5 with 3.6). Each step follows
//! the gradient, scaled by the curvature that the last steps measured. Its length meets the strong Wolfe conditions.

use std::collections::VecDeque;

use super::{Evaluate, State};
use crate::Result;
use crate::optimizer::Losses;

/// Share of the expected decrease that a step must achieve.
const DECREASE: f64 = 1e-4;
/// Share of the slope that may remain after a step.
const CURVATURE: f64 = 0.9;
/// At most this many evaluations for one step.
const EVALUATIONS: usize = 20;

/// A remembered step: its vector, the change of the gradient, and the inverse of their dot product.
struct Pair {
    step: Vec<f32>,
    change: Vec<f32>,
    inverse: f64,
}

pub(in crate::optimizer) struct Lbfgs {
    history: usize,
    pairs: VecDeque<Pair>,
    /// Losses and gradient at the end of the last step.
    here: Option<(Losses, Vec<f32>)>,
}

impl Lbfgs {
    /// Creates the method with a memory of `history` steps, at least 1.
    pub(in crate::optimizer) fn new(history: usize) -> Self {
        Lbfgs { history: history.max(1), pairs: VecDeque::new(), here: None }
    }

    pub(super) fn step(&mut self, x: &mut [f32], evaluate: Evaluate<'_>) -> Result<Losses> {
        let (losses, gradient) = match self.here.take() {
            Some(here) => here,
            None => evaluate(x)?,
        };
        let mut direction = self.direction(&gradient);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 || !slope.is_finite() {
            // The remembered steps are misleading.
            self.pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
            slope = dot(&direction, &gradient);
        }
        if slope == 0.0 {
            return Ok(losses);
        }
        // Without memory, the first trial moves values by at most a hundredth.
        let first = if self.pairs.is_empty() {
            0.01 / direction.iter().map(|d| f64::from(d.abs())).fold(f64::MIN_POSITIVE, f64::max)
        } else {
            1.0
        };
        let place = |length: f64| -> Vec<f32> {
            x.iter().zip(&direction).map(|(x, d)| (f64::from(*x) + length * f64::from(*d)) as f32).collect()
        };
        let mut look = |length: f64| -> Result<Trial> {
            let at = place(length);
            let (losses, gradient) = evaluate(&at)?;
            Ok(Trial { length, slope: dot(&direction, &gradient), at, losses, gradient })
        };
        let Some(found) = search(losses.total, slope, first, &mut look)? else {
            // No way down is left that float32 can resolve.
            self.pairs.clear();
            return Ok(losses);
        };
        let step: Vec<f32> = found.at.iter().zip(&*x).map(|(a, b)| a - b).collect();
        let change: Vec<f32> = found.gradient.iter().zip(&gradient).map(|(a, b)| a - b).collect();
        let product = dot(&step, &change);
        if product > 1e-10 * dot(&change, &change).max(f64::MIN_POSITIVE) {
            if self.pairs.len() == self.history {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { step, change, inverse: product.recip() });
        }
        x.copy_from_slice(&found.at);
        self.here = Some((found.losses, found.gradient));
        Ok(losses)
    }

    /// Returns minus the gradient times the inverse of the curvature, as far as it is known.
    fn direction(&self, gradient: &[f32]) -> Vec<f32> {
        let mut direction: Vec<f32> = gradient.iter().map(|g| -g).collect();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = pair.inverse * dot(&pair.step, &direction);
            add(&mut direction, -share, &pair.change);
            shares.push(share);
        }
        if let Some(last) = self.pairs.back() {
            let scale = (last.inverse * dot(&last.change, &last.change)).recip() as f32;
            direction.iter_mut().for_each(|d| *d *= scale);
        }
        for (pair, share) in self.pairs.iter().zip(shares.iter().rev()) {
            let other = pair.inverse * dot(&pair.change, &direction);
            add(&mut direction, share - other, &pair.step);
        }
        direction
    }

    pub(super) fn state(&self) -> State {
        let mut state = State::new();
        for (i, pair) in self.pairs.iter().enumerate() {
            state.insert(format!("lbfgs.{i:03}.step"), pair.step.clone());
            state.insert(format!("lbfgs.{i:03}.change"), pair.change.clone());
        }
        state
    }

    pub(super) fn restore(&mut self, mut state: State, len: usize) -> bool {
        let mut pairs = VecDeque::new();
        while let Some(step) = state.remove(&format!("lbfgs.{:03}.step", pairs.len())) {
            let Some(change) = state.remove(&format!("lbfgs.{:03}.change", pairs.len())) else { return false };
            let product = dot(&step, &change);
            if step.len() != len || change.len() != len || product <= 0.0 || pairs.len() == self.history {
                return false;
            }
            pairs.push_back(Pair { step, change, inverse: product.recip() });
        }
        *self = Lbfgs { history: self.history, pairs, here: None };
        true
    }
}

/// An evaluation along the direction.
struct Trial {
    length: f64,
    slope: f64,
    at: Vec<f32>,
    losses: Losses,
    gradient: Vec<f32>,
}

/// Returns a step length that meets the strong Wolfe conditions, or else the best one seen;
/// `None` if none is lower than the start.
fn search(start: f64, slope: f64, first: f64, look: &mut dyn FnMut(f64) -> Result<Trial>) -> Result<Option<Trial>> {
    let enough = |trial: &Trial| trial.losses.total <= start + DECREASE * trial.length * slope;
    let flat = |trial: &Trial| trial.slope.abs() <= -CURVATURE * slope;
    let mut best: Option<Trial> = None;
    let better = |trial: &Trial, best: &Option<Trial>| trial.losses.total < best.as_ref().map_or(start, |best| best.losses.total);
    // The interval that contains a good length: the end with the lower value, and the other end.
    let (mut low, mut high) = ((0.0, start, slope), None::<(f64, f64, f64)>);
    let mut length = first;
    for _ in 0..EVALUATIONS {
        let trial = look(length)?;
        let point = (trial.length, trial.losses.total, trial.slope);
        let finite = point.1.is_finite() && point.2.is_finite();
        if finite && enough(&trial) && flat(&trial) {
            return Ok(Some(trial));
        }
        if !finite || !enough(&trial) || point.1 >= low.1 {
            high = Some(point);
        } else {
            if point.2 * high.map_or(1.0, |high| high.0 - low.0) >= 0.0 {
                high = Some(low);
            }
            low = point;
        }
        if better(&trial, &best) {
            best = Some(trial);
        }
        length = match high {
            None => length * 2.0,
            Some(high) => between(low, high),
        };
        if high.is_some_and(|high| (high.0 - low.0).abs() < 1e-9 * first) {
            break;
        }
    }
    Ok(best)
}

/// Returns the minimum of the cubic through two points and their slopes, kept well inside the interval.
fn between(a: (f64, f64, f64), b: (f64, f64, f64)) -> f64 {
    let middle = (a.0 + b.0) / 2.0;
    let d1 = a.2 + b.2 - 3.0 * (a.1 - b.1) / (a.0 - b.0);
    let root = (d1 * d1 - a.2 * b.2).max(0.0).sqrt() * (b.0 - a.0).signum();
    let found = b.0 - (b.0 - a.0) * (b.2 + root - d1) / (b.2 - a.2 + 2.0 * root);
    let (from, to) = (a.0.min(b.0), a.0.max(b.0));
    let margin = 0.1 * (to - from);
    if found.is_finite() { found.clamp(from + margin, to - margin) } else { middle }
}

/// Adds up in float64, in order.
fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn add(target: &mut [f32], factor: f64, values: &[f32]) {
    target.iter_mut().zip(values).for_each(|(t, v)| *t = (f64::from(*t) + factor * f64::from(*v)) as f32);
}

#[cfg(test)]
mod tests {
    use super::Lbfgs;
    use crate::Result;
    use crate::optimizer::Losses;

    fn minimise(x: &mut [f32], steps: usize, mut f: impl FnMut(&[f64]) -> (f64, Vec<f64>)) -> f64 {
        let mut method = Lbfgs::new(10);
        let mut evaluate = |x: &[f32]| -> Result<(Losses, Vec<f32>)> {
            let wide: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
            let (total, gradient) = f(&wide);
            Ok((Losses { total, ..Losses::default() }, gradient.into_iter().map(|g| g as f32).collect()))
        };
        for _ in 0..steps {
            method.step(x, &mut evaluate).unwrap();
        }
        evaluate(x).unwrap().0.total
    }

    #[test]
    fn rosenbrocks_valley_is_followed_to_its_end() {
        // The classic start; the minimum is 0 at (1, 1).
        let mut x = [-1.2, 1.0];
        let value = minimise(&mut x, 60, |x| {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b])
        });
        assert!(value < 1e-8, "{value} at {x:?}");
    }

    #[test]
    fn an_ill_conditioned_bowl_is_descended() {
        // Curvatures from 1 to 10⁴. Another implementation that remembers ten steps
        // (SciPy's) takes about 600 steps to reach 10⁻⁹.
        let curvature = |i: usize| 10f64.powf(4.0 * i as f64 / 49.0);
        let mut x = vec![1.0; 50];
        let value = minimise(&mut x, 600, |x| {
            let value = x.iter().enumerate().map(|(i, x)| 0.5 * curvature(i) * x * x).sum();
            (value, x.iter().enumerate().map(|(i, x)| curvature(i) * x).collect())
        });
        assert!(value < 1e-6, "{value}");
    }

    #[test]
    fn at_the_bottom_it_stays() {
        let mut x = [0.25, 0.5];
        let value =
            minimise(&mut x, 3, |x| (x.iter().map(|x| (x - 0.25).powi(2)).sum(), x.iter().map(|x| 2.0 * (x - 0.25)).collect()));
        assert!(value < 1e-10 && (x[1] - 0.25).abs() < 1e-5, "{x:?}");
    }
}
