//! Which model the user means.

use std::path::PathBuf;

use impasto::engine::{self, Isa};
use impasto::networks::Options;
use impasto::weights::Limits;
use impasto::{ErrorKind, Model, Stylizer};
use impasto_models::Models;

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
/// If there is none: with the public addresses of models. If a published model cannot be downloaded, or may not.
pub(crate) fn paths(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let words = if given.is_empty() { Models::default_words() } else { given.to_vec() };
    if words.is_empty() && !Model::HAS_EMBEDDED {
        return Err(Failure::failed(NO_MODEL));
    }
    fetching::resolve(&words)
}

/// Reads a model whole, weights included; it may be of one network. Without paths, the built-in one.
pub(crate) fn open(paths: &[PathBuf]) -> Result<Model> {
    let paths = self::paths(paths)?;
    if paths.is_empty() {
        return Ok(Model::embedded()?);
    }
    Ok(Model::open_with(&paths, &Limits::default(), &Options::default())?)
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
