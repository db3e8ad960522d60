//! `tf.image.resize(method="bilinear", antialias=False)`, reproduced exactly.

use super::super::zeros;
use crate::{Error, ErrorKind, Result};

/// For each new position along an axis: the two old positions around it, and its distance from the first.
struct Axis(Vec<(usize, usize, f32)>);

impl Axis {
    /// Positions are computed in float32 as TensorFlow does, rounding included: `(i + 0.5) * (from / to) - 0.5`.
    fn new(from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        let last = from - 1;
        let positions = (0..to).map(|i| {
            let at = (i as f32 + 0.5) * scale - 0.5;
            let floor = at.floor();
            // The casts saturate: left of the first pixel both are 0.
            ((floor as usize).min(last), (at.ceil() as usize).min(last), at - floor)
        });
        Axis(positions.collect())
    }
}

pub(super) fn bilinear(values: &[f32], channels: usize, from: [usize; 2], to: [usize; 2]) -> Result<Vec<f32>> {
    if to.contains(&0) {
        let text = format!("a picture cannot be resized to {}×{}", to[0], to[1]);
        return Err(Error::new(ErrorKind::InvalidArgument, text));
    }
    let count = to[0].checked_mul(to[1]).and_then(|n| n.checked_mul(channels));
    let count = count.ok_or_else(|| Error::new(ErrorKind::TooLarge, format!("{}×{} is too large", to[0], to[1])))?;
    let mut out: Vec<f32> = zeros(count)?;
    let (xs, ys) = (Axis::new(from[0], to[0]), Axis::new(from[1], to[1]));
    let stride = from[0] * channels;
    for (row, &(top, bottom, fy)) in out.chunks_exact_mut(to[0] * channels).zip(&ys.0) {
        let (top, bottom) = (&values[top * stride..][..stride], &values[bottom * stride..][..stride]);
        for (pixel, &(left, right, fx)) in row.chunks_exact_mut(channels).zip(&xs.0) {
            let (left, right) = (left * channels, right * channels);
            for (c, v) in pixel.iter_mut().enumerate() {
                let above = top[left + c] + (top[right + c] - top[left + c]) * fx;
                let below = bottom[left + c] + (bottom[right + c] - bottom[left + c]) * fx;
                *v = above + (below - above) * fy;
            }
        }
    }
    Ok(out)
}
