//! The CPU executor: graphs become fused steps on our kernels.
//!
//! Compiling fuses layers. A fixed batch norm goes into the convolution before it, and an activation into
//! the convolution's last step. An instance norm is reduced to statistics that the convolution computes
//! on the way. Its arithmetic, and the activation, the residual sum and the up-sampling that follow,
//! become *pending* on the tensor: the next layer that reads it applies them
//! ([`impasto_kernels::Source`]). So each tensor is written once and read once.

mod bands;
mod compile;
mod gradient;
mod known;
mod plan;
mod run;
mod state;
mod step;

use impasto_kernels::conv::{Conv, Spec, weight_gradient};
use impasto_kernels::{Activation, Border, Extent, Isa, Source, Threads};

use super::bands::{ReadRows, WriteRows};
use super::gradient::{Differentiable, Wanted};
use super::norms::{Conditioning, Frozen, Maps, Norms};
use super::program::{Compiled, PictureView};
use super::{Backend, Bands, Control, Engine};
use crate::graph::{Graph, Padding, Shape};
use crate::weights::Weights;
use crate::{Result, Size};
use plan::Plan;
use step::{Affine, Step};

/// Our kernels, with one instruction set.
pub(super) struct Cpu {
    pub(super) isa: Isa,
}

/// A graph with packed weights and fused steps.
struct Program {
    isa: Isa,
    graph: Graph,
    steps: Vec<Step>,
    affines: Vec<Affine>,
    /// The node whose output each tensor is; the first is the input.
    tensors: Vec<usize>,
    output: usize,
    weight_bytes: usize,
}

impl Backend for Cpu {
    fn compile(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Compiled>> {
        Ok(Box::new(compile::compile(graph, weights, self.isa)?))
    }

    fn differentiate(&self, graph: &Graph, weights: &Weights, wanted: &Wanted<'_>) -> Result<Box<dyn Differentiable>> {
        Ok(Box::new(gradient::Network::compile(graph, weights, wanted, self.isa)?))
    }

    fn products(&self, threads: &Threads, (features, shape): (&[f32], Shape), weighted: &[f32]) -> Vec<f32> {
        let (spec, extent) = (Spec::pointwise(shape.channels), extent(shape));
        weight_gradient(threads, self.isa, &spec, Source::plain(features, extent), [0, 0], (weighted, extent))
    }

    fn map_pixels(&self, threads: &Threads, features: (&[f32], Shape), map: (&[f32], &[f32]), target: &mut [f32]) {
        let ((features, shape), (matrix, shift)) = (features, map);
        let extent = extent(shape);
        let conv = Conv::new(Spec::pointwise(shape.channels), matrix, Some(shift), Activation::None, self.isa, None);
        conv.run(threads, Source::plain(features, extent), [0, 0], (target, extent), false, None);
    }
}

impl Compiled for Program {
    fn condition(&self, style: &[f32]) -> Maps {
        self.affines.iter().map(|affine| affine.condition(style)).collect()
    }

    fn run(
        &self,
        engine: &Engine,
        picture: PictureView<'_>,
        norms: Norms<'_>,
        control: &dyn Control,
    ) -> Result<(Vec<f32>, Shape)> {
        run::run(self, engine, picture, norms, control)
    }

    fn measure(
        &self,
        engine: &Engine,
        picture: PictureView<'_>,
        conditioning: &Conditioning,
        control: &dyn Control,
    ) -> Result<Frozen> {
        run::measure(self, engine, picture, conditioning, control)
    }

    fn memory(&self, picture: Size, threads: usize) -> Result<u64> {
        let [bytes, a_thread] = Plan::new(self, picture)?.bytes();
        Ok(bytes + a_thread * threads as u64 + self.weight_bytes as u64)
    }

    fn bands(&self, picture: Size, rows: usize) -> Result<Bands> {
        bands::plan(self, picture, rows)
    }

    fn paint_bands(
        &self,
        engine: &Engine,
        bands: &Bands,
        frozen: &Frozen,
        rows: (ReadRows<'_>, WriteRows<'_>),
        control: &dyn Control,
    ) -> Result<()> {
        bands::paint(self, engine, bands, frozen, rows, control)
    }
}

/// Converts a shape to the kernels' type.
fn extent(shape: Shape) -> Extent {
    Extent { height: shape.height, width: shape.width, channels: shape.channels }
}

/// What the kernels read beyond the border.
fn border(padding: Padding) -> Border {
    match padding {
        Padding::Reflect(_) | Padding::ReflectUp { .. } | Padding::SameMirrored => Border::Reflect,
        Padding::Edge(_) => Border::Edge,
        Padding::Valid | Padding::Same | Padding::Zero(_) => Border::Zero,
    }
}
