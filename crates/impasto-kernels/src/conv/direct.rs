//! Convolution as a matrix product whose rows are windows of the staged patch, read in place.

use super::layout::Blocks;
use super::matrix::{Finish, Multiply, Panels, Rows};
use super::{BlockKernel, Run, Spec, stage_block};
use crate::simd::Simd;
use crate::simd::portable::Portable;
use crate::view::{Extent, Region};

/// Floats of a staged patch. This leaves room in a second-level cache of 512 KiB for weights and results.
const PATCH_FLOATS: usize = 96 * 1024;

/// Returns a block shape whose patch is near [`PATCH_FLOATS`]. It is wide, so that runs are long, and high enough that
/// few rows are staged by two neighboring blocks.
pub(crate) fn block_size(spec: &Spec, pixel: usize) -> [usize; 2] {
    let [kh, kw] = spec.kernel;
    let fits = |height: usize, width: usize| {
        ((height - 1) * spec.stride + kh) * ((width - 1) * spec.stride + kw) * pixel <= PATCH_FLOATS
    };
    let width = [96, 48, 24, 12].into_iter().find(|&width| fits(kh.max(4), width)).unwrap_or(12);
    let height = [32, 16, 8, 4, 2].into_iter().find(|&height| fits(height, width)).unwrap_or(1);
    [height, width]
}

/// A convolution with one or more output pixels per matrix row.
pub(crate) struct Direct {
    spec: Spec,
    /// Neighboring output pixels that one matrix row computes.
    pixels: usize,
    panels: Panels,
    bias: Vec<f32>,
}

/// Returns the weight between place `k` of row `row` of a window and output `n` of a matrix row that
/// computes several neighboring pixels. The window is wide enough for all of these pixels. Each pixel has
/// zeros for the columns outside its own window.
pub(crate) fn window_weight(spec: &Spec, weights: &[f32], row: usize, k: usize, n: usize) -> f32 {
    let ([_, kw], inputs, outputs) = (spec.kernel, spec.in_channels, spec.out_channels);
    match (k / inputs).checked_sub(n / outputs * spec.stride) {
        Some(column) if column < kw => weights[((row * kw + column) * inputs + k % inputs) * outputs + n % outputs],
        _ => 0.0,
    }
}

/// Returns the bias of such a matrix row, padded with zeros.
pub(crate) fn window_bias(spec: &Spec, bias: Option<&[f32]>, pixels: usize, width: usize) -> Vec<f32> {
    let outputs = spec.out_channels;
    (0..width).map(|n| bias.filter(|_| n < pixels * outputs).map_or(0.0, |b| b[n % outputs])).collect()
}

/// Returns the weight between input `k` of row `row` and place `n` of a matrix row of
/// [`Spread`]. A place is a column and an output.
pub(crate) fn spread_weight(spec: &Spec, weights: &[f32], row: usize, k: usize, n: usize) -> f32 {
    let ([_, kw], inputs, outputs) = (spec.kernel, spec.in_channels, spec.out_channels);
    weights[((row * kw + n / outputs) * inputs + k) * outputs + n % outputs]
}

impl Direct {
    pub(crate) fn new(spec: Spec, weights: &[f32], bias: Option<&[f32]>, lanes: usize, pixels: usize) -> Self {
        let ([kh, kw], inputs, outputs) = (spec.kernel, spec.in_channels, spec.out_channels);
        let window = (kw + (pixels - 1) * spec.stride) * inputs;
        let panels =
            Panels::pack(kh * window, pixels * outputs, lanes, |k, n| window_weight(&spec, weights, k / window, k % window, n));
        let bias = window_bias(&spec, bias, pixels, panels.padded_width());
        Direct { spec, pixels, panels, bias }
    }

    fn patch_size(&self, height: usize, width: usize) -> [usize; 2] {
        let ([kh, kw], stride) = (self.spec.kernel, self.spec.stride);
        let width = width.div_ceil(self.pixels) * self.pixels;
        [(height - 1) * stride + kh, (width - 1) * stride + kw]
    }
}

impl BlockKernel for Direct {
    fn blocks(&self, output: Extent) -> Blocks {
        let [height, width] = block_size(&self.spec, self.spec.in_channels);
        Blocks::even(output, height, width.next_multiple_of(self.pixels), [1, self.pixels])
    }

