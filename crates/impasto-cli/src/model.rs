//! Which model the user means.

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

/// The model that the command line asks for, or else the environment: its paths, or none for the built-in one. A name or a web address is
/// that of an imported or published model, which is downloaded if the user agrees.
///
/// # Errors
/// If there is none: with the public addresses of models. If a published model cannot be downloaded, or may not, or does not paint.
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

/// Reads a model whole, weights included; it may be of one network, and that a perceptual one. Without paths, the built-in one.
pub(crate) fn open(paths: &[PathBuf]) -> Result<Model> {
    let perceptual = !paths.is_empty() && fetching::is_perceptual(paths)?;
    let paths = paths_for(paths, None)?;
    if paths.is_empty() {
        return Ok(Model::embedded()?);
    }
    match &paths[..] {
        // It may lack what only a classifier needs.
        [path] if perceptual => {
            let weights = Perceptual::open(path)?.to_weights();
            Ok(Model::from_weights(path.display().to_string(), weights)?)
        }
        _ => Ok(Model::open_with(&paths, &Limits::default(), &Options::default())?),
    }
}

/// The perceptual networks that these words mean: files, folders, names or web addresses. What is published is downloaded if the user agrees.
///
/// # Errors
/// As [`paths`]; as [`Perceptual::open_with`].
pub(crate) fn perceptual(
    words: &[PathBuf],
    limits: &Limits,
    preprocessing: Option<perceptual::Preprocessing>,
) -> Result<Vec<Perceptual>> {
    let open = |path: PathBuf| Ok(Perceptual::open_with(path, limits, preprocessing)?);
    fetching::resolve(words, Some(Role::Perceptual))?.into_iter().map(open).collect()
}

/// The perceptual network of the program.
///
/// # Errors
/// If it was built without one.
pub(crate) fn embedded_perceptual() -> Result<Perceptual> {
    #[cfg(feature = "embedded")]
    return Ok(Perceptual::embedded()?);
    #[cfg(not(feature = "embedded"))]
    Err(Failure::failed(
        "no perceptual network: this program was built without one; give a name or a file of VGG-16 or VGG-19 with --perceptual, for \
         example --perceptual vgg19",
    ))
}

/// A model ready to paint, as [`open()`] finds it.
pub(crate) fn stylizer(given: &[PathBuf], threads: Option<usize>) -> Result<Stylizer> {
    let builder = Stylizer::builder().threads(threads.unwrap_or(0)).isa(isa()?);
    Ok(paths(given)?.iter().fold(builder, |builder, path| builder.model(path)).open()?)
}

/// The instruction set that `IMPASTO_ISA` asks for, or the machine's best. What the machine lacks is wrong usage.
pub(crate) fn isa() -> Result<Isa> {
    engine::isa_from_environment().map_err(|error| match error.kind() {
        ErrorKind::InvalidArgument => Failure::usage(error),
        _ => error.into(),
    })
}
