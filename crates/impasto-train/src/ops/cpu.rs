//! The operations on the CPU: Impasto's kernels, with one thread per picture.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use burn::backend::tensor::FloatTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;
use impasto_kernels::conv::{Conv, InputGradient, Spec, weight_gradient};
use impasto_kernels::{Activation, Extent, Isa, Source, Threads, elementwise, pool};
use rayon::prelude::*;

use super::ConvGradients;
use super::{ConvShape, Kernels, Ops};

type Features = FloatTensor<Flex>;

/// The only kind of pool in trained networks.
const HALVING: pool::Pool = pool::Pool { kind: pool::PoolKind::Max, kernel: 2, stride: 2, padding: [0, 0] };

impl Ops for Flex {
    fn convolve_op(x: Features, weight: Features, bias: Features, shape: ConvShape) -> Features {
        Self::convolve(x, weight, bias, shape)
    }

    fn moments_op(x: Features) -> Features {
        Self::moments(x)
    }

    fn affine_op(x: Features, scale: Features, shift: Features, rectify: bool) -> Features {
        Self::affine(x, scale, shift, rectify)
    }

    fn max_pool_op(x: Features) -> Features {
        Self::max_pool(x)
    }

    fn gram_op(x: Features) -> Features {
        Self::gram(x)
    }
}

thread_local! {
    /// Scratch memory of a thread that computes a picture alone.
    static ALONE: Threads = Threads::new(1).expect("one thread takes nothing of the system");
}

/// All threads together, for batches with fewer pictures than threads.
static TOGETHER: LazyLock<Threads> = LazyLock::new(|| {
    Threads::new(rayon::current_num_threads())
        .unwrap_or_else(|_| Threads::new(1).expect("one thread takes nothing of the system"))
});

/// Calls `compute` for every part of an output: one part per thread, or all threads on each part if there are few. The
/// kernels give the same bytes either way.
fn each_part(out: &mut [f32], len: usize, compute: impl Fn(&Threads, usize, &mut [f32]) + Sync + Send) {
    if len == 0 {
        return;
    }
    if out.len() / len < rayon::current_num_threads() {
        out.chunks_exact_mut(len).enumerate().for_each(|(i, part)| compute(&TOGETHER, i, part));
    } else {
        out.par_chunks_exact_mut(len).enumerate().for_each(|(i, part)| ALONE.with(|alone| compute(alone, i, part)));
    }
}

/// A tensor with its values in order.
struct Values(Features);

impl Values {
    fn of(tensor: &Features) -> Self {
        Values(tensor.to_contiguous())
    }

    fn get(&self) -> &[f32] {
        self.0.as_slice::<f32>().expect("contiguous float32")
    }

