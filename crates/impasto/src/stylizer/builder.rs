//! Settings of a stylizer.

use std::path::{Path, PathBuf};

use super::fit::Fit;
use super::sight::Sight;
use super::{Base, ModelInfo, NetworkInfo, Stylizer};
use crate::engine::{self, Engine, EngineOptions, Executor, Isa, Program};
use crate::networks::magenta::Border;
use crate::networks::{Model, Network, Options};
use crate::weights::Limits;
use crate::{Result, Style};

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
    executor: Option<Executor>,
    limits: Limits,
    options: Options,
    thumbnail: Option<usize>,
}

impl StylizerBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds a file or folder of the model, as [`Model::open_with`] takes them. Call it again if the style predictor and
    /// the transformer are in two files. Without a call, the model is [`Model::embedded`].
    #[must_use]
    pub fn model(mut self, path: impl AsRef<Path>) -> Self {
        self.paths.push(path.as_ref().to_owned());
        self
    }

    /// Sets the number of threads that paint; 0, the default, means one per core.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        StylizerBuilder { threads, ..self }
    }

    /// Sets the instruction set. Default: the one that the environment variable `IMPASTO_ISA` names, or else the
    /// machine's best.
    #[must_use]
    pub fn isa(self, isa: Isa) -> Self {
        self.executor(isa)
    }

    /// Sets the executor: one other than the CPU, or the CPU with an instruction set ([`StylizerBuilder::isa`]).
    ///
    /// ```
    /// use impasto::engine::Executor;
    ///
    /// // Slow loops, to compare with.
    /// let builder = impasto::Stylizer::builder().executor(Executor::Reference);
    /// ```
    #[must_use]
    pub fn executor(self, executor: impl Into<Executor>) -> Self {
        StylizerBuilder { executor: Some(executor.into()), ..self }
    }

    /// Sets how large weights files may be. Default: [`Limits::default`].
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        StylizerBuilder { limits, ..self }
    }

    /// Sets what the transformer reads beyond the picture's border. Default, or `None`: as the file was published; see
    /// [`Options::border`].
    #[must_use]
    pub fn border(mut self, border: Option<Border>) -> Self {
        self.options.border = border;
        self
    }

    /// Takes the statistics of the transformer's norms from a thumbnail of the content whose longer side has this many
    /// pixels (at least 16), whatever the model says. Default, or `None`: as the model was made
    /// ([`crate::networks::Architecture::thumbnail`]).
    ///
    /// A model that was not trained for this paints a little differently with a thumbnail (23 to 38 dB from its own
    /// picture at 384 pixels of 640, measured with Magenta's small network), but it paints pictures of any size in
    /// little memory.
    #[must_use]
    pub fn thumbnail(self, side: Option<usize>) -> Self {
        StylizerBuilder { thumbnail: side.map(|side| side.max(16)), ..self }
    }

    /// Reads the model's files and builds the stylizer.
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

    /// Builds the stylizer from a model in memory. Paths, limits and border are ignored.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Mismatch`] if the model lacks a network; [`crate::ErrorKind::Unsupported`] if it is a
    /// perceptual network; [`crate::ErrorKind::InvalidArgument`] if `IMPASTO_ISA` names an instruction set that this
    /// machine lacks; [`crate::ErrorKind::Io`] if the system cannot start the threads.
    pub fn build(self, model: Model) -> Result<Stylizer> {
        let (predictor, transformer) = model.painter()?;
        let info = ModelInfo {
            family: model.family.clone(),
            predictor: predictor.map(NetworkInfo::from),
            transformer: transformer.into(),
        };
        let own_styles = own_styles(transformer)?;
        // The networks move out of the model, so their weights are not copied.
        let Model { predictor, transformer, .. } = model;
        let predictor = predictor.filter(|_| info.predictor.is_some());
        let executor = match self.executor {
            Some(executor) => executor,
            None => engine::isa_from_environment()?.into(),
        };
        let engine = Engine::new(EngineOptions::default().threads(self.threads).executor(executor))?;
        let predictor = predictor.map(|network| Sight::new(pack(network, executor)?)).transpose()?;
        let transformer = transformer.ok_or_else(no_transformer)?;
        let base = Base::of(&transformer);
        let transformer = pack(transformer, executor)?;
        let content_fit = Fit::of(transformer.graph())?;
        let thumbnail = self.thumbnail.or(info.transformer.architecture.thumbnail());
        let made_for = info.transformer.architecture.canvas();
        Ok(Stylizer { engine, predictor, transformer, base, own_styles, content_fit, thumbnail, made_for, info })
    }
}

/// Consumes the network, so that its weights are freed as soon as they are packed.
fn pack(network: Network, executor: Executor) -> Result<Program> {
    Program::compile(&network.graph, network.weights, executor).map_err(|e| e.context(&network.file))
}

/// Cannot happen: `Model::painter` has found a transformer.
fn no_transformer() -> crate::Error {
    crate::Error::new(crate::ErrorKind::Mismatch, "the model has no transformer")
}

/// One style for each that the network has learned: all of it, and nothing of the others.
fn own_styles(transformer: &Network) -> Result<Vec<Style>> {
    let count = transformer.architecture.own_styles();
    let style = |number: usize| {
        let mut shares = vec![0.0; count];
        shares[number] = 1.0;
        let name = match Path::new(&transformer.file).file_stem() {
            // Only characters that a gallery allows in names.
            Some(stem) if count == 1 => {
                let fits = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
                stem.to_string_lossy().chars().map(fits).collect()
            }
            _ => number.to_string(),
        };
        Ok(Style::new(transformer.family.clone(), shares)?.with_name(name).with_provenance(&transformer.source))
    };
    (0..count).map(style).collect()
}
