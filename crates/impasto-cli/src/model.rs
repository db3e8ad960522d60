//! Which model the user means.

use std::path::PathBuf;

use impasto::engine::{self, Isa};
use impasto::networks::Options;
use impasto::weights::Limits;
use impasto::{ErrorKind, Model};

use crate::failure::{Failure, Result};

/// The environment variable that stands in for `--model`.
const VARIABLE: &str = "IMPASTO_MODEL";

const NO_MODEL: &str = "no model: give its file or folder with --model PATH (or IMPASTO_MODEL); Magenta publishes the TF-Hub module \
     (https://www.kaggle.com/models/google/arbitrary-image-stylization-v1, formerly \
     https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2), the checkpoint \
     (https://storage.googleapis.com/download.magenta.tensorflow.org/models/arbitrary_style_transfer.tar.gz), and the small TFLite \
     pair (https://storage.googleapis.com/download.tensorflow.org/models/tflite/task_library/style_transfer/android/\
     magenta_arbitrary-image-stylization-v1-256_fp16_prediction_1.tflite and …_fp16_transfer_1.tflite beside it)";

/// The paths given with `--model`, or else by the environment.
///
/// # Errors
/// If there are none, with the public addresses of models.
pub(crate) fn paths(given: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if !given.is_empty() {
        return Ok(given.to_vec());
    }
    let value = std::env::var_os(VARIABLE).unwrap_or_default();
    let paths: Vec<_> = std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect();
    if paths.is_empty() { Err(Failure::failed(NO_MODEL)) } else { Ok(paths) }
}

/// Reads a model whole, weights included; it may be of one network.
pub(crate) fn open(paths: &[PathBuf]) -> Result<Model> {
    Ok(Model::open_with(paths, &Limits::default(), &Options::default())?)
}

/// The instruction set that `IMPASTO_ISA` asks for, or the machine's best. What the machine lacks is wrong usage.
pub(crate) fn isa() -> Result<Isa> {
    engine::isa_from_environment().map_err(|error| match error.kind() {
        ErrorKind::InvalidArgument => Failure::usage(error),
        _ => error.into(),
    })
}