    /// Returns the number of pictures, and the extent of each.
    fn extent(&self) -> (usize, Extent) {
        let shape = self.0.shape();
        let [count, height, width, channels] = shape.dims();
        (count, Extent { height, width, channels })
    }
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Features {
    Features::from_data(TensorData::new(values, shape))
}

fn spec([kh, kw, in_channels, out_channels]: [usize; 4], shape: ConvShape) -> Spec {
    Spec {
        in_channels,
        out_channels,
        kernel: [kh, kw],
        stride: shape.stride,
        depthwise: false,
        border: shape.border,
        upsample: shape.upsample,
    }
}

/// Computes one result per picture, each on one thread, and returns them in order.
fn by_picture(count: usize, compute: impl Fn(usize) -> Vec<f32> + Sync + Send) -> Vec<Vec<f32>> {
    (0..count).into_par_iter().map(compute).collect()
}

/// Fills each picture's part of an output.
fn fill(count: usize, len: usize, compute: impl Fn(&Threads, usize, &mut [f32]) + Sync + Send) -> Vec<f32> {
    let mut out = vec![0.0; count * len];
    each_part(&mut out, len, compute);
    out
}

/// Packed convolutions whose weights never change. The key contains the weights' address, so the weights are
/// kept too: their memory must not be reused.
static PACKED: LazyLock<Mutex<HashMap<PackedKey, Packed>>> = LazyLock::new(Mutex::default);

type PackedKey = (usize, Spec, Option<bool>);

#[derive(Clone)]
struct Packed {
    kernel: PackedKernel,
    #[expect(dead_code, reason = "keeps the weights' memory from being used for others")]
    weights: Features,
}

#[derive(Clone)]
enum PackedKernel {
    Forwards(Arc<Conv>),
    Backwards(Arc<InputGradient>),
}

/// Packs a convolution, or returns it from the cache if its weights never change.
fn packed(weight: &Values, bias: Option<&Values>, spec: Spec, shape: ConvShape) -> PackedKernel {
    let activation = if shape.rectify { Activation::Relu } else { Activation::None };
    let pack = || match bias {
        Some(bias) => {
            PackedKernel::Forwards(Arc::new(Conv::new(spec, weight.get(), Some(bias.get()), activation, Isa::best(), None)))
        }
        None => PackedKernel::Backwards(Arc::new(InputGradient::new(spec, weight.get(), Isa::best()))),
    };
    if !shape.frozen {
        return pack();
    }
    let key = (weight.get().as_ptr() as usize, spec, bias.map(|_| shape.rectify));
    let mut all = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    all.entry(key).or_insert_with(|| Packed { kernel: pack(), weights: weight.0.clone() }).kernel.clone()
}

fn sum(parts: Vec<Vec<f32>>) -> Vec<f32> {
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for part in parts {
        total.iter_mut().zip(part).for_each(|(t, v)| *t += v);
    }
    total
}

/// Returns the sums of `f(value, other, channel)` over the pixels. Runs are summed in float32 and added in float64.
fn channel_sums<const N: usize>(
    values: &[f32],
    others: &[f32],
    channels: usize,
    f: impl Fn(f32, f32, usize) -> [f32; N],
) -> [Vec<f32>; N] {
    const RUN: usize = 256;
    let mut totals: [Vec<f64>; N] = std::array::from_fn(|_| vec![0.0; channels]);
    let mut sums: [Vec<f32>; N] = std::array::from_fn(|_| vec![0.0; channels]);
    for (run, other) in values.chunks(RUN * channels).zip(others.chunks(RUN * channels)) {
        for (pixel, other) in run.chunks_exact(channels).zip(other.chunks_exact(channels)) {
            for c in 0..channels {
                let terms = f(pixel[c], other[c], c);
                for (sums, term) in sums.iter_mut().zip(terms) {
                    sums[c] += term;
                }
            }
        }
        for (totals, sums) in totals.iter_mut().zip(&mut sums) {
            for (total, sum) in totals.iter_mut().zip(sums.iter_mut()) {
                *total += f64::from(*sum);
                *sum = 0.0;
            }
        }
    }
    totals.map(|totals| totals.into_iter().map(|t| t as f32).collect())
}

impl Kernels for Flex {
    fn convolve(x: Features, weight: Features, bias: Features, shape: ConvShape) -> Features {
        let (x, weight, bias) = (Values::of(&x), Values::of(&weight), Values::of(&bias));
        let (count, extent) = x.extent();
        let kernel = weight.0.shape().dims();
        let PackedKernel::Forwards(conv) = packed(&weight, Some(&bias), spec(kernel, shape), shape) else {
            unreachable!("a bias was given")
        };
        let output = Extent { height: shape.output[0], width: shape.output[1], channels: kernel[3] };
        let (input, len) = (x.get(), extent.len());
        let y = fill(count, output.len(), |threads, i, part| {
            conv.run(threads, Source::plain(&input[i * len..][..len], extent), shape.before, (part, output), false, None);
        });
        tensor(y, [count, output.height, output.width, output.channels])
    }

