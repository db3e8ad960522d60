//! Pooling, moments and concatenation of channels for small tensors; and channels rearranged to pixels.

use std::ops::Range;

use crate::statistics::Statistics;
use crate::threads::Threads;
use crate::view::{Extent, SharedOutput, Strip};

/// What a pool computes from its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolKind {
    /// The maximum of the values inside the picture.
    Max,
    /// The mean of the values inside the picture.
    Average,
}

/// A window that slides over a picture. Values outside the picture are ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// What is computed.
    pub kind: PoolKind,
    /// Side of the window.
    pub kernel: usize,
    /// Stride along both axes.
    pub stride: usize,
    /// Padding in pixels at the top and the left.
    pub padding: [usize; 2],
}

/// Pools `input` into `output`.
///
/// # Panics
/// If lengths and extents do not fit together, or a window is entirely outside.
pub fn pool(threads: &Threads, pool: Pool, input: (&[f32], Extent), output: (&mut [f32], Extent)) {
    let ((input, from), (output, to)) = (input, output);
    assert_eq!(input.len(), from.len());
    assert_eq!(from.channels, to.channels);
    let shared = SharedOutput::new(output, to);
    let channels = from.channels;
    threads.for_each_block(to.height, 0, |y, _| {
        // SAFETY: a block is one row, which belongs to no other block.
        let row = unsafe { std::slice::from_raw_parts_mut(shared.pixel(y, 0), to.width * channels) };
        let span = |at: usize, padding: usize, length: usize| {
            let first = (at * pool.stride).saturating_sub(padding);
            let last = (at * pool.stride + pool.kernel).saturating_sub(padding).min(length);
            assert!(first < last, "a window outside the picture");
            first..last
        };
        let rows = span(y, pool.padding[0], from.height);
        for (x, target) in row.chunks_exact_mut(channels).enumerate() {
            let columns = span(x, pool.padding[1], from.width);
            target.fill(if pool.kind == PoolKind::Max { f32::NEG_INFINITY } else { 0.0 });
            for y in rows.clone() {
                for x in columns.clone() {
                    let pixel = &input[(y * from.width + x) * channels..][..channels];
                    match pool.kind {
                        PoolKind::Max => target.iter_mut().zip(pixel).for_each(|(t, &p)| *t = t.max(p)),
                        PoolKind::Average => target.iter_mut().zip(pixel).for_each(|(t, &p)| *t += p),
                    }
                }
            }
            if pool.kind == PoolKind::Average {
                let count = (rows.len() * columns.len()) as f32;
                target.iter_mut().for_each(|t| *t /= count);
            }
        }
    });
}

/// Writes the gradient with respect to a pool's input, from the gradient with respect to its output. If several values
/// in a window are the maximum, the first one gets the gradient.
///
/// # Panics
/// If lengths and extents do not fit together, windows overlap or leave gaps
/// (`stride` is not `kernel`), or there is padding.
pub fn gradient(
    threads: &Threads,
    pool: Pool,
    (input, from): (&[f32], Extent),
    (gradient, to): (&[f32], Extent),
    result: &mut [f32],
) {
    let Pool { kind, kernel, stride, padding } = pool;
    assert!(stride == kernel && padding == [0, 0], "the gradient of overlapping or padded windows is not supported");
    assert!(to.height * kernel <= from.height && to.width * kernel <= from.width && to.channels == from.channels);
    assert_eq!([input.len(), gradient.len(), result.len()], [from.len(), to.len(), from.len()]);
    let (channels, row) = (from.channels, from.width * from.channels);
    threads.for_each_chunk(result, kernel * row, |y, result| {
        result.fill(0.0);
        if y >= to.height {
            // No window reaches these rows.
            return;
        }
        let input = &input[y * kernel * row..][..kernel * row];
        let gradients = gradient[y * to.width * channels..][..to.width * channels].chunks_exact(channels);
        for (x, gradient) in gradients.enumerate() {
            let corner = x * kernel * channels;
            let places = || (0..kernel * kernel).map(|i| corner + i / kernel * row + i % kernel * channels);
            match kind {
                PoolKind::Average => {
                    let share = 1.0 / (kernel * kernel) as f32;
                    for place in places() {
                        result[place..][..channels].iter_mut().zip(gradient).for_each(|(r, g)| *r = g * share);
                    }
                }
                PoolKind::Max => {
                    for (c, &gradient) in gradient.iter().enumerate() {
                        let first = corner + c;
                        let greatest =
                            places().map(|p| p + c).fold(first, |best, p| if input[p] > input[best] { p } else { best });
                        result[greatest] = gradient;
                    }
                }
            }
        }
    });
}

