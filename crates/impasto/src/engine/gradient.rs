//! A network with gradients: a forward pass, then a backward pass that returns gradients with respect to
//! the picture, the conditional norms and the convolution kernels.
//!
//! A [`super::Program`] drops a layer as soon as the next one has read it, and packs its weights
//! once and for all. A [`Network`] can replace kernels, and a [`Pass`] keeps what the backward pass
//! reads: values that are observed, where ReLUs are positive, what pools choose between, the input
//! of norms and, if kernels have gradients, the input of convolutions.
//!
//! These have gradients: convolutions that are not depthwise, pools whose windows do not overlap,
//! conditional instance norms, fixed batch norms, ReLUs, sigmoids, sums of two, and up-sampling that a
//! convolution reads. Compiling a graph with anything else is an error.

use super::{Engine, Executor, norms};
use crate::graph::{Dense, Graph, NodeId, Op, Shape};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result, Size};

/// What gradients are computed for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// Nodes whose values are observed, and where gradients enter.
    pub(crate) seen: &'a [NodeId],
    /// Whether the gradient with respect to the picture is wanted.
    pub(crate) picture: bool,
    /// Whether the gradients with respect to kernels are wanted. Those with respect to norms always are.
    pub(crate) kernels: bool,
}

/// A graph that has been compiled for both passes.
pub(crate) struct Network {
    graph: Graph,
    seen: Vec<NodeId>,
    kernels: Vec<Kernel>,
    norms: Vec<Norm>,
    executor: Box<dyn Differentiable>,
}

/// A convolution's kernel.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kernel {
    /// Its name in the weights.
    pub(crate) name: String,
    /// `[kh, kw, in, out]`.
    pub(crate) shape: [usize; 4],
}

/// A conditional norm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Norm {
    /// Its node's name.
    pub(crate) name: String,
    /// The number of its scales, and of its shifts.
    pub(crate) channels: usize,
}

/// Gradients of a loss.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Gradients {
    /// With respect to the picture, if wanted.
    pub(crate) picture: Option<Vec<f32>>,
    /// With respect to the scale and shift of each norm.
    pub(crate) norms: Vec<[Vec<f32>; 2]>,
    /// With respect to each kernel; empty if not wanted.
    pub(crate) kernels: Vec<Vec<f32>>,
}

/// Memory for the forward and the backward pass of a picture, reused for the next one.
/// The executor decides what the fields hold.
#[derive(Debug, Default)]
pub(crate) struct Pass {
    /// Of each node, for the last picture.
    pub(super) shapes: Vec<Shape>,
    pub(super) buffers: Vec<Vec<f32>>,
    /// For each norm: mean and variance of its input.
    pub(super) statistics: Vec<[Vec<f32>; 2]>,
    /// For each norm: its scales.
    pub(super) scales: Vec<Vec<f32>>,
}

/// Adds the derivative of the loss with respect to a seen node's values to their gradient,
/// which already holds the gradients from deeper nodes. The arguments are the node, its
/// values, the gradient, and scratch memory of the same length.
pub(crate) type AddGradient<'a> = &'a mut dyn FnMut(NodeId, (&[f32], Shape), &mut [f32], &mut [f32]);

/// A graph that an executor has compiled for both passes. [`Network`] documents the methods.
pub(super) trait Differentiable: Send + Sync {
    /// Replaces a kernel. The length has been checked.
    fn set_kernel(&mut self, kernel: usize, values: &[f32]);

    /// Bytes needed for pictures of this shape: the pass, scratch memory and weights.
    fn memory(&self, shapes: &[Shape], threads: usize) -> u64;

    /// Makes room in a pass for these shapes.
    fn reserve(&self, pass: &mut Pass, shapes: &[Shape]) -> Result<()>;

    /// The forward pass, for a picture of [`Pass::shapes`]. Memory has been reserved.
    fn forwards(&self, engine: &Engine, pass: &mut Pass, picture: &[f32], norms: &[[Vec<f32>; 2]]) -> Result<()>;

    /// A seen node's values, and scratch memory of the same length.
    fn values<'p>(&self, pass: &'p mut Pass, node: NodeId) -> (&'p [f32], &'p mut [f32]);

    /// The backward pass.
    fn backwards(&self, engine: &Engine, pass: &mut Pass, add: AddGradient<'_>) -> Gradients;
}

impl Network {
    /// Compiles a graph for both passes, up to the deepest node that is seen.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`], naming the node, if it has no known gradient;
    /// [`ErrorKind::Mismatch`] if the weights lack an array or have it in another shape.
    pub(crate) fn compile(graph: &Graph, weights: &Weights, wanted: &Wanted<'_>, executor: impl Into<Executor>) -> Result<Self> {
        let last = wanted.seen.iter().max().copied().unwrap_or(graph.output());
        let graph = graph.up_to(last);
        graph.check(weights)?;
        let channels = graph.channels()?;
        let (mut kernels, mut norms) = (Vec::new(), Vec::new());
        for (i, node) in graph.nodes().iter().enumerate() {
            match &node.op {
                Op::Conv(conv) => {
                    let [kh, kw] = conv.kernel;
                    let inputs = if conv.depthwise { 1 } else { channels[node.inputs[0].index()] };
                    kernels.push(Kernel { name: conv.weight.clone(), shape: [kh, kw, inputs, conv.channels] });
                }
                Op::InstanceNorm(_) => norms.push(Norm { name: node.name.clone(), channels: channels[i] }),
                _ => {}
            }
        }
        let executor = executor.into().backend().differentiate(&graph, weights, wanted)?;
        Ok(Network { graph, seen: wanted.seen.to_vec(), kernels, norms, executor })
    }

