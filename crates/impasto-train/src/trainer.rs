//! Trains a pair of networks, style predictor and transformer.

mod batch;
mod sheet;

use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use burn::tensor::{Device, Tensor, TensorData};
use impasto::networks::{Architecture, Family, Model, Network, native};
use impasto::weights::Tensor as Array;
use impasto::weights::safetensors::{self, Precision};
use impasto::{Error, ErrorKind, Result};

use crate::checkpoint;
use crate::data::{self, Content, StyleCrop};
use crate::executor::{Executor, Parameters, values};
use crate::loss::{self, Perception, Style, Terms};
use crate::optimiser::{Faster, Schedule};
use crate::recipe::{Recipe, Train};
use crate::run::{self, Options, State, Training};
use batch::{Batch, Sources};

/// Trains all runs of a recipe, one after the other, to their ends or the time limit. If there are several, each
/// has its own folder: `run-1`, `run-2`, ….
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
        start = Some(folder.join("start.safetensors"));
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
    /// In trained form: kernels without their filters.
    model: Model,
    /// The transformer in the form that is run.
    run: Architecture,
    predictor: Parameters,
    transformer: Parameters,
}

/// Returns the trained form of a transformer. If filters are folded into kernels,
/// this form has the kernels without them.
fn trained_form(run: &Architecture) -> Architecture {
    match run {
        Architecture::NativeTransformer(it) if it.resample == 5 => {
            Architecture::NativeTransformer(native::Transformer { resample: 3, ..it.clone() })
        }
        other => other.clone(),
    }
}

/// Prepares `start` for a recipe whose untrained model is `fresh`. If the architectures are the same, `start` is kept.
/// If `fresh` adds skips, they begin almost silent. If it adds a branch at stride 8, it begins silent.
fn continued(mut start: Model, fresh: Model) -> Result<Model> {
    let (Some(from), Some(to)) = (&start.transformer, &fresh.transformer) else { return Ok(start) };
    let (Architecture::NativeTransformer(old), Architecture::NativeTransformer(new)) = (&from.architecture, &to.architecture)
    else {
        return Ok(start);
    };
    let grown = native::Transformer { skips: old.skips || new.skips, deep: old.deep.or(new.deep), ..old.clone() };
    if old == new || grown != *new {
        return Ok(start);
    }
    let mut transformer = to.clone();
    for (name, array) in to.weights.iter() {
        let fill = match from.weights.get(name) {
            Some(old) => old.clone(),
            None => {
                let value = match name {
                    _ if name.ends_with("/skip/scale/biases") => 0.1,
                    _ if name.contains("/skip/") && !name.ends_with("/skip/weights") => 0.0,
                    // Scale and shift of its norm: whatever the branch computes, it adds nothing.
                    _ if name.contains("/deep/expand/") && !name.ends_with("/expand/weights") => 0.0,
                    _ => continue,
                };
                Array::new(array.shape().to_vec(), vec![value; array.data().len()])?
            }
        };
        transformer.weights.insert(name, fill);
    }
    start.transformer = Some(transformer);
    Ok(start)
}

/// Removes the filters that are folded into the kernels of `start`, as in shipped models, if `run`, the transformer
/// that is trained, has such filters too. Other models stay unchanged.
///
/// # Errors
/// [`ErrorKind::Mismatch`] if a kernel is not a 3×3 kernel with the filter folded into it.
fn unfold(mut start: Model, run: &Architecture) -> Result<Model> {
    let Some(network) = &mut start.transformer else { return Ok(start) };
    let trained = trained_form(&network.architecture);
    let Architecture::NativeTransformer(folded) = &network.architecture else { return Ok(start) };
    if trained == network.architecture || trained_form(run) == *run {
        return Ok(start);
    }
    for name in folded.resampling() {
        let refused = |what: &str| Error::new(ErrorKind::Mismatch, format!("the model to start from: {name:?} {what}"));
        let kernel = network.weights.get(&name).ok_or_else(|| refused("is missing"))?;
        let &[5, 5, inputs, outputs] = kernel.shape() else { return Err(refused("is not a 5×5 kernel")) };
        let small = native::unfolded(kernel.data(), inputs, outputs);
        let largest = kernel.data().iter().fold(0.0, |most: f32, value| most.max(value.abs()));
        let again = native::folded(&small, 3, inputs, outputs);
        // Float16 rounds by 0.0005 of a value.
        if again.iter().zip(kernel.data()).any(|(a, b)| (a - b).abs() > 0.002 * largest) {
            return Err(refused("is not a 3×3 kernel with a filter folded into it"));
        }
        network.weights.insert(name, Array::new([3, 3, inputs, outputs], small)?);
    }
    network.graph = trained.graph();
    network.architecture = trained;
    Ok(start)
}

