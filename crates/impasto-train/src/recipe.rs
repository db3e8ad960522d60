//! Recipes: the files that say what to train, on which pictures, and how.

use std::path::{Path, PathBuf};

use impasto::{Error, ErrorKind, Result};
use serde::Deserialize;

/// A recipe for a style transfer model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Seed of everything random.
    pub seed: u64,
    /// The model's family: its style vectors are only for models of the same family.
    pub family: String,
    /// The architecture of the transformer, in its one-line text form ([`impasto::networks::Architecture`]).
    pub transformer: String,
    /// The architecture of the style predictor.
    pub predictor: String,
    /// The training pictures.
    pub data: Data,
    /// The perceptual networks of the losses.
    pub perception: Perception,
    /// How the networks are trained.
    pub train: Train,
    /// The weights of the losses.
    pub loss: Loss,
    /// Runs that follow the first. Each begins with the averaged weights of the previous run and a fresh optimizer.
    #[serde(default)]
    pub then: Vec<Change>,
}

/// What a later run changes from the first.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Seed of everything random.
    pub seed: u64,
    /// Steps of this run.
    pub steps: usize,
    /// Adam's rate at the start.
    pub rate: f32,
    /// Weight of the content.
    pub content: f32,
    /// Weight of steadiness. Default: as in the first run.
    #[serde(default)]
    pub steady: Option<f32>,
    /// Weight of patterns that depend on a pixel's place. Default: as in the first run.
    #[serde(default)]
    pub lattice: Option<f32>,
    /// Weight of halos along edges. Default: as in the first run.
    #[serde(default)]
    pub halo: Option<f32>,
    /// Share of the contents with a smooth sky. Default: as in the first run.
    #[serde(default)]
    pub skies: Option<f32>,
    /// Share of the contents that are rounded to 8 bits. Default: as in the first run.
    #[serde(default)]
    pub rounded: Option<f32>,
    /// The transformer's architecture. Default: as in the first run. It may add anti-aliasing (`resample=5`), skips, or
    /// a branch at stride 8 (`deep=CHANNELS,BLOCKS`).
    #[serde(default)]
    pub transformer: Option<String>,
}

/// The training pictures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Photographs.
    pub content: Vec<Source>,
    /// Style pictures.
    pub style: Vec<Source>,
    /// Every n-th picture of each source, by name, is held out of training and painted on the contact sheet.
    pub held_out: usize,
}

/// A folder of pictures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The folder.
    pub folder: PathBuf,
    /// Only files whose names start with one of these; all if empty.
    #[serde(default)]
    pub starting: Vec<String>,
    /// How often pictures are drawn from here, relative to the other sources' shares.
    pub share: f32,
}

/// Perceptual networks, of any form that [`impasto::Perceptual::open`] reads.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perception {
    /// VGG-19, for the shallow layers.
    pub vgg: PathBuf,
    /// A narrower network, for the deeper layers.
    pub narrow: PathBuf,
}

/// How the networks are trained.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Number of steps.
    pub steps: usize,
    /// Content crops per step.
    pub batch: usize,
    /// Side of a content crop in pixels.
    pub crop: usize,
    /// Side of the style crops that outputs are compared with. The predictor sees them at two thirds of this.
    pub style_crop: usize,
    /// Share of the steps that take statistics from a thumbnail, which shows a larger
    /// part of the photograph than is painted.
    pub thumbnails: f32,
    /// Side of that thumbnail in pixels.
    pub thumbnail: usize,
    /// Number of style crops whose statistics are kept. One is replaced in every step.
    pub bank: usize,
    /// Adam's rate at the start. It falls along a cosine to a hundredth.
    pub rate: f32,
    /// Factor on the rate for the transformer's branch at stride 8. A fresh branch may learn faster.
    #[serde(default = "one")]
    pub deep_rate: f32,
    /// Steps in which the rate rises to its start value.
    pub warm_up: usize,
    /// Maximum length of the gradient. Longer gradients are scaled down to it.
    pub clip: f32,
    /// Share of the content crops that get a smooth sky over a part.
    #[serde(default)]
    pub skies: f32,
    /// Share of the content crops that are painted from values rounded to 8 bits, as files have
    /// them, and compared with the exact values.
    #[serde(default)]
    pub rounded: f32,
    /// Decay of the averaged weights, which are the ones that are shipped.
    pub average: f32,
}

/// The weights of the losses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Distance of the normalized features from the content's.
    pub content: f32,
    /// Distance of the Gram matrices from the style's.
    pub gram: f32,
    /// Distance of means and standard deviations from the style's.
    pub moments: f32,
    /// Mean absolute difference between neighboring pixels.
    pub variation: f32,
    /// Unsteadiness: how much a painting changes, apart from the shift, when its content is shifted
    /// by up to 4 pixels and gets faint noise.
    #[serde(default)]
    pub steady: f32,
    /// Share of the fine contrast that a pixel's place modulo 4 explains: rows and grids.
    #[serde(default)]
    pub lattice: f32,
    /// Halos along edges, and blotches that follow nothing in the content.
    #[serde(default)]
    pub halo: f32,
}

fn one() -> f32 {
    1.0
}

