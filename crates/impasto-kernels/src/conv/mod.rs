//! Convolutions: one layer with its weights packed for the kernel that suits its shape.

mod depthwise;
mod direct;
mod gradient;
mod layout;
mod matrix;
pub mod reference;
mod tall;
mod winograd;

use std::ops::Range;

use crate::activation::Activation;
use crate::isa::Isa;
use crate::simd::{Simd, SimdOp};
use crate::stage::{Border, PatchPlace, Source, Stager, origin};
use crate::statistics::{self, Partials, Statistics};
use crate::threads::Threads;
use crate::view::{Extent, Region, SharedOutput};
pub use gradient::{InputGradient, weight_gradient};
use layout::Blocks;

/// What a convolution computes, apart from its weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Spec {
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output; equal to `in_channels` if depthwise.
    pub out_channels: usize,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Stride along both axes.
    pub stride: usize,
    /// Whether each channel is filtered alone.
    pub depthwise: bool,
    /// What is beyond the picture's border.
    pub border: Border,
    /// Factor of the nearest-neighbor up-sampling of the input before the convolution: 1 or more.
    pub upsample: usize,
}

impl Spec {
    /// Returns a 1×1 convolution that keeps the number of channels.
    pub fn pointwise(channels: usize) -> Self {
        Spec {
            in_channels: channels,
            out_channels: channels,
            kernel: [1, 1],
            stride: 1,
            depthwise: false,
            border: Border::Zero,
            upsample: 1,
        }
    }

    /// Returns the number of multiply-accumulates per output pixel, if computed directly.
    pub fn multiply_accumulates_per_pixel(&self) -> u64 {
        let inputs = if self.depthwise { 1 } else { self.in_channels };
        (self.kernel[0] * self.kernel[1] * inputs * self.out_channels) as u64
    }
}

/// The kernels that compute convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Windows times weights as a matrix product, with one output pixel per matrix row.
    Direct,
    /// As `Direct`, with several neighboring output pixels per matrix row, for few output channels.
    Wide,
    /// The products of one input column with all kernel columns in one matrix row, then sums along the diagonals: for
    /// up to four output channels and a wide kernel.
    Spread,
    /// Winograd's F(3, 3) down the columns of a kernel of 6, 9, … rows: 5 products instead of 9.
    Tall,
    /// Winograd's F(4×4, 3×3), also for 5×5 after an up-sampling by 2: 36 products for 16 pixels instead of 144.
    Winograd,
    /// Each channel is filtered alone.
    Depthwise,
}

impl Algorithm {
    /// Returns the name in profiles, for instance `winograd`.
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Direct => "direct",
            Algorithm::Wide => "wide",
            Algorithm::Spread => "spread",
            Algorithm::Tall => "tall",
            Algorithm::Winograd => "winograd",
            Algorithm::Depthwise => "depthwise",
        }
    }

    /// Whether the algorithm can compute this convolution.
    pub fn suits(self, spec: &Spec) -> bool {
        match self {
            Algorithm::Depthwise => spec.depthwise,
            _ if spec.depthwise => false,
            Algorithm::Direct | Algorithm::Wide => true,
            Algorithm::Spread => spec.stride == 1 && spec.out_channels <= direct::Spread::MAX_OUTPUTS,
            Algorithm::Tall => tall::Tall::suits(spec),
            Algorithm::Winograd => {
                let alone = spec.kernel == [3, 3] && spec.upsample == 1;
                // With a mirrored border, the outermost two taps of a 5×5 kernel would read two different pixels of the
                // small picture. With the others, both read the same one.
                let enlarging =
                    spec.upsample == 2 && (spec.kernel == [3, 3] || spec.kernel == [5, 5] && spec.border != Border::Reflect);
                spec.stride == 1 && (alone || enlarging)
            }
        }
    }

    /// Returns the algorithm that was measured as the fastest for such a shape (`benches/conv.rs`).
    pub fn choose(spec: &Spec, isa: Isa) -> Algorithm {
        let lanes = isa.lanes();
        if spec.depthwise {
            Algorithm::Depthwise
        } else if Algorithm::Winograd.suits(spec)
            && spec.in_channels >= 8
            && spec.out_channels * spec.upsample * spec.upsample >= lanes
        {
            Algorithm::Winograd
        } else if Algorithm::Tall.suits(spec) {
            Algorithm::Tall
        } else if Algorithm::Spread.suits(spec) && spec.kernel[1] > 1 {
            Algorithm::Spread
        } else if spec.out_channels * 2 <= lanes {
            Algorithm::Wide
        } else {
            Algorithm::Direct
        }
    }
}

