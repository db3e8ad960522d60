//! Convolution with kernels of 6, 9, … rows: Winograd's F(3, 3) down the columns, matrix products along the rows.
//!
//! The kernel is cut into parts of three rows, and an output row is the sum over the parts. Each part reads input
//! rows three further down than the previous one. All parts use the transformed input of the same tiles of three
//! rows. So they form one long sum in the transformed domain, with 5 products per part for 3 rows instead of 9. A
//! 9×9 convolution needs 5/9 of its products.

use super::direct::{Diagonals, Spread, block_size, spread_weight, window_bias, window_weight};
use super::layout::Blocks;
use super::matrix::{Multiply, Panels, Rows};
use super::{BlockKernel, Run, Spec, stage_block};
use crate::simd::Simd;
use crate::view::{Extent, Region};

/// Output rows of a tile, and rows of a part of the kernel.
const ROWS: usize = 3;
/// Products for a tile and a part.
const POINTS: usize = 5;

/// The filter matrix of F(3, 3) at the points 0, 1, -1, 2, ∞, by the Toom-Cook construction.
const WEIGHTS: [[f64; ROWS]; POINTS] = [
    [1.0 / 2.0, 0.0, 0.0],
    [-1.0 / 2.0, -1.0 / 2.0, -1.0 / 2.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 6.0, 2.0 / 6.0, 4.0 / 6.0],
    [0.0, 0.0, 1.0],
];
/// The input matrix: point by row.
const INPUT: [[f32; POINTS]; POINTS] = [
    [2.0, -1.0, -2.0, 1.0, 0.0],
    [0.0, -2.0, -1.0, 1.0, 0.0],
    [0.0, 2.0, -3.0, 1.0, 0.0],
    [0.0, -1.0, 0.0, 1.0, 0.0],
    [0.0, 2.0, -1.0, -2.0, 1.0],
];
/// The output matrix: row by point.
const OUTPUT: [[f32; POINTS]; ROWS] = [[1.0, 1.0, 1.0, 1.0, 0.0], [0.0, 1.0, -1.0, 2.0, 0.0], [0.0, 1.0, 1.0, 4.0, 1.0]];

/// What a matrix row computes.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// This many neighboring output pixels, as in [`super::direct::Direct`].
    Pixels(usize),
    /// The products of one input column with every kernel column, as in [`Spread`].
    Spread,
}

pub(crate) struct Tall {
    spec: Spec,
    form: Form,
    /// One matrix for each point.
    panels: Vec<Panels>,
    bias: Vec<f32>,
}

impl Tall {
    /// Whether the kernel's rows form two or more whole parts.
    pub(crate) fn suits(spec: &Spec) -> bool {
        spec.stride == 1 && spec.kernel[0] > ROWS && spec.kernel[0].is_multiple_of(ROWS)
    }

    pub(crate) fn new(spec: Spec, weights: &[f32], bias: Option<&[f32]>, lanes: usize) -> Self {
        let ([kh, kw], inputs, outputs) = (spec.kernel, spec.in_channels, spec.out_channels);
        let form = if outputs <= Spread::MAX_OUTPUTS && kw > 1 { Form::Spread } else { Form::Pixels((lanes / outputs).max(1)) };
        let (depth, width) = match form {
            Form::Pixels(pixels) => ((kw + pixels - 1) * inputs, pixels * outputs),
            Form::Spread => (inputs, kw * outputs),
        };
        let weight = |row: usize, k: usize, n: usize| match form {
            Form::Pixels(_) => window_weight(&spec, weights, row, k, n),
            Form::Spread => spread_weight(&spec, weights, row, k, n),
        };
        let panels: Vec<Panels> = WEIGHTS
            .iter()
            .map(|point| {
                Panels::pack(kh / ROWS * depth, width, lanes, |k, n| {
                    let (part, k) = (k / depth, k % depth);
                    (0..ROWS).map(|row| point[row] * f64::from(weight(part * ROWS + row, k, n))).sum::<f64>() as f32
                })
            })
            .collect();
        let bias = match form {
            Form::Pixels(pixels) => window_bias(&spec, bias, pixels, panels[0].padded_width()),
            Form::Spread => bias.map_or_else(|| vec![0.0; outputs], <[f32]>::to_vec),
        };
        Tall { spec, form, panels, bias }
    }