/// Reads a recipe of any kind.
///
/// # Errors
/// One line that names the file: [`ErrorKind::Io`] if it cannot be read,
/// [`ErrorKind::Malformed`] if it is no recipe of this kind.
pub fn parse<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::from(e).context(path.display()))?;
    toml::from_str(&text)
        .map_err(|e| Error::new(ErrorKind::Malformed, format!("{}: {}", path.display(), e.message().replace('\n', " "))))
}

/// The kinds of recipes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A style transfer model: [`Recipe`].
    Style,
    /// A perceptual network: [`crate::distil::Recipe`].
    Perceptual,
}

/// Returns the kind of a recipe. One for a perceptual network names its architecture as `perceptual`.
///
/// # Errors
/// As [`parse`].
pub fn kind(path: &Path) -> Result<Kind> {
    let table: toml::Table = parse(path)?;
    Ok(if table.contains_key("perceptual") { Kind::Perceptual } else { Kind::Style })
}

impl Data {
    /// Makes relative paths start at this folder.
    pub(crate) fn below(&mut self, folder: &Path) {
        self.content.iter_mut().chain(&mut self.style).for_each(|source| source.folder = folder.join(&source.folder));
    }
}

impl Perception {
    /// Makes relative paths start at this folder.
    pub(crate) fn below(&mut self, folder: &Path) {
        [&mut self.vgg, &mut self.narrow].into_iter().for_each(|path| *path = folder.join(&*path));
    }
}

impl Recipe {
    /// Reads a recipe. Relative paths in it start at the recipe's folder.
    ///
    /// # Errors
    /// One line that names the file: [`ErrorKind::Io`] if it cannot be read,
    /// [`ErrorKind::Malformed`] if it is no recipe.
    pub fn open(path: &Path) -> Result<Self> {
        let mut recipe: Recipe = parse(path)?;
        recipe.check().map_err(|why| Error::new(ErrorKind::Malformed, format!("{}: {why}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        recipe.data.below(folder);
        recipe.perception.below(folder);
        Ok(recipe)
    }

    /// Returns the runs of the recipe: the first one and those that follow.
    pub fn runs(&self) -> Vec<Recipe> {
        let mut runs = vec![Recipe { then: Vec::new(), ..self.clone() }];
        for Change { seed, steps, rate, content, steady, lattice, halo, skies, rounded, transformer } in &self.then {
            let mut run = runs[0].clone();
            run.seed = *seed;
            (run.train.steps, run.train.rate) = (*steps, *rate);
            run.loss.content = *content;
            run.loss.steady = steady.unwrap_or(run.loss.steady);
            run.loss.lattice = lattice.unwrap_or(run.loss.lattice);
            run.loss.halo = halo.unwrap_or(run.loss.halo);
            run.train.skies = skies.unwrap_or(run.train.skies);
            run.train.rounded = rounded.unwrap_or(run.train.rounded);
            run.transformer = transformer.clone().unwrap_or(run.transformer);
            runs.push(run);
        }
        runs
    }

    fn check(&self) -> std::result::Result<(), &'static str> {
        let Train { steps, batch, crop, style_crop, bank, thumbnail, .. } = self.train;
        let sides = [crop, style_crop, thumbnail];
        match () {
            () if steps == 0 || batch == 0 || bank == 0 || self.then.iter().any(|run| run.steps == 0) => {
                Err("steps, batch and bank must be at least 1")
            }
            () if sides.iter().any(|side| *side < 48 || side % 16 != 0) => {
                Err("crops and thumbnail must be multiples of 16 pixels, at least 48")
            }
            () if crop < 80 && self.runs().iter().any(|run| run.loss.halo > 0.0) => Err("halos need crops of at least 80 pixels"),
            () if self.data.content.iter().chain(&self.data.style).any(|source| source.share.is_nan() || source.share <= 0.0) => {
                Err("shares must be greater than 0")
            }
            () if self.data.held_out < 2 => Err("held_out must be at least 2, or nothing is left to train on"),
            () => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Recipe;

    #[test]
    fn the_shipped_recipe_has_its_runs() {
        let recipe = Recipe::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("recipes/impasto.toml")).unwrap();
        let runs = recipe.runs();
        let facts: Vec<_> = runs.iter().map(|run| (run.seed, run.train.steps, run.train.rate, run.loss.content)).collect();
        assert_eq!(
            facts,
            [
                (1, 9700, 0.002, 0.25),
                (2, 9500, 0.002, 0.27),
                (3, 1200, 0.001, 0.45),
                (4, 9000, 0.002, 0.55),
                (5, 4200, 0.0015, 0.47),
                (11, 900, 0.0006, 0.55),
                (12, 304, 0.0008, 0.52),
                (13, 1350, 0.001, 0.38),
                (21, 2400, 0.001, 0.36),
                (22, 500, 0.0007, 0.27)
            ]
        );
        assert_eq!(runs.iter().map(|run| run.transformer.contains("resample=5 skips=yes")).filter(|later| *later).count(), 5);
        assert_eq!((runs[4].loss.steady, runs[7].loss.steady, runs[7].loss.lattice, runs[7].train.rounded), (0.0, 4.0, 4.0, 0.7));
        assert_eq!((runs[7].loss.halo, runs[8].loss.halo), (0.0, 1.5));
        assert!(runs.iter().all(|run| run.then.is_empty() && run.train.batch == recipe.train.batch));
    }
}
