//! The small style predictor of the browser port and of the TFLite files: MobileNetV2 1.0 (Sandler et
//! al. 2018, arXiv 1801.04381) up to `layer_19`, then a mean over the picture and a linear layer to the
//! style vector. The input is RGB in 0..1 without preprocessing.

use super::design::{Design, name_of};
use super::list::{Entry, Recognise};
use super::magenta::NORMS;
use super::recognise::{length, magenta_found};
use super::{Architecture, BATCH_NORM_EPSILON, FixedNorm, Kind, bottleneck};
use crate::graph::{Activation, BatchNorm, Conv, Graph, NodeId, Op, Padding};

/// Parameters of this architecture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MobileNet {
    /// Length of the style vector.
    pub vector_len: usize,
    /// How its convolutions are normalized. Their batch norms have a `gamma`.
    pub norm: FixedNorm,
}

pub(super) const ENTRY: Entry = Entry {
    name: "mobilenet-v2",
    title: "style predictor of the browser port and the TFLite files",
    published: &[("mobilenet", || Architecture::MobileNet(MobileNet { vector_len: 100, norm: FixedNorm::Folded }))],
    parse: |fields| {
        let vector_len = fields.number("vector", 1)?;
        Ok(Architecture::MobileNet(MobileNet { vector_len, norm: fields.choice("norm", NORMS)? }))
    },
    recognise: Recognise::ByNames(|named| {
        if !named.any("MobilenetV2/") {
            return Ok(None);
        }
        let vector_len = length(&named.weights, "mobilenet_conv/Conv/weights", 3)?;
        let norm = FixedNorm::of(&named.weights, "MobilenetV2/Conv");
        Ok(Some(magenta_found(Architecture::MobileNet(MobileNet { vector_len, norm }), named, false, true)))
    }),
};

impl Design for MobileNet {
    fn kind(&self) -> Kind {
        Kind::Predictor
    }

    fn style_len(&self) -> usize {
        self.vector_len
    }

    fn graph(&self) -> Graph {
        MobileNet::graph(self)
    }

    fn description(&self) -> String {
        format!("style predictor: MobileNetV2 1.0, style vector of {}", self.vector_len)
    }

    fn text(&self) -> String {
        format!("{} vector={} norm={}", ENTRY.name, self.vector_len, name_of(NORMS, &self.norm))
    }
}

/// Channels and stride of the 17 blocks. All but the first expand their input six times inside.
const BLOCKS: [(usize, usize); 17] = [
    (16, 1),
    (24, 2),
    (24, 1),
    (32, 2),
    (32, 1),
    (32, 1),
    (64, 2),
    (64, 1),
    (64, 1),
    (64, 1),
    (96, 1),
    (96, 1),
    (96, 1),
    (160, 2),
    (160, 1),
    (160, 1),
    (320, 1),
];

impl MobileNet {
    /// Channels of `layer_19`.
    pub const FEATURES: usize = 1280;

    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1. Output:
    /// a style vector `[1, 1, vector_len]`.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::new(3, 0);
        let input = graph.input();
        let full = |kernel, stride, channels| Layer { kernel, stride, channels, depthwise: false, clipped: true };
        let mut x = self.conv(&mut graph, input, "Conv", full(3, 2, 32));
        let mut channels = 32;
        for (i, &(out, stride)) in BLOCKS.iter().enumerate() {
            let scope = if i == 0 { "expanded_conv".to_owned() } else { format!("expanded_conv_{i}") };
            let inner = if i == 0 { channels } else { 6 * channels };
            let mut y = x;
            if i > 0 {
                y = self.conv(&mut graph, y, &format!("{scope}/expand"), full(1, 1, inner));
            }
            y = self.conv(&mut graph, y, &format!("{scope}/depthwise"), Layer { depthwise: true, ..full(3, stride, inner) });
            y = self.conv(&mut graph, y, &format!("{scope}/project"), Layer { clipped: false, ..full(1, 1, out) });
            x = if stride == 1 && channels == out { graph.push(scope, Op::Add, &[x, y]) } else { y };
            channels = out;
        }
        x = self.conv(&mut graph, x, "Conv_1", full(1, 1, Self::FEATURES));
        x = graph.push("mean", Op::Mean, &[x]);
        bottleneck(&mut graph, x, "mobilenet_conv/Conv", self.vector_len);
        graph
    }

    fn conv(&self, graph: &mut Graph, x: NodeId, scope: &str, layer: Layer) -> NodeId {
        let full = format!("MobilenetV2/{scope}");
        let folded = self.norm == FixedNorm::Folded;
        let conv = Conv {
            weight: format!("{full}/{}", if layer.depthwise { "depthwise_weights" } else { "weights" }),
            bias: folded.then(|| format!("{full}/biases")),
            kernel: [layer.kernel; 2],
            stride: layer.stride,
            depthwise: layer.depthwise,
            channels: layer.channels,
            padding: Padding::Same,
        };
        let mut x = graph.push(scope, Op::Conv(conv), &[x]);
        if !folded {
            let norm = BatchNorm {
                mean: format!("{full}/BatchNorm/moving_mean"),
                variance: format!("{full}/BatchNorm/moving_variance"),
                gamma: Some(format!("{full}/BatchNorm/gamma")),
                beta: format!("{full}/BatchNorm/beta"),
                epsilon: BATCH_NORM_EPSILON,
            };
            x = graph.push(format!("{scope}/norm"), Op::BatchNorm(norm), &[x]);
        }
        if layer.clipped {
            x = graph.push(format!("{scope}/relu6"), Op::Activation(Activation::Relu6), &[x]);
        }
        x
    }
}

struct Layer {
    kernel: usize,
    stride: usize,
    channels: usize,
    depthwise: bool,
    /// Whether a `relu6` follows.
    clipped: bool,
}
