//! Networks of VGG's shape (Simonyan & Zisserman 2015, arXiv 1409.1556): blocks of 3×3
//! convolutions with ReLUs, with the resolution halved between blocks.
//!
//! Layers have the names that papers on style transfer use: `relu3_4` is the ReLU after
//! the fourth convolution of the third block.

mod published;

pub use published::Preprocessing;
pub(crate) use published::{LICENCE, read};

use std::fmt;
use std::str::FromStr;

use super::design::Design;
use super::list::{Entry, Recognise};
use super::{Architecture, Kind};
use crate::graph::{Activation, Conv, Graph, Op, Padding, Pool, PoolKind};
use crate::{Error, ErrorKind, Result};

/// The maximum number of convolutions, and of channels, in a block: far more than in any published network.
const MOST: usize = 4096;

/// A network of VGG's shape: the number of convolutions and of channels in each block.
///
/// ```
/// use impasto::networks::vgg::Vgg;
///
/// let vgg: Vgg = "vgg 2x64 2x128 4x256".parse()?;
/// assert_eq!(vgg.graph(impasto::graph::PoolKind::Max).nodes().last().unwrap().name, "relu3_4");
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Vgg {
    /// Convolutions and channels of each block.
    pub blocks: Vec<[usize; 2]>,
}

pub(super) const ENTRY: Entry = Entry {
    name: "vgg",
    title: "perceptual networks of VGG's shape",
    published: &[
        ("perceptual", || Architecture::Vgg(Vgg::small())),
        ("vgg19", || Architecture::Vgg(Vgg { blocks: vec![[2, 64], [2, 128], [4, 256], [4, 512], [4, 512]] })),
    ],
    parse: |fields| {
        fields.take_plain();
        Ok(Architecture::Vgg(fields.text.parse()?))
    },
    recognise: Recognise::Adopt(published::adopt),
};

impl Design for Vgg {
    fn kind(&self) -> Kind {
        Kind::Perceptual
    }

    fn style_len(&self) -> usize {
        0
    }

    fn graph(&self) -> Graph {
        Vgg::graph(self, PoolKind::Max)
    }

    fn description(&self) -> String {
        let blocks: Vec<String> = self.blocks.iter().map(|[count, channels]| format!("{count} of {channels}")).collect();
        format!("perceptual network of VGG's shape: blocks of {} channels", blocks.join(", "))
    }

    fn text(&self) -> String {
        self.to_string()
    }

    fn repeats(&self) -> usize {
        self.blocks.iter().map(|[count, _]| count).sum()
    }
}

impl Vgg {
    /// The default network for optimizing pictures: a small one, distilled from larger ones.
    pub fn small() -> Self {
        Vgg { blocks: vec![[2, 32], [2, 64], [2, 128], [1, 160], [1, 160]] }
    }

    /// Returns the same network up to a layer, such as `relu3_1`; `None` if it has no layer with this name.
    pub fn up_to(&self, layer: &str) -> Option<Self> {
        let (block, place) = layer.strip_prefix("relu")?.split_once('_')?;
        let (block, place): (usize, usize) = (block.parse().ok()?, place.parse().ok()?);
        let mut blocks = self.blocks.get(..block)?.to_vec();
        let last = blocks.last_mut().filter(|last| (1..=last[0]).contains(&place))?;
        last[0] = place;
        Some(Vgg { blocks })
    }

    /// Builds the graph up to the last ReLU. Weights are named `conv1_1/weights` (`[3, 3,
    /// in, out]`) and `conv1_1/biases`.
    ///
    /// The input is RGB in 0..1. Borders are mirrored, unlike the zero borders of the classifiers that the weights
    /// come from: zeros are edges that no picture has, and optimized pictures would get frames.
    pub fn graph(&self, pooling: PoolKind) -> Graph {
        let mut graph = Graph::new(3, 0);
        let mut x = graph.input();
        for (block, &[convolutions, channels]) in self.blocks.iter().enumerate() {
            let block = block + 1;
            if block > 1 {
                let pool = Pool { kind: pooling, kernel: 2, stride: 2, padding: Padding::Valid };
                x = graph.push(format!("pool{}", block - 1), Op::Pool(pool), &[x]);
            }
            for i in 1..=convolutions {
                let name = format!("conv{block}_{i}");
                let conv = Conv {
                    weight: format!("{name}/weights"),
                    bias: Some(format!("{name}/biases")),
                    kernel: [3, 3],
                    stride: 1,
                    depthwise: false,
                    channels,
                    padding: Padding::Reflect(1),
                };
                x = graph.push(&name, Op::Conv(conv), &[x]);
                x = graph.push(format!("relu{block}_{i}"), Op::Activation(Activation::Relu), &[x]);
            }
        }
        graph
    }
}

impl fmt::Display for Vgg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("vgg")?;
        self.blocks.iter().try_for_each(|[convolutions, channels]| write!(f, " {convolutions}x{channels}"))
    }
}

impl FromStr for Vgg {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let block = |text: &str| {
            let (convolutions, channels) = text.split_once('x')?;
            let number = |text: &str| text.parse().ok().filter(|n| (1..=MOST).contains(n));
            Some([number(convolutions)?, number(channels)?])
        };
        let mut words = text.split(' ');
        let named = words.next() == Some("vgg");
        let blocks: Option<Vec<[usize; 2]>> = words.map(block).collect();
        match blocks.filter(|blocks| named && (1..=8).contains(&blocks.len())) {
            Some(blocks) => Ok(Vgg { blocks }),
            None => {
                let text = format!("{text:?} is not the architecture of a perceptual network, such as \"vgg 2x64 2x128\"");
                Err(Error::new(ErrorKind::Malformed, text))
            }
        }
    }
}
