//! Running networks: a [`Graph`] and its weights are compiled into a [`Program`], which runs on pictures.
//!
//! An [`Executor`] does the work. It is chosen once, for an [`Engine`] and what is
//! compiled for it, never for a single operation:
//!
//! | executor | folder | promise |
//! | --- | --- | --- |
//! | [`Executor::Cpu`] | `cpu/` | the same bytes, at any number of threads and in any bands |
//! | [`Executor::Reference`] | `reference/` | loops that are easy to believe; slow, for tests |
//!
//! The seam between the executors and the rest of the library is small. An executor compiles a graph to run it
//! (`Compiled`) or to compute gradients (`Differentiable`), and computes the two sums over features that losses are
//! made of (`Backend`). Nothing else in the library knows which executor is at work.

mod bands;
mod cpu;
pub(crate) mod gradient;
mod norms;
mod program;
pub mod reference;
mod shares;

use std::fmt;
use std::sync::{Mutex, PoisonError};

pub use impasto_kernels::Isa;
use impasto_kernels::{Threads, memory};

use crate::graph::{Graph, Shape};
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};
use gradient::{Differentiable, Wanted};
use program::Compiled;

pub use bands::{Bands, ReadRows, WriteRows};
pub use norms::{Conditioning, Frozen};
pub(crate) use program::check_cancelled;
pub use program::{Control, Program, StepInfo};
pub use shares::Shares;

/// What does the arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Executor {
    /// Our kernels on the CPU, with this instruction set. The same input gives the same
    /// bytes on every machine that has the instruction set.
    Cpu(Isa),
    /// Plain loops on one thread, which sum in float64 and keep every layer. Pictures agree with the CPU's up to
    /// rounding. It is hundreds of times slower and exists to test the others.
    Reference,
}

impl Default for Executor {
    /// The CPU, with the machine's best instruction set.
    fn default() -> Self {
        Executor::Cpu(Isa::best())
    }
}

impl From<Isa> for Executor {
    fn from(isa: Isa) -> Self {
        Executor::Cpu(isa)
    }
}

/// The name in records: the instruction set (`avx2`), or `reference`.
impl fmt::Display for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Executor::Cpu(isa) => isa.fmt(f),
            Executor::Reference => f.write_str("reference"),
        }
    }
}

impl Executor {
    /// The list of executors, one line each.
    fn backend(self) -> Box<dyn Backend> {
        match self {
            Executor::Cpu(isa) => Box::new(cpu::Cpu { isa }),
            Executor::Reference => Box::new(reference::Reference),
        }
    }
}

/// What an executor does. Values are row-major, channels last.
trait Backend {
    /// Compiles a graph to run it. Takes the weights by value, so that they are not held
    /// twice. They have been checked against the graph.
    fn compile(&self, graph: &Graph, weights: Weights) -> Result<Box<dyn Compiled>>;

    /// Compiles a graph for both passes. The weights have been checked against the graph.
    fn differentiate(&self, graph: &Graph, weights: &Weights, wanted: &Wanted<'_>) -> Result<Box<dyn Differentiable>>;

    /// For each pair of channels, sums their products over all pixels, with one factor from `features`
    /// and the other from `weighted`: `channels × channels` numbers.
    fn products(&self, threads: &Threads, features: (&[f32], Shape), weighted: &[f32]) -> Vec<f32>;

    /// Writes `matrix · f + shift` for the features `f` of every pixel. The matrix is symmetric.
    fn map_pixels(&self, threads: &Threads, features: (&[f32], Shape), map: (&[f32], &[f32]), target: &mut [f32]);
}

/// How an engine runs programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EngineOptions {
    /// Number of threads; 0 (the default) for one per core.
    pub threads: usize,
    /// What does the arithmetic. Default: the CPU with its best instruction set.
    /// [`isa_from_environment`] reads a user's choice.
    pub executor: Executor,
}

