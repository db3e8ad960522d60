//! The CPU executor: a [`Graph`] and its weights compiled into a [`Program`], and the program run on a picture.
//!
//! Compiling fuses. A fixed batch norm goes into the convolution before it, an activation into the convolution's last
//! step. An instance norm is reduced to statistics that the convolution computes on the way. Its arithmetic, and the
//! activation, the residual sum and the up-sampling that follow, become *pending* on the tensor: the next layer that reads
//! it applies them ([`impasto_kernels::Source`]). So each tensor is written once and read once.

mod bands;
pub(crate) mod chain;
mod compile;
pub(crate) mod differentiate;
mod norms;
mod plan;
pub mod reference;
mod run;
mod shares;
mod state;
mod step;

use std::sync::{Arc, Mutex, PoisonError};

use impasto_kernels::{Threads, memory};

use crate::graph::{Graph, Shape};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};
use plan::Plan;
use step::{Affine, Step};

pub use bands::{Bands, ReadRows, WriteRows};
pub use impasto_kernels::Isa;
pub use impasto_kernels::conv::Algorithm;
use norms::Norms;
pub use norms::{Conditioning, Frozen};
pub(crate) use run::check_cancelled;
pub use run::{Control, StepInfo};
pub use shares::Shares;

/// How a program runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Threads; 0 (the default) for one a core.
    pub threads: usize,
    /// Instruction set; the machine's best by default. [`isa_from_environment`] reads a user's choice.
    pub isa: Isa,
}

impl Default for EngineOptions {
    fn default() -> Self {
        EngineOptions { threads: 0, isa: Isa::best() }
    }
}

impl EngineOptions {
    /// With this many threads, or one a core if 0.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        EngineOptions { threads, ..self }
    }

    /// With this instruction set.
    #[must_use]
    pub fn isa(self, isa: Isa) -> Self {
        EngineOptions { isa, ..self }
    }
}

/// The instruction set that the environment variable `IMPASTO_ISA` names (`portable`, `avx2`, `avx512`, `neon`), or the machine's best.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if this machine lacks it.
pub fn isa_from_environment() -> Result<Isa> {
    match std::env::var("IMPASTO_ISA") {
        Ok(name) if !name.is_empty() => {
            name.parse().map_err(|why| Error::new(ErrorKind::InvalidArgument, format!("IMPASTO_ISA: {why}")))
        }
        _ => Ok(Isa::best()),
    }
}

/// Threads and scratch memory that programs share.
pub struct Engine {
    pub(crate) threads: Threads,
    isa: Isa,
    /// Buffers of finished runs, for the next ones: fresh memory costs a page fault every 4 KiB.
    buffers: Mutex<Vec<Vec<f32>>>,
}

impl Engine {
    /// An engine with its own threads.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the operating system does not give the threads.
    pub fn new(options: EngineOptions) -> Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let count = if options.threads == 0 { cores() } else { options.threads };
        let threads = Threads::new(count).map_err(|e| Error::from(e).context(format!("cannot start {count} threads")))?;
        Ok(Engine { threads, isa: options.isa, buffers: Mutex::default() })
    }

    /// How many threads it has.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// The instruction set that it uses.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// A buffer of this length and unspecified content, an earlier run's if one is large enough.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if memory cannot be had.
    fn take_buffer(&self, len: usize) -> Result<Vec<f32>> {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(i) = (0..buffers.len()).filter(|&i| buffers[i].capacity() >= len).min_by_key(|&i| buffers[i].capacity()) {
            let mut buffer = buffers.swap_remove(i);
            drop(buffers);
            buffer.resize(len, 0.0);
            return Ok(buffer);
        }
        // The new one takes the place of the largest: pictures of growing size would otherwise leave all theirs behind.
        if let Some(i) = (0..buffers.len()).max_by_key(|&i| buffers[i].capacity()) {
            buffers.swap_remove(i);
        }
        drop(buffers);
        memory::zeroed(len).map_err(|e| {
            let text = format!("not enough memory for {len} features of a layer; use a smaller picture");
            Error::new(ErrorKind::TooLarge, text).with_source(e)
        })
    }

    pub(crate) fn give_buffer(&self, buffer: Vec<f32>) {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }

    /// Gives memory that is kept for the next run back to the system.
    pub fn release_memory(&self) {
        self.threads.release_memory();
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Changes a norm, by its name: its scale and its shift, one of each a channel.
pub(crate) type ChangeNorm<'a> = &'a dyn Fn(&str, [&mut [f32]; 2]) -> Result<()>;

/// A compiled network: packed weights and fused steps, for any picture size.
pub struct Program {
    graph: Graph,
    steps: Vec<Step>,
    affines: Vec<Affine>,
    /// Which node's output each tensor is; the first is the input.
    tensors: Vec<usize>,
    output: usize,
    weight_bytes: usize,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program").finish_non_exhaustive()
    }
}

