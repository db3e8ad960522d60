//! What a run can go on from, and the model itself.

use impasto::Result;
use impasto::networks::Model;
use impasto::weights::safetensors::{self, Precision};
use impasto::weights::{self, Limits};

use super::Trainer;
use crate::checkpoint;

impl Trainer {
    /// Writes `checkpoint.safetensors`, `model.safetensors` (the averaged weights, float16) and a contact sheet.
    pub(super) fn write(&self) -> Result<()> {
        let all = checkpoint::write(self.step, &[&self.predictor, &self.transformer], &self.adam)?;
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
        let parameters = &mut [&mut self.predictor, &mut self.transformer];
        self.step = checkpoint::restore(&all, parameters, &mut self.adam, &self.device).map_err(|e| e.context(path.display()))?;
        eprintln!("going on from step {}", self.step);
        Ok(())
    }

    /// The model with the averaged weights.
    pub(super) fn averaged(&self) -> Result<Model> {
        let mut model = self.model.clone();
        for (network, parameters) in [(&mut model.predictor, &self.predictor), (&mut model.transformer, &self.transformer)] {
            let Some(network) = network else { continue };
            network.source = format!("trained by impasto-train, {} steps", self.step);
            network.weights = checkpoint::averaged(parameters, &self.adam)?;
        }
        Ok(model)
    }
}
