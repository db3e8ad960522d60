//! The transformer of Magenta's arbitrary image stylization (Ghiasi et al. 2017, arXiv 1705.06830).
//!
//! Three contracting convolutions, residual blocks, three expanding ones. Content in as RGB in 0..1, the same out, with height and
//! width rounded up to multiples of 4. All but the contracting convolutions are followed by an instance norm whose scale and
//! shift are affine in the style vector.

use super::{BATCH_NORM_EPSILON, FixedNorm};
use crate::graph::{Activation, BatchNorm, Conv, Dense, Graph, InstanceNorm, NodeId, Op, Padding};

/// The epsilon of the conditional instance norms.
const INSTANCE_NORM_EPSILON: f32 = 1e-5;

/// Everything that tells one transformer of the family from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transformer {
    /// Channels after the three contracting convolutions: Magenta's own has 32, 64, 128.
    pub widths: [usize; 3],
    /// Residual blocks.
    pub blocks: usize,
    /// Length of the style vector.
    pub style_len: usize,
    /// How residual and expanding convolutions are made.
    pub convolution: Convolution,
    /// What the convolutions read beyond the picture's border.
    pub border: Border,
    /// What normalises the contracting convolutions. Their batch norms have no `gamma`.
    pub norm: FixedNorm,
}

/// How residual and expanding convolutions are made.
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
    /// Zeros, as the browser port's graph was published; draws a faint frame around the picture.
    Zero,
}

impl Transformer {
    /// The transformer of the TF-Hub module `google/magenta/arbitrary-image-stylization-v1-256/2`.
    pub fn hub() -> Self {
        Transformer { blocks: 20, style_len: 768, ..Self::checkpoint() }
    }

    /// The transformer of Magenta's published checkpoint. The browser port's dense one differs in its [`Border::Zero`] only.
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

    /// The network as a graph: a picture `[height, width, 3]` in 0..1 and a style vector in; a picture `[4⌈height/4⌉,
    /// 4⌈width/4⌉, 3]` in 0..1 out, aligned with the input's top left.
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

    /// A convolution that keeps height and width, and its conditional instance norm.
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
