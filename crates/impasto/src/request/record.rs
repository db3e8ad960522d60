//! Requests as JSON: the record of how a picture was made.
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

/// The version of requests that this library writes. It also reads the earlier ones.
pub const VERSION: u64 = 3;
/// The version of requests for optimized pictures. Programs that do not know it say that they are too old.
pub(super) const OPTIMIZED: u64 = 4;

/// Most styles, and most files of a model: more than a command line names.
const MOST: usize = 4096;
/// Most bytes of a text.
const TEXT: usize = 1024;

/// A painting: what it is made from, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Request {
    /// The version of this request's format.
    pub version: u64,
    /// Name and version of the program that painted it: `impasto 0.1.0`.
    pub program: String,
    /// The executor that ran the network ([`crate::engine::Executor`]); for the CPU, the instruction set. Another one
    /// may round differently.
    pub executor: String,
    /// The picture to paint.
    pub content: Reference,
    /// The styles to paint it in.
    pub styles: Vec<StyleUse>,
    /// The model's files.
    pub model: Vec<Reference>,
    /// How it was optimized, if it was not painted in one pass. Then only the options about the file matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optimized: Option<Optimized>,
    /// How to paint and write it.
    #[serde(serialize_with = "given", deserialize_with = "read")]
    pub options: Options,
}

/// A style and its part in a painting.
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
    /// Uses a style with this weight, everywhere.
    pub fn new(style: Reference, weight: f32) -> Self {
        StyleUse { style, weight, mask: None }
    }

    /// Uses the style only where this mask is white.
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
    /// Makes a request of the current version. `executor` is the executor's name ([`crate::engine::Executor`]).
    pub fn new(content: Reference, styles: Vec<StyleUse>, model: Vec<Reference>, options: Options, executor: &str) -> Self {
        let program = concat!("impasto ", env!("CARGO_PKG_VERSION")).into();
        Request { version: VERSION, program, executor: executor.into(), content, styles, model, optimized: None, options }
    }

    /// Makes it a request for an optimized picture.
    #[must_use]
    pub fn optimized(self, how: Optimized) -> Self {
        Request { version: OPTIMIZED, optimized: Some(how), ..self }
    }

    /// Makes it a request for a result in this format.
    #[must_use]
    pub fn in_format(mut self, format: Format) -> Self {
        self.options.format = Some(format);
        self
    }

    /// Returns the JSON text that files and manifests hold; [`Request::from_json`] reads it.
    pub fn to_json(&self) -> String {
        // Structs of text and numbers, so this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Checks that it is a possible request. Records come from strangers.
    pub(super) fn check(&self) -> Result<(), String> {
        for (what, count) in [("styles", self.styles.len()), ("model", self.model.len())] {
            if !(1..=MOST).contains(&count) {
                return Err(format!("{what} has {count} entries; 1 to {MOST} are allowed"));
            }
        }
        for text in [&self.program, &self.executor] {
            if text.len() > TEXT || text.contains(char::is_control) {
                return Err("program or executor is not a short text".into());
            }
        }
        if self.options.format.is_none() {
            return Err("format is missing".into());
        }
        if self.styles.iter().any(|style| !style.weight.is_finite() || style.weight < 0.0) {
            return Err("a style's weight must be a number of 0 or more".into());
        }
        if self.optimized.is_some() != (self.version == OPTIMIZED) {
            return Err("its version does not match what it holds".into());
        }
        self.optimized.iter().try_for_each(Optimized::check)?;
        self.references().try_for_each(Reference::check)
    }

    /// Returns everything that it names: content, styles, masks, models.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        let styles = self.styles.iter().flat_map(|style| std::iter::once(&style.style).chain(&style.mask));
        let masks = self.options.mask.iter().chain(&self.options.strength_mask);
        let optimized = self.optimized.iter().flat_map(Optimized::references);
        std::iter::once(&self.content).chain(styles).chain(masks).chain(&self.model).chain(optimized)
    }

    /// Returns a hash, in hexadecimal, of everything but names: the same for the same picture.
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

    /// Returns the id of the result's format; empty if it is not known.
    pub fn format_name(&self) -> &'static str {
        self.options.format.map_or("", Format::id)
    }
}
