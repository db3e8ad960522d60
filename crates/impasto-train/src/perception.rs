//! The perceptual networks that the losses use ([`Perceptual`]).

use std::path::Path;

use burn::tensor::{Device, Tensor};
use impasto::graph::{Graph, NodeId, PoolKind};
use impasto::{Perceptual, Result};

use crate::executor::{Executor, Parameters};

/// A perceptual network.
pub struct Encoder {
    graph: Graph,
    parameters: Parameters,
    taps: Vec<NodeId>,
}

impl Encoder {
    /// Reads a network with [`Perceptual::open`], and cuts it off after the deepest of `taps` (`relu1_1`, …).
    ///
    /// # Errors
    /// As [`Perceptual::open`] and [`Perceptual::layer`].
    pub fn open(path: &Path, taps: &[&str], device: &Device) -> Result<Encoder> {
        let perceptual = Perceptual::open(path)?;
        let layer = |tap: &&str| perceptual.layer(tap).map_err(|e| e.context(path.display()));
        let taps: Vec<NodeId> = taps.iter().map(layer).collect::<Result<_>>()?;
        let deepest = taps.iter().max().map(|tap| perceptual.graph().node(*tap).name.as_str());
        // Deeper layers would be computed for nothing in every step. Nodes keep their places.
        let vgg = deepest.and_then(|deepest| perceptual.architecture().up_to(deepest));
        let graph = vgg.as_ref().unwrap_or(perceptual.architecture()).graph(PoolKind::Max);
        Ok(Encoder { parameters: Parameters::new(perceptual.weights(), device, false), graph, taps })
    }

    /// Returns the features of pictures `[n, h, w, 3]` in 0..1 at the encoder's taps.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn features(&self, pictures: Tensor<4>) -> Result<Vec<Tensor<4>>> {
        Ok(Executor::new(&self.graph)?.run(&self.parameters, pictures, None, None, &self.taps)?.taps)
    }
}
