//! Forward and backward passes on our kernels. The gradient of a convolution with respect to its
//! input is a convolution with rotated weights, on the same kernels.
//!
//! `slots.rs` decides beforehand which values are kept for the backward pass, and which buffer
//! holds what. So memory is known before the first picture.

mod pass;
mod slots;

use impasto_kernels::conv::{Conv, InputGradient, Spec};
use impasto_kernels::{Activation, Isa, pool};

use super::border;
use crate::Result;
use crate::engine::gradient::{Wanted, unsupported};
use crate::graph::{self, Graph, Op, Padding, PoolKind};
use crate::weights::Weights;
use slots::Plan;

/// A graph that has been compiled for both passes.
pub(super) struct Network {
    isa: Isa,
    graph: Graph,
    /// One for each node.
    layers: Vec<Layer>,
    kernels: Vec<Packed>,
    norms: Vec<Norm>,
    /// Whether kernels have gradients.
    by_kernels: bool,
    plan: Plan,
}

/// A convolution's kernel.
struct Packed {
    spec: Spec,
    bias: Option<Vec<f32>>,
    activation: Activation,
    forwards: Conv,
    /// If a gradient is needed for the convolution's input.
    backwards: Option<InputGradient>,
}

/// A conditional norm.
struct Norm {
    epsilon: f32,
    /// Whether its only reader is a ReLU, which is then fused into it.
    rectified: bool,
}

/// What a node does, and where its values are. Numbers are those of nodes.
enum Layer {
    Input,
    Conv {
        kernel: usize,
        from: Value,
        padding: Padding,
        /// Whether its only reader is a ReLU, which is then fused into it.
        rectified: bool,
    },
    Pool {
        pool: pool::Pool,
        from: usize,
    },
    Norm {
        norm: usize,
        from: usize,
    },
    /// A batch norm with fixed statistics: one factor and one summand per channel.
    Fixed {
        from: usize,
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    Relu {
        from: usize,
    },
    Sigmoid {
        from: usize,
    },
    Add {
        from: [usize; 2],
    },
    /// Another node's values, perhaps up-sampled by the reader.
    Same,
}

/// A node's values: those that `node` holds, up-sampled by whatever reads them.
#[derive(Debug, Clone, Copy)]
struct Value {
    node: usize,
    upsample: usize,
}

impl Layer {
    /// The nodes whose values it reads.
    fn reads(&self) -> Vec<usize> {
        match self {
            Layer::Input | Layer::Same => Vec::new(),
            Layer::Conv { from, .. } => vec![from.node],
            Layer::Add { from } => from.to_vec(),
            Layer::Pool { from, .. }
            | Layer::Norm { from, .. }
            | Layer::Fixed { from, .. }
            | Layer::Relu { from }
            | Layer::Sigmoid { from } => vec![*from],
        }
    }
}

impl Network {
    pub(super) fn compile(graph: &Graph, weights: &Weights, wanted: &Wanted<'_>, isa: Isa) -> Result<Self> {
        let channels = graph.channels()?;
        let nodes = graph.nodes();
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
        for (i, node) in nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| readers[input.index()].push(i));
        }
        let is_relu = |&reader: &usize| nodes[reader].op == Op::Activation(graph::Activation::Relu);
        // Only if nothing observes the values before the ReLU.
        let rectified = |i: usize| {
            readers[i].len() == 1 && readers[i].iter().all(is_relu) && !wanted.seen.iter().any(|node| node.index() == i)
        };
        let (mut layers, mut norms): (Vec<Layer>, Vec<Norm>) = (Vec::new(), Vec::new());
        let mut convolutions: Vec<(Spec, &graph::Conv, Activation)> = Vec::new();
        let mut values: Vec<Value> = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            let input = |at: usize| values[node.inputs[at].index()];
            let plain = |at: usize| match input(at) {
                Value { node, upsample: 1 } => Ok(node),
                _ => Err(unsupported(graph, i, "it reads up-sampled features")),
            };
            let mut value = Value { node: i, upsample: 1 };
            let layer = match &node.op {
                Op::Input { .. } => Layer::Input,
                Op::Conv(conv) if conv.depthwise => return Err(unsupported(graph, i, "it is a depthwise convolution")),
                Op::Conv(conv) => {
                    let from = input(0);
                    let spec = Spec {
                        in_channels: channels[node.inputs[0].index()],
                        out_channels: conv.channels,
                        kernel: conv.kernel,
                        stride: conv.stride,
                        depthwise: false,
                        border: border(conv.padding),
                        upsample: from.upsample,
                    };
                    let rectified = rectified(i);
                    convolutions.push((spec, conv, if rectified { Activation::Relu } else { Activation::None }));
                    Layer::Conv { kernel: convolutions.len() - 1, from, padding: conv.padding, rectified }
                }
                Op::Pool(graph::Pool { kind, kernel, stride, padding: Padding::Valid }) if kernel == stride => {
                    let kind = match kind {
                        PoolKind::Max => pool::PoolKind::Max,
                        PoolKind::Average => pool::PoolKind::Average,
                    };
                    let pool = pool::Pool { kind, kernel: *kernel, stride: *stride, padding: [0, 0] };
                    Layer::Pool { pool, from: plain(0)? }
                }
                Op::InstanceNorm(norm) => {
                    norms.push(Norm { epsilon: norm.epsilon, rectified: rectified(i) });
                    Layer::Norm { norm: norms.len() - 1, from: plain(0)? }
                }
                Op::BatchNorm(norm) => {
                    let (scale, shift) = fixed(norm, channels[i], weights)?;
                    Layer::Fixed { from: plain(0)?, scale, shift }
                }
                Op::Activation(graph::Activation::Relu) => {
                    let from = plain(0)?;
                    let done = match &layers[from] {
                        Layer::Conv { rectified, .. } => *rectified,
                        Layer::Norm { norm, .. } => norms[*norm].rectified,
                        _ => false,
                    };
                    if done {
                        value = input(0);
                        Layer::Same
                    } else {
                        Layer::Relu { from }
                    }
                }
                Op::Activation(graph::Activation::Sigmoid) => Layer::Sigmoid { from: plain(0)? },
                Op::Add => Layer::Add { from: [plain(0)?, plain(1)?] },
                Op::Upsample { factor } => {
                    value = Value { upsample: input(0).upsample * factor, ..input(0) };
                    Layer::Same
                }
                _ => return Err(unsupported(graph, i, "layers of its kind are not differentiable here")),
            };
            layers.push(layer);
            values.push(value);
        }
        let mut seen = vec![None; nodes.len()];
        for &node in wanted.seen {
            match values[node.index()] {
                Value { node: holder, upsample: 1 } => seen[holder] = Some(node),
                _ => return Err(unsupported(graph, node.index(), "the loss compares its up-sampled features")),
            }
        }
        let plan = Plan::new(graph, &layers, &norms, &seen, wanted);
        let pack = |(number, (spec, conv, activation)): (usize, (Spec, &graph::Conv, Activation))| {
            let [kh, kw] = spec.kernel;
            let values = weights.require(&conv.weight, &[kh, kw, spec.in_channels, spec.out_channels])?.data();
            let bias = conv.bias.as_ref().map(|name| weights.require(name, &[spec.out_channels])).transpose()?;
            let bias = bias.map(|bias| bias.data().to_vec());
            let goes_on =
                |layer: &Layer| matches!(layer, Layer::Conv { kernel, from, .. } if *kernel == number && plan.needed[from.node]);
            Ok(Packed::new(spec, values, (bias, activation), layers.iter().any(goes_on), isa))
        };
        let kernels = convolutions.into_iter().enumerate().map(pack).collect::<Result<_>>()?;
        Ok(Network { isa, graph: graph.clone(), layers, kernels, norms, by_kernels: wanted.kernels, plan })
    }
}

