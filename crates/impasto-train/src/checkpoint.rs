//! Checkpoints of runs: the file `checkpoint.safetensors` in a run's folder.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use impasto::weights::safetensors::{self, Precision};
use impasto::weights::{self, Limits, Weights};
use impasto::{Error, ErrorKind, Result};

use crate::executor::{Parameters, values};
use crate::optimiser::Adam;

const STEP: &str = "step";

fn file(folder: &Path) -> PathBuf {
    folder.join("checkpoint.safetensors")
}

/// Writes the number of steps done, the parameters and the optimizer's state.
///
/// # Errors
/// As [`values`]; [`ErrorKind::Io`] if the file cannot be written.
pub fn save(folder: &Path, step: usize, all: &[&Parameters], adam: &Adam) -> Result<()> {
    let mut arrays = Weights::new();
    arrays.metadata.insert(STEP.into(), step.to_string());
    for parameters in all {
        for (name, array) in parameters.weights()?.iter() {
            arrays.insert(format!("value/{name}"), array.clone());
        }
    }
    for (name, tensor) in adam.iter() {
        let data = values(tensor.clone())?;
        arrays.insert(name, weights::Tensor::new([data.len()], data)?);
    }
    safetensors::save(&arrays, &file(folder), Precision::F32, true)
}

/// Continues from what [`save`] wrote. Returns the number of steps done, 0 if there is no file.
///
/// # Errors
/// [`ErrorKind::Malformed`] if the file is no checkpoint of such parameters; else as [`weights::load`].
pub fn resume(folder: &Path, all: &mut [&mut Parameters], adam: &mut Adam, device: &Device) -> Result<usize> {
    let path = file(folder);
    if !path.is_file() {
        return Ok(0);
    }
    let arrays = weights::load(&path, &Limits::default())?.weights;
    let step = restore(&arrays, all, adam, device).map_err(|e| e.context(path.display()))?;
    eprintln!("continuing from step {step}");
    Ok(step)
}

fn restore(file: &Weights, all: &mut [&mut Parameters], adam: &mut Adam, device: &Device) -> Result<usize> {
    let malformed = || Error::new(ErrorKind::Malformed, "is not a checkpoint of this recipe");
    let step = file.metadata.get(STEP).and_then(|step| step.parse().ok()).ok_or_else(malformed)?;
    let find = |name: &str| {
        let data = file.get(name)?.data();
        Some(Tensor::<1>::from_data(TensorData::new(data.to_vec(), [data.len()]), device).inner())
    };
    for parameters in all {
        for (name, tensor) in parameters.iter_mut() {
            let value = find(&format!("value/{name}")).filter(|value| value.dims() == tensor.dims()).ok_or_else(malformed)?;
            *tensor = Tensor::from_inner(value).require_grad();
            adam.restore(name, find);
        }
    }
    Ok(step)
}

/// Returns the weights, averaged where the optimizer has averages.
///
/// # Errors
/// As [`values`].
pub fn averaged(parameters: &Parameters, adam: &Adam) -> Result<Weights> {
    let mut weights = parameters.weights()?;
    let names: Vec<String> = weights.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let (Some(mean), Some(array)) = (adam.averages().get(&name), weights.get(&name)) else { continue };
        let averaged = weights::Tensor::new(array.shape().to_vec(), values(mean.clone())?)?;
        weights.insert(name, averaged);
    }
    Ok(weights)
}
