//! Style transfer by optimization (Gatys et al. 2015, arXiv 1508.06576). The pixels themselves are changed until a
//! perceptual network sees the content of one picture and the feature statistics (means and correlations) of another.
//!
//! ```no_run
//! use impasto::optimizer::{Initial, Optimizer, OptimizeOptions, StylePicture};
//! use impasto::picture::{Limits, SaveOptions};
//! use impasto::{Perceptual, Picture};
//!
//! let photo = Picture::open("photo.jpg", &Limits::default())?.fit_long_side(512, impasto::picture::Resize::PHOTO)?;
//! let painting = StylePicture::new(Picture::open("painting.jpg", &Limits::default())?);
//! let optimizer = Optimizer::new(&Perceptual::embedded()?, OptimizeOptions::default())?;
//! let mut optimization = optimizer.start(&photo, &[painting], Initial::Content)?;
//! while let Some(step) = optimization.step(&())? {
//!     println!("{}/{}: {:.4}", step.done, step.total, step.losses.total);
//! }
//! optimization.picture()?.save("out.png", &SaveOptions::default())?;
//! # Ok::<(), impasto::Error>(())
//! ```

mod checkpoint;
pub(crate) mod loss;
mod method;
mod network;
mod objective;
mod options;
mod regions;
mod scales;
pub(crate) mod sums;
#[cfg(test)]
mod tests;
mod tiles;

use crate::engine::{self, Engine, EngineOptions};
use crate::finish::{self, Recolour};
use crate::graph::Shape;
use crate::networks::Numbers;
use crate::picture::Resize;
use crate::{Control, Error, ErrorKind, Perceptual, Picture, Result, Size};
use method::{Adam, Descent, Lbfgs};
use network::Network;
use objective::Objective;
pub use options::{ContentLoss, Initial, KeepColours, Method, OptimizeOptions, StyleLoss, StylePicture};
use regions::Regions;

/// A perceptual network that is ready to optimize pictures.
pub struct Optimizer {
    engine: Engine,
    network: Network,
    options: OptimizeOptions,
    /// Of the perceptual network, for checkpoints.
    checksum: u32,
}

/// The losses of a picture. Only the total is weighted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Losses {
    /// The weighted sum, which is minimized.
    pub total: f64,
    /// Distance from the content's features ([`ContentLoss`]), as the mean over layers.
    pub content: f64,
    /// Distance from the style's statistics ([`StyleLoss`]), as the mean over layers and over
    /// masks' regions, weighted by their areas.
    pub style: f64,
    /// Mean squared difference between neighboring pixels.
    pub variation: f64,
}

/// A step that was made.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// Steps so far, over all scales.
    pub done: usize,
    /// Steps in total.
    pub total: usize,
    /// Index of the scale; 0 is the coarsest.
    pub scale: usize,
    /// Size of the picture at this scale.
    pub size: Size,
    /// The losses before the step.
    pub losses: Losses,
    /// Share of the whole work that is done, 0 to 1. Each step counts by its pixels.
    pub share: f64,
}

/// An optimization in progress.
///
/// The same pictures and options give the same bytes at any number of threads, also after
/// resuming from an [`Optimization::checkpoint`].
pub struct Optimization<'a> {
    optimizer: &'a Optimizer,
    content: Picture,
    styles: Vec<StylePicture>,
    /// Of all inputs and options that decide the result.
    fingerprint: String,
    scales: Vec<Size>,
    scale: usize,
    /// Steps made at this scale.
    steps: usize,
    /// The losses before each step, over all scales.
    losses: Vec<Losses>,
    /// The picture that is being changed.
    values: Vec<f32>,
    descent: Descent,
    /// The targets at this scale, made when they are first needed.
    objective: Option<Objective<'a>>,
}

impl Optimizer {
    /// Compiles the layers that are compared.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if an option is out of range; [`ErrorKind::Mismatch`] if the
    /// network lacks a layer that the options name.
    pub fn new(perceptual: &Perceptual, options: OptimizeOptions) -> Result<Self> {
        options.check()?;
        let executor = match options.executor {
            Some(executor) => executor,
            None => engine::isa_from_environment()?.into(),
        };
        let engine = Engine::new(EngineOptions::default().threads(options.threads).executor(executor))?;
        let network = Network::compile(perceptual, &options, executor)?;
        Ok(Optimizer { engine, network, options, checksum: checkpoint::of_network(perceptual) })
    }

