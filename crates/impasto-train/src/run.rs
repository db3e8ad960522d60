//! The loop of every training run: steps, log, checkpoints.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use burn::tensor::{Device, Gradients};
use impasto::{Error, ErrorKind, Result};

use crate::checkpoint;
use crate::executor::Parameters;
use crate::optimiser::{Adam, Schedule};

/// Number of steps that a line of the log averages.
const LINE: usize = 50;

/// The options of a run that are not in its recipe.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder for checkpoint, model, log and contact sheets.
    pub folder: PathBuf,
    /// How often these are written.
    pub every: Duration,
    /// Time after which to stop, even before the recipe's last step.
    pub limit: Option<Duration>,
    /// A model to start from instead of random weights, if there is no checkpoint.
    pub start: Option<PathBuf>,
}

/// The state of a run.
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) schedule: Schedule,
    pub(crate) adam: Adam,
    /// Steps done.
    pub(crate) step: usize,
}

impl State {
    /// Begins a run, or continues from the folder's checkpoint if there is one.
    pub(crate) fn new(options: Options, schedule: Schedule, all: &mut [&mut Parameters], device: &Device) -> Result<Self> {
        let mut adam = Adam::default();
        let step = checkpoint::resume(&options.folder, all, &mut adam, device)?;
        Ok(State { options, schedule, adam, step })
    }

    /// Updates the parameters by their gradients.
    pub(crate) fn descend(&mut self, all: &mut [&mut Parameters], gradients: &Gradients) -> Result<()> {
        self.adam.step(all, gradients, self.schedule, self.step)?;
        self.step += 1;
        Ok(())
    }

    /// Writes the checkpoint.
    pub(crate) fn save(&self, all: &[&Parameters]) -> Result<()> {
        checkpoint::save(&self.options.folder, self.step, all, &self.adam)
    }
}

/// A kind of training.
pub(crate) trait Training {
    fn state(&self) -> &State;

    /// Makes one step. Returns values for the log, by name.
    fn step(&mut self) -> Result<Vec<(String, f32)>>;

    /// Writes a checkpoint, and everything that users look at.
    fn write(&self) -> Result<()>;
}

/// Trains to the end of the recipe or the time limit, then writes everything once more.
pub(crate) fn run(training: &mut impl Training) -> Result<()> {
    let State { options: Options { folder, every, limit, .. }, schedule, .. } = training.state();
    let (folder, every, limit, schedule) = (folder.clone(), *every, *limit, *schedule);
    let start = Instant::now();
    let mut written = Instant::now();
    // Sum and count of each term, because not every step has every term.
    let mut sums = BTreeMap::<String, (f64, f64)>::new();
    while training.state().step < schedule.steps && limit.is_none_or(|limit| start.elapsed() < limit) {
        let before = Instant::now();
        let terms = training.step()?;
        let terms = terms.into_iter().chain([("seconds".to_owned(), before.elapsed().as_secs_f32())]);
        for (name, value) in terms {
            let (sum, count) = sums.entry(name).or_default();
            *sum += f64::from(value);
            *count += 1.0;
        }
        let done = training.state().step;
        if done.is_multiple_of(LINE) {
            let means = std::mem::take(&mut sums).into_iter().map(|(name, (sum, count))| (name, sum / count));
            let mut line: BTreeMap<String, f64> = means.collect();
            line.extend([("step".to_owned(), done as f64), ("rate".to_owned(), f64::from(schedule.rate(done)))]);
            log(&folder, &line)?;
        }
        if written.elapsed() >= every {
            training.write()?;
            written = Instant::now();
        }
    }
    training.write()
}

/// Appends a line to a folder's `log.jsonl`, and prints it.
fn log(folder: &Path, line: &BTreeMap<String, f64>) -> Result<()> {
    let line = serde_json::to_string(line).map_err(|e| Error::new(ErrorKind::Malformed, e.to_string()))?;
    eprintln!("{line}");
    let path = folder.join("log.jsonl");
    let named = |e: std::io::Error| Error::from(e).context(path.display());
    let mut file = OpenOptions::new().append(true).create(true).open(&path).map_err(named)?;
    writeln!(file, "{line}").map_err(named)
}
