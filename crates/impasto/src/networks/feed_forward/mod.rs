//! Networks with their own styles: one (Johnson et al. 2016, arXiv 1603.08155) or many
//! (Dumoulin et al. 2017, arXiv 1610.07629).
//!
//! They have three contracting convolutions, residual blocks, two convolutions that double the resolution, and
//! one to RGB. Every convolution is followed by an instance norm (with [`Output::Clip`], all except the last).
//! In a network with many styles, each style has its own scales and shifts, and the style vector holds the share
//! of each style. A network with one style has a vector of a single 1.

mod published;

use super::design::{BORDERS, Design, Names, commas, name_of};
use super::list::{Entry, Recognise};
use super::magenta::Border;
use super::{Architecture, Kind};
use crate::graph::{Activation, Conv, Dense, Graph, InstanceNorm, NodeId, Op, Padding};

/// Parameters of this family of networks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FeedForward {
    /// Channels after the three contracting convolutions.
    pub contract: [usize; 3],
    /// Residual blocks.
    pub blocks: usize,
    /// Channels after the two convolutions that double the resolution.
    pub expand: [usize; 2],
    /// The number of styles that the network has learned.
    pub styles: usize,
    /// What the instance norms add to the variance.
    pub epsilon: Epsilon,
    /// What the convolutions read beyond the picture's border.
    pub border: Border,
    /// How the resolution is doubled.
    pub doubling: Doubling,
    /// How the last layer becomes a picture.
    pub output: Output,
}

/// What instance norms add to the variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Epsilon {
    /// 0.001
    Milli,
    /// 0.00001
    HundredthMilli,
}

/// How the resolution is doubled, and how convolutions are aligned when it is halved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubling {
    /// Transposed convolutions. All convolutions are aligned as in TensorFlow's `SAME`.
    Transposed,
    /// Each pixel becomes four, followed by a convolution. All convolutions are padded by
    /// half their kernel on each side.
    Nearest,
}

/// How the last layer becomes a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Output {
    /// An instance norm, then `150·tanh(x) + 127.5` for 0..255, clipped.
    Tanh,
    /// An instance norm, then `1 / (1 + exp(-x))`.
    Sigmoid,
    /// The convolution with its bias, clipped.
    Clip,
}

/// Height and width of the first and the last kernel.
const OUTER: usize = 9;

const EPSILONS: Names<Epsilon> = &[("1e-3", Epsilon::Milli), ("1e-5", Epsilon::HundredthMilli)];
const DOUBLINGS: Names<Doubling> = &[("transposed", Doubling::Transposed), ("nearest", Doubling::Nearest)];
const OUTPUTS: Names<Output> = &[("tanh", Output::Tanh), ("sigmoid", Output::Sigmoid), ("clip", Output::Clip)];

pub(super) const ENTRY: Entry = Entry {
    name: "feed-forward",
    title: "networks of one style (Johnson et al.) or of many (Dumoulin et al.)",
    published: &[
        ("fast-style-transfer", || Architecture::FeedForward(FeedForward::fast_style_transfer())),
        ("pytorch-example", || Architecture::FeedForward(FeedForward::pytorch_example())),
        ("multistyle26", || Architecture::FeedForward(FeedForward::multistyle26())),
    ],
    parse: |fields| {
        Ok(Architecture::FeedForward(FeedForward {
            contract: fields.numbers("contract")?,
            blocks: fields.number("blocks", 0)?,
            expand: fields.numbers("expand")?,
            styles: fields.number("styles", 1)?,
            epsilon: fields.choice("epsilon", EPSILONS)?,
            border: fields.choice("border", BORDERS)?,
            doubling: fields.choice("doubling", DOUBLINGS)?,
            output: fields.choice("output", OUTPUTS)?,
        }))
    },
    recognise: Recognise::Adopt(published::adopt),
};

impl Design for FeedForward {
    fn kind(&self) -> Kind {
        Kind::Transformer
    }

    fn style_len(&self) -> usize {
        self.styles
    }

    fn graph(&self) -> Graph {
        FeedForward::graph(self)
    }

    fn description(&self) -> String {
        let styles = if self.styles == 1 { "one style".to_owned() } else { format!("{} styles", self.styles) };
        let border = if self.border == Border::Reflect { "mirrored" } else { "zero-padded" };
        format!(
            "feed-forward network of {styles}: {} channels, {} residual blocks, {} channels, {border} border",
            commas(&self.contract).replace(',', "-"),
            self.blocks,
            commas(&self.expand).replace(',', "-")
        )
    }

    fn text(&self) -> String {
        format!(
            "{} contract={} blocks={} expand={} styles={} epsilon={} border={} doubling={} output={}",
            ENTRY.name,
            commas(&self.contract),
            self.blocks,
            commas(&self.expand),
            self.styles,
            name_of(EPSILONS, &self.epsilon),
            name_of(BORDERS, &self.border),
            name_of(DOUBLINGS, &self.doubling),
            name_of(OUTPUTS, &self.output)
        )
    }

    fn repeats(&self) -> usize {
        self.blocks
    }

    fn own_styles(&self) -> usize {
        self.styles
    }
}

