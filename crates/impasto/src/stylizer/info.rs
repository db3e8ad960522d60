//! What is known about a model once its weights are packed.

use crate::networks::{Architecture, Family, Network};

/// A model without its weights.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ModelInfo {
    /// The family of style vectors that it makes and reads.
    pub family: Family,
    /// The network that makes style vectors from pictures; `None` if the transformer has styles of its own.
    pub predictor: Option<NetworkInfo>,
    /// The network that paints with them.
    pub transformer: NetworkInfo,
}

/// A network without its weights.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NetworkInfo {
    /// The architecture.
    pub architecture: Architecture,
    /// Where its weights come from, in words.
    pub source: String,
    /// The terms under which they may be used, in words.
    pub licence: String,
    /// The file that they were read from.
    pub file: String,
    /// The number of weights.
    pub parameters: u64,
}

impl From<&Network> for NetworkInfo {
    fn from(network: &Network) -> Self {
        let Network { architecture, source, licence, file, weights, .. } = network;
        NetworkInfo {
            architecture: architecture.clone(),
            source: source.clone(),
            licence: licence.clone(),
            file: file.clone(),
            parameters: weights.iter().map(|(_, tensor)| tensor.data().len() as u64).sum(),
        }
    }
}