impl EngineOptions {
    /// Sets the number of threads; 0 for one per core.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        EngineOptions { threads, ..self }
    }

    /// Selects this instruction set of the CPU.
    #[must_use]
    pub fn isa(self, isa: Isa) -> Self {
        self.executor(isa)
    }

    /// Selects this executor, or the CPU with this instruction set.
    #[must_use]
    pub fn executor(self, executor: impl Into<Executor>) -> Self {
        EngineOptions { executor: executor.into(), ..self }
    }
}

/// Returns the instruction set that the environment variable `IMPASTO_ISA` names (`portable`,
/// `avx2`, `avx512`, `neon`), or the machine's best if it is unset.
///
/// # Errors
/// [`ErrorKind::InvalidArgument`] if the name is unknown or this machine lacks the instruction set.
pub fn isa_from_environment() -> Result<Isa> {
    match std::env::var("IMPASTO_ISA") {
        Ok(name) if !name.is_empty() => {
            name.parse().map_err(|why| Error::new(ErrorKind::InvalidArgument, format!("IMPASTO_ISA: {why}")))
        }
        _ => Ok(Isa::best()),
    }
}

/// Threads and scratch memory that programs share, and the executor that they are compiled for.
pub struct Engine {
    threads: Threads,
    executor: Executor,
    /// Buffers of finished runs, reused by the next ones: fresh memory costs a page fault every 4 KiB.
    buffers: Mutex<Vec<Vec<f32>>>,
}

impl Engine {
    /// Creates an engine with its own threads.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the operating system refuses to start the threads.
    pub fn new(options: EngineOptions) -> Result<Self> {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let count = if options.threads == 0 { cores() } else { options.threads };
        let threads = Threads::new(count).map_err(|e| Error::from(e).context(format!("cannot start {count} threads")))?;
        Ok(Engine { threads, executor: options.executor, buffers: Mutex::default() })
    }

    /// The number of threads.
    pub fn threads(&self) -> usize {
        self.threads.count()
    }

    /// What does the arithmetic.
    pub fn executor(&self) -> Executor {
        self.executor
    }

    /// The instruction set that its kernels use. The reference executor uses none and reports [`Isa::Portable`].
    pub fn isa(&self) -> Isa {
        match self.executor {
            Executor::Cpu(isa) => isa,
            Executor::Reference => Isa::Portable,
        }
    }

    /// Returns a buffer of this length with unspecified content: an earlier run's, if one is large enough.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if there is not enough memory.
    fn take_buffer(&self, len: usize) -> Result<Vec<f32>> {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(i) = (0..buffers.len()).filter(|&i| buffers[i].capacity() >= len).min_by_key(|&i| buffers[i].capacity()) {
            let mut buffer = buffers.swap_remove(i);
            drop(buffers);
            buffer.resize(len, 0.0);
            return Ok(buffer);
        }
        // The new buffer replaces the largest one. Otherwise, pictures of growing size
        // would leave all of theirs behind.
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

    /// Returns memory that is kept for the next run to the system.
    pub fn release_memory(&self) {
        self.threads.release_memory();
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Calls `work` once for each chunk of `len` values with the chunk's index, in any
    /// order, on all threads. The last chunk may be shorter.
    pub(crate) fn for_each_chunk(&self, values: &mut [f32], len: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        self.threads.for_each_chunk(values, len, work);
    }

    /// For each pair of channels, sums their products over all pixels: `channels × channels` numbers. `weighted` holds
    /// the features of the second factor, perhaps with a weight for each pixel.
    pub(crate) fn products(&self, features: (&[f32], Shape), weighted: &[f32]) -> Vec<f32> {
        self.executor.backend().products(&self.threads, features, weighted)
    }

    /// Writes `matrix · f + shift` for the features `f` of every pixel to `target`. The matrix is symmetric.
    pub(crate) fn map_pixels(&self, features: (&[f32], Shape), matrix: &[f32], shift: &[f32], target: &mut [f32]) {
        self.executor.backend().map_pixels(&self.threads, features, (matrix, shift), target);
    }
}
