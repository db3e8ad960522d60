//! The forward and the backward pass of one picture.

use impasto_kernels::conv::weight_gradient;
use impasto_kernels::statistics::Statistics;
use impasto_kernels::{Affine, Extent, Source, elementwise, memory, norm, pool};

use super::{Layer, Network, Value};
use crate::engine::Engine;
use crate::engine::cpu::extent;
use crate::engine::gradient::{AddGradient, Differentiable, Gradients, Pass};
use crate::graph::{NodeId, Op, Padding, Shape};
use crate::{Error, ErrorKind, Result};

/// The values of nodes, during the forward pass.
struct Values<'a> {
    network: &'a Network,
    shapes: &'a [Shape],
    buffers: &'a [Vec<f32>],
    picture: &'a [f32],
}

impl<'a> Values<'a> {
    fn of(&self, node: usize) -> &'a [f32] {
        match self.network.plan.values[node] {
            Some(buffer) => &self.buffers[buffer][..self.shapes[node].len()],
            None => self.picture,
        }
    }

    /// A value as a layer reads it.
    fn source(&self, value: Value) -> Source<'a> {
        let plain = Source::plain(self.of(value.node), extent(self.shapes[value.node]));
        Source { upsample: value.upsample, ..plain }
    }
}

impl Differentiable for Network {
    fn set_kernel(&mut self, kernel: usize, values: &[f32]) {
        self.kernels[kernel].replace(values, self.isa);
    }

    fn memory(&self, shapes: &[Shape], threads: usize) -> u64 {
        let scratch = self.layers.iter().zip(shapes).map(|(layer, &shape)| match layer {
            Layer::Conv { kernel, .. } => {
                let conv = &self.kernels[*kernel].forwards;
                conv.scratch_len(extent(shape)) * threads + conv.shared_len()
            }
            _ => 0,
        });
        let floats = self.plan.lengths(shapes).sum::<usize>() + scratch.max().unwrap_or(0);
        floats as u64 * 4 + self.kernels.iter().map(|kernel| kernel.bytes() as u64).sum::<u64>()
    }

    fn reserve(&self, pass: &mut Pass, shapes: &[Shape]) -> Result<()> {
        for (buffer, len) in self.plan.lengths(shapes).enumerate() {
            if buffer == pass.buffers.len() {
                pass.buffers.push(Vec::new());
            }
            if pass.buffers[buffer].len() < len {
                pass.buffers[buffer] = Vec::new();
                pass.buffers[buffer] = memory::zeroed(len).map_err(|e| {
                    let text = format!("not enough memory for {len} features; lower the memory limit, or use a smaller picture");
                    Error::new(ErrorKind::TooLarge, text).with_source(e)
                })?;
            }
        }
        Ok(())
    }

