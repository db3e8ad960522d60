//! Reads perceptual networks from files.

use std::path::Path;

use super::{ARCHITECTURE, Perceptual};
use crate::networks::vgg::{self, Preprocessing};
use crate::weights::{self, Limits, Weights};
use crate::{Error, ErrorKind, Result};

pub(super) fn open(path: &Path, limits: &Limits, preprocessing: Option<Preprocessing>) -> Result<Perceptual> {
    let (weights, kind) = read(path, limits)?;
    of_weights(weights, &kind, preprocessing).map_err(|e| e.context(path.display()))
}

fn of_weights(weights: Weights, kind: &str, preprocessing: Option<Preprocessing>) -> Result<Perceptual> {
    if weights.metadata.contains_key(ARCHITECTURE) {
        return Perceptual::from_container(weights);
    }
    let some: Vec<String> = weights.iter().map(|(name, _)| name.to_owned()).take(3).collect();
    if let Some((vgg, weights, source)) = vgg::read(weights, preprocessing)? {
        return Perceptual::new(vgg, weights, source.into(), vgg::LICENCE.into());
    }
    let text = format!(
        "is not a perceptual network: it is a {kind} file with arrays such as {}; give VGG-16 or VGG-19 of torchvision or \
         Keras, an encoder of Collaborative Distillation, or one that impasto-train made",
        some.join(", ")
    );
    Err(Error::new(ErrorKind::Mismatch, text))
}

/// Reads the arrays. If the last shards of a TensorFlow.js folder are missing, reads those that exist.
fn read(path: &Path, limits: &Limits) -> Result<(Weights, String)> {
    let manifest = if path.is_dir() { path.join("model.json") } else { path.to_owned() };
    let is_tfjs = manifest.file_name().is_some_and(|name| name == "model.json") && manifest.is_file();
    if is_tfjs {
        let weights = weights::tfjs::load_what_is_there(&manifest, limits)?;
        return Ok((weights, weights::Format::TfJs.to_string()));
    }
    let loaded = weights::load(path, limits)?;
    Ok((loaded.weights, loaded.format.to_string()))
}
