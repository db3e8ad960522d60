//! Impasto's own networks: small, trained by `impasto-train`, and made to paint pictures of any size in tiles.
//!
//! The transformer has the layers of Magenta's ([`super::magenta`]), but every convolution is followed by an instance norm that is
//! conditional on the style vector, and the outermost kernels are smaller. Its norms take their mean and variance from a thumbnail
//! of the content, so that painting is local: a tile with its halo gives the same pixels as the whole picture.
//!
//! The style predictor reads moments: the mean and the standard deviation of every channel of several layers (as style is
//! measured: Huang & Belongie 2017, arXiv 1703.06868), and a linear layer makes the style vector of them.

use super::bottleneck;
use crate::graph::{Activation, Conv, Dense, Graph, InstanceNorm, NodeId, Op, Padding};

/// The epsilon of the conditional instance norms.
const INSTANCE_NORM_EPSILON: f32 = 1e-5;

/// What tells one of our transformers from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Transformer {
    /// Channels after the three contracting convolutions.
    pub widths: [usize; 3],
    /// Residual blocks.
    pub blocks: usize,
    /// Height and width of the first and the last kernel: odd.
    pub kernel: usize,
    /// Length of the style vector.
    pub style_len: usize,
    /// Pixels of the longer side of the thumbnail whose statistics the norms use; a smaller picture is its own thumbnail.
    pub thumbnail: usize,
}

impl Transformer {
    /// The shape that Impasto ships.
    pub fn shipped() -> Self {
        Transformer { widths: [16, 32, 64], blocks: 4, kernel: 5, style_len: 96, thumbnail: 384 }
    }

    /// The network as a graph: a picture `[height, width, 3]` in 0..1 and a style vector in; a picture `[4⌈height/4⌉,
    /// 4⌈width/4⌉, 3]` in 0..1 out, aligned with the input's top left. Height and width must be at least 5.
    pub fn graph(&self) -> Graph {
        let [first, second, third] = self.widths;
        let mut graph = Graph::new(3, self.style_len);
        let mut x = graph.input();
        for (name, kernel, stride, channels) in
            [("contract1", self.kernel, 1, first), ("contract2", 3, 2, second), ("contract3", 3, 2, third)]
        {
            x = styled(&mut graph, x, name, [kernel, stride], channels);
            x = activate(&mut graph, x, name, Activation::Relu);
        }
        for block in 1..=self.blocks {
            let scope = format!("residual{block}");
            let inner = styled(&mut graph, x, &format!("{scope}/conv1"), [3, 1], third);
            let inner = activate(&mut graph, inner, &format!("{scope}/conv1"), Activation::Relu);
            let inner = styled(&mut graph, inner, &format!("{scope}/conv2"), [3, 1], third);
            x = graph.push(scope, Op::Add, &[x, inner]);
        }
        for (name, channels) in [("expand1", second), ("expand2", first)] {
            x = graph.push(format!("{name}/upsample"), Op::Upsample { factor: 2 }, &[x]);
            x = styled(&mut graph, x, name, [3, 1], channels);
            x = activate(&mut graph, x, name, Activation::Relu);
        }
        x = styled(&mut graph, x, "expand3", [self.kernel, 1], 3);
        activate(&mut graph, x, "expand3", Activation::Sigmoid);
        graph
    }
}

/// What tells one of our style predictors from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Predictor {
    /// Channels of the four stages; each halves height and width.
    pub widths: [usize; 4],
    /// Length of the style vector.
    pub vector_len: usize,
}

impl Predictor {
    /// The shape that Impasto ships.
    pub fn shipped() -> Self {
        Predictor { widths: [24, 48, 96, 192], vector_len: 96 }
    }

    /// The network as a graph: a picture `[height, width, 3]` in 0..1 in, a style vector `[1, 1, vector_len]` out.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(3, 0);
        let mut x = graph.input();
        let mut moments = Vec::new();
        for (i, &channels) in self.widths.iter().enumerate() {
            let stage = format!("stage{}", i + 1);
            for (name, stride) in [("conv1", 2), ("conv2", 1)] {
                let scope = format!("{stage}/{name}");
                let weight = format!("predictor/{scope}/weights");
                let conv = conv(weight, Some(format!("predictor/{scope}/biases")), [3, stride], channels, Padding::Same);
                x = graph.push(&scope, Op::Conv(conv), &[x]);
                x = activate(&mut graph, x, &scope, Activation::Relu);
            }
            moments.push(graph.push(format!("{stage}/moments"), Op::Moments, &[x]));
        }
        x = graph.push("moments", Op::Concat, &moments);
        bottleneck(&mut graph, x, "predictor/vector", self.vector_len);
        graph
    }
}

fn conv(weight: String, bias: Option<String>, [kernel, stride]: [usize; 2], channels: usize, padding: Padding) -> Conv {
    Conv { weight, bias, kernel: [kernel; 2], stride, depthwise: false, channels, padding }
}

/// A convolution and its conditional instance norm.
fn styled(graph: &mut Graph, x: NodeId, scope: &str, [kernel, stride]: [usize; 2], channels: usize) -> NodeId {
    let name = format!("transformer/{scope}");
    let conv = conv(format!("{name}/weights"), None, [kernel, stride], channels, Padding::Reflect(kernel / 2));
    let x = graph.push(scope, Op::Conv(conv), &[x]);
    let dense = |what: &str| Dense { weight: format!("{name}/{what}/weights"), bias: format!("{name}/{what}/biases") };
    let norm = InstanceNorm { scale: dense("scale"), shift: dense("shift"), epsilon: INSTANCE_NORM_EPSILON };
    graph.push(format!("{scope}/norm"), Op::InstanceNorm(norm), &[x])
}

fn activate(graph: &mut Graph, x: NodeId, scope: &str, function: Activation) -> NodeId {
    let name = if function == Activation::Sigmoid { "sigmoid" } else { "relu" };
    graph.push(format!("{scope}/{name}"), Op::Activation(function), &[x])
}