    fn scratch_len(&self, blocks: &Blocks) -> usize {
        let [rows, columns] = self.patch_size(blocks.block_height, blocks.block_width);
        // In addition to the patch, there is room for the results of one row and panel.
        rows * columns * self.spec.in_channels + blocks.block_width.div_ceil(self.pixels) * self.panels.panel_width()
    }

    fn weights_len(&self) -> usize {
        self.panels.len()
    }

    fn staged_pixel(&self) -> usize {
        self.spec.in_channels
    }

    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, run: &Run<'_>, region: &Region, scratch: &mut [f32]) {
        let (inputs, outputs, stride) = (self.spec.in_channels, self.spec.out_channels, self.spec.stride);
        let size = self.patch_size(region.rows.len(), region.columns.len());
        let (patch, spare) = scratch.split_at_mut(size[0] * size[1] * inputs);
        stage_block(simd, run, &self.spec, region, size, patch);
        let patch_row = size[1] * inputs;
        let [kh, kw] = self.spec.kernel;
        let rows = Rows {
            row: self.pixels * stride * inputs,
            segments: kh,
            segment: patch_row,
            len: (kw + (self.pixels - 1) * stride) * inputs,
        };
        let rows = rows.cut();
        let groups = region.columns.len().div_ceil(self.pixels);
        // Whole groups of pixels are written straight to the output. The rest of a row, and panels that are wider than
        // the output, take a detour through `spare`.
        let whole = region.columns.len() / self.pixels;
        for (first, registers) in self.panels.list() {
            let panel = self.panels.panel(first).as_ptr();
            let (from, width) = (first * S::LANES, registers * S::LANES);
            let finish = Some(Finish { bias: self.bias[from..from + width].as_ptr(), low: run.low, high: run.high });
            let fits = from + width <= self.pixels * outputs;
            let straight = if fits { whole } else { 0 };
            assert!(spare.len() >= groups * width);
            for (row, y) in region.rows.clone().enumerate() {
                let a = patch[row * stride * patch_row..].as_ptr();
                // SAFETY: the block owns these pixels of the output.
                let target = unsafe { run.output.pixel(y, region.columns.start) };
                // SAFETY: the windows of `groups` groups of pixels are in the patch; the panel and the bias are as wide
                // as packed; `straight` rows of `pixels * outputs` floats are in the block's row of the output, and the
                // panel ends inside them; `spare` holds the rest.
                unsafe {
                    let c_row = self.pixels * outputs;
                    if straight > 0 {
                        let product = Multiply { registers, rows, count: straight, a, b: panel, finish };
                        product.run(simd, target.add(from), c_row);
                    }
                    if straight < groups {
                        let product = Multiply {
                            registers,
                            rows,
                            count: groups - straight,
                            a: a.add(straight * rows.row),
                            b: panel,
                            finish,
                        };
                        product.run(simd, spare.as_mut_ptr(), width);
                    }
                    for group in straight..groups {
                        let pixels = (region.columns.len() - group * self.pixels).min(self.pixels);
                        let len = (pixels * outputs).saturating_sub(from).min(width);
                        let values = spare.as_ptr().add((group - straight) * width);
                        std::ptr::copy_nonoverlapping(values, target.add(group * c_row + from), len);
                    }
                }
            }
        }
    }
}

/// A convolution with up to four output channels. A matrix row holds the products of one input column with every kernel
/// column, and an output pixel is the sum along a diagonal of these rows. So all lanes of a register are used, where 3
/// channels alone would fill 3 lanes of 16.
pub(crate) struct Spread {
    spec: Spec,
    panels: Panels,
    bias: Vec<f32>,
}

impl Spread {
    /// The channels of an output pixel must fit in the smallest register.
    pub(crate) const MAX_OUTPUTS: usize = 4;

    pub(crate) fn new(spec: Spec, weights: &[f32], bias: Option<&[f32]>, lanes: usize) -> Self {
        let ([kh, kw], inputs, outputs) = (spec.kernel, spec.in_channels, spec.out_channels);
        let panels =
            Panels::pack(kh * inputs, kw * outputs, lanes, |k, n| spread_weight(&spec, weights, k / inputs, k % inputs, n));
        let bias = bias.map_or_else(|| vec![0.0; outputs], <[f32]>::to_vec);
        Spread { spec, panels, bias }
    }

    fn products_len(&self, columns: usize) -> usize {
        // The register of the last pixel extends past the end of its row.
        columns * self.panels.padded_width() + 16
    }
}

