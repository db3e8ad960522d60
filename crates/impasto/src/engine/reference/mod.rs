//! The oracle: computes a graph node by node, with loops that are easy to believe.
//!
//! Products are summed in float64 and rounded to float32 once per output value. So the oracle is at least as
//! exact as any float32 executor that is compared with it. It is slow (one thread, a few billion
//! multiply-accumulates a second) and keeps every node's output; it exists for tests.
//!
//! The functions here run a graph as it is written. [`super::Executor::Reference`] is built on them:
//! `executor.rs` runs programs, and `gradient.rs` computes gradients.

mod executor;
mod gradient;

pub(super) use executor::Reference;

use crate::graph::{
    Activation, BatchNorm, Conv, Dense, Graph, InstanceNorm, MOMENTS_EPSILON, Node, Op, Padding, Pool, PoolKind, Shape,
};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

/// Returns the output of the graph's last node for `input`, `[height, width, channels]`, and a
/// style vector of the graph's length (empty if that is 0).
///
/// # Errors
/// As [`run_all`].
pub fn run(graph: &Graph, weights: &Weights, input: &Tensor, style: &[f32]) -> Result<Tensor> {
    let mut outputs = run_all(graph, weights, input, style)?;
    Ok(outputs.swap_remove(outputs.len() - 1))
}

/// Scale and shift of each channel of every conditional norm, by node; `None` for other nodes.
pub type Norms = Vec<Option<Vec<(f64, f64)>>>;

/// Measures every conditional norm's scale and shift on a picture.
///
/// # Errors
/// As [`run_all`].
pub fn measure(graph: &Graph, weights: &Weights, input: &Tensor, style: &[f32]) -> Result<Norms> {
    let outputs = run_all(graph, weights, input, style)?;
    let step = Step { weights, style };
    let norms = graph.nodes().iter().map(|node| {
        let Some(id) = node.inputs.first() else { return Ok(None) };
        let &[height, width, channels] = outputs[id.0].shape() else { return Ok(None) };
        step.style_map(&node.op, Map { shape: Shape { height, width, channels }, data: outputs[id.0].data() })
    });
    norms.collect()
}

/// Like [`run`], but with every conditional norm as [`measure`] found it on another picture.
///
/// # Errors
/// As [`run_all`].
pub fn paint(graph: &Graph, weights: &Weights, input: &Tensor, norms: &Norms) -> Result<Tensor> {
    let style = vec![0.0; graph.style_len];
    let known = |node: usize, input: Map<'_>, _| norms[node].as_ref().map(|known| scale_and_shift(input, known));
    let mut outputs = run_with(graph, weights, input, &style, &known, &mut |_| Ok(()))?;
    Ok(outputs.swap_remove(outputs.len() - 1))
}

/// Returns every node's output, `[height, width, channels]`, in the order of [`Graph::nodes`].
///
/// # Errors
/// [`ErrorKind::Mismatch`] if the input has the wrong number of axes or channels, if the style vector has the wrong
/// length, or if the weights lack an array or have it in another shape; otherwise as [`Graph::shapes`].
pub fn run_all(graph: &Graph, weights: &Weights, input: &Tensor, style: &[f32]) -> Result<Vec<Tensor>> {
    run_with(graph, weights, input, style, &|_, _, _| None, &mut |_| Ok(()))
}

