//! The perceptual network as an optimisation uses it: packed, with the layers that are compared.

use impasto_kernels::{Extent, Isa};

use super::OptimizeOptions;
use crate::engine::chain::Chain;
use crate::graph::{Graph, NodeId};
use crate::{Error, ErrorKind, Perceptual, Result};

/// A compiled perceptual network, as deep as the deepest layer that is compared.
pub(super) struct Network {
    pub(super) chain: Chain,
    graph: Graph,
    pub(super) content_layers: Vec<usize>,
    pub(super) style_layers: Vec<usize>,
}

impl Network {
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the network lacks a layer; else as [`Chain::compile`].
    pub(super) fn compile(perceptual: &Perceptual, options: &OptimizeOptions, isa: Isa) -> Result<Self> {
        let graph = perceptual.graph();
        let chosen = |names: &[String], default: &[&str], deepest: bool| -> Result<Vec<NodeId>> {
            if !names.is_empty() {
                return names.iter().map(|name| perceptual.layer(name)).collect();
            }
            let there: Vec<NodeId> = default.iter().filter_map(|name| graph.named(name)).collect();
            // A network that ends before has its last layer for content.
            if there.is_empty() && deepest { Ok(vec![graph.output()]) } else { Ok(there) }
        };
        let content = chosen(&options.content_layers, &OptimizeOptions::CONTENT_LAYERS, true)?;
        let style = chosen(&options.style_layers, &OptimizeOptions::STYLE_LAYERS, false)?;
        if style.is_empty() {
            let text = format!(
                "the perceptual network has none of the style layers {}; name others",
                OptimizeOptions::STYLE_LAYERS.join(", ")
            );
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let last = content.iter().chain(&style).max_by_key(|node| node.index());
        let chain = Chain::compile(graph, perceptual.weights(), *last.unwrap_or(&graph.output()), isa)?;
        let layers = |nodes: &[NodeId]| -> Vec<usize> {
            let mut layers: Vec<usize> = nodes.iter().filter_map(|&node| chain.layer(node)).collect();
            layers.sort_unstable();
            layers.dedup();
            layers
        };
        let (content_layers, style_layers) = (layers(&content), layers(&style));
        Ok(Network { content_layers, style_layers, graph: graph.clone(), chain })
    }

    /// All layers that are compared, in order.
    pub(super) fn used_layers(&self) -> Vec<usize> {
        let mut layers = [self.content_layers.clone(), self.style_layers.clone()].concat();
        layers.sort_unstable();
        layers.dedup();
        layers
    }

    /// Pixels that each side of a picture has at least: mirrored borders need a second pixel at the deepest layer.
    pub(super) fn least_side(&self) -> usize {
        2 * self.chain.deepest_stride()
    }

    /// Whether a picture is large enough.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if not.
    pub(super) fn check_size(&self, extent: Extent) -> Result<()> {
        let least = self.least_side();
        if extent.height < least || extent.width < least {
            let text = format!(
                "a picture of {}×{} is too small for the perceptual network, which needs {least} pixels a side; use a larger size, or layers that are \
                 not so deep",
                extent.width, extent.height
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        Ok(())
    }

    /// Names of the layers that are compared: content, then style.
    pub(super) fn names(&self) -> [Vec<String>; 2] {
        // A layer is the last of the nodes that it computes.
        let name = |layer: &usize| {
            let node = (0..self.graph.nodes().len()).rev().find(|&node| self.chain.layer(NodeId(node)) == Some(*layer));
            node.map(|node| self.graph.nodes()[node].name.clone()).unwrap_or_default()
        };
        [&self.content_layers, &self.style_layers].map(|layers| layers.iter().map(name).collect())
    }
}
