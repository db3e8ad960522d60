//! What a backend must compute: each operation and its gradients. The default bodies compose them of burn's operations.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use super::{ConvGradients, ConvShape, generic};

/// The operations of [`super::Ops`] and their gradients on a backend without autodiff.
pub(crate) trait Kernels: Backend {
    fn convolve(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>, shape: ConvShape) -> FloatTensor<Self> {
        generic::convolve::<Self>(x, weight, bias, shape)
    }

    /// Returns the gradients by input (if wanted), and by weights and bias (if wanted). `gradient`
    /// is that of the output *before* the ReLU.
    fn convolve_gradients(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
        wanted: [bool; 2],
    ) -> ConvGradients<Self> {
        generic::convolve_gradients::<Self>(x, weight, gradient, shape, wanted)
    }

    /// Returns `gradient` where `output` is positive, else 0.
    fn rectified(output: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        generic::rectified::<Self>(output, gradient)
    }

    fn moments(x: FloatTensor<Self>) -> FloatTensor<Self> {
        generic::moments::<Self>(x)
    }

    fn moments_gradient(x: FloatTensor<Self>, moments: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        generic::moments_gradient::<Self>(x, moments, gradient)
    }

    fn affine(x: FloatTensor<Self>, scale: FloatTensor<Self>, shift: FloatTensor<Self>, rectify: bool) -> FloatTensor<Self> {
        generic::affine::<Self>(x, scale, shift, rectify)
    }

    /// Returns the gradients by input, scale and shift. `gradient` is that of the output *before* the ReLU.
    fn affine_gradients(x: FloatTensor<Self>, scale: FloatTensor<Self>, gradient: FloatTensor<Self>) -> [FloatTensor<Self>; 3] {
        generic::affine_gradients::<Self>(x, scale, gradient)
    }

    fn max_pool(x: FloatTensor<Self>) -> FloatTensor<Self> {
        generic::max_pool::<Self>(x)
    }

    fn max_pool_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        generic::max_pool_gradient::<Self>(x, gradient)
    }

    fn gram(x: FloatTensor<Self>) -> FloatTensor<Self> {
        generic::gram::<Self>(x)
    }

    fn gram_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self> {
        generic::gram_gradient::<Self>(x, gradient)
    }
}
