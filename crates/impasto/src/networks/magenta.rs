//! The transformer of Magenta's arbitrary image stylization (Ghiasi et al. 2017, arXiv 1705.06830).
//!
//! It has three contracting convolutions, residual blocks, and three expanding convolutions. Input and output are RGB
//! in 0..1; the output's height and width are rounded up to multiples of 4. All but the contracting convolutions are
//! followed by an instance norm whose scale and shift are affine in the style vector.

use super::canonical::{Layout, Named};
use super::design::{BORDERS, Design, Names, commas, name_of};
use super::list::{Entry, Recognise};
use super::recognise::{Found, length, magenta_found};
use super::{Architecture, BATCH_NORM_EPSILON, FixedNorm, Kind};
use crate::Result;
use crate::graph::{Activation, BatchNorm, Conv, Dense, Graph, InstanceNorm, NodeId, Op, Padding};

/// The epsilon of the conditional instance norms.
const INSTANCE_NORM_EPSILON: f32 = 1e-5;

/// Parameters of this family of transformers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transformer {
    /// Channels after the three contracting convolutions. Magenta's own transformer has 32, 64, 128.
    pub widths: [usize; 3],
    /// Residual blocks.
    pub blocks: usize,
    /// Length of the style vector.
    pub style_len: usize,
    /// The kind of the residual and expanding convolutions.
    pub convolution: Convolution,
    /// What the convolutions read beyond the picture's border.
    pub border: Border,
    /// How the contracting convolutions are normalized. Their batch norms have no `gamma`.
    pub norm: FixedNorm,
}

/// The kind of the residual and expanding convolutions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Convolution {
    /// One full convolution.
    Dense,
    /// A depthwise convolution and a 1×1 convolution, with nothing between them.
    Separable,
}

/// What a transformer's convolutions read beyond the picture's border.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Border {
    /// Mirrored pixels, as Magenta trained its networks. Height and width must be at least 5.
    Reflect,
    /// Zeros, as the browser port's graph was published. They draw a faint frame around the picture.
    Zero,
}

pub(super) const ENTRY: Entry = Entry {
    name: "magenta-transformer",
    title: "transformer of Magenta's arbitrary image stylization",
    published: &[
        ("hub", || Architecture::Transformer(Transformer::hub())),
        ("checkpoint", || Architecture::Transformer(Transformer::checkpoint())),
        ("js", || Architecture::Transformer(Transformer { border: Border::Zero, ..Transformer::checkpoint() })),
        ("separable", || Architecture::Transformer(Transformer::browser_separable())),
        ("tflite", || Architecture::Transformer(Transformer::tflite())),
    ],
    parse: |fields| {
        Ok(Architecture::Transformer(Transformer {
            widths: fields.numbers("widths")?,
            blocks: fields.number("blocks", 0)?,
            style_len: fields.number("style", 1)?,
            convolution: fields.choice("convolution", CONVOLUTIONS)?,
            border: fields.choice("border", BORDERS)?,
            norm: fields.choice("norm", NORMS)?,
        }))
    },
    recognise: Recognise::ByNames(recognise),
};

const CONVOLUTIONS: Names<Convolution> = &[("dense", Convolution::Dense), ("separable", Convolution::Separable)];
pub(super) const NORMS: Names<FixedNorm> = &[("batch", FixedNorm::Batch), ("folded", FixedNorm::Folded)];

impl Design for Transformer {
    fn kind(&self) -> Kind {
        Kind::Transformer
    }

    fn style_len(&self) -> usize {
        self.style_len
    }

    fn graph(&self) -> Graph {
        Transformer::graph(self)
    }

    fn description(&self) -> String {
        let [a, b, c] = self.widths;
        let convolutions = match self.convolution {
            Convolution::Dense => "dense",
            Convolution::Separable => "depthwise-separable",
        };
        let border = match self.border {
            Border::Reflect => "mirrored",
            Border::Zero => "zero-padded",
        };
        format!(
            "Magenta transformer: {a}-{b}-{c} channels, {} residual blocks, {convolutions} convolutions, {border} border, \
             style vector of {}",
            self.blocks, self.style_len
        )
    }