impl Program {
    /// Fuses a graph and packs its weights for an engine's instruction set. Takes the weights, so that they are not held twice.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the weights lack an array of the graph or have it in another shape.
    pub fn compile(graph: &Graph, weights: Weights, isa: Isa) -> Result<Self> {
        compile::compile(graph, weights, isa)
    }

    /// The graph that it computes.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The shape of the result for a picture of this size.
    ///
    /// # Errors
    /// As [`Graph::shapes`].
    pub fn output_shape(&self, height: usize, width: usize) -> Result<Shape> {
        Ok(self.graph.shapes(height, width)?[self.tensors[self.output]])
    }

    /// Greatest memory in bytes that a run on a picture of this size takes at a time: tensors, each thread's scratch memory and the packed weights,
    /// without the picture itself. Known before anything is run.
    ///
    /// # Errors
    /// As [`Graph::shapes`].
    pub fn peak_memory(&self, height: usize, width: usize, threads: usize) -> Result<u64> {
        let plan = Plan::new(self, height, width)?;
        Ok(plan.floats(threads) * 4 + self.weight_bytes as u64)
    }

    /// Applies every conditional norm's matrices to a style vector, once for any number of pictures.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the vector is not as long as the graph's style vector.
    pub fn condition(&self, style: &[f32]) -> Result<Conditioning> {
        self.maps(style).map(Conditioning::new)
    }

    /// As [`Program::condition`], with each norm's scale and shift changed before they are used. `change` is given the norm's name.
    ///
    /// # Errors
    /// As [`Program::condition`], and what `change` gives.
    pub(crate) fn condition_changed(&self, style: &[f32], change: ChangeNorm<'_>) -> Result<Conditioning> {
        let mut maps = self.maps(style)?;
        // Both are in the order of the graph.
        let norms = self.graph.nodes().iter().filter(|node| matches!(node.op, crate::graph::Op::InstanceNorm(_)));
        for ((scale, shift), node) in maps.iter_mut().flatten().zip(norms) {
            change(&node.name, [scale, shift])?;
        }
        Ok(Conditioning::new(maps))
    }

    /// As [`Program::condition`], for several styles that share the picture: each pixel of each layer is normalised with the mean of the styles'
    /// scales and shifts, weighted by their shares there. Where one style has all, the network paints in that style; where shares
    /// change smoothly, styles go over into each other within the network, not as one painting over another.
    ///
    /// # Errors
    /// As [`Program::condition`]; besides [`ErrorKind::Mismatch`] if the shares are those of another number of styles.
    pub fn condition_shared(&self, styles: &[&[f32]], shares: Arc<Shares>) -> Result<Conditioning> {
        if styles.len() != shares.styles() {
            let text = format!("{} style vectors and shares of {}", styles.len(), shares.styles());
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let maps = styles.iter().map(|style| self.maps(style)).collect::<Result<_>>()?;
        Ok(Conditioning::shared(maps, shares))
    }

    fn maps(&self, style: &[f32]) -> Result<norms::Maps> {
        if style.len() != self.graph.style_len {
            let text = format!("a style vector of {} numbers for a network that reads {}", style.len(), self.graph.style_len);
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        Ok(self.affines.iter().map(|affine| affine.condition(style)).collect())
    }

    /// Runs the program on `height × width` pixels, row-major, channels fastest; gives the result likewise, with its shape.
    ///
    /// The same input gives the same bytes with any number of threads.
    ///
    /// # Errors
    /// As [`Graph::shapes`]; [`ErrorKind::Mismatch`] if the slice has another length than the picture, or the conditioning is of another
    /// program; [`ErrorKind::Cancelled`] if `control` asked to stop.
    pub fn run(
        &self,
        engine: &Engine,
        picture: (&[f32], usize, usize),
        conditioning: &Conditioning,
        control: &dyn Control,
    ) -> Result<(Vec<f32>, Shape)> {
        run::run(self, engine, picture, Norms::Measured(conditioning), control)
    }

    /// What the conditional norms come to on this picture: the statistics that [`Program::run`] would take on its way. What follows the last
    /// norm is not computed.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn measure(
        &self,
        engine: &Engine,
        picture: (&[f32], usize, usize),
        conditioning: &Conditioning,
        control: &dyn Control,
    ) -> Result<Frozen> {
        run::measure(self, engine, picture, Norms::Measured(conditioning), control)
    }

    /// Runs the program as [`Program::run`] does, with norms that are known: those of a thumbnail, say. With the picture's own, the result
    /// is the same to the bit.
    ///
    /// # Errors
    /// As [`Program::run`].
    pub fn paint(
        &self,
        engine: &Engine,
        picture: (&[f32], usize, usize),
        frozen: &Frozen,
        control: &dyn Control,
    ) -> Result<(Vec<f32>, Shape)> {
        run::run(self, engine, picture, Norms::Frozen(frozen), control)
    }

    /// [`Program::paint`] in bands: rows of the picture are asked for and rows of the result given as they come, from top to bottom, each
    /// once. The result is the same to the bit, whatever the bands.
    ///
    /// # Errors
    /// As [`Program::run`]; besides what `read` and `write` give.
    pub fn paint_bands(
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