    fn convolve_gradients(
        x: Features,
        weight: Features,
        gradient: Features,
        shape: ConvShape,
        [by_input, by_weights]: [bool; 2],
    ) -> ConvGradients<Self> {
        let (x, weight, gradient) = (Values::of(&x), Values::of(&weight), Values::of(&gradient));
        let ((count, extent), (_, output)) = (x.extent(), gradient.extent());
        let kernel = weight.0.shape().dims();
        let (spec, isa) = (spec(kernel, shape), Isa::best());
        let (len, out_len) = (extent.len(), output.len());
        let of = |i: usize| (&gradient.get()[i * out_len..][..out_len], output);
        let input = by_input.then(|| {
            let PackedKernel::Backwards(back) = packed(&weight, None, spec, shape) else { unreachable!("no bias was given") };
            let values = fill(count, len, |threads, i, part| back.run(threads, shape.before, of(i), (part, extent)));
            tensor(values, [count, extent.height, extent.width, extent.channels])
        });
        let mut found = ConvGradients { input, weight: None, bias: None };
        if by_weights {
            let parts = by_picture(count, |i| {
                let source = Source::plain(&x.get()[i * len..][..len], extent);
                ALONE.with(|alone| weight_gradient(alone, isa, &spec, source, shape.before, of(i)))
            });
            found.weight = Some(tensor(sum(parts), kernel));
            let parts = by_picture(count, |i| {
                let values = of(i).0;
                let [sums] = channel_sums(values, values, output.channels, |v, _, _| [v]);
                sums
            });
            found.bias = Some(tensor(sum(parts), [output.channels]));
        }
        found
    }

    fn rectified(output: Features, gradient: Features) -> Features {
        let (output, gradient) = (Values::of(&output), Values::of(&gradient));
        let (count, extent) = gradient.extent();
        let len = extent.len();
        let values = fill(count, len, |threads, i, part| {
            part.copy_from_slice(&gradient.get()[i * len..][..len]);
            elementwise::rectify_gradient(threads, &output.get()[i * len..][..len], part);
        });
        tensor(values, [count, extent.height, extent.width, extent.channels])
    }

    fn moments(x: Features) -> Features {
        let x = Values::of(&x);
        let (count, extent) = x.extent();
        let len = extent.len();
        let pixels = (extent.height * extent.width) as f32;
        let values = fill(count, 2 * extent.channels, |_, i, part| {
            let values = &x.get()[i * len..][..len];
            // Sums differences from the first pixel, because the variance of a flat picture would
            // otherwise be a difference of large squares.
            let pivot = &values[..extent.channels];
            let [sums, squares] =
                channel_sums(values, values, extent.channels, |v, _, c| [v - pivot[c], (v - pivot[c]) * (v - pivot[c])]);
            for c in 0..extent.channels {
                let offset = sums[c] / pixels;
                part[c] = pivot[c] + offset;
                part[extent.channels + c] = (squares[c] / pixels - offset * offset).max(0.0);
            }
        });
        tensor(values, [count, 2, extent.channels])
    }

    fn moments_gradient(x: Features, moments: Features, gradient: Features) -> Features {
        let (x, moments, gradient) = (Values::of(&x), Values::of(&moments), Values::of(&gradient));
        let (count, extent) = x.extent();
        let (len, channels) = (extent.len(), extent.channels);
        let pixels = (extent.height * extent.width) as f32;
        let values = fill(count, len, |_, i, part| {
            let moments = &moments.get()[2 * i * channels..][..2 * channels];
            let gradient = &gradient.get()[2 * i * channels..][..2 * channels];
            // d mean / dx = 1/n, d variance / dx = 2 (x - mean) / n.
            let slope: Vec<f32> = gradient[channels..].iter().map(|g| 2.0 * g / pixels).collect();
            let offset: Vec<f32> = (0..channels).map(|c| gradient[c] / pixels - moments[c] * slope[c]).collect();
            for (target, pixel) in part.chunks_exact_mut(channels).zip(x.get()[i * len..].chunks_exact(channels)) {
                for c in 0..channels {
                    target[c] = pixel[c] * slope[c] + offset[c];
                }
            }
        });
        tensor(values, [count, extent.height, extent.width, channels])
    }

    fn affine(x: Features, scale: Features, shift: Features, rectify: bool) -> Features {
        let (x, scale, shift) = (Values::of(&x), Values::of(&scale), Values::of(&shift));
        let (count, extent) = x.extent();
        let (len, channels) = (extent.len(), extent.channels);
        let low = if rectify { 0.0 } else { f32::NEG_INFINITY };
        let values = fill(count, len, |_, i, part| {
            let (scale, shift) = (&scale.get()[i * channels..][..channels], &shift.get()[i * channels..][..channels]);
            for (target, pixel) in part.chunks_exact_mut(channels).zip(x.get()[i * len..].chunks_exact(channels)) {
                for c in 0..channels {
                    target[c] = (pixel[c] * scale[c] + shift[c]).max(low);
                }
            }
        });
        tensor(values, [count, extent.height, extent.width, channels])
    }