    fn forwards(&self, engine: &Engine, pass: &mut Pass, picture: &[f32], norms: &[[Vec<f32>; 2]]) -> Result<()> {
        let (threads, isa) = (&engine.threads, self.isa);
        let Pass { shapes, buffers, statistics, scales } = pass;
        *statistics = vec![Default::default(); self.norms.len()];
        scales.resize(self.norms.len(), Vec::new());
        for (i, layer) in self.layers.iter().enumerate() {
            let Some(buffer) = self.plan.values[i] else { continue };
            let mut out = std::mem::take(&mut buffers[buffer]);
            let values = Values { network: self, shapes, buffers, picture };
            let (shape, target) = (extent(shapes[i]), &mut out[..shapes[i].len()]);
            match layer {
                Layer::Input => target.copy_from_slice(picture),
                Layer::Same => {}
                Layer::Conv { kernel, from, padding, .. } => {
                    let before = self.padding(shapes, i, *from, *padding)?;
                    let norm = self.layers.get(i + 1).and_then(|next| match next {
                        Layer::Norm { norm, from } if *from == i => Some(*norm),
                        _ => None,
                    });
                    let conv = &self.kernels[*kernel].forwards;
                    let found = conv.run(threads, values.source(*from), before, (target, shape), norm.is_some(), None);
                    if let (Some(norm), Some(Statistics { mean, variance })) = (norm, found) {
                        statistics[norm] = [mean, variance];
                    }
                }
                Layer::Pool { pool, from } => {
                    pool::pool(threads, *pool, (values.of(*from), extent(shapes[*from])), (target, shape));
                }
                Layer::Norm { norm: number, from } => {
                    let (norm, x) = (&self.norms[*number], values.of(*from));
                    if statistics[*number][0].is_empty() {
                        let Statistics { mean, variance } = pool::moments(x, extent(shapes[*from]));
                        statistics[*number] = [mean, variance];
                    }
                    let [mean, variance] = &statistics[*number];
                    let [scale, shift] = &norms[*number];
                    let (mut factors, mut summands) = (Vec::with_capacity(shape.channels), Vec::with_capacity(shape.channels));
                    for c in 0..shape.channels {
                        let root = (f64::from(variance[c]) + f64::from(norm.epsilon)).sqrt();
                        let factor = f64::from(scale[c]) / root;
                        factors.push(factor as f32);
                        summands.push((f64::from(shift[c]) - f64::from(mean[c]) * factor) as f32);
                    }
                    let map = Affine { scale: &factors, shift: &summands };
                    norm::apply(isa, x, map, norm.rectified, target);
                    scales[*number].clone_from(scale);
                }
                Layer::Fixed { from, scale, shift } => {
                    norm::apply(isa, values.of(*from), Affine { scale, shift }, false, target);
                }
                Layer::Relu { from } => target.iter_mut().zip(values.of(*from)).for_each(|(y, &x)| *y = x.max(0.0)),
                Layer::Sigmoid { from } => {
                    let source = Source::plain(values.of(*from), shape);
                    elementwise::finish(threads, isa, source, elementwise::Last::Sigmoid, 0..shape.height, target);
                }
                Layer::Add { from: [a, b] } => {
                    let summands = values.of(*a).iter().zip(values.of(*b));
                    target.iter_mut().zip(summands).for_each(|(y, (a, b))| *y = a + b);
                }
            }
            buffers[buffer] = out;
        }
        Ok(())
    }

