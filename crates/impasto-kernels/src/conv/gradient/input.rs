//! The gradient with respect to a convolution's input, which is itself a convolution.

use crate::activation::Activation;
use crate::conv::{Conv, Spec};
use crate::isa::Isa;
use crate::stage::{Border, Source};
use crate::threads::Threads;
use crate::view::Extent;

/// Computes the gradient with respect to a convolution's input from the gradient with respect to its
/// output: a convolution with the rotated kernel.
pub struct InputGradient {
    spec: Spec,
    conv: Conv,
}

impl InputGradient {
    /// Rotates and packs the weights `[kh, kw, in, out]`.
    ///
    /// # Panics
    /// If the convolution is depthwise, or the weights have another length than `spec` says.
    pub fn new(spec: Spec, weights: &[f32], isa: Isa) -> Self {
        assert!(!spec.depthwise, "gradients of depthwise convolutions are not supported");
        let Spec { in_channels, out_channels, kernel: [kh, kw], .. } = spec;
        assert_eq!(weights.len(), kh * kw * in_channels * out_channels, "weights of another length than the convolution's shape");
        let mut turned = vec![0.0; weights.len()];
        for (place, tap) in weights.chunks_exact(in_channels * out_channels).enumerate() {
            let target = &mut turned[(kh * kw - 1 - place) * in_channels * out_channels..][..in_channels * out_channels];
            for (input, row) in tap.chunks_exact(out_channels).enumerate() {
                for (output, &weight) in row.iter().enumerate() {
                    target[output * in_channels + input] = weight;
                }
            }
        }
        let backwards =
            Spec { in_channels: out_channels, out_channels: in_channels, stride: 1, border: Border::Zero, upsample: 1, ..spec };
        InputGradient { spec, conv: Conv::new(backwards, &turned, None, Activation::None, isa, None) }
    }

    /// Writes the gradient with respect to an input of this extent. The convolution padded it by `padding` pixels at
    /// the top and the left (and by as many at the bottom and the right if its border is not zeros).
    ///
    /// # Panics
    /// If extents and lengths do not fit together.
    pub fn run(
        &self,
        threads: &Threads,
        padding: [usize; 2],
        (gradient, extent): (&[f32], Extent),
        (result, input): (&mut [f32], Extent),
    ) {
        assert_eq!(result.len(), input.len());
        let Spec { kernel: [kh, kw], stride, border, upsample, .. } = self.spec;
        assert_eq!(gradient.len(), extent.len());
        assert!(input.channels == self.spec.in_channels && extent.channels == self.spec.out_channels);
        let spread;
        let source = if stride == 1 {
            Source::plain(gradient, extent)
        } else {
            spread = apart(gradient, extent, stride);
            let between = |length: usize| (length - 1) * stride + 1;
            let extent = Extent { height: between(extent.height), width: between(extent.width), ..extent };
            Source::plain(&spread, extent)
        };
        let repeats = border != Border::Zero && padding != [0, 0];
        let inside = [kh - 1 - padding[0], kw - 1 - padding[1]];
        if upsample == 1 {
            self.conv.run(threads, source, inside, (&mut *result, input), false, None);
            if repeats {
                self.add_border(threads, padding, (source.data.data, source.extent), (result, input));
            }
            return;
        }
        let enlarged = Extent { height: input.height * upsample, width: input.width * upsample, ..input };
        let mut whole = vec![0.0; enlarged.len()];
        self.conv.run(threads, source, inside, (&mut whole, enlarged), false, None);
        if repeats {
            self.add_border(threads, padding, (source.data.data, source.extent), (&mut whole, enlarged));
        }
        gather(&whole, input, upsample, result);
    }