/// A node's output for its input, in a picture of this shape, if it is known some other way.
type Known<'a> = &'a dyn Fn(usize, Map<'_>, Shape) -> Option<Vec<f32>>;

/// Like [`run_all`], but takes some nodes' outputs from `known`. Calls `before` with the
/// number of each node before it is computed.
fn run_with(
    graph: &Graph,
    weights: &Weights,
    input: &Tensor,
    style: &[f32],
    known: Known<'_>,
    before: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Vec<Tensor>> {
    let &[height, width, channels] = input.shape() else {
        let text = format!("the input has shape {:?}, expected [height, width, channels]", input.shape());
        return Err(Error::new(ErrorKind::Mismatch, text));
    };
    if style.len() != graph.style_len {
        let text = format!("the style vector has {} values, the network needs {}", style.len(), graph.style_len);
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    graph.check(weights)?;
    let shapes = graph.shapes([width, height])?;
    if shapes[0].channels != channels {
        let text = format!("the input has {channels} channels, the network needs {}", shapes[0].channels);
        return Err(Error::new(ErrorKind::Mismatch, text));
    }
    let step = Step { weights, style };
    let mut outputs: Vec<Tensor> = Vec::with_capacity(shapes.len());
    for (i, (node, &shape)) in graph.nodes().iter().zip(&shapes).enumerate() {
        before(i)?;
        let inputs: Vec<Map<'_>> = node.inputs.iter().map(|id| Map { shape: shapes[id.0], data: outputs[id.0].data() }).collect();
        let data = match node.op {
            Op::Input { .. } => input.data().to_vec(),
            _ => match known(i, inputs[0], shapes[0]) {
                Some(data) => data,
                None => step.compute(node, &inputs, shape)?,
            },
        };
        outputs.push(Tensor::new([shape.height, shape.width, shape.channels], data)?);
    }
    Ok(outputs)
}

/// Features to read.
#[derive(Clone, Copy)]
struct Map<'a> {
    shape: Shape,
    data: &'a [f32],
}

impl<'a> Map<'a> {
    /// The values of a pixel, or `None` in zero padding. Coordinates may be beyond the border.
    fn pixel(&self, y: isize, x: isize, padding: Padding) -> Option<&'a [f32]> {
        let y = locate(y, self.shape.height, padding)?;
        let x = locate(x, self.shape.width, padding)?;
        let start = (y * self.shape.width + x) * self.shape.channels;
        Some(&self.data[start..start + self.shape.channels])
    }
}

fn locate(at: isize, length: usize, padding: Padding) -> Option<usize> {
    let last = length as isize - 1;
    let at = match padding {
        Padding::Reflect(_) | Padding::ReflectUp { .. } | Padding::SameMirrored if at < 0 => -at,
        Padding::Reflect(_) | Padding::SameMirrored if at > last => 2 * last - at,
        Padding::ReflectUp { .. } if at > last => (2 * last - at).max(0),
        Padding::Edge(_) => at.clamp(0, last),
        _ => at,
    };
    (0..=last).contains(&at).then_some(at as usize)
}

struct Step<'a> {
    weights: &'a Weights,
    style: &'a [f32],
}

impl<'a> Step<'a> {
    fn compute(&self, node: &Node, inputs: &[Map<'_>], shape: Shape) -> Result<Vec<f32>> {
        let input = inputs[0];
        Ok(match &node.op {
            Op::Input { .. } => input.data.to_vec(),
            Op::Conv(conv) => self.conv(conv, input, shape)?,
            Op::BatchNorm(norm) => self.batch_norm(norm, input)?,
            Op::InstanceNorm(_) | Op::AdaptiveNorm(_) | Op::Modulate { .. } => {
                scale_and_shift(input, &self.style_map(&node.op, input)?.unwrap_or_default())
            }
            Op::DepthToSpace { factor } => depth_to_space(*factor, input, shape),
            Op::Activation(function) => input.data.iter().map(|&x| activate(*function, x)).collect(),
            Op::Upsample { factor } => upsample(*factor, input, shape),
            Op::Pool(window) => pool(window, input, shape),
            Op::Add => input.data.iter().zip(inputs[1].data).map(|(a, b)| a + b).collect(),
            Op::Concat => {
                let pixels = 0..input.shape.height * input.shape.width;
                let joined = pixels.flat_map(|i| inputs.iter().flat_map(move |map| row(map.data, map.shape.channels, i)));
                joined.copied().collect()
            }
            Op::Mean => moments(input).0.into_iter().map(|m| m as f32).collect(),
            Op::Moments | Op::SampleMoments => {
                let (mean, mut variance) = moments(input);
                if node.op == Op::SampleMoments {
                    unbias(&mut variance, input);
                }
                let deviations = variance.into_iter().map(|v| (v + f64::from(MOMENTS_EPSILON)).sqrt());
                mean.into_iter().chain(deviations).map(|v| v as f32).collect()
            }
        })
    }

    fn array(&self, name: &str) -> Result<&'a [f32]> {
        let found = self.weights.get(name).map(Tensor::data);
        found.ok_or_else(|| Error::new(ErrorKind::Mismatch, format!("the weights lack {name:?}")))
    }

