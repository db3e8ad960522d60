//! Requests as JSON: what a picture says about how it was made.
//!
//! ```json
//! {
//!   "version": 3,
//!   "program": "impasto 0.1.0",
//!   "executor": "avx2",
//!   "content": {"name": "photo.jpg", "sha256": "…"},
//!   "styles": [{"style": {"name": "waves.jpg", "sha256": "…"}, "weight": 0.7},
//!              {"style": {"name": "starry", "sha256": "…", "built_in": true}, "weight": 0.3}],
//!   "model": [{"name": "built-in", "sha256": "…", "built_in": true}],
//!   "options": {"strength": 0.6, "size": 1600, "format": "jpeg"}
//! }
//! ```

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Map;

use super::optimized::Optimized;
use super::options::Options;
use super::reference::Reference;
use super::stroke::number;
use crate::hash::sha256;
use crate::picture::Format;

/// The form of requests that this library writes. It reads those before, too.
pub const VERSION: u64 = 3;
/// The form of requests for optimized pictures. Programs that know none of them say that they are too old.
pub(super) const OPTIMIZED: u64 = 4;

/// Most styles, and most files of a model: real requests have a handful.
const MOST: usize = 64;
/// Most bytes of a text.
const TEXT: usize = 1024;

/// A painting: what it is made of, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Request {
    /// The form of this request.
    pub version: u64,
    /// Name and version of the program that painted it: `impasto 0.1.0`.
    pub program: String,
    /// What ran the network ([`crate::engine::Executor`]): of the CPU, the instruction set. Another one may round otherwise.
    pub executor: String,
    /// The picture to paint.
    pub content: Reference,
    /// What to paint it in.
    pub styles: Vec<StyleUse>,
    /// The model's files.
    pub model: Vec<Reference>,
    /// How it was optimized, if it was not painted in one pass. Then only those of the options count that are about the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimized: Option<Optimized>,
    /// How to paint and write it.
    #[serde(serialize_with = "given", deserialize_with = "read")]
    pub options: Options,
}

/// A style and its part of a painting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StyleUse {
    /// The style.
    pub style: Reference,
    /// How much of it there is, compared with the others that are everywhere: 0 or more.
    #[serde(serialize_with = "number::serialize")]
    pub weight: f32,
    /// Where it is; everywhere if not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mask: Option<Reference>,
}

impl StyleUse {
    /// A style with its weight, everywhere.
    pub fn new(style: Reference, weight: f32) -> Self {
        StyleUse { style, weight, mask: None }
    }

    /// The same where this mask is white.
    #[must_use]
    pub fn masked(self, mask: Option<Reference>) -> Self {
        StyleUse { mask, ..self }
    }
}

fn given<S: Serializer>(options: &Options, serializer: S) -> Result<S::Ok, S::Error> {
    options.given().serialize(serializer)
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Options, D::Error> {
    Options::read(&Map::deserialize(deserializer)?).map_err(serde::de::Error::custom)
}

impl Request {
    /// A request of today's form. `executor` is the name of what does the arithmetic ([`crate::engine::Executor`]).
    pub fn new(content: Reference, styles: Vec<StyleUse>, model: Vec<Reference>, options: Options, executor: &str) -> Self {
        let program = concat!("impasto ", env!("CARGO_PKG_VERSION")).into();
        Request { version: VERSION, program, executor: executor.into(), content, styles, model, optimized: None, options }
    }

    /// The same for a picture that is optimized.
    #[must_use]
    pub fn optimized(self, how: Optimized) -> Self {
        Request { version: OPTIMIZED, optimized: Some(how), ..self }
    }

    /// The same for a result of this format.
    #[must_use]
    pub fn in_format(mut self, format: Format) -> Self {
        self.options.format = Some(format);
        self
    }

    /// The JSON text that files and manifests hold; [`Request::from_json`] reads it.
    pub fn to_json(&self) -> String {
        // Structs of text and numbers, which cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether it is what a request can be. Records come from strangers.
    pub(super) fn check(&self) -> Result<(), String> {
        for (what, count) in [("styles", self.styles.len()), ("model", self.model.len())] {
            if !(1..=MOST).contains(&count) {
                return Err(format!("{what} has {count} entries; 1 to {MOST} are allowed"));
            }
        }
        for text in [&self.program, &self.executor] {
            if text.len() > TEXT || text.contains(char::is_control) {
                return Err("program or executor is no short text".into());
            }
        }
        if self.options.format.is_none() {
            return Err("format is absent".into());
        }
        if self.styles.iter().any(|style| !style.weight.is_finite() || style.weight < 0.0) {
            return Err("a style's weight is a number of 0 or more".into());
        }
        if self.optimized.is_some() != (self.version == OPTIMIZED) {
            return Err("its form is another one's".into());
        }
        self.optimized.iter().try_for_each(Optimized::check)?;
        self.references().try_for_each(Reference::check)
    }

    /// All that it names: content, styles, masks, models.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let styles = self.styles.iter().flat_map(|style| std::iter::once(&style.style).chain(&style.mask));
        let masks = self.options.mask.iter().chain(&self.options.strength_mask);
        let optimized = self.optimized.iter().flat_map(Optimized::references);
        std::iter::once(&self.content).chain(styles).chain(masks).chain(&self.model).chain(optimized)
    }

    /// The same number for the same picture: a hash of everything but names.
    pub fn key(&self) -> String {
        let nameless = |reference: &mut Reference| {
            reference.name.clear();
            reference.name_bytes = None;
        };
        let mut request = self.clone();
        nameless(&mut request.content);
        request.model.iter_mut().for_each(nameless);
        request.optimized.iter_mut().flat_map(Optimized::references_mut).for_each(nameless);
        request.options.mask.iter_mut().chain(&mut request.options.strength_mask).for_each(nameless);
        for style in &mut request.styles {
            nameless(&mut style.style);
            style.mask.iter_mut().for_each(nameless);
        }
        sha256(request.to_json().as_bytes())
    }

    /// The id of the result's format; empty if it is not known.
    pub fn format_name(&self) -> &'static str {
        self.options.format.map_or("", Format::id)
    }
}