impl BlockKernel for Spread {
    fn blocks(&self, output: Extent) -> Blocks {
        let [height, width] = block_size(&self.spec, self.spec.in_channels);
        Blocks::even(output, height, width, [1, 1])
    }

    fn scratch_len(&self, blocks: &Blocks) -> usize {
        let [kh, kw] = self.spec.kernel;
        let columns = blocks.block_width + kw - 1;
        let result = blocks.block_width * self.spec.out_channels + 16;
        (blocks.block_height + kh - 1) * columns * self.spec.in_channels + self.products_len(columns) + result
    }

    fn weights_len(&self) -> usize {
        self.panels.len()
    }

    fn staged_pixel(&self) -> usize {
        self.spec.in_channels
    }

    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, run: &Run<'_>, region: &Region, scratch: &mut [f32]) {
        let ([kh, kw], inputs, outputs) = (self.spec.kernel, self.spec.in_channels, self.spec.out_channels);
        let columns = region.columns.len() + kw - 1;
        let size = [region.rows.len() + kh - 1, columns];
        let (patch, rest) = scratch.split_at_mut(size[0] * size[1] * inputs);
        let (products, result) = rest.split_at_mut(self.products_len(columns));
        stage_block(simd, run, &self.spec, region, size, patch);
        let width = self.panels.padded_width();
        // The last pixel reads lanes past the kernel's last column and drops them. They
        // must not be stale NaNs of another layer.
        products[columns * width..].fill(0.0);
        let rows = Rows { row: inputs, segments: kh, segment: columns * inputs, len: inputs };
        let row_len = region.columns.len() * outputs;
        assert!(result.len() >= row_len + 4 && products.len() >= columns * width + 4);
        let diagonals = Diagonals { kernel_width: kw, row: width, bias: &self.bias, low: run.low, high: run.high };
        for (row, y) in region.rows.clone().enumerate() {
            for (first, registers) in self.panels.list() {
                let panel = self.panels.panel(first).as_ptr();
                let a = patch[row * columns * inputs..].as_ptr();
                let c = products[first * S::LANES..].as_mut_ptr();
                // SAFETY: `columns` columns are in the patch for `kh` rows; C's rows are in `products`.
                unsafe { Multiply { registers, rows, count: columns, a, b: panel, finish: None }.run(simd, c, width) };
            }
            // SAFETY: sums start inside a row of `products`, which is followed by a register's floats of slack, and
            // `result` has room for a register past the row (asserted).
            unsafe { diagonals.sum(region.columns.len(), products, result) };
            // SAFETY: the block owns these pixels of the output.
            let target = unsafe { std::slice::from_raw_parts_mut(run.output.pixel(y, region.columns.start), row_len) };
            target.copy_from_slice(&result[..row_len]);
        }
    }
}

/// Sums along the diagonals of a row's products, which gives the row's pixels. Each sum takes a register of four
/// floats: an output pixel's channels, and idle lanes that the next pixel overwrites.
pub(crate) struct Diagonals<'a> {
    /// Columns of the kernel, with one product each.
    pub(crate) kernel_width: usize,
    /// Floats from one column's products to the next column's.
    pub(crate) row: usize,
    /// One float per output channel, at most [`Spread::MAX_OUTPUTS`].
    pub(crate) bias: &'a [f32],
    pub(crate) low: f32,
    pub(crate) high: f32,
}

impl Diagonals<'_> {
    /// Writes `width` pixels to `result`.
    ///
    /// # Safety
    /// `products` holds `width + kernel_width - 1` rows and 4 floats, `result` holds `width` pixels and 4 floats.
    #[inline(always)]
    pub(crate) unsafe fn sum(&self, width: usize, products: &[f32], result: &mut [f32]) {
        let quad = Portable;
        let outputs = self.bias.len();
        let mut bias = [0.0; 4];
        bias[..outputs].copy_from_slice(self.bias);
        let (low, high) = (quad.splat(self.low), quad.splat(self.high));
        for x in 0..width {
            let mut sum = bias;
            // SAFETY: the caller's contract.
            unsafe {
                let mut at = products.as_ptr().add(x * self.row);
                for _ in 0..self.kernel_width {
                    sum = quad.add(sum, quad.load(at));
                    at = at.wrapping_add(self.row + outputs);
                }
                quad.store(result.as_mut_ptr().add(x * outputs), quad.min(quad.max(sum, low), high));
            }
        }
    }
}
