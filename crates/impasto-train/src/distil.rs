//! Trains a small perceptual network from larger ones (distillation: Hinton et al. 2015, arXiv 1503.02531). Its
//! features should distinguish pictures and styles as theirs do.
//!
//! For each pair of layers, three losses are minimized:
//! - the distance between the teacher's features and the student's, through a linear map of channels
//!   that is learned too and then discarded;
//! - the distance between their Gram matrices, through the same map;
//! - the difference in how far apart they find the Gram matrices of different pictures, which is what style losses
//!   measure.

use std::path::Path;

use burn::tensor::{Device, Tensor};
use fastrand::Rng;
use impasto::graph::{Graph, NodeId, PoolKind};
use impasto::networks::vgg::Vgg;
use impasto::weights::safetensors::{self, Precision};
use impasto::weights::{self, Weights};
use impasto::{Error, ErrorKind, Perceptual, Result};
use impasto_kernels::Border;
use serde::Deserialize;

use crate::checkpoint;
use crate::data::{self, Pictures};
use crate::executor::{Executor, Parameters, values};
use crate::ops::{self, ConvShape};
use crate::optimiser::Schedule;
use crate::perception::Encoder;
use crate::recipe;
use crate::run::{self, Options, State, Training};

/// Layers that VGG-19 itself teaches, then those that the narrower encoder teaches.
const DEEP: [&str; 4] = ["relu1_1", "relu2_1", "relu3_1", "relu3_4"];
const NARROW: [&str; 2] = ["relu4_1", "relu5_1"];
/// The student's layer for each of these.
const STUDENT: [&str; 6] = ["relu1_1", "relu2_1", "relu3_1", "relu3_2", "relu4_1", "relu5_1"];

/// A recipe for a perceptual network.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of everything random.
    pub seed: u64,
    /// The architecture, in its one-line text form ([`Vgg`]).
    pub perceptual: String,
    /// The training pictures.
    pub data: recipe::Data,
    /// The teachers.
    pub perception: recipe::Perception,
    /// How the network is trained.
    pub train: Train,
    /// The weights of the losses.
    pub loss: Loss,
}

/// How a perceptual network is trained.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Number of steps.
    pub steps: usize,
    /// Pictures per step.
    pub batch: usize,
    /// Side of a crop in pixels.
    pub crop: usize,
    /// Adam's rate at the start. It falls along a cosine to a hundredth.
    pub rate: f32,
    /// Steps in which the rate rises to its start value.
    pub warm_up: usize,
    /// Maximum length of the gradient. Longer gradients are scaled down to it.
    pub clip: f32,
    /// Decay of the averaged weights, which are the ones that are shipped.
    pub average: f32,
    /// Share of the pictures with added noise, because optimized pictures are not always like photographs.
    pub noise: f32,
}

/// The weights of the losses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Weight of the distance between features.
    pub features: f32,
    /// Weight of the distance between Gram matrices.
    pub gram: f32,
    /// Weight of the difference between distances.
    pub distances: f32,
}

impl Recipe {
    /// Reads a recipe. Relative paths in it start at the recipe's folder.
    ///
    /// # Errors
    /// One line that names the file: [`ErrorKind::Io`] if it cannot be read,
    /// [`ErrorKind::Malformed`] if it is no such recipe.
    pub fn open(path: &Path) -> Result<Self> {
        let mut recipe: Recipe = recipe::parse(path)?;
        let Train { steps, batch, crop, .. } = recipe.train;
        if steps == 0 || batch < 2 || crop < 48 || !crop.is_multiple_of(16) {
            let text = format!(
                "{}: training needs at least one step, two pictures, and crops of a multiple of 16 pixels, at least 48",
                path.display()
            );
            return Err(Error::new(ErrorKind::Malformed, text));
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        recipe.data.below(folder);
        recipe.perception.below(folder);
        Ok(recipe)
    }
}

/// The pictures, and the teachers.
struct Lessons {
    teachers: [Encoder; 2],
    content: Pictures,
    style: Pictures,
    seed: u64,
    train: Train,
    device: Device,
}

impl Lessons {
    fn open(recipe: &Recipe, device: Device) -> Result<Self> {
        let recipe::Perception { vgg, narrow } = &recipe.perception;
        let [content, style] = data::open(&recipe.data)?;
        Ok(Lessons {
            teachers: [Encoder::open(vgg, &DEEP, &device)?, Encoder::open(narrow, &NARROW, &device)?],
            content,
            style,
            seed: recipe.seed,
            train: recipe.train.clone(),
            device,
        })
    }

