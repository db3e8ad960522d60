//! Winograd's weights: packed as taps, and transformed for each run.

use std::ops::Range;

use super::super::Spec;
use super::PLACES;
use super::transform::{self, INPUTS};
use crate::isa::Isa;
use crate::simd::{Simd, SimdOp};
use crate::threads::Threads;
use crate::view::{Extent, SharedOutput};

/// All weights of a convolution.
pub(super) struct Weights {
    pub(super) panels: Vec<Panel>,
    /// Channels of a staged pixel.
    pixel: usize,
    /// Floats of the transformed weights.
    pub(super) transformed_len: usize,
}

/// Weights of up to two registers of output channels.
pub(super) struct Panel {
    /// The first of these registers.
    pub(super) first: usize,
    /// How many registers: one or two.
    pub(super) registers: usize,
    /// `[3, 3, pixel, registers]`.
    taps: Vec<f32>,
    /// For each place of the tile, where its `pixel × registers` matrix starts in the
    /// transformed weights; `None` if it is all zeros.
    pub(super) starts: [Option<usize>; PLACES],
}

impl Weights {
    /// Packs `[3, 3, in, out]`. The weights (3×3 or 5×5) of a convolution that up-samples become those of four times
    /// as many outputs over the small picture.
    pub(super) fn new(spec: &Spec, weights: &[f32], lanes: usize, pixel: usize) -> Self {
        let (inputs, outputs) = (spec.in_channels, spec.out_channels);
        let width = spec.upsample * spec.upsample * outputs;
        let registers = width.div_ceil(lanes);
        let tap = |n: usize, i: usize, y: usize, x: usize| -> f32 {
            let side = spec.kernel[1];
            let at = |y: usize, x: usize| weights[((y * side + x) * inputs + i) * outputs + n % outputs];
            if spec.upsample == 1 {
                return at(y, x);
            }
            let phase = [n / outputs / 2, n / outputs % 2];
            let columns = enlarged_taps(side, phase[1], x);
            enlarged_taps(side, phase[0], y).flat_map(|y| columns.clone().map(move |x| at(y, x))).sum()
        };
        // Two registers per panel are fastest, unless a panel would mix phases, whose zero places differ.
        let per_panel = if spec.upsample > 1 && (outputs / lanes) % 2 == 1 { 1 } else { 2 };
        let mut transformed_len = 0;
        let mut panels = Vec::new();
        for first in (0..registers).step_by(per_panel) {
            let count = per_panel.min(registers - first);
            let columns = count * lanes;
            let mut taps = vec![0.0f32; 9 * pixel * columns];
            for (k, row) in taps.chunks_exact_mut(columns).enumerate() {
                let (y, x, i) = (k / pixel / 3, k / pixel % 3, k % pixel);
                for (column, value) in row.iter_mut().enumerate().take(width - first * lanes) {
                    *value = if i < inputs { tap(first * lanes + column, i, y, x) } else { 0.0 };
                }
            }
            let absent = |y: Option<usize>, x: Option<usize>| {
                let mut rows = taps.chunks_exact(pixel * columns).enumerate();
                rows.all(|(k, taps)| {
                    y.is_some_and(|y| k / 3 != y) || x.is_some_and(|x| k % 3 != x) || taps.iter().all(|&t| t == 0.0)
                })
            };
            let starts = std::array::from_fn(|place| {
                // The outermost places see only the outermost taps.
                let only =
                    |at: usize| [(0, 0), (INPUTS - 1, 2)].into_iter().find_map(|(place, tap)| (at == place).then_some(tap));
                let (y, x) = (only(place / INPUTS), only(place % INPUTS));
                if absent(y, None) || absent(None, x) {
                    return None;
                }
                transformed_len += pixel * columns;
                Some(transformed_len - pixel * columns)
            });
            panels.push(Panel { first, registers: count, taps, starts });
        }
        Weights { panels, pixel, transformed_len }
    }

    /// Returns the number of floats that are kept.
    pub(super) fn len(&self) -> usize {
        self.panels.iter().map(|panel| panel.taps.len()).sum()
    }

    /// Transforms the weights. If they were kept in this form, they would take four times the memory of the
    /// weights themselves. Transforming them for each picture takes well below 1% of the convolution's time,
    /// and leaves them in cache when it begins.
    pub(super) fn transform(&self, isa: Isa, threads: &Threads, transformed: &mut [f32]) {
        let shared = SharedOutput::new(transformed, Extent { height: self.transformed_len, width: 1, channels: 1 });
        let chunks = self.pixel.div_ceil(INPUTS_AT_ONCE);
        threads.for_each_block(self.panels.len() * chunks, 0, |block, _| {
            let first = block % chunks * INPUTS_AT_ONCE;
            let inputs = first..(first + INPUTS_AT_ONCE).min(self.pixel);
            isa.run(TransformWeights { panel: &self.panels[block / chunks], pixel: self.pixel, inputs, output: &shared });
        });
    }
}

/// Returns the rows (or columns) of the original kernel of `side` that fall on row `tap` of the 3×3 kernel over the
/// small picture, for the first or second of two output rows. With its row `k`, output row `2i + phase` sees the
/// up-sampled row `2i + phase + k - side / 2`. This is the small row `i + tap - 1` for two neighboring `k`.
fn enlarged_taps(side: usize, phase: usize, tap: usize) -> Range<usize> {
    let first = (2 * tap + side / 2) as isize - 2 - phase as isize;
    let inside = |k: isize| k.clamp(0, side as isize) as usize;
    inside(first)..inside(first + 2)
}

/// Input channels whose weights are transformed as one piece of work.
const INPUTS_AT_ONCE: usize = 32;

/// Transforms a panel's weights for some inputs.
struct TransformWeights<'a> {
    panel: &'a Panel,
    pixel: usize,
    inputs: Range<usize>,
    output: &'a SharedOutput<'a>,
}

impl SimdOp for TransformWeights<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        let Panel { registers, taps, starts, .. } = self.panel;
        let columns = registers * S::LANES;
        assert!(taps.len() == 9 * self.pixel * columns && self.inputs.end <= self.pixel);
        for i in self.inputs {
            for register in 0..*registers {
                let at = i * columns + register * S::LANES;
                let mut half = [[simd.splat(0.0); 3]; INPUTS];
                for x in 0..3 {
                    let mut column = [simd.splat(0.0); 3];
                    for (y, value) in column.iter_mut().enumerate() {
                        // SAFETY: a register of the taps of one place and one input (length asserted).
                        *value = unsafe { simd.load(taps.as_ptr().add((y * 3 + x) * self.pixel * columns + at)) };
                    }
                    for (row, value) in half.iter_mut().zip(transform::weights(simd, column)) {
                        row[x] = value;
                    }
                }
                for (y, row) in half.into_iter().enumerate() {
                    for (x, value) in transform::weights(simd, row).into_iter().enumerate() {
                        if let Some(start) = starts[y * INPUTS + x] {
                            // SAFETY: inside the place's matrix, whose rows `inputs`
                            // belong to this piece of work alone.
                            unsafe { simd.store(self.output.pixel(start + at, 0), value) };
                        }
                    }
                }
            }
        }
    }
}
