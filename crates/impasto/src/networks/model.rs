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
    /// Style picture in, style vector out.
    Predictor,
    /// Content picture and style vector in, stylised picture out.
    Transformer,
    /// Picture in, features out that losses compare.
    Perceptual,
}

impl Kind {
    /// All roles.
    pub const ALL: [Kind; 3] = [Kind::Predictor, Kind::Transformer, Kind::Perceptual];

    /// For people: `style predictor`, `transformer` or `perceptual network`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Predictor => "style predictor",
            Kind::Transformer => "transformer",
            Kind::Perceptual => "perceptual network",
        }
    }

    /// For programs: `predictor`, `transformer` or `perceptual`.
    pub fn key(self) -> &'static str {
        match self {
            Kind::Predictor => "predictor",
            Kind::Transformer => "transformer",
            Kind::Perceptual => "perceptual",
        }
    }
}

/// Networks whose style vectors mean the same. Vectors of two families are never interchangeable, even where they are of one
/// length.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Magenta's checkpoint and the browser port, which was trained to its style vectors (`magenta`).
    Magenta,
    /// The TF-Hub module (`tf-hub`).
    Hub,
    /// The TFLite files (`tflite`).
    TfLite,
    /// Others by name: lower-case letters, digits, `-`, `_` and `.`, at most 64 of them.
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
    /// [`ErrorKind::Malformed`] if this cannot be a family's name.
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
    /// How errors call the file: its path.
    pub file: String,
    /// Its arrays, as the reader gave them.
    pub weights: Weights,
}

/// A network and its weights, which fit each other: [`Graph::check`] has passed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Network {
    /// The architecture.
    pub architecture: Architecture,
    /// Whose style vectors it makes or reads.
    pub family: Family,
    /// Where its weights come from, in words.
    pub source: String,
    /// Under which terms its weights may be used, in words.
    pub licence: String,
    /// The file it was read from, as [`Part::file`] called it.
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

/// Choices that a file does not state.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// What the transformer reads beyond the border. Default: as its file was published, [`Border::Zero`] for the browser port and for
    /// fast-style-transfer, [`Border::Reflect`] for all others. Only these have the choice; for others it plays no part.
    pub border: Option<Border>,
}

impl Options {
    /// With this [`Options::border`].
    #[must_use]
    pub fn border(self, border: Option<Border>) -> Self {
        Options { border, ..self }
    }
}

/// A set of roles: a style predictor and a transformer, then of one family, or one of them alone; or a perceptual network.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Model {
    /// Whose style vectors these are.
    pub family: Family,
    /// Makes style vectors of pictures.
    pub predictor: Option<Network>,
    /// Paints with style vectors.
    pub transformer: Option<Network>,
    /// Sees pictures for losses.
    pub perceptual: Option<Network>,
}

impl Model {
    /// The model in one file's arrays, with default [`Options`].
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

    /// The model that some files hold together: each a network or both, of Magenta's files of any format or our own container.
    ///
    /// Names and shapes decide which architecture and family a file is; every array that the architecture needs is checked, and
    /// arrays that it does not need are dropped.
    ///
    /// # Errors
    /// All errors name the file. [`ErrorKind::Unsupported`] if a file holds no known network, or arrays that would change its
    /// result but that the architecture has no place for; [`ErrorKind::Mismatch`] if an array is absent or of another shape, if
    /// predictor and transformer are of different families or vector lengths, or if there are two of a kind;
    /// [`ErrorKind::Malformed`] if values are not finite; [`ErrorKind::InvalidArgument`] if there are no files.
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

    /// The networks that are there: predictor, transformer, perceptual network.
    pub fn networks(&self) -> impl Iterator<Item = &Network> {
        self.predictor.iter().chain(&self.transformer).chain(&self.perceptual)
    }

    /// What paints: a transformer, and a style predictor unless the transformer has styles of its own.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if one is absent, naming which; [`ErrorKind::Unsupported`] for a perceptual network alone.
    pub fn painter(&self) -> Result<(Option<&Network>, &Network)> {
        match (&self.transformer, &self.perceptual) {
            (Some(transformer), _) if transformer.architecture.own_styles() > 0 => Ok((None, transformer)),
            (None, Some(perceptual)) if self.predictor.is_none() => {
                let text = format!(
                    "{}: is a perceptual network, which sees pictures and paints none: give it to `impasto optimize --perceptual`",
                    perceptual.file
                );
                Err(Error::new(ErrorKind::Unsupported, text))
            }
            _ => self.pair().map(|(predictor, transformer)| (Some(predictor), transformer)),
        }
    }

    /// Both networks.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if one is absent, naming which.
    pub fn pair(&self) -> Result<(&Network, &Network)> {
        match (&self.predictor, &self.transformer) {
            (Some(predictor), Some(transformer)) => Ok((predictor, transformer)),
            (one, other) => {
                let missing = if one.is_none() { Kind::Predictor } else { Kind::Transformer };
                let file = one.as_ref().or(other.as_ref()).map_or("the model", |network| network.file.as_str());
                let text = format!("{file}: there is no {} of family {} with it; give both", missing.name(), self.family);
                Err(Error::new(ErrorKind::Mismatch, text))
            }
        }
    }

    /// All arrays under canonical names, with metadata from which [`Model::from_weights`] makes the same model again: what our
    /// own container holds. The metadata keys begin with `impasto.`.
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
            "the style predictor in {a} is of family {}, the transformer in {b} of family {}: their style vectors mean different \
             things; take both from one family",
            predictor.family, transformer.family
        )
    } else if predictor.style_len() != transformer.style_len() {
        format!(
            "the style predictor in {a} makes style vectors of {}, the transformer in {b} reads {}",
            predictor.style_len(),
            transformer.style_len()
        )
    } else {
        return Ok(());
    };
    Err(Error::new(ErrorKind::Mismatch, text))
}
