//! Gradients by the chain rule, node by node, in plain loops and float64.

use super::{Map, locate, moments, origin, run_with, scale_and_shift};
use crate::Result;
use crate::engine::Engine;
use crate::engine::gradient::{AddGradient, Differentiable, Gradients, Pass, Wanted, unsupported};
use crate::graph::{self, Activation, Graph, InstanceNorm, NodeId, Op, PoolKind, Shape};
use crate::weights::{Tensor, Weights};

/// A graph and its weights. A pass has one buffer for each node, and a last one for scratch memory.
pub(super) struct Naive {
    graph: Graph,
    weights: Weights,
    seen: Vec<NodeId>,
    picture: bool,
    kernels: bool,
}

/// A backward pass at work.
struct Back<'a> {
    naive: &'a Naive,
    pass: &'a Pass,
    /// For each node.
    gradients: Vec<Vec<f64>>,
    found: Gradients,
}

impl Naive {
    pub(super) fn new(graph: &Graph, weights: &Weights, wanted: &Wanted<'_>) -> Result<Self> {
        for (i, node) in graph.nodes().iter().enumerate() {
            let supported = match &node.op {
                Op::Input { .. } | Op::InstanceNorm(_) | Op::BatchNorm(_) | Op::Add | Op::Upsample { .. } => true,
                Op::Activation(function) => matches!(function, Activation::Relu | Activation::Sigmoid),
                Op::Conv(conv) => !conv.depthwise,
                Op::Pool(pool) => pool.kernel == pool.stride,
                _ => false,
            };
            if !supported {
                return Err(unsupported(graph, i, "layers of its kind are not differentiable here"));
            }
        }
        let Wanted { seen, picture, kernels } = *wanted;
        Ok(Naive { graph: graph.clone(), weights: weights.clone(), seen: seen.to_vec(), picture, kernels })
    }

    /// The index of a node among the graph's norms, or among its kernels.
    fn number(&self, node: usize, is: fn(&Op) -> bool) -> usize {
        self.graph.nodes()[..node].iter().filter(|node| is(&node.op)).count()
    }
}

fn is_norm(op: &Op) -> bool {
    matches!(op, Op::InstanceNorm(_))
}

fn is_conv(op: &Op) -> bool {
    matches!(op, Op::Conv(_))
}

impl Differentiable for Naive {
    fn set_kernel(&mut self, kernel: usize, values: &[f32]) {
        let convolutions = self.graph.nodes().iter().filter_map(|node| match &node.op {
            Op::Conv(conv) => Some(conv.weight.clone()),
            _ => None,
        });
        let Some(name) = convolutions.into_iter().nth(kernel) else { return };
        let shape = self.weights.get(&name).map(|tensor| tensor.shape().to_vec()).unwrap_or_default();
        // The length has been checked.
        if let Ok(tensor) = Tensor::new(shape, values.to_vec()) {
            self.weights.insert(name, tensor);
        }
    }

    fn memory(&self, shapes: &[Shape], _: usize) -> u64 {
        let nodes: u64 = shapes.iter().map(|shape| shape.len() as u64).sum();
        // Values in float32 and gradients in float64.
        nodes * 12 + self.weights.iter().map(|(_, tensor)| tensor.data().len() as u64 * 4).sum::<u64>()
    }

    fn reserve(&self, _: &mut Pass, _: &[Shape]) -> Result<()> {
        Ok(())
    }