/// A convolution with its weights packed for one instruction set.
pub struct Conv {
    spec: Spec,
    algorithm: Algorithm,
    isa: Isa,
    activation: Activation,
    kernel: Kernel,
}

enum Kernel {
    Direct(direct::Direct),
    Spread(direct::Spread),
    Tall(tall::Tall),
    Winograd(winograd::Winograd),
    Depthwise(depthwise::Depthwise),
}

/// What a kernel needs to know about the run whose blocks it computes.
pub(crate) struct Run<'a> {
    pub(crate) stager: Stager<'a>,
    /// The result of [`BlockKernel::prepare`].
    pub(crate) prepared: &'a [f32],
    pub(crate) output: SharedOutput<'a>,
    pub(crate) low: f32,
    pub(crate) high: f32,
}

/// A convolution kernel: cuts its output into blocks, and computes them.
pub(crate) trait BlockKernel: Sync {
    /// Returns how the output is cut.
    fn blocks(&self, output: Extent) -> Blocks;
    /// Returns how many floats of scratch memory a block needs.
    fn scratch_len(&self, blocks: &Blocks) -> usize;
    /// Returns the number of output rows that are computed together. Blocks, and so bands, begin at multiples of it.
    fn grain(&self) -> usize {
        1
    }
    /// Returns the number of floats in the packed weights.
    fn weights_len(&self) -> usize;
    /// Returns how many floats [`BlockKernel::prepare`] writes.
    fn prepared_len(&self) -> usize {
        0
    }
    /// Computes what the blocks of one run share from the weights.
    fn prepare(&self, isa: Isa, threads: &Threads, prepared: &mut [f32]) {
        let _ = (isa, threads, prepared);
    }
    /// Returns the number of channels of a staged input pixel.
    fn staged_pixel(&self) -> usize;
    /// Computes the output pixels of `region`.
    fn block<S: Simd>(&self, simd: S, run: &Run<'_>, region: &Region, scratch: &mut [f32]);
}

impl Conv {
    /// Packs weights `[kh, kw, in, out]` (`[kh, kw, channels]` if depthwise) and a bias `[out]` for an instruction set.
    ///
    /// `activation` is applied to the result. Without `algorithm`, [`Algorithm::choose`] selects one.
    ///
    /// # Panics
    /// If the weights or the bias have another length than `spec` says, or `algorithm` does not suit it.
    pub fn new(
        spec: Spec,
        weights: &[f32],
        bias: Option<&[f32]>,
        activation: Activation,
        isa: Isa,
        algorithm: Option<Algorithm>,
    ) -> Self {
        let [kh, kw] = spec.kernel;
        let inputs = if spec.depthwise { 1 } else { spec.in_channels };
        assert_eq!(weights.len(), kh * kw * inputs * spec.out_channels, "weights of another length than the convolution's shape");
        assert!(bias.is_none_or(|bias| bias.len() == spec.out_channels), "a bias of another length than the output channels");
        assert!(kh > 0 && kw > 0 && spec.stride > 0 && spec.upsample > 0);
        let algorithm = algorithm.unwrap_or_else(|| Algorithm::choose(&spec, isa));
        assert!(algorithm.suits(&spec), "{algorithm:?} cannot compute {spec:?}");
        let lanes = isa.lanes();
        let kernel = match algorithm {
            Algorithm::Direct => Kernel::Direct(direct::Direct::new(spec, weights, bias, lanes, 1)),
            Algorithm::Wide => {
                Kernel::Direct(direct::Direct::new(spec, weights, bias, lanes, (lanes / spec.out_channels).max(1)))
            }
            Algorithm::Spread => Kernel::Spread(direct::Spread::new(spec, weights, bias, lanes)),
            Algorithm::Tall => Kernel::Tall(tall::Tall::new(spec, weights, bias, lanes)),
            Algorithm::Winograd => Kernel::Winograd(winograd::Winograd::new(spec, weights, bias, lanes)),
            Algorithm::Depthwise => Kernel::Depthwise(depthwise::Depthwise::new(spec, weights, bias, lanes)),
        };
        Conv { spec, algorithm, isa, activation, kernel }
    }

