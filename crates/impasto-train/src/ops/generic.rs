//! The operations composed of burn's own, for backends without kernels of ours. Tests compare our kernels with them.

use burn::backend::ops::ConvOptions;
use burn::backend::tensor::{Device, FloatTensor};
use burn::backend::{Backend, TensorMetadata};
use burn::tensor::{FloatDType, IndexingUpdateOp, IntDType, Shape, TensorData};

use impasto_kernels::Border;

use super::ConvGradients;
use super::ConvShape;

/// From `[n, h, w, c]` to the order of burn's convolutions, and back.
const CHANNELS_FIRST: [usize; 4] = [0, 3, 1, 2];
const CHANNELS_LAST: [usize; 4] = [0, 2, 3, 1];
/// From `[kh, kw, in, out]` to the order of burn's convolutions, and back.
const KERNEL_THERE: [usize; 4] = [3, 2, 0, 1];
const KERNEL_BACK: [usize; 4] = [2, 3, 1, 0];

fn dims<B: Backend>(x: &FloatTensor<B>) -> [usize; 4] {
    x.shape().dims()
}

/// For each row (or column) of the padded and up-sampled input, returns the row of the input it
/// comes from; for zeros, the input's length.
fn origins(length: usize, padded: usize, before: usize, shape: ConvShape) -> Vec<i32> {
    let enlarged = (length * shape.upsample) as i32;
    let place = |i: usize| {
        let at = i as i32 - before as i32;
        match shape.border {
            _ if (0..enlarged).contains(&at) => at / shape.upsample as i32,
            Border::Zero => length as i32,
            Border::Edge => at.clamp(0, enlarged - 1) / shape.upsample as i32,
            Border::Reflect if at < 0 => -at / shape.upsample as i32,
            Border::Reflect => (2 * enlarged - 2 - at) / shape.upsample as i32,
        }
    };
    (0..padded).map(place).collect()
}

/// The origins along both axes, as index tensors.
fn indices<B: Backend>(
    x: [usize; 4],
    kernel: [usize; 2],
    shape: ConvShape,
    device: &Device<B>,
) -> [burn::backend::tensor::IntTensor<B>; 2] {
    [0, 1].map(|axis| {
        let padded = (shape.output[axis] - 1) * shape.stride + kernel[axis];
        let origins = origins(x[axis + 1], padded, shape.before[axis], shape);
        B::int_from_data(TensorData::new(origins, [padded]), device)
    })
}

/// Adds a row and a column of zeros, for [`origins`] to point to.
fn with_zeros<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let device = x.device();
    [1, 2].into_iter().fold(x, |x, axis| {
        let mut shape = dims::<B>(&x);
        shape[axis] = 1;
        B::float_cat(vec![x, B::float_zeros(Shape::from(shape), &device, FloatDType::F32)], axis)
    })
}

fn padded<B: Backend>(x: FloatTensor<B>, kernel: [usize; 2], shape: ConvShape) -> FloatTensor<B> {
    let [rows, columns] = indices::<B>(dims::<B>(&x), kernel, shape, &x.device());
    B::float_select(B::float_select(with_zeros::<B>(x), 1, rows), 2, columns)
}

fn options(shape: ConvShape) -> ConvOptions<2> {
    ConvOptions::new([shape.stride; 2], [0, 0], [1, 1], 1)
}

pub(super) fn convolve<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    shape: ConvShape,
) -> FloatTensor<B> {
    let [kh, kw, ..] = dims::<B>(&weight);
    let x = B::float_permute(padded::<B>(x, [kh, kw], shape), &CHANNELS_FIRST);
    let y = B::conv2d(x, B::float_permute(weight, &KERNEL_THERE), Some(bias), options(shape));
    let y = B::float_permute(y, &CHANNELS_LAST);
    if shape.rectify { B::float_clamp_min(y, 0.0f32.into()) } else { y }
}

