//! A compiled network, whatever executor runs it.

use std::time::Duration;

use super::bands::{Bands, ReadRows, WriteRows};
use super::norms::{Conditioning, Frozen, Maps, Norms};
use super::{Engine, Executor};
use crate::graph::{Graph, Op, Shape};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result, Size};

/// Watches a run, and can stop it.
pub trait Control: Sync {
    /// Called between steps with the work done so far and the total, in multiply-accumulates.
    fn progress(&self, done: u64, total: u64) {
        let _ = (done, total);
    }

    /// Called after each step with a description and its duration, for profiles.
    fn step(&self, step: &StepInfo<'_>, elapsed: Duration) {
        let _ = (step, elapsed);
    }

    /// Called between steps: whether to stop.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Reports nothing and never cancels.
impl Control for () {}

/// A step of a running program.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StepInfo<'a> {
    /// The name of the graph's node that it computes, along with whatever is fused into it.
    pub name: &'a str,
    /// The name of the kernel that computes it, such as `winograd`, if it is a convolution.
    pub kernel: Option<&'static str>,
    /// The shape of its result.
    pub output: Shape,
    /// Multiply-accumulates, counted as for a direct computation; 0 for steps without products.
    pub multiply_accumulates: u64,
    /// Multiply-accumulates that the kernel actually performs.
    pub products: u64,
}

/// # Errors
/// [`ErrorKind::Cancelled`] if `control` asks to stop.
pub(crate) fn check_cancelled(control: &dyn Control) -> Result<()> {
    if control.cancelled() { Err(Error::new(ErrorKind::Cancelled, "cancelled")) } else { Ok(()) }
}

/// A picture's values and its size.
pub(super) type PictureView<'a> = (&'a [f32], Size);

/// Changes a norm by name: its scales and its shifts, one of each per channel.
pub(crate) type ChangeNorm<'a> = &'a dyn Fn(&str, [&mut [f32]; 2]) -> Result<()>;

/// A graph that an executor has compiled. [`Program`] documents the methods.
pub(super) trait Compiled: Send + Sync {
    /// The scale and shift of every norm that depends on the style. The vector's length has been checked.
    fn condition(&self, style: &[f32]) -> Maps;

    /// The result for a whole picture.
    fn run(
        &self,
        engine: &Engine,
        picture: PictureView<'_>,
        norms: Norms<'_>,
        control: &dyn Control,
    ) -> Result<(Vec<f32>, Shape)>;

    /// The norms as measured on a picture.
    fn measure(
        &self,
        engine: &Engine,
        picture: PictureView<'_>,
        conditioning: &Conditioning,
        control: &dyn Control,
    ) -> Result<Frozen>;

    /// Peak memory of [`Compiled::run`] in bytes, including the weights but not the picture.
    fn memory(&self, picture: Size, threads: usize) -> Result<u64>;

    /// Plans bands of this many rows.
    fn bands(&self, picture: Size, rows: usize) -> Result<Bands>;

    /// Computes the result in bands.
    fn paint_bands(
        &self,
        engine: &Engine,
        bands: &Bands,
        frozen: &Frozen,
        rows: (ReadRows<'_>, WriteRows<'_>),
        control: &dyn Control,
    ) -> Result<()>;
}

/// A compiled network, for any picture size.
pub struct Program {
    graph: Graph,
    compiled: Box<dyn Compiled>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}

impl Program {
    /// Compiles a graph for an executor, or for the CPU with an instruction set ([`super::Isa`]).
    /// Takes the weights by value, so that they are not held twice.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the weights lack an array of the graph or have it in another shape.
    pub fn compile(graph: &Graph, weights: Weights, executor: impl Into<Executor>) -> Result<Self> {
        graph.check(&weights)?;
        Ok(Program { graph: graph.clone(), compiled: executor.into().backend().compile(graph, weights)? })
    }

    /// The graph that it computes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The shape of the result for a picture of this size.
    ///
    /// # Errors
    /// As [`Graph::shapes`].
    pub fn output_shape(&self, picture: impl Into<Size>) -> Result<Shape> {
        Ok(self.graph.shapes(picture)?[self.graph.output().index()])
    }

    /// Peak memory in bytes of a run on a picture of this size: tensors, each thread's scratch memory and the
    /// weights, without the picture itself. Known before anything runs.
    ///
    /// # Errors
    /// As [`Graph::shapes`].
    pub fn peak_memory(&self, picture: impl Into<Size>, threads: usize) -> Result<u64> {
        self.compiled.memory(picture.into(), threads)
    }

