//! Helpers for tests of losses: sample values, and a check of gradients against finite differences.

/// Values in 0..1 without order.
pub(super) fn scattered(count: usize, seed: usize) -> Vec<f32> {
    (0..count).map(|i| ((i * i * 31 + i * seed) % 251) as f32 / 250.0).collect()
}

/// Returns the values moved along a direction.
pub(super) fn moved(values: &[f32], direction: &[f32], step: f32) -> Vec<f32> {
    values.iter().zip(direction).map(|(v, d)| v + step * d).collect()
}

/// Checks a gradient along a direction. `at` returns the loss after moving that many times the direction.
pub(super) fn check(gradient: &[f32], direction: &[f32], at: &dyn Fn(f32) -> f64) {
    let found: f64 = gradient.iter().zip(direction).map(|(g, d)| f64::from(*g) * f64::from(*d)).sum();
    let expected = (at(1e-2) - at(-1e-2)) / 2e-2;
    assert!((found - expected).abs() < 1e-3 * expected.abs().max(1e-3), "{found} and {expected}");
}
