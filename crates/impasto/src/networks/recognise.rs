//! Which networks a file holds, read off the names and shapes of its arrays.

use super::canonical::{Layout, canonical};
use super::container;
use super::inception::Inception;
use super::magenta::{Border, Convolution, Transformer};
use super::mobilenet::MobileNet;
use super::{Architecture, Family, FixedNorm, Kind, Network, Part};
use crate::graph::{Graph, Op};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};

const LICENCE: &str = "Apache-2.0 (Google Magenta)";

/// What is known of a network before its weights are checked.
pub(super) struct Found {
    pub(super) architecture: Architecture,
    pub(super) family: Family,
    pub(super) source: String,
    pub(super) licence: String,
}

/// The networks in one file: none is an error.
pub(super) fn recognise(part: Part, border: Option<Border>) -> Result<Vec<Network>> {
    let Part { file, weights } = part;
    inner(weights, border, &file).map_err(|error| error.context(&file))
}

fn inner(weights: Weights, border: Option<Border>, file: &str) -> Result<Vec<Network>> {
    let (found, mut weights) = match container::read_metadata(&weights)? {
        Some(found) => (found, weights),
        None => {
            let (layout, weights) = canonical(weights)?;
            (by_names(&weights, layout)?, weights)
        }
    };
    if found.is_empty() && is_perceptual(&weights) {
        let text = "is a perceptual network, which sees pictures and paints none: give it to `impasto optimize --perceptual`";
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    if found.is_empty() {
        let first = weights.iter().next().map_or(String::new(), |(name, _)| format!(", the first called {name:?}"));
        let text = format!(
            "holds no network that is known here ({} arrays{first}); expected Magenta's arbitrary image stylization or a file made by \
             `impasto models import`",
            weights.len()
        );
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    found.into_iter().map(|found| network(found, &mut weights, border, file)).collect()
}

/// Whether this is VGG, or one of its shape ([`crate::Perceptual`]).
fn is_perceptual(weights: &Weights) -> bool {
    ["conv1_1/weights", "features.0.weight", "block1_conv1/kernel"].iter().any(|name| weights.get(name).is_some())
}

/// Takes a network's arrays out of the file's.
fn network(mut found: Found, weights: &mut Weights, border: Option<Border>, file: &str) -> Result<Network> {
    if let (Architecture::Transformer(transformer), Some(border)) = (&mut found.architecture, border) {
        transformer.border = border;
    }
    // A name may claim any number of blocks; a graph of that many nodes is built only if there are arrays for them.
    let blocks = match &found.architecture {
        Architecture::Transformer(it) => it.blocks,
        Architecture::NativeTransformer(it) => it.blocks,
        _ => 0,
    };
    if blocks > weights.len() {
        let text = format!("has too few arrays ({}) for {blocks} residual blocks", weights.len());
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let graph = found.architecture.graph();
    graph.check(weights)?;
    refuse_unread(&graph, weights)?;
    let mut own = Weights::new();
    for parameter in graph.parameters()? {
        if let Some(tensor) = weights.remove(&parameter.name) {
            own.insert(parameter.name, tensor);
        }
    }
    let Found { architecture, family, source, licence } = found;
    Ok(Network { architecture, family, source, licence, file: file.to_owned(), graph, weights: own })
}

fn by_names(weights: &Weights, layout: Layout) -> Result<Vec<Found>> {
    let any = |prefix: &str| weights.iter().any(|(name, _)| name.starts_with(prefix));
    let mut found = Vec::new();
    if any("InceptionV3/") {
        let bottleneck = weights.get("Conv/weights").map(|_| length(weights, "Conv/weights", 3)).transpose()?;
        found.push(describe(Architecture::Inception(Inception { bottleneck }), layout, weights));
    }
    if any("MobilenetV2/") {
        let vector_len = length(weights, "mobilenet_conv/Conv/weights", 3)?;
        let norm = norm(weights, "MobilenetV2/Conv");
        found.push(describe(Architecture::MobileNet(MobileNet { vector_len, norm }), layout, weights));
    }
    if any("transformer/") || any("style_params/") {
        found.push(describe(Architecture::Transformer(transformer(weights)?), layout, weights));
    }
    Ok(found)
}

fn transformer(weights: &Weights) -> Result<Transformer> {
    let width = |name: &str| length(weights, &format!("transformer/contract/{name}/weights"), 3);
    let separable = weights.get("transformer/expand/conv1/dilate_conv/depthwise_weights").is_some();
    Ok(Transformer {
        widths: [width("conv1")?, width("conv2")?, width("conv3")?],
        blocks: weights.iter().filter_map(|(name, _)| block(name)).max().unwrap_or(0),
        style_len: length(weights, "style_params/transformer/expand/conv3/conv/StyleNorm/Conv/weights", 2)?,
        convolution: if separable { Convolution::Separable } else { Convolution::Dense },
        border: if separable || is_browser_port(weights) { Border::Zero } else { Border::Reflect },
        norm: norm(weights, "transformer/contract/conv1"),
    })
}

/// The number of the residual block that an array belongs to. Any of its arrays counts, so that a block is never left out
/// because one of them is missing.
fn block(name: &str) -> Option<usize> {
    let name = name.strip_prefix("style_params/").unwrap_or(name);
    let (number, _) = name.strip_prefix("transformer/residual/residual")?.split_once('/')?;
    number.parse().ok()
}

/// Frozen graphs, the browser port's form, hold the batch norms' absent scale as a constant. Only this tells the port's dense
/// transformer, published with zero padding, from the checkpoint that it was made of.
fn is_browser_port(weights: &Weights) -> bool {
    weights.get("transformer/contract/conv1/BatchNorm/Const").is_some()
}

fn norm(weights: &Weights, scope: &str) -> FixedNorm {
    if weights.get(&format!("{scope}/biases")).is_some() { FixedNorm::Folded } else { FixedNorm::Batch }
}

/// One axis' length of an array of four axes.
fn length(weights: &Weights, name: &str, axis: usize) -> Result<usize> {
    let missing = || Error::new(ErrorKind::Mismatch, format!("the weights lack {name:?}"));
    let shape = weights.get(name).ok_or_else(missing)?.shape();
    match shape.get(axis) {
        Some(&length) if shape.len() == 4 && length > 0 => Ok(length),
        _ => Err(Error::new(ErrorKind::Mismatch, format!("the weights' {name:?} has shape {shape:?}, not that of a kernel"))),
    }
}

fn describe(architecture: Architecture, layout: Layout, weights: &Weights) -> Found {
    let hub = match &architecture {
        Architecture::Inception(it) => it.bottleneck.is_none(),
        it => it.kind() == Kind::Transformer && it.style_len() == Inception::FEATURES,
    };
    let (family, file) = match layout {
        Layout::TfLite => (Family::TfLite, "TFLite files"),
        Layout::TensorFlow if hub => (Family::Hub, "TF-Hub module google/magenta/arbitrary-image-stylization-v1-256/2"),
        Layout::TensorFlow => (Family::Magenta, published_as(&architecture, weights)),
    };
    let source = format!("Google Magenta, arbitrary image stylization: {file}");
    Found { architecture, family, source, licence: LICENCE.into() }
}

fn published_as(architecture: &Architecture, weights: &Weights) -> &'static str {
    let frozen = weights.iter().any(|(name, _)| name.ends_with("BatchNorm/Const"));
    let browser_only = match architecture {
        Architecture::Transformer(it) => it.convolution == Convolution::Separable,
        Architecture::MobileNet(_) => true,
        // Ours are told by their containers' metadata and never get here.
        Architecture::Inception(_) | Architecture::NativeTransformer(_) | Architecture::NativePredictor(_) => false,
    };
    if frozen || browser_only { "browser port (TensorFlow.js)" } else { "checkpoint arbitrary_style_transfer" }
}

/// Refuses arrays that would change the result but that the architecture has no place for.
///
/// Biases before an instance norm are none: it subtracts them again with the mean. TFLite files have them, all zero.
fn refuse_unread(graph: &Graph, weights: &Weights) -> Result<()> {
    let refuse = |name: String| {
        let text = format!("{name:?} would change the result, but this architecture has no place for it");
        Err(Error::new(ErrorKind::Unsupported, text))
    };
    for node in graph.nodes() {
        let input = node.inputs.first().map(|id| &graph.node(*id).op);
        let (Op::BatchNorm(norm), Some(Op::Conv(conv))) = (&node.op, input) else { continue };
        if let (None, Some((scope, _))) = (&norm.gamma, norm.beta.rsplit_once('/')) {
            let gamma = format!("{scope}/gamma");
            if weights.get(&gamma).is_some() {
                return refuse(gamma);
            }
        }
        if let (None, Some((scope, _))) = (&conv.bias, conv.weight.rsplit_once('/')) {
            let bias = format!("{scope}/biases");
            if weights.get(&bias).is_some() {
                return refuse(bias);
            }
        }
    }
    // Constant scales are shared between norms in frozen graphs, so that they could not be assigned if they were not 1.
    for (name, tensor) in weights.iter().filter(|(name, _)| name.ends_with("BatchNorm/Const")) {
        if tensor.data().iter().any(|v| *v != 1.0) {
            return refuse(name.to_owned());
        }
    }
    Ok(())
}