    /// Returns what the convolution computes.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Returns the algorithm that computes it.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Returns how many multiply-accumulates the kernel performs for an output of this extent, without transforms and
    /// idle lanes.
    pub fn products(&self, output: Extent) -> u64 {
        let pixels = (output.height * output.width) as u64;
        let direct = pixels * self.spec.multiply_accumulates_per_pixel();
        let channels = (self.spec.in_channels * self.spec.out_channels) as u64;
        let tiles = |upsample: usize| (output.height.div_ceil(4 * upsample) * output.width.div_ceil(4 * upsample)) as u64;
        match self.algorithm {
            Algorithm::Winograd if self.spec.kernel == [5, 5] => tiles(2) * 4 * 36 * channels,
            // After an up-sampling by 2, the first or last row and column of places of a 3×3 kernel are skipped.
            Algorithm::Winograd if self.spec.upsample == 2 => tiles(2) * 4 * 25 * channels,
            Algorithm::Winograd => tiles(1) * 36 * channels,
            // Five products instead of nine, for whole tiles of three rows.
            Algorithm::Tall => {
                output.height.div_ceil(3) as u64 * output.width as u64 * self.spec.multiply_accumulates_per_pixel() / 3 * 5
            }
            _ => direct,
        }
    }

    /// Returns the size of the packed weights in bytes.
    pub fn weight_bytes(&self) -> usize {
        4 * match &self.kernel {
            Kernel::Direct(kernel) => kernel.weights_len(),
            Kernel::Spread(kernel) => kernel.weights_len(),
            Kernel::Tall(kernel) => kernel.weights_len(),
            Kernel::Winograd(kernel) => kernel.weights_len(),
            Kernel::Depthwise(kernel) => kernel.weights_len(),
        }
    }

    /// Returns how many floats of scratch memory a run needs in addition to each thread's.
    pub fn shared_len(&self) -> usize {
        if let Kernel::Winograd(kernel) = &self.kernel { kernel.prepared_len() } else { 0 }
    }

    /// Returns how many floats of scratch memory each thread needs for an output of this extent.
    pub fn scratch_len(&self, output: Extent) -> usize {
        fn len(kernel: &impl BlockKernel, output: Extent) -> usize {
            kernel.scratch_len(&kernel.blocks(output)).max(statistics::scratch_len(output.channels))
        }
        match &self.kernel {
            Kernel::Direct(kernel) => len(kernel, output),
            Kernel::Spread(kernel) => len(kernel, output),
            Kernel::Tall(kernel) => len(kernel, output),
            Kernel::Winograd(kernel) => len(kernel, output),
            Kernel::Depthwise(kernel) => len(kernel, output),
        }
    }

    /// Convolves `source` into `output`. `padding` is the number of pixels at the top and the left. At the bottom and
    /// the right there are as many as the output's extent requires.
    ///
    /// The source's `upsample` is ignored; the convolution's own is used. If `want_statistics`, returns the output's
    /// mean and variance. If `keep` is given, the source's values, with pending arithmetic applied, are also written
    /// there. This works only for convolutions of stride 1 that keep the extent and do not up-sample.
    ///
    /// # Panics
    /// If extents and lengths do not fit together.
    pub fn run(
        &self,
        threads: &Threads,
        source: Source<'_>,
        padding: [usize; 2],
        (output, extent): (&mut [f32], Extent),
        want_statistics: bool,
        keep: Option<&mut [f32]>,
    ) -> Option<Statistics> {
        let rows = 0..extent.height;
        self.job(Job { conv: self, threads, source, padding, rows, output, extent, want_statistics, keep })
    }

