//! The gradients of the operations, for any backend that implements [`Kernels`].

use burn::backend::Autodiff;
use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops as Recorded, OpsKind, unary};
use burn::backend::tensor::FloatTensor;

use super::{ConvShape, Kernels, Ops};

impl<B: Kernels, C: CheckpointStrategy> Ops for Autodiff<B, C> {
    fn convolve_op(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        shape: ConvShape,
    ) -> FloatTensor<Self> {
        let ((x, x_node), (weight, weight_node), (bias, bias_node)) = (x.into_parts(), weight.into_parts(), bias.into_parts());
        match Convolve.prepare::<C>([x_node, weight_node, bias_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::convolve(x.clone(), weight.clone(), bias, shape);
                let output = shape.rectify.then(|| y.clone());
                prepared.finish((x, weight, output, shape), y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::convolve(x, weight, bias, shape)),
        }
    }

    fn moments_op(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        match Moments.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let moments = B::moments(x.clone());
                prepared.finish((x, moments.clone()), moments)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::moments(x)),
        }
    }

    fn affine_op(x: FloatTensor<Self>, scale: FloatTensor<Self>, shift: FloatTensor<Self>, rectify: bool) -> FloatTensor<Self> {
        let ((x, x_node), (scale, scale_node), (shift, shift_node)) = (x.into_parts(), scale.into_parts(), shift.into_parts());
        match Affine.prepare::<C>([x_node, scale_node, shift_node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::affine(x.clone(), scale.clone(), shift, rectify);
                let output = rectify.then(|| y.clone());
                prepared.finish((x, scale, output), y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::affine(x, scale, shift, rectify)),
        }
    }

    fn max_pool_op(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        match MaxPool.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::max_pool(x.clone());
                prepared.finish(x, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::max_pool(x)),
        }
    }

    fn gram_op(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let (x, node) = x.into_parts();
        match Gram.prepare::<C>([node]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::gram(x.clone());
                prepared.finish(x, y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::gram(x)),
        }
    }
}

/// Registers a gradient if its tensor asked for it.
fn register<B: Kernels>(grads: &mut Gradients, node: Option<NodeId>, gradient: Option<FloatTensor<B>>) {
    if let (Some(node), Some(gradient)) = (node, gradient) {
        grads.register::<B>(node, gradient);
    }
}

#[derive(Debug)]
struct Convolve;

impl<B: Kernels> Backward<B, 3> for Convolve {
    type State = (FloatTensor<B>, FloatTensor<B>, Option<FloatTensor<B>>, ConvShape);

    fn backward(self, ops: Recorded<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, weight, output, shape) = ops.state;
        let mut gradient = grads.consume::<B>(&ops.node);
        if let Some(output) = output {
            gradient = B::rectified(output, gradient);
        }
        let [by_x, by_weight, by_bias] = ops.parents.map(|node| node.map(|node| node.id));
        let wanted = [by_x.is_some(), by_weight.is_some() || by_bias.is_some()];
        let found = B::convolve_gradients(x, weight, gradient, shape, wanted);
        register::<B>(grads, by_x, found.input);
        register::<B>(grads, by_weight, found.weight);
        register::<B>(grads, by_bias, found.bias);
    }
}

#[derive(Debug)]
struct Moments;

impl<B: Kernels> Backward<B, 1> for Moments {
    type State = (FloatTensor<B>, FloatTensor<B>);

    fn backward(self, ops: Recorded<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, moments) = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |gradient| B::moments_gradient(x, moments, gradient));
    }
}

#[derive(Debug)]
struct Affine;

impl<B: Kernels> Backward<B, 3> for Affine {
    type State = (FloatTensor<B>, FloatTensor<B>, Option<FloatTensor<B>>);

    fn backward(self, ops: Recorded<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let (x, scale, output) = ops.state;
        let mut gradient = grads.consume::<B>(&ops.node);
        if let Some(output) = output {
            gradient = B::rectified(output, gradient);
        }
        let [by_x, by_scale, by_shift] = ops.parents.map(|node| node.map(|node| node.id));
        let [x, scale, shift] = B::affine_gradients(x, scale, gradient);
        register::<B>(grads, by_x, Some(x));
        register::<B>(grads, by_scale, Some(scale));
        register::<B>(grads, by_shift, Some(shift));
    }
}

#[derive(Debug)]
struct MaxPool;

impl<B: Kernels> Backward<B, 1> for MaxPool {
    type State = FloatTensor<B>;

    fn backward(self, ops: Recorded<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let x = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |gradient| B::max_pool_gradient(x, gradient));
    }
}

#[derive(Debug)]
struct Gram;

impl<B: Kernels> Backward<B, 1> for Gram {
    type State = FloatTensor<B>;

    fn backward(self, ops: Recorded<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let x = ops.state;
        unary::<B, _>(ops.parents, ops.node, grads, |gradient| B::gram_gradient(x, gradient));
    }
}