    /// Returns the number of matrix rows for an output row of this many pixels.
    fn matrix_rows(&self, width: usize) -> usize {
        match self.form {
            Form::Pixels(pixels) => width.div_ceil(pixels),
            Form::Spread => width + self.spec.kernel[1] - 1,
        }
    }

    /// Returns the sizes of a block's scratch memory, for an output of this height and width.
    fn sizes(&self, height: usize, width: usize) -> Sizes {
        let [kh, kw] = self.spec.kernel;
        let tiles = height.div_ceil(ROWS);
        let columns = match self.form {
            Form::Pixels(pixels) => width.next_multiple_of(pixels) + kw - 1,
            Form::Spread => width + kw - 1,
        };
        let patch = [tiles * ROWS + kh - ROWS + 2, columns];
        let row = columns * self.spec.in_channels;
        let line = self.matrix_rows(width) * self.panels[0].padded_width();
        Sizes { tiles, patch, row, transformed_rows: tiles + kh / ROWS - 1, line }
    }
}

/// How a block's scratch memory is laid out.
struct Sizes {
    /// Rows of tiles.
    tiles: usize,
    /// Rows and columns of the patch.
    patch: [usize; 2],
    /// Floats of a row of the patch.
    row: usize,
    /// Rows of the transformed input, for each point.
    transformed_rows: usize,
    /// Floats of all matrix rows of an output row.
    line: usize,
}

/// Floats after a line, which a register may read or write past its end.
const SLACK: usize = 16;

impl BlockKernel for Tall {
    fn blocks(&self, output: Extent) -> Blocks {
        let [height, width] = block_size(&self.spec, self.spec.in_channels);
        let pixels = if let Form::Pixels(pixels) = self.form { pixels } else { 1 };
        Blocks::even(output, height.next_multiple_of(ROWS), width.next_multiple_of(pixels), [ROWS, pixels])
    }

    fn scratch_len(&self, blocks: &Blocks) -> usize {
        let Sizes { patch, row, transformed_rows, line, .. } = self.sizes(blocks.block_height, blocks.block_width);
        let pixels = blocks.block_width * self.spec.out_channels + SLACK;
        patch[0] * row + SLACK + POINTS * transformed_rows * row + SLACK + (POINTS + 1) * (line + SLACK) + pixels
    }

    fn grain(&self) -> usize {
        ROWS
    }

    fn weights_len(&self) -> usize {
        self.panels.iter().map(Panels::len).sum()
    }