impl FeedForward {
    /// The networks of Engstrom's fast-style-transfer (2016).
    pub fn fast_style_transfer() -> Self {
        FeedForward {
            contract: [32, 64, 128],
            blocks: 5,
            expand: [64, 32],
            styles: 1,
            epsilon: Epsilon::Milli,
            border: Border::Zero,
            doubling: Doubling::Transposed,
            output: Output::Tanh,
        }
    }

    /// The networks of PyTorch's example `fast_neural_style`.
    pub fn pytorch_example() -> Self {
        FeedForward {
            epsilon: Epsilon::HundredthMilli,
            border: Border::Reflect,
            doubling: Doubling::Nearest,
            output: Output::Clip,
            ..Self::fast_style_transfer()
        }
    }

    /// The network with the 26 styles of TensorFlow's demo for Android.
    pub fn multistyle26() -> Self {
        FeedForward {
            contract: [32, 32, 32],
            blocks: 6,
            expand: [8, 4],
            styles: 26,
            output: Output::Sigmoid,
            ..Self::pytorch_example()
        }
    }

    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1 and a share for each style. Output: a
    /// picture `[4⌈height/4⌉, 4⌈width/4⌉, 3]` in 0..1, aligned with the input at the top left.
    pub fn graph(&self) -> Graph {
        let [first, second, third] = self.contract;
        let mut graph = Graph::new(3, self.styles);
        let mut x = graph.input();
        for (i, (side, stride, channels)) in [(OUTER, 1, first), (3, 2, second), (3, 2, third)].into_iter().enumerate() {
            let name = format!("contract{}", i + 1);
            x = self.normed(&mut graph, x, &name, (side, stride, channels), 1);
            x = activate(&mut graph, x, &name, Activation::Relu);
        }
        for block in 1..=self.blocks {
            let name = format!("residual{block}");
            let inner = self.normed(&mut graph, x, &format!("{name}/conv1"), (3, 1, third), 1);
            let inner = activate(&mut graph, inner, &format!("{name}/conv1"), Activation::Relu);
            let inner = self.normed(&mut graph, inner, &format!("{name}/conv2"), (3, 1, third), 1);
            x = graph.push(name, Op::Add, &[x, inner]);
        }
        for (i, channels) in self.expand.into_iter().enumerate() {
            let name = format!("expand{}", i + 1);
            if self.doubling == Doubling::Nearest {
                x = graph.push(format!("{name}/upsample"), Op::Upsample { factor: 2 }, &[x]);
                x = self.normed(&mut graph, x, &name, (3, 1, channels), 1);
            } else {
                x = self.normed(&mut graph, x, &name, (3, 1, channels), 2);
            }
            x = activate(&mut graph, x, &name, Activation::Relu);
        }
        let last = match self.output {
            Output::Clip => {
                let conv = self.conv("expand3", (OUTER, 1, 3), true);
                x = graph.push("expand3", Op::Conv(conv), &[x]);
                Activation::Clip
            }
            Output::Tanh | Output::Sigmoid => {
                x = self.normed(&mut graph, x, "expand3", (OUTER, 1, 3), 1);
                if self.output == Output::Tanh { Activation::Tanh } else { Activation::Sigmoid }
            }
        };
        activate(&mut graph, x, "expand3", last);
        graph
    }

    fn conv(&self, name: &str, (side, stride, channels): Layer, biased: bool) -> Conv {
        let padding = match (self.doubling, self.border) {
            (Doubling::Transposed, Border::Zero) => Padding::Same,
            (Doubling::Transposed, Border::Reflect) => Padding::SameMirrored,
            (Doubling::Nearest, Border::Zero) => Padding::Zero(side / 2),
            (Doubling::Nearest, Border::Reflect) => Padding::Reflect(side / 2),
        };
        Conv {
            weight: format!("transformer/{name}/weights"),
            bias: biased.then(|| format!("transformer/{name}/biases")),
            kernel: [side, side],
            stride,
            depthwise: false,
            channels,
            padding,
        }
    }

    /// Adds a convolution and its norm. With a factor of 2, each pixel becomes four.
    fn normed(&self, graph: &mut Graph, x: NodeId, name: &str, layer: Layer, factor: usize) -> NodeId {
        let (side, stride, channels) = layer;
        let conv = self.conv(name, (side, stride, channels * factor * factor), false);
        let mut x = graph.push(name, Op::Conv(conv), &[x]);
        if factor > 1 {
            x = graph.push(format!("{name}/space"), Op::DepthToSpace { factor }, &[x]);
        }
        let dense = |what: &str| Dense {
            weight: format!("transformer/{name}/{what}/weights"),
            bias: format!("transformer/{name}/{what}/biases"),
        };
        let epsilon = match self.epsilon {
            Epsilon::Milli => 1e-3,
            Epsilon::HundredthMilli => 1e-5,
        };
        let norm = InstanceNorm { scale: dense("scale"), shift: dense("shift"), epsilon };
        graph.push(format!("{name}/norm"), Op::InstanceNorm(norm), &[x])
    }
}

/// Side of the kernel, stride, channels.
type Layer = (usize, usize, usize);

fn activate(graph: &mut Graph, x: NodeId, name: &str, function: Activation) -> NodeId {
    let what = Op::Activation(function).to_string();
    graph.push(format!("{name}/{what}"), Op::Activation(function), &[x])
}
