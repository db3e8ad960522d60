//! Any of the architectures, and its one-line text form.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::inception::Inception;
use super::magenta::{Border, Convolution, Transformer};
use super::mobilenet::MobileNet;
use super::native;
use super::{FixedNorm, Kind};
use crate::graph::Graph;
use crate::{Error, ErrorKind, Result};

/// An architecture with every parameter that decides its graph.
///
/// [`fmt::Display`] and [`FromStr`] convert it to and from one line, which our own container carries in its metadata:
/// `magenta-transformer widths=32,64,128 blocks=20 style=768 convolution=dense border=reflect norm=batch`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// Magenta's transformer.
    Transformer(Transformer),
    /// A style predictor: Inception-v3 to `Mixed_6e`.
    Inception(Inception),
    /// A style predictor: MobileNetV2.
    MobileNet(MobileNet),
    /// Our own transformer.
    NativeTransformer(native::Transformer),
    /// Our own style predictor.
    NativePredictor(native::Predictor),
}

impl Architecture {
    /// What the network is for.
    pub fn kind(&self) -> Kind {
        match self {
            Architecture::Transformer(_) | Architecture::NativeTransformer(_) => Kind::Transformer,
            Architecture::Inception(_) | Architecture::MobileNet(_) | Architecture::NativePredictor(_) => Kind::Predictor,
        }
    }

    /// Length of the style vector that it makes or reads.
    pub fn style_len(&self) -> usize {
        match self {
            Architecture::Transformer(it) => it.style_len,
            Architecture::Inception(it) => it.vector_len(),
            Architecture::MobileNet(it) => it.vector_len,
            Architecture::NativeTransformer(it) => it.style_len,
            Architecture::NativePredictor(it) => it.vector_len,
        }
    }

    /// The network as a graph.
    pub fn graph(&self) -> Graph {
        match self {
            Architecture::Transformer(it) => it.graph(),
            Architecture::Inception(it) => it.graph(),
            Architecture::MobileNet(it) => it.graph(),
            Architecture::NativeTransformer(it) => it.graph(),
            Architecture::NativePredictor(it) => it.graph(),
        }
    }

    /// Pixels of the longer side of the content thumbnail whose statistics the instance norms use; `None` where they use the
    /// picture's own.
    pub fn thumbnail(&self) -> Option<usize> {
        match self {
            Architecture::NativeTransformer(it) => Some(it.thumbnail),
            _ => None,
        }
    }

    /// Pixels of the longer side of the canvas that a transformer is made for: larger pictures are painted on a canvas of this size, so that
    /// strokes keep their share of the picture ([`crate::Stroke::Relative`]). `None` where nothing is known of such a size.
    pub fn canvas(&self) -> Option<usize> {
        match self {
            Architecture::NativeTransformer(_) => Some(native::CANVAS),
            _ => None,
        }
    }

