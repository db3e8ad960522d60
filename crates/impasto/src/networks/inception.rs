//! The style predictor of the TF-Hub module and of Magenta's checkpoint: Inception-v3 (Szegedy et al. 2015, arXiv
//! 1512.00567) up to `Mixed_6e`, then a mean over the picture and, in the checkpoint, a linear layer to 100 floats.
//!
//! It differs from the usual Inception-v3 in two ways: the input is RGB in 0..1 without
//! preprocessing, and every activation is `relu6`.

use super::design::Design;
use super::list::{Entry, Recognise};
use super::recognise::{length, magenta_found};
use super::{Architecture, BATCH_NORM_EPSILON, Kind, bottleneck};
use crate::graph::{Activation, BatchNorm, Conv, Graph, NodeId, Op, Padding, Pool, PoolKind};

/// Parameters of this architecture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Inception {
    /// Length of the style vector, if a linear layer computes it. Without one, the style
    /// vector is the 768 means themselves.
    pub bottleneck: Option<usize>,
}

pub(super) const ENTRY: Entry = Entry {
    name: "inception-v3-mixed-6e",
    title: "style predictor of Magenta's module and checkpoint",
    published: &[("inception", || Architecture::Inception(Inception { bottleneck: None }))],
    parse: |fields| {
        let none = fields.is("bottleneck", "none");
        let bottleneck = if none { None } else { Some(fields.number("bottleneck", 1)?) };
        Ok(Architecture::Inception(Inception { bottleneck }))
    },
    recognise: Recognise::ByNames(|named| {
        if !named.any("InceptionV3/") {
            return Ok(None);
        }
        let bottleneck = named.weights.get("Conv/weights").map(|_| length(&named.weights, "Conv/weights", 3)).transpose()?;
        let hub = bottleneck.is_none();
        Ok(Some(magenta_found(Architecture::Inception(Inception { bottleneck }), named, hub, false)))
    }),
};

impl Design for Inception {
    fn kind(&self) -> Kind {
        Kind::Predictor
    }

    fn style_len(&self) -> usize {
        self.vector_len()
    }

    fn graph(&self) -> Graph {
        Inception::graph(self)
    }

    fn description(&self) -> String {
        match self.bottleneck {
            None => "style predictor: Inception-v3 to Mixed_6e, style vector of its 768 means".into(),
            Some(length) => format!("style predictor: Inception-v3 to Mixed_6e, style vector of {length}"),
        }
    }

    fn text(&self) -> String {
        let bottleneck = self.bottleneck.map_or_else(|| "none".to_owned(), |length| length.to_string());
        format!("{} bottleneck={bottleneck}", ENTRY.name)
    }
}

/// One convolution of a branch: name, kernel height and width, channels of the output.
type Layer = (&'static str, usize, usize, usize);

impl Inception {
    /// Channels of `Mixed_6e`.
    pub const FEATURES: usize = 768;

    /// Length of the style vector.
    pub fn vector_len(&self) -> usize {
        self.bottleneck.unwrap_or(Self::FEATURES)
    }

    /// Builds the network's graph. Input: a picture `[height, width, 3]` in 0..1, at least
    /// 43×43. Output: a style vector `[1, 1, vector_len]`.
    pub fn graph(&self) -> Graph {
        let mut build = Build { graph: Graph::new(3, 0) };
        let mut x = build.graph.input();
        x = build.conv(x, "", ("Conv2d_1a_3x3", 3, 3, 32), 2, Padding::Valid);
        x = build.conv(x, "", ("Conv2d_2a_3x3", 3, 3, 32), 1, Padding::Valid);
        x = build.conv(x, "", ("Conv2d_2b_3x3", 3, 3, 64), 1, Padding::Same);
        x = build.max_pool(x, "MaxPool_3a_3x3");
        x = build.conv(x, "", ("Conv2d_3b_1x1", 1, 1, 80), 1, Padding::Valid);
        x = build.conv(x, "", ("Conv2d_4a_3x3", 3, 3, 192), 1, Padding::Valid);
        x = build.max_pool(x, "MaxPool_5a_3x3");
        x = build.mixed_5(x, "Mixed_5b", 32);
        x = build.mixed_5(x, "Mixed_5c", 64);
        x = build.mixed_5(x, "Mixed_5d", 64);
        x = build.mixed_6a(x);
        for (scope, inner) in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)] {
            x = build.mixed_6(x, scope, inner);
        }
        let mut graph = build.graph;
        x = graph.push("mean", Op::Mean, &[x]);
        if let Some(channels) = self.bottleneck {
            bottleneck(&mut graph, x, "Conv", channels);
        }
        graph
    }
}

struct Build {
    graph: Graph,
}

