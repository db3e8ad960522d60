//! Runs a [`Graph`] on differentiable tensors. Features are `[picture, height, width, channel]`.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData, activation};
use impasto::graph::{Activation, Conv, Graph, InstanceNorm, MOMENTS_EPSILON, NodeId, Op, Padding, Pool, PoolKind};
use impasto::weights::Weights;
use impasto::{Error, ErrorKind, Result};
use impasto_kernels::Border;

use crate::ops::{self, ConvShape};

/// A network's arrays as flat tensors, each with its shape. They are ordered by name, so that sums over
/// all are the same to the bit in every run.
#[derive(Debug, Clone)]
pub struct Parameters {
    arrays: BTreeMap<String, (Vec<usize>, Tensor<1>)>,
    trained: bool,
}

impl Parameters {
    /// Puts the arrays of `weights` on a device. If `trained`, their gradients are kept.
    pub fn new(weights: &Weights, device: &Device, trained: bool) -> Self {
        let tensor = |data: &[f32]| {
            let tensor = Tensor::<1>::from_data(TensorData::new(data.to_vec(), [data.len()]), device);
            if trained { tensor.require_grad() } else { tensor }
        };
        let arrays = weights.iter().map(|(name, array)| (name.to_owned(), (array.shape().to_vec(), tensor(array.data()))));
        Parameters { arrays: arrays.collect(), trained }
    }

    /// Returns the arrays with their current values.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if the device returns something else than float32.
    pub fn weights(&self) -> Result<Weights> {
        let mut weights = Weights::new();
        for (name, (shape, tensor)) in &self.arrays {
            weights.insert(name.clone(), impasto::weights::Tensor::new(shape.clone(), values(tensor.clone())?)?);
        }
        Ok(weights)
    }

    /// Returns every array with its name.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&str, &mut Tensor<1>)> {
        self.arrays.iter_mut().map(|(name, (_, tensor))| (name.as_str(), tensor))
    }

    /// Returns an array in this shape.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if there is no array of this name.
    pub(crate) fn get<const D: usize>(&self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        let (_, tensor) = self.arrays.get(name).ok_or_else(|| unsupported(format!("the weights lack {name:?}")))?;
        Ok(tensor.clone().reshape(shape))
    }

    /// Returns a convolution's kernel. If it is stored two pixels smaller than requested, a binomial filter is folded
    /// into it, as [`impasto::networks::native::folded`] does. Then the small kernel is the one that is trained.
    fn kernel(&self, name: &str, shape: [usize; 4]) -> Result<Tensor<4>> {
        let [kh, kw, inputs, outputs] = shape;
        let small = [kh.saturating_sub(2), kw.saturating_sub(2), inputs, outputs];
        match self.arrays.get(name) {
            Some((kept, _)) if *kept == small => Ok(folded(self.get(name, small)?)),
            _ => self.get(name, shape),
        }
    }
}

/// Convolves a kernel `[k, k, in, out]` with the binomial filter `[1 2 1]ᵀ[1 2 1] / 16`.
/// The result is `[k + 2, k + 2, in, out]`.
fn folded(kernel: Tensor<4>) -> Tensor<4> {
    [0, 1].into_iter().fold(kernel, |kernel, axis| {
        let mut line = kernel.dims();
        line[axis] = 1;
        let zeros = || Tensor::zeros(line, &kernel.device());
        let shifted = |first: usize| {
            let mut parts = vec![zeros(), zeros()];
            parts.insert(first, kernel.clone());
            Tensor::cat(parts, axis)
        };
        (shifted(0) + shifted(2)) * 0.25 + shifted(1) * 0.5
    })
}

/// Returns a tensor's values, in order.
///
/// # Errors
/// [`ErrorKind::Malformed`] if they are not float32.
pub fn values<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f32>> {
    tensor
        .into_data()
        .try_to_vec::<f32>()
        .map_err(|e| Error::new(ErrorKind::Malformed, format!("a tensor of another type: {e:?}")))
}

/// Mean and variance of every instance norm's input, `[picture, 2, channels]`, in the order of the nodes.
pub type Statistics = Vec<Tensor<3>>;

