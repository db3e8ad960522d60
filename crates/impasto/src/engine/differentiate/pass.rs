//! One picture's way through a network, and back.

use impasto_kernels::conv::weight_gradient;
use impasto_kernels::statistics::Statistics;
use impasto_kernels::{Affine, Extent, Source, Threads, elementwise, norm};

use super::{Layer, Network, Value};
use crate::engine::plan::extent;
use crate::graph::{Op, Padding, Shape};
use crate::{Error, ErrorKind, Result};

/// What a way back is to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The gradient with respect to the picture.
    pub(crate) picture: bool,
    /// Those with respect to kernels.
    pub(crate) kernels: bool,
}

/// Gradients of a loss.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Gradients {
    /// With respect to the picture, if wanted.
    pub(crate) picture: Option<Vec<f32>>,
    /// With respect to scale and shift of each norm.
    pub(crate) norms: Vec<[Vec<f32>; 2]>,
    /// With respect to each kernel; empty if not wanted.
    pub(crate) kernels: Vec<Vec<f32>>,
}

/// Memory for a picture's way forwards and back, used again by the next.
#[derive(Default)]
pub(crate) struct Pass {
    shapes: Vec<Shape>,
    /// Each node's values, where it holds any.
    values: Vec<Vec<f32>>,
    /// What each norm's input came to.
    statistics: Vec<Option<Statistics>>,
    /// What each norm multiplied by.
    scales: Vec<Vec<f32>>,
    /// Buffers that are free.
    free: Vec<Vec<f32>>,
}

impl Pass {
    /// Runs a network on a picture with these scales and shifts of its norms, which take the statistics of their own input. Gives the
    /// result and its extent.
    ///
    /// # Errors
    /// As [`crate::graph::Graph::shapes`]; [`ErrorKind::InvalidArgument`] if the picture would have to be extended to a multiple of something;
    /// [`ErrorKind::Mismatch`] if the norms are those of another network.
    pub(crate) fn forwards(
        &mut self,
        network: &Network,
        threads: &Threads,
        (picture, size): (&[f32], Extent),
        norms: &[[Vec<f32>; 2]],
    ) -> Result<(&[f32], Extent)> {
        let fits = |(map, norm): (&[Vec<f32>; 2], &super::Norm)| map.iter().all(|values| values.len() == norm.channels);
        if norms.len() != network.norms.len() || !norms.iter().zip(&network.norms).all(fits) {
            return Err(Error::new(ErrorKind::Mismatch, "norms of another network"));
        }
        self.shapes = network.graph.shapes(size.height, size.width)?;
        if self.shapes[0].channels != size.channels || picture.len() != size.len() {
            return Err(Error::new(ErrorKind::Mismatch, "a picture of another size than its extent"));
        }
        self.free.extend(self.values.drain(..).filter(|values| values.capacity() > 0));
        self.statistics = vec![None; network.norms.len()];
        self.scales = vec![Vec::new(); network.norms.len()];
        for (i, layer) in network.layers.iter().enumerate() {
            let shape = extent(self.shapes[i]);
            let mut out = if matches!(layer, Layer::Same) { Vec::new() } else { take(&mut self.free, shape.len()) };
            match layer {
                Layer::Input => out.copy_from_slice(picture),
                Layer::Same => {}
                Layer::Conv { kernel, from, padding } => {
                    let packed = &network.kernels[*kernel].packed;
                    let before = self.padding(network, i, *from, *padding)?;
                    let source = self.source(*from);
                    let norm = network.layers.get(i + 1).and_then(|next| match next {
                        Layer::Norm { norm, from } if *from == i => Some(*norm),
                        _ => None,
                    });
                    let found = packed.forwards.run(threads, source, before, (&mut out, shape), norm.is_some(), None);
                    if let Some(norm) = norm {
                        self.statistics[norm] = found;
                    }
                }
                Layer::Norm { norm: place, from } => {
                    let norm = &network.norms[*place];
                    let x = &self.values[*from];
                    let statistics = self.statistics[*place]
                        .get_or_insert_with(|| impasto_kernels::pool::moments(x, extent(self.shapes[*from])));
                    let [scale, shift] = &norms[*place];
                    let (mut factors, mut summands) = (Vec::with_capacity(shape.channels), Vec::with_capacity(shape.channels));
                    for c in 0..shape.channels {
                        let root = (f64::from(statistics.variance[c]) + f64::from(norm.epsilon)).sqrt();
                        let factor = f64::from(scale[c]) / root;
                        factors.push(factor as f32);
                        summands.push((f64::from(shift[c]) - f64::from(statistics.mean[c]) * factor) as f32);
                    }
                    let map = Affine { scale: &factors, shift: &summands };
                    norm::apply(network.isa, x, map, norm.rectified, &mut out);
                    self.scales[*place].clone_from(scale);
                }
                Layer::Fixed { from, scale, shift } => {
                    norm::apply(network.isa, &self.values[*from], Affine { scale, shift }, false, &mut out);
                }
                Layer::Relu { from } => out.iter_mut().zip(&self.values[*from]).for_each(|(y, &x)| *y = x.max(0.0)),
                Layer::Sigmoid { from } => {
                    let source = Source::plain(&self.values[*from], shape);
                    elementwise::finish(threads, network.isa, source, elementwise::Last::Sigmoid, 0..shape.height, &mut out);
                }
                Layer::Add { from: [a, b] } => {
                    let values = self.values[*a].iter().zip(&self.values[*b]);
                    out.iter_mut().zip(values).for_each(|(y, (a, b))| *y = a + b);
                }
            }
            self.values.push(out);
        }
        let last = self.values.len() - 1;
        Ok((&self.values[last], extent(self.shapes[last])))
    }