    fn conv(&self, conv: &Conv, input: Map<'_>, shape: Shape) -> Result<Vec<f32>> {
        let kernel = self.array(&conv.weight)?;
        let bias = conv.bias.as_deref().map(|name| self.array(name)).transpose()?;
        let (channels, read) = (shape.channels, input.shape.channels);
        let [top, left] = origin(conv.padding, conv.kernel, conv.stride, input.shape);
        let mut out = Vec::with_capacity(input.data.len());
        let mut sums = vec![0f64; channels];
        for y in 0..shape.height {
            for x in 0..shape.width {
                match bias {
                    Some(bias) => sums.iter_mut().zip(bias).for_each(|(sum, b)| *sum = f64::from(*b)),
                    None => sums.fill(0.0),
                }
                for tap in 0..conv.kernel[0] * conv.kernel[1] {
                    let at_y = (y * conv.stride + tap / conv.kernel[1]) as isize - top;
                    let at_x = (x * conv.stride + tap % conv.kernel[1]) as isize - left;
                    let Some(pixel) = input.pixel(at_y, at_x, conv.padding) else { continue };
                    if conv.depthwise {
                        for ((sum, v), w) in sums.iter_mut().zip(pixel).zip(row(kernel, channels, tap)) {
                            *sum += f64::from(*v) * f64::from(*w);
                        }
                    } else {
                        for (i, v) in pixel.iter().enumerate() {
                            for (sum, w) in sums.iter_mut().zip(row(kernel, channels, tap * read + i)) {
                                *sum += f64::from(*v) * f64::from(*w);
                            }
                        }
                    }
                }
                out.extend(sums.iter().map(|&sum| sum as f32));
            }
        }
        Ok(out)
    }

    fn batch_norm(&self, norm: &BatchNorm, input: Map<'_>) -> Result<Vec<f32>> {
        let (mean, variance, beta) = (self.array(&norm.mean)?, self.array(&norm.variance)?, self.array(&norm.beta)?);
        let gamma = norm.gamma.as_deref().map(|name| self.array(name)).transpose()?;
        let affine = (0..input.shape.channels).map(|c| {
            let scale = gamma.map_or(1.0, |gamma| f64::from(gamma[c]));
            let scale = scale / (f64::from(variance[c]) + f64::from(norm.epsilon)).sqrt();
            (scale, f64::from(beta[c]) - f64::from(mean[c]) * scale)
        });
        Ok(scale_and_shift(input, &affine.collect::<Vec<_>>()))
    }

    /// The scale and shift of each channel that the style gives a node, before any
    /// statistics. `None` for nodes that do not depend on the style.
    fn of_style(&self, op: &Op, channels: usize) -> Result<Option<Vec<(f64, f64)>>> {
        let slice = |start: usize| self.style[start..][..channels].iter().map(|&z| f64::from(z));
        Ok(Some(match op {
            Op::InstanceNorm(InstanceNorm { scale, shift, .. }) => {
                self.dense(scale)?.into_iter().zip(self.dense(shift)?).collect()
            }
            Op::AdaptiveNorm(norm) => slice(norm.deviation).zip(slice(norm.mean)).collect(),
            Op::Modulate { start } => slice(*start).map(|factor| (factor, 0.0)).collect(),
            _ => return Ok(None),
        }))
    }

    /// The final scale and shift of each channel of a node that depends on the style. `None` for other nodes.
    fn style_map(&self, op: &Op, input: Map<'_>) -> Result<Option<Vec<(f64, f64)>>> {
        Ok(self.of_style(op, input.shape.channels)?.map(|map| normalising(op, input, &map)))
    }

    /// Computes `z·W + b`.
    fn dense(&self, dense: &Dense) -> Result<Vec<f64>> {
        let matrix = self.array(&dense.weight)?;
        let mut sums: Vec<f64> = self.array(&dense.bias)?.iter().map(|&b| f64::from(b)).collect();
        let channels = sums.len();
        for (i, z) in self.style.iter().enumerate() {
            for (sum, w) in sums.iter_mut().zip(row(matrix, channels, i)) {
                *sum += f64::from(*z) * f64::from(*w);
            }
        }
        Ok(sums)
    }
}

/// Combines a norm's scale and shift with the statistics of its input. Returns those of other nodes as they are.
fn normalising(op: &Op, input: Map<'_>, map: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let epsilon = match op {
        Op::InstanceNorm(norm) => norm.epsilon,
        Op::AdaptiveNorm(norm) => norm.epsilon,
        _ => return map.to_vec(),
    };
    let (mean, mut variance) = moments(input);
    if matches!(op, Op::AdaptiveNorm(_)) {
        unbias(&mut variance, input);
    }
    let channel = |(c, (scale, shift)): (usize, &(f64, f64))| {
        let scale = scale / (variance[c] + f64::from(epsilon)).sqrt();
        (scale, shift - mean[c] * scale)
    };
    map.iter().enumerate().map(channel).collect()
}

