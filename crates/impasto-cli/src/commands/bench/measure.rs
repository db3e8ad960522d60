//! Times networks.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use impasto::Control;
use impasto::engine::{Engine, Program, StepInfo};
use impasto::graph::{Conv, Graph, Op, Padding, Shape};

use super::subject::{Random, weights};
use crate::failure::Result;
use impasto::Size;

/// The times of one network at one size.
pub(super) struct Timing {
    /// Times of whole runs, shortest first.
    pub(super) runs: Vec<Duration>,
    /// Steps, in the order of computation.
    pub(super) layers: Vec<Layer>,
}

/// One step of a program.
pub(super) struct Layer {
    pub(super) name: String,
    pub(super) kernel: Option<&'static str>,
    pub(super) output: Shape,
    pub(super) multiply_accumulates: u64,
    pub(super) products: u64,
    /// The shortest time of all runs.
    pub(super) best: Duration,
}

impl Timing {
    pub(super) fn best(&self) -> Duration {
        self.runs.first().copied().unwrap_or_default()
    }

    pub(super) fn median(&self) -> Duration {
        self.runs.get(self.runs.len() / 2).copied().unwrap_or_default()
    }

    pub(super) fn multiply_accumulates(&self) -> u64 {
        self.layers.iter().map(|layer| layer.multiply_accumulates).sum()
    }

    pub(super) fn products(&self) -> u64 {
        self.layers.iter().map(|layer| layer.products).sum()
    }
}

/// Runs a program once without timing, then `runs` times with.
pub(super) fn time(engine: &Engine, program: &Program, size: Size, runs: usize, control: &dyn Control) -> Result<Timing> {
    let shapes = program.graph().shapes(size)?;
    let mut random = Random(2);
    let picture: Vec<f32> = (0..shapes[0].count().unwrap_or(0)).map(|_| random.next()).collect();
    let style: Vec<f32> = (0..program.graph().style_len).map(|_| random.next() - 0.5).collect();
    let conditioning = program.condition(&style)?;
    let recorder = Recorder { inner: control, runs, state: Mutex::default() };
    let mut times = Vec::with_capacity(runs);
    for run in 0..=runs {
        recorder.begin(run);
        let start = Instant::now();
        let result = program.run(engine, (&picture, size), &conditioning, &recorder)?;
        let elapsed = start.elapsed();
        drop(result);
        if run > 0 {
            times.push(elapsed);
        }
    }
    times.sort();
    let state = recorder.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Timing { runs: times, layers: state.layers })
}

/// Returns the multiply-accumulates per second of a large matrix product: a 1×1
/// convolution from 256 to 256 channels over 128×128 pixels, the best of at least ten
/// runs and a quarter of a second. By its products, no layer can be faster.
pub(super) fn product_peak(engine: &Engine) -> Result<f64> {
    const CHANNELS: usize = 256;
    const SIDE: usize = 128;
    let mut graph = Graph::new(CHANNELS, 0);
    let conv = Conv {
        weight: "weights".into(),
        bias: None,
        kernel: [1, 1],
        stride: 1,
        depthwise: false,
        channels: CHANNELS,
        padding: Padding::Valid,
    };
    graph.push("product", Op::Conv(conv), &[graph.input()]);
    let program = Program::compile(&graph, weights(&graph)?, engine.isa())?;
    let size = Size { width: SIDE, height: SIDE };
    let (start, mut best) = (Instant::now(), 0.0f64);
    while best == 0.0 || start.elapsed() < Duration::from_millis(250) {
        let timing = time(engine, &program, size, 10, &Interruptible)?;
        best = best.max(timing.products() as f64 / timing.best().as_secs_f64());
    }
    Ok(best)
}

/// Shows nothing, and stops on Ctrl-C.
struct Interruptible;

impl Control for Interruptible {
    fn cancelled(&self) -> bool {
        crate::interrupt::asked()
    }
}

/// Keeps the shortest time of every step, and shows all runs as one piece of work.
struct Recorder<'a> {
    inner: &'a dyn Control,
    runs: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    run: usize,
    step: usize,
    layers: Vec<Layer>,
}

impl Recorder<'_> {
    fn begin(&self, run: usize) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.run, state.step) = (run, 0);
    }
}

impl Control for Recorder<'_> {
    fn progress(&self, done: u64, total: u64) {
        let run = self.state.lock().unwrap_or_else(PoisonError::into_inner).run as u64;
        self.inner.progress(run.saturating_mul(total).saturating_add(done), total.saturating_mul(self.runs as u64 + 1));
    }

    fn step(&self, step: &StepInfo<'_>, elapsed: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let at = state.step;
        state.step += 1;
        if state.run == 0 {
            state.layers.push(Layer {
                name: step.name.to_owned(),
                kernel: step.kernel,
                output: step.output,
                multiply_accumulates: step.multiply_accumulates,
                products: step.products,
                best: Duration::MAX,
            });
        } else if let Some(layer) = state.layers.get_mut(at) {
            layer.best = layer.best.min(elapsed);
        }
    }

    fn cancelled(&self) -> bool {
        self.inner.cancelled()
    }
}
