//! The networks of styles that have learned.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Stylizer;
use crate::engine::{Conditioning, Executor, Program};
use crate::graph::Graph;
use crate::hash::Hasher;
use crate::networks::{Architecture, Network, native};
use crate::style::Learned;
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result, Style};

/// How many styles' networks are kept, each a few megabytes. A strength needs one for each of its mixtures, and a film
/// needs the same ones again.
const KEPT: usize = 8;

/// A transformer before packing: what learning changes.
pub(crate) struct Base {
    pub(crate) graph: Graph,
    pub(crate) weights: Weights,
    /// Kernels that have a filter folded into them.
    pub(crate) folded: Vec<String>,
    architecture: Architecture,
    hash: OnceLock<String>,
    /// Networks of styles, the most recently used last.
    kept: Mutex<Vec<(Learned, Arc<Program>)>>,
}

impl Base {
    /// Returns `None` if the model's styles cannot learn.
    pub(super) fn of(network: &Network) -> Option<Self> {
        let Architecture::NativeTransformer(transformer) = &network.architecture else { return None };
        Some(Base {
            graph: network.graph.clone(),
            weights: network.weights.clone(),
            folded: if transformer.resample == 5 { transformer.resampling() } else { Vec::new() },
            architecture: network.architecture.clone(),
            hash: OnceLock::new(),
            kept: Mutex::default(),
        })
    }

    /// SHA-256 of the architecture and of all arrays, in hexadecimal digits.
    pub(crate) fn hash(&self) -> &str {
        self.hash.get_or_init(|| {
            let mut hasher = Hasher::default();
            hasher.update(self.architecture.to_string().as_bytes());
            for (name, tensor) in self.weights.iter() {
                hasher.update(format!("\n{name} {:?}\n", tensor.shape()).as_bytes());
                let bytes: Vec<u8> = tensor.data().iter().flat_map(|v| v.to_le_bytes()).collect();
                hasher.update(&bytes);
            }
            hasher.finish()
        })
    }

    /// Returns the network with a style's corrections.
    fn program(&self, learned: &Learned, executor: Executor) -> Result<Arc<Program>> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut kept = kept();
            if let Some(place) = kept.iter().position(|(known, _)| known == learned) {
                let found = kept.remove(place);
                let program = found.1.clone();
                kept.push(found);
                return Ok(program);
            }
        }
        let mut weights = self.weights.clone();
        for name in learned.kernels() {
            let kernel = weights.get(name).filter(|kernel| kernel.shape().len() == 4);
            let unknown =
                || Error::new(ErrorKind::Mismatch, format!("the style has learned for another network: it has no {name:?}"));
            let kernel = kernel.ok_or_else(unknown)?;
            let shape @ [kh, kw, inputs, outputs] = std::array::from_fn(|axis| kernel.shape()[axis]);
            let correction = if self.folded.iter().any(|folded| folded == name) {
                let small = learned.correction(name, [kh - 2, kw - 2, inputs, outputs])?;
                native::folded(&small, kh - 2, inputs, outputs)
            } else {
                learned.correction(name, shape)?
            };
            let values = kernel.data().iter().zip(correction).map(|(a, b)| a + b).collect();
            weights.insert(name, Tensor::new(shape, values)?);
        }
        let program = Arc::new(Program::compile(&self.graph, weights, executor)?);
        let mut kept = kept();
        kept.push((learned.clone(), program.clone()));
        let more = kept.len().saturating_sub(KEPT);
        kept.drain(..more);
        Ok(program)
    }
}

impl Stylizer {
    /// Returns the transformer's weights, to learn from.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the model's styles cannot learn.
    pub(crate) fn base(&self) -> Result<&Base> {
        self.base.as_ref().ok_or_else(|| {
            let text = format!(
                "styles of the model {} cannot learn: only those of Impasto's own networks can; use the built-in model",
                self.info.transformer.file
            );
            Error::new(ErrorKind::Unsupported, text)
        })
    }

    /// Checks that a style has learned for this model, if it has learned.
    pub(super) fn check_learned(&self, style: &Style) -> Result<()> {
        let Some(learned) = style.learned() else { return Ok(()) };
        if self.base.as_ref().is_some_and(|base| base.hash() == learned.model()) {
            return Ok(());
        }
        let text =
            format!("{style} has learned for another model than {}; learn it again with this one", self.info.transformer.file);
        Err(Error::new(ErrorKind::Mismatch, text))
    }

    /// Returns the network that paints in a style, if it is not the model's own.
    pub(super) fn program_of(&self, style: &Style) -> Result<Option<Arc<Program>>> {
        match (style.learned().filter(|learned| learned.corrects_kernels()), &self.base) {
            (Some(learned), Some(base)) => base.program(learned, self.engine.executor()).map(Some),
            _ => Ok(None),
        }
    }

    /// A style's norms.
    pub(super) fn conditioning(&self, style: &Style) -> Result<Conditioning> {
        match style.learned() {
            None => self.transformer.condition(style.vector()),
            Some(learned) => self.transformer.condition_changed(style.vector(), &|name, map| learned.change_norm(name, map)),
        }
    }
}
