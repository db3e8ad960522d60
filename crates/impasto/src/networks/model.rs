//! Networks with their weights, and the pair that paints.

use std::fmt;
use std::str::FromStr;

use super::magenta::Border;
use super::{Architecture, container, recognise};
use crate::graph::Graph;
use crate::weights::Weights;
use crate::{Error, ErrorKind, Result};

/// What a network is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Makes a style vector from a style picture.
    Predictor,
    /// Paints a content picture with a style vector.
    Transformer,
    /// Computes features of a picture, which losses compare.
    Perceptual,
}

impl Kind {
    /// All roles.
    pub const ALL: [Kind; 3] = [Kind::Predictor, Kind::Transformer, Kind::Perceptual];

    /// The name for people: `style predictor`, `transformer` or `perceptual network`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Predictor => "style predictor",
            Kind::Transformer => "transformer",
            Kind::Perceptual => "perceptual network",
        }
    }

    /// The name for programs: `predictor`, `transformer` or `perceptual`.
    pub fn key(self) -> &'static str {
        match self {
            Kind::Predictor => "predictor",
            Kind::Transformer => "transformer",
            Kind::Perceptual => "perceptual",
        }
    }
}

/// Networks whose style vectors have the same meaning. Vectors of two families are never
/// interchangeable, even if they have the same length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Magenta's checkpoint and the browser port, which was trained to use its style vectors (`magenta`).
    Magenta,
    /// The TF-Hub module (`tf-hub`).
    Hub,
    /// The TFLite files (`tflite`).
    TfLite,
    /// Others by name: up to 64 lower-case letters, digits, `-`, `_` and `.`.
    Other(String),
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Magenta => "magenta",
            Family::Hub => "tf-hub",
            Family::TfLite => "tflite",
            Family::Other(name) => name,
        })
    }
}