    /// Pulls the gradient of a loss with respect to the result of the last [`Pass::forwards`] back to where the network's numbers come from.
    ///
    /// # Panics
    /// If the gradient has another length than the result, or the network is another one.
    pub(crate) fn backwards(&mut self, network: &Network, threads: &Threads, gradient: &[f32], wanted: Wanted) -> Gradients {
        assert_eq!(gradient.len(), self.values.last().map_or(0, Vec::len), "a gradient of another size than the result");
        let isa = network.isa;
        let mut found = Gradients {
            picture: None,
            norms: vec![Default::default(); network.norms.len()],
            kernels: vec![Vec::new(); network.kernels.len()],
        };
        let mut gradients: Vec<Option<Vec<f32>>> = vec![None; network.layers.len()];
        let mut first = take(&mut self.free, gradient.len());
        first.copy_from_slice(gradient);
        if let Some(last) = gradients.last_mut() {
            *last = Some(first);
        }
        for (i, layer) in network.layers.iter().enumerate().rev() {
            // What nothing reads has no gradient.
            let Some(mut own) = gradients[i].take() else { continue };
            let shape = extent(self.shapes[i]);
            match layer {
                Layer::Same => {}
                Layer::Input => {
                    if wanted.picture {
                        found.picture = Some(own);
                        continue;
                    }
                }
                Layer::Conv { kernel, from, padding } => {
                    let packed = &network.kernels[*kernel].packed;
                    // It was found to be possible on the way there.
                    let before = self.before(network, i, *from, *padding);
                    if wanted.kernels {
                        let source = Source::plain(&self.values[from.node], extent(self.shapes[from.node]));
                        found.kernels[*kernel] = weight_gradient(threads, isa, &packed.spec, source, before, (&own, shape));
                    }
                    if from.node > 0 || wanted.picture {
                        let input = extent(self.shapes[from.node]);
                        let mut result = take(&mut self.free, input.len());
                        packed.backwards.run(threads, before, (&own, shape), (&mut result, input));
                        add(&mut gradients[from.node], result, &mut self.free);
                    }
                }
                Layer::Norm { norm: place, from } => {
                    let norm = &network.norms[*place];
                    if norm.rectified {
                        elementwise::rectify_gradient(threads, &self.values[i], &mut own);
                    }
                    if let Some(statistics) = &self.statistics[*place] {
                        let x = &self.values[*from];
                        let by = norm::gradient(isa, x, statistics, norm.epsilon, &self.scales[*place], &mut own);
                        found.norms[*place] = [by.scale, by.shift];
                    }
                    add(&mut gradients[*from], own, &mut self.free);
                    continue;
                }
                Layer::Fixed { from, scale, .. } => {
                    for pixel in own.chunks_exact_mut(scale.len()) {
                        pixel.iter_mut().zip(scale).for_each(|(g, s)| *g *= s);
                    }
                    add(&mut gradients[*from], own, &mut self.free);
                    continue;
                }
                Layer::Relu { from } => {
                    elementwise::rectify_gradient(threads, &self.values[i], &mut own);
                    add(&mut gradients[*from], own, &mut self.free);
                    continue;
                }
                Layer::Sigmoid { from } => {
                    own.iter_mut().zip(&self.values[i]).for_each(|(g, y)| *g *= y * (1.0 - y));
                    add(&mut gradients[*from], own, &mut self.free);
                    continue;
                }
                Layer::Add { from: [a, b] } => {
                    let mut copy = take(&mut self.free, own.len());
                    copy.copy_from_slice(&own);
                    add(&mut gradients[*a], copy, &mut self.free);
                    add(&mut gradients[*b], own, &mut self.free);
                    continue;
                }
            }
            self.free.push(own);
        }
        found
    }