    /// The architecture in words, for people.
    pub fn description(&self) -> String {
        match self {
            Architecture::Transformer(it) => {
                let [a, b, c] = it.widths;
                let convolutions = match it.convolution {
                    Convolution::Dense => "dense",
                    Convolution::Separable => "depthwise-separable",
                };
                let border = match it.border {
                    Border::Reflect => "mirrored",
                    Border::Zero => "zero-padded",
                };
                format!(
                    "Magenta transformer: {a}-{b}-{c} channels, {} residual blocks, {convolutions} convolutions, {border} border, \
                     style vector of {}",
                    it.blocks, it.style_len
                )
            }
            Architecture::Inception(Inception { bottleneck: None }) => {
                "style predictor: Inception-v3 to Mixed_6e, style vector of its 768 means".into()
            }
            Architecture::Inception(it) => {
                format!("style predictor: Inception-v3 to Mixed_6e, style vector of {}", it.vector_len())
            }
            Architecture::MobileNet(it) => format!("style predictor: MobileNetV2 1.0, style vector of {}", it.vector_len),
            Architecture::NativeTransformer(it) => {
                let [a, b, c] = it.widths;
                format!(
                    "Impasto transformer: {a}-{b}-{c} channels, {} residual blocks, statistics of a {}-pixel thumbnail, style vector of {}",
                    it.blocks, it.thumbnail, it.style_len
                )
            }
            Architecture::NativePredictor(it) => {
                format!("style predictor: moments of {} stages, style vector of {}", it.widths.len(), it.vector_len)
            }
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Architecture::Transformer(it) => {
                let [a, b, c] = it.widths;
                let convolution = name_of(CONVOLUTIONS, it.convolution);
                let (border, norm) = (name_of(BORDERS, it.border), name_of(NORMS, it.norm));
                write!(f, "magenta-transformer widths={a},{b},{c} blocks={} style={}", it.blocks, it.style_len)?;
                write!(f, " convolution={convolution} border={border} norm={norm}")
            }
            Architecture::Inception(Inception { bottleneck: None }) => f.write_str("inception-v3-mixed-6e bottleneck=none"),
            Architecture::Inception(it) => write!(f, "inception-v3-mixed-6e bottleneck={}", it.vector_len()),
            Architecture::MobileNet(it) => write!(f, "mobilenet-v2 vector={} norm={}", it.vector_len, name_of(NORMS, it.norm)),
            Architecture::NativeTransformer(it) => {
                let [a, b, c] = it.widths;
                write!(f, "impasto-transformer widths={a},{b},{c} blocks={} kernel={}", it.blocks, it.kernel)?;
                // Left out where they are what they were before there was a choice, so that older versions read the file, too.
                if it.resample != RESAMPLES[0].1 {
                    write!(f, " resample={}", name_of(RESAMPLES, it.resample))?;
                }
                if it.skips {
                    write!(f, " skips={}", name_of(SKIPS, it.skips))?;
                }
                write!(f, " style={} thumbnail={}", it.style_len, it.thumbnail)
            }
            Architecture::NativePredictor(it) => {
                let [a, b, c, d] = it.widths;
                write!(f, "impasto-predictor widths={a},{b},{c},{d} vector={}", it.vector_len)
            }
        }
    }
}

const CONVOLUTIONS: &[(&str, Convolution)] = &[("dense", Convolution::Dense), ("separable", Convolution::Separable)];
const BORDERS: &[(&str, Border)] = &[("reflect", Border::Reflect), ("zero", Border::Zero)];
const RESAMPLES: &[(&str, usize)] = &[("3", 3), ("5", 5)];
const SKIPS: &[(&str, bool)] = &[("no", false), ("yes", true)];
const NORMS: &[(&str, FixedNorm)] = &[("batch", FixedNorm::Batch), ("folded", FixedNorm::Folded)];

fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: T) -> &'static str {
    names.iter().find(|(_, v)| *v == value).map_or("", |(name, _)| name)
}

impl FromStr for Architecture {
    type Err = Error;

