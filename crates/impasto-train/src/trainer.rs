//! The loop: steps, log, checkpoints, contact sheets.

mod checkpoint;
mod sheet;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use burn::tensor::{Device, Tensor};
use fastrand::Rng;
use impasto::networks::{Architecture, Family, Model};
use impasto::{Error, ErrorKind, Result};

use crate::data::{self, Pictures};
use crate::executor::{Executor, Parameters, values};
use crate::log;
use crate::loss::{Perception, Style, Terms};
use crate::optimiser::{self, Adam};
use crate::recipe::{Recipe, Train};

/// What a run is given beside its recipe.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where checkpoint, model, log and contact sheets go.
    pub folder: PathBuf,
    /// How often these are written.
    pub every: Duration,
    /// When to stop, if before the recipe's last step.
    pub limit: Option<Duration>,
    /// A model to start from instead of random weights, if there is no checkpoint.
    pub start: Option<PathBuf>,
}

/// Trains all runs of a recipe, one after the other: to their ends, or the time limit. Several have a folder each, `run-1`, `run-2`, ….
///
/// # Errors
/// As [`Trainer::open`] and [`Trainer::run`].
pub fn train(recipe: &Recipe, options: &Options, device: &Device) -> Result<()> {
    let begun = Instant::now();
    let runs = recipe.runs();
    let mut start = options.start.clone();
    for (i, run) in runs.iter().enumerate() {
        let folder = if runs.len() == 1 { options.folder.clone() } else { options.folder.join(format!("run-{}", i + 1)) };
        let limit = options.limit.map(|limit| limit.saturating_sub(begun.elapsed()));
        let own = Options { folder: folder.clone(), limit, start, ..options.clone() };
        let mut trainer = Trainer::open(run.clone(), own, device.clone())?;
        trainer.run()?;
        if trainer.step < run.train.steps {
            break;
        }
        start = Some(folder.join("model.safetensors"));
    }
    Ok(())
}

/// A training run.
pub struct Trainer {
    recipe: Recipe,
    options: Options,
    device: Device,
    perception: Perception,
    content: Pictures,
    style: Pictures,
    bank: Vec<Entry>,
    model: Model,
    predictor: Parameters,
    transformer: Parameters,
    adam: Adam,
    /// Steps done.
    step: usize,
}

/// A style crop with its statistics.
struct Entry {
    seen: Vec<f32>,
    statistics: Style,
}

impl Trainer {
    /// Reads pictures and networks, and the checkpoint if the folder has one.
    ///
    /// # Errors
    /// One line that names what cannot be read or does not fit together.
    pub fn open(recipe: Recipe, options: Options, device: Device) -> Result<Self> {
        std::fs::create_dir_all(&options.folder).map_err(|e| Error::from(e).context(options.folder.display()))?;
        let device = device.autodiff();
        let perception = Perception::open(&recipe.perception, &device)?;
        let content = Pictures::open(&recipe.data.content, 384, recipe.data.held_out)?;
        let style = Pictures::open(&recipe.data.style, 384, recipe.data.held_out)?;
        eprintln!(
            "{} photographs and {} style pictures, {} and {} held out",
            content.len(),
            style.len(),
            content.held_out.len(),
            style.held_out.len()
        );
        let predictor: Architecture = recipe.predictor.parse()?;
        let transformer: Architecture = recipe.transformer.parse()?;
        let mut model = match &options.start {
            Some(path) => Model::open(path)?,
            None => Model::untrained(predictor.clone(), transformer.clone(), recipe.seed)?,
        };
        let family: Family = recipe.family.parse()?;
        model.family = family.clone();
        for (network, architecture) in [(&mut model.predictor, predictor), (&mut model.transformer, transformer)] {
            let Some(network) = network else { continue };
            if network.architecture != architecture {
                let text = format!("the model to start from is {}, the recipe's {architecture}", network.architecture);
                return Err(Error::new(ErrorKind::Mismatch, text));
            }
            network.family = family.clone();
            network.source = "trained by impasto-train".into();
            network.licence = "MIT OR Apache-2.0".into();
        }
        let (own, other) = model.pair()?;
        let (predictor, transformer) =
            (Parameters::new(&own.weights, &device, true), Parameters::new(&other.weights, &device, true));
        let mut trainer = Trainer {
            recipe,
            options,
            device,
            perception,
            content,
            style,
            bank: Vec::new(),
            model,
            predictor,
            transformer,
            adam: Adam::default(),
            step: 0,
        };
        trainer.restore()?;
        // The bank as it would be had the run not been interrupted: an entry is a step's, and lives for as many steps as the bank has places.
        let first = (trainer.step + 1).saturating_sub(trainer.recipe.train.bank);
        for step in first..first + trainer.recipe.train.bank {
            let entry = trainer.entry(step)?;
            trainer.bank.push(entry);
        }
        let places = trainer.recipe.train.bank;
        trainer.bank.rotate_right(first % places);
        Ok(trainer)
    }

