//! A network's architecture as data: nodes that name the weights they use.
//!
//! Shapes, multiply-accumulates, the receptive field and the printed table of a model are all
//! computed from a [`Graph`], and executors ([`crate::engine`]) compile it. Pictures and
//! features are `height × width × channels`, one picture at a time.

mod cost;
mod parameters;
mod reach;
mod shapes;
mod table;

pub use cost::Cost;
pub use parameters::Parameter;
pub use shapes::{Shape, Window};
pub use table::{Row, Table};

/// A node of a graph: its index in [`Graph::nodes`]. A node's inputs always come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

/// A network: nodes in an order in which they can be computed. The first is the input, the last is the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Length of the style vector that the conditional norms read; 0 if there are none.
    pub style_len: usize,
    nodes: Vec<Node>,
}

/// One step of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// A name for people, in tables and errors.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// The nodes that it reads.
    pub inputs: Vec<NodeId>,
}

/// What a node computes. Strings name arrays of [`crate::weights::Weights`].
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// The picture.
    Input {
        /// Channels of the picture.
        channels: usize,
    },
    /// A convolution (cross-correlation, as usual in neural networks).
    Conv(Conv),
    /// A batch norm with fixed statistics: `(x - mean) / sqrt(variance + epsilon) * gamma + beta` per channel.
    BatchNorm(BatchNorm),
    /// Instance norm, conditional on the style vector `z`: `(x - m) / sqrt(v + epsilon) * scale
    /// + shift` per channel. `m` and `v` are the mean and the biased variance of `x` over
    /// height and width; `scale = z·W + b`, and `shift` likewise.
    InstanceNorm(InstanceNorm),
    /// Instance norm to the mean and the deviation that the style vector holds (AdaIN:
    /// Huang & Belongie 2017, arXiv 1703.06868).
    AdaptiveNorm(AdaptiveNorm),
    /// Multiplies each channel by a number of the style vector: channel `c` by `z[start +
    /// c]`. There is no shift, and no statistics are read.
    Modulate {
        /// Index of the first channel's factor in the style vector.
        start: usize,
    },
    /// An element-wise function.
    Activation(Activation),
    /// Nearest-neighbor up-sampling: each pixel becomes `factor × factor` pixels.
    Upsample {
        /// The factor for height and width.
        factor: usize,
    },
    /// Turns each pixel's channels, `factor · factor` groups, into a square of pixels: group `dy
    /// · factor + dx` becomes the pixel in row `dy` and column `dx`. After a convolution to that
    /// many channels, the result is a transposed convolution.
    DepthToSpace {
        /// The factor for height and width.
        factor: usize,
    },
    /// Maximum or mean over a window.
    Pool(Pool),
    /// The sum of two inputs of the same shape.
    Add,
    /// Concatenation: the channels of all inputs, one input after the other.
    Concat,
    /// Mean over height and width; the result is 1×1.
    Mean,
    /// Mean of each channel over height and width, followed by `sqrt(variance + `[`MOMENTS_EPSILON`]`)` of each
    /// channel with the biased variance. The result is 1×1 with twice the channels.
    Moments,
    /// Like [`Op::Moments`], but with the unbiased variance (`n` pixels: divided by `n -
    /// 1`), as PyTorch's `var` has it.
    SampleMoments,
}

/// Added to the variance in [`Op::Moments`] and [`Op::SampleMoments`], so that the square
/// root has a derivative even for a flat picture.
pub const MOMENTS_EPSILON: f32 = 1e-5;

/// A convolution's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv {
    /// Name of the kernel: `[kh, kw, in, out]`, or `[kh, kw, channels, 1]` if depthwise.
    pub weight: String,
    /// Name of the bias `[out]`.
    pub bias: Option<String>,
    /// Height and width of the kernel.
    pub kernel: [usize; 2],
    /// Stride, the same along both axes.
    pub stride: usize,
    /// Whether each channel is filtered alone (`out == in`).
    pub depthwise: bool,
    /// Channels of the output.
    pub channels: usize,
    /// What is read beyond the border.
    pub padding: Padding,
}

