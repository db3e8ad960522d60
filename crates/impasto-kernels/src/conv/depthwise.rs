//! Depthwise convolution: each channel is filtered alone.

use super::layout::Blocks;
use super::{BlockKernel, Run, Spec, stage_block};
use crate::simd::Simd;
use crate::view::{Extent, Region};

/// Neighboring output pixels that share each load of a weight.
const PIXELS: usize = 6;
/// Floats of a staged patch: about half a first-level cache for 3×3 kernels, more for wide ones.
const PATCH_FLOATS: usize = 24 * 1024;

/// Depthwise convolution. Channels are padded with zeros to whole registers.
pub(crate) struct Depthwise {
    spec: Spec,
    /// Channels, rounded up to a multiple of the register's lanes.
    pixel: usize,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Depthwise {
    pub(crate) fn new(spec: Spec, weights: &[f32], bias: Option<&[f32]>, lanes: usize) -> Self {
        let channels = spec.in_channels;
        assert_eq!(channels, spec.out_channels, "a depthwise convolution keeps the number of channels");
        let pixel = channels.next_multiple_of(lanes);
        let pad = |values: &[f32]| -> Vec<f32> {
            values
                .chunks_exact(channels)
                .flat_map(|row| row.iter().copied().chain(std::iter::repeat_n(0.0, pixel - channels)))
                .collect()
        };
        let bias = bias.map_or_else(|| vec![0.0; pixel], pad);
        Depthwise { spec, pixel, weights: pad(weights), bias }
    }

    fn patch_size(&self, height: usize, width: usize) -> [usize; 2] {
        let ([kh, kw], stride) = (self.spec.kernel, self.spec.stride);
        [(height - 1) * stride + kh, (width.next_multiple_of(PIXELS) - 1) * stride + kw]
    }
}

impl BlockKernel for Depthwise {
    fn blocks(&self, output: Extent) -> Blocks {
        let fits = |height: usize, width: usize| {
            let [rows, columns] = self.patch_size(height, width);
            rows * columns * self.pixel <= PATCH_FLOATS
        };
        let sizes = [(32, 96), (16, 48), (8, 48), (8, 24), (4, 24), (4, 12)];
        let (height, width) = sizes.into_iter().find(|&(h, w)| fits(h, w)).unwrap_or((2, 6));
        Blocks::even(output, height, width, [1, 1])
    }

    fn scratch_len(&self, blocks: &Blocks) -> usize {
        let [rows, columns] = self.patch_size(blocks.block_height, blocks.block_width);
        (rows * columns + PIXELS) * self.pixel
    }

    fn weights_len(&self) -> usize {
        self.weights.len()
    }

    fn staged_pixel(&self) -> usize {
        self.pixel
    }

    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, run: &Run<'_>, region: &Region, scratch: &mut [f32]) {
        let ([kh, kw], stride, pixel) = (self.spec.kernel, self.spec.stride, self.pixel);
        let channels = self.spec.out_channels;
        let size = self.patch_size(region.rows.len(), region.columns.len());
        let (patch, spare) = scratch.split_at_mut(size[0] * size[1] * pixel);
        stage_block(simd, run, &self.spec, region, size, patch);
        let (low, high) = (simd.splat(run.low), simd.splat(run.high));
        assert!(spare.len() >= PIXELS * S::LANES);
        for (row, y) in region.rows.clone().enumerate() {
            for start in (0..region.columns.len()).step_by(PIXELS) {
                let pixels = (region.columns.len() - start).min(PIXELS);
                // SAFETY: the block owns these pixels of the output.
                let target = unsafe { run.output.pixel(y, region.columns.start + start) };
                for c in (0..pixel).step_by(S::LANES) {
                    // SAFETY: windows of `PIXELS` pixels from `start` on are in the patch, whose width was rounded up
                    // for that; weights and bias have `pixel` floats per row.
                    let sums = unsafe {
                        let mut sums = [simd.load(self.bias.as_ptr().add(c)); PIXELS];
                        for ky in 0..kh {
                            let line = patch.as_ptr().add(((row * stride + ky) * size[1] + start * stride) * pixel + c);
                            for kx in 0..kw {
                                let weight = simd.load(self.weights.as_ptr().add((ky * kw + kx) * pixel + c));
                                for (i, sum) in sums.iter_mut().enumerate() {
                                    *sum = simd.mul_add(simd.load(line.add((i * stride + kx) * pixel)), weight, *sum);
                                }
                            }
                        }
                        for sum in &mut sums {
                            *sum = simd.min(simd.max(*sum, low), high);
                        }
                        sums
                    };
                    let lanes = (channels - c).min(S::LANES);
                    for (i, &sum) in sums.iter().enumerate().take(pixels) {
                        // SAFETY: `lanes` channels from `c` on belong to a pixel that the block
                        // owns; `spare` holds a register.
                        unsafe {
                            let at = target.add(i * channels + c);
                            if lanes == S::LANES {
                                simd.store(at, sum);
                            } else {
                                simd.store(spare.as_mut_ptr(), sum);
                                std::ptr::copy_nonoverlapping(spare.as_ptr(), at, lanes);
                            }
                        }
                    }
                }
            }
        }
    }
}