    /// Computes only some rows of the output. They get the same bytes as from [`Conv::run`], and only the source rows
    /// in [`Conv::reads`] are read. All arguments have the same meaning.
    ///
    /// `output` is the rows, their values, and the extent of the whole output. `keep`, if
    /// given, is for the same rows of the source.
    ///
    /// # Panics
    /// If extents and lengths do not fit together, the source lacks rows that are read, or the rows do not begin and
    /// end at multiples of [`Conv::row_grain`] or at the end of the output.
    pub fn run_rows(
        &self,
        threads: &Threads,
        source: Source<'_>,
        padding: [usize; 2],
        (rows, output, extent): (Range<usize>, &mut [f32], Extent),
        keep: Option<&mut [f32]>,
    ) {
        self.job(Job { conv: self, threads, source, padding, rows, output, extent, want_statistics: false, keep });
    }

    fn job(&self, job: Job<'_>) -> Option<Statistics> {
        match &self.kernel {
            Kernel::Direct(kernel) => job.run(kernel),
            Kernel::Spread(kernel) => job.run(kernel),
            Kernel::Tall(kernel) => job.run(kernel),
            Kernel::Winograd(kernel) => job.run(kernel),
            Kernel::Depthwise(kernel) => job.run(kernel),
        }
    }

    /// Returns the grain of bands: the output may be cut at multiples of this many rows.
    pub fn row_grain(&self) -> usize {
        match &self.kernel {
            Kernel::Winograd(kernel) => kernel.grain(),
            Kernel::Tall(kernel) => kernel.grain(),
            Kernel::Direct(_) | Kernel::Spread(_) | Kernel::Depthwise(_) => 1,
        }
    }

    /// Returns which of the source's `height` rows these rows of the output are computed from, including those that
    /// only affect rounding. `padding` is that at the top.
    pub fn reads(&self, rows: Range<usize>, height: usize, padding: usize) -> Range<usize> {
        let (border, upsample) = self.staging();
        let [padding, _] = self.staged_padding([padding; 2]);
        let grains = rows.len().div_ceil(self.row_grain());
        let [kernel, stride] = [self.spec.kernel[0], self.spec.stride];
        // The rows of the staged patch, as the kernels lay it out.
        let patch = match self.algorithm {
            Algorithm::Winograd => {
                let start = rows.start / self.spec.upsample;
                start..start + grains * self.row_grain() / self.spec.upsample + 2
            }
            _ => rows.start * stride..rows.start * stride + (grains * self.row_grain() - 1) * stride + kernel,
        };
        let read = patch.filter_map(|position| origin(position, padding, height, upsample, border));
        let (first, last) = read.fold((usize::MAX, 0), |(first, last), row| (first.min(row), last.max(row)));
        first.min(last)..last + 1
    }

    /// Returns how the source is staged. The Winograd kernel up-samples by itself,
    /// and never makes the up-sampled picture.
    fn staging(&self) -> (Border, usize) {
        let spec = &self.spec;
        let enlarges_itself = spec.upsample == 2 && self.algorithm == Algorithm::Winograd;
        match spec.border {
            Border::Reflect if enlarges_itself => (Border::Edge, 1),
            border if enlarges_itself => (border, 1),
            border => (border, spec.upsample),
        }
    }

    /// Returns the padding of the staged source: that of the small picture if the kernel up-samples by itself.
    fn staged_padding(&self, padding: [usize; 2]) -> [usize; 2] {
        if self.staging().1 == self.spec.upsample { padding } else { padding.map(|n| n.div_ceil(2)) }
    }