    fn forwards(&self, _: &Engine, pass: &mut Pass, picture: &[f32], norms: &[[Vec<f32>; 2]]) -> Result<()> {
        let shape = pass.shapes[0];
        let known = |node: usize, input: Map<'_>, _: Shape| {
            let Op::InstanceNorm(norm) = &self.graph.nodes()[node].op else { return None };
            let [scale, shift] = &norms[self.number(node, is_norm)];
            let (mean, variance) = moments(input);
            let map = (0..mean.len()).map(|c| {
                let factor = f64::from(scale[c]) / (variance[c] + f64::from(norm.epsilon)).sqrt();
                (factor, f64::from(shift[c]) - mean[c] * factor)
            });
            Some(scale_and_shift(input, &map.collect::<Vec<_>>()))
        };
        let input = Tensor::new([shape.height, shape.width, shape.channels], picture.to_vec())?;
        let style = vec![0.0; self.graph.style_len];
        let nodes = run_with(&self.graph, &self.weights, &input, &style, &known, &mut |_| Ok(()))?;
        pass.scales = norms.iter().map(|[scale, _]| scale.clone()).collect();
        let most = self.seen.iter().map(|node| pass.shapes[node.index()].len()).max().unwrap_or(0);
        pass.buffers = nodes.into_iter().map(Tensor::into_data).chain([vec![0.0; most]]).collect();
        Ok(())
    }

    fn values<'p>(&self, pass: &'p mut Pass, node: NodeId) -> (&'p [f32], &'p mut [f32]) {
        let (nodes, scratch) = pass.buffers.split_at_mut(self.graph.nodes().len());
        let values = nodes[node.index()].as_slice();
        (values, &mut scratch[0][..values.len()])
    }

    fn backwards(&self, _: &Engine, pass: &mut Pass, add: AddGradient<'_>) -> Gradients {
        let count = |is: fn(&Op) -> bool| self.graph.nodes().iter().filter(|node| is(&node.op)).count();
        let found = Gradients {
            picture: None,
            norms: vec![Default::default(); count(is_norm)],
            kernels: vec![Vec::new(); count(is_conv)],
        };
        let gradients = pass.shapes.iter().map(|shape| vec![0.0; shape.len()]).collect();
        let mut back = Back { naive: self, pass, gradients, found };
        for node in (0..self.graph.nodes().len()).rev() {
            if let Some(seen) = self.seen.iter().find(|seen| seen.index() == node) {
                let mut gradient: Vec<f32> = back.gradients[node].iter().map(|&g| g as f32).collect();
                let mut scratch = gradient.clone();
                add(*seen, (&back.pass.buffers[node], back.pass.shapes[node]), &mut gradient, &mut scratch);
                back.gradients[node] = gradient.into_iter().map(f64::from).collect();
            }
            back.step(node);
        }
        if self.picture {
            back.found.picture = Some(back.gradients[0].iter().map(|&g| g as f32).collect());
        }
        back.found
    }
}

