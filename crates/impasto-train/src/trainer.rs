//! Trains a pair of networks: steps, checkpoints, contact sheets.

mod batch;
mod sheet;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use burn::tensor::{Device, Tensor};
use impasto::networks::{Architecture, Family, Model};
use impasto::weights::safetensors::{self, Precision};
use impasto::{Error, ErrorKind, Result};

use crate::checkpoint;
use crate::data::{self, StyleCrop};
use crate::executor::{Executor, Parameters, values};
use crate::loss::{Perception, Style, Terms};
use crate::optimiser::Schedule;
use crate::recipe::{Recipe, Train};
use crate::run::{self, Options, State, Training};
use batch::{Batch, Sources};

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
        if trainer.state.step < run.train.steps {
            break;
        }
        start = Some(folder.join("model.safetensors"));
    }
    Ok(())
}

/// A training run.
pub struct Trainer {
    recipe: Recipe,
    state: State,
    device: Device,
    perception: Perception,
    sources: Arc<Sources>,
    batches: Receiver<Result<Batch>>,
    bank: Vec<Entry>,
    model: Model,
    predictor: Parameters,
    transformer: Parameters,
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
        let sources = Arc::new(Sources::open(&recipe)?);
        let (content, style) = (&sources.content, &sources.style);
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
        let (mut predictor, mut transformer) =
            (Parameters::new(&own.weights, &device, true), Parameters::new(&other.weights, &device, true));
        let Train { steps, rate, warm_up, clip, average, bank, .. } = recipe.train;
        let schedule = Schedule { steps, rate, warm_up, clip, average };
        let state = State::new(options, schedule, &mut [&mut predictor, &mut transformer], &device)?;
        let step = state.step;
        let mut trainer = Trainer {
            recipe,
            state,
            device,
            perception,
            batches: sources.batches(step),
            sources,
            bank: Vec::new(),
            model,
            predictor,
            transformer,
        };
        // The bank as it would be had the run not been interrupted: an entry is a step's, and lives for as many steps as the bank has places.
        let first = (step + 1).saturating_sub(bank);
        for step in first..first + bank {
            let entry = trainer.entry(trainer.sources.style(step)?)?;
            trainer.bank.push(entry);
        }
        trainer.bank.rotate_right(first % bank);
        Ok(trainer)
    }

    /// Trains to the recipe's end, or the time limit; then writes everything once more.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if something cannot be written.
    pub fn run(&mut self) -> Result<()> {
        run::run(self)
    }

    fn entry(&self, crop: StyleCrop) -> Result<Entry> {
        let target = data::tensor(vec![crop.target], self.recipe.train.style_crop, &self.device);
        Ok(Entry { seen: crop.seen, statistics: self.perception.style(target)? })
    }
}

impl Training for Trainer {
    fn state(&self) -> &State {
        &self.state
    }

    fn step(&mut self) -> Result<Vec<(String, f32)>> {
        let Train { crop, style_crop, bank, .. } = self.recipe.train;
        let batch = self.batches.recv().map_err(|_| Error::new(ErrorKind::Io, "no more pictures can be cut"))?;
        let Batch { content, thumbnail, style, places } = batch?;
        self.bank[self.state.step % bank] = self.entry(style)?;
        let entries: Vec<&Entry> = places.iter().map(|place| &self.bank[*place]).collect();
        let statistics = Style::cat(&entries.iter().map(|entry| &entry.statistics).collect::<Vec<_>>());
        let seen = data::tensor(entries.iter().map(|entry| entry.seen.clone()).collect(), style_crop * 2 / 3, &self.device);
        let (crops, small): (Vec<_>, Vec<_>) = content.into_iter().map(|content| (content.crop, content.thumbnail)).unzip();
        let content = data::tensor(crops, crop, &self.device);
        let thumbnail = thumbnail.map(|side| data::tensor(small.into_iter().flatten().collect(), side, &self.device));

        let (predictor, transformer) = self.model.pair()?;
        let vector = Executor::new(&predictor.graph)?.run(&self.predictor, seen, None, None, &[])?.output;
        let vector: Tensor<2> = vector.reshape([places.len(), predictor.style_len()]);
        let executor = Executor::new(&transformer.graph)?;
        let given = match thumbnail {
            Some(small) => Some(executor.run(&self.transformer, small, Some(&vector), None, &[])?.statistics),
            None => None,
        };
        let painted = executor.run(&self.transformer, content.clone(), Some(&vector), given.as_ref(), &[])?.output;
        let terms = self.perception.terms(painted, &self.perception.content(content)?, &statistics)?;
        let gradients = terms.total(&self.recipe.loss).backward();
        self.state.descend(&mut [&mut self.predictor, &mut self.transformer], &gradients)?;
        let Terms { content, gram, moments, variation } = terms;
        let named = [("content", content), ("gram", gram), ("moments", moments), ("variation", variation)];
        named.into_iter().map(|(name, term)| Ok((name.to_owned(), values(term)?[0]))).collect()
    }

    /// Writes `checkpoint.safetensors`, `model.safetensors` (the averaged weights, float16) and a contact sheet.
    fn write(&self) -> Result<()> {
        let State { options: Options { folder, .. }, adam, step, .. } = &self.state;
        self.state.save(&[&self.predictor, &self.transformer])?;
        let mut model = self.model.clone();
        for (network, parameters) in [(&mut model.predictor, &self.predictor), (&mut model.transformer, &self.transformer)] {
            let Some(network) = network else { continue };
            network.source = format!("trained by impasto-train, {step} steps");
            network.weights = checkpoint::averaged(parameters, adam)?;
        }
        safetensors::write(&model.to_weights(), &folder.join("model.safetensors"), Precision::F16, true)?;
        self.sheet(model)
    }
}
