//! Conversion between sRGB values and linear light (IEC 61966-2-1), both 0..1.
//!
//! This uses tables with linear interpolation: calling `powf` for every sample of a photo takes longer than resizing
//! it. Both tables are accurate to 1e-6, a fifteenth of a 16-bit step.

use std::sync::LazyLock;

const STEPS: usize = 4096;

/// Light at equally spaced sRGB values.
static TO_LIGHT: LazyLock<Vec<f32>> =
    LazyLock::new(|| table(|v| if v <= 0.040_45 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }));

/// sRGB values at equally spaced square roots of light. As a function of the root, the curve is nearly straight; as a
/// function of light, it is too steep near black for a table.
static FROM_ROOT: LazyLock<Vec<f32>> = LazyLock::new(|| {
    table(|root| {
        let light = root * root;
        if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
    })
});

fn table(curve: impl Fn(f64) -> f64) -> Vec<f32> {
    // One more entry, so that 1 itself has a right neighbor.
    (0..=STEPS + 1).map(|i| curve((i as f64 / STEPS as f64).min(1.0)) as f32).collect()
}

fn look_up(table: &[f32], value: f32) -> f32 {
    let at = value * STEPS as f32;
    let i = (at as usize).min(STEPS);
    table[i] + (table[i + 1] - table[i]) * (at - i as f32)
}

/// Converts sRGB values, clamped to 0..1, to linear light.
pub(crate) fn decode(values: &mut [f32]) {
    let table = TO_LIGHT.as_slice();
    values.iter_mut().for_each(|v| *v = look_up(table, v.clamp(0.0, 1.0)));
}

/// Converts linear light, clamped to 0..1, to sRGB values.
pub(crate) fn encode(values: &mut [f32]) {
    let table = FROM_ROOT.as_slice();
    for v in values {
        let light = v.clamp(0.0, 1.0);
        *v = if light <= 0.003_130_8 { light * 12.92 } else { look_up(table, light.sqrt()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_follow_the_curves() {
        for i in 0..=100_000 {
            let v = i as f32 / 100_000.0;
            let exact = f64::from(v);
            let light = if exact <= 0.040_45 { exact / 12.92 } else { ((exact + 0.055) / 1.055).powf(2.4) };
            let srgb = if exact <= 0.003_130_8 { exact * 12.92 } else { 1.055 * exact.powf(1.0 / 2.4) - 0.055 };
            let (mut a, mut b) = ([v], [v]);
            decode(&mut a);
            encode(&mut b);
            assert!((f64::from(a[0]) - light).abs() < 1e-6, "light of {v}: {} instead of {light}", a[0]);
            assert!((f64::from(b[0]) - srgb).abs() < 1e-6, "value of {v}: {} instead of {srgb}", b[0]);
        }
    }

    #[test]
    fn values_out_of_range_are_clamped() {
        let mut values = [-1.0, 2.0, f32::INFINITY];
        decode(&mut values);
        assert_eq!(values, [0.0, 1.0, 1.0]);
        let mut values = [-1.0, 2.0, f32::NEG_INFINITY];
        encode(&mut values);
        assert_eq!(values, [0.0, 1.0, 0.0]);
    }
}
