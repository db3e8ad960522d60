//! Which values are kept for the backward pass, and which buffer holds what.

use super::{Layer, Norm};
use crate::engine::gradient::Wanted;
use crate::graph::{Graph, NodeId, Shape};

/// The buffers of all values and gradients, for pictures of any size.
pub(super) struct Plan {
    /// For each node, the buffer of its values. `None` for nodes that hold none, and for
    /// a picture that the backward pass does not read.
    pub(super) values: Vec<Option<usize>>,
    /// The steps of the backward pass, the deepest node first.
    pub(super) back: Vec<Back>,
    /// Seen nodes: the buffer of their values, and that of their scratch memory if a gradient enters there.
    pub(super) seen: Vec<(NodeId, usize, Option<usize>)>,
    /// The buffer of the gradient with respect to the picture, if there is one.
    pub(super) picture: Option<usize>,
    /// For each node, whether a gradient with respect to its values is needed.
    pub(super) needed: Vec<bool>,
    /// For each buffer, the nodes whose values or gradients it holds at some time.
    holds: Vec<Vec<usize>>,
}

/// A node's step of the backward pass.
pub(super) struct Back {
    pub(super) node: usize,
    /// The buffer of its gradient.
    pub(super) own: usize,
    /// Whether nothing has been written to the buffer before.
    pub(super) first: bool,
    /// If its values are seen: as which node, and the buffer of the scratch memory.
    pub(super) seen: Option<(NodeId, usize)>,
    /// Where its gradient goes, in the order of the node's inputs.
    pub(super) to: Vec<To>,
}

/// Where a gradient goes.
pub(super) struct To {
    /// The buffer that it is written to; [`Back::own`] if it stays in place.
    pub(super) buffer: usize,
    /// The buffer that it is then added to, if the input already has a gradient.
    pub(super) sum: Option<usize>,
}

impl Plan {
    /// `seen` says for each node as which node its values are seen, if at all.
    pub(super) fn new(graph: &Graph, layers: &[Layer], norms: &[Norm], seen: &[Option<NodeId>], wanted: &Wanted<'_>) -> Self {
        let count = layers.len();
        let mut needed = vec![false; count];
        for (i, layer) in layers.iter().enumerate() {
            needed[i] = match layer {
                Layer::Input => wanted.picture,
                Layer::Norm { .. } => true,
                Layer::Conv { .. } => wanted.kernels || needed[layer.reads()[0]],
                _ => layer.reads().iter().any(|&from| needed[from]),
            };
        }
        // Gradients enter at seen nodes.
        let mut arrives: Vec<bool> = seen.iter().map(Option::is_some).collect();
        for (i, layer) in layers.iter().enumerate().rev() {
            if arrives[i] {
                layer.reads().into_iter().for_each(|from| arrives[from] = true);
            }
        }
        let goes_back = |i: usize| arrives[i] && needed[i];
        let mut kept: Vec<bool> = seen.iter().map(Option::is_some).collect();
        for (i, layer) in layers.iter().enumerate().filter(|(i, _)| goes_back(*i)) {
            match layer {
                Layer::Conv { from, rectified, .. } => {
                    kept[i] |= rectified;
                    kept[from.node] |= wanted.kernels;
                }
                Layer::Pool { from, .. } => kept[*from] = true,
                Layer::Norm { norm, from } => {
                    kept[*from] = true;
                    kept[i] |= norms[*norm].rectified;
                }
                Layer::Relu { .. } | Layer::Sigmoid { .. } => kept[i] = true,
                Layer::Input | Layer::Fixed { .. } | Layer::Add { .. } | Layer::Same => {}
            }
        }
        // The relative sizes of the nodes.
        let sizes = graph.shapes([256, 256]).map_or_else(|_| vec![0; count], |shapes| shapes.iter().map(Shape::len).collect());
        let mut buffers = Buffers { sizes, holds: Vec::new(), free: Vec::new() };
        let values = there(layers, &kept, &mut buffers);

        let mut plan = Plan { values, back: Vec::new(), seen: Vec::new(), picture: None, needed, holds: Vec::new() };
        let mut gradients: Vec<Option<usize>> = vec![None; count];
        for (i, layer) in layers.iter().enumerate().rev() {
            if !(arrives[i] && plan.needed[i]) {
                continue;
            }
            let first = gradients[i].is_none();
            let own = gradients[i].unwrap_or_else(|| buffers.take(i));
            let seen = seen[i].map(|node| {
                let scratch = buffers.take(i);
                buffers.free.push(scratch);
                (node, scratch)
            });
            let mut to = Vec::new();
            let (mut moved, reads) = (false, layer.reads());
            for (at, &from) in reads.iter().enumerate().filter(|&(_, &from)| plan.needed[from]) {
                let apart = matches!(layer, Layer::Conv { .. } | Layer::Pool { .. });
                let last = at + 1 == reads.len();
                to.push(match gradients[from] {
                    Some(sum) if apart => {
                        let buffer = buffers.take(from);
                        buffers.free.push(buffer);
                        To { buffer, sum: Some(sum) }
                    }
                    Some(sum) => To { buffer: own, sum: Some(sum) },
                    None if apart || !last => To { buffer: *gradients[from].insert(buffers.take(from)), sum: None },
                    None => {
                        moved = true;
                        To { buffer: *gradients[from].insert(own), sum: None }
                    }
                });
            }
            if matches!(layer, Layer::Input) {
                plan.picture = Some(own);
            } else if !moved {
                buffers.free.push(own);
            }
            plan.back.push(Back { node: i, own, first, seen, to });
        }
        for (holder, node) in seen.iter().enumerate() {
            if let (Some(node), Some(values)) = (node, plan.values[holder]) {
                let scratch = plan.back.iter().find(|back| back.node == holder).and_then(|back| back.seen);
                plan.seen.push((*node, values, scratch.map(|(_, scratch)| scratch)));
            }
        }
        plan.holds = buffers.holds;
        plan
    }

