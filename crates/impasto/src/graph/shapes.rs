//! The shape of each node's output at a given picture size.

use std::fmt;

use super::{AdaptiveNorm, Graph, Node, NodeId, Op, Padding};
use crate::{Error, ErrorKind, Result, Size};

/// The shape of a picture or of features. There is no batch axis: one picture at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values per pixel.
    pub channels: usize,
}

impl Shape {
    /// The number of values; `None` if it overflows.
    pub fn count(&self) -> Option<usize> {
        self.height.checked_mul(self.width)?.checked_mul(self.channels)
    }

    /// The number of values. Only for shapes that cannot overflow: from [`Graph::shapes`], or of something in memory.
    pub(crate) fn len(&self) -> usize {
        self.height * self.width * self.channels
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}×{}", self.height, self.width, self.channels)
    }
}

/// The placement of a sliding window along one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Window {
    /// Pixels beyond the border before the first one.
    pub before: usize,
    /// Pixels beyond the border after the last one.
    pub after: usize,
    /// The number of positions that the window takes.
    pub output: usize,
}

impl Padding {
    /// Places a window of `kernel` pixels that moves by `stride` along an axis of `length` pixels.
    ///
    /// Returns `None` if the window does not fit even once, if there are too few pixels to
    /// mirror, if `kernel` or `stride` is 0, or if a sum overflows.
    pub fn window(self, length: usize, kernel: usize, stride: usize) -> Option<Window> {
        if length == 0 || kernel == 0 || stride == 0 {
            return None;
        }
        let (before, after) = match self {
            Padding::Valid => (0, 0),
            Padding::Same | Padding::SameMirrored => {
                let reach = (length.div_ceil(stride) - 1).checked_mul(stride)?.checked_add(kernel)?;
                let total = reach.saturating_sub(length);
                if self == Padding::SameMirrored && total - total / 2 >= length {
                    return None;
                }
                (total / 2, total - total / 2)
            }
            Padding::Zero(n) => (n, n),
            Padding::Edge(n) => (n, n),
            Padding::Reflect(n) if n < length => (n, n),
            Padding::ReflectUp { border, multiple } if border < length => {
                let more = length.checked_next_multiple_of(multiple)? - length;
                (border, border + more)
            }
            Padding::Reflect(_) | Padding::ReflectUp { .. } => return None,
        };
        let padded = length.checked_add(before)?.checked_add(after)?;
        Some(Window { before, after, output: padded.checked_sub(kernel)? / stride + 1 })
    }
}

impl Graph {
    /// Returns the shape of each node's output, in the order of [`Graph::nodes`], for a picture of this size in pixels.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`], naming the node, if the picture is too small for it; [`ErrorKind::TooLarge`] if
    /// a size overflows; [`ErrorKind::Mismatch`] if the graph is inconsistent.
    pub fn shapes(&self, picture: impl Into<Size>) -> Result<Vec<Shape>> {
        let picture = picture.into();
        let channels = self.channels()?;
        let mut shapes: Vec<Shape> = Vec::with_capacity(channels.len());
        for (node, &channels) in self.nodes().iter().zip(&channels) {
            let [height, width] = match &node.op {
                Op::Input { .. } if picture.short_side() == 0 => {
                    let Size { width, height } = picture;
                    return Err(Error::new(ErrorKind::InvalidArgument, format!("a picture of {width}×{height} pixels is empty")));
                }
                Op::Input { .. } => [picture.height, picture.width],
                _ => self.extent(node, &shapes, picture)?,
            };
            let shape = Shape { height, width, channels };
            if shape.count().is_none() {
                return Err(overflow(node));
            }
            shapes.push(shape);
        }
        Ok(shapes)
    }

