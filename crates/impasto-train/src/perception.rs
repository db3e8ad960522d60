//! The networks that the losses look through: VGG-19 (Simonyan & Zisserman 2015, arXiv 1409.1556) as deep as its weights go, and a
//! narrower encoder for the depths beyond.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use impasto::graph::{Activation, Conv, Graph, NodeId, Op, Padding, Pool, PoolKind};
use impasto::weights::{self, Weights};
use impasto::{Error, ErrorKind, Result};

use crate::executor::{Executor, Parameters};

/// How many convolutions VGG-19's first four blocks have, of the fourth as many as are needed.
const BLOCKS: [usize; 4] = [2, 2, 4, 1];

/// Channel means that Keras' VGG-19 subtracts from pictures in 0..255, by RGB.
const MEANS: [f32; 3] = [123.68, 116.779, 103.939];

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

/// VGG-19 from Keras' weights as a TensorFlow.js folder, up to the deepest of `taps` (`relu1_1`, …).
///
/// # Errors
/// As [`weights::tfjs::read`]; [`ErrorKind::Mismatch`] if the weights do not reach as deep as the taps.
pub fn vgg(folder: &Path, taps: &[&str], device: &Device) -> Result<Encoder> {
    let weights = keras(folder).map_err(|e| e.context(folder.display()))?;
    let mut named = Weights::new();
    for (block, convolutions) in BLOCKS.iter().enumerate() {
        for i in 1..=*convolutions {
            let scope = format!("block{}_conv{i}", block + 1);
            let (Some(kernel), Some(bias)) = (weights.get(&format!("{scope}/kernel")), weights.get(&format!("{scope}/bias")))
            else {
                continue;
            };
            let (mut kernel, mut bias) = (kernel.clone(), bias.clone());
            if scope == "block1_conv1" {
                (kernel, bias) = of_unit_rgb(&kernel, &bias)?;
            }
            named.insert(format!("conv{}_{i}/weights", block + 1), kernel);
            named.insert(format!("conv{}_{i}/biases", block + 1), bias);
        }
    }
    let mut graph = Graph::new(3, 0);
    let input = graph.input();
    encoder(&mut graph, input, taps, |name| named.get(&format!("{name}/weights")).map(|w| w.shape()[3]));
    finish(graph, named, taps, device)
}

/// The narrower encoder, from its PyTorch checkpoint.
///
/// # Errors
/// [`ErrorKind::Malformed`] if the file is no such checkpoint; [`ErrorKind::Mismatch`] if it lacks a layer.
pub fn narrow(path: &Path, taps: &[&str], device: &Device) -> Result<Encoder> {
    let malformed = |why: String| Error::new(ErrorKind::Malformed, format!("{}: {why}", path.display()));
    let reader = pytorch_reader::PytorchReader::with_top_level_key(path, "model").map_err(|e| malformed(e.to_string()))?;
    let mut named = Weights::new();
    for (name, tensor) in reader.tensors() {
        let bytes = tensor.read().map_err(|e| malformed(e.to_string()))?;
        let values: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
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
            ("bias", shape) => (format!("{layer}/biases"), weights::Tensor::new(shape.to_vec(), values)?),
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

/// The first layer for RGB in 0..1 instead of BGR in 0..255 minus means.
fn of_unit_rgb(kernel: &weights::Tensor, bias: &weights::Tensor) -> Result<(weights::Tensor, weights::Tensor)> {
    let &[kh, kw, 3, out] = kernel.shape() else {
        return Err(Error::new(ErrorKind::Mismatch, format!("a first kernel of shape {:?}", kernel.shape())));
    };
    let (mut turned, mut shifted) = (vec![0.0; kernel.data().len()], bias.data().to_vec());
    for tap in 0..kh * kw {
        for channel in 0..3 {
            for o in 0..out {
                let weight = kernel.data()[(tap * 3 + 2 - channel) * out + o];
                turned[(tap * 3 + channel) * out + o] = weight * 255.0;
                shifted[o] -= weight * MEANS[channel];
            }
        }
    }
    Ok((weights::Tensor::new([kh, kw, 3, out], turned)?, weights::Tensor::new([out], shifted)?))
}

/// The arrays of a TensorFlow.js folder whose last shards may be missing.
fn keras(folder: &Path) -> Result<Weights> {
    let read = |name: &str| std::fs::read(folder.join(name)).map_err(|e| Error::from(e).context(name));
    let malformed = |what: &str| Error::new(ErrorKind::Malformed, format!("model.json {what}"));
    let mut json: serde_json::Value = serde_json::from_slice(&read("model.json")?).map_err(|e| malformed(&e.to_string()))?;
    let groups =
        json.get_mut("weightsManifest").and_then(|m| m.as_array_mut()).ok_or_else(|| malformed("has no weightsManifest"))?;
    groups.retain(|group| {
        let paths = group.get("paths").and_then(|paths| paths.as_array());
        paths.is_some_and(|paths| paths.iter().all(|p| p.as_str().is_some_and(|p| folder.join(p).is_file())))
    });
    weights::tfjs::read(json.to_string().as_bytes(), read)
}