    /// The number of floats in each buffer for these shapes of the nodes.
    pub(super) fn lengths(&self, shapes: &[Shape]) -> impl Iterator<Item = usize> {
        self.holds.iter().map(|nodes| nodes.iter().map(|&node| shapes[node].len()).max().unwrap_or(0))
    }
}

/// Assigns buffers to the nodes' values. Buffers of values that are not kept are free after their last reader.
fn there(layers: &[Layer], kept: &[bool], buffers: &mut Buffers) -> Vec<Option<usize>> {
    let mut last_reader = vec![0; layers.len()];
    for (i, layer) in layers.iter().enumerate() {
        layer.reads().into_iter().for_each(|from| last_reader[from] = i);
    }
    let mut values: Vec<Option<usize>> = Vec::new();
    for (i, layer) in layers.iter().enumerate() {
        values.push(match layer {
            Layer::Same => None,
            // Read directly from the caller's memory.
            Layer::Input if !kept[i] => None,
            _ => Some(buffers.take(i)),
        });
        let mut done = layer.reads();
        done.push(i);
        done.dedup();
        for node in done {
            if let Some(buffer) = values[node].filter(|_| !kept[node] && last_reader[node] <= i) {
                buffers.free.push(buffer);
            }
        }
    }
    values
}

/// Buffers that are assigned to nodes.
struct Buffers {
    sizes: Vec<usize>,
    holds: Vec<Vec<usize>>,
    free: Vec<usize>,
}

impl Buffers {
    /// Takes a buffer for a node: the smallest free one that is large enough; otherwise the
    /// largest free one, which grows; otherwise a new one.
    fn take(&mut self, node: usize) -> usize {
        let (sizes, holds) = (&self.sizes, &self.holds);
        let size = |buffer: usize| holds[buffer].iter().map(|&node| sizes[node]).max().unwrap_or(0);
        let best = (0..self.free.len()).min_by_key(|&at| {
            let (has, needs) = (size(self.free[at]), sizes[node]);
            if has >= needs { (0, has - needs) } else { (1, needs - has) }
        });
        let buffer = best.map_or(holds.len(), |at| self.free.swap_remove(at));
        if buffer == self.holds.len() {
            self.holds.push(Vec::new());
        }
        self.holds[buffer].push(node);
        buffer
    }
}