/// How many pixels beyond the border the first window begins, `[top, left]`. The shape has been checked before.
fn origin(padding: Padding, kernel: [usize; 2], stride: usize, shape: Shape) -> [isize; 2] {
    let before = |length, kernel| padding.window(length, kernel, stride).map_or(0, |window| window.before as isize);
    [before(shape.height, kernel[0]), before(shape.width, kernel[1])]
}

/// Row `i` of a matrix of `columns` columns.
fn row(data: &[f32], columns: usize, i: usize) -> &[f32] {
    &data[i * columns..(i + 1) * columns]
}

fn scale_and_shift(input: Map<'_>, affine: &[(f64, f64)]) -> Vec<f32> {
    let value = |(v, (scale, shift)): (&f32, &(f64, f64))| (f64::from(*v) * scale + shift) as f32;
    input.data.iter().zip(affine.iter().cycle()).map(value).collect()
}

/// Mean and biased variance of every channel, in two passes.
fn moments(input: Map<'_>) -> (Vec<f64>, Vec<f64>) {
    let channels = input.shape.channels;
    let pixels = (input.shape.height * input.shape.width) as f64;
    let mut mean = vec![0f64; channels];
    for pixel in input.data.chunks_exact(channels) {
        mean.iter_mut().zip(pixel).for_each(|(sum, v)| *sum += f64::from(*v));
    }
    mean.iter_mut().for_each(|sum| *sum /= pixels);
    let mut variance = vec![0f64; channels];
    for pixel in input.data.chunks_exact(channels) {
        for ((sum, v), m) in variance.iter_mut().zip(pixel).zip(&mean) {
            *sum += (f64::from(*v) - m).powi(2);
        }
    }
    variance.iter_mut().for_each(|sum| *sum /= pixels);
    (mean, variance)
}

/// Turns biased variances into unbiased ones.
fn unbias(variance: &mut [f64], input: Map<'_>) {
    let pixels = input.shape.height * input.shape.width;
    if pixels > 1 {
        variance.iter_mut().for_each(|v| *v *= pixels as f64 / (pixels - 1) as f64);
    }
}

fn activate(function: Activation, x: f32) -> f32 {
    match function {
        Activation::Relu => x.max(0.0),
        Activation::Relu6 => x.clamp(0.0, 6.0),
        Activation::Sigmoid => (1.0 / (1.0 + (-f64::from(x)).exp())) as f32,
        Activation::Tanh => (0.5 + 150.0 / 255.0 * f64::from(x).tanh()).clamp(0.0, 1.0) as f32,
        Activation::Clip => x.clamp(0.0, 1.0),
    }
}

fn upsample(factor: usize, input: Map<'_>, shape: Shape) -> Vec<f32> {
    let mut out = Vec::with_capacity(input.data.len());
    for y in 0..shape.height {
        for x in 0..shape.width {
            out.extend_from_slice(row(input.data, shape.channels, y / factor * input.shape.width + x / factor));
        }
    }
    out
}

fn depth_to_space(factor: usize, input: Map<'_>, shape: Shape) -> Vec<f32> {
    let mut out = Vec::with_capacity(input.data.len());
    for y in 0..shape.height {
        for x in 0..shape.width {
            let pixel = row(input.data, input.shape.channels, y / factor * input.shape.width + x / factor);
            out.extend_from_slice(row(pixel, shape.channels, y % factor * factor + x % factor));
        }
    }
    out
}

fn pool(window: &Pool, input: Map<'_>, shape: Shape) -> Vec<f32> {
    let [top, left] = origin(window.padding, [window.kernel; 2], window.stride, input.shape);
    let mut out = Vec::with_capacity(input.data.len());
    for y in 0..shape.height {
        for x in 0..shape.width {
            let taps = (0..window.kernel * window.kernel).filter_map(|tap| {
                let at_y = (y * window.stride + tap / window.kernel) as isize - top;
                let at_x = (x * window.stride + tap % window.kernel) as isize - left;
                input.pixel(at_y, at_x, window.padding)
            });
            let taps: Vec<&[f32]> = taps.collect();
            out.extend((0..shape.channels).map(|c| {
                let values = taps.iter().map(|pixel| pixel[c]);
                match window.kind {
                    PoolKind::Max => values.fold(f32::NEG_INFINITY, f32::max),
                    PoolKind::Average => (values.map(f64::from).sum::<f64>() / taps.len() as f64) as f32,
                }
            }));
        }
    }
    out
}