    fn staged_pixel(&self) -> usize {
        self.spec.in_channels
    }

    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, run: &Run<'_>, region: &Region, scratch: &mut [f32]) {
        let ([kh, kw], inputs, outputs) = (self.spec.kernel, self.spec.in_channels, self.spec.out_channels);
        let Sizes { tiles, patch: patch_size, row, transformed_rows, line } = self.sizes(region.rows.len(), region.columns.len());
        let (patch, rest) = scratch.split_at_mut(patch_size[0] * row + SLACK);
        let (transformed, rest) = rest.split_at_mut(POINTS * transformed_rows * row + SLACK);
        let (products, rest) = rest.split_at_mut(POINTS * (line + SLACK));
        let (sums, pixels_row) = rest.split_at_mut(line + SLACK);
        stage_block(simd, run, &self.spec, region, patch_size, &mut patch[..patch_size[0] * row]);
        transform_input(simd, patch, transformed, row, transformed_rows);
        let width = self.panels[0].padded_width();
        let count = self.matrix_rows(region.columns.len());
        let (step, len) = match self.form {
            Form::Pixels(pixels) => (pixels * inputs, (kw + pixels - 1) * inputs),
            Form::Spread => (inputs, inputs),
        };
        let rows = Rows { row: step, segments: kh / ROWS, segment: row, len };
        for tile in 0..tiles {
            for (point, panels) in self.panels.iter().enumerate() {
                let a = transformed[(point * transformed_rows + tile) * row..].as_ptr();
                for (first, registers) in panels.list() {
                    let c = products[point * (line + SLACK) + first * S::LANES..].as_mut_ptr();
                    let b = panels.panel(first).as_ptr();
                    // SAFETY: `count` windows of `kh / 3` rows from row `tile` on are in the transformed input;
                    // C's rows are in the point's line.
                    unsafe { Multiply { registers, rows, count, a, b, finish: None }.run(simd, c, width) };
                }
            }
            let top = region.rows.start + tile * ROWS;
            for (y, factors) in (top..region.rows.end).zip(&OUTPUT) {
                transform_output(simd, products, line, factors, sums);
                let pixels = region.columns.len();
                match self.form {
                    Form::Spread => {
                        sums[line..].fill(0.0);
                        let diagonals =
                            Diagonals { kernel_width: kw, row: width, bias: &self.bias, low: run.low, high: run.high };
                        assert!(pixels_row.len() >= pixels * outputs + 4);
                        // SAFETY: the line holds a row for each column, with slack; so
                        // does the row of pixels (asserted).
                        unsafe { diagonals.sum(pixels, sums, pixels_row) };
                    }
                    Form::Pixels(group) => {
                        for (m, sums) in sums[..line].chunks_exact(width).enumerate() {
                            let len = (pixels - m * group).min(group) * outputs;
                            let target = &mut pixels_row[m * group * outputs..][..len];
                            for ((target, &sum), &bias) in target.iter_mut().zip(sums).zip(&self.bias) {
                                *target = (sum + bias).max(run.low).min(run.high);
                            }
                        }
                    }
                }
                // SAFETY: the block owns these pixels of the output.
                let target =
                    unsafe { std::slice::from_raw_parts_mut(run.output.pixel(y, region.columns.start), pixels * outputs) };
                target.copy_from_slice(&pixels_row[..pixels * outputs]);
            }
        }
    }
}

/// Transforms rows `3i .. 3i + 5` of the patch to row `i` of each point.
#[inline(always)]
fn transform_input<S: Simd>(simd: S, patch: &[f32], transformed: &mut [f32], row: usize, rows: usize) {
    assert!(patch.len() >= (rows * ROWS + 2) * row + S::LANES && transformed.len() >= POINTS * rows * row + S::LANES);
    for i in 0..rows {
        for k in (0..row).step_by(S::LANES) {
            let mut d = [simd.splat(0.0); POINTS];
            for (y, d) in d.iter_mut().enumerate() {
                // SAFETY: the reads end inside the patch's slack at the latest.
                *d = unsafe { simd.load(patch.as_ptr().add((i * ROWS + y) * row + k)) };
            }
            for (point, factors) in INPUT.iter().enumerate() {
                let mut sum = simd.splat(0.0);
                for (&factor, &d) in factors.iter().zip(&d) {
                    if factor != 0.0 {
                        sum = simd.mul_add(d, simd.splat(factor), sum);
                    }
                }
                let at = (point * rows + i) * row + k;
                if k + S::LANES <= row {
                    // SAFETY: inside the point's row.
                    unsafe { simd.store(transformed.as_mut_ptr().add(at), sum) };
                } else {
                    let mut lanes = [0.0; 16];
                    // SAFETY: `lanes` holds the largest register.
                    unsafe { simd.store(lanes.as_mut_ptr(), sum) };
                    transformed[at..at + row - k].copy_from_slice(&lanes[..row - k]);
                }
            }
        }
    }
}

/// Sums the points' lines to the line of one output row.
#[inline(always)]
fn transform_output<S: Simd>(simd: S, products: &[f32], line: usize, factors: &[f32; POINTS], sums: &mut [f32]) {
    assert!(products.len() >= POINTS * (line + SLACK) && sums.len() >= line + SLACK && SLACK >= S::LANES);
    for k in (0..line).step_by(S::LANES) {
        let mut sum = simd.splat(0.0);
        for (point, &factor) in factors.iter().enumerate() {
            // SAFETY: each line is followed by a register of slack (asserted).
            let product = unsafe { simd.load(products.as_ptr().add(point * (line + SLACK) + k)) };
            sum = simd.mul_add(product, simd.splat(factor), sum);
        }
        // SAFETY: as above.
        unsafe { simd.store(sums.as_mut_ptr().add(k), sum) };
    }
}