    /// Returns the mean square of each channel of the teachers' layers, and its sum over
    /// the channels, measured on some pictures.
    fn sizes(&self) -> Result<Vec<(Tensor<4>, f32)>> {
        let mut sums: Vec<Tensor<4>> = Vec::new();
        let rounds = 8;
        for round in 0..rounds {
            let features = self.taught(self.pictures(round, 1)?)?;
            for (i, features) in features.into_iter().enumerate() {
                let square = features.square().mean_dim(0).mean_dim(1).mean_dim(2);
                match sums.get_mut(i) {
                    Some(sum) => *sum = sum.clone() + square,
                    None => sums.push(square),
                }
            }
        }
        let size = |sum: Tensor<4>| {
            let mean = sum / rounds as f32;
            let all: f32 = values(mean.clone())?.iter().sum();
            Ok((mean, all))
        };
        sums.into_iter().map(size).collect()
    }

    /// Returns the teachers' features, from shallow to deep.
    fn taught(&self, pictures: Tensor<4>) -> Result<Vec<Tensor<4>>> {
        let mut features = self.teachers[0].features(pictures.clone())?;
        features.extend(self.teachers[1].features(pictures)?);
        Ok(features)
    }

    /// Returns one photograph for every two style pictures, some with noise.
    fn pictures(&self, step: usize, purpose: u64) -> Result<Tensor<4>> {
        let Train { batch, crop, noise, .. } = self.train;
        let mut rng = data::rng(self.seed, step, purpose);
        let mut crops = Vec::new();
        for i in 0..batch {
            let mut crop = match i % 3 {
                0 => data::content(&self.content, crop, None, data::Spoil::default(), &mut rng)?.crop,
                _ => data::style(&self.style, crop, &mut rng)?.target,
            };
            if rng.f32() < noise {
                let strength = 0.3 * rng.f32();
                crop.iter_mut().for_each(|v| *v = (*v + strength * (2.0 * rng.f32() - 1.0)).clamp(0.0, 1.0));
            }
            crops.push(crop);
        }
        Ok(data::tensor(crops, crop, &self.device))
    }
}

/// A run that trains a perceptual network.
pub struct Distiller {
    state: State,
    lessons: Lessons,
    loss: Loss,
    vgg: Vgg,
    graph: Graph,
    taps: Vec<NodeId>,
    student: Parameters,
    /// The linear maps to the teachers' channels.
    maps: Parameters,
    /// Channels of the student's layer and of the teacher's.
    widths: Vec<[usize; 2]>,
    /// From [`Lessons::sizes`].
    sizes: Vec<(Tensor<4>, f32)>,
}

impl Distiller {
    /// Reads pictures and networks, and the folder's checkpoint if there is one.
    ///
    /// # Errors
    /// One line that names what cannot be read or does not fit together.
    pub fn open(recipe: Recipe, options: Options, device: Device) -> Result<Self> {
        std::fs::create_dir_all(&options.folder).map_err(|e| Error::from(e).context(options.folder.display()))?;
        let device = device.autodiff();
        let lessons = Lessons::open(&recipe, device.clone())?;
        let sizes = lessons.sizes()?;
        let vgg: Vgg = recipe.perceptual.parse()?;
        let network = Perceptual::untrained(vgg.clone(), recipe.seed)?;
        let graph = vgg.graph(PoolKind::Max);
        let taps: Vec<NodeId> = STUDENT.iter().map(|name| network.layer(name)).collect::<Result<_>>()?;
        let channels = graph.channels()?;
        let widths: Vec<[usize; 2]> =
            taps.iter().zip(&sizes).map(|(tap, (size, _))| [channels[tap.index()], size.dims()[3]]).collect();
        let mut maps = Weights::new();
        for (i, &[from, to]) in widths.iter().enumerate() {
            let spread = (3.0 / from as f32).sqrt();
            let mut rng = Rng::with_seed(recipe.seed ^ (i as u64 + 1));
            let random = (0..from * to).map(|_| (2.0 * rng.f32() - 1.0) * spread).collect();
            maps.insert(format!("map{i}/weights"), weights::Tensor::new([1, 1, from, to], random)?);
            maps.insert(format!("map{i}/biases"), weights::Tensor::new([to], vec![0.0; to])?);
        }
        let (mut student, mut maps) = (Parameters::new(network.weights(), &device, true), Parameters::new(&maps, &device, true));
        let Train { steps, rate, warm_up, clip, average, .. } = recipe.train;
        let schedule = Schedule { steps, rate, faster: None, warm_up, clip, average };
        let state = State::new(options, schedule, &mut [&mut student, &mut maps], &device)?;
        Ok(Distiller { state, lessons, loss: recipe.loss, vgg, graph, taps, student, maps, widths, sizes })
    }

