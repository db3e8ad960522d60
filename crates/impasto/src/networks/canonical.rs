//! Converts a file's arrays to the checkpoint's names and axis orders.

use super::foreign;
use crate::weights::{Tensor, Weights, onnx};
use crate::{Error, ErrorKind, Result};

/// Where the arrays' names and axis orders come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// TensorFlow, which is canonical.
    TensorFlow,
    /// TFLite's converter: batch norms folded into biases with names of its own, kernels `[out,
    /// kh, kw, in]`, depthwise kernels `[1, kh, kw, channels]`.
    TfLite,
    /// The same, converted to ONNX: kernels `[out, in, kh, kw]`, depthwise kernels `[channels, 1, kh, kw]`.
    Onnx,
}

/// A file's arrays under canonical names.
pub(super) struct Named {
    pub(super) layout: Layout,
    pub(super) weights: Weights,
}

impl Named {
    /// Whether any array's name begins with `prefix`.
    pub(super) fn any(&self, prefix: &str) -> bool {
        self.weights.iter().any(|(name, _)| name.starts_with(prefix))
    }
}

/// Suffixes of the biases that TFLite's converter makes.
const TFLITE_BIASES: [&str; 2] = ["/Conv2D_bias", "/depthwise_bias"];

/// Converts all arrays to canonical names and axis orders, and returns the layout that
/// they had. Arrays that mean nothing here keep their names.
///
/// # Errors
/// [`ErrorKind::Malformed`] if two arrays get the same canonical name.
pub(super) fn canonical(mut weights: Weights) -> Result<Named> {
    let names: Vec<String> = weights.iter().map(|(name, _)| name.to_owned()).collect();
    let is_tflite = names.iter().any(|name| TFLITE_BIASES.iter().any(|suffix| name.ends_with(suffix)));
    let layout = match (is_tflite, weights.metadata.contains_key(onnx::OPERATORS)) {
        (false, _) => Layout::TensorFlow,
        (true, false) => Layout::TfLite,
        (true, true) => Layout::Onnx,
    };
    let mut out = Weights::new();
    out.metadata = std::mem::take(&mut weights.metadata);
    for name in names {
        let Some(mut tensor) = weights.remove(&name) else { continue };
        let renamed = rename(&name, layout);
        tensor = match layout {
            Layout::TensorFlow => tensor,
            Layout::TfLite => turn(&renamed, tensor)?,
            Layout::Onnx => turn_onnx(&renamed, tensor)?,
        };
        if out.insert(renamed.clone(), tensor).is_some() {
            return Err(Error::new(ErrorKind::Malformed, format!("two arrays stand for {renamed:?}")));
        }
    }
    Ok(Named { layout, weights: out })
}

fn rename(name: &str, layout: Layout) -> String {
    // `:0` is a TensorFlow tensor's first output. `/read` is what TFLite's converter
    // leaves behind when a variable is read.
    let name = name.strip_suffix(":0").unwrap_or(name);
    let name = name.strip_suffix("/read").unwrap_or(name);
    let scope = TFLITE_BIASES.iter().find_map(|suffix| name.strip_suffix(suffix));
    match (layout, scope) {
        (Layout::TfLite | Layout::Onnx, Some(scope)) => format!("{scope}/biases"),
        _ => name.to_owned(),
    }
}

/// Transposes a kernel from TFLite's axis order; anything else is returned as it is.
fn turn(name: &str, tensor: Tensor) -> Result<Tensor> {
    let &[a, height, width, last] = tensor.shape() else { return Ok(tensor) };
    if name.ends_with("/depthwise_weights") && a == 1 {
        return Tensor::new([height, width, last, 1], tensor.into_data());
    }
    // Without values there is nothing to transpose, and the product below could overflow.
    if !name.ends_with("/weights") || tensor.data().is_empty() {
        return Ok(tensor);
    }
    let (out, rows, data) = (a, height * width * last, tensor.data());
    // Reserve everything at once: growing by doubling would write millions of values twice.
    let mut turned = Vec::with_capacity(data.len());
    for row in 0..rows {
        turned.extend((0..out).map(|channel| data[channel * rows + row]));
    }
    Tensor::new([height, width, last, out], turned)
}

/// Transposes a kernel from ONNX's axis order; anything else is returned as it is.
fn turn_onnx(name: &str, tensor: Tensor) -> Result<Tensor> {
    let &[out, inputs, height, width] = tensor.shape() else { return Ok(tensor) };
    if tensor.data().is_empty() {
        return Ok(tensor);
    }
    if name.ends_with("/depthwise_weights") && inputs == 1 {
        let turned = foreign::turned(&tensor, [out, 1, height, width], 1.0)?;
        return Tensor::new([height, width, out, 1], turned.into_data());
    }
    if name.ends_with("/weights") { foreign::turned(&tensor, [out, inputs, height, width], 1.0) } else { Ok(tensor) }
}
