//! The networks that the losses look through: VGG-19 (Simonyan & Zisserman 2015, arXiv 1409.1556) as deep as its weights go, and a
//! narrower encoder for the depths beyond.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use impasto::graph::{Activation, Conv, Graph, NodeId, Op, Padding, Pool, PoolKind};
use impasto::weights::{self, Limits, Weights};
use impasto::{Error, ErrorKind, Perceptual, Result};

use crate::executor::{Executor, Parameters};

/// How many convolutions VGG-19's blocks have, of the fifth as many as are needed.
const BLOCKS: [usize; 5] = [2, 2, 4, 4, 1];

/// A perceptual network.
pub struct Encoder {
    graph: Graph,
    parameters: Parameters,
    taps: Vec<NodeId>,
}

impl Encoder {
    /// Features at the encoder's taps, of pictures `[n, h, w, 3]` in 0..1.
    ///
    /// # Errors
    /// As [`Executor::run`].
    pub fn features(&self, pictures: Tensor<4>) -> Result<Vec<Tensor<4>>> {
        Ok(Executor::new(&self.graph)?.run(&self.parameters, pictures, None, None, &self.taps)?.taps)
    }
}

/// VGG-19, or another network that [`Perceptual::open`] reads, up to the deepest of `taps` (`relu1_1`, …).
///
/// # Errors
/// As [`Perceptual::open`]; [`ErrorKind::Mismatch`] if the weights do not reach as deep as the taps.
pub fn vgg(path: &Path, taps: &[&str], device: &Device) -> Result<Encoder> {
    let perceptual = Perceptual::open(path)?;
    let layer = |tap: &&str| perceptual.layer(tap).map_err(|e| e.context(path.display()));
    let taps: Vec<NodeId> = taps.iter().map(layer).collect::<Result<_>>()?;
    let deepest = taps.iter().max().map(|tap| perceptual.graph().node(*tap).name.as_str());
    // What lies deeper would be computed for nothing, in every step. Nodes keep their places.
    let vgg = deepest.and_then(|deepest| perceptual.architecture().up_to(deepest));
    let graph = vgg.as_ref().unwrap_or(perceptual.architecture()).graph(PoolKind::Max);
    Ok(Encoder { parameters: Parameters::new(perceptual.weights(), device, false), graph, taps })
}

/// The narrower encoder, from its PyTorch checkpoint.
///
/// # Errors
/// [`ErrorKind::Malformed`] if the file is no such checkpoint; [`ErrorKind::Mismatch`] if it lacks a layer.
pub fn narrow(path: &Path, taps: &[&str], device: &Device) -> Result<Encoder> {
    let file = weights::load(path, &Limits::default())?.weights;
    let mut named = Weights::new();
    for (name, tensor) in file.iter() {
        let name = name.strip_prefix("model.").unwrap_or(name);
        let values = tensor.data();
        let Some((layer, kind)) = name.strip_prefix("conv").and_then(|n| n.split_once('.')) else { continue };
        let layer = if layer == "0" { "conv0".into() } else { format!("conv{}_{}", &layer[..1], &layer[1..]) };
        let array = match (kind, tensor.shape()) {
            ("weight", &[out, input, kh, kw]) => {
                let mut kernel = vec![0.0; values.len()];
                for (at, v) in values.iter().enumerate() {
                    let (o, rest) = (at / (input * kh * kw), at % (input * kh * kw));
                    kernel[((rest % (kh * kw)) * input + rest / (kh * kw)) * out + o] = *v;
                }
                (format!("{layer}/weights"), weights::Tensor::new([kh, kw, input, out], kernel)?)
            }
            ("bias", shape) => (format!("{layer}/biases"), weights::Tensor::new(shape.to_vec(), values.to_vec())?),
            _ => continue,
        };
        named.insert(array.0, array.1);
    }
    let mut graph = Graph::new(3, 0);
    let input = graph.input();
    let first = conv("conv0", [1, 1], 3);
    let x = graph.push("conv0", Op::Conv(first), &[input]);
    encoder(&mut graph, x, taps, |name| named.get(&format!("{name}/weights")).map(|w| w.shape()[3]));
    finish(graph, named, taps, device)
}

/// Pushes VGG's blocks until all taps are there or `width` knows no more layers.
fn encoder(graph: &mut Graph, mut x: NodeId, taps: &[&str], width: impl Fn(&str) -> Option<usize>) {
    for (block, convolutions) in BLOCKS.iter().enumerate() {
        if block > 0 {
            let pool = Pool { kind: PoolKind::Max, kernel: 2, stride: 2, padding: Padding::Valid };
            x = graph.push(format!("pool{block}"), Op::Pool(pool), &[x]);
        }
        for i in 1..=*convolutions {
            let name = format!("conv{}_{i}", block + 1);
            let Some(channels) = width(&name) else { return };
            x = graph.push(&name, Op::Conv(conv(&name, [3, 3], channels)), &[x]);
            x = graph.push(format!("relu{}_{i}", block + 1), Op::Activation(Activation::Relu), &[x]);
            if taps.iter().all(|tap| graph.named(tap).is_some()) {
                return;
            }
        }
    }
}

fn conv(name: &str, kernel: [usize; 2], channels: usize) -> Conv {
    Conv {
        weight: format!("{name}/weights"),
        bias: Some(format!("{name}/biases")),
        kernel,
        stride: 1,
        depthwise: false,
        channels,
        padding: Padding::Reflect(kernel[0] / 2),
    }
}

fn finish(graph: Graph, weights: Weights, taps: &[&str], device: &Device) -> Result<Encoder> {
    graph.check(&weights)?;
    let missing = |tap: &str| Error::new(ErrorKind::Mismatch, format!("the perceptual network's weights do not reach {tap}"));
    let taps = taps.iter().map(|tap| graph.named(tap).ok_or_else(|| missing(tap))).collect::<Result<_>>()?;
    Ok(Encoder { parameters: Parameters::new(&weights, device, false), graph, taps })
}
