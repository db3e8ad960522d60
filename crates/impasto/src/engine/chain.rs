//! A network that is a chain of layers, forwards and backwards: features on the way, and the gradient with respect to the picture.
//!
//! A [`super::Program`] forgets a layer as soon as the next has read it. A chain keeps what the way back needs: where
//! ReLUs let values through, and what pools chose between. The gradient of a convolution with respect to its input is a convolution
//! with turned weights, on the same kernels.

use impasto_kernels::conv::{Conv, InputGradient, Spec};
use impasto_kernels::{Activation, Border, Extent, Isa, Source, Threads, elementwise, memory, pool};

use crate::graph::{self, Graph, NodeId, Op, Padding, PoolKind};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};

/// A compiled chain.
pub(crate) struct Chain {
    layers: Vec<Layer>,
    /// Which layer computes each node of the graph.
    layer_of: Vec<Option<usize>>,
}

struct Layer {
    work: Work,
    channels: usize,
    /// Input pixels per output pixel along a side, from the picture on.
    stride: usize,
}

enum Work {
    Conv { conv: Box<Conv>, back: Box<InputGradient>, padding: [usize; 2], rectified: bool },
    Pool(pool::Pool),
}

/// What a chain's runs keep, for pictures up to a certain extent.
pub(crate) struct Workspace {
    /// Each layer's output, where it is kept.
    outputs: Vec<Vec<f32>>,
    /// Extents of the last run.
    extents: Vec<Extent>,
    /// Two layers' worth of floats, for gradients on the way back and for whatever passes by on the way there.
    passing: [Vec<f32>; 2],
}

impl Chain {
    /// Packs the layers of a graph up to a node.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the graph is no chain of convolutions that keep the extent, ReLUs, and pools whose windows do not
    /// overlap; [`ErrorKind::Mismatch`] if the weights lack an array or have it in another shape.
    pub(crate) fn compile(graph: &Graph, weights: &Weights, last: NodeId, isa: Isa) -> Result<Self> {
        let unsupported = |node: &graph::Node, what: &str| {
            Error::new(ErrorKind::Unsupported, format!("{:?} {what}: no gradient is known for it", node.name))
        };
        let channels = graph.channels()?;
        let nodes = &graph.nodes()[..=last.index()];
        let (mut layers, mut layer_of) = (Vec::new(), vec![None]);
        let mut before = (channels[0], 1);
        for (i, node) in nodes.iter().enumerate().skip(1) {
            if node.inputs.len() != 1 || node.inputs[0].index() != i - 1 {
                return Err(unsupported(node, "reads another layer than the one before"));
            }
            let (work, stride) = match &node.op {
                Op::Activation(graph::Activation::Relu) => {
                    // Part of the convolution.
                    layer_of.push(layer_of[i - 1]);
                    continue;
                }
                Op::Conv(conv) => {
                    let rectified = nodes.get(i + 1).is_some_and(|next| next.op == Op::Activation(graph::Activation::Relu));
                    (
                        convolution(conv, before.0, rectified, weights, isa)
                            .ok_or_else(|| unsupported(node, "is such a convolution"))??,
                        1,
                    )
                }
                Op::Pool(graph::Pool { kind, kernel, stride, padding: Padding::Valid }) if kernel == stride => {
                    // What it chose between must be kept, as rectified features are.
                    if !layers.last().is_some_and(|layer: &Layer| matches!(layer.work, Work::Conv { rectified: true, .. })) {
                        return Err(unsupported(node, "does not follow a ReLU"));
                    }
                    let kind = match kind {
                        PoolKind::Max => pool::PoolKind::Max,
                        PoolKind::Average => pool::PoolKind::Average,
                    };
                    (Work::Pool(pool::Pool { kind, kernel: *kernel, stride: *stride, padding: [0, 0] }), *stride)
                }
                _ => return Err(unsupported(node, "is such a layer")),
            };
            before = (channels[i], before.1 * stride);
            layers.push(Layer { work, channels: before.0, stride: before.1 });
            layer_of.push(Some(layers.len() - 1));
        }
        Ok(Chain { layers, layer_of })
    }

    /// Which layer a node's output is, if it was compiled.
    pub(crate) fn layer(&self, node: NodeId) -> Option<usize> {
        self.layer_of.get(node.index()).copied().flatten()
    }

    /// Input pixels per output pixel of a layer, along a side.
    pub(crate) fn stride(&self, layer: usize) -> usize {
        self.layers[layer].stride
    }

    /// Channels of a layer.
    pub(crate) fn channels(&self, layer: usize) -> usize {
        self.layers[layer].channels
    }

