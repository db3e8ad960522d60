//! The gradient with respect to a convolution's kernel.

use crate::conv::Spec;
use crate::conv::layout::Blocks;
use crate::conv::matrix::{even_runs, max_rows};
use crate::isa::Isa;
use crate::simd::{Simd, SimdOp};
use crate::stage::{PatchPlace, Source, Stager};
use crate::threads::Threads;
use crate::view::{Extent, Region, SharedOutput};

/// Floats of input and gradient in a block of [`weight_gradient`]. They stay in the cache while they
/// are read once for each part of the kernel.
const BLOCK_FLOATS: usize = 64 * 1024;
/// At most this many blocks, because each has partial sums for the whole kernel.
const MAX_BLOCKS: usize = 32;

/// Returns the gradient with respect to a convolution's kernel, `[kh, kw, in, out]`, from
/// the gradient with respect to its output.
///
/// `source` and `padding` are those of the convolution ([`crate::conv::Conv::run`]). Blocks are summed separately, and
/// their sums are added in order, so the bytes do not depend on the number of threads. The relative error grows with
/// the square root of the number of pixels, and is about 10⁻⁶ for 256².
///
/// # Panics
/// If the convolution is depthwise, or extents and lengths do not fit together.
pub fn weight_gradient(
    threads: &Threads,
    isa: Isa,
    spec: &Spec,
    source: Source<'_>,
    padding: [usize; 2],
    (gradient, extent): (&[f32], Extent),
) -> Vec<f32> {
    assert!(!spec.depthwise, "gradients of depthwise convolutions are not supported");
    let Spec { in_channels, out_channels, kernel: [kh, kw], stride, border, upsample, .. } = *spec;
    assert_eq!(gradient.len(), extent.len());
    assert!(source.extent.channels == in_channels && extent.channels == out_channels);
    let source = Source { upsample, ..source };
    let lanes = isa.lanes();
    let padded_out = out_channels.div_ceil(lanes) * lanes;
    let columns = (extent.width - 1) * stride + kw;
    let row_floats = stride * columns * in_channels + extent.width * padded_out;
    let rows = (BLOCK_FLOATS / row_floats).max(extent.height.div_ceil(MAX_BLOCKS)).max(1);
    let blocks = Blocks::even(extent, rows, extent.width, [1, 1]);
    let patch_len = (((blocks.block_height - 1) * stride + kh) * columns * in_channels).next_multiple_of(16);
    let scratch_len = patch_len + blocks.block_height * extent.width * padded_out;
    let kernel_len = kh * kw * in_channels * padded_out;
    let mut partials = vec![0.0; blocks.count() * kernel_len];
    let shared = SharedOutput::new(&mut partials, Extent { height: blocks.count(), width: kernel_len, channels: 1 });
    let stager = Stager::new(source, border, padding, in_channels, None);
    threads.for_each_block(blocks.count(), scratch_len, |block, scratch| {
        // SAFETY: this row of the partials belongs to the block alone.
        let sums = unsafe { std::slice::from_raw_parts_mut(shared.pixel(block, 0), kernel_len) };
        let region = blocks.region(block);
        isa.run(Block { spec, stager: &stager, columns, gradient, extent, region, padded_out, patch_len, scratch, sums });
    });
    let mut totals = vec![0.0f32; kernel_len];
    for partial in partials.chunks_exact(kernel_len) {
        totals.iter_mut().zip(partial).for_each(|(t, p)| *t += p);
    }
    if padded_out == out_channels {
        return totals;
    }
    totals.chunks_exact(padded_out).flat_map(|row| &row[..out_channels]).copied().collect()
}

/// One block of [`weight_gradient`]: some rows of the output.
struct Block<'a> {
    spec: &'a Spec,
    stager: &'a Stager<'a>,
    /// Columns of the padded input.
    columns: usize,
    gradient: &'a [f32],
    extent: Extent,
    region: Region,
    /// Output channels, rounded up to whole registers.
    padded_out: usize,
    patch_len: usize,
    scratch: &'a mut [f32],
    sums: &'a mut [f32],
}