    /// Returns the executor that does the arithmetic, as records name it.
    pub fn executor(&self) -> engine::Executor {
        self.engine.executor()
    }

    /// Returns the options that it was made with.
    pub fn options(&self) -> &OptimizeOptions {
        &self.options
    }

    /// Returns the names of the layers that are compared: those for content, then those for style.
    pub fn layers(&self) -> [Vec<String>; 2] {
        self.network.names()
    }

    /// Returns the peak memory, in bytes, of optimizing a picture of this size with style pictures of the same size.
    /// With [`OptimizeOptions::max_memory`] it is about that, if that is enough for the smallest tiles.
    pub fn peak_memory(&self, picture: impl Into<Size>) -> u64 {
        let Size { width, height } = picture.into();
        let extent = Shape { height, width, channels: 3 };
        let standing = objective::standing(&self.network, &self.options, extent);
        let whole = standing.saturating_add(self.network.memory(extent, self.engine.threads()));
        let least = standing.saturating_add(objective::least_tile_memory(&self.network, extent, self.engine.threads()));
        self.options.max_memory.map_or(whole, |most| whole.min(most.max(least)))
    }

    /// Whether this picture, or a style picture that is seen with it, is processed in tiles,
    /// because [`OptimizeOptions::max_memory`] is less than it takes in one piece. Then the
    /// limit affects the result, by rounding.
    pub(crate) fn in_tiles(&self, picture: impl Into<Size>) -> bool {
        let Size { width, height } = picture.into();
        let long = (width.max(height) as f32 * self.options.style_scale).ceil() as usize;
        let whole = |height, width| {
            let extent = Shape { height, width, channels: 3 };
            let standing = objective::standing(&self.network, &self.options, extent);
            standing.saturating_add(self.network.memory(extent, self.engine.threads()))
        };
        self.options.max_memory.is_some_and(|most| whole(height, width).max(whole(long, long)) > most)
    }

    /// Returns the options as the record of a picture of this size has them: without
    /// a memory limit that did not affect it.
    pub fn recorded(&self, picture: impl Into<Size>) -> OptimizeOptions {
        let noticed = self.in_tiles(picture);
        OptimizeOptions { max_memory: self.options.max_memory.filter(|_| noticed), ..self.options.clone() }
    }

    /// Begins to optimize a picture. The result has the same size.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a picture is too small for the network, there are no styles, or a weight
    /// is not positive; [`ErrorKind::Mismatch`] if a mask has other proportions; [`ErrorKind::Malformed`] if a
    /// value is not finite; [`ErrorKind::TooLarge`] if there is not enough memory, or
    /// [`OptimizeOptions::max_memory`] is too low.
    pub fn start(&self, content: &Picture, styles: &[StylePicture], initial: Initial) -> Result<Optimization<'_>> {
        let size = content.size();
        Regions::new(styles, size)?;
        for picture in std::iter::once(content).chain(styles.iter().map(|style| &style.picture)) {
            crate::picture::rows::check_finite(picture.rgb())?;
        }
        let extent = |Size { width, height }: Size| Shape { height, width, channels: 3 };
        self.network.check_size(extent(size))?;
        for StylePicture { picture, .. } in styles {
            let found = self.network.check_size(extent(picture.size()));
            found.map_err(|e| e.context("a style"))?;
        }
        if let Some(most) = self.options.max_memory
            && self.peak_memory(size) > most
        {
            let text = format!(
                "optimizing a picture of {}×{} takes at least {} MiB, but only {} MiB are allowed; allow more, or use a \
                 smaller size",
                size.width,
                size.height,
                self.peak_memory(size).div_ceil(1 << 20),
                most >> 20
            );
            return Err(Error::new(ErrorKind::TooLarge, text));
        }
        let scales = scales::scales(size, self.options.smallest_scale, self.network.least_side());
        let first = scales[0];
        let fingerprint =
            checkpoint::fingerprint(&self.options, (&self.network.names(), self.checksum), content, styles, &initial);
        let (content, styles) = (self.prepared(content), self.prepared_styles(content, styles)?);
        let start = match initial {
            Initial::Content => content.resized(first, Resize::NETWORK)?.into_rgb(),
            Initial::Picture(picture) => {
                crate::picture::rows::check_finite(picture.rgb())?;
                self.prepared(&picture).resized(first, Resize::NETWORK)?.into_rgb()
            }
            Initial::Noise { seed } => noise(&content, first, seed),
        };
        let descent = self.descent(start.len());
        Ok(Optimization {
            optimizer: self,
            content,
            styles,
            fingerprint,
            scales,
            scale: 0,
            steps: 0,
            losses: Vec::new(),
            values: start,
            descent,
            objective: None,
        })
    }

    /// Continues from an [`Optimization::checkpoint`] with the same content, styles, initial picture and options.
    ///
    /// # Errors
    /// As [`Optimizer::start`]; also [`ErrorKind::Malformed`] if the bytes are no checkpoint, [`ErrorKind::Mismatch`]
    /// if it is one of other pictures or options, [`ErrorKind::Unsupported`] if another version of Impasto wrote it.
    pub fn resume(
        &self,
        content: &Picture,
        styles: &[StylePicture],
        initial: Initial,
        checkpoint: &[u8],
    ) -> Result<Optimization<'_>> {
        let mut optimization = self.start(content, styles, initial)?;
        checkpoint::restore(&mut optimization, checkpoint)?;
        Ok(optimization)
    }

    /// Returns the picture as the network should see it.
    fn prepared(&self, picture: &Picture) -> Picture {
        match self.options.keep_colours {
            KeepColours::Luminance => finish::lightness(picture),
            _ => picture.clone(),
        }
    }

    fn prepared_styles(&self, content: &Picture, styles: &[StylePicture]) -> Result<Vec<StylePicture>> {
        let prepare = |style: &StylePicture| {
            let picture = match self.options.keep_colours {
                KeepColours::No => style.picture.clone(),
                // Gray, with the mean and spread of the content's lightness.
                KeepColours::Luminance => {
                    let grey = finish::lightness(content);
                    finish::lightness(&finish::lightness(&style.picture).with_colours_of(&grey))
                }
                KeepColours::Matched => style.picture.clone().with_colours_of(content),
            };
            StylePicture { picture, ..style.clone() }
        };
        Ok(styles.iter().map(prepare).collect())
    }

    fn descent(&self, len: usize) -> Descent {
        match self.options.method {
            Method::Adam { rate } => Descent::Adam(Adam::new(rate, len)),
            Method::Lbfgs { history } => Descent::Lbfgs(Lbfgs::new(history)),
        }
    }
}

