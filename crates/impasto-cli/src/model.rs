//! Finds and opens the model that the user means.

use std::path::PathBuf;

use impasto::engine::{self, Isa};
use impasto::networks::Options;
use impasto::weights::Limits;
use impasto::{ErrorKind, Model, Perceptual, Stylizer, perceptual};
use impasto_models::Models;
use impasto_models::registry::Role;

use crate::failure::{Failure, Result};
use crate::fetching;

const NO_MODEL: &str = "no model: give its name, file or folder with --model (or IMPASTO_MODEL). `impasto models list` prints the \
     published ones; Magenta publishes the TF-Hub module \
     (https://www.kaggle.com/models/google/arbitrary-image-stylization-v1, formerly \
     https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2), the checkpoint \
     (https://storage.googleapis.com/download.magenta.tensorflow.org/models/arbitrary_style_transfer.tar.gz), and the small TFLite \
     pair (https://storage.googleapis.com/download.tensorflow.org/models/tflite/task_library/style_transfer/android/\
     magenta_arbitrary-image-stylization-v1-256_fp16_prediction_1.tflite and …_fp16_transfer_1.tflite beside it)";

/// Returns the paths of the model that the command line asks for, or else the
/// environment; no paths for the built-in model. A name or a web address means an
/// imported or published model. A published one is downloaded if the user agrees.
///
/// # Errors
/// If there is no model: the message has the public addresses of models. If a
/// published model cannot or may not be downloaded, or does not paint.
pub(crate) fn paths(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    paths_for(given, Some(Role::Model))
}

fn paths_for(given: &[PathBuf], role: Option<Role>) -> Result<Vec<PathBuf>> {
    let words = if given.is_empty() { Models::default_words() } else { given.to_vec() };
    if words.is_empty() && !Model::HAS_EMBEDDED {
        return Err(Failure::failed(NO_MODEL));
    }
    fetching::resolve(&words, role)
}

/// Reads a whole model, weights included; without paths, the built-in
/// one. It may be a single network, even a perceptual one.
pub(crate) fn open(paths: &[PathBuf]) -> Result<Model> {
    let perceptual = !paths.is_empty() && fetching::is_perceptual(paths)?;
    let paths = paths_for(paths, None)?;
    if paths.is_empty() {
        return Ok(Model::embedded()?);
    }
    match &paths[..] {
        // A perceptual network may lack the layers that only a classifier needs.
        [path] if perceptual => {
            let weights = Perceptual::open(path)?.to_weights();
            Ok(Model::from_weights(path.display().to_string(), weights)?)
        }
        _ => Ok(Model::open_with(&paths, &Limits::default(), &Options::default())?),
    }
}

/// Opens the perceptual networks that these words mean: files, folders, names or
/// web addresses. Published ones are downloaded if the user agrees.
///
/// # Errors
/// Those of [`paths`] and of [`Perceptual::open_with`].
pub(crate) fn perceptual(
    words: &[PathBuf],
    limits: &Limits,
    preprocessing: Option<perceptual::Preprocessing>,
) -> Result<Vec<Perceptual>> {
    let open = |path: PathBuf| Ok(Perceptual::open_with(path, limits, preprocessing)?);
    fetching::resolve(words, Some(Role::Perceptual))?.into_iter().map(open).collect()
}

/// Opens the built-in perceptual network.
///
/// # Errors
/// If the program was built without one.
pub(crate) fn embedded_perceptual() -> Result<Perceptual> {
    #[cfg(feature = "embedded")]
    return Ok(Perceptual::embedded()?);
    #[cfg(not(feature = "embedded"))]
    Err(Failure::failed(
        "no perceptual network: this program was built without one; give a name or a file of VGG-16 or VGG-19 with --perceptual, for \
         example --perceptual vgg19",
    ))
}

/// Opens a model to paint with, found as in [`paths`].
pub(crate) fn stylizer(given: &[PathBuf], threads: Option<usize>) -> Result<Stylizer> {
    let builder = Stylizer::builder().threads(threads.unwrap_or(0)).isa(isa()?);
    Ok(paths(given)?.iter().fold(builder, |builder, path| builder.model(path)).open()?)
}

/// Returns the instruction set that `IMPASTO_ISA` asks for, or the best of
/// this machine. If the machine lacks it, that is wrong usage.
pub(crate) fn isa() -> Result<Isa> {
    engine::isa_from_environment().map_err(|error| match error.kind() {
        ErrorKind::InvalidArgument => Failure::usage(error),
        _ => error.into(),
    })
}
