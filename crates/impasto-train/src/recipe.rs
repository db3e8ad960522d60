//! The file that says what to train, on what and how.

use std::path::{Path, PathBuf};

use impasto::{Error, ErrorKind, Result};
use serde::Deserialize;

/// A training run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Decides everything random.
    pub seed: u64,
    /// Whose style vectors these become: the model's family.
    pub family: String,
    /// The architecture of the transformer, in its one-line text form ([`impasto::networks::Architecture`]).
    pub transformer: String,
    /// The architecture of the style predictor.
    pub predictor: String,
    /// The pictures.
    pub data: Data,
    /// What the losses look through.
    pub perception: Perception,
    /// How to go about it.
    pub train: Train,
    /// The weights of the losses.
    pub loss: Loss,
}

/// The pictures.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Photographs.
    pub content: Vec<Source>,
    /// Style pictures.
    pub style: Vec<Source>,
    /// Every n-th picture of each source, by name, is left out of training and painted on the contact sheet.
    pub held_out: usize,
}

/// Pictures of a kind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Where they are.
    pub folder: PathBuf,
    /// Only files whose names start with one of these; all if empty.
    #[serde(default)]
    pub starting: Vec<String>,
    /// How often a picture is taken from here, in proportion to the other sources' shares.
    pub share: f32,
}

/// Perceptual networks.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Perception {
    /// Folder of VGG-19 as TensorFlow.js has it (Keras' weights), as deep as there are shards.
    pub vgg: PathBuf,
    /// PyTorch checkpoint of a narrower VGG-19 encoder up to relu5_1 (Collaborative Distillation).
    pub narrow: PathBuf,
}

/// How to go about it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Train {
    /// Steps in all.
    pub steps: usize,
    /// Pictures in a step.
    pub batch: usize,
    /// Side of a content crop in pixels.
    pub crop: usize,
    /// Side of a style crop that the output is compared with. The predictor sees it at two thirds of that.
    pub style_crop: usize,
    /// Share of the steps in which statistics come from a thumbnail of a larger part of the photograph than is painted.
    pub thumbnails: f32,
    /// Side of that thumbnail.
    pub thumbnail: usize,
    /// Style crops whose statistics are kept; one is replaced in every step.
    pub bank: usize,
    /// Adam's rate at the start; it falls with a cosine to a hundredth.
    pub rate: f32,
    /// Steps in which the rate rises to its start.
    pub warm_up: usize,
    /// Longest gradient, as a multiple of which longer ones are cut.
    pub clip: f32,
    /// How slowly the averaged weights, which are what is shipped, follow the trained ones.
    pub average: f32,
}

/// The weights of the losses.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Distance of normalised features from the content's.
    pub content: f32,
    /// Distance of Gram matrices from the style's.
    pub gram: f32,
    /// Distance of means and standard deviations from the style's.
    pub moments: f32,
    /// Mean absolute difference of neighbouring pixels.
    pub variation: f32,
}

impl Recipe {
    /// Reads a recipe. Relative paths in it count from the recipe's folder.
    ///
    /// # Errors
    /// One line that names the file: [`ErrorKind::Io`] if it cannot be read, [`ErrorKind::Malformed`] if it is no recipe.
    pub fn open(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::from(e).context(path.display()))?;
        let malformed = |why: String| Error::new(ErrorKind::Malformed, format!("{}: {}", path.display(), why.replace('\n', " ")));
        let mut recipe: Recipe = toml::from_str(&text).map_err(|e| malformed(e.message().to_owned()))?;
        recipe.check().map_err(|why| malformed(why.to_owned()))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let Recipe { data, perception, .. } = &mut recipe;
        let sources = data.content.iter_mut().chain(&mut data.style).map(|source| &mut source.folder);
        let paths = sources.chain([&mut perception.vgg, &mut perception.narrow]);
        paths.for_each(|path| *path = folder.join(&*path));
        Ok(recipe)
    }

    fn check(&self) -> std::result::Result<(), &'static str> {
        let Train { steps, batch, crop, style_crop, bank, thumbnail, .. } = self.train;
        let sides = [crop, style_crop, thumbnail];
        match () {
            () if steps == 0 || batch == 0 || bank == 0 => Err("steps, batch and bank must be at least 1"),
            () if sides.iter().any(|side| *side < 48 || side % 16 != 0) => {
                Err("crops and thumbnail must be multiples of 16 pixels, at least 48")
            }
            () if self.data.content.iter().chain(&self.data.style).any(|source| source.share.is_nan() || source.share <= 0.0) => {
                Err("shares must be greater than 0")
            }
            () if self.data.held_out < 2 => Err("held_out must be at least 2, or nothing is left to train on"),
            () => Ok(()),
        }
    }
}