    /// Adds the gradients of the padding pixels to those of the pixels that they repeat. The four strips of padding are
    /// computed separately. Otherwise the whole padded picture would have to be computed and copied.
    fn add_border(
        &self,
        threads: &Threads,
        [above, left]: [usize; 2],
        (gradient, from): (&[f32], Extent),
        (result, input): (&mut [f32], Extent),
    ) {
        let Spec { kernel: [kh, kw], border, .. } = self.spec;
        let Extent { height, width, channels } = input;
        let row = width * channels;
        let strip = |source: (&[f32], Extent), before: [usize; 2], target: Extent| {
            let mut out = vec![0.0; target.len()];
            self.conv.run(threads, Source::plain(source.0, source.1), before, (&mut out, target), false, None);
            out
        };
        // Padded rows and columns are numbered from the first row and column of the padding. Row `r` of the
        // gradient reaches the padded rows `r..r + kh`.
        for (first, count) in [(0, above), (height + above, above)] {
            let start = (first + 1).saturating_sub(kh);
            let end = (first + count).min(from.height);
            if count == 0 || start >= end {
                continue;
            }
            let source = &gradient[start * from.width * from.channels..end * from.width * from.channels];
            let before = [start + kh - 1 - first, kw - 1];
            let target = Extent { height: count, width: width + 2 * left, channels };
            let found = strip((source, Extent { height: end - start, ..from }), before, target);
            for (y, values) in found.chunks_exact(target.width * channels).enumerate() {
                let to = &mut result[repeated(first + y, above, height, border) * row..][..row];
                for (x, pixel) in values.chunks_exact(channels).enumerate() {
                    add(&mut to[repeated(x, left, width, border) * channels..][..channels], pixel);
                }
            }
        }
        for (first, count) in [(0, left), (width + left, left)] {
            let start = (first + 1).saturating_sub(kw);
            let end = (first + count).min(from.width);
            if count == 0 || start >= end {
                continue;
            }
            let columns = start * from.channels..end * from.channels;
            let source: Vec<f32> =
                gradient.chunks_exact(from.width * from.channels).flat_map(|row| &row[columns.clone()]).copied().collect();
            let before = [kh - 1 - above, start + kw - 1 - first];
            let target = Extent { height, width: count, channels };
            let found = strip((&source, Extent { width: end - start, ..from }), before, target);
            for (values, to) in found.chunks_exact(count * channels).zip(result.chunks_exact_mut(row)) {
                for (x, pixel) in values.chunks_exact(channels).enumerate() {
                    add(&mut to[repeated(first + x, left, width, border) * channels..][..channels], pixel);
                }
            }
        }
    }
}

/// Returns the pixel that a padded one is or repeats.
fn repeated(padded: usize, before: usize, length: usize, border: Border) -> usize {
    let at = padded as isize - before as isize;
    let last = length as isize - 1;
    let inside = match border {
        Border::Edge => at.clamp(0, last),
        _ if at < 0 => -at,
        _ => last - (at - last).abs(),
    };
    inside as usize
}

fn add(target: &mut [f32], from: &[f32]) {
    target.iter_mut().zip(from).for_each(|(t, f)| *t += f);
}

/// Puts `stride - 1` zeros between neighboring pixels.
fn apart(values: &[f32], extent: Extent, stride: usize) -> Vec<f32> {
    let Extent { height, width, channels } = extent;
    let wide = (width - 1) * stride + 1;
    let mut out = vec![0.0; ((height - 1) * stride + 1) * wide * channels];
    for (y, row) in values.chunks_exact(width * channels).enumerate() {
        let target = &mut out[y * stride * wide * channels..];
        for (x, pixel) in row.chunks_exact(channels).enumerate() {
            target[x * stride * channels..][..channels].copy_from_slice(pixel);
        }
    }
    out
}

/// Sums the pixels that each pixel was up-sampled to.
fn gather(values: &[f32], extent: Extent, factor: usize, out: &mut [f32]) {
    let Extent { width, channels, .. } = extent;
    out.fill(0.0);
    for (y, row) in values.chunks_exact(width * factor * channels).enumerate() {
        let target = &mut out[y / factor * width * channels..][..width * channels];
        for (pixels, target) in row.chunks_exact(factor * channels).zip(target.chunks_exact_mut(channels)) {
            for pixel in pixels.chunks_exact(channels) {
                add(target, pixel);
            }
        }
    }
}