    fn affine_gradients(x: Features, scale: Features, gradient: Features) -> [Features; 3] {
        let (x, scale, gradient) = (Values::of(&x), Values::of(&scale), Values::of(&gradient));
        let (count, extent) = x.extent();
        let (len, channels) = (extent.len(), extent.channels);
        let by_x = fill(count, len, |_, i, part| {
            let scale = &scale.get()[i * channels..][..channels];
            for (target, pixel) in part.chunks_exact_mut(channels).zip(gradient.get()[i * len..].chunks_exact(channels)) {
                for c in 0..channels {
                    target[c] = pixel[c] * scale[c];
                }
            }
        });
        let sums = by_picture(count, |i| {
            let (x, gradient) = (&x.get()[i * len..][..len], &gradient.get()[i * len..][..len]);
            channel_sums(x, gradient, channels, |x, g, _| [x * g, g]).concat()
        });
        let half = |start: usize| -> Vec<f32> { sums.iter().flat_map(|s| &s[start..start + channels]).copied().collect() };
        [
            tensor(by_x, [count, extent.height, extent.width, channels]),
            tensor(half(0), [count, channels]),
            tensor(half(channels), [count, channels]),
        ]
    }

    fn max_pool(x: Features) -> Features {
        let x = Values::of(&x);
        let (count, extent) = x.extent();
        let (len, output) = (extent.len(), halved(extent));
        let values = fill(count, output.len(), |threads, i, part| {
            pool::pool(threads, HALVING, (&x.get()[i * len..][..len], extent), (part, output));
        });
        tensor(values, [count, output.height, output.width, output.channels])
    }

    fn max_pool_gradient(x: Features, gradient: Features) -> Features {
        let (x, gradient) = (Values::of(&x), Values::of(&gradient));
        let (count, extent) = x.extent();
        let (len, output) = (extent.len(), halved(extent));
        let values = fill(count, len, |threads, i, part| {
            let gradient = &gradient.get()[i * output.len()..][..output.len()];
            pool::gradient(threads, HALVING, (&x.get()[i * len..][..len], extent), (gradient, output), part);
        });
        tensor(values, [count, extent.height, extent.width, extent.channels])
    }

    fn gram(x: Features) -> Features {
        let x = Values::of(&x);
        let (count, extent) = x.extent();
        let (len, channels) = (extent.len(), extent.channels);
        let spec = Spec::pointwise(channels);
        let scale = 1.0 / (extent.height * extent.width) as f32;
        // A Gram matrix is the weight gradient of a 1×1 convolution whose output gradient is its input.
        let values = fill(count, channels * channels, |threads, i, part| {
            let x = &x.get()[i * len..][..len];
            let gram = weight_gradient(threads, Isa::best(), &spec, Source::plain(x, extent), [0, 0], (x, extent));
            part.iter_mut().zip(gram).for_each(|(t, g)| *t = g * scale);
        });
        tensor(values, [count, channels, channels])
    }

    fn gram_gradient(x: Features, gradient: Features) -> Features {
        let (x, gradient) = (Values::of(&x), Values::of(&gradient));
        let (count, extent) = x.extent();
        let (len, channels) = (extent.len(), extent.channels);
        let scale = 1.0 / (extent.height * extent.width) as f32;
        let values = fill(count, len, |threads, i, part| {
            // G = xᵀx, so the gradient by x is x (g + gᵀ).
            let g = &gradient.get()[i * channels * channels..][..channels * channels];
            let both: Vec<f32> = (0..g.len()).map(|j| (g[j] + g[j % channels * channels + j / channels]) * scale).collect();
            let conv = Conv::new(Spec::pointwise(channels), &both, None, Activation::None, Isa::best(), None);
            conv.run(threads, Source::plain(&x.get()[i * len..][..len], extent), [0, 0], (part, extent), false, None);
        });
        tensor(values, [count, extent.height, extent.width, channels])
    }
}

fn halved(extent: Extent) -> Extent {
    Extent { height: extent.height / 2, width: extent.width / 2, ..extent }
}
