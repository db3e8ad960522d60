//! The few operations that training spends its time in, as an extension of burn's backends.
//!
//! Features are `[picture, height, width, channel]`, as in the engine. On the CPU, the operations run on Impasto's
//! own kernels (`cpu.rs`). Other backends compose them of burn's operations (`generic.rs`). The gradients are written
//! by hand, once for both (`autodiff.rs`).

mod autodiff;
mod cpu;
mod generic;
mod kernels;

use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Dispatch, backend_extension};
use burn::tensor::Tensor;
use impasto_kernels::Border;

pub(crate) use kernels::Kernels;

/// The parameters of a convolution, except for its kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvShape {
    /// Stride along both axes.
    pub stride: usize,
    /// What is beyond the picture's border.
    pub border: Border,
    /// Number of rows and columns of padding before the first row and column.
    pub before: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
    /// Factor of the nearest-neighbor up-sampling of the input before the convolution.
    pub upsample: usize,
    /// Whether a ReLU follows.
    pub rectify: bool,
    /// Whether the weights never change. Then they are packed only once.
    pub frozen: bool,
}

/// The operations as burn dispatches them to a backend.
#[backend_extension(Flex, Cube: cfg(any(feature = "cuda", feature = "wgpu")), Autodiff)]
pub(crate) trait Ops: Backend {
    fn convolve_op(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self>;
    fn moments_op(x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn affine_op(x: FloatTensor<Self>, scale: FloatTensor<Self>, shift: FloatTensor<Self>, rectify: bool) -> FloatTensor<Self>;
    fn max_pool_op(x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn gram_op(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

// On a GPU, the operations are burn's, which fuses and tunes them.
#[cfg(any(feature = "cuda", feature = "wgpu"))]
impl Kernels for burn_cubecl::CubeBackend {}

#[cfg(any(feature = "cuda", feature = "wgpu"))]
impl Ops for burn_cubecl::CubeBackend {
    fn convolve_op(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        Self::convolve(x, weight, bias, shape)
    }

    fn moments_op(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::moments(x)
    }

    fn affine_op(x: FloatTensor<Self>, scale: FloatTensor<Self>, shift: FloatTensor<Self>, rectify: bool) -> FloatTensor<Self> {
        Self::affine(x, scale, shift, rectify)
    }

    fn max_pool_op(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::max_pool(x)
    }

    fn gram_op(x: FloatTensor<Self>) -> FloatTensor<Self> {
        Self::gram(x)
    }
}

/// Gradients of a convolution. Those that were not requested are absent.
pub(crate) struct ConvGradients<B: Backend> {
    input: Option<FloatTensor<B>>,
    weight: Option<FloatTensor<B>>,
    bias: Option<FloatTensor<B>>,
}

/// Convolves `[n, h, w, in]` with `[kh, kw, in, out]` and adds a bias `[out]`.
pub fn convolve(x: Tensor<4>, weight: Tensor<4>, bias: Tensor<1>, shape: ConvShape) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Ops>::convolve_op(x.into_dispatch(), weight.into_dispatch(), bias.into_dispatch(), shape))
}

/// Returns the mean and the biased variance of every channel of every picture
/// over height and width: `[n, 2, channels]`.
pub fn moments(x: Tensor<4>) -> Tensor<3> {
    Tensor::from_dispatch(<Dispatch as Ops>::moments_op(x.into_dispatch()))
}

/// Returns `x · scale + shift`, with a scale and a shift `[n, channels]` for every channel of
/// every picture. If `rectify`, a ReLU follows.
pub fn affine(x: Tensor<4>, scale: Tensor<2>, shift: Tensor<2>, rectify: bool) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Ops>::affine_op(x.into_dispatch(), scale.into_dispatch(), shift.into_dispatch(), rectify))
}

/// Returns the maximum of every 2×2 pixels. An odd last row or column is dropped.
pub fn max_pool(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(<Dispatch as Ops>::max_pool_op(x.into_dispatch()))
}

/// Returns the Gram matrix of every picture's features, `[n, channels, channels]`: the products of channels, averaged
/// over the pixels (Gatys et al. 2015, arXiv 1508.06576, divided by the number of pixels).
pub fn gram(x: Tensor<4>) -> Tensor<3> {
    Tensor::from_dispatch(<Dispatch as Ops>::gram_op(x.into_dispatch()))
}