    /// Returns the number of channels of each node's output, in the order of
    /// [`Graph::nodes`]. It does not depend on the picture's size.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`], naming the node, if the graph is inconsistent: a node with too many or too few inputs,
    /// a depthwise convolution that changes the number of channels, a sum of different numbers of channels.
    pub fn channels(&self) -> Result<Vec<usize>> {
        let mut channels: Vec<usize> = Vec::with_capacity(self.nodes().len());
        for node in self.nodes() {
            let inputs: Vec<usize> = node.inputs.iter().map(|id| channels[id.0]).collect();
            let wrong = |what: &str| Error::new(ErrorKind::Mismatch, format!("node {:?} of the graph {what}", node.name));
            let arity_fits = match node.op {
                Op::Input { .. } => inputs.is_empty(),
                Op::Add => inputs.len() == 2,
                Op::Concat => !inputs.is_empty(),
                _ => inputs.len() == 1,
            };
            if !arity_fits {
                return Err(wrong(&format!("has {} inputs", inputs.len())));
            }
            channels.push(match &node.op {
                Op::Input { channels } => *channels,
                Op::Conv(conv) if conv.depthwise && conv.channels != inputs[0] => {
                    return Err(wrong(&format!("is a depthwise convolution from {} channels to {}", inputs[0], conv.channels)));
                }
                Op::Conv(conv) => conv.channels,
                Op::Add if inputs[0] != inputs[1] => {
                    return Err(wrong(&format!("adds {} channels to {}", inputs[1], inputs[0])));
                }
                Op::Concat => {
                    inputs.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)).ok_or_else(|| wrong("has too many channels"))?
                }
                Op::AdaptiveNorm(AdaptiveNorm { mean, deviation, .. })
                    if !fits(self.style_len, *mean, inputs[0]) || !fits(self.style_len, *deviation, inputs[0]) =>
                {
                    return Err(wrong("reads beyond the style vector"));
                }
                Op::Modulate { start } if !fits(self.style_len, *start, inputs[0]) => {
                    return Err(wrong("reads beyond the style vector"));
                }
                Op::DepthToSpace { factor } => {
                    let square = factor.checked_mul(*factor).filter(|&square| square > 0 && inputs[0].is_multiple_of(square));
                    inputs[0] / square.ok_or_else(|| wrong(&format!("cannot make squares of {} channels", inputs[0])))?
                }
                Op::Moments | Op::SampleMoments => inputs[0].checked_mul(2).ok_or_else(|| wrong("has too many channels"))?,
                _ => inputs[0],
            });
        }
        Ok(channels)
    }

    /// The height and width of one node's output. `shapes` holds those of the nodes before it.
    fn extent(&self, node: &Node, shapes: &[Shape], picture: Size) -> Result<[usize; 2]> {
        let of = |id: &NodeId| [shapes[id.0].height, shapes[id.0].width];
        let input = of(&node.inputs[0]);
        let slide = |kernel: [usize; 2], stride, padding: Padding| {
            let [rows, columns] = [0, 1].map(|axis| padding.window(input[axis], kernel[axis], stride));
            match (rows, columns) {
                (Some(rows), Some(columns)) => Ok([rows.output, columns.output]),
                _ => Err(too_small(node, picture, input, kernel, padding)),
            }
        };
        match &node.op {
            Op::Conv(conv) => slide(conv.kernel, conv.stride, conv.padding),
            Op::Pool(pool) => slide([pool.kernel; 2], pool.stride, pool.padding),
            Op::Upsample { factor } | Op::DepthToSpace { factor } => match input.map(|n| n.checked_mul(*factor)) {
                [Some(height), Some(width)] => Ok([height, width]),
                _ => Err(overflow(node)),
            },
            Op::Mean | Op::Moments | Op::SampleMoments => Ok([1, 1]),
            Op::Add | Op::Concat => match node.inputs.iter().map(of).find(|other| *other != input) {
                Some([height, width]) => {
                    let text = format!("node {:?} joins {}×{} with {width}×{height} pixels", node.name, input[1], input[0]);
                    Err(Error::new(ErrorKind::Mismatch, text))
                }
                None => Ok(input),
            },
            Op::Input { .. }
            | Op::BatchNorm(_)
            | Op::InstanceNorm(_)
            | Op::AdaptiveNorm(_)
            | Op::Modulate { .. }
            | Op::Activation(_) => Ok(input),
        }
    }
}

/// Whether a style vector has `channels` numbers from `start` on.
fn fits(style_len: usize, start: usize, channels: usize) -> bool {
    start.checked_add(channels).is_some_and(|end| end <= style_len)
}

fn too_small(node: &Node, picture: Size, input: [usize; 2], kernel: [usize; 2], padding: Padding) -> Error {
    let needs = match padding {
        Padding::Reflect(n) | Padding::ReflectUp { border: n, .. } => format!("mirrors {n} pixels"),
        _ => format!("has a window of {}×{}", kernel[1], kernel[0]),
    };
    let text = format!(
        "a picture of {}×{} pixels is too small for this network: its {:?} {needs}, but only {}×{} are left there; \
         use a larger picture",
        picture.width, picture.height, node.name, input[1], input[0]
    );
    Error::new(ErrorKind::InvalidArgument, text)
}

fn overflow(node: &Node) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the output of node {:?} is too large to be addressed", node.name))
}
