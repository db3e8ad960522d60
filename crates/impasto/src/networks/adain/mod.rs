//! Adaptive instance normalization (Huang & Belongie 2017, arXiv 1703.06868): VGG's features of the content,
//! normalized to the mean and deviation of the style's features, and a decoder that turns them into a picture.

mod published;

use super::design::{Design, commas};
use super::list::{Entry, Recognise};
use super::{Architecture, Kind};
use crate::graph::{Activation, AdaptiveNorm, Conv, Graph, NodeId, Op, Padding, Pool, PoolKind};

/// Added to the variance of features.
const EPSILON: f32 = 1e-5;

/// The encoder, the norm and the decoder.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transformer {
    /// Channels at the four resolutions, full resolution first.
    pub widths: [usize; 4],
}

/// The encoder, and mean and deviation of its features.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Predictor {
    /// Channels at the four resolutions, full resolution first.
    pub widths: [usize; 4],
}

/// VGG-19's channels.
const WIDTHS: [usize; 4] = [64, 128, 256, 512];

pub(super) const TRANSFORMER: Entry = Entry {
    name: "adain-transformer",
    title: "AdaIN's encoder and decoder",
    published: &[("adain", || Architecture::AdaptiveTransformer(Transformer { widths: WIDTHS }))],
    parse: |fields| Ok(Architecture::AdaptiveTransformer(Transformer { widths: fields.numbers("widths")? })),
    recognise: Recognise::Adopt(published::adopt),
};

pub(super) const PREDICTOR: Entry = Entry {
    name: "adain-predictor",
    title: "AdaIN's encoder with the moments of its features",
    published: &[("adain-predictor", || Architecture::AdaptivePredictor(Predictor { widths: WIDTHS }))],
    parse: |fields| Ok(Architecture::AdaptivePredictor(Predictor { widths: fields.numbers("widths")? })),
    recognise: Recognise::Never,
};

impl Design for Transformer {
    fn kind(&self) -> Kind {
        Kind::Transformer
    }

    fn style_len(&self) -> usize {
        2 * self.widths[3]
    }

    fn graph(&self) -> Graph {
        Transformer::graph(self)
    }

    fn description(&self) -> String {
        let widths = commas(&self.widths).replace(',', "-");
        format!("AdaIN transformer: VGG to relu4_1 and a decoder, {widths} channels, style vector of {}", self.style_len())
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
        2 * self.widths[3]
    }

    fn graph(&self) -> Graph {
        let mut graph = Graph::new(3, 0);
        let x = encoder(&mut graph, self.widths);
        graph.push("vector", Op::SampleMoments, &[x]);
        graph
    }

    fn description(&self) -> String {
        format!("style predictor: VGG to relu4_1, style vector of its {} means and deviations", self.style_len())
    }

    fn text(&self) -> String {
        format!("{} widths={}", PREDICTOR.name, commas(&self.widths))
    }
}

impl Transformer {
    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1 and a style vector. Output: a picture
    /// `[8⌈height/8⌉, 8⌈width/8⌉, 3]` in 0..1, aligned with the input at the top left.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(3, self.style_len());
        let mut x = encoder(&mut graph, self.widths);
        let norm = AdaptiveNorm { mean: 0, deviation: self.widths[3], epsilon: EPSILON };
        x = graph.push("norm", Op::AdaptiveNorm(norm), &[x]);
        for (name, channels) in decoder(self.widths) {
            x = conv(&mut graph, x, "decoder", &name, channels);
            if name == "conv1_1" {
                break;
            }
            x = graph.push(format!("{name}/relu"), Op::Activation(Activation::Relu), &[x]);
            // The last layer of each resolution.
            if matches!(name.as_str(), "conv4_1" | "conv3_1" | "conv2_1") {
                x = graph.push(format!("{name}/upsample"), Op::Upsample { factor: 2 }, &[x]);
            }
        }
        graph.push("clip", Op::Activation(Activation::Clip), &[x]);
        graph
    }
}

/// The number of convolutions in each of the encoder's four blocks.
const BLOCKS: [usize; 4] = [2, 2, 4, 1];

/// Names and channels of the encoder's convolutions.
fn layers(widths: [usize; 4]) -> Vec<(String, usize)> {
    let blocks = BLOCKS.into_iter().zip(widths).enumerate();
    blocks.flat_map(|(i, (count, width))| (1..=count).map(move |k| (format!("conv{}_{k}", i + 1), width))).collect()
}

/// Names and channels of the decoder's convolutions: the encoder's in reverse order. Each has as
/// many output channels as the encoder's has input channels.
fn decoder(widths: [usize; 4]) -> Vec<(String, usize)> {
    let layers = layers(widths);
    let before = std::iter::once(3).chain(layers.iter().map(|(_, width)| *width));
    let mut decoder: Vec<_> = layers.iter().zip(before).map(|((name, _), width)| (name.clone(), width)).collect();
    decoder.reverse();
    decoder
}

fn encoder(graph: &mut Graph, widths: [usize; 4]) -> NodeId {
    let mut x = graph.input();
    for (name, channels) in layers(widths) {
        if name.ends_with("_1") && name != "conv1_1" {
            // If a side is odd, the last window has one row or column less.
            let pool = Pool { kind: PoolKind::Max, kernel: 2, stride: 2, padding: Padding::Same };
            x = graph.push(format!("{name}/pool"), Op::Pool(pool), &[x]);
        }
        x = conv(graph, x, "encoder", &name, channels);
        x = graph.push(format!("encoder/{name}/relu"), Op::Activation(Activation::Relu), &[x]);
    }
    x
}

fn conv(graph: &mut Graph, x: NodeId, scope: &str, name: &str, channels: usize) -> NodeId {
    let conv = Conv {
        weight: format!("adain/{scope}/{name}/weights"),
        bias: Some(format!("adain/{scope}/{name}/biases")),
        kernel: [3, 3],
        stride: 1,
        depthwise: false,
        channels,
        padding: Padding::Reflect(1),
    };
    graph.push(format!("{scope}/{name}"), Op::Conv(conv), &[x])
}
