//! A network that is pulled back: gradients with respect to its picture, its conditional norms and its kernels.
//!
//! A [`super::Program`] forgets a layer as soon as the next has read it, and packs its weights for good. Learning needs neither: [`Network`]
//! is a graph whose kernels can be replaced, and a [`Pass`] keeps what the way back reads. Activations are kept per convolution (its raw
//! output) and per norm (its rectified output); sums and up-samplings cost what they copy.
//!
//! Graphs of this family are supported, not only ours: convolutions that are not depthwise, conditional instance norms, fixed batch
//! norms, ReLUs, a sigmoid, sums of two, and up-samplings that a convolution reads. Whatever else there is is an error when the graph is compiled.

mod pass;

use impasto_kernels::conv::{Conv, InputGradient, Spec};
use impasto_kernels::{Activation, Border, Isa};

use crate::graph::{self, Dense, Graph, Op, Padding};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};
pub(crate) use pass::{Gradients, Pass, Wanted};

/// A graph that can be pulled back.
pub(crate) struct Network {
    isa: Isa,
    layers: Vec<Layer>,
    kernels: Vec<Kernel>,
    norms: Vec<Norm>,
    graph: Graph,
}

/// A convolution's kernel.
pub(crate) struct Kernel {
    /// Its name among the weights.
    pub(crate) name: String,
    /// `[kh, kw, in, out]`.
    pub(crate) shape: [usize; 4],
    bias: Option<Vec<f32>>,
    packed: Packed,
}

/// For both directions.
struct Packed {
    spec: Spec,
    forwards: Conv,
    backwards: InputGradient,
}

/// A conditional norm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Norm {
    /// Its node's name.
    pub(crate) name: String,
    /// How many scales and shifts it has.
    pub(crate) channels: usize,
    epsilon: f32,
    /// Whether the only reader is a ReLU, which it then does itself.
    rectified: bool,
}

/// What a node does, and where its values are. Places are those of nodes.
enum Layer {
    Input,
    Conv {
        kernel: usize,
        from: Value,
        padding: Padding,
    },
    Norm {
        norm: usize,
        from: usize,
    },
    /// A batch norm with fixed statistics: a factor and a summand a channel.
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
    /// Another node's values, perhaps enlarged by their reader.
    Same,
}

/// A node's values: those that another node holds, enlarged by whoever reads them.
#[derive(Debug, Clone, Copy)]
struct Value {
    node: usize,
    upsample: usize,
}