    /// How many pixels around a pixel its features in the deepest layer are computed from, at most: a multiple of the deepest stride.
    pub(crate) fn halo(&self) -> usize {
        let mut stride = 1;
        let mut halo = 0;
        for layer in &self.layers {
            match &layer.work {
                Work::Conv { padding, .. } => halo += stride * padding[0].max(padding[1]),
                Work::Pool(pool) => {
                    stride *= pool.stride;
                    halo += stride - stride / pool.stride;
                }
            }
        }
        halo.next_multiple_of(stride)
    }

    /// Input pixels per pixel of the deepest layer, along a side.
    pub(crate) fn deepest_stride(&self) -> usize {
        self.layers.last().map_or(1, |layer| layer.stride)
    }

    /// The extent of every layer for a picture of this one.
    pub(crate) fn extents(&self, picture: Extent) -> Vec<Extent> {
        let mut extents = Vec::with_capacity(self.layers.len());
        let mut before = picture;
        for layer in &self.layers {
            let shrink = if let Work::Pool(pool) = &layer.work { pool.stride } else { 1 };
            before = Extent { height: before.height / shrink, width: before.width / shrink, channels: layer.channels };
            extents.push(before);
        }
        extents
    }

    /// Bytes that a workspace for this extent takes, with the kernels' scratch memory.
    pub(crate) fn memory(&self, picture: Extent, threads: usize) -> u64 {
        let extents = self.extents(picture);
        let kept: usize = (0..self.layers.len()).filter(|&i| self.keeps(i)).map(|i| extents[i].len()).sum();
        let scratch = |(layer, extent): (&Layer, &Extent)| match &layer.work {
            Work::Conv { conv, .. } if !extent.is_empty() => conv.scratch_len(*extent) * threads + conv.shared_len(),
            _ => 0,
        };
        let scratch = self.layers.iter().zip(&extents).map(scratch).max().unwrap_or(0);
        let floats = kept + 2 * widest(&extents, picture) + scratch;
        floats as u64 * 4 + self.weight_bytes() as u64
    }

    /// Bytes of the packed weights, for both directions.
    fn weight_bytes(&self) -> usize {
        self.layers.iter().map(|l| if let Work::Conv { conv, .. } = &l.work { 2 * conv.weight_bytes() } else { 0 }).sum()
    }

    /// Whether a layer's output outlives the next layer. A convolution's own input is not needed for the way back.
    fn keeps(&self, layer: usize) -> bool {
        matches!(self.layers[layer].work, Work::Conv { rectified: true, .. })
    }

    /// Computes all layers.
    ///
    /// # Panics
    /// If the picture has another length than its extent, or a layer's extent is empty: ask [`Graph::shapes`] before.
    pub(crate) fn forwards(&self, threads: &Threads, workspace: &mut Workspace, picture: (&[f32], Extent)) {
        let (picture, extent) = picture;
        assert_eq!(picture.len(), extent.len());
        workspace.extents = self.extents(extent);
        let Workspace { outputs, extents, passing: [here, there] } = workspace;
        // Where the layer before has left its output.
        let mut last: Option<usize> = None;
        let mut before = extent;
        for (i, layer) in self.layers.iter().enumerate() {
            let to = extents[i];
            let (done, rest) = outputs.split_at_mut(i);
            let from: &[f32] = match last {
                None => picture,
                Some(last) if self.keeps(last) => &done[last],
                Some(_) => here,
            };
            let from = &from[..before.len()];
            let target = if self.keeps(i) { &mut rest[0] } else { &mut *there };
            let target = &mut target[..to.len()];
            match &layer.work {
                Work::Conv { conv, padding, .. } => {
                    conv.run(threads, Source::plain(from, before), *padding, (target, to), false, None);
                }
                Work::Pool(pool) => pool::pool(threads, *pool, (from, before), (target, to)),
            }
            if !self.keeps(i) {
                std::mem::swap(here, there);
            }
            (last, before) = (Some(i), to);
        }
    }

