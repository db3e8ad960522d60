//! 3×3 convolution by Winograd's minimal filtering (Lavin & Gray 2016, arXiv 1509.09308), F(4×4, 3×3) on tiles. The
//! error is below 10⁻⁵ of the largest output.
//!
//! A block's input tiles are transformed, multiplied with the transformed weights, and transformed
//! back, all within the caches of one core. The multiplication is one matrix product of tiles ×
//! channels at each of the 6×6 places of a tile.
//!
//! A nearest-neighbor up-sampling by 2 before the convolution costs nothing extra, and the up-sampled picture is never
//! made. Each of the four output pixels of an input pixel sees a 3×3 kernel over the *small* picture, whose taps are
//! sums of the original ones. The four kernels are four times as many output channels of one convolution. Those of a
//! 3×3 kernel have a first or last row and column of zeros, so whole panels of transformed weights are zero, and their
//! products are skipped. Those of a 5×5 kernel have no such zeros.

mod transform;
mod weights;

use super::layout::Blocks;
use super::matrix::{Multiply, Rows};
use super::{BlockKernel, Run, Spec};
use crate::isa::Isa;
use crate::simd::Simd;
use crate::stage::PatchPlace;
use crate::threads::Threads;
use crate::view::{Extent, Region};
use transform::{INPUTS, OUTPUTS};
use weights::{Panel, Weights};

/// Places of a tile in the transformed domain.
const PLACES: usize = INPUTS * INPUTS;
/// Floats of transformed input in a block: few enough to stay in a second-level cache while the weights stream by.
const TRANSFORMED_FLOATS: usize = 112 * 1024;

/// Winograd convolution.
pub(crate) struct Winograd {
    spec: Spec,
    /// Channels of a staged pixel, rounded up to whole registers.
    pixel: usize,
    weights: Weights,
    /// For each register of the (possibly four times as many) output channels.
    stores: Vec<Vec<Store>>,
    bias: Vec<f32>,
}

/// The lanes of a register that go to one of the `upsample × upsample` output pixels of an input pixel.
#[derive(Clone, Copy)]
struct Store {
    lane: usize,
    len: usize,
    phase: [usize; 2],
    channel: usize,
}

impl Winograd {
    pub(crate) fn new(spec: Spec, weights: &[f32], bias: Option<&[f32]>, lanes: usize) -> Self {
        let (inputs, outputs) = (spec.in_channels, spec.out_channels);
        let width = spec.upsample * spec.upsample * outputs;
        let registers = width.div_ceil(lanes);
        let pixel = inputs.next_multiple_of(lanes);
        let stores = (0..registers).map(|register| {
            let (mut n, end) = (register * lanes, ((register + 1) * lanes).min(width));
            let mut stores = Vec::new();
            while n < end {
                let (phase, channel) = (n / outputs, n % outputs);
                let len = (outputs - channel).min(end - n);
                let phase = [phase / spec.upsample, phase % spec.upsample];
                stores.push(Store { lane: n - register * lanes, len, phase, channel });
                n += len;
            }
            stores
        });
        let bias_of = |n: usize| bias.filter(|_| n < width).map_or(0.0, |bias| bias[n % outputs]);
        Winograd {
            spec,
            pixel,
            weights: Weights::new(&spec, weights, lanes, pixel),
            stores: stores.collect(),
            bias: (0..registers * lanes).map(bias_of).collect(),
        }
    }

    /// Returns the number of tiles along both axes of a region of the output.
    fn tiles(&self, height: usize, width: usize) -> [usize; 2] {
        let step = OUTPUTS * self.spec.upsample;
        [height.div_ceil(step), width.div_ceil(step)]
    }

    /// Returns the numbers of floats in the patch, the transformed input, and the products of one panel, for a block of
    /// this many tiles. Between places there is a gap of 16 floats, which keeps them out of the same cache set.
    fn sizes(&self, [tiles_y, tiles_x]: [usize; 2]) -> [usize; 3] {
        let widest =
            self.weights.panels.iter().map(|panel| panel.registers).max().unwrap_or(1) * self.bias.len() / self.stores.len();
        let tiles = tiles_y * tiles_x;
        let patch = (tiles_y * OUTPUTS + 2) * (tiles_x * OUTPUTS + 2) * self.pixel;
        [patch, PLACES * (tiles * self.pixel + 16), PLACES * (tiles * widest + 16)]
    }
}

impl BlockKernel for Winograd {
    fn blocks(&self, output: Extent) -> Blocks {
        let most = (TRANSFORMED_FLOATS / (PLACES * self.pixel)).clamp(6, 48);
        let [tiles_y, tiles_x] = self.tiles(output.height, output.width);
        let across = tiles_x.div_ceil(tiles_x.div_ceil(most));
        let down = (most / across).clamp(1, tiles_y);
        let step = OUTPUTS * self.spec.upsample;
        Blocks::even(output, down * step, across * step, [step, step])
    }

