//! Styles that learn: tunes a transformer to one style picture, or to several by one painter.
//!
//! A style vector holds what the style predictor saw, but the transformer that reads it was trained for all styles at
//! once. [`Learner`] continues the training for one style. It paints crops of contents, compares them with the style
//! through a perceptual network, and follows the gradient of the difference with Adam. What it changes is kept small
//! ([`Way`]), and becomes part of the [`Style`] ([`crate::style::Learned`]).
//!
//! The crops of a step are painted in parallel, and their gradients are added in order. So the
//! bytes are the same at any number of threads.

mod adam;
mod checkpoint;
mod contents;
#[cfg(test)]
mod differences;
mod halo;
mod lattice;
mod parameters;
mod perception;
mod steadiness;

use std::sync::Arc;

use crate::engine::gradient::{Gradients, Network, Pass, Wanted, conditioned};
use crate::engine::{Engine, EngineOptions, check_cancelled};
use crate::graph::Shape;
use crate::{Control, Error, ErrorKind, Perceptual, Picture, Result, Style, Stylizer};
use adam::Adam;
use contents::{Contents, Crop};
use halo::Guide;
use parameters::Parameters;
use perception::{Perception, Sight};
use steadiness::Pair;

/// Which parts of the network are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// The scales and shifts of the conditional norms: colors and contrast.
    Norms,
    /// The norms, and a correction of this rank for each convolution's kernel,
    /// except at stride 8: texture and form too.
    LowRank(usize),
    /// The norms and all kernels, at full rank. The file is most of a megabyte.
    Whole,
}

impl Way {
    /// The greatest rank that makes sense: with a higher one, corrections are no smaller than whole kernels.
    pub const MAX_RANK: usize = 32;
    /// The default rank. Files stay below 100 KB.
    pub const RANK: usize = 6;
}

/// Options for learning a style.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LearnOptions {
    /// Which parts of the network are changed.
    pub way: Way,
    /// How many crops each step paints, at least 1.
    pub batch: usize,
    /// Side of a crop in pixels, a multiple of 16 from 64 to 1024.
    pub crop: usize,
    /// Weight of the distance from the content; 0 or more. A higher weight keeps the content recognizable,
    /// a lower one follows the style further.
    pub content_weight: f64,
    /// Weight of patterns that repeat every four pixels, which style losses reward; 0 or more.
    pub lattice_weight: f64,
    /// Weight of what changes when the content moves by a few pixels and gets a little noise; 0 or more. A higher
    /// weight makes films steadier, a lower one keeps the style's marks sharper. 0 saves a fifth of the time.
    pub steady_weight: f64,
    /// Weight of halos along edges, and of blotches that follow nothing in the content; 0 or more.
    /// A lower weight allows stronger colors.
    pub halo_weight: f64,
    /// Weight of the pull back to the original network; 0 or more.
    pub pull: f64,
    /// Seed of the random numbers: which crops are drawn, and the first values of low-rank corrections.
    pub seed: u64,
}

impl Default for LearnOptions {
    fn default() -> Self {
        LearnOptions {
            way: Way::LowRank(Way::RANK),
            batch: 4,
            crop: 192,
            content_weight: 0.5,
            lattice_weight: 1.0,
            steady_weight: 1.5,
            halo_weight: 3.0,
            pull: 0.0,
            seed: 0,
        }
    }
}

/// The losses of one step, as means over its crops. `style`, `moments` and `content` are the distances that
/// [`crate::eval::distances`] defines, with content compared in `relu3_2` and `relu4_1`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct LearnLosses {
    /// Distance from the style's Gram matrices.
    pub style: f64,
    /// Distance from the style's means and deviations.
    pub moments: f64,
    /// Distance from the content's features.
    pub content: f64,
    /// The share of fine contrast that repeats every four pixels.
    pub lattice: f64,
    /// The root mean square of what changes with a small step to the side, for values in 0..1; 0 if its weight is 0.
    pub steady: f64,
    /// The root mean square of what an affine function of the content's colors cannot explain near edges, for values in
    /// 0..1, with strokes averaged out; 0 if its weight is 0.
    pub halo: f64,
}

/// Weights of the style's two distances. The weights in [`LearnOptions`] are relative to them.
const GRAM: f64 = 2.0;
const MOMENTS: f64 = 2.0;

/// Learns a style, step by step.
pub struct Learner {
    options: LearnOptions,
    network: Network,
    perception: Perception,
    contents: Contents,
    parameters: Parameters,
    adam: Adam,
    start: Style,
    model: String,
    /// Of everything that learning began with. A checkpoint must have the same.
    fingerprint: String,
    norms: Vec<[Vec<f32>; 2]>,
    workers: Vec<Worker>,
    /// Whether there are learned values before the first step.
    begun: bool,
    steps: u64,
}

/// The memory of one thread.
struct Worker {
    engine: Engine,
    pass: Pass,
    /// For the crop a step to the side, if its weight is not 0.
    moved: Option<Pass>,
    sight: Sight,
}

/// The result for one crop.
struct Found {
    losses: LearnLosses,
    /// The gradient for the crop a step to the side, if its weight is not 0; then the one for the crop itself.
    gradients: Vec<Gradients>,
}