    fn values<'p>(&self, pass: &'p mut Pass, node: NodeId) -> (&'p [f32], &'p mut [f32]) {
        let len = pass.shapes[node.index()].len();
        let place = self.plan.seen.iter().find(|(seen, ..)| *seen == node);
        match place {
            Some(&(_, values, Some(scratch))) => match pass.buffers.get_disjoint_mut([values, scratch]) {
                Ok([values, scratch]) => (&values[..len], &mut scratch[..len]),
                // A buffer that is kept is not shared.
                Err(_) => (&[], &mut []),
            },
            Some(&(_, values, None)) => (&pass.buffers[values][..len], &mut []),
            None => (&[], &mut []),
        }
    }

    fn backwards(&self, engine: &Engine, pass: &mut Pass, add: AddGradient<'_>) -> Gradients {
        let (threads, isa) = (&engine.threads, self.isa);
        let Pass { shapes, buffers, statistics, scales } = pass;
        let mut found = Gradients {
            picture: None,
            norms: vec![Default::default(); self.norms.len()],
            kernels: vec![Vec::new(); self.kernels.len()],
        };
        for back in &self.plan.back {
            let i = back.node;
            let (shape, len) = (extent(shapes[i]), shapes[i].len());
            // The layer's output and input, if they are kept.
            let kept = |node: usize| self.plan.values[node].map(|buffer| (buffer, shapes[node].len()));
            let mut gradient = std::mem::take(&mut buffers[back.own]);
            let own = &mut gradient[..len];
            if back.first {
                own.fill(0.0);
            }
            if let (Some((node, scratch)), Some((values, _))) = (back.seen, kept(i)) {
                let mut memory = std::mem::take(&mut buffers[scratch]);
                add(node, (&buffers[values][..len], shapes[i]), own, &mut memory[..len]);
                buffers[scratch] = memory;
            }
            let values = |node: usize| kept(node).map_or(&[][..], |(buffer, len)| &buffers[buffer][..len]);
            match &self.layers[i] {
                Layer::Input | Layer::Same | Layer::Add { .. } => {}
                Layer::Conv { kernel, from, padding, rectified } => {
                    let packed = &self.kernels[*kernel];
                    // The forward pass has checked the padding.
                    let before = self.before(shapes, i, *from, *padding);
                    if *rectified {
                        elementwise::rectify_gradient(threads, values(i), own);
                    }
                    let input = extent(shapes[from.node]);
                    if self.by_kernels {
                        let source = Source { upsample: 1, ..Source::plain(values(from.node), input) };
                        found.kernels[*kernel] = weight_gradient(threads, isa, &packed.spec, source, before, (&*own, shape));
                    }
                    if let (Some(to), Some(turned)) = (back.to.first(), &packed.backwards) {
                        let mut result = std::mem::take(&mut buffers[to.buffer]);
                        turned.run(threads, before, (&*own, shape), (&mut result[..input.len()], input));
                        buffers[to.buffer] = result;
                    }
                }
                Layer::Pool { pool, from } => {
                    let input = extent(shapes[*from]);
                    if let Some(to) = back.to.first() {
                        let mut result = std::mem::take(&mut buffers[to.buffer]);
                        let read = kept(*from).map_or(&[][..], |(buffer, len)| &buffers[buffer][..len]);
                        pool::gradient(threads, *pool, (read, input), (&*own, shape), &mut result[..input.len()]);
                        buffers[to.buffer] = result;
                    }
                }
                Layer::Norm { norm: number, from } => {
                    let norm = &self.norms[*number];
                    if norm.rectified {
                        elementwise::rectify_gradient(threads, values(i), own);
                    }
                    let [mean, variance] = statistics[*number].clone();
                    let statistics = Statistics { mean, variance };
                    let by = norm::gradient(isa, values(*from), &statistics, norm.epsilon, &scales[*number], own);
                    found.norms[*number] = [by.scale, by.shift];
                }
                Layer::Fixed { scale, .. } => {
                    for pixel in own.chunks_exact_mut(scale.len()) {
                        pixel.iter_mut().zip(scale).for_each(|(g, s)| *g *= s);
                    }
                }
                Layer::Relu { .. } => elementwise::rectify_gradient(threads, values(i), own),
                Layer::Sigmoid { .. } => own.iter_mut().zip(values(i)).for_each(|(g, y)| *g *= y * (1.0 - y)),
            }
            let apart = matches!(self.layers[i], Layer::Conv { .. } | Layer::Pool { .. });
            for (to, from) in back.to.iter().zip(self.layers[i].reads().into_iter().filter(|&from| self.plan.needed[from])) {
                let len = shapes[from].len();
                match to.sum {
                    Some(sum) if apart => {
                        let result = std::mem::take(&mut buffers[to.buffer]);
                        add_to(&mut buffers[sum][..len], &result);
                        buffers[to.buffer] = result;
                    }
                    Some(sum) => add_to(&mut buffers[sum][..len], own),
                    None if !apart && to.buffer != back.own => buffers[to.buffer][..len].copy_from_slice(own),
                    None => {}
                }
            }
            buffers[back.own] = gradient;
        }
        found.picture = self.plan.picture.map(|buffer| buffers[buffer][..shapes[0].len()].to_vec());
        found
    }
}

impl Network {
    /// The padding above and to the left of a convolution's input.
    fn before(&self, shapes: &[Shape], node: usize, from: Value, padding: Padding) -> [usize; 2] {
        let Op::Conv(conv) = &self.graph.nodes()[node].op else { return [0, 0] };
        let Extent { height, width, .. } = extent(shapes[from.node]);
        let sides = [height * from.upsample, width * from.upsample];
        std::array::from_fn(|axis| padding.window(sides[axis], conv.kernel[axis], conv.stride).map_or(0, |w| w.before))
    }

    /// Like `before`, but refuses padding that has no known gradient: the border must be mirrored alike on both sides.
    fn padding(&self, shapes: &[Shape], node: usize, from: Value, padding: Padding) -> Result<[usize; 2]> {
        if let Padding::ReflectUp { multiple, .. } = padding {
            let Shape { height, width, .. } = shapes[from.node];
            if !height.is_multiple_of(multiple) || !width.is_multiple_of(multiple) {
                let name = &self.graph.nodes()[node].name;
                let text = format!("{name:?} reads a picture of {width}×{height}, whose sides are not multiples of {multiple}");
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
        }
        Ok(self.before(shapes, node, from, padding))
    }
}

/// Adds a gradient to the one that a node already has.
fn add_to(target: &mut [f32], gradient: &[f32]) {
    target.iter_mut().zip(gradient).for_each(|(t, g)| *t += g);
}
