//! Settings of a stylizer.

use std::path::{Path, PathBuf};

use super::fit::Fit;
use super::{Base, ModelInfo, NetworkInfo, Stylizer};
use crate::engine::{self, Engine, EngineOptions, Isa, Program};
use crate::networks::magenta::Border;
use crate::networks::{Model, Network, Options};
use crate::weights::Limits;
use crate::{Error, ErrorKind, Result};

/// Settings of a [`Stylizer`], each with a default.
///
/// ```no_run
/// use impasto::Stylizer;
///
/// let stylizer = Stylizer::builder().model("predictor.tflite").model("transformer.tflite").threads(2).open()?;
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct StylizerBuilder {
    paths: Vec<PathBuf>,
    threads: usize,
    isa: Option<Isa>,
    limits: Limits,
    options: Options,
    thumbnail: Option<usize>,
}

impl StylizerBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// A file or folder of the model, as [`Model::open_with`] takes them. May be called again where the style predictor and the
    /// transformer are two files. Where it is not called, the model is [`Model::embedded`].
    #[must_use]
    pub fn model(mut self, path: impl AsRef<Path>) -> Self {
        self.paths.push(path.as_ref().to_owned());
        self
    }

    /// Threads that paint; 0, the default, for one a core.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        StylizerBuilder { threads, ..self }
    }

    /// Instruction set. Default: what the environment variable `IMPASTO_ISA` names, or else the machine's best.
    #[must_use]
    pub fn isa(self, isa: Isa) -> Self {
        StylizerBuilder { isa: Some(isa), ..self }
    }

    /// How large weights files may be. Default: [`Limits::default`].
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        StylizerBuilder { limits, ..self }
    }

    /// What the transformer reads beyond the picture's border. Default, or `None`: as its file was published; see
    /// [`Options::border`].
    #[must_use]
    pub fn border(mut self, border: Option<Border>) -> Self {
        self.options.border = border;
        self
    }

    /// Takes the statistics of the transformer's norms from a thumbnail of the content whose longer side has this many pixels (at least 16),
    /// whatever the model says. Default, or `None`: as the model was made, [`crate::networks::Architecture::thumbnail`].
    ///
    /// A model that was not trained so paints a little differently with it (23 to 38 dB from its own picture at 384 pixels of 640,
    /// measured with Magenta's small network), but pictures of any size in little memory.
    #[must_use]
    pub fn thumbnail(self, side: Option<usize>) -> Self {
        StylizerBuilder { thumbnail: side.map(|side| side.max(16)), ..self }
    }

    /// Reads the model's files and makes it ready.
    ///
    /// # Errors
    /// As [`Model::open_with`] and [`StylizerBuilder::build`]; without a path as [`Model::embedded`].
    pub fn open(self) -> Result<Stylizer> {
        if self.paths.is_empty() {
            return self.build(Model::embedded()?);
        }
        let model = Model::open_with(&self.paths, &self.limits, &self.options)?;
        self.build(model)
    }

    /// Makes a model ready that is in memory. Paths, limits and border play no part.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the model lacks a network; [`ErrorKind::InvalidArgument`] if `IMPASTO_ISA` names an
    /// instruction set that this machine does not have; [`ErrorKind::Io`] if the system gives no threads.
    pub fn build(self, model: Model) -> Result<Stylizer> {
        model.pair()?;
        let Model { family, predictor: Some(predictor), transformer: Some(transformer) } = model else {
            return Err(Error::new(ErrorKind::Mismatch, "a model needs a style predictor and a transformer"));
        };
        let isa = self.isa.map_or_else(engine::isa_from_environment, Ok)?;
        let engine = Engine::new(EngineOptions::default().threads(self.threads).isa(isa))?;
        let info = ModelInfo { family, predictor: (&predictor).into(), transformer: (&transformer).into() };
        let base = Base::of(&transformer);
        let (predictor, transformer) = (pack(predictor, isa, &info.predictor)?, pack(transformer, isa, &info.transformer)?);
        let style_fit = Fit::of(predictor.graph())?;
        let content_fit = Fit::of(transformer.graph())?;
        let thumbnail = self.thumbnail.or(info.transformer.architecture.thumbnail());
        let made_for = info.transformer.architecture.canvas();
        Ok(Stylizer { engine, predictor, transformer, base, style_fit, content_fit, thumbnail, made_for, info })
    }
}

/// Takes the network, so that its weights are freed as soon as they are packed.
fn pack(network: Network, isa: Isa, info: &NetworkInfo) -> Result<Program> {
    Program::compile(&network.graph, network.weights, isa).map_err(|e| e.context(&info.file))
}