    /// # Errors
    /// [`ErrorKind::Unsupported`] for an architecture, a parameter or a choice that is not known here (a newer version may know
    /// it), [`ErrorKind::Malformed`] for a parameter that is missing, repeated or no number.
    fn from_str(text: &str) -> Result<Self> {
        let mut words = text.split_whitespace();
        let name = words.next().unwrap_or_default();
        let mut fields = Fields { text, values: BTreeMap::new() };
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| fields.malformed(&format!("{word:?} is no KEY=VALUE")))?;
            if fields.values.insert(key, value).is_some() {
                return Err(fields.malformed(&format!("{key:?} is there twice")));
            }
        }
        let architecture = match name {
            "magenta-transformer" => Architecture::Transformer(Transformer {
                widths: fields.widths()?,
                blocks: fields.number("blocks", 0)?,
                style_len: fields.number("style", 1)?,
                convolution: fields.choice("convolution", CONVOLUTIONS)?,
                border: fields.choice("border", BORDERS)?,
                norm: fields.choice("norm", NORMS)?,
            }),
            "inception-v3-mixed-6e" => {
                let bottleneck = match fields.values.get("bottleneck") {
                    Some(&"none") => {
                        fields.values.remove("bottleneck");
                        None
                    }
                    _ => Some(fields.number("bottleneck", 1)?),
                };
                Architecture::Inception(Inception { bottleneck })
            }
            "mobilenet-v2" => Architecture::MobileNet(MobileNet {
                vector_len: fields.number("vector", 1)?,
                norm: fields.choice("norm", NORMS)?,
            }),
            "impasto-transformer" => Architecture::NativeTransformer(native::Transformer {
                widths: fields.widths()?,
                blocks: fields.number("blocks", 0)?,
                kernel: fields.odd("kernel")?,
                resample: fields.choice_or("resample", RESAMPLES)?,
                skips: fields.choice_or("skips", SKIPS)?,
                style_len: fields.number("style", 1)?,
                thumbnail: fields.number("thumbnail", 16)?,
            }),
            "impasto-predictor" => Architecture::NativePredictor(native::Predictor {
                widths: fields.widths()?,
                vector_len: fields.number("vector", 1)?,
            }),
            _ => return Err(fields.unsupported(&format!("{name:?} is not known"))),
        };
        match fields.values.keys().next() {
            Some(key) => Err(fields.unsupported(&format!("{key:?} is not known"))),
            None => Ok(architecture),
        }
    }
}

/// The `KEY=VALUE` words that have not been read yet.
struct Fields<'a> {
    text: &'a str,
    values: BTreeMap<&'a str, &'a str>,
}

impl<'a> Fields<'a> {
    fn take(&mut self, key: &str) -> Result<&'a str> {
        self.values.remove(key).ok_or_else(|| self.malformed(&format!("{key:?} is missing")))
    }

    fn number(&mut self, key: &str, least: usize) -> Result<usize> {
        let value = self.take(key)?;
        self.parse(key, value, least)
    }

    /// Nothing here is anywhere near the limit; it keeps sums of lengths from overflowing.
    fn parse(&self, key: &str, value: &str, least: usize) -> Result<usize> {
        let number = value.parse().ok().filter(|n| (least..=1_000_000).contains(n));
        number.ok_or_else(|| self.malformed(&format!("{key}={value} is no number from {least} to 1000000")))
    }

    fn widths<const N: usize>(&mut self) -> Result<[usize; N]> {
        let value = self.take("widths")?;
        let widths: Vec<usize> = value.split(',').map(|n| self.parse("widths", n, 1)).collect::<Result<_>>()?;
        widths.try_into().map_err(|_| self.malformed(&format!("\"widths\" needs {N} numbers")))
    }

    /// A side of a kernel that has a middle.
    fn odd(&mut self, key: &str) -> Result<usize> {
        let value = self.number(key, 1)?;
        if value % 2 == 0 { Err(self.malformed(&format!("{key}={value} is no odd number"))) } else { Ok(value) }
    }

    fn choice<T: Copy>(&mut self, key: &str, names: &[(&str, T)]) -> Result<T> {
        let value = self.take(key)?;
        let found = names.iter().find(|(name, _)| *name == value);
        found.map(|(_, it)| *it).ok_or_else(|| self.unsupported(&format!("{key}={value} is not known")))
    }

    /// The first of the choices where the word is missing.
    fn choice_or<T: Copy>(&mut self, key: &str, names: &[(&str, T)]) -> Result<T> {
        if self.values.contains_key(key) { self.choice(key, names) } else { Ok(names[0].1) }
    }

    fn malformed(&self, what: &str) -> Error {
        Error::new(ErrorKind::Malformed, format!("architecture {:?}: {what}", self.text))
    }

    fn unsupported(&self, what: &str) -> Error {
        let text = format!("architecture {:?}: {what}; a newer version of Impasto may know it", self.text);
        Error::new(ErrorKind::Unsupported, text)
    }
}
