//! Staging: copies the part of the input that a block reads to scratch memory, with everything pending applied.
//!
//! A layer writes its tensor once, raw. Cheap operations that follow it (instance norm, activation, residual sum,
//! up-sampling, padding) are applied here, while the next layer reads it.

use crate::activation::Activation;
use crate::simd::{Simd, SimdOp};
use crate::view::{Extent, Region, SharedOutput, Strip};

/// What is beyond the border of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Border {
    /// Zeros.
    Zero,
    /// The picture mirrored at its outermost pixels, which are not repeated: -1 reads 1.
    Reflect,
    /// The nearest pixel: -1 reads 0.
    Edge,
}

/// `x * scale + shift`, by channel.
#[derive(Debug, Clone, Copy)]
pub struct Affine<'a> {
    /// One factor per channel.
    pub scale: &'a [f32],
    /// One summand per channel.
    pub shift: &'a [f32],
}

/// A tensor as a layer reads it: stored values, and the operations pending on them.
///
/// The value of a pixel's channel is `activation(x * scale + shift) + skip`. The
/// picture of these values is then up-sampled.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Stored values: all rows, or those that the layer will read.
    pub data: Strip<'a>,
    /// The extent of the whole tensor.
    pub extent: Extent,
    /// The first pending operation, if any.
    pub affine: Option<Affine<'a>>,
    /// The activation after it.
    pub activation: Activation,
    /// The tensor that is added last, of the same extent.
    pub skip: Option<Strip<'a>>,
    /// Factor of the nearest-neighbor up-sampling, at least 1.
    pub upsample: usize,
}

impl<'a> Source<'a> {
    /// Returns a tensor with nothing pending.
    pub fn plain(data: &'a [f32], extent: Extent) -> Self {
        Source { data: Strip::whole(data), extent, affine: None, activation: Activation::None, skip: None, upsample: 1 }
    }

    /// Returns the extent after up-sampling.
    pub fn enlarged(&self) -> Extent {
        let Extent { height, width, channels } = self.extent;
        Extent { height: height * self.upsample, width: width * self.upsample, channels }
    }

    fn check(&self) {
        let fits = |strip: Strip<'_>| strip.fits(self.extent);
        assert!(fits(self.data) && self.skip.is_none_or(fits), "a source of another size than its extent");
        if let Some(Affine { scale, shift }) = self.affine {
            assert!(scale.len() == self.extent.channels && shift.len() == self.extent.channels, "an affine map of another width");
        }
        assert!(self.upsample > 0 && !self.extent.is_empty(), "an empty source");
    }
}

/// Where a block's patch is, in pixels of the up-sampled and padded input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PatchPlace {
    pub(crate) y: usize,
    pub(crate) x: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
}

/// Returns the stored row or column that a padded, up-sampled one reads; `None` for a zero. `length`
/// is the number of stored rows or columns.
pub(crate) fn origin(position: usize, padding: usize, length: usize, upsample: usize, border: Border) -> Option<usize> {
    let length = (length * upsample) as isize;
    let at = position as isize - padding as isize;
    let inside = match border {
        Border::Zero if at < 0 || at >= length => return None,
        Border::Reflect if at < 0 => -at,
        Border::Reflect if at >= length => 2 * length - 2 - at,
        _ => at,
    };
    // A patch of whole tiles may extend beyond the padding. Those pixels are staged but never used.
    Some(inside.clamp(0, length - 1) as usize / upsample)
}

/// Stages patches of one source.
pub(crate) struct Stager<'a> {
    source: Source<'a>,
    border: Border,
    /// Padding at the top and the left.
    padding: [usize; 2],
    /// Channels of a staged pixel: those of the source, then zeros.
    pixel: usize,
    /// Scale and shift, repeated to a length that is a multiple of any register.
    scale: Vec<f32>,
    shift: Vec<f32>,
    /// Where the staged pixels are kept for a later reader.
    keep: Option<&'a SharedOutput<'a>>,
}

/// The most lanes of any instruction set. A pattern of this many pixels suits all of them.
const MAX_LANES: usize = 16;

/// Returns the length of the shortest run of whole pixels that is a whole number of registers of `lanes` floats.
pub(crate) fn period(channels: usize, lanes: usize) -> usize {
    let gcd = |mut a: usize, mut b: usize| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    channels * (lanes / gcd(channels, lanes))
}

/// [`Stager::stage`] as an operation, so that all kernels share its code.
struct Stage<'a> {
    stager: &'a Stager<'a>,
    place: PatchPlace,
    own: &'a Region,
    patch: &'a mut [f32],
}

impl SimdOp for Stage<'_> {
    type Output = ();

    #[inline(always)]
    fn eval<S: Simd>(self, simd: S) {
        self.stager.fill(simd, self.place, self.own, self.patch);
    }
}

impl<'a> Stager<'a> {
    pub(crate) fn new(
        source: Source<'a>,
        border: Border,
        padding: [usize; 2],
        pixel: usize,
        keep: Option<&'a SharedOutput<'a>>,
    ) -> Self {
        source.check();
        let channels = source.extent.channels;
        assert!(pixel >= channels);
        if let Some(keep) = keep {
            assert!(source.upsample == 1 && keep.extent == source.extent, "only an unenlarged source can be kept");
        }
        let repeat = |values: Option<&[f32]>, default: f32| {
            let length = period(channels, MAX_LANES);
            (0..length).map(|i| values.map_or(default, |v| v[i % channels])).collect()
        };
        let scale = repeat(source.affine.map(|a| a.scale), 1.0);
        let shift = repeat(source.affine.map(|a| a.shift), 0.0);
        Stager { source, border, padding, pixel, scale, shift, keep }
    }