    fn scratch_len(&self, blocks: &Blocks) -> usize {
        self.sizes(self.tiles(blocks.block_height, blocks.block_width)).iter().sum::<usize>() + 16
    }

    fn grain(&self) -> usize {
        OUTPUTS * self.spec.upsample
    }

    fn weights_len(&self) -> usize {
        self.weights.len()
    }

    fn prepared_len(&self) -> usize {
        self.weights.transformed_len
    }

    fn prepare(&self, isa: Isa, threads: &Threads, prepared: &mut [f32]) {
        self.weights.transform(isa, threads, prepared);
    }

    fn staged_pixel(&self) -> usize {
        self.pixel
    }

    #[inline(always)]
    fn block<S: Simd>(&self, simd: S, run: &Run<'_>, region: &Region, scratch: &mut [f32]) {
        let tiles = self.tiles(region.rows.len(), region.columns.len());
        let [patch_len, transformed_len, products_len] = self.sizes(tiles);
        let (patch, rest) = scratch.split_at_mut(patch_len);
        let (transformed, rest) = rest.split_at_mut(transformed_len);
        let products = &mut rest[..products_len];
        let upsample = self.spec.upsample;
        let place = PatchPlace {
            y: region.rows.start / upsample,
            x: region.columns.start / upsample,
            rows: tiles[0] * OUTPUTS + 2,
            columns: tiles[1] * OUTPUTS + 2,
        };
        run.stager.stage(simd, place, region, patch);
        self.transform_input(simd, tiles, patch, transformed);
        for panel in &self.weights.panels {
            self.multiply(simd, (panel, run.prepared), tiles, transformed, products);
            self.transform_output(simd, run, panel, tiles, region, products);
        }
    }
}

impl Winograd {
    #[inline(always)]
    fn transform_input<S: Simd>(&self, simd: S, [tiles_y, tiles_x]: [usize; 2], patch: &[f32], transformed: &mut [f32]) {
        let columns = tiles_x * OUTPUTS + 2;
        let place_len = tiles_y * tiles_x * self.pixel + 16;
        assert!(transformed.len() >= PLACES * place_len && patch.len() >= (tiles_y * OUTPUTS + 2) * columns * self.pixel);
        for tile_y in 0..tiles_y {
            for tile_x in 0..tiles_x {
                let corner = (tile_y * OUTPUTS * columns + tile_x * OUTPUTS) * self.pixel;
                let tile = (tile_y * tiles_x + tile_x) * self.pixel;
                for c in (0..self.pixel).step_by(S::LANES) {
                    // SAFETY: a tile's 6×6 pixels are in the patch, and its place is in each of the 6×6
                    // matrices (both lengths asserted).
                    unsafe {
                        let input = patch.as_ptr().add(corner + c);
                        let target = transformed.as_mut_ptr().add(tile + c);
                        let mut half = [[simd.splat(0.0); INPUTS]; INPUTS];
                        for x in 0..INPUTS {
                            let mut column = [simd.splat(0.0); INPUTS];
                            for (y, value) in column.iter_mut().enumerate() {
                                *value = simd.load(input.add((y * columns + x) * self.pixel));
                            }
                            for (row, value) in half.iter_mut().zip(transform::input(simd, column)) {
                                row[x] = value;
                            }
                        }
                        for (y, row) in half.into_iter().enumerate() {
                            for (x, value) in transform::input(simd, row).into_iter().enumerate() {
                                simd.store(target.add((y * INPUTS + x) * place_len), value);
                            }
                        }
                    }
                }
            }
        }
    }

    #[inline(always)]
    fn multiply<S: Simd>(
        &self,
        simd: S,
        (panel, weights): (&Panel, &[f32]),
        tiles: [usize; 2],
        transformed: &[f32],
        products: &mut [f32],
    ) {
        let count = tiles[0] * tiles[1];
        let width = panel.registers * S::LANES;
        let (in_len, out_len) = (count * self.pixel + 16, count * width + 16);
        let rows = Rows { row: self.pixel, segments: 1, segment: 0, len: self.pixel };
        for (place, start) in panel.starts.iter().enumerate() {
            let products = &mut products[place * out_len..][..count * width];
            let Some(start) = *start else {
                products.fill(0.0);
                continue;
            };
            let weights = weights[start..start + self.pixel * width].as_ptr();
            let input = &transformed[place * in_len..][..count * self.pixel];
            let (a, c, registers) = (input.as_ptr(), products.as_mut_ptr(), panel.registers);
            // SAFETY: the kernel reads and writes inside the slices just taken.
            unsafe { Multiply { registers, rows, count, a, b: weights, finish: None }.run(simd, c, width) };
        }
    }

