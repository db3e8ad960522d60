//! What a backend must be able to compute: each operation and its gradients. Default bodies compose them of burn's own operations.

use burn::backend::Backend;
use burn::backend::tensor::FloatTensor;

use super::ConvShape;

/// The operations of [`super::Ops`] and their gradients on a backend without autodiff.
pub(crate) trait Kernels: Backend {
    fn convolve(x: FloatTensor<Self>, weight: FloatTensor<Self>, bias: FloatTensor<Self>, shape: ConvShape) -> FloatTensor<Self>;

    /// The gradients by input (if asked for), weights and bias (if asked for) of that by the output *before* rectification.
    fn convolve_gradients(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        shape: ConvShape,
        wanted: [bool; 2],
    ) -> ConvGradients<Self>;

    /// `gradient` where `output` is positive, else 0.
    fn rectified(output: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    fn moments(x: FloatTensor<Self>) -> FloatTensor<Self>;

    fn moments_gradient(x: FloatTensor<Self>, moments: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    fn affine(x: FloatTensor<Self>, scale: FloatTensor<Self>, shift: FloatTensor<Self>, rectify: bool) -> FloatTensor<Self>;

    /// The gradients by input, scale and shift of that by the output *before* rectification.
    fn affine_gradients(x: FloatTensor<Self>, scale: FloatTensor<Self>, gradient: FloatTensor<Self>) -> [FloatTensor<Self>; 3];

    fn max_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;

    fn max_pool_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;

    fn gram(x: FloatTensor<Self>) -> FloatTensor<Self>;

    fn gram_gradient(x: FloatTensor<Self>, gradient: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// Gradients of a convolution; those that were not asked for are absent.
pub(crate) struct ConvGradients<B: Backend> {
    pub(crate) input: Option<FloatTensor<B>>,
    pub(crate) weight: Option<FloatTensor<B>>,
    pub(crate) bias: Option<FloatTensor<B>>,
}