pub(super) fn convolve_gradients<B: Backend>(
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    gradient: FloatTensor<B>,
    shape: ConvShape,
    [by_input, by_weights]: [bool; 2],
) -> ConvGradients<B> {
    let [kh, kw, ..] = dims::<B>(&weight);
    let (size, device) = (dims::<B>(&x), x.device());
    let x = B::float_permute(padded::<B>(x, [kh, kw], shape), &CHANNELS_FIRST);
    let weight = B::float_permute(weight, &KERNEL_THERE);
    let mut found = ConvGradients { input: None, weight: None, bias: None };
    if by_weights {
        let sums = B::float_sum_dims(gradient.clone(), &[0, 1, 2]);
        let channels = dims::<B>(&gradient)[3];
        found.bias = Some(B::float_reshape(sums, Shape::from([channels])));
    }
    let gradient = B::float_permute(gradient, &CHANNELS_FIRST);
    if by_weights {
        let by_weight = B::conv2d_weight_backward(x.clone(), weight.clone(), gradient.clone(), options(shape));
        found.weight = Some(B::float_permute(by_weight, &KERNEL_BACK));
    }
    if by_input {
        let by_padded = B::float_permute(B::conv2d_x_backward(x, weight, gradient, options(shape)), &CHANNELS_LAST);
        let [rows, columns] = indices::<B>(size, [kh, kw], shape, &device);
        let [n, h, w, c] = size;
        let padded_rows = dims::<B>(&by_padded)[1];
        let zeros = |shape: [usize; 4]| B::float_zeros(Shape::from(shape), &device, FloatDType::F32);
        let narrow = B::float_select_assign(zeros([n, padded_rows, w + 1, c]), 2, columns, by_padded, IndexingUpdateOp::Add);
        let whole = B::float_select_assign(zeros([n, h + 1, w + 1, c]), 1, rows, narrow, IndexingUpdateOp::Add);
        let keep = |length: usize| B::int_from_data(TensorData::new((0..length as i32).collect::<Vec<_>>(), [length]), &device);
        found.input = Some(B::float_select(B::float_select(whole, 1, keep(h)), 2, keep(w)));
    }
    found
}

pub(super) fn rectified<B: Backend>(output: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
    // Multiplies by 0 or 1 instead of using booleans, whose type differs between backends.
    B::float_mul(gradient, B::float_sign(B::float_clamp_min(output, 0.0f32.into())))
}

/// From `[n, h, w, c]` to `[n, h · w, c]`.
fn pixels<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [n, h, w, c] = dims::<B>(&x);
    B::float_reshape(x, Shape::from([n, h * w, c]))
}

/// From `[n, c]` to `[n, 1, 1, c]`.
fn spread<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [n, c] = x.shape().dims();
    B::float_reshape(x, Shape::from([n, 1, 1, c]))
}

pub(super) fn moments<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let x = pixels::<B>(x);
    let mean = B::float_mean_dim(x.clone(), 1);
    let centred = B::float_sub(x, mean.clone());
    let variance = B::float_mean_dim(B::float_mul(centred.clone(), centred), 1);
    B::float_cat(vec![mean, variance], 1)
}

pub(super) fn moments_gradient<B: Backend>(
    x: FloatTensor<B>,
    moments: FloatTensor<B>,
    gradient: FloatTensor<B>,
) -> FloatTensor<B> {
    let size = dims::<B>(&x);
    let device = x.device();
    let x = pixels::<B>(x);
    let count = (size[1] * size[2]) as f32;
    let row =
        |of: &FloatTensor<B>, i: i32| B::float_select(of.clone(), 1, B::int_from_data(TensorData::new(vec![i], [1]), &device));
    let slope = B::float_mul_scalar(row(&gradient, 1), (2.0 / count).into());
    let by_mean = B::float_mul_scalar(row(&gradient, 0), (1.0 / count).into());
    let centred = B::float_sub(x, row(&moments, 0));
    B::float_reshape(B::float_add(B::float_mul(centred, slope), by_mean), Shape::from(size))
}