    #[inline(always)]
    fn transform_output<S: Simd>(
        &self,
        simd: S,
        run: &Run<'_>,
        panel: &Panel,
        [tiles_y, tiles_x]: [usize; 2],
        region: &Region,
        products: &[f32],
    ) {
        let (low, high) = (simd.splat(run.low), simd.splat(run.high));
        let width = panel.registers * S::LANES;
        let place_len = tiles_y * tiles_x * width + 16;
        assert!(products.len() >= (PLACES - 1) * place_len + tiles_y * tiles_x * width);
        let upsample = self.spec.upsample;
        let output_pixel = run.output.extent.channels;
        let output_row = run.output.extent.width * output_pixel;
        for register in 0..panel.registers {
            let n = (panel.first + register) * S::LANES;
            // SAFETY: the bias has a float for every lane of every register.
            let bias = unsafe { simd.load(self.bias[n..n + S::LANES].as_ptr()) };
            let stores = &self.stores[panel.first + register];
            for tile_y in 0..tiles_y {
                for tile_x in 0..tiles_x {
                    let at = (tile_y * tiles_x + tile_x) * width + register * S::LANES;
                    // SAFETY: a tile's place in each of the 6×6 matrices (length asserted).
                    let pixels = unsafe {
                        let input = products.as_ptr().add(at);
                        let mut half = [[simd.splat(0.0); INPUTS]; OUTPUTS];
                        for x in 0..INPUTS {
                            let mut column = [simd.splat(0.0); INPUTS];
                            for (y, value) in column.iter_mut().enumerate() {
                                *value = simd.load(input.add((y * INPUTS + x) * place_len));
                            }
                            for (row, value) in half.iter_mut().zip(transform::output(simd, column)) {
                                row[x] = value;
                            }
                        }
                        let mut pixels = [[bias; OUTPUTS]; OUTPUTS];
                        for (target, row) in pixels.iter_mut().zip(half) {
                            for (target, sum) in target.iter_mut().zip(transform::output(simd, row)) {
                                *target = simd.min(simd.max(simd.add(sum, bias), low), high);
                            }
                        }
                        pixels
                    };
                    let (top, left) =
                        (region.rows.start + tile_y * OUTPUTS * upsample, region.columns.start + tile_x * OUTPUTS * upsample);
                    let rows = (region.rows.end - top).div_ceil(upsample).min(OUTPUTS);
                    let columns = (region.columns.end - left).div_ceil(upsample).min(OUTPUTS);
                    if let [store] = stores[..]
                        && (rows, columns, store.len) == (OUTPUTS, OUTPUTS, S::LANES)
                    {
                        // SAFETY: the whole tile is in the block's region, and a register of
                        // channels is in each of its pixels.
                        unsafe {
                            let corner = run.output.pixel(top + store.phase[0], left + store.phase[1]).add(store.channel);
                            for (y, row) in pixels.into_iter().enumerate() {
                                for (x, value) in row.into_iter().enumerate() {
                                    simd.store(corner.add(y * upsample * output_row + x * upsample * output_pixel), value);
                                }
                            }
                        }
                        continue;
                    }
                    for (y, row) in pixels.iter().enumerate().take(rows) {
                        for (x, &value) in row.iter().enumerate().take(columns) {
                            for store in stores {
                                let (y, x) = (top + y * upsample + store.phase[0], left + x * upsample + store.phase[1]);
                                // SAFETY: the pixel is in the block's region, and `len` channels from
                                // `channel` on are in the pixel.
                                unsafe { store_lanes(simd, value, store, run.output.pixel(y, x).add(store.channel)) };
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Writes `len` lanes of a register, from `lane` on.
///
/// # Safety
/// `target` is writable for `len` floats, and `lane + len <= LANES`.
#[inline(always)]
unsafe fn store_lanes<S: Simd>(simd: S, value: S::V, store: &Store, target: *mut f32) {
    // SAFETY: the caller's contract; `lanes` holds the largest register.
    unsafe {
        if store.len == S::LANES {
            simd.store(target, value);
            return;
        }
        let mut lanes = [0.0f32; 16];
        simd.store(lanes.as_mut_ptr(), value);
        let from = lanes.as_ptr().add(store.lane);
        // A copy of known length is one or two instructions; a copy of unknown length is a call.
        if store.len == 8 {
            std::ptr::copy_nonoverlapping(from, target, 8);
        } else {
            for i in 0..store.len {
                *target.add(i) = *from.add(i);
            }
        }
    }
}