    /// Trains to the recipe's end, or the time limit; then writes everything once more.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if something cannot be written; [`ErrorKind::Malformed`] if a loss is no number any more.
    pub fn run(&mut self) -> Result<()> {
        let start = Instant::now();
        let mut written = Instant::now();
        let mut means = Means::default();
        while self.step < self.recipe.train.steps && self.options.limit.is_none_or(|limit| start.elapsed() < limit) {
            let before = Instant::now();
            let terms = self.step()?;
            means.add(&terms, before.elapsed())?;
            if self.step.is_multiple_of(50) {
                self.log(&means.take(self.step, self.rate()))?;
            }
            if written.elapsed() >= self.options.every {
                self.write()?;
                written = Instant::now();
            }
        }
        self.write()
    }

    /// The rate of the next step.
    fn rate(&self) -> f32 {
        let Train { steps, rate, warm_up, .. } = self.recipe.train;
        optimiser::rate(self.step, steps, rate, warm_up)
    }

    /// The style crop that the step brings into the bank.
    fn entry(&self, step: usize) -> Result<Entry> {
        let mut rng = self.rng(step, 1);
        let side = self.recipe.train.style_crop;
        let crop = data::style(&self.style, side, &mut rng)?;
        let target = data::tensor(vec![crop.target], side, &self.device);
        Ok(Entry { seen: crop.seen, statistics: self.perception.style(target)? })
    }

    /// Random numbers that depend on the seed, the step and what they are for alone: so a resumed run goes on as it would have.
    fn rng(&self, step: usize, purpose: u64) -> Rng {
        data::rng(self.recipe.seed, step, purpose)
    }

    fn step(&mut self) -> Result<Terms> {
        let Train { batch, crop, style_crop, thumbnails, thumbnail, bank, clip, average, .. } = self.recipe.train;
        let place = self.step % bank;
        if self.step > 0 {
            self.bank[place] = self.entry(self.step)?;
        }
        let mut rng = self.rng(self.step, 0);
        let thumbnail = (rng.f32() < thumbnails).then_some(thumbnail);
        let mut crops = Vec::new();
        let mut small = Vec::new();
        for _ in 0..batch {
            let content = data::content(&self.content, crop, thumbnail, &mut rng)?;
            crops.push(content.crop);
            small.extend(content.thumbnail);
        }
        let entries: Vec<&Entry> = (0..batch).map(|_| &self.bank[rng.usize(0..bank)]).collect();
        let statistics = Style::cat(&entries.iter().map(|entry| &entry.statistics).collect::<Vec<_>>());
        let seen = data::tensor(entries.iter().map(|entry| entry.seen.clone()).collect(), style_crop * 2 / 3, &self.device);
        let content = data::tensor(crops, crop, &self.device);
        let thumbnail = thumbnail.map(|side| data::tensor(small, side, &self.device));

        let (predictor, transformer) = self.model.pair()?;
        let vector = Executor::new(&predictor.graph)?.run(&self.predictor, seen, None, None, &[])?.output;
        let vector: Tensor<2> = vector.reshape([batch, predictor.style_len()]);
        let executor = Executor::new(&transformer.graph)?;
        let given = match thumbnail {
            Some(small) => Some(executor.run(&self.transformer, small, Some(&vector), None, &[])?.statistics),
            None => None,
        };
        let painted = executor.run(&self.transformer, content.clone(), Some(&vector), given.as_ref(), &[])?.output;
        let terms = self.perception.terms(painted, &self.perception.content(content)?, &statistics)?;
        let gradients = terms.total(&self.recipe.loss).backward();
        let length = optimiser::length(&mut [&mut self.predictor, &mut self.transformer], &gradients)?;
        let rate = self.rate();
        self.step += 1;
        if !length.is_finite() {
            eprintln!("step {}: the gradient is no number; the step is left out", self.step);
            return Ok(terms);
        }
        let step = optimiser::Step { number: self.step, rate, shrink: (clip / length.max(1e-12)).min(1.0), average };
        self.adam.step(&mut self.predictor, &gradients, step);
        self.adam.step(&mut self.transformer, &gradients, step);
        Ok(terms)
    }

    fn log(&self, line: &BTreeMap<&'static str, f64>) -> Result<()> {
        let text = serde_json::to_string(line).map_err(|e| Error::new(ErrorKind::Malformed, e.to_string()))?;
        log::add(&self.options.folder, &text)
    }
}

/// Sums of the terms since the last line of the log.
#[derive(Default)]
struct Means {
    sums: BTreeMap<&'static str, f64>,
    steps: usize,
}

impl Means {
    fn add(&mut self, terms: &Terms, elapsed: Duration) -> Result<()> {
        let named =
            [("content", &terms.content), ("gram", &terms.gram), ("moments", &terms.moments), ("variation", &terms.variation)];
        for (name, term) in named {
            *self.sums.entry(name).or_default() += f64::from(values(term.clone())?[0]);
        }
        *self.sums.entry("seconds").or_default() += elapsed.as_secs_f64();
        self.steps += 1;
        Ok(())
    }

    fn take(&mut self, step: usize, rate: f32) -> BTreeMap<&'static str, f64> {
        let mut line = std::mem::take(&mut self.sums);
        line.values_mut().for_each(|sum| *sum /= self.steps as f64);
        self.steps = 0;
        line.extend([("step", step as f64), ("rate", f64::from(rate))]);
        line
    }
}