    fn text(&self) -> String {
        format!(
            "{} widths={} blocks={} style={} convolution={} border={} norm={}",
            ENTRY.name,
            commas(&self.widths),
            self.blocks,
            self.style_len,
            name_of(CONVOLUTIONS, &self.convolution),
            name_of(BORDERS, &self.border),
            name_of(NORMS, &self.norm)
        )
    }

    fn repeats(&self) -> usize {
        self.blocks
    }
}

fn recognise(named: &Named) -> Result<Option<Found>> {
    let weights = &named.weights;
    if !named.any("transformer/") && !named.any("style_params/") {
        return Ok(None);
    }
    let width = |name: &str| length(weights, &format!("transformer/contract/{name}/weights"), 3);
    let separable = weights.get("transformer/expand/conv1/dilate_conv/depthwise_weights").is_some();
    // Frozen graphs (the browser port's form) hold the batch norms' absent scale as a constant. Only this distinguishes
    // the port's dense transformer, published with zero padding, from the checkpoint that it was made from.
    let port = weights.get("transformer/contract/conv1/BatchNorm/Const").is_some();
    let transformer = Transformer {
        widths: [width("conv1")?, width("conv2")?, width("conv3")?],
        blocks: weights.iter().filter_map(|(name, _)| block(name)).max().unwrap_or(0),
        style_len: length(weights, "style_params/transformer/expand/conv3/conv/StyleNorm/Conv/weights", 2)?,
        convolution: if separable { Convolution::Separable } else { Convolution::Dense },
        border: if separable || port { Border::Zero } else { Border::Reflect },
        norm: FixedNorm::of(weights, "transformer/contract/conv1"),
    };
    let hub = named.layout == Layout::TensorFlow && transformer.style_len == super::inception::Inception::FEATURES;
    let browser_only = separable;
    Ok(Some(magenta_found(Architecture::Transformer(transformer), named, hub, browser_only)))
}

/// The number of the residual block that an array belongs to. Any of the block's arrays counts, so
/// that a block is never left out because one of them is missing.
fn block(name: &str) -> Option<usize> {
    let name = name.strip_prefix("style_params/").unwrap_or(name);
    let (number, _) = name.strip_prefix("transformer/residual/residual")?.split_once('/')?;
    number.parse().ok()
}

impl Transformer {
    /// The transformer of the TF-Hub module `google/magenta/arbitrary-image-stylization-v1-256/2`.
    pub fn hub() -> Self {
        Transformer { blocks: 20, style_len: 768, ..Self::checkpoint() }
    }

    /// The transformer of Magenta's published checkpoint. The browser port's dense one
    /// differs only in its [`Border::Zero`].
    pub fn checkpoint() -> Self {
        Transformer {
            widths: [32, 64, 128],
            blocks: 5,
            style_len: 100,
            convolution: Convolution::Dense,
            border: Border::Reflect,
            norm: FixedNorm::Batch,
        }
    }

    /// The browser port's separable transformer, as published.
    pub fn browser_separable() -> Self {
        Transformer { convolution: Convolution::Separable, border: Border::Zero, ..Self::checkpoint() }
    }

    /// The transformer of the TFLite files.
    pub fn tflite() -> Self {
        Transformer { widths: [8, 16, 32], norm: FixedNorm::Folded, ..Self::checkpoint() }
    }

    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1 and a style vector. Output: a picture
    /// `[4⌈height/4⌉, 4⌈width/4⌉, 3]` in 0..1, aligned with the input at the top left.
    pub fn graph(&self) -> Graph {
        let [first, second, third] = self.widths;
        let mut graph = Graph::new(3, self.style_len);
        let mut x = graph.input();
        for (i, (kernel, stride, channels)) in [(9, 1, first), (3, 2, second), (3, 2, third)].into_iter().enumerate() {
            x = self.contract(&mut graph, x, &format!("contract/conv{}", i + 1), kernel, stride, channels);
        }
        for block in 1..=self.blocks {
            let scope = format!("residual/residual{block}");
            let inner = self.styled(&mut graph, x, &scope, "conv1", 3, third);
            let inner = activate(&mut graph, inner, &format!("{scope}/conv1/relu"), Activation::Relu);
            let inner = self.styled(&mut graph, inner, &scope, "conv2", 3, third);
            x = graph.push(scope, Op::Add, &[x, inner]);
        }
        for (scope, channels) in [("expand/conv1", second), ("expand/conv2", first)] {
            x = graph.push(format!("{scope}/upsample"), Op::Upsample { factor: 2 }, &[x]);
            x = self.styled(&mut graph, x, scope, "conv", 3, channels);
            x = activate(&mut graph, x, &format!("{scope}/relu"), Activation::Relu);
        }
        x = self.styled(&mut graph, x, "expand/conv3", "conv", 9, 3);
        activate(&mut graph, x, "expand/conv3/sigmoid", Activation::Sigmoid);
        graph
    }