pub(super) fn affine<B: Backend>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    shift: FloatTensor<B>,
    rectify: bool,
) -> FloatTensor<B> {
    let y = B::float_add(B::float_mul(x, spread::<B>(scale)), spread::<B>(shift));
    if rectify { B::float_clamp_min(y, 0.0f32.into()) } else { y }
}

pub(super) fn affine_gradients<B: Backend>(
    x: FloatTensor<B>,
    scale: FloatTensor<B>,
    gradient: FloatTensor<B>,
) -> [FloatTensor<B>; 3] {
    let [n, _, _, c] = dims::<B>(&x);
    let sums = |x: FloatTensor<B>| B::float_reshape(B::float_sum_dims(x, &[1, 2]), Shape::from([n, c]));
    [B::float_mul(gradient.clone(), spread::<B>(scale)), sums(B::float_mul(x, gradient.clone())), sums(gradient)]
}

pub(super) fn max_pool<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let y = B::max_pool2d(B::float_permute(x, &CHANNELS_FIRST), [2, 2], [2, 2], [0, 0], [1, 1], false);
    B::float_permute(y, &CHANNELS_LAST)
}

pub(super) fn max_pool_gradient<B: Backend>(x: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
    let x = B::float_permute(x, &CHANNELS_FIRST);
    let (kernel, none, one) = ([2, 2], [0, 0], [1, 1]);
    let found = B::max_pool2d_with_indices(x.clone(), kernel, kernel, none, one, false, IntDType::I32);
    let gradient = B::float_permute(gradient, &CHANNELS_FIRST);
    let back = B::max_pool2d_with_indices_backward(x, kernel, kernel, none, one, false, gradient, found.indices);
    B::float_permute(back.x_grad, &CHANNELS_LAST)
}

pub(super) fn gram<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let [_, h, w, _] = dims::<B>(&x);
    let x = pixels::<B>(x);
    let products = B::float_matmul(B::float_swap_dims(x.clone(), 1, 2), x);
    B::float_mul_scalar(products, (1.0 / (h * w) as f32).into())
}

pub(super) fn gram_gradient<B: Backend>(x: FloatTensor<B>, gradient: FloatTensor<B>) -> FloatTensor<B> {
    let size = dims::<B>(&x);
    let both = B::float_add(gradient.clone(), B::float_swap_dims(gradient, 1, 2));
    let both = B::float_mul_scalar(both, (1.0 / (size[1] * size[2]) as f32).into());
    B::float_reshape(B::float_matmul(pixels::<B>(x), both), Shape::from(size))
}

#[cfg(test)]
mod tests {
    //! Compares our kernels with burn's operations, forward and backward.

    use burn::backend::Flex;

    use super::*;
    use crate::ops::Kernels;

    type Features = FloatTensor<Flex>;

    fn noise<const D: usize>(rng: &mut fastrand::Rng, shape: [usize; D]) -> Features {
        let values: Vec<f32> = (0..shape.iter().product()).map(|_| rng.f32() * 2.0 - 1.0).collect();
        Features::from_data(TensorData::new(values, shape))
    }