    /// The graph, up to the deepest seen node.
    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The nodes that are seen.
    pub(crate) fn seen(&self) -> &[NodeId] {
        &self.seen
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
    /// If the number of values changes.
    pub(crate) fn set_kernel(&mut self, kernel: usize, values: &[f32]) {
        assert_eq!(values.len(), self.kernels[kernel].shape.iter().product::<usize>(), "a kernel of another shape");
        self.executor.set_kernel(kernel, values);
    }

    /// Bytes that both passes need for a picture of this size: a pass, the executor's scratch memory and weights.
    ///
    /// # Errors
    /// As [`Graph::shapes`].
    pub(crate) fn memory(&self, picture: impl Into<Size>, threads: usize) -> Result<u64> {
        Ok(self.executor.memory(&self.graph.shapes(picture)?, threads))
    }

    /// Allocates memory for pictures up to this size. A pass grows for larger ones.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if there is not enough memory; otherwise as [`Graph::shapes`].
    pub(crate) fn pass(&self, picture: impl Into<Size>) -> Result<Pass> {
        let mut pass = Pass::default();
        self.executor.reserve(&mut pass, &self.graph.shapes(picture)?)?;
        Ok(pass)
    }

    /// Runs the network on a picture, with these scales and shifts for its norms. Each
    /// norm takes the statistics of its own input.
    ///
    /// # Errors
    /// As [`Graph::shapes`]; [`ErrorKind::Mismatch`] if the picture's length does not match its shape, or if the
    /// norms are another network's; [`ErrorKind::InvalidArgument`] if the picture would have to be padded to a
    /// multiple of something; [`ErrorKind::TooLarge`] if there is not enough memory.
    pub(crate) fn forwards(
        &self,
        engine: &Engine,
        pass: &mut Pass,
        (picture, shape): (&[f32], Shape),
        norms: &[[Vec<f32>; 2]],
    ) -> Result<()> {
        let fits = |(map, norm): (&[Vec<f32>; 2], &Norm)| map.iter().all(|values| values.len() == norm.channels);
        if norms.len() != self.norms.len() || !norms.iter().zip(&self.norms).all(fits) {
            return Err(Error::new(ErrorKind::Mismatch, "the norms belong to another network"));
        }
        let shapes = self.graph.shapes([shape.width, shape.height])?;
        if shapes[0] != shape || shape.count() != Some(picture.len()) {
            return Err(Error::new(ErrorKind::Mismatch, "the picture's size does not match its shape"));
        }
        self.executor.reserve(pass, &shapes)?;
        pass.shapes = shapes;
        self.executor.forwards(engine, pass, picture, norms)
    }

    /// Returns a seen node's values after [`Network::forwards`], with their shape, and
    /// scratch memory of the same length.
    pub(crate) fn values<'p>(&self, pass: &'p mut Pass, node: NodeId) -> ((&'p [f32], Shape), &'p mut [f32]) {
        let shape = pass.shapes[node.index()];
        let (values, scratch) = self.executor.values(pass, node);
        ((values, shape), scratch)
    }

    /// Runs the backward pass for the gradient of a loss, after [`Network::forwards`]. `add`
    /// is called once for each seen node, the deepest first.
    pub(crate) fn backwards(&self, engine: &Engine, pass: &mut Pass, add: AddGradient<'_>) -> Gradients {
        self.executor.backwards(engine, pass, add)
    }
}

/// The error for a node without a gradient.
pub(super) fn unsupported(graph: &Graph, node: usize, what: &str) -> Error {
    let name = &graph.nodes()[node].name;
    Error::new(ErrorKind::Unsupported, format!("the gradient of {name:?} is not supported: {what}"))
}

/// Computes the scales and shifts of every conditional norm for a style vector, `z·W + b`, in the order of the graph.
///
/// # Errors
/// [`ErrorKind::Mismatch`] if an array is missing, or if the vector's length is not the graph's.
pub(crate) fn conditioned(graph: &Graph, weights: &Weights, vector: &[f32]) -> Result<Vec<[Vec<f32>; 2]>> {
    if vector.len() != graph.style_len {
        let text = format!("a style vector of {} numbers, but the network reads {}", vector.len(), graph.style_len);
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let channels = graph.channels()?;
    let found = graph.nodes().iter().zip(&channels).filter_map(|(node, &channels)| match &node.op {
        Op::InstanceNorm(norm) => Some((norm, channels)),
        _ => None,
    });
    let one = |dense: &Dense, channels: usize| -> Result<Vec<f32>> {
        let matrix = weights.require(&dense.weight, &[1, 1, graph.style_len, channels])?.data();
        let bias = weights.require(&dense.bias, &[channels])?.data();
        Ok(norms::dense(matrix, bias, vector))
    };
    found.map(|(norm, channels)| Ok([one(&norm.scale, channels)?, one(&norm.shift, channels)?])).collect()
}

#[cfg(test)]
mod tests;
