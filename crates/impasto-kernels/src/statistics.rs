//! Mean and variance by channel over a whole picture, merged from its blocks.

use crate::isa::Isa;
use crate::simd::{Simd, SimdOp};
use crate::stage::period;
use crate::view::{Extent, Region, SharedOutput};

/// Mean and biased variance of each channel over height and width.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// One mean per channel.
    pub mean: Vec<f32>,
    /// One variance per channel, divided by the number of pixels.
    pub variance: Vec<f32>,
}

/// The result of each block: three rows of channels (a pivot, sums of differences from it, sums of their squares).
///
/// The sums are of differences from a pixel of the block, not of the values themselves. Otherwise the variance of a
/// flat picture would be a tiny difference of large squares.
pub(crate) struct Partials {
    data: Vec<f32>,
    counts: Vec<usize>,
    channels: usize,
}

impl Partials {
    /// Creates the partials for blocks of these numbers of pixels.
    pub(crate) fn new(counts: Vec<usize>, channels: usize) -> Self {
        Partials { data: vec![0.0; counts.len() * 3 * channels], counts, channels }
    }

    /// Returns the partials as an output that threads write, with one "row" per block.
    pub(crate) fn shared(&mut self) -> SharedOutput<'_> {
        let extent = Extent { height: self.counts.len(), width: 3, channels: self.channels };
        SharedOutput::new(&mut self.data, extent)
    }

    /// Merges the blocks' results in their order (Chan, Golub & LeVeque 1979), in float64.
    pub(crate) fn merge(&self) -> Statistics {
        let channels = self.channels;
        let mut count = 0.0f64;
        let (mut mean, mut square) = (vec![0.0f64; channels], vec![0.0f64; channels]);
        for (block, &n) in self.data.chunks_exact(3 * channels).zip(&self.counts) {
            let (pivot, rest) = block.split_at(channels);
            let (sums, squares) = rest.split_at(channels);
            let n = n as f64;
            for c in 0..channels {
                let offset = f64::from(sums[c]) / n;
                let block_square = (f64::from(squares[c]) - n * offset * offset).max(0.0);
                let delta = f64::from(pivot[c]) + offset - mean[c];
                mean[c] += delta * n / (count + n);
                square[c] += block_square + delta * delta * count * n / (count + n);
            }
            count += n;
        }
        Statistics {
            mean: mean.iter().map(|&m| m as f32).collect(),
            variance: square.iter().map(|&s| (s / count) as f32).collect(),
        }
    }
}

/// Returns how many floats of scratch memory [`share`] needs.
pub(crate) fn scratch_len(channels: usize) -> usize {
    3 * period(channels, 16)
}

/// Computes a block's part: the statistics of `region` of a finished output, as row `block` of the partials.
///
/// # Safety
/// No other thread writes `region` of `output`, or that row of the partials, at the same time.
pub(crate) unsafe fn share(
    isa: Isa,
    output: &SharedOutput<'_>,
    region: &Region,
    (partials, block): (&SharedOutput<'_>, usize),
    scratch: &mut [f32],
) {
    isa.run(Share { output, region, partials, block, scratch });
}

/// [`share`] as an operation, with its contract.
struct Share<'a> {
    output: &'a SharedOutput<'a>,
    region: &'a Region,
    partials: &'a SharedOutput<'a>,
    block: usize,
    scratch: &'a mut [f32],
}

impl SimdOp for Share<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        let Share { output, region, partials, block, scratch } = self;
        let channels = output.extent.channels;
        let row_len = region.columns.len() * channels;
        let period = period(channels, S::LANES);
        let (pivot, rest) = scratch.split_at_mut(period);
        let (sums, rest) = rest.split_at_mut(period);
        let squares = &mut rest[..period];
        // SAFETY: the region is inside the output and belongs to this thread alone.
        let row = |y: usize| unsafe { std::slice::from_raw_parts(output.pixel(y, region.columns.start), row_len) };
        let first = row(region.rows.start);
        for (i, p) in pivot.iter_mut().enumerate() {
            *p = first[i % channels];
        }
        let whole = row_len / S::LANES * S::LANES;
        for k in (0..period).step_by(S::LANES) {
            // SAFETY: `k + LANES <= period`, the length of the three arrays; `i + LANES <= whole <= row_len`.
            unsafe {
                let p = simd.load(pivot.as_ptr().add(k));
                // Two accumulators of each kind hide the latency of the additions.
                let zero = simd.splat(0.0);
                let (mut sum, mut square) = ([zero; 2], [zero; 2]);
                for y in region.rows.clone() {
                    let values = row(y).as_ptr();
                    let mut i = k;
                    while i + period + S::LANES <= whole {
                        for (j, (sum, square)) in sum.iter_mut().zip(&mut square).enumerate() {
                            let d = simd.sub(simd.load(values.add(i + j * period)), p);
                            *sum = simd.add(*sum, d);
                            *square = simd.mul_add(d, d, *square);
                        }
                        i += 2 * period;
                    }
                    if i + S::LANES <= whole {
                        let d = simd.sub(simd.load(values.add(i)), p);
                        sum[0] = simd.add(sum[0], d);
                        square[0] = simd.mul_add(d, d, square[0]);
                    }
                }
                simd.store(sums.as_mut_ptr().add(k), simd.add(sum[0], sum[1]));
                simd.store(squares.as_mut_ptr().add(k), simd.add(square[0], square[1]));
            }
        }
        for y in region.rows.clone() {
            for (i, &x) in row(y).iter().enumerate().skip(whole) {
                let d = x - pivot[i % channels];
                sums[i % channels] += d;
                squares[i % channels] += d * d;
            }
        }
        // SAFETY: row `block` of the partials belongs to this thread alone and holds three times `channels` floats.
        let target = unsafe { std::slice::from_raw_parts_mut(partials.pixel(block, 0), 3 * channels) };
        target.fill(0.0);
        target[..channels].copy_from_slice(&pivot[..channels]);
        for i in 0..period {
            target[channels + i % channels] += sums[i];
            target[2 * channels + i % channels] += squares[i];
        }
    }
}
