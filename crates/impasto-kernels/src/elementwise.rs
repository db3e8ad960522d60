//! Element-wise operations that no convolution fuses: the network's last one, and values that several layers read.

use std::ops::Range;

use crate::isa::Isa;
use crate::simd::{Simd, SimdOp};
use crate::stage::{Affine, Border, Source, Stager};
use crate::threads::Threads;
use crate::view::{Extent, SharedOutput};

/// Floats in one block of work.
const BLOCK_FLOATS: usize = 64 * 1024;

/// What a network's last step does to its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Last {
    /// Nothing.
    Nothing,
    /// `1 / (1 + exp(-x))`. The absolute error is below 2·10⁻⁷.
    Sigmoid,
    /// `0.5 + 150/255 · tanh(x)`, clamped to 0..1. The absolute error is below 10⁻⁶.
    Tanh,
    /// Clamped to 0..1.
    Clip,
}

/// Writes some rows of a source to `output`, through the last step of a network. Pending arithmetic is
/// applied; up-sampling is not supported here.
///
/// # Panics
/// If `output` has another length than the rows, the source lacks some of them, or it is up-sampled.
pub fn finish(threads: &Threads, isa: Isa, source: Source<'_>, last: Last, rows: Range<usize>, output: &mut [f32]) {
    assert_eq!(source.upsample, 1, "an element-wise step does not enlarge");
    let Extent { width, channels, .. } = source.extent;
    let stager = Stager::new(source, Border::Zero, [0, 0], channels, None);
    let output = SharedOutput::rows(output, source.extent, rows.clone());
    let height = (BLOCK_FLOATS / (width * channels)).max(1);
    threads.for_each_block(rows.len().div_ceil(height), 0, |block, _| {
        let first = rows.start + block * height;
        let len = height.min(rows.end - first) * width * channels;
        // SAFETY: whole rows from `first` on, which belong to no other block.
        let target = unsafe { std::slice::from_raw_parts_mut(output.pixel(first, 0), len) };
        isa.run(FinishRows { stager: &stager, start: first * width, last, target });
    });
}

/// Turns the gradient with respect to `max(x, 0)` into the gradient with respect to `x`, in
/// place: 0 where `output` is not positive.
///
/// # Panics
/// If lengths differ.
pub fn rectify_gradient(threads: &Threads, output: &[f32], gradient: &mut [f32]) {
    assert_eq!(output.len(), gradient.len());
    threads.for_each_chunk(gradient, BLOCK_FLOATS, |i, gradient| {
        for (gradient, &output) in gradient.iter_mut().zip(&output[i * BLOCK_FLOATS..]) {
            *gradient = if output > 0.0 { *gradient } else { 0.0 };
        }
    });
}

/// Normalizes pixels in place, each with its own mixture of several affine maps:
/// `x · Σ share · scale + Σ share · shift`, by channel.
///
/// `shares` has a number for each map, pixel after pixel. With one map and shares of 1, the
/// result equals that of [`finish`] to the bit.
///
/// # Panics
/// If the maps differ in their number of channels, or `shares` and `pixels` in their number of pixels.
pub fn blend(threads: &Threads, isa: Isa, maps: &[Affine<'_>], shares: &[f32], pixels: &mut [f32]) {
    let channels = maps[0].scale.len();
    assert!(maps.iter().all(|map| map.scale.len() == channels && map.shift.len() == channels), "maps of unlike channels");
    let count = pixels.len() / channels;
    assert_eq!([pixels.len(), shares.len()], [count * channels, count * maps.len()], "shares of other pixels");
    let block = (BLOCK_FLOATS / channels).max(1);
    let extent = Extent { height: 1, width: count, channels };
    let output = SharedOutput::new(pixels, extent);
    threads.for_each_block(count.div_ceil(block), 0, |i, _| {
        let first = i * block;
        let own = block.min(count - first);
        // SAFETY: these pixels belong to no other block.
        let pixels = unsafe { std::slice::from_raw_parts_mut(output.pixel(0, first), own * channels) };
        isa.run(BlendPixels { maps, shares: &shares[first * maps.len()..][..own * maps.len()], pixels });
    });
}

struct BlendPixels<'a> {
    maps: &'a [Affine<'a>],
    shares: &'a [f32],
    pixels: &'a mut [f32],
}

