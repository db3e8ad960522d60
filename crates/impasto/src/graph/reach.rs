//! The receptive field of a network, which decides how far tiles overlap.

use super::{Graph, NodeId, Op, Padding};

/// A range of rows or columns, both ends included, that may lie beyond the border.
type Span = [i64; 2];

impl Graph {
    /// Returns the rows and columns of the input that the output's rows `rows` and columns
    /// `columns` are computed from, through windows alone. Ranges include both ends and may lie
    /// beyond the border. Coordinates start at the top left.
    ///
    /// The statistics of instance norms, which read the whole picture, are left out: a tile can only be exact if
    /// it is given the whole picture's statistics. Returns `None` if the network has an [`Op::Mean`],
    /// [`Op::Moments`] or [`Op::SampleMoments`], which read everything by design.
    ///
    /// Where [`Padding::Same`] makes the alignment depend on the picture's size, the result covers all sizes.
    pub fn reads(&self, rows: [i64; 2], columns: [i64; 2]) -> Option<[[i64; 2]; 2]> {
        if self.nodes().iter().any(|node| matches!(node.op, Op::Mean | Op::Moments | Op::SampleMoments)) {
            return None;
        }
        Some([self.reads_axis(rows, 0), self.reads_axis(columns, 1)])
    }

    /// The halo: how many pixels around a tile its output depends on, at most, without the statistics of instance
    /// norms. `None` if the network has an [`Op::Mean`], [`Op::Moments`] or [`Op::SampleMoments`].
    pub fn halo(&self) -> Option<usize> {
        let (numerator, denominator) = self.scales()[self.output().0];
        let mut halo = 0;
        // The reach of an output pixel depends on its position within an up-sampled pixel, so all positions are tried.
        // The networks here have up to 8. The bound keeps a nonsensical graph from taking forever.
        for out in 0..denominator.min(1 << 12) {
            let first = out.saturating_mul(numerator) / denominator;
            let last = ((out + 1).saturating_mul(numerator) - 1) / denominator;
            for [low, high] in self.reads([out; 2], [out; 2])? {
                halo = halo.max(first.saturating_sub(low)).max(high.saturating_sub(last));
            }
        }
        usize::try_from(halo).ok()
    }

    /// Input pixels per pixel of a node along a side, if they are whole.
    pub(crate) fn stride(&self, node: NodeId) -> usize {
        let (numerator, denominator) = self.scales()[node.0];
        usize::try_from(numerator / denominator).unwrap_or(1).max(1)
    }

    /// Input pixels per pixel of each node: the product of the strides over the product of the up-sampling factors on
    /// the path to it. If there are several paths, the one with the greatest strides counts.
    fn scales(&self) -> Vec<(i64, i64)> {
        let mut scales: Vec<(i64, i64)> = Vec::with_capacity(self.nodes().len());
        for node in self.nodes() {
            let (numerator, denominator) = node.inputs.iter().map(|id| scales[id.0]).max().unwrap_or((1, 1));
            scales.push(match &node.op {
                Op::Conv(conv) => (numerator.saturating_mul(length(conv.stride)), denominator),
                Op::Pool(pool) => (numerator.saturating_mul(length(pool.stride)), denominator),
                Op::Upsample { factor } | Op::DepthToSpace { factor } => (numerator, denominator.saturating_mul(length(*factor))),
                _ => (numerator, denominator),
            });
        }
        scales.into_iter().map(|(numerator, denominator)| (numerator.max(1), denominator.max(1))).collect()
    }

    /// Goes backward from the output: each node's span is the union of what its readers read.
    fn reads_axis(&self, span: Span, axis: usize) -> Span {
        let mut spans: Vec<Option<Span>> = vec![None; self.nodes().len()];
        spans[self.output().0] = Some(span);
        for index in (1..self.nodes().len()).rev() {
            let (Some(span), node) = (spans[index], self.node(NodeId(index))) else { continue };
            let [low, high] = match &node.op {
                Op::Conv(conv) => window(span, conv.kernel[axis], conv.stride, conv.padding),
                Op::Pool(pool) => window(span, pool.kernel, pool.stride, pool.padding),
                Op::Upsample { factor } | Op::DepthToSpace { factor } => span.map(|at| at.div_euclid(length(*factor).max(1))),
                _ => span,
            };
            for id in &node.inputs {
                spans[id.0] = Some(spans[id.0].map_or([low, high], |[a, b]| [a.min(low), b.max(high)]));
            }
        }
        spans[0].unwrap_or(span)
    }
}

fn window([low, high]: Span, kernel: usize, stride: usize, padding: Padding) -> Span {
    let (kernel, stride) = (length(kernel), length(stride));
    // With `Same`, between none and half of the kernel is before the first pixel, depending on the size.
    let (most, least) = match padding {
        Padding::Valid => (0, 0),
        Padding::Same | Padding::SameMirrored if stride == 1 => ((kernel - 1) / 2, (kernel - 1) / 2),
        Padding::Same | Padding::SameMirrored => ((kernel - 1) / 2, 0),
        Padding::Zero(n) | Padding::Reflect(n) | Padding::Edge(n) | Padding::ReflectUp { border: n, .. } => {
            (length(n), length(n))
        }
    };
    let start = low.saturating_mul(stride).saturating_sub(most);
    [start, high.saturating_mul(stride).saturating_sub(least).saturating_add(kernel - 1)]
}

fn length(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
