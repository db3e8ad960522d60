//! The networks that are timed.

use impasto::Model;
use impasto::engine::{Isa, Program};
use impasto::graph::Graph;
use impasto::networks::{Kind, Network, published};
use impasto::weights::{Tensor, Weights};

use crate::cli::Bench;
use crate::failure::{Failure, Result};
use crate::model;
use impasto::Size;

/// 720 wide and 512 high: the size that other engines are usually timed at.
const PICTURE: Size = Size { width: 720, height: 512 };
/// The size that style predictors were trained at.
const STYLE: Size = Size { width: 256, height: 256 };

/// A compiled network.
pub(super) struct Subject {
    pub(super) name: String,
    pub(super) program: Program,
    kind: Kind,
}

impl Subject {
    /// Returns the sizes to time it at: those asked for, or the usual one for its kind.
    pub(super) fn sizes(&self, asked: &[Size]) -> Vec<Size> {
        let usual = match self.kind {
            Kind::Predictor => STYLE,
            Kind::Transformer | Kind::Perceptual => PICTURE,
        };
        if asked.is_empty() { vec![usual] } else { asked.to_vec() }
    }
}

/// A network that is not compiled yet.
pub(super) enum Recipe {
    /// From a model's file.
    Given(Box<Network>),
    /// With random weights.
    Synthetic(String),
}

/// Returns the networks that the command line asks for.
pub(super) fn recipes(args: &Bench) -> Result<Vec<Recipe>> {
    if args.models.is_empty() {
        return Ok(args.networks.iter().cloned().map(Recipe::Synthetic).collect());
    }
    let Model { predictor, transformer, perceptual, .. } = model::open(&args.models)?;
    Ok([predictor, transformer, perceptual].into_iter().flatten().map(|network| Recipe::Given(Box::new(network))).collect())
}

impl Recipe {
    pub(super) fn compile(self, isa: Isa) -> Result<Subject> {
        match self {
            Recipe::Given(network) => {
                let kind = network.kind();
                let name = format!("{} {}", network.family, kind.name());
                Ok(Subject { name, program: Program::compile(&network.graph, network.weights, isa)?, kind })
            }
            Recipe::Synthetic(name) => synthetic(&name, isa),
        }
    }
}

fn synthetic(name: &str, isa: Isa) -> Result<Subject> {
    let found = published().find(|(published, _)| *published == name);
    // The parser accepts no other name.
    let (_, architecture) = found.ok_or_else(|| Failure::usage(format!("there is no network {name:?}")))?;
    let architecture = architecture();
    let graph = architecture.graph();
    let program = Program::compile(&graph, weights(&graph)?, isa)?;
    Ok(Subject { name: name.to_owned(), program, kind: architecture.kind() })
}

/// Makes arrays of the right shapes that keep features as large as they are in a
/// trained network. Numbers that overflow or become denormal would change the time.
pub(super) fn weights(graph: &Graph) -> Result<Weights> {
    let mut random = Random(1);
    let mut weights = Weights::new();
    for parameter in graph.parameters()? {
        let name = parameter.name.as_str();
        let fan_in = match parameter.shape.as_slice() {
            // Depthwise: [height, width, channels, 1].
            [height, width, _, 1] => height * width,
            [inputs @ .., _] if !inputs.is_empty() => inputs.iter().product(),
            _ => 0,
        };
        let value = |u: f32| match fan_in {
            0 if name.ends_with("moving_variance") || name.ends_with("gamma") || name.ends_with("Conv_1/biases") => {
                0.75 + 0.5 * u
            }
            0 => 0.1 * (2.0 * u - 1.0),
            n => (2.0 * u - 1.0) * (6.0 / n as f32).sqrt(),
        };
        let data = (0..parameter.count()).map(|_| value(random.next())).collect();
        weights.insert(name, Tensor::new(parameter.shape.clone(), data)?);
    }
    Ok(weights)
}

/// Random numbers in 0..1, the same in every run: Marsaglia's xorshift64 (2003).
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        // The upper 24 bits fill a float's mantissa.
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }
}