impl SimdOp for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        let Block { spec, columns, extent, region, padded_out, .. } = self;
        let Spec { in_channels, out_channels, kernel: [kh, kw], stride, .. } = *spec;
        let (patch, gradient) = self.scratch.split_at_mut(self.patch_len);
        let rows = region.rows.len();
        let place = PatchPlace { y: region.rows.start * stride, x: 0, rows: (rows - 1) * stride + kh, columns };
        self.stager.stage(simd, place, &region, patch);
        let from = &self.gradient[region.rows.start * extent.width * out_channels..];
        for (target, pixel) in
            gradient[..rows * extent.width * padded_out].chunks_exact_mut(padded_out).zip(from.chunks_exact(out_channels))
        {
            target[..out_channels].copy_from_slice(pixel);
            target[out_channels..].fill(0.0);
        }
        let (row, step) = (columns * in_channels, stride * in_channels);
        let registers = padded_out / S::LANES;
        for ky in 0..kh {
            for first in (0..registers).step_by(2) {
                let count = (registers - first).min(2);
                for (m, height) in even_runs(kw * in_channels, max_rows::<S>(count)) {
                    let outer = Outer {
                        a: patch[ky * row + m..].as_ptr(),
                        a_row: stride * row,
                        a_step: step,
                        b: gradient[first * S::LANES..].as_ptr(),
                        b_step: padded_out,
                        rows,
                        columns: extent.width,
                        c: self.sums[(ky * kw * in_channels + m) * padded_out + first * S::LANES..].as_mut_ptr(),
                    };
                    // SAFETY: A's last element is that of the patch's last row that `ky` reaches, at
                    // `(width - 1) * step + kw * in_channels - 1`, which is inside the row; B has `rows * columns`
                    // pixels; the sums have `height` rows from `c` on.
                    unsafe { outer.add::<S>(simd, count, height) };
                }
            }
        }
    }
}

/// A sum of outer products: for every pixel, some neighboring floats of the input
/// times one or two registers of the gradient.
#[derive(Clone, Copy)]
struct Outer {
    a: *const f32,
    a_row: usize,
    a_step: usize,
    b: *const f32,
    b_step: usize,
    rows: usize,
    columns: usize,
    c: *mut f32,
}

/// [`Outer`] for `M` floats and `N` registers. Each combination is a separate
/// function ([`crate::conv::matrix`] says why).
struct OuterOf<const M: usize, const N: usize>(Outer);

impl<const M: usize, const N: usize> SimdOp for OuterOf<M, N> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        let Outer { a, a_row, a_step, b, b_step, rows, columns, c } = self.0;
        // SAFETY: the contract of `Outer::add`, which alone creates this.
        unsafe {
            let mut sums = [[simd.splat(0.0); N]; M];
            for y in 0..rows {
                let mut a = a.add(y * a_row);
                let mut b = b.add(y * columns * b_step);
                for _ in 0..columns {
                    let mut pixel = [simd.splat(0.0); N];
                    for (n, pixel) in pixel.iter_mut().enumerate() {
                        *pixel = simd.load(b.add(n * S::LANES));
                    }
                    for (m, sums) in sums.iter_mut().enumerate() {
                        let x = simd.splat(*a.add(m));
                        for (sum, pixel) in sums.iter_mut().zip(pixel) {
                            *sum = simd.mul_add(x, pixel, *sum);
                        }
                    }
                    a = a.wrapping_add(a_step);
                    b = b.wrapping_add(b_step);
                }
            }
            for (m, sums) in sums.iter().enumerate() {
                for (n, &sum) in sums.iter().enumerate() {
                    simd.store(c.add(m * b_step + n * S::LANES), sum);
                }
            }
        }
    }
}

impl Outer {
    /// Writes `height` rows of `registers` registers.
    ///
    /// # Safety
    /// For `y < rows`, `x < columns`: `a + y * a_row + x * a_step` is readable for `height` floats,
    /// `b + (y * columns + x) * b_step` for `registers` registers; `c + m * b_step` is writable for as many, for
    /// `m < height`. `height` is at most [`max_rows`].
    #[inline(always)]
    unsafe fn add<S: Simd>(self, simd: S, registers: usize, height: usize) {
        if registers == 1 { self.add_of::<S, 1>(simd, height) } else { self.add_of::<S, 2>(simd, height) }
    }

    #[inline(always)]
    fn add_of<S: Simd, const N: usize>(self, simd: S, height: usize) {
        match height {
            1 => simd.call(OuterOf::<1, N>(self)),
            2 => simd.call(OuterOf::<2, N>(self)),
            3 => simd.call(OuterOf::<3, N>(self)),
            4 => simd.call(OuterOf::<4, N>(self)),
            5 => simd.call(OuterOf::<5, N>(self)),
            6 => simd.call(OuterOf::<6, N>(self)),
            7 => simd.call(OuterOf::<7, N>(self)),
            8 => simd.call(OuterOf::<8, N>(self)),
            9 => simd.call(OuterOf::<9, N>(self)),
            10 => simd.call(OuterOf::<10, N>(self)),
            11 => simd.call(OuterOf::<11, N>(self)),
            _ => simd.call(OuterOf::<12, N>(self)),
        }
    }
}