    /// The gradient with respect to the picture of the last run, after [`Chain::forwards`].
    ///
    /// `add` is asked for each layer, the deepest first: it adds what the objective's derivative with respect to the layer's own features is
    /// to the gradient that comes from deeper layers, or does nothing and says `false`. It is given the number of the layer, its features, the gradient, and as
    /// many floats of scratch memory.
    pub(crate) fn backwards<'w>(
        &self,
        threads: &Threads,
        workspace: &'w mut Workspace,
        picture: Extent,
        mut add: impl FnMut(usize, (&[f32], Extent), &mut [f32], &mut [f32]) -> bool,
    ) -> &'w [f32] {
        let Workspace { outputs, extents, passing: [here, there] } = workspace;
        // Nothing has a gradient before the first layer that adds one.
        let mut any = false;
        for (i, layer) in self.layers.iter().enumerate().rev() {
            let extent = extents[i];
            let len = extent.len();
            if self.keeps(i) {
                if !any {
                    here[..len].fill(0.0);
                }
                any |= add(i, (&outputs[i][..len], extent), &mut here[..len], &mut there[..len]);
            }
            if !any {
                continue;
            }
            let before = if i == 0 { picture } else { extents[i - 1] };
            let result = &mut there[..before.len()];
            match &layer.work {
                Work::Conv { back, padding, rectified, .. } => {
                    if *rectified {
                        elementwise::rectify_gradient(threads, &outputs[i][..len], &mut here[..len]);
                    }
                    back.run(threads, *padding, (&here[..len], extent), (result, before));
                }
                Work::Pool(pool) => {
                    let input: &[f32] = if i > 0 && self.keeps(i - 1) { &outputs[i - 1][..before.len()] } else { &[] };
                    pool::gradient(threads, *pool, (input, before), (&here[..len], extent), result);
                }
            }
            std::mem::swap(here, there);
        }
        if !any {
            here[..picture.len()].fill(0.0);
        }
        &here[..picture.len()]
    }
}

impl Workspace {
    /// Memory for pictures up to this extent.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if it cannot be had.
    pub(crate) fn new(chain: &Chain, picture: Extent) -> Result<Self> {
        let extents = chain.extents(picture);
        let zeroed = |len: usize| {
            memory::zeroed(len).map_err(|e| {
                let text =
                    format!("not enough memory for {len} features; allow less with a smaller ceiling, or use a smaller picture");
                Error::new(ErrorKind::TooLarge, text).with_source(e)
            })
        };
        let outputs = (0..extents.len()).map(|i| if chain.keeps(i) { zeroed(extents[i].len()) } else { Ok(Vec::new()) });
        let outputs = outputs.collect::<Result<_>>()?;
        let passing = widest(&extents, picture);
        Ok(Workspace { outputs, extents, passing: [zeroed(passing)?, zeroed(passing)?] })
    }

    /// A layer's features after [`Chain::forwards`]; only of layers that end in a ReLU.
    pub(crate) fn features(&self, layer: usize) -> (&[f32], Extent) {
        let extent = self.extents[layer];
        (&self.outputs[layer][..extent.len()], extent)
    }

    /// A layer's features, and as many floats of scratch memory.
    pub(crate) fn features_and_scratch(&mut self, layer: usize) -> ((&[f32], Extent), &mut [f32]) {
        let extent = self.extents[layer];
        ((&self.outputs[layer][..extent.len()], extent), &mut self.passing[0][..extent.len()])
    }
}

/// Floats of the largest of all layers and the picture.
fn widest(extents: &[Extent], picture: Extent) -> usize {
    extents.iter().map(|extent| extent.len()).fold(picture.len(), usize::max)
}

/// `None` for a convolution that is not supported.
fn convolution(conv: &graph::Conv, inputs: usize, rectified: bool, weights: &Weights, isa: Isa) -> Option<Result<Work>> {
    let graph::Conv { weight, bias, kernel: kernel @ [kh, kw], stride, depthwise, channels, padding } = conv;
    let middle = [kh / 2, kw / 2];
    let (border, padding) = match *padding {
        Padding::Same | Padding::Valid if middle == [0, 0] => (Border::Zero, [0, 0]),
        Padding::Same => (Border::Zero, middle),
        Padding::Zero(n) if [n, n] == middle => (Border::Zero, middle),
        Padding::Reflect(n) if [n, n] == middle => (Border::Reflect, middle),
        _ => return None,
    };
    if *stride != 1 || *depthwise || kh % 2 == 0 || kw % 2 == 0 {
        return None;
    }
    let spec =
        Spec { in_channels: inputs, out_channels: *channels, kernel: *kernel, stride: 1, depthwise: false, border, upsample: 1 };
    let activation = if rectified { Activation::Relu } else { Activation::None };
    let pack = || {
        let kernel = weights.require(weight, &[*kh, *kw, inputs, *channels])?.data();
        let bias = bias.as_ref().map(|bias| weights.require(bias, &[*channels])).transpose()?.map(|bias| bias.data());
        let conv = Box::new(Conv::new(spec, kernel, bias, activation, isa, None));
        Ok(Work::Conv { conv, back: Box::new(InputGradient::new(spec, kernel, isa)), padding, rectified })
    };
    Some(pack())
}
