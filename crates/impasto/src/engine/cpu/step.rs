//! The parts of a compiled network.

use impasto_kernels::elementwise::Last;
use impasto_kernels::{Activation, conv};

use crate::engine::norms::dense;
use crate::graph::{AdaptiveNorm, Padding, Pool};

/// One layer of a compiled network. Numbers index [`super::Program`]'s tensors and affine maps.
pub(super) struct Step {
    /// The graph's node that names it in profiles.
    pub(super) node: usize,
    pub(super) work: Work,
    pub(super) output: usize,
}

/// What a step does.
pub(super) enum Work {
    Conv {
        conv: Box<conv::Conv>,
        source: Operand,
        padding: Padding,
        /// The instance norm whose statistics are measured on the output.
        measures: Option<usize>,
        /// The tensor that keeps the source's values for later readers.
        keep: Option<usize>,
    },
    /// Pending operations on their own.
    Finish {
        source: Operand,
        last: Last,
    },
    Pool {
        input: usize,
        pool: Pool,
    },
    Mean {
        input: usize,
    },
    Moments {
        input: usize,
        /// Whether the variance is divided by the number of pixels minus one.
        unbiased: bool,
    },
    DepthToSpace {
        input: usize,
        factor: usize,
    },
    Concat {
        inputs: Vec<usize>,
    },
}

/// A tensor with pending operations, as in [`impasto_kernels::Source`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Operand {
    pub(super) tensor: usize,
    pub(super) affine: Option<usize>,
    pub(super) activation: Activation,
    pub(super) skip: Option<usize>,
    pub(super) upsample: usize,
}

impl Operand {
    pub(super) fn plain(tensor: usize) -> Self {
        Operand { tensor, affine: None, activation: Activation::None, skip: None, upsample: 1 }
    }

    pub(super) fn is_plain(&self) -> bool {
        *self == Operand::plain(self.tensor)
    }

    /// The tensors that it reads.
    fn reads(&self) -> impl Iterator<Item = usize> {
        [Some(self.tensor), self.skip].into_iter().flatten()
    }
}

impl Step {
    /// The tensors that it reads.
    pub(super) fn reads(&self) -> Vec<usize> {
        match &self.work {
            Work::Conv { source, .. } | Work::Finish { source, .. } => source.reads().collect(),
            Work::Pool { input, .. } | Work::Mean { input } | Work::Moments { input, .. } | Work::DepthToSpace { input, .. } => {
                vec![*input]
            }
            Work::Concat { inputs } => inputs.clone(),
        }
    }

    /// The tensors that it writes.
    pub(super) fn writes(&self) -> Vec<usize> {
        let keep = if let Work::Conv { keep, .. } = &self.work { *keep } else { None };
        [Some(self.output), keep].into_iter().flatten().collect()
    }
}

/// One factor and one summand per channel.
pub(super) enum Affine {
    /// A batch norm that could not be fused into a convolution.
    Fixed { scale: Vec<f32>, shift: Vec<f32> },
    /// An instance norm.
    Conditional { scale: Dense, shift: Dense, epsilon: f32 },
    /// An adaptive instance norm with this many channels.
    Adaptive { norm: AdaptiveNorm, channels: usize },
    /// Factors from the style vector, from `start` on.
    Modulated { start: usize, channels: usize },
}

impl Affine {
    /// The number that the variance of `pixels` pixels is multiplied by, and the one that is added
    /// to it. `None` if the map does not depend on statistics.
    pub(super) fn of_variance(&self, pixels: usize) -> Option<(f64, f32)> {
        match self {
            Affine::Conditional { epsilon, .. } => Some((1.0, *epsilon)),
            Affine::Adaptive { norm, .. } => Some((unbiased(pixels), norm.epsilon)),
            Affine::Fixed { .. } | Affine::Modulated { .. } => None,
        }
    }

    /// The scale and shift for a style vector. `None` if the map does not depend on the style.
    pub(super) fn condition(&self, style: &[f32]) -> Option<(Vec<f32>, Vec<f32>)> {
        match self {
            Affine::Fixed { .. } => None,
            Affine::Conditional { scale, shift, .. } => Some((scale.apply(style), shift.apply(style))),
            // `Graph::channels` has checked that the style vector is long enough.
            Affine::Adaptive { norm, channels } => {
                Some((style[norm.deviation..][..*channels].to_vec(), style[norm.mean..][..*channels].to_vec()))
            }
            Affine::Modulated { start, channels } => Some((style[*start..][..*channels].to_vec(), vec![0.0; *channels])),
        }
    }
}

impl Affine {
    /// The number of channels.
    pub(super) fn channels(&self) -> usize {
        match self {
            Affine::Fixed { scale, .. } => scale.len(),
            Affine::Conditional { scale, .. } => scale.bias.len(),
            Affine::Adaptive { channels, .. } | Affine::Modulated { channels, .. } => *channels,
        }
    }

    /// The number of bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        4 * match self {
            Affine::Fixed { scale, shift } => scale.len() + shift.len(),
            Affine::Conditional { scale, shift, .. } => {
                scale.weight.len() + scale.bias.len() + shift.weight.len() + shift.bias.len()
            }
            Affine::Adaptive { .. } | Affine::Modulated { .. } => 0,
        }
    }
}

/// The factor that makes the variance of this many pixels unbiased. The variance of a single pixel stays 0.
pub(super) fn unbiased(pixels: usize) -> f64 {
    pixels as f64 / pixels.saturating_sub(1).max(1) as f64
}

/// `z·W + b`.
pub(super) struct Dense {
    /// `style_len × channels`, row-major.
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

impl Dense {
    pub(super) fn apply(&self, style: &[f32]) -> Vec<f32> {
        dense(&self.weight, &self.bias, style)
    }
}
