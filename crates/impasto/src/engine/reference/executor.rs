//! Programs that the reference runs.

use impasto_kernels::Threads;

use super::gradient::Naive;
use super::{Known, Map, Step, normalising, run_with, scale_and_shift};
use crate::engine::bands::{ReadRows, WriteRows};
use crate::engine::gradient::{Differentiable, Wanted};
use crate::engine::norms::{self, Conditioning, Frozen, Maps, Norms};
use crate::engine::program::{Compiled, PictureView, check_cancelled};
use crate::engine::{Backend, Bands, Control, Engine};
use crate::graph::{Graph, Op, Shape};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result, Size};

/// The executor with plain loops.
pub(in crate::engine) struct Reference;

impl Backend for Reference {
    fn compile(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Compiled>> {
        Ok(Box::new(Program { graph: graph.clone(), weights }))
    }

    fn differentiate(&self, graph: &Graph, weights: &Weights, wanted: &Wanted<'_>) -> Result<Box<dyn Differentiable>> {
        Ok(Box::new(Naive::new(graph, weights, wanted)?))
    }

    fn products(&self, _: &Threads, (features, shape): (&[f32], Shape), weighted: &[f32]) -> Vec<f32> {
        let channels = shape.channels;
        let mut sums = vec![0f64; channels * channels];
        for (a, b) in features.chunks_exact(channels).zip(weighted.chunks_exact(channels)) {
            for (row, a) in sums.chunks_exact_mut(channels).zip(a) {
                row.iter_mut().zip(b).for_each(|(sum, b)| *sum += f64::from(*a) * f64::from(*b));
            }
        }
        sums.into_iter().map(|sum| sum as f32).collect()
    }

    fn map_pixels(&self, _: &Threads, features: (&[f32], Shape), (matrix, shift): (&[f32], &[f32]), target: &mut [f32]) {
        let (values, Shape { channels, .. }) = features;
        for (pixel, f) in target.chunks_exact_mut(channels).zip(values.chunks_exact(channels)) {
            for (c, v) in pixel.iter_mut().enumerate() {
                let products = matrix[c * channels..][..channels].iter().zip(f).map(|(m, f)| f64::from(*m) * f64::from(*f));
                *v = (products.sum::<f64>() + f64::from(shift[c])) as f32;
            }
        }
    }
}

/// A graph and its weights, unchanged. Maps of norms are numbered by node.
struct Program {
    graph: Graph,
    weights: Weights,
}

/// Rounds the scale and shift of each channel to the float32 of [`norms::Map`].
fn rounded(map: &[(f64, f64)]) -> norms::Map {
    map.iter().map(|&(scale, shift)| (scale as f32, shift as f32)).unzip()
}

fn wide((scale, shift): &norms::Map) -> Vec<(f64, f64)> {
    scale.iter().zip(shift).map(|(&scale, &shift)| (f64::from(scale), f64::from(shift))).collect()
}

impl Program {
    /// All nodes' outputs.
    fn nodes(&self, picture: PictureView<'_>, norms: Norms<'_>, control: &dyn Control) -> Result<Vec<Tensor>> {
        let (values, Size { width, height }) = picture;
        let nodes = self.graph.nodes();
        let channels = self.graph.channels()?;
        let fits = |maps: &Maps| {
            maps.len() == nodes.len()
                && maps.iter().zip(&channels).all(|(map, &n)| map.as_ref().is_none_or(|(a, b)| a.len() == n && b.len() == n))
        };
        let styles = norms.styles();
        if !styles.iter().all(fits) {
            return Err(norms::foreign());
        }
        if styles.len() > 1 && nodes.iter().any(|node| matches!(node.op, Op::Modulate { .. })) {
            return Err(norms::one_style_at_a_time());
        }
        let map = |node: usize, style: &Maps, input: Map<'_>| {
            let map = wide(style[node].as_ref()?);
            let map = if matches!(norms, Norms::Measured(_)) { normalising(&nodes[node].op, input, &map) } else { map };
            Some(scale_and_shift(input, &map))
        };
        let known: Known<'_> = &|node, input, picture| {
            let mut painted = styles.iter().map(|style| map(node, style, input)).collect::<Option<Vec<_>>>()?;
            let Some(shares) = norms.shares() else { return painted.pop() };
            let shares = shares.rows(input.shape, picture, 0..input.shape.height);
            let value = |i: usize| {
                let shares = &shares[i / input.shape.channels * styles.len()..][..styles.len()];
                shares.iter().zip(&painted).map(|(&share, painted)| f64::from(share) * f64::from(painted[i])).sum::<f64>() as f32
            };
            Some((0..input.data.len()).map(value).collect())
        };
        let input = Tensor::new([height, width, channels[0]], values.to_vec())?;
        let style = vec![0.0; self.graph.style_len];
        let count = nodes.len() as u64;
        run_with(&self.graph, &self.weights, &input, &style, known, &mut |node| {
            check_cancelled(control)?;
            control.progress(node as u64 + 1, count);
            Ok(())
        })
    }
}

