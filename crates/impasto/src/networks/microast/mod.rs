//! MicroAST (Wang et al. 2023, AAAI): a small encoder and decoder whose norms and filters depend on the style picture.
//!
//! The style vector holds what the style encoder and the modulator compute from the style picture. There are two sets,
//! for the features after the encoder's first and second part: mean and deviation of the features, and for each
//! channel of the decoder's convolutions a factor and a bypass from the modulator.

mod published;

use super::design::{Design, commas};
use super::list::{Entry, Recognise};
use super::{Architecture, Kind};
use crate::graph::{Activation, AdaptiveNorm, Conv, Graph, NodeId, Op, Padding};

/// Added to the variance of features.
const EPSILON: f32 = 1e-5;
/// Height and width of the first and the last kernel.
const OUTER: usize = 9;

/// The content encoder and the decoder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transformer {
    /// Channels at full, half and quarter resolution.
    pub widths: [usize; 3],
}

/// The style encoder and the modulator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Predictor {
    /// Channels at full, half and quarter resolution.
    pub widths: [usize; 3],
}

/// Channels of the published networks.
const WIDTHS: [usize; 3] = [16, 32, 64];

pub(super) const TRANSFORMER: Entry = Entry {
    name: "microast-transformer",
    title: "MicroAST's content encoder and decoder",
    published: &[("microast", || Architecture::MicroTransformer(Transformer { widths: WIDTHS }))],
    parse: |fields| Ok(Architecture::MicroTransformer(Transformer { widths: fields.numbers("widths")? })),
    recognise: Recognise::Adopt(published::adopt),
};

pub(super) const PREDICTOR: Entry = Entry {
    name: "microast-predictor",
    title: "MicroAST's style encoder and modulator",
    published: &[("microast-predictor", || Architecture::MicroPredictor(Predictor { widths: WIDTHS }))],
    parse: |fields| Ok(Architecture::MicroPredictor(Predictor { widths: fields.numbers("widths")? })),
    recognise: Recognise::Never,
};

impl Design for Transformer {
    fn kind(&self) -> Kind {
        Kind::Transformer
    }

    fn style_len(&self) -> usize {
        8 * self.widths[2]
    }

    fn graph(&self) -> Graph {
        Transformer::graph(self)
    }

    fn description(&self) -> String {
        let widths = commas(&self.widths).replace(',', "-");
        format!("MicroAST transformer: {widths} channels, filters that depend on the style, style vector of {}", self.style_len())
    }

    fn text(&self) -> String {
        format!("{} widths={}", TRANSFORMER.name, commas(&self.widths))
    }
}

impl Design for Predictor {
    fn kind(&self) -> Kind {
        Kind::Predictor
    }

    fn style_len(&self) -> usize {
        8 * self.widths[2]
    }

    fn graph(&self) -> Graph {
        Predictor::graph(self)
    }

    fn description(&self) -> String {
        format!("style predictor: MicroAST's style encoder and modulator, style vector of {}", self.style_len())
    }

    fn text(&self) -> String {
        format!("{} widths={}", PREDICTOR.name, commas(&self.widths))
    }
}

/// The positions in the style vector of one set of values.
struct Parts {
    mean: usize,
    deviation: usize,
    factor: usize,
    bypass: usize,
}

impl Parts {
    /// The set for the features after the encoder's first part (0) or second part (1).
    fn of(place: usize, channels: usize) -> Self {
        let start = place * 4 * channels;
        Parts { mean: start, deviation: start + channels, factor: start + 2 * channels, bypass: start + 3 * channels }
    }
}

impl Transformer {
    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1 and a style vector. Output: a picture
    /// `[4⌈height/4⌉, 4⌈width/4⌉, 3]` in 0..1, aligned with the input at the top left.
    pub fn graph(&self) -> Graph {
        let [first, second, third] = self.widths;
        let mut graph = Graph::new(3, self.style_len());
        let mut build = Build { graph: &mut graph, scope: "content" };
        let input = build.graph.input();
        let [_, mut x] = build.encoder(input, self.widths);
        build.scope = "decoder";
        for (name, place) in [("dec1", 1), ("dec2", 0)] {
            let parts = Parts::of(place, third);
            let norm = AdaptiveNorm { mean: parts.mean, deviation: parts.deviation, epsilon: EPSILON };
            x = build.graph.push(format!("{name}/norm"), Op::AdaptiveNorm(norm), &[x]);
            let before = x;
            x = build.modulated(x, &format!("{name}/conv1"), third, &parts);
            x = build.relu(x, &format!("{name}/conv1"));
            x = build.modulated(x, &format!("{name}/conv2"), third, &parts);
            x = build.graph.push(name, Op::Add, &[before, x]);
        }
        for (name, inputs, outputs) in [("dec3", third, second), ("dec4", second, first)] {
            x = build.bilinear(x, &format!("{name}/bilinear"), inputs);
            x = build.conv(x, &format!("{name}/spread"), (3, 1, outputs));
            x = build.relu(x, &format!("{name}/spread"));
            x = build.conv(x, &format!("{name}/mix"), (1, 1, outputs));
            x = build.relu(x, &format!("{name}/mix"));
        }
        x = build.conv(x, "dec5", (OUTER, 1, 3));
        build.graph.push("dec5/clip", Op::Activation(Activation::Clip), &[x]);
        graph
    }
}