impl<'a> Optimization<'a> {
    /// Makes one step; `None` if all are made.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] if `control` asked to stop; then the picture is as it was before the
    /// step; [`ErrorKind::TooLarge`] if there is not enough memory; [`ErrorKind::InvalidArgument`] if a
    /// style picture is too small for the network.
    pub fn step(&mut self, control: &dyn Control) -> Result<Option<Step>> {
        while self.steps >= self.steps_at(self.scale) {
            if self.scale + 1 >= self.scales.len() {
                return Ok(None);
            }
            self.next_scale()?;
        }
        let mut objective = match self.objective.take() {
            Some(objective) => objective,
            None => self.objective(control)?,
        };
        let grey = self.optimizer.options.keep_colours == KeepColours::Luminance;
        let mut evaluate = |values: &[f32]| {
            let (losses, mut gradient) = objective.evaluate(values, control)?;
            if grey {
                // Gray stays gray: only the derivative along the gray axis counts.
                for pixel in gradient.as_chunks_mut::<3>().0 {
                    *pixel = [pixel.iter().sum::<f32>() / 3.0; 3];
                }
            }
            Ok((losses, gradient))
        };
        let found = self.descent.step(&mut self.values, &mut evaluate);
        self.objective = Some(objective);
        let losses = found?;
        self.steps += 1;
        self.losses.push(losses);
        Ok(Some(self.made(self.scale, self.steps, losses)))
    }

    /// Returns the step that was the `steps`-th at this scale.
    fn made(&self, scale: usize, steps: usize, losses: Losses) -> Step {
        let pixels = |scale: usize| self.scales[scale].pixels() as f64;
        let work = |scales: std::ops::Range<usize>| scales.map(|i| self.steps_at(i) as f64 * pixels(i)).sum::<f64>();
        let share = (work(0..scale) + steps as f64 * pixels(scale)) / work(0..self.scales.len());
        let sum = |scales: std::ops::Range<usize>| scales.map(|i| self.steps_at(i)).sum::<usize>();
        Step { done: sum(0..scale) + steps, total: sum(0..self.scales.len()), scale, size: self.scales[scale], losses, share }
    }

    /// Returns all steps so far, from the first. Those before a checkpoint count.
    pub fn history(&self) -> Vec<Step> {
        let places = (0..self.scales.len()).flat_map(|scale| (1..=self.steps_at(scale)).map(move |steps| (scale, steps)));
        self.losses.iter().zip(places).map(|(losses, (scale, steps))| self.made(scale, steps, *losses)).collect()
    }