impl Learner {
    /// Shorter side of the style pictures in pixels when they are compared, as in [`crate::eval::seen`].
    const STYLE_SIDE: usize = 384;

    /// Prepares to learn the style of these pictures for a stylizer's model. Crops of `contents` are painted, and the
    /// paintings are compared through these perceptual networks. Each layer is taken from the first network that has
    /// it. Learning begins with `start`, the style that the predictor sees.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the model's styles cannot learn; [`ErrorKind::InvalidArgument`] if there are no
    /// pictures or contents, or an option is out of range; [`ErrorKind::Mismatch`] if the style is another model's, or
    /// if none of the networks has a layer that is compared; else as [`Picture::resized`].
    pub fn new(
        stylizer: &Stylizer,
        perceptual: &[Perceptual],
        pictures: &[Picture],
        start: Style,
        contents: &[Picture],
        options: LearnOptions,
    ) -> Result<Self> {
        options.check()?;
        stylizer.check_style(&start)?;
        let invalid = |text: &str| Error::new(ErrorKind::InvalidArgument, text);
        if pictures.is_empty() {
            return Err(invalid("no pictures to learn a style from; give at least one"));
        }
        if contents.is_empty() {
            return Err(invalid("no contents to learn on; give at least one"));
        }
        let base = stylizer.base()?;
        let executor = stylizer.engine().executor();
        let wanted = Wanted { seen: &[base.graph.output()], picture: false, kernels: options.way != Way::Norms };
        let network = Network::compile(&base.graph, &base.weights, &wanted, executor)?;
        let parameters = Parameters::new(&network, base, &options)?;
        let start = Style::new(start.family().clone(), start.vector().to_vec())?;
        let norms = conditioned(&base.graph, &base.weights, start.vector())?;
        // If there are more threads than crops, the others help.
        let count = stylizer.engine().threads();
        let workers = count.min(options.batch);
        let own = |worker: usize| (count / workers + usize::from(worker < count % workers)).max(1);
        let size = [options.crop; 2];
        let mut perception = Perception::new(perceptual, executor)?;
        let workers = (0..workers).map(|worker| {
            let engine = Engine::new(EngineOptions::default().threads(own(worker)).executor(executor))?;
            let moved = if options.steady_weight > 0.0 { Some(network.pass(size)?) } else { None };
            Ok(Worker { engine, pass: network.pass(size)?, moved, sight: perception.sight(size)? })
        });
        let workers = workers.collect::<Result<Vec<_>>>()?;
        let mut seen = Vec::new();
        for picture in pictures {
            seen.push(crate::eval::seen::short_side(picture, Self::STYLE_SIDE)?);
        }
        perception.set_style(stylizer.engine(), &seen)?;
        let contents = Contents::new(contents, &options)?;
        let model = base.hash().to_owned();
        let fingerprint = checkpoint::fingerprint(&options, &model, &start, &seen, &contents);
        let adam = Adam::new(parameters.values.len());
        Ok(Learner {
            options,
            network,
            perception,
            contents,
            parameters,
            adam,
            start,
            model,
            fingerprint,
            norms,
            workers,
            begun: false,
            steps: 0,
        })
    }