    /// Trains to the end of the recipe or the time limit, then writes everything once more.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if something cannot be written.
    pub fn run(&mut self) -> Result<()> {
        run::run(self)
    }
}

impl Training for Distiller {
    fn state(&self) -> &State {
        &self.state
    }

    fn step(&mut self) -> Result<Vec<(String, f32)>> {
        let pictures = self.lessons.pictures(self.state.step, 0)?;
        let taught = self.lessons.taught(pictures.clone())?;
        let own = Executor::new(&self.graph)?.run(&self.student, pictures, None, None, &self.taps)?.taps;
        let mut terms: [Option<Tensor<1>>; 3] = [None, None, None];
        let mut explained = Vec::new();
        for (i, (own, taught)) in own.into_iter().zip(taught).enumerate() {
            let (sizes, all) = &self.sizes[i];
            let [from, to] = self.widths[i];
            let [_, height, width, _] = own.dims();
            let shape = ConvShape {
                stride: 1,
                border: Border::Zero,
                before: [0, 0],
                output: [height, width],
                upsample: 1,
                rectify: false,
                frozen: false,
            };
            // The target's channels are scaled to similar size, so that the map neglects none.
            let scale = (sizes.clone() + all * 1e-3 / to as f32).sqrt();
            let wanted = taught / scale.clone();
            let mapped = ops::convolve(
                own.clone(),
                self.maps.get(&format!("map{i}/weights"), [1, 1, from, to])?,
                self.maps.get(&format!("map{i}/biases"), [to])?,
                shape,
            );
            let error = (mapped.clone() - wanted.clone()).square().mean();
            let share = 1.0 - values(error.clone())?[0] / values(wanted.clone().square().mean())?[0].max(1e-9);
            explained.push((format!("explained {}", STUDENT[i]), share));
            // Gram matrices of unscaled channels, as in the teacher, so that large channels count for more.
            let [mapped, wanted] = [mapped, wanted].map(|features| ops::gram(features * scale.clone()));
            let gram = relative(rows(mapped), rows(wanted.clone()));
            let distances = {
                let [own, wanted] = [apart(ops::gram(own)), apart(wanted)];
                (own - wanted).square().mean()
            };
            for (term, value) in terms.iter_mut().zip([error, gram, distances]) {
                *term = Some(match term.take() {
                    Some(sum) => sum + value,
                    None => value,
                });
            }
        }
        let terms = terms.map(|term| term.expect("there are layers") / STUDENT.len() as f32);
        let weights = &self.loss;
        let [features, gram, distances] = terms.clone();
        let total = features * weights.features + gram * weights.gram + distances * weights.distances;
        let gradients = total.backward();
        self.state.descend(&mut [&mut self.student, &mut self.maps], &gradients)?;
        let named = ["features", "gram", "distances"].into_iter().zip(terms);
        let named = named.map(|(name, term)| Ok((name.to_owned(), values(term)?[0])));
        named.chain(explained.into_iter().map(Ok)).collect()
    }

    /// Writes `checkpoint.safetensors`, and the averaged weights in float16 as `perceptual.safetensors`.
    fn write(&self) -> Result<()> {
        let State { options: Options { folder, .. }, adam, step, .. } = &self.state;
        self.state.save(&[&self.student, &self.maps])?;
        let averaged = checkpoint::averaged(&self.student, adam)?;
        let source = format!("trained by impasto-train, {step} steps");
        let network = Perceptual::new(self.vgg.clone(), averaged, source, "MIT OR Apache-2.0".into())?;
        safetensors::save(&network.to_weights(), &folder.join("perceptual.safetensors"), Precision::F16, true)
    }
}

fn rows(values: Tensor<3>) -> Tensor<2> {
    let [n, a, b] = values.dims();
    values.reshape([n, a * b])
}

/// Returns the mean of `|a - b|² / |b|²` over the rows.
fn relative(a: Tensor<2>, b: Tensor<2>) -> Tensor<1> {
    let size = b.clone().square().sum_dim(1) + 1e-6;
    ((a - b).square().sum_dim(1) / size).mean()
}

/// Returns the distance of each picture's matrix from the next one's, relative to the lengths of both.
fn apart(grams: Tensor<3>) -> Tensor<2> {
    let grams = rows(grams);
    let [n, _] = grams.dims();
    let next = Tensor::cat(vec![grams.clone().narrow(0, 1, n - 1), grams.clone().narrow(0, 0, 1)], 0);
    let length = |x: Tensor<2>| (x.square().sum_dim(1) + 1e-8).sqrt();
    length(grams.clone() - next.clone()) / (length(grams) + length(next))
}
