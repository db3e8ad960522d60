//! The arrays that a graph needs, and their shapes.

use super::{Graph, Op};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};

/// An array that a node reads.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Parameter {
    /// The node that reads it: an index into [`Graph::nodes`].
    pub node: usize,
    /// Its name.
    pub name: String,
    /// The shape that it must have. For the `W` of a [`Dense`](super::Dense): `[1, 1, style_len, channels]`.
    pub shape: Vec<usize>,
}

impl Parameter {
    /// The number of values it holds, saturating.
    pub fn count(&self) -> usize {
        self.shape.iter().fold(1, |product: usize, &n| product.saturating_mul(n))
    }
}

impl Graph {
    /// Returns each array that the graph's nodes name, in the order of computation. One
    /// that is used twice is listed twice.
    ///
    /// # Errors
    /// As [`Graph::channels`].
    pub fn parameters(&self) -> Result<Vec<Parameter>> {
        let channels = self.channels()?;
        let mut parameters = Vec::new();
        for (node, current) in self.nodes().iter().enumerate() {
            let out = channels[node];
            let mut need = |name: &str, shape: &[usize]| {
                parameters.push(Parameter { node, name: name.to_owned(), shape: shape.to_vec() });
            };
            match &current.op {
                Op::Conv(conv) => {
                    let [height, width] = conv.kernel;
                    let input = channels[current.inputs[0].0];
                    let last = if conv.depthwise { [out, 1] } else { [input, out] };
                    need(&conv.weight, &[height, width, last[0], last[1]]);
                    if let Some(bias) = &conv.bias {
                        need(bias, &[out]);
                    }
                }
                Op::BatchNorm(norm) => {
                    for name in [&norm.mean, &norm.variance, &norm.beta].into_iter().chain(&norm.gamma) {
                        need(name, &[out]);
                    }
                }
                Op::InstanceNorm(norm) => {
                    for dense in [&norm.scale, &norm.shift] {
                        need(&dense.weight, &[1, 1, self.style_len, out]);
                        need(&dense.bias, &[out]);
                    }
                }
                Op::Input { .. }
                | Op::AdaptiveNorm(_)
                | Op::Modulate { .. }
                | Op::Activation(_)
                | Op::Upsample { .. }
                | Op::DepthToSpace { .. }
                | Op::Pool(_)
                | Op::Add
                | Op::Concat
                | Op::Mean
                | Op::Moments
                | Op::SampleMoments => {}
            }
        }
        Ok(parameters)
    }

    /// Checks that `weights` holds each array that the graph needs, in the right shape
    /// and finite. Other arrays are ignored.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] naming the first array that is absent or has another shape;
    /// [`ErrorKind::Malformed`] naming the first one with a value that is not finite, or with a
    /// variance below zero; otherwise as [`Graph::channels`].
    pub fn check(&self, weights: &Weights) -> Result<()> {
        for parameter in self.parameters()? {
            let values = weights.require(&parameter.name, &parameter.shape)?.data();
            let bad = |what: &str| Error::new(ErrorKind::Malformed, format!("the weights' {:?} holds {what}", parameter.name));
            if values.iter().any(|v| !v.is_finite()) {
                return Err(bad("a value that is not a finite number"));
            }
            let variance = match &self.nodes()[parameter.node].op {
                Op::BatchNorm(norm) => norm.variance == parameter.name,
                _ => false,
            };
            if variance && values.iter().any(|v| *v < 0.0) {
                return Err(bad("a variance below zero"));
            }
        }
        Ok(())
    }
}