    /// Begins with what another style has learned, for this model or an earlier version of it, in the same way
    /// ([`LearnOptions::way`]). A third of the steps is then enough.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the style has learned nothing, is a blend, or has learned in another way or for a
    /// network of another form; [`ErrorKind::InvalidArgument`] after the first step.
    pub fn begin_with(&mut self, style: &Style) -> Result<()> {
        if self.steps > 0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "learning has already begun; take over another style before the first step",
            ));
        }
        let nothing = || Error::new(ErrorKind::Mismatch, format!("{style} has learned nothing to start from"));
        self.parameters.take(&self.network, style.learned().ok_or_else(nothing)?)?;
        self.begun = true;
        Ok(())
    }

    /// Returns how many steps have been made, including those before an interruption.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Makes a step. `share` is the progress of learning, from 0 to 1: steps become
    /// smaller towards the end, along a cosine.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] if `control` says so; then nothing has changed.
    pub fn step(&mut self, share: f64, control: &dyn Control) -> Result<LearnLosses> {
        check_cancelled(control)?;
        let before = self.contents.drawn;
        let crops = self.contents.draw();
        let norms = self.parameters.norms(&self.norms);
        for (kernel, values) in self.parameters.kernels() {
            self.network.set_kernel(kernel, &values);
        }
        let found = {
            let (network, perception, options) = (&self.network, &self.perception, &self.options);
            let (count, workers) = (self.workers.len(), &mut self.workers);
            let (crops, norms) = (&crops, &norms);
            let one = |number: usize, worker: &mut Worker| -> Result<Vec<(usize, Found)>> {
                let own = crops.iter().enumerate().skip(number).step_by(count);
                own.map(|(i, crop)| {
                    check_cancelled(control)?;
                    Ok((i, worker.paint(network, perception, options, crop, norms)?))
                })
                .collect()
            };
            let mut found: Vec<(usize, Found)> = std::thread::scope(|scope| {
                let handles: Vec<_> = workers
                    .iter_mut()
                    .enumerate()
                    .map(|(number, worker)| {
                        let one = &one;
                        scope.spawn(move || one(number, worker))
                    })
                    .collect();
                let ended =
                    handles.into_iter().map(|handle| handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
                ended.collect::<Result<Vec<_>>>().map(|found| found.into_iter().flatten().collect())
            })
            .inspect_err(|_| self.contents.drawn = before)?;
            found.sort_by_key(|(i, _)| *i);
            found
        };
        let parts = found.len() as f64;
        let mut gradient = vec![0.0; self.parameters.values.len()];
        let mut losses = LearnLosses::default();
        for (_, Found { losses: own, gradients }) in found {
            gradients.iter().for_each(|own| self.parameters.pull_back(own, 1.0 / parts as f32, &mut gradient));
            losses.style += own.style / parts;
            losses.moments += own.moments / parts;
            losses.content += own.content / parts;
            losses.lattice += own.lattice / parts;
            losses.steady += own.steady / parts;
            losses.halo += own.halo / parts;
        }
        self.parameters.pull(self.options.pull as f32, &mut gradient);
        let rate = 0.5 * (1.0 + (std::f64::consts::PI * share.clamp(0.0, 1.0)).cos());
        self.adam.step(&mut self.parameters, &gradient, rate as f32);
        self.steps += 1;
        Ok(losses)
    }

    /// Returns the style learned so far: the mean of the latest steps, which has less noise than the last one. Before
    /// the first step, this is the style that learning began with.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if a number is no longer finite.
    pub fn style(&self) -> Result<Style> {
        let values = match self.adam.average() {
            Some(values) => values,
            None if self.begun => self.parameters.values.clone(),
            None => return Ok(self.start.clone()),
        };
        let learned = self.parameters.learned(&self.network, &values, self.model.clone())?;
        self.start.clone().with_learned(Arc::new(learned))
    }

    /// Returns everything that is needed to continue later, for [`Learner::resume`].
    ///
    /// # Errors
    /// As [`crate::weights::safetensors::to_bytes`].
    pub fn checkpoint(&self) -> Result<Vec<u8>> {
        checkpoint::write(self)
    }

    /// Continues from a checkpoint of the same pictures, contents and options.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if the bytes are no checkpoint; [`ErrorKind::Mismatch`] if it is one of other pictures,
    /// contents or options; [`ErrorKind::Unsupported`] if another version of Impasto wrote it.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<()> {
        checkpoint::restore(self, bytes)
    }
}

impl Worker {
    /// Paints a crop, and computes the gradient of its loss with respect to norms and kernels.
    fn paint(
        &mut self,
        network: &Network,
        perception: &Perception,
        options: &LearnOptions,
        crop: &Crop,
        norms: &[[Vec<f32>; 2]],
    ) -> Result<Found> {
        let shape = Shape { height: options.crop, width: options.crop, channels: 3 };
        let targets = perception.content(&self.engine, &mut self.sight, (&crop.plain, shape))?;
        network.forwards(&self.engine, &mut self.pass, (&crop.grained, shape), norms)?;
        let (painted, _) = network.values(&mut self.pass, network.graph().output());
        let (mut losses, mut gradient) = perception.compare(&self.engine, &mut self.sight, painted, &targets, options)?;
        if options.halo_weight > 0.0 {
            losses.halo = Guide::new(&crop.plain, shape).add(painted.0, shape, options.halo_weight, &mut gradient);
        }
        let back = |engine: &Engine, pass: &mut Pass, gradient: &[f32]| {
            network.backwards(engine, pass, &mut |_, _, target, _| target.copy_from_slice(gradient))
        };
        let mut gradients = Vec::with_capacity(2);
        if let Some(pass) = &mut self.moved {
            let mut own = vec![0.0; gradient.len()];
            network.forwards(&self.engine, pass, (&crop.moved, shape), norms)?;
            let ((second, _), _) = network.values(pass, network.graph().output());
            let pair = Pair { first: painted.0, second, extent: shape, by: crop.by };
            losses.steady = pair.add(options.steady_weight, [&mut gradient, &mut own]);
            gradients.push(back(&self.engine, pass, &own));
        }
        gradients.push(back(&self.engine, &mut self.pass, &gradient));
        Ok(Found { losses, gradients })
    }
}

impl LearnOptions {
    fn check(&self) -> Result<()> {
        let weights = [self.content_weight, self.lattice_weight, self.steady_weight, self.halo_weight, self.pull];
        let text = if weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0) {
            "weights must be 0 or more".to_owned()
        } else if self.batch == 0 {
            "a step needs at least one crop".to_owned()
        } else if self.crop < 64 || !self.crop.is_multiple_of(16) || self.crop > 1024 {
            format!("crops of {} pixels are not possible; their side must be a multiple of 16 from 64 to 1024", self.crop)
        } else if matches!(self.way, Way::LowRank(rank) if !(1..=Way::MAX_RANK).contains(&rank)) {
            format!("the rank of corrections must be 1 to {}", Way::MAX_RANK)
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidArgument, text))
    }
}