impl Compiled for Program {
    fn condition(&self, style: &[f32]) -> Maps {
        let step = Step { weights: &self.weights, style };
        let channels = self.graph.channels().unwrap_or_default();
        // The weights and the vector's length have been checked.
        let map = |(node, channels): (&crate::graph::Node, usize)| step.of_style(&node.op, channels).ok().flatten();
        self.graph.nodes().iter().zip(channels).map(|node| map(node).map(|map| rounded(&map))).collect()
    }

    fn run(&self, _: &Engine, picture: PictureView<'_>, norms: Norms<'_>, control: &dyn Control) -> Result<(Vec<f32>, Shape)> {
        let shapes = self.graph.shapes(picture.1)?;
        let output = self.nodes(picture, norms, control)?.pop().map(Tensor::into_data).unwrap_or_default();
        Ok((output, shapes[self.graph.output().index()]))
    }

    fn measure(
        &self,
        _: &Engine,
        picture: PictureView<'_>,
        conditioning: &Conditioning,
        control: &dyn Control,
    ) -> Result<Frozen> {
        let shapes = self.graph.shapes(picture.1)?;
        let outputs = self.nodes(picture, Norms::Measured(conditioning), control)?;
        let map = |(i, node): (usize, &crate::graph::Node)| {
            let from = node.inputs.first()?.index();
            let input = Map { shape: shapes[from], data: outputs[from].data() };
            Some(rounded(&normalising(&node.op, input, &wide(conditioning.0[i].as_ref()?))))
        };
        Ok(Frozen { maps: vec![self.graph.nodes().iter().enumerate().map(map).collect()], shares: None })
    }

    fn memory(&self, picture: Size, _: usize) -> Result<u64> {
        let nodes: u64 = self.graph.shapes(picture)?.iter().map(|shape| shape.len() as u64).sum();
        let weights: u64 = self.weights.iter().map(|(_, tensor)| tensor.data().len() as u64).sum();
        Ok((nodes + weights) * 4)
    }

    /// One band: the whole picture.
    fn bands(&self, picture: Size, _: usize) -> Result<Bands> {
        let shapes = self.graph.shapes(picture)?;
        if self.graph.reads([0; 2], [0; 2]).is_none() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "a network with layers that read the whole picture cannot be run in bands",
            ));
        }
        let values = shapes[0].len() as u64 * 4;
        Ok(Bands {
            plan: Box::new(picture),
            count: 1,
            rows: shapes[self.graph.output().index()].height,
            memory: [self.memory(picture, 1)? + values, 0],
        })
    }

    fn paint_bands(
        &self,
        _: &Engine,
        bands: &Bands,
        frozen: &Frozen,
        (read, write): (ReadRows<'_>, WriteRows<'_>),
        control: &dyn Control,
    ) -> Result<()> {
        let Some(&size) = bands.plan.downcast_ref::<Size>() else {
            return Err(Error::new(ErrorKind::Mismatch, "the bands were planned for another executor"));
        };
        let shapes = self.graph.shapes(size)?;
        let mut picture = vec![0.0; shapes[0].len()];
        read(0..size.height, &mut picture)?;
        let output = self.nodes((&picture, size), Norms::Frozen(frozen), control)?.pop();
        write(0..shapes[self.graph.output().index()].height, output.as_ref().map_or(&[], |output| output.data()))
    }
}
