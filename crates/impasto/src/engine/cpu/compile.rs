//! From graph to steps: what is fused with what.

use std::collections::HashMap;

use impasto_kernels::elementwise::Last;
use impasto_kernels::{Activation, Border, Isa, conv};

use super::step::{Affine, Dense, Operand, Step, Work};
use super::{Program, border};
use crate::Result;
use crate::graph::{self, Graph, Op, Padding};
use crate::weights::Weights;

/// A convolution whose weights can still change.
struct Draft {
    node: usize,
    spec: conv::Spec,
    weights: Vec<f32>,
    bias: Option<Vec<f32>>,
    activation: Activation,
    source: Operand,
    padding: Padding,
    measures: Option<usize>,
    keep: Option<usize>,
    output: usize,
}

/// A step that is not packed yet.
enum Pending {
    Conv(Box<Draft>),
    Done(Step),
}

struct Compiler<'a> {
    graph: &'a Graph,
    weights: Weights,
    /// How many more times each array is asked for. The last request moves it, so that weights are never held twice.
    asked: HashMap<String, usize>,
    channels: Vec<usize>,
    /// How many nodes read each node.
    readers: Vec<usize>,
    /// The output of each node that has been compiled.
    values: Vec<Operand>,
    steps: Vec<Pending>,
    tensors: Vec<usize>,
    affines: Vec<Affine>,
}

pub(super) fn compile(graph: &Graph, weights: Weights, isa: Isa) -> Result<Program> {
    let mut asked = HashMap::new();
    for parameter in graph.parameters()? {
        *asked.entry(parameter.name).or_default() += 1;
    }
    let mut readers = vec![0; graph.nodes().len()];
    for input in graph.nodes().iter().flat_map(|node| &node.inputs) {
        readers[input.0] += 1;
    }
    let mut compiler = Compiler {
        graph,
        weights,
        asked,
        channels: graph.channels()?,
        readers,
        values: Vec::new(),
        steps: Vec::new(),
        tensors: Vec::new(),
        affines: Vec::new(),
    };
    for node in 0..graph.nodes().len() {
        let value = compiler.node(node)?;
        compiler.values.push(value);
    }
    let output = compiler.plain(graph.output().0);
    // The remaining weights are dropped here, before anything is packed.
    let Compiler { steps, tensors, affines, .. } = compiler;
    let steps: Vec<Step> = steps.into_iter().map(|step| step.pack(isa)).collect();
    let convolutions = steps.iter().map(|step| if let Work::Conv { conv, .. } = &step.work { conv.weight_bytes() } else { 0 });
    let weight_bytes = convolutions.sum::<usize>() + affines.iter().map(Affine::bytes).sum::<usize>();
    Ok(Program { isa, graph: graph.clone(), steps, affines, tensors, output, weight_bytes })
}

impl Pending {
    fn pack(self, isa: Isa) -> Step {
        match self {
            Pending::Done(step) => step,
            Pending::Conv(draft) => {
                let Draft { node, spec, weights, bias, activation, source, padding, measures, keep, output } = *draft;
                let conv = Box::new(conv::Conv::new(spec, &weights, bias.as_deref(), activation, isa, None));
                Step { node, work: Work::Conv { conv, source, padding, measures, keep }, output }
            }
        }
    }
}

