//! Architectures. Each has its own module with a short function that builds a [`Graph`], and a row in one list
//! ([`LIST`]). [`Model::assemble`] recognizes the architecture of a weights file.
//!
//! Parameter names and layouts are those of Magenta's TensorFlow checkpoint, whatever file the weights come from:
//! kernels `[kh, kw, in, out]`, depthwise kernels `[kh, kw, channels, 1]`. These are called *canonical* here.

pub mod adain;
mod architecture;
mod canonical;
mod container;
mod design;
mod embedded;
pub mod feed_forward;
mod foreign;
pub mod inception;
mod list;
pub mod magenta;
pub mod microast;
pub mod mobilenet;
mod model;
pub mod native;
mod open;
mod recognise;
mod untrained;
pub mod vgg;

pub use architecture::Architecture;
pub use list::{Entry, LIST, Published, published};
pub use model::{Family, Kind, Model, Network, Options, Part};
pub(crate) use untrained::{Numbers, random as random_weights};

use crate::graph::{Conv, Graph, NodeId, Op, Padding};
use crate::weights::Weights;

/// How a convolution's output is normalized with fixed statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FixedNorm {
    /// A separate batch norm: `SCOPE/BatchNorm/{moving_mean, moving_variance, beta}` (and
    /// `gamma`, if the architecture has it).
    Batch,
    /// Folded into the kernel; a bias `SCOPE/biases` remains.
    Folded,
}

impl FixedNorm {
    /// Detects the norm that these arrays have in a scope.
    fn of(weights: &Weights, scope: &str) -> Self {
        if weights.get(&format!("{scope}/biases")).is_some() { FixedNorm::Folded } else { FixedNorm::Batch }
    }
}

/// TensorFlow-slim's epsilon of every batch norm of the family.
const BATCH_NORM_EPSILON: f32 = 1e-3;

/// Adds the linear layer that turns means into a style vector: a 1×1 convolution with bias on a 1×1 picture.
fn bottleneck(graph: &mut Graph, x: NodeId, scope: &str, channels: usize) -> NodeId {
    let conv = Conv {
        weight: format!("{scope}/weights"),
        bias: Some(format!("{scope}/biases")),
        kernel: [1, 1],
        stride: 1,
        depthwise: false,
        channels,
        padding: Padding::Valid,
    };
    graph.push("bottleneck", Op::Conv(conv), &[x])
}