/// Turns a transformer from its trained form into the form that is run.
fn fold(network: &mut Network, run: &Architecture) -> Result<()> {
    if let (Architecture::NativeTransformer(trained), Architecture::NativeTransformer(folded)) = (&network.architecture, run)
        && trained.resample != folded.resample
    {
        for name in folded.resampling() {
            let lacking = || Error::new(ErrorKind::Mismatch, format!("the weights lack {name:?}"));
            let kernel = network.weights.get(&name).ok_or_else(lacking)?;
            let &[side, _, inputs, outputs] = kernel.shape() else { return Err(lacking()) };
            let wide = native::folded(kernel.data(), side, inputs, outputs);
            network.weights.insert(name, Array::new([side + 2, side + 2, inputs, outputs], wide)?);
        }
    }
    network.architecture = run.clone();
    network.graph = run.graph();
    Ok(())
}

/// A style crop with its statistics.
struct Entry {
    seen: Vec<f32>,
    statistics: Style,
}

impl Trainer {
    /// Reads pictures and networks, and the folder's checkpoint if there is one.
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
        let run: Architecture = recipe.transformer.parse()?;
        let transformer = trained_form(&run);
        let fresh = Model::untrained(predictor.clone(), transformer.clone(), recipe.seed)?;
        let mut model = match &options.start {
            Some(path) => continued(unfold(Model::open(path)?, &run)?, fresh)?,
            None => fresh,
        };
        let family: Family = recipe.family.parse()?;
        model.family = family.clone();
        for (network, architecture) in [(&mut model.predictor, predictor), (&mut model.transformer, transformer)] {
            let Some(network) = network else { continue };
            if network.architecture != architecture {
                let text = format!("the model to start from is {}, but the recipe's is {architecture}", network.architecture);
                return Err(Error::new(ErrorKind::Mismatch, text));
            }
            network.family = family.clone();
            network.source = "trained by impasto-train".into();
            network.licence = "MIT OR Apache-2.0".into();
        }
        let (own, other) = model.pair()?;
        let (mut predictor, mut transformer) =
            (Parameters::new(&own.weights, &device, true), Parameters::new(&other.weights, &device, true));
        let Train { steps, rate, deep_rate, warm_up, clip, average, bank, .. } = recipe.train;
        let faster = Faster { holding: "/deep/", times: deep_rate };
        let schedule = Schedule { steps, rate, faster: Some(faster), warm_up, clip, average };
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
            run,
            predictor,
            transformer,
        };
        // Fills the bank as if the run had never been interrupted: an entry is added in its step, and stays for
        // as many steps as the bank has places.
        let first = (step + 1).saturating_sub(bank);
        for step in first..first + bank {
            let entry = trainer.entry(trainer.sources.style(step)?)?;
            trainer.bank.push(entry);
        }
        trainer.bank.rotate_right(first % bank);
        Ok(trainer)
    }

    /// Trains to the end of the recipe or the time limit, then writes everything once more.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if something cannot be written.
    pub fn run(&mut self) -> Result<()> {
        run::run(self)
    }

    /// Returns the crops moved by up to 4 pixels, six in ten with noise of at most two 8-bit
    /// steps, and by how much they were moved.
    fn disturbed(&self, content: Tensor<4>) -> (Tensor<4>, [usize; 2]) {
        let mut rng = data::rng(self.recipe.seed, self.state.step, u64::from(u8::MAX));
        let by = [rng.usize(0..=4), rng.usize(0..=4)];
        let [n, h, w, c] = content.dims();
        let noise = (0..n).flat_map(|_| {
            let reach = if rng.f32() < 0.6 { 2.0 / 255.0 } else { 0.0 };
            (0..h * w * c).map(|_| (2.0 * rng.f32() - 1.0) * reach).collect::<Vec<_>>()
        });
        let noise = Tensor::<4>::from_data(TensorData::new(noise.collect::<Vec<f32>>(), [n, h, w, c]), &self.device);
        (loss::rolled((content + noise).clamp(0.0, 1.0), by), by)
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
        let mut crops = (Vec::new(), Vec::new(), Vec::new());
        for Content { crop, meant, thumbnail } in content {
            crops.0.push(crop);
            crops.1.push(meant);
            crops.2.extend(thumbnail);
        }
        let (content, meant, small) =
            (data::tensor(crops.0, crop, &self.device), data::tensor(crops.1, crop, &self.device), crops.2);
        let thumbnail = thumbnail.map(|side| data::tensor(small, side, &self.device));

        let (predictor, _) = self.model.pair()?;
        let vector = Executor::new(&predictor.graph)?.run(&self.predictor, seen, None, None, &[])?.output;
        let vector: Tensor<2> = vector.reshape([places.len(), predictor.style_len()]);
        let graph = self.run.graph();
        let executor = Executor::new(&graph)?;
        let given = match thumbnail {
            Some(small) => Some(executor.run(&self.transformer, small, Some(&vector), None, &[])?.statistics),
            None => None,
        };
        let painted = executor.run(&self.transformer, content.clone(), Some(&vector), given.as_ref(), &[])?;
        let mut terms = self.perception.terms(painted.output.clone(), &self.perception.content(meant.clone())?, &statistics)?;
        if self.recipe.loss.halo > 0.0 {
            terms.halo = Some(loss::halo(painted.output.clone(), meant));
        }
        // Only in every second step, because this takes as long as painting.
        if self.recipe.loss.steady > 0.0 && self.state.step.is_multiple_of(2) {
            let (moved, by) = self.disturbed(content);
            // The first painting's statistics are used, as for the frames of a shot. Gradients flow through them
            // too. If they were constant, the term would shrink every kernel before a norm, which changes no
            // picture but makes each step larger.
            let moved = executor.run(&self.transformer, moved, Some(&vector), Some(&painted.statistics), &[])?.output;
            let back = loss::rolled(moved, by.map(|n| crop - n));
            terms.steady = Some(loss::difference(back, painted.output, crop / 8));
        }
        let gradients = terms.total(&self.recipe.loss).backward();
        self.state.descend(&mut [&mut self.predictor, &mut self.transformer], &gradients)?;
        let Terms { content, gram, moments, variation, lattice, halo, steady } = terms;
        let named = [("content", content), ("gram", gram), ("moments", moments), ("variation", variation), ("lattice", lattice)];
        named
            .into_iter()
            .chain(halo.map(|halo| ("halo", halo)))
            .chain(steady.map(|steady| ("steady", steady)))
            .map(|(name, term)| Ok((name.to_owned(), values(term)?[0])))
            .collect()
    }

    /// Writes `checkpoint.safetensors`, a contact sheet and two models with the averaged weights in
    /// float16: `start.safetensors`, to start another run from, and `model.safetensors`, to paint with, in
    /// which filters are folded into the kernels.
    fn write(&self) -> Result<()> {
        let State { options: Options { folder, .. }, adam, step, .. } = &self.state;
        self.state.save(&[&self.predictor, &self.transformer])?;
        let mut model = self.model.clone();
        for (network, parameters) in [(&mut model.predictor, &self.predictor), (&mut model.transformer, &self.transformer)] {
            let Some(network) = network else { continue };
            network.source = format!("trained by impasto-train, {step} steps");
            network.weights = checkpoint::averaged(parameters, adam)?;
        }
        safetensors::save(&model.to_weights(), &folder.join("start.safetensors"), Precision::F16, true)?;
        if let Some(transformer) = &mut model.transformer {
            fold(transformer, &self.run)?;
        }
        safetensors::save(&model.to_weights(), &folder.join("model.safetensors"), Precision::F16, true)?;
        self.sheet(model)
    }
}

