//! What a run can go on from, and the model itself.

use burn::tensor::{Tensor, TensorData};
use impasto::networks::Model;
use impasto::weights::safetensors::{self, Precision};
use impasto::weights::{self, Limits, Weights};
use impasto::{Error, ErrorKind, Result};

use super::Trainer;
use crate::executor::values;

const STEP: &str = "step";

impl Trainer {
    /// Writes `checkpoint.safetensors`, `model.safetensors` (the averaged weights, float16) and a contact sheet.
    pub(super) fn write(&self) -> Result<()> {
        let mut all = Weights::new();
        all.metadata.insert(STEP.into(), self.step.to_string());
        for parameters in [&self.predictor, &self.transformer] {
            for (name, array) in parameters.weights()?.iter() {
                all.insert(format!("value/{name}"), array.clone());
            }
        }
        for (name, tensor) in self.adam.iter() {
            let data = values(tensor.clone())?;
            all.insert(name, weights::Tensor::new([data.len()], data)?);
        }
        let folder = &self.options.folder;
        safetensors::write(&all, &folder.join("checkpoint.safetensors"), Precision::F32, true)?;
        let model = self.averaged()?;
        safetensors::write(&model.to_weights(), &folder.join("model.safetensors"), Precision::F16, true)?;
        self.sheet(model)
    }

    /// Goes on from the folder's checkpoint, if it has one.
    pub(super) fn restore(&mut self) -> Result<()> {
        let path = self.options.folder.join("checkpoint.safetensors");
        if !path.is_file() {
            return Ok(());
        }
        let all = weights::load(&path, &Limits::default())?.weights;
        let malformed = || Error::new(ErrorKind::Malformed, format!("{}: is no checkpoint of this recipe", path.display()));
        self.step = all.metadata.get(STEP).and_then(|step| step.parse().ok()).ok_or_else(malformed)?;
        let find = |name: &str| {
            let data = all.get(name)?.data();
            Some(Tensor::<1>::from_data(TensorData::new(data.to_vec(), [data.len()]), &self.device).inner())
        };
        for parameters in [&mut self.predictor, &mut self.transformer] {
            for (name, tensor) in parameters.iter_mut() {
                let value = find(&format!("value/{name}")).filter(|value| value.dims() == tensor.dims()).ok_or_else(malformed)?;
                *tensor = Tensor::from_inner(value).require_grad();
                self.adam.restore(name, find);
            }
        }
        eprintln!("going on from step {}", self.step);
        Ok(())
    }

    /// The model with the averaged weights.
    pub(super) fn averaged(&self) -> Result<Model> {
        let mut model = self.model.clone();
        for (network, parameters) in [(&mut model.predictor, &self.predictor), (&mut model.transformer, &self.transformer)] {
            let Some(network) = network else { continue };
            network.source = format!("trained by impasto-train, {} steps", self.step);
            network.weights = parameters.weights()?;
            let names: Vec<String> = network.weights.iter().map(|(name, _)| name.to_owned()).collect();
            for name in names {
                let (Some(mean), Some(array)) = (self.adam.averages().get(&name), network.weights.get(&name)) else { continue };
                let averaged = weights::Tensor::new(array.shape().to_vec(), values(mean.clone())?)?;
                network.weights.insert(name, averaged);
            }
        }
        Ok(model)
    }
}
