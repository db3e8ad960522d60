//! Styles that learn: a transformer is tuned to one style picture, or to several of one painter.
//!
//! A style vector says what the style predictor has seen; the transformer that reads it was trained for every style at once. [`Learner`] goes
//! on from there for one style: it paints crops of contents, compares them with the style through a perceptual network, and follows the
//! gradient of the difference with Adam. What it changes is kept small ([`Way`]), and becomes part of the [`Style`]
//! ([`crate::style::Learned`]).
//!
//! A step paints every crop of its batch on a thread of its own, and adds up their gradients in order: the same bytes at any number
//! of threads.

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

/// What of the network is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Way {
    /// Scales and shifts of the conditional norms: colours and contrast.
    Norms,
    /// Besides, a correction of this rank for each convolution's kernel: texture and form, too.
    LowRank(usize),
    /// Besides, all kernels whole: a file of most of a megabyte.
    Whole,
}

impl Way {
    /// The greatest rank that makes sense: more is no smaller than whole kernels.
    pub const MAX_RANK: usize = 32;
    /// The default rank: files stay below 100 KB.
    pub const RANK: usize = 6;
}

/// How a style is learned.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LearnOptions {
    /// What is changed.
    pub way: Way,
    /// Crops that each step paints, at least 1.
    pub batch: usize,
    /// Pixels of a crop's side, a multiple of 16 from 64 up.
    pub crop: usize,
    /// Weight of the content's distance; 0 or more. More keeps what is painted recognisable, less follows the style further.
    pub content_weight: f64,
    /// Weight of the pattern that repeats every four pixels, which losses of style reward; 0 or more.
    pub lattice_weight: f64,
    /// Weight of what changes when the content moves by a few pixels and gets a little noise; 0 or more. More makes films steadier, less keeps the
    /// style's marks sharper. 0 saves a fifth of the time.
    pub steady_weight: f64,
    /// Weight of halos along edges, and of blotches that follow nothing in the content; 0 or more. Less allows stronger colors.
    pub halo_weight: f64,
    /// Weight of the pull back to the network as it was; 0 or more.
    pub pull: f64,
    /// Another number draws other crops.
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

/// Distances of the crops of one step, means over them, as [`crate::eval::distances`] defines them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct LearnLosses {
    /// From the style's Gram matrices.
    pub style: f64,
    /// From the style's means and deviations.
    pub moments: f64,
    /// From the content's features.
    pub content: f64,
    /// The share of fine contrast that repeats every four pixels.
    pub lattice: f64,
    /// The root mean square of what changes with a small step to the side, of values 0..1; 0 if its weight is 0.
    pub steady: f64,
    /// The root mean square of what an affine function of the content's colors cannot explain near edges, of values 0..1, without
    /// strokes; 0 if its weight is 0.
    pub halo: f64,
}

/// Weights of the style's two distances, which those in [`LearnOptions`] are relative to.
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
    /// Of the whole beginning: what a checkpoint must have in common.
    fingerprint: String,
    norms: Vec<[Vec<f32>; 2]>,
    workers: Vec<Worker>,
    /// Whether there is something learned before the first step.
    begun: bool,
    steps: u64,
}

/// One thread's memory.
struct Worker {
    engine: Engine,
    pass: Pass,
    /// For the crop a step to the side, if it is looked at.
    moved: Option<Pass>,
    sight: Sight,
}

/// What one crop came to.
struct Found {
    losses: LearnLosses,
    /// Of the crop a step to the side, if it is looked at, and of the crop.
    gradients: Vec<Gradients>,
}

impl Learner {
    /// Pixels of the shorter side that style pictures are compared at, as [`crate::eval::seen`] has it.
    const STYLE_SIDE: usize = 384;

    /// Prepares to learn the style of these pictures for a stylizer's model, through these perceptual networks (each layer is taken from the
    /// first that has it), on these contents. Learning begins with `start`, the style that the predictor sees.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the model's styles cannot learn; [`ErrorKind::InvalidArgument`] if there are no pictures or contents, or an
    /// option is out of range; [`ErrorKind::Mismatch`] if the style is another model's, or a layer that is compared is in none of the networks;
    /// else as [`Picture::resized`].
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
            return Err(invalid("no pictures to learn a style of; give one at least"));
        }
        if contents.is_empty() {
            return Err(invalid("no contents to learn on; give one at least"));
        }
        let base = stylizer.base()?;
        let executor = stylizer.engine().executor();
        let wanted = Wanted { seen: &[base.graph.output()], picture: false, kernels: options.way != Way::Norms };
        let network = Network::compile(&base.graph, &base.weights, &wanted, executor)?;
        let parameters = Parameters::new(&network, base, &options)?;
        let start = Style::new(start.family().clone(), start.vector().to_vec())?;
        let norms = conditioned(&base.graph, &base.weights, start.vector())?;
        // Threads that have no crop of their own help with the others'.
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

    /// Takes over what a style has learned, for this model or an earlier version of it, in the same way ([`LearnOptions::way`]). A third of
    /// the steps is then enough.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the style has learned nothing, is a blend, has learned in another way or for a network of another form;
    /// [`ErrorKind::InvalidArgument`] after the first step.
    pub fn begin_with(&mut self, style: &Style) -> Result<()> {
        if self.steps > 0 {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                "learning has begun; take over another style before its first step",
            ));
        }
        let nothing = || Error::new(ErrorKind::Mismatch, format!("{style} has learned nothing to begin with"));
        self.parameters.take(&self.network, style.learned().ok_or_else(nothing)?)?;
        self.begun = true;
        Ok(())
    }

    /// How many steps have been made, before an interruption too.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Makes a step. `share` says how far learning is, from 0 to 1: steps become smaller towards the end, along a cosine.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] if `control` says so, with everything as it was before.
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

    /// The style as it is by now: the mean of the latest steps, which has less noise than the last. Before the first step, the style that learning
    /// began with.
    ///
    /// # Errors
    /// None is possible unless a number has become infinite.
    pub fn style(&self) -> Result<Style> {
        let values = match self.adam.average() {
            Some(values) => values,
            None if self.begun => self.parameters.values.clone(),
            None => return Ok(self.start.clone()),
        };
        let learned = self.parameters.learned(&self.network, &values, self.model.clone())?;
        Ok(self.start.clone().with_learned(Arc::new(learned)))
    }

    /// All that is needed to go on later, as bytes: [`Learner::resume`].
    ///
    /// # Errors
    /// As [`crate::weights::safetensors::to_bytes`].
    pub fn checkpoint(&self) -> Result<Vec<u8>> {
        checkpoint::write(self)
    }

    /// Goes on from a checkpoint of the same pictures, contents and options.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if the bytes are no checkpoint; [`ErrorKind::Mismatch`] if it is one of other pictures or options.
    pub fn resume(&mut self, bytes: &[u8]) -> Result<()> {
        checkpoint::restore(self, bytes)
    }
}

impl Worker {
    /// Paints a crop, and pulls the gradient of its loss back.
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
            "weights are numbers from 0 up".to_owned()
        } else if self.batch == 0 {
            "a step needs a crop at least".to_owned()
        } else if self.crop < 64 || !self.crop.is_multiple_of(16) || self.crop > 1024 {
            format!("crops of {} pixels; their side is a multiple of 16 from 64 to 1024", self.crop)
        } else if matches!(self.way, Way::LowRank(rank) if !(1..=Way::MAX_RANK).contains(&rank)) {
            format!("corrections have a rank from 1 to {}", Way::MAX_RANK)
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidArgument, text))
    }
}