impl SimdOp for BlendPixels<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        let channels = self.maps[0].scale.len();
        let whole = channels / S::LANES * S::LANES;
        for (pixel, shares) in self.pixels.chunks_exact_mut(channels).zip(self.shares.chunks_exact(self.maps.len())) {
            for c in (0..whole).step_by(S::LANES) {
                let (mut scale, mut shift) = (simd.splat(0.0), simd.splat(0.0));
                for (map, &share) in self.maps.iter().zip(shares) {
                    let share = simd.splat(share);
                    // SAFETY: every map has `channels` numbers, and at least LANES of them follow from `c` on.
                    unsafe {
                        scale = simd.mul_add(share, simd.load(map.scale.as_ptr().add(c)), scale);
                        shift = simd.mul_add(share, simd.load(map.shift.as_ptr().add(c)), shift);
                    }
                }
                // SAFETY: the pixel has `channels` numbers, and at least LANES of them follow from `c` on.
                unsafe {
                    let at = pixel.as_mut_ptr().add(c);
                    simd.store(at, simd.mul_add(simd.load(at), scale, shift));
                }
            }
            for (c, x) in pixel.iter_mut().enumerate().skip(whole) {
                let (mut scale, mut shift) = (0.0, 0.0);
                for (map, &share) in self.maps.iter().zip(shares) {
                    scale = mul_add::<S>(share, map.scale[c], scale);
                    shift = mul_add::<S>(share, map.shift[c], shift);
                }
                *x = mul_add::<S>(*x, scale, shift);
            }
        }
    }
}

/// [`Simd::mul_add`] on one float.
#[inline(always)]
fn mul_add<S: Simd>(a: f32, b: f32, c: f32) -> f32 {
    if S::FUSED { a.mul_add(b, c) } else { a * b + c }
}

struct FinishRows<'a> {
    stager: &'a Stager<'a>,
    /// Index of the first pixel.
    start: usize,
    last: Last,
    target: &'a mut [f32],
}

impl SimdOp for FinishRows<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        self.stager.run(simd, self.start, self.target);
        if self.last == Last::Nothing {
            return;
        }
        let (chunks, rest) = self.target.split_at_mut(self.target.len() / S::LANES * S::LANES);
        for chunk in chunks.chunks_exact_mut(S::LANES) {
            // SAFETY: a chunk is a register's floats.
            unsafe { simd.store(chunk.as_mut_ptr(), self.last.of(simd, simd.load(chunk.as_ptr()))) };
        }
        for x in rest {
            // The same arithmetic as in the registers, so that a value does not depend on its place.
            let mut lanes = [0.0; 16];
            // SAFETY: `lanes` holds the largest register.
            unsafe { simd.store(lanes.as_mut_ptr(), self.last.of(simd, simd.splat(*x))) };
            *x = lanes[0];
        }
    }
}

impl Last {
    #[inline(always)]
    fn of<S: Simd>(self, simd: S, x: S::V) -> S::V {
        let limited = |x: S::V| simd.min(simd.max(x, simd.splat(0.0)), simd.splat(1.0));
        match self {
            Last::Nothing => x,
            Last::Sigmoid => sigmoid(simd, x),
            Last::Clip => limited(x),
            // tanh(x) = 2 · sigmoid(2x) - 1.
            Last::Tanh => {
                let gain = 150.0 / 255.0;
                limited(simd.mul_add(sigmoid(simd, simd.add(x, x)), simd.splat(2.0 * gain), simd.splat(0.5 - gain)))
            }
        }
    }
}

/// `1 / (1 + exp(-x))`.
#[inline(always)]
fn sigmoid<S: Simd>(simd: S, x: S::V) -> S::V {
    let one = simd.splat(1.0);
    // exp(-x) = 2^n · exp(r), with n whole and |r| ≤ ln 2 / 2. Beyond ±87, the result is 0 or 1 to float precision.
    let t = simd.max(simd.min(simd.sub(simd.splat(0.0), x), simd.splat(87.0)), simd.splat(-87.0));
    // Adding 1.5·2^23 rounds to a whole number in the last bits.
    let magic = simd.splat(12_582_912.0);
    let n = simd.sub(simd.mul_add(t, simd.splat(std::f32::consts::LOG2_E), magic), magic);
    // ln 2 in two parts. The first has enough trailing zeros that its product with n is exact (Cody & Waite).
    let r = simd.mul_add(n, simd.splat(-0.693_359_4), t);
    let r = simd.mul_add(n, simd.splat(2.121_944_4e-4), r);
    // Taylor's polynomial. The first omitted term is |r|^7/5040 < 1.2·10⁻⁷.
    let mut p = simd.splat(1.0 / 720.0);
    for c in [1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = simd.mul_add(p, r, simd.splat(c));
    }
    simd.div(one, simd.mul_add(p, simd.pow2(n), one))
}