impl Compiler<'_> {
    /// Adds a tensor with a node's shape.
    fn tensor(&mut self, node: usize) -> usize {
        self.tensors.push(node);
        self.tensors.len() - 1
    }

    /// Takes an array from the weights. `Graph::check` has checked that it is there.
    fn array(&mut self, name: &str) -> Result<Vec<f32>> {
        let last = self.asked.get_mut(name).is_none_or(|asked| {
            *asked = asked.saturating_sub(1);
            *asked == 0
        });
        let tensor = if last { self.weights.remove(name) } else { self.weights.get(name).cloned() };
        let missing = || crate::Error::new(crate::ErrorKind::Mismatch, format!("the weights lack {name:?}"));
        Ok(tensor.ok_or_else(missing)?.into_data())
    }

    fn node(&mut self, node: usize) -> Result<Operand> {
        let graph = self.graph;
        let inputs: Vec<usize> = graph.nodes()[node].inputs.iter().map(|id| id.0).collect();
        Ok(match &graph.nodes()[node].op {
            Op::Input { .. } => Operand::plain(self.tensor(node)),
            Op::Conv(conv) => self.conv(node, conv, inputs[0])?,
            Op::BatchNorm(norm) => self.batch_norm(norm, inputs[0])?,
            Op::InstanceNorm(norm) => self.instance_norm(norm, inputs[0])?,
            Op::AdaptiveNorm(norm) => {
                let channels = self.channels[node];
                self.conditional(Affine::Adaptive { norm: *norm, channels }, inputs[0])
            }
            Op::Modulate { start } => {
                let channels = self.channels[node];
                self.affines.push(Affine::Modulated { start: *start, channels });
                let affine = Some(self.affines.len() - 1);
                Operand { affine, ..Operand::plain(self.plain(inputs[0])) }
            }
            Op::DepthToSpace { factor } => {
                let input = self.plain(inputs[0]);
                self.done(node, Work::DepthToSpace { input, factor: *factor })
            }
            Op::Activation(activation) => self.activation(node, *activation, inputs[0]),
            Op::Upsample { factor } => {
                let value = self.values[inputs[0]];
                Operand { upsample: value.upsample * factor, ..value }
            }
            Op::Pool(pool) => {
                let input = self.plain(inputs[0]);
                self.done(node, Work::Pool { input, pool: *pool })
            }
            Op::Mean => {
                let input = self.plain(inputs[0]);
                self.done(node, Work::Mean { input })
            }
            Op::Moments | Op::SampleMoments => {
                let unbiased = graph.nodes()[node].op == Op::SampleMoments;
                let input = self.plain(inputs[0]);
                self.done(node, Work::Moments { input, unbiased })
            }
            Op::Concat => {
                let inputs = inputs.iter().map(|&input| self.plain(input)).collect();
                self.done(node, Work::Concat { inputs })
            }
            Op::Add => {
                // One summand keeps its pending operations. The other becomes the tensor to
                // add: if one is a plain tensor already, that one.
                let (pending, skip) =
                    if self.values[inputs[1]].is_plain() { (inputs[0], inputs[1]) } else { (inputs[1], inputs[0]) };
                let skip = self.plain(skip);
                let mut value = self.values[pending];
                if value.skip.is_some() || value.upsample != 1 {
                    value = Operand::plain(self.plain(pending));
                }
                Operand { skip: Some(skip), ..value }
            }
        })
    }

    fn done(&mut self, node: usize, work: Work) -> Operand {
        let output = self.tensor(node);
        self.steps.push(Pending::Done(Step { node, work, output }));
        Operand::plain(output)
    }

    /// Returns a tensor that holds a node's values with nothing pending.
    fn plain(&mut self, node: usize) -> usize {
        let value = self.values[node];
        if !value.is_plain() {
            self.values[node] = if value.upsample == 1 {
                self.done(node, Work::Finish { source: value, last: Last::Nothing })
            } else {
                self.identity(node, value)
            };
        }
        self.values[node].tensor
    }

    /// Applies pending operations with a convolution that changes nothing else. It can also up-sample and measure.
    fn identity(&mut self, node: usize, source: Operand) -> Operand {
        let channels = self.channels[node];
        let spec = conv::Spec {
            in_channels: channels,
            out_channels: channels,
            kernel: [1, 1],
            stride: 1,
            depthwise: true,
            border: Border::Zero,
            upsample: source.upsample,
        };
        let output = self.tensor(node);
        self.steps.push(Pending::Conv(Box::new(Draft {
            node,
            spec,
            weights: vec![1.0; channels],
            bias: None,
            activation: Activation::None,
            source,
            padding: Padding::Valid,
            measures: None,
            keep: None,
            output,
        })));
        Operand::plain(output)
    }

    /// The convolution that computes a node's value, if nothing is pending on it and nothing else reads it.
    fn fusible(&mut self, node: usize) -> Option<&mut Draft> {
        let value = self.values[node];
        if !value.is_plain() || self.readers[node] != 1 {
            return None;
        }
        self.steps.iter_mut().rev().find_map(|step| match step {
            Pending::Conv(draft) if draft.output == value.tensor => Some(draft.as_mut()),
            _ => None,
        })
    }

    fn conv(&mut self, node: usize, conv: &graph::Conv, input: usize) -> Result<Operand> {
        let source = self.values[input];
        let spec = conv::Spec {
            in_channels: self.channels[input],
            out_channels: conv.channels,
            kernel: conv.kernel,
            stride: conv.stride,
            depthwise: conv.depthwise,
            border: border(conv.padding),
            upsample: source.upsample,
        };
        let same_size = match conv.padding {
            Padding::Valid => conv.kernel == [1, 1],
            Padding::Same | Padding::SameMirrored => true,
            // The output may be larger than the input.
            Padding::ReflectUp { .. } => false,
            Padding::Zero(n) | Padding::Reflect(n) | Padding::Edge(n) => conv.kernel == [2 * n + 1, 2 * n + 1],
        };
        // If others read these values too, this layer keeps them as it stages them,
        // provided it stages each exactly once.
        let can_keep = conv.stride == 1 && source.upsample == 1 && same_size;
        let read_again = || self.graph.nodes()[node + 1..].iter().any(|later| later.inputs.iter().any(|id| id.0 == input));
        let keep = if can_keep && !source.is_plain() && read_again() {
            let kept = self.tensor(input);
            self.values[input] = Operand::plain(kept);
            Some(kept)
        } else {
            None
        };
        let weights = self.array(&conv.weight)?;
        let bias = conv.bias.as_ref().map(|name| self.array(name)).transpose()?;
        let output = self.tensor(node);
        let draft = Draft {
            node,
            spec,
            weights,
            bias,
            activation: Activation::None,
            source,
            padding: conv.padding,
            measures: None,
            keep,
            output,
        };
        self.steps.push(Pending::Conv(Box::new(draft)));
        Ok(Operand::plain(output))
    }

    fn batch_norm(&mut self, norm: &graph::BatchNorm, input: usize) -> Result<Operand> {
        let (mean, variance, beta) = (self.array(&norm.mean)?, self.array(&norm.variance)?, self.array(&norm.beta)?);
        let gamma = norm.gamma.as_ref().map(|name| self.array(name)).transpose()?;
        let scale: Vec<f64> = variance
            .iter()
            .enumerate()
            .map(|(c, &v)| gamma.as_ref().map_or(1.0, |g| f64::from(g[c])) / (f64::from(v) + f64::from(norm.epsilon)).sqrt())
            .collect();
        let shift = |c: usize, bias: f32| ((f64::from(bias) - f64::from(mean[c])) * scale[c] + f64::from(beta[c])) as f32;
        if let Some(draft) = self.fusible(input).filter(|draft| draft.activation == Activation::None) {
            let channels = draft.spec.out_channels;
            for (i, weight) in draft.weights.iter_mut().enumerate() {
                *weight = (f64::from(*weight) * scale[i % channels]) as f32;
            }
            let bias = (0..channels).map(|c| shift(c, draft.bias.as_ref().map_or(0.0, |bias| bias[c]))).collect();
            draft.bias = Some(bias);
            return Ok(self.values[input]);
        }
        let shift = (0..scale.len()).map(|c| shift(c, 0.0)).collect();
        self.affines.push(Affine::Fixed { scale: scale.iter().map(|&s| s as f32).collect(), shift });
        let affine = Some(self.affines.len() - 1);
        Ok(Operand { affine, ..Operand::plain(self.plain(input)) })
    }

    fn instance_norm(&mut self, norm: &graph::InstanceNorm, input: usize) -> Result<Operand> {
        let mut dense =
            |d: &graph::Dense| Ok::<_, crate::Error>(Dense { weight: self.array(&d.weight)?, bias: self.array(&d.bias)? });
        let affine = Affine::Conditional { scale: dense(&norm.scale)?, shift: dense(&norm.shift)?, epsilon: norm.epsilon };
        Ok(self.conditional(affine, input))
    }

    /// Adds a norm that measures the statistics of a node's values.
    fn conditional(&mut self, affine: Affine, input: usize) -> Operand {
        self.affines.push(affine);
        let affine = Some(self.affines.len() - 1);
        // Statistics come from the convolution just before or, if there is none, from a copy.
        if self.fusible(input).is_none_or(|draft| draft.measures.is_some()) {
            self.values[input] = self.identity(input, self.values[input]);
        }
        let tensor = self.values[input].tensor;
        for step in &mut self.steps {
            if let Pending::Conv(draft) = step
                && draft.output == tensor
            {
                draft.measures = affine;
            }
        }
        Operand { affine, ..Operand::plain(tensor) }
    }

    fn activation(&mut self, node: usize, activation: graph::Activation, input: usize) -> Operand {
        let mut last = |last| {
            let value = self.values[input];
            let source = if value.upsample == 1 { value } else { Operand::plain(self.plain(input)) };
            self.done(node, Work::Finish { source, last })
        };
        let activation = match activation {
            graph::Activation::Relu => Activation::Relu,
            graph::Activation::Relu6 => Activation::Relu6,
            graph::Activation::Sigmoid => return last(Last::Sigmoid),
            graph::Activation::Tanh => return last(Last::Tanh),
            graph::Activation::Clip => return last(Last::Clip),
        };
        if let Some(draft) = self.fusible(input).filter(|draft| draft.activation == Activation::None && draft.measures.is_none())
        {
            draft.activation = activation;
            return self.values[input];
        }
        let value = self.values[input];
        if value.activation == Activation::None && value.skip.is_none() {
            return Operand { activation, ..value };
        }
        Operand { activation, ..Operand::plain(self.plain(input)) }
    }
}
