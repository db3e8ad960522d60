//! VGG's weights as others publish them.

use std::collections::BTreeMap;
use std::path::Path;

use super::{ARCHITECTURE, Perceptual};
use crate::networks::vgg::Vgg;
use crate::weights::{self, Limits, Tensor, Weights};
use crate::{Error, ErrorKind, Result};

/// What happens to RGB of 0..1 before a published network's first layer. Since borders are mirrored, it becomes part of that layer's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Preprocessing {
    /// As torchvision has it: minus the mean colour of ImageNet, over its deviation. What `.pth` files and their names stand for.
    Torch,
    /// As Caffe and Keras have it: BGR of 0..255 minus the mean colour. What Keras' names stand for.
    Caffe,
}

impl Preprocessing {
    fn colours(self) -> Colours {
        match self {
            Preprocessing::Torch => {
                let (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
                Colours {
                    matrix: std::array::from_fn(|i| std::array::from_fn(|c| if c == i { 1.0 / deviation[c] } else { 0.0 })),
                    summands: std::array::from_fn(|i| -mean[i] / deviation[i]),
                }
            }
            Preprocessing::Caffe => Colours {
                matrix: std::array::from_fn(|i| std::array::from_fn(|c| if c == 2 - i { 255.0 } else { 0.0 })),
                summands: [-103.939, -116.779, -123.68],
            },
        }
    }
}

/// The network's inputs as a linear map of RGB of 0..1.
struct Colours {
    /// For each input, the factors of the channels.
    matrix: [[f64; 3]; 3],
    summands: [f64; 3],
}

impl Colours {
    /// The first layer for RGB of 0..1.
    fn fold(&self, kernel: &Tensor, bias: &Tensor) -> Result<[Tensor; 2]> {
        let &[kh, kw, 3, out] = kernel.shape() else {
            return Err(Error::new(ErrorKind::Mismatch, format!("the first layer's kernel has shape {:?}", kernel.shape())));
        };
        let weight = |tap: usize, input: usize, o: usize| f64::from(kernel.data()[(tap * 3 + input) * out + o]);
        let mut folded = Vec::with_capacity(kernel.data().len());
        let mut shifted: Vec<f64> = bias.data().iter().map(|&b| f64::from(b)).collect();
        for tap in 0..kh * kw {
            for channel in 0..3 {
                let mixed = |o| (0..3).map(|input| weight(tap, input, o) * self.matrix[input][channel]).sum::<f64>() as f32;
                folded.extend((0..out).map(mixed));
            }
            for (o, shifted) in shifted.iter_mut().enumerate() {
                *shifted += (0..3).map(|input| weight(tap, input, o) * self.summands[input]).sum::<f64>();
            }
        }
        Ok([
            Tensor::new([kh, kw, 3, out], folded)?,
            Tensor::new([out], shifted.into_iter().map(|v| v as f32).collect::<Vec<f32>>())?,
        ])
    }
}

/// Kernel and bias of each convolution, by block and place within.
type Layers = BTreeMap<[usize; 2], [Tensor; 2]>;

pub(super) fn open(path: &Path, limits: &Limits, preprocessing: Option<Preprocessing>) -> Result<Perceptual> {
    let (weights, kind) = read(path, limits)?;
    of_weights(weights, &kind, preprocessing).map_err(|e| e.context(path.display()))
}

fn of_weights(weights: Weights, kind: &str, preprocessing: Option<Preprocessing>) -> Result<Perceptual> {
    if weights.metadata.contains_key(ARCHITECTURE) {
        return Perceptual::from_container(weights);
    }
    if let Some(layers) = keras(&weights)? {
        return of_layers(layers, &preprocessing.unwrap_or(Preprocessing::Caffe).colours(), "Keras' VGG");
    }
    if let Some(layers) = torchvision(&weights)? {
        return of_layers(layers, &preprocessing.unwrap_or(Preprocessing::Torch).colours(), "torchvision's VGG");
    }
    if let Some((layers, colours)) = distilled(&weights)? {
        return of_layers(
            layers,
            &preprocessing.map_or(colours, Preprocessing::colours),
            "an encoder of Collaborative Distillation",
        );
    }
    let some: Vec<&str> = weights.iter().map(|(name, _)| name).take(3).collect();
    let text = format!(
        "is no perceptual network: a {kind} file with arrays such as {}; give VGG-16 or VGG-19 of torchvision or Keras, an encoder of \
         Collaborative Distillation, or one that impasto-train made",
        some.join(", ")
    );
    Err(Error::new(ErrorKind::Mismatch, text))
}

/// The arrays; of a TensorFlow.js folder without its last shards those that are there.
fn read(path: &Path, limits: &Limits) -> Result<(Weights, String)> {
    let manifest = if path.is_dir() { path.join("model.json") } else { path.to_owned() };
    let is_tfjs = manifest.file_name().is_some_and(|name| name == "model.json") && manifest.is_file();
    if is_tfjs {
        let weights = weights::tfjs::load_what_is_there(&manifest, limits)?;
        return Ok((weights, weights::Format::TfJs.to_string()));
    }
    let loaded = weights::load(path, limits)?;
    Ok((loaded.weights, loaded.format.to_string()))
}

fn of_layers(mut layers: Layers, colours: &Colours, source: &str) -> Result<Perceptual> {
    let mismatch = |text: String| Error::new(ErrorKind::Mismatch, text);
    let mut blocks: Vec<[usize; 2]> = Vec::new();
    let mut weights = Weights::new();
    let mut inputs = 3;
    // Up to the first that is missing: what comes after it is of no use.
    for block in 1.. {
        let mut count = 0;
        while let Some([kernel, bias]) = layers.remove(&[block, count + 1]) {
            count += 1;
            let name = format!("conv{block}_{count}");
            let &[3, 3, from, to] = kernel.shape() else {
                return Err(mismatch(format!("{name}'s kernel has shape {:?}, not 3×3", kernel.shape())));
            };
            let width = blocks.get(block - 1).map_or(to, |[_, width]| *width);
            if from != inputs || to != width || bias.shape() != [to] || to == 0 {
                return Err(mismatch(format!(
                    "{name} has {from} inputs, {to} outputs and a bias of shape {:?}, after a layer of {inputs} outputs",
                    bias.shape()
                )));
            }
            inputs = to;
            blocks.resize(block, [0, to]);
            blocks[block - 1][0] = count;
            let [kernel, bias] = if [block, count] == [1, 1] { colours.fold(&kernel, &bias)? } else { [kernel, bias] };
            weights.insert(format!("{name}/weights"), kernel);
            weights.insert(format!("{name}/biases"), bias);
        }
        if count == 0 {
            break;
        }
    }
    if blocks.is_empty() {
        return Err(mismatch("has no first convolution".into()));
    }
    Perceptual::new(Vgg { blocks }, weights, source.into(), "see its source".into())
}

/// Arrays called `block1_conv1/kernel` and `block1_conv1/bias`.
fn keras(weights: &Weights) -> Result<Option<Layers>> {
    let mut layers = Layers::new();
    for (name, kernel) in weights.iter() {
        let Some((layer, "kernel")) = name.rsplit_once('/') else { continue };
        let numbers = layer.rsplit('/').next().and_then(|layer| layer.strip_prefix("block")?.split_once("_conv"));
        let Some((Ok(block), Ok(place))) = numbers.map(|(block, place)| (block.parse::<usize>(), place.parse::<usize>())) else {
            continue;
        };
        let missing = || Error::new(ErrorKind::Mismatch, format!("has a kernel for {layer:?} but no bias"));
        let bias = weights.get(&format!("{layer}/bias")).ok_or_else(missing)?;
        layers.insert([block, place], [kernel.clone(), bias.clone()]);
    }
    Ok((!layers.is_empty()).then_some(layers))
}

/// Arrays called `features.0.weight` and `features.0.bias`: convolutions, ReLUs and pools share one numbering; the pools separate the blocks.
fn torchvision(weights: &Weights) -> Result<Option<Layers>> {
    let mut found: BTreeMap<usize, [Tensor; 2]> = BTreeMap::new();
    for (name, kernel) in weights.iter() {
        let Some(stem) = name.strip_suffix(".weight") else { continue };
        let Some(Ok(number)) = stem.rsplit_once("features.").map(|(_, number)| number.parse::<usize>()) else { continue };
        let &[out, input, kh, kw] = kernel.shape() else {
            let text = "has batch norms between its convolutions (vgg…_bn); give the network without them";
            return Err(Error::new(ErrorKind::Unsupported, text));
        };
        let missing = || Error::new(ErrorKind::Mismatch, format!("has {name:?} but no bias for it"));
        let bias = weights.get(&format!("{stem}.bias")).ok_or_else(missing)?;
        found.insert(number, [turned(kernel, [out, input, kh, kw])?, bias.clone()]);
    }
    let mut layers = Layers::new();
    let (mut block, mut place, mut next) = (1, 1, 0);
    for (number, arrays) in found {
        if number == next + 1 {
            (block, place) = (block + 1, 1);
        } else if number != next {
            return Err(Error::new(ErrorKind::Mismatch, format!("has a gap before \"features.{number}\"")));
        }
        layers.insert([block, place], arrays);
        place += 1;
        next = number + 2;
    }
    Ok((!layers.is_empty()).then_some(layers))
}

/// Arrays called `conv0.weight`, `conv11.weight`, …, `conv51.bias` (Wang et al. 2020, arXiv 2003.08436). The first is 1×1 and does what comes before
/// VGG's first layer.
fn distilled(weights: &Weights) -> Result<Option<(Layers, Colours)>> {
    let mut layers = Layers::new();
    let mut colours = None;
    for (name, kernel) in weights.iter() {
        let Some(stem) = name.strip_suffix(".weight") else { continue };
        let Some(number) = stem.rsplit('.').next().and_then(|layer| layer.strip_prefix("conv")) else { continue };
        let missing = || Error::new(ErrorKind::Mismatch, format!("has {name:?} but no bias for it"));
        let bias = weights.get(&format!("{stem}.bias")).ok_or_else(missing);
        match (number.as_bytes(), kernel.shape()) {
            (b"0", [3, 3, 1, 1]) if bias.as_ref().is_ok_and(|bias| bias.shape() == [3]) => {
                let (factors, summands) = (kernel.data(), bias?.data());
                colours = Some(Colours {
                    matrix: std::array::from_fn(|i| std::array::from_fn(|c| f64::from(factors[i * 3 + c]))),
                    summands: std::array::from_fn(|i| f64::from(summands[i])),
                });
            }
            (&[block @ b'1'..=b'9', place @ b'1'..=b'9'], &[out, input, kh, kw]) => {
                let place = [block, place].map(|digit| usize::from(digit - b'0'));
                layers.insert(place, [turned(kernel, [out, input, kh, kw])?, bias?.clone()]);
            }
            _ => {}
        }
    }
    Ok(colours.map(|colours| (layers, colours)))
}

/// `[out, in, kh, kw]` as `[kh, kw, in, out]`.
fn turned(kernel: &Tensor, [out, input, kh, kw]: [usize; 4]) -> Result<Tensor> {
    let mut data = vec![0.0; kernel.data().len()];
    for (at, &v) in kernel.data().iter().enumerate() {
        let (place, from) = (at % (kh * kw), at / (kh * kw) % input);
        data[(place * input + from) * out + at / (kh * kw * input)] = v;
    }
    Tensor::new([kh, kw, input, out], data)
}