/// The result of a run.
pub struct Run {
    /// The last node's output.
    pub output: Tensor<4>,
    /// The outputs of the requested nodes, in the order of the request.
    pub taps: Vec<Tensor<4>>,
    /// The statistics by which the instance norms normalized.
    pub statistics: Statistics,
}

/// Runs a graph.
#[derive(Debug)]
pub struct Executor<'a> {
    graph: &'a Graph,
    channels: Vec<usize>,
    readers: Vec<usize>,
}

/// A node's value: features, and the factor by which the convolution that reads them up-samples them.
#[derive(Clone)]
struct Value {
    tensor: Tensor<4>,
    upsample: usize,
}

impl<'a> Executor<'a> {
    /// Prepares a graph.
    ///
    /// # Errors
    /// As [`Graph::channels`].
    pub fn new(graph: &'a Graph) -> Result<Self> {
        let mut readers = vec![0; graph.nodes().len()];
        for id in graph.nodes().iter().flat_map(|node| &node.inputs) {
            readers[id.index()] += 1;
        }
        Ok(Executor { graph, channels: graph.channels()?, readers })
    }

    /// Runs the graph on pictures `[n, h, w, channels]`, conditioned on style vectors `[n, style_len]` if it has
    /// conditional norms. These norms use the statistics of their own input, unless others are given.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if a node cannot be trained; as [`Graph::shapes`] if the sizes are impossible.
    pub fn run(
        &self,
        parameters: &Parameters,
        input: Tensor<4>,
        style: Option<&Tensor<2>>,
        given: Option<&Statistics>,
        taps: &[NodeId],
    ) -> Result<Run> {
        let [_, height, width, _] = input.dims();
        let shapes = self.graph.shapes([width, height])?;
        let mut values: Vec<Option<Value>> = vec![None; self.graph.nodes().len()];
        let mut left = self.readers.clone();
        let mut statistics = Statistics::new();
        let mut tapped: Vec<Option<Tensor<4>>> = vec![None; taps.len()];
        values[0] = Some(Value { tensor: input, upsample: 1 });
        for (index, node) in self.graph.nodes().iter().enumerate().skip(1) {
            let inputs: Vec<Value> = node.inputs.iter().filter_map(|id| values[id.index()].clone()).collect();
            let first = inputs[0].clone();
            let shape = shapes[index];
            let plain = |value: &Value| match value.upsample {
                1 => Ok(value.tensor.clone()),
                _ => Err(unsupported(format!("{:?} reads an up-sampled tensor; only convolutions can", node.name))),
            };
            let tensor = match &node.op {
                Op::Input { .. } => return Err(unsupported("the graph has two inputs".into())),
                Op::Conv(conv) => {
                    let rectify = self.rectifies(index);
                    let source = shapes[node.inputs[0].index()];
                    let size = [source.height, source.width];
                    let window =
                        |axis: usize| conv.padding.window(size[axis], conv.kernel[axis], conv.stride).map_or(0, |w| w.before);
                    let geometry = ConvShape {
                        stride: conv.stride,
                        border: match conv.padding {
                            Padding::Reflect(_) | Padding::ReflectUp { .. } | Padding::SameMirrored => Border::Reflect,
                            Padding::Edge(_) => Border::Edge,
                            Padding::Valid | Padding::Same | Padding::Zero(_) => Border::Zero,
                        },
                        before: [window(0), window(1)],
                        output: [shape.height, shape.width],
                        upsample: first.upsample,
                        rectify,
                        frozen: !parameters.trained,
                    };
                    self.conv(parameters, conv, &first.tensor, self.channels[node.inputs[0].index()], geometry)?
                }
                Op::InstanceNorm(norm) => {
                    let style = style.ok_or_else(|| unsupported("a conditional norm has no style vector".into()))?;
                    let x = plain(&first)?;
                    let own = match given {
                        Some(given) => given[statistics.len()].clone(),
                        None => ops::moments(x.clone()),
                    };
                    statistics.push(own.clone());
                    self.norm(parameters, norm, x, own, style, self.rectifies(index))?
                }
                Op::Activation(Activation::Relu) if self.rectifies(node.inputs[0].index()) => plain(&first)?,
                Op::Activation(Activation::Relu) => activation::relu(plain(&first)?),
                Op::Activation(Activation::Sigmoid) => activation::sigmoid(plain(&first)?),
                Op::Add => plain(&first)? + plain(&inputs[1])?,
                Op::Concat => Tensor::cat(inputs.iter().map(plain).collect::<Result<_>>()?, 3),
                Op::Moments => {
                    let x = plain(&first)?;
                    let [n, _, _, channels] = x.dims();
                    let moments = ops::moments(x);
                    let mean = moments.clone().narrow(1, 0, 1);
                    let deviation = (moments.narrow(1, 1, 1) + MOMENTS_EPSILON).sqrt();
                    Tensor::cat(vec![mean, deviation], 1).reshape([n, 1, 1, 2 * channels])
                }
                Op::Pool(Pool { kind: PoolKind::Max, kernel: 2, stride: 2, padding: Padding::Valid }) => {
                    ops::max_pool(plain(&first)?)
                }
                Op::Upsample { .. } => first.tensor,
                other => return Err(unsupported(format!("{:?}: {other:?} cannot be trained", node.name))),
            };
            let upsample = if let Op::Upsample { factor } = node.op { first.upsample * factor } else { 1 };
            for (place, _) in tapped.iter_mut().zip(taps).filter(|(_, tap)| tap.index() == index) {
                *place = Some(tensor.clone());
            }
            values[index] = Some(Value { tensor, upsample });
            for id in &node.inputs {
                left[id.index()] -= 1;
                if left[id.index()] == 0 {
                    values[id.index()] = None;
                }
            }
        }
        let output = values.pop().flatten().ok_or_else(|| unsupported("the graph has no output".into()))?;
        Ok(Run { output: output.tensor, taps: tapped.into_iter().flatten().collect(), statistics })
    }