    /// Whether all steps are made, so that [`Optimization::picture`] returns the final picture.
    pub fn is_done(&self) -> bool {
        self.scale + 1 == self.scales.len() && self.steps >= self.steps_at(self.scale)
    }

    /// Returns the picture in its current state, at the content's size, with the content's
    /// transparency and [`crate::picture::Source`].
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] if there is not enough memory.
    pub fn picture(&self) -> Result<Picture> {
        let mut values = self.descent.result(&self.values).into_owned();
        values.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
        let mut painted = Picture::from_rgb_f32(self.scales[self.scale], values)?.resized(self.size(), Resize::PHOTO)?;
        let options = &self.optimizer.options;
        if options.match_histogram {
            let styles: Vec<(f32, &Picture)> = self.styles.iter().map(|style| (style.weight, &style.picture)).collect();
            finish::match_histogram(&mut painted, &styles);
        }
        if options.keep_colours == KeepColours::Luminance {
            Recolour::luminance().apply(self.content.rgb(), painted.rgb_mut());
        }
        self.content.repainted(self.size(), painted.into_rgb())
    }

    /// Returns bytes from which [`Optimizer::resume`] continues without any difference to the result.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if a value is not finite.
    pub fn checkpoint(&self) -> Result<Vec<u8>> {
        checkpoint::write(self)
    }

    /// Returns the size of each scale, the coarsest first.
    pub fn scales(&self) -> &[Size] {
        &self.scales
    }

    fn size(&self) -> Size {
        self.content.size()
    }

    fn steps_at(&self, scale: usize) -> usize {
        let steps = &self.optimizer.options.steps;
        steps.get(scale).or(steps.last()).copied().unwrap_or(0)
    }

    fn next_scale(&mut self) -> Result<()> {
        let size = self.scales[self.scale];
        let values = self.descent.result(&self.values).into_owned();
        self.scale += 1;
        self.steps = 0;
        self.values = Picture::from_rgb_f32(size, values)?.resized(self.scales[self.scale], Resize::NETWORK)?.into_rgb();
        self.descent = self.optimizer.descent(self.values.len());
        self.objective = None;
        Ok(())
    }

    fn objective(&self, control: &dyn Control) -> Result<Objective<'a>> {
        let optimizer = self.optimizer;
        let size @ Size { width, height } = self.scales[self.scale];
        let content = self.content.resized(size, Resize::NETWORK)?;
        let wanted = width.max(height) as f32 * optimizer.options.style_scale;
        let least = optimizer.network.least_side() as f32;
        let styles = self.styles.iter().map(|style| {
            let picture = &style.picture;
            let (short, long) = (picture.width().min(picture.height()) as f32, picture.width().max(picture.height()) as f32);
            // Never enlarged. At coarse scales, never smaller than the network can see, although the content may be.
            let scale = (wanted / long).max(least / short).min(1.0);
            let seen = picture.fit_long_side((long * scale).ceil() as usize, Resize::NETWORK)?;
            let extent = Shape { height: seen.height(), width: seen.width(), channels: 3 };
            Ok((seen.into_rgb(), extent))
        });
        let styles: Vec<(Vec<f32>, Shape)> = styles.collect::<Result<_>>()?;
        let regions = Regions::new(&self.styles, self.size())?;
        let extent = Shape { height, width, channels: 3 };
        Objective::new(
            &optimizer.network,
            &optimizer.engine,
            &optimizer.options,
            (content.rgb(), extent),
            &styles,
            &regions,
            control,
        )
    }
}

impl std::fmt::Debug for Optimizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Optimizer").field("options", &self.options).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Optimization<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Optimization").field("scales", &self.scales).field("scale", &self.scale).finish_non_exhaustive()
    }
}

/// Noise around the content's mean color.
fn noise(content: &Picture, Size { width, height }: Size, seed: u64) -> Vec<f32> {
    let pixels = content.rgb().as_chunks::<3>().0;
    let mean = [0, 1, 2].map(|c| pixels.iter().map(|p| f64::from(p[c])).sum::<f64>() / pixels.len() as f64);
    let numbers = Numbers::seeded(seed).take(width * height * 3).enumerate();
    numbers.map(|(i, uniform)| (mean[i % 3] as f32 + (uniform - 0.5) * 0.5).clamp(0.0, 1.0)).collect()
}