impl Network {
    /// Packs a graph for both directions.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`], naming the node, if no gradient is known for it; [`ErrorKind::Mismatch`] as [`Graph::check`].
    pub(crate) fn compile(graph: &Graph, weights: &Weights, isa: Isa) -> Result<Self> {
        graph.check(weights)?;
        let channels = graph.channels()?;
        let nodes = graph.nodes();
        let mut readers: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
        for (i, node) in nodes.iter().enumerate() {
            node.inputs.iter().for_each(|input| readers[input.index()].push(i));
        }
        let mut network = Network { isa, layers: Vec::new(), kernels: Vec::new(), norms: Vec::new(), graph: graph.clone() };
        let mut values: Vec<Value> = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            let unsupported =
                |what: &str| Error::new(ErrorKind::Unsupported, format!("{:?} {what}: no gradient is known for it", node.name));
            let input = |at: usize| values[node.inputs[at].index()];
            let plain = |at: usize| match input(at) {
                Value { node, upsample: 1 } => Ok(node),
                _ => Err(unsupported("reads an enlarged picture")),
            };
            let mut value = Value { node: i, upsample: 1 };
            let layer = match &node.op {
                Op::Input { .. } => Layer::Input,
                Op::Conv(conv) => {
                    let from = input(0);
                    let inputs = channels[node.inputs[0].index()];
                    let bias =
                        conv.bias.as_ref().map(|name| Ok::<_, Error>(weights.require(name, &[conv.channels])?.data().to_vec()));
                    let spec = spec(conv, inputs, from.upsample).ok_or_else(|| unsupported("is a depthwise convolution"))?;
                    let shape = [conv.kernel[0], conv.kernel[1], inputs, conv.channels];
                    let values = weights.require(&conv.weight, &shape)?.data();
                    let bias = bias.transpose()?;
                    let packed = Packed::new(spec, values, bias.as_deref(), isa);
                    network.kernels.push(Kernel { name: conv.weight.clone(), shape, bias, packed });
                    Layer::Conv { kernel: network.kernels.len() - 1, from, padding: conv.padding }
                }
                Op::InstanceNorm(norm) => {
                    let from = plain(0)?;
                    let is_relu = |&reader: &usize| nodes[reader].op == Op::Activation(graph::Activation::Relu);
                    let rectified = readers[i].len() == 1 && readers[i].iter().all(is_relu);
                    network.norms.push(Norm { name: node.name.clone(), channels: channels[i], epsilon: norm.epsilon, rectified });
                    Layer::Norm { norm: network.norms.len() - 1, from }
                }
                Op::BatchNorm(norm) => {
                    let (scale, shift) = fixed(norm, channels[i], weights)?;
                    Layer::Fixed { from: plain(0)?, scale, shift }
                }
                Op::Activation(graph::Activation::Relu) => {
                    let from = plain(0)?;
                    let done = |layer: &Layer| matches!(layer, Layer::Norm { norm, .. } if network.norms[*norm].rectified);
                    if network.layers.get(from).is_some_and(done) {
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
                _ => return Err(unsupported("is such a layer")),
            };
            network.layers.push(layer);
            values.push(value);
        }
        match values.last() {
            Some(Value { node, upsample: 1 }) if *node + 1 == nodes.len() => Ok(network),
            _ => Err(Error::new(ErrorKind::Unsupported, "the network ends in an up-sampling: no gradient is known for it")),
        }
    }

    /// All kernels, in the order of the graph.
    pub(crate) fn kernels(&self) -> &[Kernel] {
        &self.kernels
    }

    /// All conditional norms, in the order of the graph.
    pub(crate) fn norms(&self) -> &[Norm] {
        &self.norms
    }

    /// Replaces a kernel's values, `[kh, kw, in, out]`.
    ///
    /// # Panics
    /// If there are not as many as before.
    pub(crate) fn set_kernel(&mut self, kernel: usize, values: &[f32]) {
        let isa = self.isa;
        let Kernel { packed, bias, .. } = &mut self.kernels[kernel];
        *packed = Packed::new(packed.spec, values, bias.as_deref(), isa);
    }
}

impl Packed {
    fn new(spec: Spec, values: &[f32], bias: Option<&[f32]>, isa: Isa) -> Self {
        let forwards = Conv::new(spec, values, bias, Activation::None, isa, None);
        Packed { spec, forwards, backwards: InputGradient::new(spec, values, isa) }
    }
}

/// What a batch norm with fixed statistics comes to: factors and summands.
fn fixed(norm: &graph::BatchNorm, channels: usize, weights: &Weights) -> Result<(Vec<f32>, Vec<f32>)> {
    let array = |name: &str| Ok::<_, Error>(weights.require(name, &[channels])?.data());
    let (mean, variance, beta) = (array(&norm.mean)?, array(&norm.variance)?, array(&norm.beta)?);
    let gamma = norm.gamma.as_deref().map(array).transpose()?;
    let scale =
        |c: usize| f64::from(gamma.map_or(1.0, |gamma| gamma[c])) / (f64::from(variance[c]) + f64::from(norm.epsilon)).sqrt();
    let shift = |c: usize| f64::from(beta[c]) - f64::from(mean[c]) * scale(c);
    Ok(((0..channels).map(|c| scale(c) as f32).collect(), (0..channels).map(|c| shift(c) as f32).collect()))
}

/// `None` for a depthwise convolution.
fn spec(conv: &graph::Conv, in_channels: usize, upsample: usize) -> Option<Spec> {
    let border = match conv.padding {
        Padding::Reflect(_) | Padding::ReflectUp { .. } | Padding::SameMirrored => Border::Reflect,
        Padding::Edge(_) => Border::Edge,
        Padding::Valid | Padding::Same | Padding::Zero(_) => Border::Zero,
    };
    let graph::Conv { kernel, stride, channels: out_channels, .. } = *conv;
    (!conv.depthwise).then_some(Spec { in_channels, out_channels, kernel, stride, depthwise: false, border, upsample })
}

/// Scales and shifts of every conditional norm for a style vector, `z·W + b`, in the order of the graph.
///
/// # Errors
/// [`ErrorKind::Mismatch`] if an array is missing or the vector has another length than the graph's.
pub(crate) fn conditioned(graph: &Graph, weights: &Weights, vector: &[f32]) -> Result<Vec<[Vec<f32>; 2]>> {
    if vector.len() != graph.style_len {
        let text = format!("a style vector of {} numbers for a network that reads {}", vector.len(), graph.style_len);
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let channels = graph.channels()?;
    let norms = graph.nodes().iter().zip(&channels).filter_map(|(node, &channels)| match &node.op {
        Op::InstanceNorm(norm) => Some((norm, channels)),
        _ => None,
    });
    let one = |dense: &Dense, channels: usize| -> Result<Vec<f32>> {
        let matrix = weights.require(&dense.weight, &[1, 1, graph.style_len, channels])?.data().to_vec();
        let bias = weights.require(&dense.bias, &[channels])?.data().to_vec();
        Ok(super::step::Dense { weight: matrix, bias }.apply(vector))
    };
    norms.map(|(norm, channels)| Ok([one(&norm.scale, channels)?, one(&norm.shift, channels)?])).collect()
}

#[cfg(test)]
mod tests;