    /// Whether a node's only reader is a ReLU, which the node then computes itself.
    fn rectifies(&self, index: usize) -> bool {
        let mut readers = self.graph.nodes().iter().filter(|node| node.inputs.iter().any(|id| id.index() == index));
        let fusible = matches!(self.graph.nodes()[index].op, Op::Conv(_) | Op::InstanceNorm(_));
        fusible && self.readers[index] == 1 && readers.next().is_some_and(|node| node.op == Op::Activation(Activation::Relu))
    }

    fn conv(&self, parameters: &Parameters, conv: &Conv, x: &Tensor<4>, inputs: usize, geometry: ConvShape) -> Result<Tensor<4>> {
        if conv.depthwise {
            return Err(unsupported(format!("the depthwise convolution {:?} cannot be trained", conv.weight)));
        }
        let [kh, kw] = conv.kernel;
        let weight = parameters.kernel(&conv.weight, [kh, kw, inputs, conv.channels])?;
        let bias = match &conv.bias {
            Some(name) => parameters.get(name, [conv.channels])?,
            None => Tensor::zeros([conv.channels], &x.device()),
        };
        Ok(ops::convolve(x.clone(), weight, bias, geometry))
    }

    fn norm(
        &self,
        parameters: &Parameters,
        norm: &InstanceNorm,
        x: Tensor<4>,
        statistics: Tensor<3>,
        style: &Tensor<2>,
        rectify: bool,
    ) -> Result<Tensor<4>> {
        let [n, _, _, channels] = x.dims();
        let dense = |dense: &impasto::graph::Dense| -> Result<Tensor<2>> {
            let weight = parameters.get(&dense.weight, [self.graph.style_len, channels])?;
            Ok(style.clone().matmul(weight) + parameters.get(&dense.bias, [1, channels])?)
        };
        let (scale, shift) = (dense(&norm.scale)?, dense(&norm.shift)?);
        let mean = statistics.clone().narrow(1, 0, 1).reshape([n, channels]);
        let variance = statistics.narrow(1, 1, 1).reshape([n, channels]);
        let scale = scale / (variance + norm.epsilon).sqrt();
        let shift = shift - mean * scale.clone();
        Ok(ops::affine(x, scale, shift, rectify))
    }
}

fn unsupported(text: String) -> Error {
    Error::new(ErrorKind::Unsupported, text)
}