    /// Checks that two tensors agree to within 2e-5 of the largest value.
    fn check(what: &str, got: Features, expected: Features) {
        assert_eq!(got.shape(), expected.shape(), "{what}");
        let (got, expected) = (got.to_contiguous(), expected.to_contiguous());
        let (got, expected) = (got.as_slice::<f32>().unwrap(), expected.as_slice::<f32>().unwrap());
        let largest = expected.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
        let error = got
            .iter()
            .zip(expected)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0f32, |m, d| if d.is_nan() { f32::INFINITY } else { m.max(d) });
        assert!(error <= 2e-5 * largest, "{what}: {error} of {largest}");
    }

    #[test]
    fn convolutions_agree() {
        let mut rng = fastrand::Rng::with_seed(1);
        for (i, (kernel, stride, border, upsample)) in [
            (3, 1, Border::Reflect, 1),
            (5, 1, Border::Reflect, 1),
            (3, 2, Border::Reflect, 1),
            (5, 2, Border::Reflect, 1),
            (3, 1, Border::Reflect, 2),
            (5, 1, Border::Edge, 2),
            (3, 2, Border::Zero, 1),
            (3, 1, Border::Zero, 1),
            (1, 1, Border::Zero, 1),
        ]
        .into_iter()
        .enumerate()
        {
            for (n, h, w, input, output) in [(1, 8, 11, 3, 16), (3, 13, 9, 8, 5)] {
                let before = [kernel / 2; 2];
                let out = |length: usize| (length * upsample + 2 * (kernel / 2) - kernel) / stride + 1;
                let shape =
                    ConvShape { stride, border, before, output: [out(h), out(w)], upsample, rectify: i % 2 == 0, frozen: false };
                let (x, weight) = (noise(&mut rng, [n, h, w, input]), noise(&mut rng, [kernel, kernel, input, output]));
                let bias = noise(&mut rng, [output]);
                let what = format!("{shape:?} of {n}×{h}×{w}");
                let y = Flex::convolve(x.clone(), weight.clone(), bias.clone(), shape);
                check(&what, y, convolve::<Flex>(x.clone(), weight.clone(), bias, shape));
                let g = noise(&mut rng, [n, shape.output[0], shape.output[1], output]);
                let got = Flex::convolve_gradients(x.clone(), weight.clone(), g.clone(), shape, [true, true]);
                let expected = convolve_gradients::<Flex>(x, weight, g, shape, [true, true]);
                check(&what, got.input.unwrap(), expected.input.unwrap());
                check(&what, got.weight.unwrap(), expected.weight.unwrap());
                check(&what, got.bias.unwrap(), expected.bias.unwrap());
            }
        }
    }

    #[test]
    fn the_rest_agrees() {
        let mut rng = fastrand::Rng::with_seed(2);
        for [n, h, w, c] in [[1, 7, 5, 3], [4, 16, 9, 20]] {
            let x = noise(&mut rng, [n, h, w, c]);
            let g = noise(&mut rng, [n, h, w, c]);
            let (scale, shift) = (noise(&mut rng, [n, c]), noise(&mut rng, [n, c]));
            check(
                "affine",
                Flex::affine(x.clone(), scale.clone(), shift.clone(), true),
                affine::<Flex>(x.clone(), scale.clone(), shift, true),
            );
            check("rectified", Flex::rectified(x.clone(), g.clone()), rectified::<Flex>(x.clone(), g.clone()));
            let got = Flex::affine_gradients(x.clone(), scale.clone(), g.clone());
            for (got, expected) in got.into_iter().zip(affine_gradients::<Flex>(x.clone(), scale, g)) {
                check("affine's gradients", got, expected);
            }
            let m = moments::<Flex>(x.clone());
            check("moments", Flex::moments(x.clone()), m.clone());
            let g = noise(&mut rng, [n, 2, c]);
            check(
                "moments' gradient",
                Flex::moments_gradient(x.clone(), m.clone(), g.clone()),
                moments_gradient::<Flex>(x.clone(), m, g),
            );
            check("gram", Flex::gram(x.clone()), gram::<Flex>(x.clone()));
            let g = noise(&mut rng, [n, c, c]);
            check("gram's gradient", Flex::gram_gradient(x.clone(), g.clone()), gram_gradient::<Flex>(x.clone(), g));
            check("pool", Flex::max_pool(x.clone()), max_pool::<Flex>(x.clone()));
            let g = noise(&mut rng, [n, h / 2, w / 2, c]);
            check("pool's gradient", Flex::max_pool_gradient(x.clone(), g.clone()), max_pool_gradient::<Flex>(x, g));
        }
    }
}
