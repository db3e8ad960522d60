//! Conversion from coefficients to samples.

use std::f32::consts::PI;

use crate::Result;
use crate::picture::decode::sample_count;
use crate::picture::{reserved, zeros};

/// The samples of one component.
#[derive(Debug)]
pub(super) struct Plane {
    samples: Vec<u8>,
    stride: usize,
    size: [usize; 2],
    factors: [usize; 2],
}

impl Plane {
    /// Transforms rows of `stride` blocks of coefficients. `blocks` of them contain `size` samples.
    pub(super) fn new(
        coefficients: &[[i16; 64]],
        steps: &[u16; 64],
        row: usize,
        blocks: [usize; 2],
        size: [usize; 2],
        factors: [usize; 2],
    ) -> Result<Self> {
        let stride = blocks[0] * 8;
        let mut samples: Vec<u8> = zeros(sample_count(stride, blocks[1], 8)?)?;
        let basis = basis();
        for (rows, coefficients) in samples.chunks_exact_mut(stride * 8).zip(coefficients.chunks_exact(row)) {
            for (x, block) in coefficients[..blocks[0]].iter().enumerate() {
                let block = inverse(block, steps, &basis);
                for (y, values) in block.as_chunks::<8>().0.iter().enumerate() {
                    rows[y * stride + x * 8..][..8].copy_from_slice(values);
                }
            }
        }
        Ok(Plane { samples, stride, size, factors })
    }
}

/// The cosines of the transform, by frequency and position: T.81, section A.3.3.
fn basis() -> [[f32; 8]; 8] {
    std::array::from_fn(|frequency| {
        let scale = if frequency == 0 { 0.125f32.sqrt() } else { 0.5 };
        std::array::from_fn(|place| scale * ((2 * place + 1) as f32 * frequency as f32 * PI / 16.0).cos())
    })
}

/// Computes the inverse transform of a block.
fn inverse(block: &[i16; 64], steps: &[u16; 64], basis: &[[f32; 8]; 8]) -> [u8; 64] {
    let value = |v: f32| (v + 128.5) as u8;
    if block[1..].iter().all(|v| *v == 0) {
        return [value(f32::from(block[0]) * f32::from(steps[0]) / 8.0); 64];
    }
    // First vertically: rows of frequencies become rows of positions. Then the same horizontally within each row.
    let mut rows = [[0.0f32; 8]; 8];
    for (v, (values, steps)) in block.as_chunks::<8>().0.iter().zip(steps.as_chunks::<8>().0).enumerate() {
        if values.iter().all(|value| *value == 0) {
            continue;
        }
        let values: [f32; 8] = std::array::from_fn(|u| f32::from(values[u]) * f32::from(steps[u]));
        for (row, share) in rows.iter_mut().zip(basis[v]) {
            for (sum, value) in row.iter_mut().zip(values) {
                *sum += share * value;
            }
        }
    }
    let mut out = [0; 64];
    for (out, row) in out.as_chunks_mut::<8>().0.iter_mut().zip(rows) {
        let mut sums = [0.0f32; 8];
        for (value, shares) in row.iter().zip(basis) {
            for (sum, share) in sums.iter_mut().zip(shares) {
                *sum += share * value;
            }
        }
        *out = sums.map(value);
    }
    out
}

/// Returns the source samples of each position along an axis: the first of two neighbors, the second, and the second's
/// weight.
fn sources(length: usize, samples: usize, factor: usize, largest: usize, repeated: bool) -> Result<Vec<(u32, u32, f32)>> {
    let mut places = reserved(length)?;
    for place in 0..length {
        // Samples stand for areas of equal size, so compare their centers.
        let from = (2 * place + 1) * factor;
        let (first, weight) = match from.checked_sub(largest) {
            Some(above) => (above / (2 * largest), (above % (2 * largest)) as f32 / (2 * largest) as f32),
            None => (0, 0.0),
        };
        let (first, weight) = if repeated { (place * factor / largest, 0.0) } else { (first, weight) };
        let first = first.min(samples - 1);
        places.push((first as u32, (first + 1).min(samples - 1) as u32, weight));
    }
    Ok(places)
}

/// Returns all components at the picture's size, interleaved. Those with fewer samples are interpolated.
pub(super) fn interleaved(planes: &[Plane], [width, height]: [usize; 2], largest: [usize; 2]) -> Result<Vec<u8>> {
    let mut out: Vec<u8> = zeros(sample_count(width, height, planes.len())?)?;
    for (channel, plane) in planes.iter().enumerate() {
        let row = |y: usize| &plane.samples[y * plane.stride..][..plane.size[0]];
        if plane.factors == largest {
            for (y, out) in out.chunks_exact_mut(width * planes.len()).enumerate() {
                for (out, value) in out.chunks_exact_mut(planes.len()).zip(row(y)) {
                    out[channel] = *value;
                }
            }
            continue;
        }
        // If samples cover three or more pixels on an axis, libjpeg repeats them on both axes, and other decoders
        // follow it.
        let whole = |axis: usize| largest[axis].is_multiple_of(plane.factors[axis]);
        let repeated = whole(0) && whole(1) && [0, 1].iter().any(|&axis| largest[axis] / plane.factors[axis] > 2);
        let across = sources(width, plane.size[0], plane.factors[0], largest[0], repeated)?;
        let down = sources(height, plane.size[1], plane.factors[1], largest[1], repeated)?;
        let mut mixed = vec![0.0f32; plane.size[0]];
        for (out, (upper, lower, weight)) in out.chunks_exact_mut(width * planes.len()).zip(down) {
            for (mixed, (a, b)) in mixed.iter_mut().zip(row(upper as usize).iter().zip(row(lower as usize))) {
                *mixed = f32::from(*a) + (f32::from(*b) - f32::from(*a)) * weight;
            }
            for (out, (left, right, weight)) in out.chunks_exact_mut(planes.len()).zip(&across) {
                let (a, b) = (mixed[*left as usize], mixed[*right as usize]);
                out[channel] = (a + (b - a) * weight + 0.5) as u8;
            }
        }
    }
    Ok(out)
}