    /// A value as a layer reads it.
    fn source(&self, value: Value) -> Source<'_> {
        let plain = Source::plain(&self.values[value.node], extent(self.shapes[value.node]));
        Source { upsample: value.upsample, ..plain }
    }

    /// Padding above and to the left of what a convolution reads.
    fn before(&self, network: &Network, node: usize, from: Value, padding: Padding) -> [usize; 2] {
        let Op::Conv(conv) = &network.graph.nodes()[node].op else { return [0, 0] };
        let shape = self.shapes[from.node];
        let sides = [shape.height * from.upsample, shape.width * from.upsample];
        std::array::from_fn(|axis| padding.window(sides[axis], conv.kernel[axis], conv.stride).map_or(0, |w| w.before))
    }

    /// The same, if gradients are known for it: a border is mirrored alike on both sides.
    fn padding(&self, network: &Network, node: usize, from: Value, padding: Padding) -> Result<[usize; 2]> {
        if let Padding::ReflectUp { multiple, .. } = padding {
            let Shape { height, width, .. } = self.shapes[from.node];
            if !height.is_multiple_of(multiple) || !width.is_multiple_of(multiple) {
                let name = &network.graph.nodes()[node].name;
                let text = format!("{name:?} reads a picture of {width}×{height}, whose sides are no multiples of {multiple}");
                return Err(Error::new(ErrorKind::InvalidArgument, text));
            }
        }
        Ok(self.before(network, node, from, padding))
    }
}

/// A buffer of this length and any content.
fn take(free: &mut Vec<Vec<f32>>, len: usize) -> Vec<f32> {
    let fits = |i: &usize| free[*i].capacity() >= len;
    match (0..free.len()).filter(fits).min_by_key(|&i| free[i].capacity()) {
        Some(i) => {
            let mut buffer = free.swap_remove(i);
            buffer.resize(len, 0.0);
            buffer
        }
        None => vec![0.0; len],
    }
}

/// Adds a gradient to what a node has.
fn add(target: &mut Option<Vec<f32>>, gradient: Vec<f32>, free: &mut Vec<Vec<f32>>) {
    match target {
        Some(target) => {
            target.iter_mut().zip(&gradient).for_each(|(t, g)| *t += g);
            free.push(gradient);
        }
        None => *target = Some(gradient),
    }
}