impl FromStr for Family {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::Malformed`] if the name is not valid for a family.
    fn from_str(name: &str) -> Result<Self> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
        match name {
            "magenta" => Ok(Family::Magenta),
            "tf-hub" => Ok(Family::Hub),
            "tflite" => Ok(Family::TfLite),
            _ if (1..=64).contains(&name.len()) && name.chars().all(fits) => Ok(Family::Other(name.to_owned())),
            _ => Err(Error::new(ErrorKind::Malformed, format!("{name:?} cannot be the name of a family of networks"))),
        }
    }
}

/// The arrays of one file.
#[derive(Debug, Clone)]
pub struct Part {
    /// The file's name in errors: its path.
    pub file: String,
    /// Its arrays, as the reader returned them.
    pub weights: Weights,
}

/// A network and its weights. They match: [`Graph::check`] has passed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Network {
    /// The architecture.
    pub architecture: Architecture,
    /// The family of the style vectors that it makes or reads.
    pub family: Family,
    /// The source of its weights, in words.
    pub source: String,
    /// The license of its weights, in words.
    pub licence: String,
    /// The file it was read from; see [`Part::file`].
    pub file: String,
    /// The architecture's graph.
    pub graph: Graph,
    /// The arrays that the graph names, and no others.
    pub weights: Weights,
}

impl Network {
    /// What it is for.
    pub fn kind(&self) -> Kind {
        self.architecture.kind()
    }

    /// Length of the style vector that it makes or reads.
    pub fn style_len(&self) -> usize {
        self.architecture.style_len()
    }
}

/// Choices that a file does not make.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// What the transformer reads beyond the border. Default: as the file was published, which is [`Border::Zero`]
    /// for the browser port and for fast-style-transfer, and [`Border::Reflect`] for all others. Only the
    /// architectures with a parameter for it have the choice; others ignore it.
    pub border: Option<Border>,
}

impl Options {
    /// Sets [`Options::border`].
    #[must_use]
    pub fn border(self, border: Option<Border>) -> Self {
        Options { border, ..self }
    }
}

/// A set of networks, one for each role: a style predictor and a transformer of the same
/// family, or one of them alone; or a perceptual network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Model {
    /// The family of its style vectors.
    pub family: Family,
    /// Makes style vectors from pictures.
    pub predictor: Option<Network>,
    /// Paints with style vectors.
    pub transformer: Option<Network>,
    /// Computes the features that losses compare.
    pub perceptual: Option<Network>,
}

impl Model {
    /// Reads the model in the arrays of one file, with default [`Options`].
    ///
    /// # Errors
    /// As [`Model::assemble_with`].
    pub fn from_weights(file: impl Into<String>, weights: Weights) -> Result<Self> {
        Self::assemble(vec![Part { file: file.into(), weights }])
    }

    /// [`Model::assemble_with`] with default [`Options`].
    ///
    /// # Errors
    /// As [`Model::assemble_with`].
    pub fn assemble(parts: Vec<Part>) -> Result<Self> {
        Self::assemble_with(parts, &Options::default())
    }

    /// Assembles the model that several files hold together. Each file holds one network or both: Magenta's files
    /// in any format, files of other known networks, or our own container.
    ///
    /// Names and shapes determine the architecture and family of a file. Every array that the architecture
    /// needs is checked, and arrays that it does not need are dropped.
    ///
    /// # Errors
    /// All errors name the file. [`ErrorKind::Unsupported`] if a file holds no known network, or arrays
    /// that would change the result but that the architecture has no place for; [`ErrorKind::Mismatch`] if
    /// an array is absent or has another shape, if predictor and transformer have different families or
    /// vector lengths, or if there are two networks of a kind; [`ErrorKind::Malformed`] if values are not
    /// finite; [`ErrorKind::InvalidArgument`] if there are no files.
    pub fn assemble_with(parts: Vec<Part>, options: &Options) -> Result<Self> {
        let (mut predictor, mut transformer, mut perceptual) = (None, None, None);
        let mut parts = parts;
        recognise::adopt(&mut parts)?;
        for part in parts {
            for network in recognise::recognise(part, options.border)? {
                let place = match network.kind() {
                    Kind::Predictor => &mut predictor,
                    Kind::Transformer => &mut transformer,
                    Kind::Perceptual => &mut perceptual,
                };
                if let Some(other) = place {
                    return Err(two_of_a_kind(other, &network));
                }
                *place = Some(network);
            }
        }
        if let (Some(predictor), Some(transformer)) = (&predictor, &transformer) {
            check_pair(predictor, transformer)?;
        }
        let family =
            predictor.as_ref().or(transformer.as_ref()).or(perceptual.as_ref()).map(|network: &Network| network.family.clone());
        let family = family.ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "no weights files were given"))?;
        Ok(Model { family, predictor, transformer, perceptual })
    }

    /// The networks that are present, in this order: predictor, transformer, perceptual network.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.predictor.iter().chain(&self.transformer).chain(&self.perceptual)
    }

    /// Returns the networks that paint: a transformer, and a style predictor unless the transformer has its own styles.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if one is absent, naming which; [`ErrorKind::Unsupported`]
    /// for a perceptual network alone.
    pub fn painter(&self) -> Result<(Option<&Network>, &Network)> {
        match (&self.transformer, &self.perceptual) {
            (Some(transformer), _) if transformer.architecture.own_styles() > 0 => Ok((None, transformer)),
            (None, Some(perceptual)) if self.predictor.is_none() => {
                let text = format!(
                    "{}: is a perceptual network, which cannot paint: give it to `impasto optimize --perceptual`",
                    perceptual.file
                );
                Err(Error::new(ErrorKind::Unsupported, text))
            }
            _ => self.pair().map(|(predictor, transformer)| (Some(predictor), transformer)),
        }
    }

    /// Returns the style predictor and the transformer.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if one is absent, naming which.
    pub fn pair(&self) -> Result<(&Network, &Network)> {
        match (&self.predictor, &self.transformer) {
            (Some(predictor), Some(transformer)) => Ok((predictor, transformer)),
            (one, other) => {
                let missing = if one.is_none() { Kind::Predictor } else { Kind::Transformer };
                let file = one.as_ref().or(other.as_ref()).map_or("the model", |network| network.file.as_str());
                let text = format!("{file}: there is no {} of family {} to go with it; give both", missing.name(), self.family);
                Err(Error::new(ErrorKind::Mismatch, text))
            }
        }
    }

    /// Returns all arrays under canonical names, with metadata from which [`Model::from_weights`] makes the same model
    /// again: the content of our own container. The metadata keys begin with `impasto.`.
    pub fn to_weights(&self) -> Weights {
        container::write(self)
    }
}

fn two_of_a_kind(first: &Network, second: &Network) -> Error {
    let kind = first.kind().name();
    let text = if first.file == second.file {
        format!("{} holds two {kind}s ({} and {})", first.file, first.architecture, second.architecture)
    } else {
        format!("{} and {} each hold a {kind}; give only one of them", first.file, second.file)
    };
    Error::new(ErrorKind::Mismatch, text)
}

fn check_pair(predictor: &Network, transformer: &Network) -> Result<()> {
    let (a, b) = (&predictor.file, &transformer.file);
    let text = if predictor.family != transformer.family {
        format!(
            "the style predictor in {a} is of family {}, the transformer in {b} of family {}: their style vectors mean \
             different things; use two of the same family",
            predictor.family, transformer.family
        )
    } else if predictor.style_len() != transformer.style_len() {
        format!(
            "the style predictor in {a} makes style vectors of {}, but the transformer in {b} reads {}",
            predictor.style_len(),
            transformer.style_len()
        )
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Mismatch, text))
}