impl Packed {
    fn new(spec: Spec, values: &[f32], after: (Option<Vec<f32>>, Activation), goes_on: bool, isa: Isa) -> Self {
        let (bias, activation) = after;
        let forwards = Conv::new(spec, values, bias.as_deref(), activation, isa, None);
        let backwards = goes_on.then(|| InputGradient::new(spec, values, isa));
        Packed { spec, bias, activation, forwards, backwards }
    }

    fn replace(&mut self, values: &[f32], isa: Isa) {
        let after = (self.bias.take(), self.activation);
        *self = Packed::new(self.spec, values, after, self.backwards.is_some(), isa);
    }

    /// Bytes of the weights, for both passes.
    fn bytes(&self) -> usize {
        self.forwards.weight_bytes() * if self.backwards.is_some() { 2 } else { 1 }
    }
}

/// Computes one factor and one summand per channel.
fn fixed(norm: &graph::BatchNorm, channels: usize, weights: &Weights) -> Result<(Vec<f32>, Vec<f32>)> {
    let array = |name: &String| Ok::<_, crate::Error>(weights.require(name, &[channels])?.data());
    let (mean, variance, beta) = (array(&norm.mean)?, array(&norm.variance)?, array(&norm.beta)?);
    let gamma = norm.gamma.as_ref().map(array).transpose()?;
    let scale =
        |c: usize| f64::from(gamma.map_or(1.0, |gamma| gamma[c])) / (f64::from(variance[c]) + f64::from(norm.epsilon)).sqrt();
    let shift = |c: usize| f64::from(beta[c]) - f64::from(mean[c]) * scale(c);
    Ok(((0..channels).map(|c| scale(c) as f32).collect(), (0..channels).map(|c| shift(c) as f32).collect()))
}