#[cfg(test)]
mod tests {
    use impasto::engine::{Engine, EngineOptions, Isa, Program};
    use impasto::networks::native::{Deep, Predictor, Transformer};

    use super::{Architecture, Model, continued, unfold};

    #[test]
    fn a_model_that_gets_a_branch_paints_as_before() {
        let plain =
            Transformer { widths: [6, 8, 12], blocks: 1, resample: 3, style_len: 7, thumbnail: 32, ..Transformer::shipped() };
        let deep = Some(Deep { channels: 10, blocks: 1 });
        let untrained = |transformer: &Transformer, seed| {
            let predictor = Predictor { widths: [4, 6, 8, 8], vector_len: 7 };
            let architectures = (Architecture::NativePredictor(predictor), Architecture::NativeTransformer(transformer.clone()));
            Model::untrained(architectures.0, architectures.1, seed).unwrap()
        };
        let start = untrained(&plain, 1);
        let grown = continued(start.clone(), untrained(&Transformer { deep, ..plain.clone() }, 2)).unwrap();
        let engine = Engine::new(EngineOptions::default().threads(1)).unwrap();
        let (height, width) = (40, 48);
        let picture: Vec<f32> = (0..height * width * 3).map(|i| (i as f32 * 0.37).sin() * 0.5 + 0.5).collect();
        let painted = |model: &Model| {
            let (_, network) = model.pair().unwrap();
            let program = Program::compile(&network.graph, network.weights.clone(), Isa::best()).unwrap();
            let style: Vec<f32> = (0..7).map(|i| 0.4 - 0.1 * i as f32).collect();
            program.run(&engine, (&picture, [width, height]), &program.condition(&style).unwrap(), &()).unwrap().0
        };
        let (before, after) = (painted(&start), painted(&grown));
        let farthest = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(before.len() == after.len() && farthest < 1e-6, "{farthest}");
        // A model that cannot be continued stays as it is, and is refused later.
        let other = Transformer { deep, blocks: 2, ..plain };
        assert_eq!(
            continued(start.clone(), untrained(&other, 2)).unwrap().pair().unwrap().1.architecture,
            start.pair().unwrap().1.architecture
        );
    }

