//! Models with random weights.

use super::{Architecture, Family, Model, Network};
use crate::graph::{Graph, Op};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

impl Model {
    /// Makes a model of this predictor and this transformer with random weights. Training starts from it, and
    /// it is enough for benchmarks and tests, where only the architecture matters. Its family is
    /// `untrained-SEED`: its style vectors mean nothing to any other model.
    ///
    /// The same arguments give the same weights on every machine. Kernels are drawn so that they
    /// preserve the magnitude of their input (He et al. 2015, arXiv 1502.01852). Norms start out
    /// neutral: mean 0, variance 1, scale around 1, shift around 0.
    ///
    /// ```
    /// use impasto::Model;
    /// use impasto::networks::{Architecture, FixedNorm, magenta::Transformer, mobilenet::MobileNet};
    ///
    /// let predictor = MobileNet { vector_len: 8, norm: FixedNorm::Batch };
    /// let transformer = Transformer { widths: [4, 4, 8], blocks: 1, style_len: 8, ..Transformer::checkpoint() };
    /// let model = Model::untrained(Architecture::MobileNet(predictor), Architecture::Transformer(transformer), 1)?;
    /// assert_eq!(model.family.to_string(), "untrained-1");
    /// # Ok::<(), impasto::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the first is not a predictor, if the second is not a
    /// transformer, or if their style vectors differ in length.
    pub fn untrained(predictor: Architecture, transformer: Architecture, seed: u64) -> Result<Self> {
        use super::Kind::{Predictor, Transformer};
        if (predictor.kind(), transformer.kind()) != (Predictor, Transformer) {
            let text = format!("a model needs a style predictor and a transformer, not {predictor} and {transformer}");
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        if predictor.style_len() != transformer.style_len() {
            let (makes, reads) = (predictor.style_len(), transformer.style_len());
            let text = format!("the predictor makes style vectors of {makes}, but the transformer reads {reads}");
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let family = Family::Other(format!("untrained-{seed}"));
        let network = |architecture: Architecture| -> Result<Network> {
            let graph = architecture.graph();
            let weights = random(&graph, seed)?;
            Ok(Network {
                architecture,
                family: family.clone(),
                source: "random weights".into(),
                licence: "none needed".into(),
                file: "random weights".into(),
                graph,
                weights,
            })
        };
        let (predictor, transformer) = (network(predictor)?, network(transformer)?);
        Ok(Model { family, predictor: Some(predictor), transformer: Some(transformer), perceptual: None })
    }
}

/// The distribution of an array's values: uniform from `centre - spread` to `centre + spread`.
struct Draw {
    centre: f32,
    spread: f32,
}

/// Draws random weights for a graph, as [`Model::untrained`] uses them.
pub(crate) fn random(graph: &Graph, seed: u64) -> Result<Weights> {
    let mut weights = Weights::new();
    for parameter in graph.parameters()? {
        let name = parameter.name.as_str();
        let fan_in = |inputs: &[usize]| inputs.iter().product::<usize>().max(1) as f32;
        let draw = match &graph.nodes()[parameter.node].op {
            Op::Conv(conv) if conv.bias.as_deref() == Some(name) => Draw { centre: 0.0, spread: 0.1 },
            Op::Conv(conv) => {
                let inputs = if conv.depthwise { &parameter.shape[..2] } else { &parameter.shape[..3] };
                Draw { centre: 0.0, spread: (6.0 / fan_in(inputs)).sqrt() }
            }
            Op::BatchNorm(norm) if norm.variance == name || norm.gamma.as_deref() == Some(name) => {
                Draw { centre: 1.0, spread: 0.0 }
            }
            Op::BatchNorm(_) => Draw { centre: 0.0, spread: 0.0 },
            Op::InstanceNorm(norm) if norm.scale.bias == name => Draw { centre: 1.0, spread: 0.1 },
            Op::InstanceNorm(norm) if norm.shift.bias == name => Draw { centre: 0.0, spread: 0.1 },
            // Scales and shifts get half the variance of the style vector's numbers: styles must
            // differ, but channels should rarely be extinguished.
            _ => Draw { centre: 0.0, spread: (1.5 / graph.style_len.max(1) as f32).sqrt() },
        };
        let numbers = Numbers::new(name, seed);
        let values = numbers.take(parameter.count()).map(|unit| draw.centre + draw.spread * (2.0 * unit - 1.0)).collect();
        weights.insert(name, Tensor::new(parameter.shape, values)?);
    }
    Ok(weights)
}

/// Numbers in 0..1 from splitmix64 (Steele, Lea and Flood 2014), seeded with the FNV-1a hash of a name.
/// So an array does not depend on which other arrays there are.
pub(crate) struct Numbers(u64);

impl Numbers {
    /// Starts from this state, without a name.
    pub(crate) fn seeded(state: u64) -> Self {
        Numbers(state)
    }

    fn new(name: &str, seed: u64) -> Self {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        Numbers(seed.to_le_bytes().into_iter().chain(name.bytes()).fold(0xcbf2_9ce4_8422_2325, hash))
    }
}

impl Iterator for Numbers {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        // 24 bits: as many as a float32 holds exactly.
        Some((z >> 40) as f32 / (1 << 24) as f32)
    }
}