/// Returns the mean of each channel over height and width, summed in float64.
pub fn mean(input: &[f32], extent: Extent) -> Vec<f32> {
    assert_eq!(input.len(), extent.len());
    let mut sums = vec![0.0f64; extent.channels];
    for pixel in input.chunks_exact(extent.channels) {
        for (sum, &x) in sums.iter_mut().zip(pixel) {
            *sum += f64::from(x);
        }
    }
    let count = (extent.height * extent.width) as f64;
    sums.iter().map(|sum| (sum / count) as f32).collect()
}

/// Returns the mean and the biased variance of each channel over height and width, in two passes of float64 sums.
pub fn moments(input: &[f32], extent: Extent) -> Statistics {
    let mean = mean(input, extent);
    let mut squares = vec![0.0f64; extent.channels];
    for pixel in input.chunks_exact(extent.channels) {
        for ((sum, &x), &mean) in squares.iter_mut().zip(pixel).zip(&mean) {
            *sum += (f64::from(x) - f64::from(mean)).powi(2);
        }
    }
    let count = (extent.height * extent.width) as f64;
    Statistics { mean, variance: squares.iter().map(|sum| (sum / count) as f32).collect() }
}

/// Concatenates the channels of inputs with the same height and width: in each pixel, all of
/// the first input's, then the second's, ….
///
/// # Panics
/// If lengths do not fit together.
pub fn concat(inputs: &[(&[f32], Extent)], output: &mut [f32]) {
    let total: usize = inputs.iter().map(|(_, extent)| extent.channels).sum();
    assert_eq!(inputs.iter().map(|(data, _)| data.len()).sum::<usize>(), output.len());
    let mut offset = 0;
    for (data, extent) in inputs {
        assert_eq!(data.len(), extent.len());
        for (target, pixel) in output.chunks_exact_mut(total).zip(data.chunks_exact(extent.channels)) {
            target[offset..offset + extent.channels].copy_from_slice(pixel);
        }
        offset += extent.channels;
    }
}

/// Rearranges channels to pixels: the channels of every pixel, in `factor` times `factor` groups, become a square of as
/// many pixels, row by row. Writes these rows of the result.
///
/// # Panics
/// If lengths and extents do not fit together, or rows of the input are missing.
pub fn depth_to_space(threads: &Threads, factor: usize, input: (Strip<'_>, Extent), rows: Range<usize>, output: &mut [f32]) {
    let (strip, from) = input;
    assert!(factor > 0 && from.channels.is_multiple_of(factor * factor), "channels for whole squares");
    // Floats that a pixel contributes to a row of the result.
    let run = from.channels / factor;
    let row_len = from.width * run;
    assert_eq!(output.len(), rows.len() * row_len);
    if output.is_empty() {
        return;
    }
    threads.for_each_chunk(output, row_len, |i, target| {
        let (y, phase) = ((rows.start + i) / factor, (rows.start + i) % factor);
        let source = &strip.data[(y - strip.first) * from.width * from.channels..][..from.width * from.channels];
        for (target, pixel) in target.chunks_exact_mut(run).zip(source.chunks_exact(from.channels)) {
            target.copy_from_slice(&pixel[phase * run..][..run]);
        }
    });
}
