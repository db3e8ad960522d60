//! The perceptual network as an optimization uses it: compiled, with the layers that are compared.

use super::OptimizeOptions;
use crate::engine::Executor;
use crate::engine::gradient::{self, Wanted};
use crate::graph::{NodeId, Shape};
use crate::{Error, ErrorKind, Perceptual, Result};

/// A compiled perceptual network, cut off after the deepest layer that is compared.
pub(super) struct Network {
    pub(super) network: gradient::Network,
    pub(super) content_layers: Vec<NodeId>,
    pub(super) style_layers: Vec<NodeId>,
}

impl Network {
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the network lacks a layer; else as [`gradient::Network::compile`].
    pub(super) fn compile(perceptual: &Perceptual, options: &OptimizeOptions, executor: Executor) -> Result<Self> {
        let graph = perceptual.graph();
        let chosen = |names: &[String], default: &[&str], deepest: bool| -> Result<Vec<NodeId>> {
            if !names.is_empty() {
                return names.iter().map(|name| perceptual.layer(name)).collect();
            }
            let there: Vec<NodeId> = default.iter().filter_map(|name| graph.named(name)).collect();
            // If a network ends before these layers, content is compared in its last layer.
            if there.is_empty() && deepest { Ok(vec![graph.output()]) } else { Ok(there) }
        };
        let content = chosen(&options.content_layers, &OptimizeOptions::CONTENT_LAYERS, true)?;
        let style = chosen(&options.style_layers, &OptimizeOptions::STYLE_LAYERS, false)?;
        if style.is_empty() {
            let text = format!(
                "the perceptual network has none of the style layers {}; name other layers",
                OptimizeOptions::STYLE_LAYERS.join(", ")
            );
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let ordered = |nodes: Vec<NodeId>| {
            let mut nodes = nodes;
            nodes.sort_unstable();
            nodes.dedup();
            nodes
        };
        let (content_layers, style_layers) = (ordered(content), ordered(style));
        let seen = ordered([content_layers.clone(), style_layers.clone()].concat());
        let wanted = Wanted { seen: &seen, picture: true, kernels: false };
        let network = gradient::Network::compile(graph, perceptual.weights(), &wanted, executor)?;
        Ok(Network { network, content_layers, style_layers })
    }

    /// Returns all layers that are compared, in order.
    pub(super) fn used_layers(&self) -> &[NodeId] {
        self.network.seen()
    }

    /// Returns the number of input pixels per pixel of a layer, along a side.
    pub(super) fn stride(&self, layer: NodeId) -> usize {
        self.network.graph().stride(layer)
    }

    /// Returns the number of input pixels per pixel of the deepest layer, along a side.
    pub(super) fn deepest_stride(&self) -> usize {
        self.stride(self.network.graph().output())
    }

    /// Returns the number of pixels around a tile that are seen with it: a multiple of the deepest stride. A
    /// tile may end anywhere within the block of pixels behind one pixel of the deepest layer. So the halo is
    /// one block more than the network's reach.
    pub(super) fn halo(&self) -> usize {
        let stride = self.deepest_stride();
        (self.network.graph().halo().unwrap_or(0) + stride - 1).next_multiple_of(stride)
    }

    /// Returns the shapes of all nodes for a picture of this shape.
    ///
    /// # Errors
    /// As [`crate::graph::Graph::shapes`].
    pub(super) fn shapes(&self, picture: Shape) -> Result<Vec<Shape>> {
        self.network.graph().shapes([picture.width, picture.height])
    }

    /// Returns how many bytes the network takes for a picture, or, if that is too small, for the smallest possible one.
    pub(super) fn memory(&self, picture: Shape, threads: usize) -> u64 {
        let least = self.least_side();
        self.network.memory([picture.width.max(least), picture.height.max(least)], threads).unwrap_or(u64::MAX)
    }

    /// Returns the minimum side of a picture in pixels: mirrored borders need a second pixel at the deepest layer.
    pub(super) fn least_side(&self) -> usize {
        2 * self.deepest_stride()
    }

    /// Checks that a picture is large enough.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if not.
    pub(super) fn check_size(&self, extent: Shape) -> Result<()> {
        let least = self.least_side();
        if extent.height < least || extent.width < least {
            let text = format!(
                "a picture of {}×{} is too small for the perceptual network, which needs at least {least} pixels a side; use \
                 a larger size, or layers that are less deep",
                extent.width, extent.height
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        Ok(())
    }

    /// Returns the names of the layers that are compared: content, then style.
    pub(super) fn names(&self) -> [Vec<String>; 2] {
        let name = |layer: &NodeId| self.network.graph().node(*layer).name.clone();
        [&self.content_layers, &self.style_layers].map(|layers| layers.iter().map(name).collect())
    }
}