    /// Whether [`Conv::run`] accepts `keep`.
    pub(crate) fn can_keep(&self) -> bool {
        self.spec.stride == 1 && self.spec.upsample == 1
    }
}

/// One call of [`Conv::run`] or [`Conv::run_rows`].
struct Job<'a> {
    conv: &'a Conv,
    threads: &'a Threads,
    source: Source<'a>,
    padding: [usize; 2],
    rows: Range<usize>,
    output: &'a mut [f32],
    /// The extent of the whole output.
    extent: Extent,
    want_statistics: bool,
    keep: Option<&'a mut [f32]>,
}

impl Job<'_> {
    fn run<K: BlockKernel>(self, kernel: &K) -> Option<Statistics> {
        let spec = self.conv.spec;
        let (output, extent, rows) = (self.output, self.extent, self.rows);
        assert_eq!(self.source.extent.channels, spec.in_channels, "a source of another width than the convolution");
        assert_eq!(extent.channels, spec.out_channels, "an output of another width than the convolution");
        let (border, upsample) = self.conv.staging();
        let middle = spec.kernel.map(|side| side / 2);
        assert!(upsample == spec.upsample || self.padding == middle, "an enlarging convolution is padded by half of its kernel");
        let padding = self.conv.staged_padding(self.padding);
        let grain = kernel.grain();
        assert!(
            rows.start.is_multiple_of(grain) && (rows.end.is_multiple_of(grain) || rows.end == extent.height),
            "a band that cuts through rows which are computed together"
        );
        let source = Source { upsample, ..self.source };
        assert!(
            self.keep.is_none()
                || (self.conv.can_keep() && source.extent.height == extent.height && source.extent.width == extent.width)
        );
        let keep = self.keep.map(|keep| SharedOutput::rows(keep, source.extent, rows.clone()));
        let blocks = kernel.blocks(Extent { height: rows.len(), ..extent });
        let (low, high) = self.conv.activation.bounds();
        let mut prepared = self.threads.take_shared();
        let prepared_len = kernel.prepared_len();
        let prepared_part = &mut prepared.get(prepared_len)[..prepared_len];
        kernel.prepare(self.conv.isa, self.threads, prepared_part);
        let run = Run {
            prepared: prepared_part,
            stager: Stager::new(source, border, padding, kernel.staged_pixel(), keep.as_ref()),
            output: SharedOutput::rows(output, extent, rows.clone()),
            low,
            high,
        };
        let mut partials = self.want_statistics.then(|| Partials::new(blocks.pixel_counts(), extent.channels));
        let shared = partials.as_mut().map(Partials::shared);
        let scratch_len = kernel.scratch_len(&blocks).max(statistics::scratch_len(extent.channels));
        self.threads.for_each_block(blocks.count(), scratch_len, |block, scratch| {
            let region = blocks.region(block).below(rows.start);
            self.conv.isa.run(OneBlock { kernel, run: &run, region: &region, scratch });
            if let Some(partials) = &shared {
                // SAFETY: blocks are disjoint, and each is computed by one thread, to which the
                // block's row of the partials belongs too.
                unsafe { statistics::share(self.conv.isa, &run.output, &region, (partials, block), scratch) };
            }
        });
        self.threads.give_shared(prepared);
        partials.map(|partials| partials.merge())
    }
}

/// One block of a run, as an operation.
struct OneBlock<'a, K> {
    kernel: &'a K,
    run: &'a Run<'a>,
    region: &'a Region,
    scratch: &'a mut [f32],
}

impl<K: BlockKernel> SimdOp for OneBlock<'_, K> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        self.kernel.block(simd, self.run, self.region, self.scratch);
    }
}

/// Stages the patch that an output block reads through a kernel of this size.
#[inline(always)]
pub(crate) fn stage_block<S: Simd>(simd: S, run: &Run<'_>, spec: &Spec, region: &Region, size: [usize; 2], patch: &mut [f32]) {
    let [rows, columns] = size;
    let place = PatchPlace { y: region.rows.start * spec.stride, x: region.columns.start * spec.stride, rows, columns };
    run.stager.stage(simd, place, region, patch);
}
