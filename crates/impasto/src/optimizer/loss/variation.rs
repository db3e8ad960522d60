//! Total variation: how much neighboring pixels differ.

use crate::engine::Engine;
use crate::graph::Shape;

/// Returns the mean squared difference between neighboring pixels, down plus across, over all values. Adds its
/// derivative times `scale` to the gradient.
pub(in crate::optimizer) fn add(engine: &Engine, picture: &[f32], extent: Shape, scale: f64, gradient: &mut [f32]) -> f64 {
    let Shape { height, width, channels } = extent;
    let row = width * channels;
    let count = extent.len() as f64;
    let step = (2.0 * scale / count) as f32;
    engine.for_each_chunk(gradient, row, |y, gradient| {
        let here = &picture[y * row..][..row];
        let above = (y > 0).then(|| &picture[(y - 1) * row..][..row]);
        let below = (y + 1 < height).then(|| &picture[(y + 1) * row..][..row]);
        for (i, g) in gradient.iter_mut().enumerate() {
            let mut sum = 0.0;
            for other in [above, below].into_iter().flatten() {
                sum += here[i] - other[i];
            }
            if i >= channels {
                sum += here[i] - here[i - channels];
            }
            if i + channels < row {
                sum += here[i] - here[i + channels];
            }
            *g += step * sum;
        }
    });
    let square = |a: &f32, b: &f32| f64::from(a - b).powi(2);
    let across: f64 = picture.chunks_exact(row).flat_map(|row| row.iter().zip(&row[channels..])).map(|(a, b)| square(a, b)).sum();
    let down: f64 = picture.iter().zip(&picture[row..]).map(|(a, b)| square(a, b)).sum();
    (across + down) / count
}
