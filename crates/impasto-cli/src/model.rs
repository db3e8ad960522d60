//! Which model the user means.

use std::path::PathBuf;

use impasto::engine::{self, Isa};
use impasto::networks::Options;
use impasto::weights::Limits;
use impasto::{ErrorKind, Model, Stylizer};

use crate::failure::{Failure, Result};
use crate::imported;

/// The environment variable that stands in for `--model`.
const VARIABLE: &str = "IMPASTO_MODEL";

const NO_MODEL: &str = "no model: give its file or folder with --model PATH (or IMPASTO_MODEL); Magenta publishes the TF-Hub module \
     (https://www.kaggle.com/models/google/arbitrary-image-stylization-v1, formerly \
     https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2), the checkpoint \
     (https://storage.googleapis.com/download.magenta.tensorflow.org/models/arbitrary_style_transfer.tar.gz), and the small TFLite \
     pair (https://storage.googleapis.com/download.tensorflow.org/models/tflite/task_library/style_transfer/android/\
     magenta_arbitrary-image-stylization-v1-256_fp16_prediction_1.tflite and …_fp16_transfer_1.tflite beside it)";

/// The model that the command line asks for, or else the environment: its paths, or none for the built-in one. A bare name that is no file
/// here is that of an imported model.
///
/// # Errors
/// If there is none: with the public addresses of models.
pub(crate) fn paths(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut paths = given.to_vec();
    if paths.is_empty() {
        let value = std::env::var_os(VARIABLE).unwrap_or_default();
        paths = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect();
    }
    if paths.is_empty() && !Model::HAS_EMBEDDED {
        return Err(Failure::failed(NO_MODEL));
    }
    Ok(paths.into_iter().map(|path| imported::path_of(&path).filter(|_| !path.exists()).unwrap_or(path)).collect())
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
