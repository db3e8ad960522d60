//! Finds the networks in a file: asks each architecture of the list.

use super::canonical::{Layout, Named, canonical};
use super::container;
use super::list::{LIST, Recognise};
use super::magenta::Border;
use super::{Architecture, Family, Network, Part};
use crate::graph::{Graph, Op};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};

const LICENCE: &str = "Apache-2.0 (Google Magenta)";

/// What is known about a network before its weights are checked.
pub(super) struct Found {
    pub(super) architecture: Architecture,
    pub(super) family: Family,
    pub(super) source: String,
    pub(super) licence: String,
}

/// Converts files of other projects to the form of our own container, where several
/// architectures share a file or a network is split into several files.
pub(super) fn adopt(parts: &mut Vec<Part>) -> Result<()> {
    for entry in LIST {
        if let Recognise::Adopt(adopt) = entry.recognise {
            adopt(parts)?;
        }
    }
    Ok(())
}

/// Finds the networks in one file. A file without any is an error.
pub(super) fn recognise(part: Part, border: Option<Border>) -> Result<Vec<Network>> {
    let Part { file, weights } = part;
    inner(weights, border, &file).map_err(|error| error.context(&file))
}

fn inner(weights: Weights, border: Option<Border>, file: &str) -> Result<Vec<Network>> {
    let (found, mut weights) = match container::read_metadata(&weights)? {
        Some(found) => (found, weights),
        None => {
            let named = canonical(weights)?;
            (by_names(&named)?, named.weights)
        }
    };
    if found.is_empty() {
        let first = weights.iter().next().map_or(String::new(), |(name, _)| format!(", the first called {name:?}"));
        let text = format!(
            "holds no known network ({} arrays{first}); the guide has a table of those that are supported",
            weights.len()
        );
        return Err(Error::new(ErrorKind::Unsupported, text));
    }
    found.into_iter().map(|found| network(found, &mut weights, border, file)).collect()
}

fn by_names(named: &Named) -> Result<Vec<Found>> {
    let found = LIST.iter().map(|entry| match entry.recognise {
        Recognise::ByNames(recognise) => recognise(named),
        Recognise::Never | Recognise::Adopt(_) => Ok(None),
    });
    Ok(found.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Collects a network's arrays from the file's.
fn network(mut found: Found, weights: &mut Weights, border: Option<Border>, file: &str) -> Result<Network> {
    if let Some(border) = border {
        found.architecture.set_border(border);
    }
    // A name may claim any number of blocks. A graph with that many is built only if there are enough arrays.
    let blocks = found.architecture.repeats();
    if blocks > weights.len() {
        let text = format!("has too few arrays ({}) for {blocks} blocks", weights.len());
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let graph = found.architecture.graph();
    graph.check(weights)?;
    refuse_unread(&graph, weights)?;
    let mut own = Weights::new();
    for parameter in graph.parameters()? {
        // Two networks in a file may share arrays, so each takes a copy.
        if let Some(tensor) = weights.get(&parameter.name).cloned() {
            own.insert(parameter.name, tensor);
        }
    }
    let Found { architecture, family, source, licence } = found;
    Ok(Network { architecture, family, source, licence, file: file.to_owned(), graph, weights: own })
}

/// The length of one axis of a four-axis array.
pub(super) fn length(weights: &Weights, name: &str, axis: usize) -> Result<usize> {
    let missing = || Error::new(ErrorKind::Mismatch, format!("the weights lack {name:?}"));
    let shape = weights.get(name).ok_or_else(missing)?.shape();
    match shape.get(axis) {
        Some(&length) if shape.len() == 4 && length > 0 => Ok(length),
        _ => Err(Error::new(ErrorKind::Mismatch, format!("the weights' {name:?} has shape {shape:?}, not that of a kernel"))),
    }
}

/// Describes one of Magenta's networks. `hub`: the module has such a network;
/// `browser_only`: only the browser port has one like it.
pub(super) fn magenta_found(architecture: Architecture, named: &Named, hub: bool, browser_only: bool) -> Found {
    let frozen = named.weights.iter().any(|(name, _)| name.ends_with("BatchNorm/Const"));
    let (family, file) = match named.layout {
        Layout::TfLite => (Family::TfLite, "TFLite files"),
        Layout::Onnx => (Family::TfLite, "TFLite files as ONNX"),
        Layout::TensorFlow if hub => (Family::Hub, "TF-Hub module google/magenta/arbitrary-image-stylization-v1-256/2"),
        Layout::TensorFlow if frozen || browser_only => (Family::Magenta, "browser port (TensorFlow.js)"),
        Layout::TensorFlow => (Family::Magenta, "checkpoint arbitrary_style_transfer"),
    };
    let source = format!("Google Magenta, arbitrary image stylization: {file}");
    Found { architecture, family, source, licence: LICENCE.into() }
}

/// Refuses arrays that would change the result but that the architecture has no place for.
///
/// Biases before an instance norm do not count: the norm subtracts them again with the
/// mean. TFLite files have them, all zero.
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
    // In frozen graphs, norms share their constant scales, so scales other than 1 could not be assigned to norms.
    for (name, tensor) in weights.iter().filter(|(name, _)| name.ends_with("BatchNorm/Const")) {
        if tensor.data().iter().any(|v| *v != 1.0) {
            return refuse(name.to_owned());
        }
    }
    Ok(())
}
