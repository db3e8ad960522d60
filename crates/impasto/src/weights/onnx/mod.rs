//! ONNX files (`.onnx`): the weights of a network, and enough about its operators to recognize it.
//!
//! Only known networks are read, and nothing in the file is run. Field numbers are those of ONNX' `onnx.proto`.

mod graph;
mod tensor;

use std::collections::BTreeMap;

use self::graph::{Graph, Node};
use self::tensor::{Stored, TensorProto};
use super::collect::{Collector, malformed, quoted, unsupported};
use super::wire::{self, Fields};
use super::{Weights, collect};
use crate::Result;

/// Metadata key: the types of operators, sorted and separated by spaces. Operators with a
/// mode look like `Pad:reflect` and `Resize:nearest`.
pub const OPERATORS: &str = "onnx.operators";
/// Metadata key: the single numbers among the constants, sorted and separated by spaces; 32 at most.
pub const CONSTANTS: &str = "onnx.constants";

/// Known versions of the format; the newest is from 2025.
const VERSIONS: std::ops::RangeInclusive<u64> = 3..=13;
/// The maximum number of values in [`CONSTANTS`].
const MOST_CONSTANTS: usize = 32;
/// What tf2onnx appends to the name of an array that it has stored in 8 bits.
const DEQUANTISED: &str = "_dequant";

/// Whether a file begins like an ONNX model: its version, strings that describe it, and a
/// graph that fits into the file.
pub(super) fn is_model(head: &[u8], len: u64) -> bool {
    let mut rest = head;
    let Ok(8) = wire::varint(&mut rest) else { return false };
    if !wire::varint(&mut rest).is_ok_and(|version| (1..64).contains(&version)) {
        return false;
    }
    loop {
        let Ok(tag) = wire::varint(&mut rest) else { return false };
        match tag {
            // The graph.
            0x3a => {
                let Ok(size) = wire::varint(&mut rest) else { return false };
                let before = (head.len() - rest.len()) as u64;
                // Its first field: a node, a name or a tensor.
                let first = rest.first().is_some_and(|tag| [0x0a, 0x12, 0x2a].contains(tag));
                return first && before.checked_add(size).is_some_and(|end| end <= len);
            }
            0x28 => {
                if wire::varint(&mut rest).is_err() {
                    return false;
                }
            }
            0x12 | 0x1a | 0x22 | 0x32 | 0x42 => {
                let text = wire::varint_usize(&mut rest).and_then(|size| wire::take(&mut rest, size));
                if text.is_err() {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

/// Reads the weights of a model. Floats of any width keep the names of their initializers. Integers
/// that a `DequantizeLinear` operator converts are dequantized by the scale of each array or
/// channel; they are named after the operator's output (without tf2onnx' `_dequant`). Other integers
/// are left out. Axes are in ONNX' order: kernels `[out, in, kh, kw]`.
///
/// [`Weights::metadata`] has the [`OPERATORS`] and the [`CONSTANTS`].
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) if the file is damaged or holds a NaN or infinity;
/// [`Unsupported`](crate::ErrorKind::Unsupported) for another version of the format, and for
/// weights that are stored in other files, sparsely or in 4 bits.
pub fn read(bytes: &[u8]) -> Result<Weights> {
    let mut version = None;
    let mut graph = None;
    for field in Fields(bytes) {
        match field? {
            (1, value) => version = Some(value.number()?),
            (7, value) if graph.is_none() => graph = Some(value.bytes()?),
            (7, _) => return Err(malformed("has two graphs")),
            _ => {}
        }
    }
    let (Some(version), Some(graph)) = (version, graph) else { return Err(malformed("is not an ONNX model: it lacks a graph")) };
    if !VERSIONS.contains(&version) {
        let text =
            format!("has version {version} of the ONNX format; only {} to {} are supported", VERSIONS.start(), VERSIONS.end());
        return Err(unsupported(text));
    }
    let graph = Graph::parse(graph)?;
    let mut found = Collector::new(bytes.len() as u64);
    let scales: Vec<&str> = graph.nodes.iter().filter(|node| node.is_quantiser()).filter_map(|node| node.input(1)).collect();
    for (name, tensor) in &graph.tensors {
        if tensor.is_external() {
            let text =
                format!("{} is stored in another file, which is not supported: export the model as one file", quoted(name));
            return Err(unsupported(text));
        }
        if let Some(Stored::Float(element)) = tensor.stored(name)?
            && !scales.contains(name)
        {
            let count = found.reserve(name, &tensor.shape)?;
            found.add(name, &tensor.shape, tensor.floats(name, element, count)?)?;
        }
    }
    for node in graph.nodes.iter().filter(|node| node.kind == "DequantizeLinear") {
        dequantise(node, &graph.tensors, &mut found)?;
    }
    let mut weights = found.finish()?;
    weights.metadata.insert(OPERATORS.into(), graph.operators());
    weights.metadata.insert(CONSTANTS.into(), graph.constants(MOST_CONSTANTS));
    Ok(weights)
}

/// Adds an array that is stored as integers. Arrays that are computed from the input are left out.
fn dequantise(node: &Node<'_>, tensors: &BTreeMap<&str, TensorProto<'_>>, found: &mut Collector) -> Result<()> {
    let tensor = |place: usize| node.input(place).and_then(|name| Some((name, tensors.get(name)?)));
    let (Some((name, values)), Some((scale_name, scale)), Some(output)) = (tensor(0), tensor(1), node.output) else {
        return Ok(());
    };
    let Some(Stored::Integer(integer)) = values.stored(name)? else { return Ok(()) };
    let Some(Stored::Float(element)) = scale.stored(scale_name)? else {
        return Err(malformed(format!("{} has a scale of integers", quoted(name))));
    };
    let name = output.strip_suffix(DEQUANTISED).unwrap_or(output);
    let channels = collect::count(scale_name, &scale.shape)?;
    let run = if scale.shape.is_empty() || channels == 1 {
        usize::MAX
    } else {
        let axis = node.axis.unwrap_or(1);
        let rank = values.shape.len() as i64;
        let axis = usize::try_from(if axis < 0 { axis + rank } else { axis }).ok();
        let fits = axis.filter(|&axis| scale.shape.len() == 1 && values.shape.get(axis) == Some(&channels));
        let axis = fits.ok_or_else(|| {
            malformed(format!("{} has {channels} scales, which fit no axis of its shape {:?}", quoted(name), values.shape))
        })?;
        values.shape[axis + 1..].iter().product::<usize>().max(1)
    };
    let count = found.reserve(name, &values.shape)?;
    let data = values.integers(name, integer, count)?;
    let scales = scale.floats(scale_name, element, channels)?;
    let zeros = match tensor(2) {
        Some((zero_name, zeros)) => match zeros.stored(zero_name)? {
            Some(Stored::Integer(integer)) => zeros.integers(zero_name, integer, collect::count(zero_name, &zeros.shape)?)?,
            _ => return Err(malformed(format!("{} has a zero point that is not an integer", quoted(name)))),
        },
        None => Vec::new(),
    };
    if !(zeros.is_empty() || zeros.len() == scales.len()) || scales.is_empty() {
        return Err(malformed(format!("{} has {} scales but {} zero points", quoted(name), scales.len(), zeros.len())));
    }
    // Products are exact in float64, so each value is rounded only once.
    let value = |(i, &q): (usize, &i64)| {
        let channel = i / run % scales.len();
        ((q - zeros.get(channel).copied().unwrap_or(0)) as f64 * f64::from(scales[channel])) as f32
    };
    let floats = data.iter().enumerate().map(value).collect();
    found.add(name, &values.shape, floats)
}