    fn origin(&self, position: usize, axis: usize) -> Option<usize> {
        let Extent { height, width, .. } = self.source.extent;
        origin(position, self.padding[axis], [height, width][axis], self.source.upsample, self.border)
    }

    /// Fills `patch` (rows of `columns` pixels of `pixel` floats). If `keep` was given, also keeps the
    /// pixels of `own`, a rectangle of the source.
    #[inline(always)]
    pub(crate) fn stage<S: Simd>(&self, simd: S, place: PatchPlace, own: &Region, patch: &mut [f32]) {
        simd.call(Stage { stager: self, place, own, patch });
    }

    #[inline(always)]
    fn fill<S: Simd>(&self, simd: S, place: PatchPlace, own: &Region, patch: &mut [f32]) {
        let Extent { width, channels, .. } = self.source.extent;
        let row_len = place.columns * self.pixel;
        assert!(patch.len() >= place.rows * row_len);
        // A run of columns that read their own pixel, not one across the border. It is empty if pixels are repeated or
        // staged with more channels.
        let first = self.padding[1].saturating_sub(place.x).min(place.columns);
        let last = (self.padding[1] + width).saturating_sub(place.x).min(place.columns).max(first);
        let run = if self.source.upsample == 1 && self.pixel == channels { first..last } else { 0..0 };
        for row in 0..place.rows {
            let target = &mut patch[row * row_len..][..row_len];
            let Some(y) = self.origin(place.y + row, 0) else {
                target.fill(0.0);
                continue;
            };
            for column in (0..run.start).chain(run.end..place.columns) {
                let target = &mut target[column * self.pixel..][..self.pixel];
                match self.origin(place.x + column, 1) {
                    Some(x) => {
                        let (values, rest) = target.split_at_mut(channels);
                        self.run(simd, y * width + x, values);
                        rest.fill(0.0);
                    }
                    None => target.fill(0.0),
                }
            }
            if !run.is_empty() {
                let x = place.x + run.start - self.padding[1];
                self.run(simd, y * width + x, &mut target[run.start * self.pixel..run.end * self.pixel]);
            }
        }
        if let Some(keep) = self.keep {
            let run = if self.pixel == channels { own.columns.len() } else { 1 };
            for y in own.rows.clone() {
                for x in own.columns.clone().step_by(run) {
                    let at = (y + self.padding[0] - place.y) * row_len + (x + self.padding[1] - place.x) * self.pixel;
                    let pixels = &patch[at..at + run * channels];
                    // SAFETY: `own` is inside the source's extent, which is `keep`'s, and
                    // its pixels belong to no other block.
                    unsafe { std::ptr::copy_nonoverlapping(pixels.as_ptr(), keep.pixel(y, x), pixels.len()) };
                }
            }
        }
    }

    /// Computes consecutive stored pixels from `pixel` on, counted along the rows of the whole tensor.
    ///
    /// A pixel's values do not depend on its place in a run: even floats that do not fill a register go through one.
    #[inline(always)]
    pub(crate) fn run<S: Simd>(&self, simd: S, pixel: usize, target: &mut [f32]) {
        let Extent { width, channels, .. } = self.source.extent;
        let len = target.len();
        let part = |strip: Strip<'a>| &strip.data[(pixel - strip.first * width) * channels..][..len];
        let input = part(self.source.data);
        let skip = self.source.skip.map(part);
        if self.source.affine.is_none() && self.source.activation == Activation::None && skip.is_none() {
            target.copy_from_slice(input);
            return;
        }
        let (low, high) = self.source.activation.bounds();
        let (low_v, high_v) = (simd.splat(low), simd.splat(high));
        let period = self.scale.len();
        let mut at = 0;
        while at < len {
            let end = (at + period).min(len);
            let mut k = 0;
            while at + S::LANES <= end {
                // SAFETY: `at + LANES <= len`, the length of input, target and skip;
                // `k + LANES <= period`, the length of scale and shift.
                unsafe {
                    let x = simd.load(input.as_ptr().add(at));
                    let y = simd.mul_add(x, simd.load(self.scale.as_ptr().add(k)), simd.load(self.shift.as_ptr().add(k)));
                    let mut y = simd.min(simd.max(y, low_v), high_v);
                    if let Some(skip) = skip {
                        y = simd.add(y, simd.load(skip.as_ptr().add(at)));
                    }
                    simd.store(target.as_mut_ptr().add(at), y);
                }
                at += S::LANES;
                k += S::LANES;
            }
            if at < end {
                let (mut x, mut added) = ([0.0f32; MAX_LANES], [0.0f32; MAX_LANES]);
                x[..end - at].copy_from_slice(&input[at..end]);
                if let Some(skip) = skip {
                    added[..end - at].copy_from_slice(&skip[at..end]);
                }
                // SAFETY: both hold the largest register; `k + LANES <= period`, a multiple of every register.
                unsafe {
                    let y = simd.load(x.as_ptr());
                    let y = simd.mul_add(y, simd.load(self.scale.as_ptr().add(k)), simd.load(self.shift.as_ptr().add(k)));
                    let mut y = simd.min(simd.max(y, low_v), high_v);
                    if skip.is_some() {
                        y = simd.add(y, simd.load(added.as_ptr()));
                    }
                    simd.store(x.as_mut_ptr(), y);
                }
                target[at..end].copy_from_slice(&x[..end - at]);
                at = end;
            }
        }
    }
}
