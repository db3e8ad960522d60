//! Running a style predictor.

use super::fit::Fit;
use crate::engine::{Engine, Program};
use crate::{Control, Picture, Result, Size};

/// A style predictor, ready to run.
pub(super) struct Sight {
    program: Program,
    /// The picture sizes that the predictor accepts.
    pub(super) fit: Fit,
}

impl Sight {
    pub(super) fn new(program: Program) -> Result<Self> {
        let fit = Fit::of(program.graph())?;
        Ok(Sight { program, fit })
    }

    /// Returns the style vector of a picture at its own size.
    pub(super) fn see(&self, engine: &Engine, picture: &Picture, control: &dyn Control) -> Result<Vec<f32>> {
        let fitted = self.fit.extend(picture)?;
        let conditioning = self.program.condition(&[])?;
        let (vector, _) = self.program.run(engine, fitted.view(), &conditioning, control)?;
        Ok(vector)
    }

    /// Returns the peak memory of seeing a picture of this size, which the network must accept.
    pub(super) fn memory(&self, picture: Size, threads: usize) -> Result<u64> {
        self.program.peak_memory(picture, threads)
    }

    /// The share of seeing in a progress bar, as work.
    pub(super) fn work(&self, picture: Size) -> u64 {
        super::work(&self.program, self.fit.size(picture))
    }
}
