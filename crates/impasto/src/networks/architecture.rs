//! The type of all architectures, and its one-line text form.

use std::fmt;
use std::str::FromStr;

use super::design::{Design, Fields};
use super::list::LIST;
use super::magenta::Border;
use super::{Kind, adain, feed_forward, inception, magenta, microast, mobilenet, native, vgg};
use crate::graph::Graph;
use crate::{Error, Result};

/// An architecture with every parameter that its graph depends on. [`LIST`] has a row for each.
///
/// [`fmt::Display`] and [`FromStr`] convert it to and from one line, which our own container stores in its metadata:
/// `magenta-transformer widths=32,64,128 blocks=20 style=768 convolution=dense border=reflect norm=batch`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Architecture {
    /// Magenta's transformer.
    Transformer(magenta::Transformer),
    /// A style predictor: Inception-v3 to `Mixed_6e`.
    Inception(inception::Inception),
    /// A style predictor: MobileNetV2.
    MobileNet(mobilenet::MobileNet),
    /// Our own transformer.
    NativeTransformer(native::Transformer),
    /// Our own style predictor.
    NativePredictor(native::Predictor),
    /// A transformer with one or many styles of its own.
    FeedForward(feed_forward::FeedForward),
    /// MicroAST's content encoder and decoder.
    MicroTransformer(microast::Transformer),
    /// MicroAST's style encoder and modulator.
    MicroPredictor(microast::Predictor),
    /// AdaIN's encoder and decoder.
    AdaptiveTransformer(adain::Transformer),
    /// AdaIN's encoder with the moments of its features.
    AdaptivePredictor(adain::Predictor),
    /// A perceptual network of VGG's shape.
    Vgg(vgg::Vgg),
}

impl Architecture {
    /// The architecture's interface. Only this function distinguishes the architectures.
    fn design(&self) -> &dyn Design {
        match self {
            Architecture::Transformer(it) => it,
            Architecture::Inception(it) => it,
            Architecture::MobileNet(it) => it,
            Architecture::NativeTransformer(it) => it,
            Architecture::NativePredictor(it) => it,
            Architecture::FeedForward(it) => it,
            Architecture::MicroTransformer(it) => it,
            Architecture::MicroPredictor(it) => it,
            Architecture::AdaptiveTransformer(it) => it,
            Architecture::AdaptivePredictor(it) => it,
            Architecture::Vgg(it) => it,
        }
    }

    /// What the network is for.
    pub fn kind(&self) -> Kind {
        self.design().kind()
    }

    /// Length of the style vector that it makes or reads; 0 if it has none.
    pub fn style_len(&self) -> usize {
        self.design().style_len()
    }

    /// Builds the network's graph.
    pub fn graph(&self) -> Graph {
        self.design().graph()
    }

    /// The longer side, in pixels, of the content thumbnail whose statistics the instance
    /// norms use. `None` if they use the picture's own.
    pub fn thumbnail(&self) -> Option<usize> {
        self.design().thumbnail()
    }

    /// The longer side, in pixels, of the canvas that a transformer is made for. Larger pictures are painted
    /// on a canvas of this size, so that strokes keep their share of the picture
    /// ([`crate::Stroke::Relative`]). `None` if no such size is known.
    pub fn canvas(&self) -> Option<usize> {
        self.design().canvas()
    }

    /// The number of styles that are part of the network itself: 1 for a network with one
    /// style, 0 for networks that paint in the style of a picture.
    pub fn own_styles(&self) -> usize {
        self.design().own_styles()
    }

    /// A description of the architecture for people.
    pub fn description(&self) -> String {
        self.design().description()
    }

    pub(super) fn repeats(&self) -> usize {
        self.design().repeats()
    }

    /// Sets what a transformer reads beyond the border, if it has this parameter.
    pub(super) fn set_border(&mut self, border: Border) {
        match self {
            Architecture::Transformer(it) => it.border = border,
            Architecture::FeedForward(it) => it.border = border,
            _ => {}
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.design().text())
    }
}

impl FromStr for Architecture {
    type Err = Error;

    /// # Errors
    /// [`crate::ErrorKind::Unsupported`] for an unknown architecture, parameter or choice (a newer version may know
    /// it), [`crate::ErrorKind::Malformed`] for a parameter that is missing, repeated or not a number.
    fn from_str(text: &str) -> Result<Self> {
        let (name, mut fields) = Fields::split(text)?;
        let Some(entry) = LIST.iter().find(|entry| entry.name == name) else {
            return Err(fields.unsupported(&format!("{name:?} is not known")));
        };
        let architecture = (entry.parse)(&mut fields)?;
        fields.finish()?;
        Ok(architecture)
    }
}
