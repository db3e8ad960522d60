//! A network's architecture as data: nodes that name the weights they use.
//!
//! One walk over a [`Graph`] gives shapes, multiply-accumulates, receptive field and the printed table of a model; executors
//! ([`crate::engine`]) translate it. Pictures and features are `height × width × channels`, one picture at a time.

mod cost;
mod parameters;
mod reach;
mod shapes;
mod table;

pub use cost::Cost;
pub use parameters::Parameter;
pub use shapes::{Shape, Window};
pub use table::{Row, Table};

/// Which node of a graph: its place in [`Graph::nodes`]. Inputs of a node always come before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) usize);

/// A network: nodes in an order in which they can be computed. The first is the input; the last is the output.
#[derive(Debug, Clone, PartialEq)]
pub struct Graph {
    /// Length of the style vector that the conditional norms read; 0 if there are none.
    pub style_len: usize,
    nodes: Vec<Node>,
}

/// One step of a network.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// A name for people: tables, errors.
    pub name: String,
    /// What it computes.
    pub op: Op,
    /// Where its inputs come from.
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
    /// A convolution (cross-correlation, as networks have it).
    Conv(Conv),
    /// A batch norm with fixed statistics: `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, per channel.
    BatchNorm(BatchNorm),
    /// Instance norm, conditional on the style vector `z`: `(x - m) / sqrt(v + epsilon) * scale + shift` per channel, with `m` and
    /// `v` the mean and the biased variance of `x` over height and width, `scale = z·W + b` and `shift` likewise.
    InstanceNorm(InstanceNorm),
    /// Instance norm to the mean and the deviation that the style vector holds (AdaIN: Huang & Belongie 2017, arXiv 1703.06868).
    AdaptiveNorm(AdaptiveNorm),
    /// Every channel times a number of the style vector: channel `c` times `z[start + c]`. It has no shift and reads no statistics.
    Modulate {
        /// Where in the style vector the first channel's factor is.
        start: usize,
    },
    /// An element-wise function.
    Activation(Activation),
    /// Nearest-neighbour up-sampling: every pixel becomes `factor × factor` pixels.
    Upsample {
        /// By how much.
        factor: usize,
    },
    /// Every pixel's channels, `factor · factor` groups, become a square of pixels: group `dy · factor + dx` the pixel of row `dy` and
    /// column `dx`. After a convolution to so many channels it is a transposed convolution.
    DepthToSpace {
        /// By how much height and width grow.
        factor: usize,
    },
    /// Maximum or mean over a window.
    Pool(Pool),
    /// The sum of two inputs of one shape.
    Add,
    /// All inputs' channels, one input after the other.
    Concat,
    /// Mean over height and width; the result is 1×1.
    Mean,
    /// Mean of every channel over height and width, then `sqrt(variance + `[`MOMENTS_EPSILON`]`)` of every channel with the biased
    /// variance; the result is 1×1, of twice the channels.
    Moments,
    /// As [`Op::Moments`], with the unbiased variance (of `n` pixels: divided by `n - 1`), as PyTorch's `var` has it.
    SampleMoments,
}

/// Added to the variance in [`Op::Moments`], so that its root has a derivative in a flat picture.
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
    /// Step, the same along both axes.
    pub stride: usize,
    /// Whether each channel is filtered alone (`out == in`).
    pub depthwise: bool,
    /// Channels of the output.
    pub channels: usize,
    /// What lies beyond the border.
    pub padding: Padding,
}

/// What a window reads beyond a picture's border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// Nothing: windows stay inside. Output length `(n - k) / stride + 1`.
    Valid,
    /// TensorFlow's `SAME`: output length `ceil(n / stride)`; zeros are split evenly, an odd one goes to the bottom/right.
    Same,
    /// As [`Padding::Same`], with mirrored pixels instead of zeros. Height and width must be greater than what is mirrored.
    SameMirrored,
    /// This many zeros on every side, then as [`Padding::Valid`].
    Zero(usize),
    /// This many mirrored pixels on every side (the border pixel is not repeated: -1 reads 1), then as [`Padding::Valid`].
    /// Height and width must be greater than it.
    Reflect(usize),
    /// As [`Padding::Reflect`], with as many more pixels below and to the right as make the output of a convolution of stride 1 whose kernel has
    /// `2 * border + 1` pixels a multiple of `multiple`. Where the picture is too small to mirror so many, its nearest pixel is repeated.
    ReflectUp {
        /// Mirrored pixels on every side.
        border: usize,
        /// What height and width of the output are multiples of.
        multiple: usize,
    },
    /// The nearest pixel, this often on every side (-1 reads 0), then as [`Padding::Valid`].
    Edge(usize),
}

/// A fixed batch norm's parameters; each name is an array `[channels]`.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchNorm {
    /// Mean that is subtracted.
    pub mean: String,
    /// Variance that is divided by.
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
    /// How the scale comes from the style vector.
    pub scale: Dense,
    /// How the shift comes from the style vector.
    pub shift: Dense,
    /// Added to the variance.
    pub epsilon: f32,
}

/// An adaptive instance norm's parameters: `(x - m) / sqrt(v + epsilon) * z[deviation + c] + z[mean + c]` for channel `c`, with `m` and `v`
/// the mean and the unbiased variance of `x` over height and width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdaptiveNorm {
    /// Where in the style vector the first channel's mean is.
    pub mean: usize,
    /// Where in the style vector the first channel's deviation is.
    pub deviation: usize,
    /// Added to the variance.
    pub epsilon: f32,
}

/// `z·W + b`: names of `W`, `style_len × channels` (leading axes of length 1 are allowed), and `b` `[channels]`.
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
    /// `0.5 + 150/255 · tanh(x)`, limited to 0..1: how fast neural style networks make a picture of their last layer.
    Tanh,
    /// Limited to 0..1.
    Clip,
}

/// A window that slides over the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// What is taken of the window.
    pub kind: PoolKind,
    /// Side of the window.
    pub kernel: usize,
    /// Step along both axes.
    pub stride: usize,
    /// What lies beyond the border: [`Padding::Valid`] or [`Padding::Same`].
    pub padding: Padding,
}

/// What a pool takes of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// The greatest value inside the picture.
    Max,
    /// The mean of the values inside the picture (padding is not counted).
    Average,
}

impl NodeId {
    /// The node's place in [`Graph::nodes`].
    pub fn index(self) -> usize {
        self.0
    }
}

impl Graph {
    /// A graph that holds only the input.
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

    /// The graph without what follows a node.
    pub(crate) fn up_to(&self, last: NodeId) -> Graph {
        Graph { style_len: self.style_len, nodes: self.nodes[..=last.0].to_vec() }
    }

    /// All nodes, in the order of computation.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of this name, the first if several have it.
    pub fn named(&self, name: &str) -> Option<NodeId> {
        self.nodes.iter().position(|node| node.name == name).map(NodeId)
    }

    /// One node.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }
}