    fn padding(&self, kernel: usize) -> Padding {
        match self.border {
            Border::Reflect => Padding::Reflect(kernel / 2),
            Border::Zero => Padding::Zero(kernel / 2),
        }
    }

    fn contract(&self, graph: &mut Graph, x: NodeId, scope: &str, kernel: usize, stride: usize, channels: usize) -> NodeId {
        let full = format!("transformer/{scope}");
        let folded = self.norm == FixedNorm::Folded;
        let conv = Conv {
            weight: format!("{full}/weights"),
            bias: folded.then(|| format!("{full}/biases")),
            kernel: [kernel, kernel],
            stride,
            depthwise: false,
            channels,
            padding: self.padding(kernel),
        };
        let mut x = graph.push(scope, Op::Conv(conv), &[x]);
        if !folded {
            let norm = BatchNorm {
                mean: format!("{full}/BatchNorm/moving_mean"),
                variance: format!("{full}/BatchNorm/moving_variance"),
                gamma: None,
                beta: format!("{full}/BatchNorm/beta"),
                epsilon: BATCH_NORM_EPSILON,
            };
            x = graph.push(format!("{scope}/norm"), Op::BatchNorm(norm), &[x]);
        }
        activate(graph, x, &format!("{scope}/relu"), Activation::Relu)
    }

    /// Adds a convolution that keeps height and width, and its conditional instance norm.
    fn styled(&self, graph: &mut Graph, x: NodeId, scope: &str, name: &str, kernel: usize, channels: usize) -> NodeId {
        let node = format!("{scope}/{name}");
        let conv = Conv {
            weight: format!("transformer/{node}/weights"),
            bias: None,
            kernel: [kernel, kernel],
            stride: 1,
            depthwise: false,
            channels,
            padding: self.padding(kernel),
        };
        let x = match self.convolution {
            Convolution::Dense => graph.push(&node, Op::Conv(conv), &[x]),
            Convolution::Separable => {
                // The checkpoint's name for separable convolutions; none of them is dilated.
                let full = format!("transformer/{scope}/dilate_{name}");
                let depthwise = Conv {
                    weight: format!("{full}/depthwise_weights"),
                    depthwise: true,
                    channels: self.input_channels(scope),
                    ..conv.clone()
                };
                let pointwise =
                    Conv { weight: format!("{full}/pointwise_weights"), kernel: [1, 1], padding: Padding::Valid, ..conv };
                let x = graph.push(format!("{node}/depthwise"), Op::Conv(depthwise), &[x]);
                graph.push(format!("{node}/pointwise"), Op::Conv(pointwise), &[x])
            }
        };
        let style = format!("style_params/transformer/{node}/StyleNorm");
        let norm = InstanceNorm {
            scale: Dense { weight: format!("{style}/Conv_1/weights"), bias: format!("{style}/Conv_1/biases") },
            shift: Dense { weight: format!("{style}/Conv/weights"), bias: format!("{style}/Conv/biases") },
            epsilon: INSTANCE_NORM_EPSILON,
        };
        graph.push(format!("{node}/norm"), Op::InstanceNorm(norm), &[x])
    }

    fn input_channels(&self, scope: &str) -> usize {
        match scope {
            "expand/conv2" => self.widths[1],
            "expand/conv3" => self.widths[0],
            _ => self.widths[2],
        }
    }
}

fn activate(graph: &mut Graph, x: NodeId, name: &str, function: Activation) -> NodeId {
    graph.push(name, Op::Activation(function), &[x])
}