    #[test]
    fn a_run_starts_from_the_shipped_model() {
        let shipped = Model::embedded().unwrap();
        let run = shipped.pair().unwrap().1.architecture.clone();
        let mut again = unfold(shipped.clone(), &run).unwrap();
        let trained = again.pair().unwrap().1.architecture.clone();
        assert_ne!(run, trained);
        assert_eq!(trained, super::trained_form(&run));
        super::fold(again.transformer.as_mut().unwrap(), &run).unwrap();
        let (before, after) = (&shipped.pair().unwrap().1.weights, &again.pair().unwrap().1.weights);
        for (name, array) in before.iter() {
            let other = after.get(name).unwrap();
            assert_eq!(array.shape(), other.shape(), "{name}");
            let farthest = array.data().iter().zip(other.data()).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(farthest < 1e-3, "{name}: {farthest}");
        }
        // A model in trained form stays as it is.
        let once = unfold(shipped.clone(), &run).unwrap();
        let architecture = once.pair().unwrap().1.architecture.clone();
        assert_eq!(unfold(once, &run).unwrap().pair().unwrap().1.architecture, architecture);
        // So does one whose filters the recipe's transformer lacks. It is refused later.
        assert_eq!(unfold(shipped, &trained).unwrap().pair().unwrap().1.architecture, run);
    }
}