impl Predictor {
    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1. Output:
    /// a style vector `[1, 1, 8 · channels]`.
    pub fn graph(&self) -> Graph {
        let channels = self.widths[2];
        let mut graph = Graph::new(3, 0);
        let mut build = Build { graph: &mut graph, scope: "style" };
        let input = build.graph.input();
        let features = build.encoder(input, self.widths);
        build.scope = "modulator";
        let mut parts = Vec::new();
        for (place, x) in features.into_iter().enumerate() {
            let number = place + 1;
            parts.push(build.graph.push(format!("moments{number}"), Op::SampleMoments, &[x]));
            for what in ["weight", "bias"] {
                let name = format!("{what}{number}");
                let conv = Conv { depthwise: true, ..build.layer(&name, (3, 1, channels)) };
                let filtered = build.graph.push(&name, Op::Conv(conv), &[x]);
                parts.push(build.graph.push(format!("{name}/mean"), Op::Mean, &[filtered]));
            }
        }
        build.graph.push("vector", Op::Concat, &parts);
        graph
    }
}

struct Build<'a> {
    graph: &'a mut Graph,
    scope: &'static str,
}

/// Side of the kernel, stride, channels.
type Layer = (usize, usize, usize);

impl Build<'_> {
    fn layer(&self, name: &str, (side, stride, channels): Layer) -> Conv {
        let name = format!("microast/{}/{name}", self.scope);
        Conv {
            weight: format!("{name}/weights"),
            bias: Some(format!("{name}/biases")),
            kernel: [side, side],
            stride,
            depthwise: false,
            channels,
            padding: if side == 1 { Padding::Valid } else { Padding::Reflect(side / 2) },
        }
    }

    fn conv(&mut self, x: NodeId, name: &str, layer: Layer) -> NodeId {
        let conv = self.layer(name, layer);
        self.graph.push(name, Op::Conv(conv), &[x])
    }

    fn relu(&mut self, x: NodeId, name: &str) -> NodeId {
        self.graph.push(format!("{name}/relu"), Op::Activation(Activation::Relu), &[x])
    }

    /// The features after the encoder's first and second part.
    fn encoder(&mut self, mut x: NodeId, widths: [usize; 3]) -> [NodeId; 2] {
        let [_, _, third] = widths;
        for (i, layer) in encoder(widths).into_iter().enumerate() {
            let name = format!("conv{}", i + 1);
            x = self.conv(x, &name, layer);
            x = self.relu(x, &name);
        }
        [1, 2].map(|part| {
            let name = format!("residual{part}");
            let inner = self.conv(x, &format!("{name}/conv1"), (3, 1, third));
            let inner = self.relu(inner, &format!("{name}/conv1"));
            let inner = self.conv(inner, &format!("{name}/conv2"), (3, 1, third));
            x = self.graph.push(name, Op::Add, &[x, inner]);
            x
        })
    }

    /// A convolution with its output channels multiplied by the style's factors, plus its
    /// input multiplied by the bypass.
    fn modulated(&mut self, x: NodeId, name: &str, channels: usize, parts: &Parts) -> NodeId {
        let filtered = self.conv(x, name, (3, 1, channels));
        let filtered = self.graph.push(format!("{name}/factor"), Op::Modulate { start: parts.factor }, &[filtered]);
        let passed = self.graph.push(format!("{name}/bypass"), Op::Modulate { start: parts.bypass }, &[x]);
        self.graph.push(format!("{name}/sum"), Op::Add, &[filtered, passed])
    }

    /// Bilinear up-sampling by 2: each pixel is repeated four times, then a binomial filter is applied.
    fn bilinear(&mut self, x: NodeId, name: &str, channels: usize) -> NodeId {
        let doubled = self.graph.push(format!("{name}/double"), Op::Upsample { factor: 2 }, &[x]);
        let filter = Conv { bias: None, depthwise: true, padding: Padding::Edge(1), ..self.layer(name, (3, 1, channels)) };
        self.graph.push(name, Op::Conv(filter), &[doubled])
    }
}

/// The encoder's layers before its residual blocks.
fn encoder([first, second, third]: [usize; 3]) -> [Layer; 5] {
    [(OUTER, 1, first), (3, 2, second), (1, 1, second), (3, 2, third), (1, 1, third)]
}