    /// Applies every conditional norm's matrices to a style vector. The result can be used for any number of pictures.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the vector is not as long as the graph's style vector.
    pub fn condition(&self, style: &[f32]) -> Result<Conditioning> {
        if style.len() != self.graph.style_len {
            let text = format!("a style vector of {} numbers, but the network reads {}", style.len(), self.graph.style_len);
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        Ok(Conditioning(self.compiled.condition(style)))
    }

    /// Like [`Program::condition`], but `change` then modifies each norm's scales and
    /// shifts. It is called with the norm's name.
    ///
    /// # Errors
    /// As [`Program::condition`], and the errors of `change`.
    pub(crate) fn condition_changed(&self, style: &[f32], change: ChangeNorm<'_>) -> Result<Conditioning> {
        let Conditioning(mut maps) = self.condition(style)?;
        // Both are in the order of the graph.
        let norms = self.graph.nodes().iter().filter(|node| matches!(node.op, Op::InstanceNorm(_)));
        for ((scale, shift), node) in maps.iter_mut().flatten().zip(norms) {
            change(&node.name, [scale, shift])?;
        }
        Ok(Conditioning(maps))
    }

    /// Runs the program on a picture, given as its values (row-major, channels last) and its size.
    /// Returns the result's values, in the same order, and its shape.
    ///
    /// # Errors
    /// As [`Graph::shapes`]; [`ErrorKind::Mismatch`] if the slice's length does not match the picture's size, or if
    /// the conditioning is of another program; [`ErrorKind::Malformed`] if the numbers of a conditional norm overflow;
    /// [`ErrorKind::Cancelled`] if `control` asked to stop.
    pub fn run(
        &self,
        engine: &Engine,
        picture: (&[f32], impl Into<Size>),
        conditioning: &Conditioning,
        control: &dyn Control,
    ) -> Result<(Vec<f32>, Shape)> {
        let picture = self.checked(picture)?;
        self.compiled.run(engine, picture, Norms::Measured(conditioning), control)
    }

    /// Measures the conditional norms on this picture, with the statistics that [`Program::run`]
    /// would use. Layers after the last norm are not computed.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn measure(
        &self,
        engine: &Engine,
        picture: (&[f32], impl Into<Size>),
        conditioning: &Conditioning,
        control: &dyn Control,
    ) -> Result<Frozen> {
        let picture = self.checked(picture)?;
        self.compiled.measure(engine, picture, conditioning, control)
    }

    /// Runs the program like [`Program::run`], but with known norms, such as those of a thumbnail.
    /// With the picture's own norms, the result is bit-identical.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn paint(
        &self,
        engine: &Engine,
        picture: (&[f32], impl Into<Size>),
        frozen: &Frozen,
        control: &dyn Control,
    ) -> Result<(Vec<f32>, Shape)> {
        let picture = self.checked(picture)?;
        self.compiled.run(engine, picture, Norms::Frozen(frozen), control)
    }

    /// Runs [`Program::paint`] in bands: reads rows of the picture and writes rows of the result as they come, from
    /// top to bottom, each once. The result is bit-identical for all bands.
    ///
    /// # Errors
    /// As [`Program::run`], and the errors of `read` and `write`.
    pub fn paint_bands(
        &self,
        engine: &Engine,
        bands: &Bands,
        frozen: &Frozen,
        rows: (ReadRows<'_>, WriteRows<'_>),
        control: &dyn Control,
    ) -> Result<()> {
        self.compiled.paint_bands(engine, bands, frozen, rows, control)
    }

    /// Checks that a picture has as many values as its size says.
    fn checked<'a>(&self, (picture, size): (&'a [f32], impl Into<Size>)) -> Result<PictureView<'a>> {
        let size = size.into();
        let input = self.graph.shapes(size)?[0];
        if input.count() != Some(picture.len()) {
            let text = format!("the picture has {} numbers, but {input} are needed", picture.len());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        Ok((picture, size))
    }
}

/// Heights of bands to try, the largest first.
///
/// Above 64, nothing is gained: threads have enough to share, and the rows of the early layers begin to fall out
/// of the cache before the late layers need them. (3840×2160, two threads: 32 to 64 rows are fastest; the whole
/// picture in one piece takes four times as long.) Below 16, the layers after two down-samplings wait for whole
/// tiles while other layers keep rows for them, so memory grows again.
const HEIGHTS: [usize; 4] = [64, 48, 32, 16];

impl Bands {
    /// Plans bands of this many rows of the picture. Multiples of 16 suit the networks here: other numbers make layers
    /// wait for whole tiles. (The reference executor has one band, the whole picture.)
    ///
    /// # Errors
    /// As [`crate::graph::Graph::shapes`]; [`crate::ErrorKind::Unsupported`] if the
    /// network has layers that read the whole picture.
    pub fn new(program: &Program, picture: impl Into<Size>, rows: usize) -> Result<Self> {
        program.compiled.bands(picture.into(), rows.max(1))
    }

    /// Plans the highest bands that take no more than this many bytes
    /// ([`Bands::memory`]), or the lowest if all take more.
    ///
    /// # Errors
    /// As [`Bands::new`].
    pub fn within(program: &Program, picture: impl Into<Size>, threads: usize, bytes: u64) -> Result<Self> {
        let picture = picture.into();
        let mut lowest = None;
        for rows in HEIGHTS {
            let bands = Self::new(program, picture, rows)?;
            if bands.memory(threads) <= bytes {
                return Ok(bands);
            }
            lowest = Some(bands);
        }
        lowest.map_or_else(|| Self::new(program, picture, 1), Ok)
    }
}