impl Build {
    fn conv(&mut self, x: NodeId, scope: &str, layer: Layer, stride: usize, padding: Padding) -> NodeId {
        let (name, height, width, channels) = layer;
        let node = format!("{scope}{name}");
        let full = format!("InceptionV3/{node}");
        let conv = Conv {
            weight: format!("{full}/weights"),
            bias: None,
            kernel: [height, width],
            stride,
            depthwise: false,
            channels,
            padding,
        };
        let norm = BatchNorm {
            mean: format!("{full}/BatchNorm/moving_mean"),
            variance: format!("{full}/BatchNorm/moving_variance"),
            gamma: None,
            beta: format!("{full}/BatchNorm/beta"),
            epsilon: BATCH_NORM_EPSILON,
        };
        let x = self.graph.push(&node, Op::Conv(conv), &[x]);
        let x = self.graph.push(format!("{node}/norm"), Op::BatchNorm(norm), &[x]);
        self.graph.push(format!("{node}/relu6"), Op::Activation(Activation::Relu6), &[x])
    }

    /// A sequence of convolutions that keep height and width.
    fn branch(&mut self, mut x: NodeId, scope: &str, layers: &[Layer]) -> NodeId {
        for &layer in layers {
            x = self.conv(x, scope, layer, 1, Padding::Same);
        }
        x
    }

    fn max_pool(&mut self, x: NodeId, name: &str) -> NodeId {
        let pool = Pool { kind: PoolKind::Max, kernel: 3, stride: 2, padding: Padding::Valid };
        self.graph.push(name, Op::Pool(pool), &[x])
    }

    fn pooled_branch(&mut self, x: NodeId, scope: &str, channels: usize) -> NodeId {
        let pool = Pool { kind: PoolKind::Average, kernel: 3, stride: 1, padding: Padding::Same };
        let x = self.graph.push(format!("{scope}/Branch_3/AvgPool_0a_3x3"), Op::Pool(pool), &[x]);
        self.branch(x, &format!("{scope}/Branch_3/"), &[("Conv2d_0b_1x1", 1, 1, channels)])
    }

    fn mixed_5(&mut self, x: NodeId, scope: &str, pooled: usize) -> NodeId {
        // In this branch of this block, the checkpoint's names differ from those of the sibling blocks.
        let [narrow, wide] =
            if scope == "Mixed_5c" { ["Conv2d_0b_1x1", "Conv_1_0c_5x5"] } else { ["Conv2d_0a_1x1", "Conv2d_0b_5x5"] };
        let branches = [
            self.branch(x, &format!("{scope}/Branch_0/"), &[("Conv2d_0a_1x1", 1, 1, 64)]),
            self.branch(x, &format!("{scope}/Branch_1/"), &[(narrow, 1, 1, 48), (wide, 5, 5, 64)]),
            self.branch(
                x,
                &format!("{scope}/Branch_2/"),
                &[("Conv2d_0a_1x1", 1, 1, 64), ("Conv2d_0b_3x3", 3, 3, 96), ("Conv2d_0c_3x3", 3, 3, 96)],
            ),
            self.pooled_branch(x, scope, pooled),
        ];
        self.graph.push(scope, Op::Concat, &branches)
    }

    fn mixed_6a(&mut self, x: NodeId) -> NodeId {
        // Both layers that the checkpoint calls 1x1 here are in fact 3×3.
        let first = self.conv(x, "Mixed_6a/Branch_0/", ("Conv2d_1a_1x1", 3, 3, 384), 2, Padding::Valid);
        let scope = "Mixed_6a/Branch_1/";
        let second = self.branch(x, scope, &[("Conv2d_0a_1x1", 1, 1, 64), ("Conv2d_0b_3x3", 3, 3, 96)]);
        let second = self.conv(second, scope, ("Conv2d_1a_1x1", 3, 3, 96), 2, Padding::Valid);
        let third = self.max_pool(x, "Mixed_6a/Branch_2/MaxPool_1a_3x3");
        self.graph.push("Mixed_6a", Op::Concat, &[first, second, third])
    }

    fn mixed_6(&mut self, x: NodeId, scope: &str, inner: usize) -> NodeId {
        let branches = [
            self.branch(x, &format!("{scope}/Branch_0/"), &[("Conv2d_0a_1x1", 1, 1, 192)]),
            self.branch(
                x,
                &format!("{scope}/Branch_1/"),
                &[("Conv2d_0a_1x1", 1, 1, inner), ("Conv2d_0b_1x7", 1, 7, inner), ("Conv2d_0c_7x1", 7, 1, 192)],
            ),
            self.branch(
                x,
                &format!("{scope}/Branch_2/"),
                &[
                    ("Conv2d_0a_1x1", 1, 1, inner),
                    ("Conv2d_0b_7x1", 7, 1, inner),
                    ("Conv2d_0c_1x7", 1, 7, inner),
                    ("Conv2d_0d_7x1", 7, 1, inner),
                    ("Conv2d_0e_1x7", 1, 7, 192),
                ],
            ),
            self.pooled_branch(x, scope, 192),
        ];
        self.graph.push(scope, Op::Concat, &branches)
    }
}