/// What a window reads beyond a picture's border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: windows stay inside. The output length is `(n - k) / stride + 1`.
    Valid,
    /// TensorFlow's `SAME`: the output length is `ceil(n / stride)`. Zeros are split evenly
    /// between both sides; an odd one goes to the bottom or right.
    Same,
    /// Like [`Padding::Same`], but with mirrored pixels instead of zeros. Height and width
    /// must be greater than the number of mirrored pixels.
    SameMirrored,
    /// This many zeros on each side, then as [`Padding::Valid`].
    Zero(usize),
    /// This many mirrored pixels on each side, then as [`Padding::Valid`]. The border pixel is not repeated: -1 reads
    /// 1. Height and width must be greater than the number of mirrored pixels.
    Reflect(usize),
    /// Like [`Padding::Reflect`], with additional pixels at the bottom and right. They make the output of a
    /// convolution of stride 1 with a kernel of `2 * border + 1` pixels a multiple of `multiple`. If the picture
    /// is too small to mirror that many, its nearest pixel is repeated.
    ReflectUp {
        /// Mirrored pixels on each side.
        border: usize,
        /// Height and width of the output are multiples of this.
        multiple: usize,
    },
    /// The nearest pixel, repeated this often on each side (-1 reads 0), then as [`Padding::Valid`].
    Edge(usize),
}

/// A fixed batch norm's parameters. Each name is that of an array `[channels]`.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// The mean, which is subtracted.
    pub mean: String,
    /// The variance, whose root is divided by.
    pub variance: String,
    /// Scale; 1 if absent.
    pub gamma: Option<String>,
    /// Shift.
    pub beta: String,
    /// Added to the variance.
    pub epsilon: f32,
}

/// A conditional instance norm's parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct InstanceNorm {
    /// Computes the scale from the style vector.
    pub scale: Dense,
    /// Computes the shift from the style vector.
    pub shift: Dense,
    /// Added to the variance.
    pub epsilon: f32,
}

/// An adaptive instance norm's parameters: `(x - m) / sqrt(v + epsilon) * z[deviation + c] + z[mean + c]` for channel
/// `c`. `m` and `v` are the mean and the unbiased variance of `x` over height and width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaptiveNorm {
    /// Index of the first channel's mean in the style vector.
    pub mean: usize,
    /// Index of the first channel's deviation in the style vector.
    pub deviation: usize,
    /// Added to the variance.
    pub epsilon: f32,
}

/// `z·W + b`: the names of `W`, `style_len × channels` (leading axes of length 1 are
/// allowed), and of `b`, `[channels]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Dense {
    /// Name of `W`.
    pub weight: String,
    /// Name of `b`.
    pub bias: String,
}

/// An element-wise function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `max(x, 0)`
    Relu,
    /// `min(max(x, 0), 6)`
    Relu6,
    /// `1 / (1 + exp(-x))`
    Sigmoid,
    /// `0.5 + 150/255 · tanh(x)`, clipped to 0..1: how fast neural style networks turn their last layer into a picture.
    Tanh,
    /// Clips to 0..1.
    Clip,
}

/// A window that slides over the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// How the values in the window are combined.
    pub kind: PoolKind,
    /// Side of the window.
    pub kernel: usize,
    /// Step along both axes.
    pub stride: usize,
    /// What is read beyond the border: [`Padding::Valid`] or [`Padding::Same`].
    pub padding: Padding,
}

/// How a pool combines the values in its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// The greatest value inside the picture.
    Max,
    /// The mean of the values inside the picture (padding does not count).
    Average,
}

impl NodeId {
    /// The node's index in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0
    }
}

impl Graph {
    /// Creates a graph that holds only the input.
    pub fn new(channels: usize, style_len: usize) -> Self {
        let input = Node { name: "input".into(), op: Op::Input { channels }, inputs: Vec::new() };
        Graph { style_len, nodes: vec![input] }
    }

    /// The input node.
    pub fn input(&self) -> NodeId {
        NodeId(0)
    }

    /// The output node: the last one added.
    pub fn output(&self) -> NodeId {
        NodeId(self.nodes.len() - 1)
    }

    /// Adds a node.
    ///
    /// # Panics
    /// If an input is not a node of this graph.
    pub fn push(&mut self, name: impl Into<String>, op: Op, inputs: &[NodeId]) -> NodeId {
        assert!(inputs.iter().all(|i| i.0 < self.nodes.len()), "inputs of a node come before it");
        self.nodes.push(Node { name: name.into(), op, inputs: inputs.to_vec() });
        self.output()
    }

    /// Returns the graph without the nodes after `last`.
    pub(crate) fn up_to(&self, last: NodeId) -> Graph {
        Graph { style_len: self.style_len, nodes: self.nodes[..=last.0].to_vec() }
    }

    /// All nodes, in the order of computation.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the node with this name; the first, if several have it.
    pub fn named(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|node| node.name == name).map(NodeId)
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }
}