impl Back<'_> {
    /// Propagates a node's gradient to its inputs.
    fn step(&mut self, node: usize) {
        let graph = &self.naive.graph;
        let inputs: Vec<usize> = graph.nodes()[node].inputs.iter().map(|id| id.index()).collect();
        let Some(&from) = inputs.first() else { return };
        let own = std::mem::take(&mut self.gradients[node]);
        let (shape, read) = (self.pass.shapes[node], self.pass.shapes[from]);
        match &graph.nodes()[node].op {
            Op::Conv(conv) => self.conv(conv, node, from, &own),
            Op::InstanceNorm(norm) => self.norm(norm, node, from, &own),
            Op::BatchNorm(norm) => {
                let array = |name: &str| self.naive.weights.get(name).map(Tensor::data).unwrap_or_default();
                let variance = array(&norm.variance);
                let gamma = norm.gamma.as_deref().map(array);
                for (i, (target, g)) in self.gradients[from].iter_mut().zip(&own).enumerate() {
                    let c = i % shape.channels;
                    let scale = gamma.map_or(1.0, |gamma| f64::from(gamma[c]));
                    *target += g * scale / (f64::from(variance[c]) + f64::from(norm.epsilon)).sqrt();
                }
            }
            Op::Activation(function) => {
                for ((target, g), &y) in self.gradients[from].iter_mut().zip(&own).zip(&self.pass.buffers[node]) {
                    let y = f64::from(y);
                    *target += match function {
                        Activation::Relu if y > 0.0 => *g,
                        Activation::Sigmoid => g * y * (1.0 - y),
                        _ => 0.0,
                    };
                }
            }
            Op::Add => {
                for from in inputs {
                    self.gradients[from].iter_mut().zip(&own).for_each(|(target, g)| *target += g);
                }
            }
            Op::Upsample { factor } => {
                for (i, g) in own.iter().enumerate() {
                    let (pixel, c) = (i / shape.channels, i % shape.channels);
                    let place = pixel / shape.width / factor * read.width + pixel % shape.width / factor;
                    self.gradients[from][place * read.channels + c] += g;
                }
            }
            Op::Pool(pool) => {
                let values = &self.pass.buffers[from];
                for (i, g) in own.iter().enumerate() {
                    let (pixel, c) = (i / shape.channels, i % shape.channels);
                    let corner = [pixel / shape.width * pool.stride, pixel % shape.width * pool.stride];
                    let taps = (0..pool.kernel * pool.kernel).map(|tap| {
                        ((corner[0] + tap / pool.kernel) * read.width + corner[1] + tap % pool.kernel) * read.channels + c
                    });
                    match pool.kind {
                        PoolKind::Average => {
                            let share = g / (pool.kernel * pool.kernel) as f64;
                            taps.for_each(|tap| self.gradients[from][tap] += share);
                        }
                        PoolKind::Max => {
                            // The first of equal values.
                            let first = taps.reduce(|best, tap| if values[tap] > values[best] { tap } else { best });
                            first.into_iter().for_each(|tap| self.gradients[from][tap] += g);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn conv(&mut self, conv: &graph::Conv, node: usize, from: usize, own: &[f64]) {
        let (shape, read) = (self.pass.shapes[node], self.pass.shapes[from]);
        let kernel = self.naive.weights.get(&conv.weight).map(Tensor::data).unwrap_or_default();
        let mut by_kernel = vec![0f64; kernel.len()];
        let [top, left] = origin(conv.padding, conv.kernel, conv.stride, read);
        let values = &self.pass.buffers[from];
        for (pixel, g) in own.chunks_exact(shape.channels).enumerate() {
            for tap in 0..conv.kernel[0] * conv.kernel[1] {
                let y = (pixel / shape.width * conv.stride + tap / conv.kernel[1]) as isize - top;
                let x = (pixel % shape.width * conv.stride + tap % conv.kernel[1]) as isize - left;
                let place = locate(y, read.height, conv.padding).zip(locate(x, read.width, conv.padding));
                let Some((y, x)) = place else { continue };
                for i in 0..read.channels {
                    let at = (y * read.width + x) * read.channels + i;
                    let row = (tap * read.channels + i) * shape.channels..(tap * read.channels + i + 1) * shape.channels;
                    let weights = kernel[row.clone()].iter().zip(g);
                    self.gradients[from][at] += weights.map(|(&w, g)| f64::from(w) * g).sum::<f64>();
                    let v = f64::from(values[at]);
                    by_kernel[row].iter_mut().zip(g).for_each(|(target, g)| *target += v * g);
                }
            }
        }
        if self.naive.kernels {
            let number = self.naive.number(node, is_conv);
            self.found.kernels[number] = by_kernel.into_iter().map(|g| g as f32).collect();
        }
    }

    /// With `n` the normalized input, the gradient is Σ g with respect to the shift, Σ g · n with respect to the
    /// scale, and s / √(v + ε) · (g - mean(g) - n · mean(g · n)) with respect to the input.
    fn norm(&mut self, norm: &InstanceNorm, node: usize, from: usize, own: &[f64]) {
        let shape = self.pass.shapes[from];
        let number = self.naive.number(node, is_norm);
        let values = &self.pass.buffers[from];
        let (mean, variance) = moments(Map { shape, data: values });
        let pixels = (shape.height * shape.width) as f64;
        let mut sums = vec![[0f64; 2]; shape.channels];
        let root = |c: usize| (variance[c] + f64::from(norm.epsilon)).sqrt();
        let normal = |i: usize| (f64::from(values[i]) - mean[i % shape.channels]) / root(i % shape.channels);
        for (i, g) in own.iter().enumerate() {
            let [scale, shift] = &mut sums[i % shape.channels];
            *scale += g * normal(i);
            *shift += g;
        }
        for (i, (target, g)) in self.gradients[from].iter_mut().zip(own).enumerate() {
            let c = i % shape.channels;
            let [scale, shift] = sums[c];
            let factor = f64::from(self.pass.scales[number][c]) / root(c);
            *target += factor * (g - shift / pixels - normal(i) * scale / pixels);
        }
        self.found.norms[number] = [0, 1].map(|which| sums.iter().map(|sums| sums[which] as f32).collect());
    }
}
