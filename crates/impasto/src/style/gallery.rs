//! Collections of named styles, and the one that is part of the library.
//!
//! A gallery is a safetensors file with an array `[length]` for each style, under its name, and this metadata. What a
//! style has learned is beside it, under `NAME/`, as in [its own file](super::file); then all numbers are float16.
//!
//! | key | value |
//! | --- | --- |
//! | `impasto.styles` | `1`, the version; `2` if styles have learned |
//! | `impasto.styles.model` | hash of the model that they have learned for; only in version 2 |
//! | `impasto.styles.family` | [`Family`] |
//! | `impasto.styles.about.NAME` | a line about the style; may be absent |

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use super::{Learned, Style};
use crate::networks::Family;
use crate::weights::safetensors::{self, Precision};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

const VERSION_KEY: &str = "impasto.styles";
const VERSION: &str = "1";
const LEARNED_VERSION: &str = "2";
const MODEL: &str = "impasto.styles.model";
const FAMILY: &str = "impasto.styles.family";
const ABOUT: &str = "impasto.styles.about.";

#[cfg(feature = "embedded")]
const BUILT_IN: Option<&[u8]> = Some(include_bytes!("../../models/styles.safetensors"));
#[cfg(not(feature = "embedded"))]
const BUILT_IN: Option<&[u8]> = None;

/// Styles of one family, sorted by name. Each has a unique name ([`Style::name`]) and may have a line about it
/// ([`Style::provenance`]).
#[derive(Debug, Clone, PartialEq)]
pub struct Gallery {
    styles: Vec<Style>,
}

impl Gallery {
    /// Makes a gallery of these styles.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if there are no styles, a name is missing, used twice, or has anything but
    /// lower-case letters, digits and hyphens, or styles have learned for different models; [`ErrorKind::Mismatch`] if
    /// families or vector lengths differ.
    pub fn new(mut styles: Vec<Style>) -> Result<Self> {
        let invalid = |text: String| Err(Error::new(ErrorKind::InvalidArgument, text));
        let Some((first, others)) = styles.split_first() else { return invalid("a gallery needs at least one style".into()) };
        for other in others {
            first.check_fits(other)?;
        }
        let fits = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if let Some(style) = styles.iter().find(|style| style.name().is_none_or(|name| !fits(name))) {
            return invalid(format!("{style} cannot be in a gallery: names are lower-case letters, digits and hyphens"));
        }
        let mut models = styles.iter().filter_map(|style| Some(style.learned()?.model()));
        if let Some(model) = models.next() {
            if models.any(|other| other != model) {
                return invalid("the styles of a gallery have learned for different models; learn them for one model".into());
            }
            // As they are in the file.
            styles.iter_mut().for_each(|style| super::learned::round(&mut style.vector));
        }
        styles.sort_by(|a, b| a.name().cmp(&b.name()));
        if let Some(pair) = styles.windows(2).find(|pair| pair[0].name() == pair[1].name()) {
            return invalid(format!("{} is in the gallery twice", pair[0]));
        }
        Ok(Gallery { styles })
    }

    /// Returns the styles that are part of the library: vectors for [`crate::Model::embedded`].
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if the library was built without the feature `embedded`.
    pub fn built_in() -> Result<Self> {
        // Read once: what the styles have learned takes a few megabytes.
        static READ: OnceLock<Gallery> = OnceLock::new();
        if let Some(gallery) = READ.get() {
            return Ok(gallery.clone());
        }
        let Some(bytes) = BUILT_IN else {
            let text = "this build of Impasto has no built-in styles; build it with the feature `embedded`, or give a picture";
            return Err(Error::new(ErrorKind::Unsupported, text));
        };
        let gallery = Self::from_bytes(bytes).map_err(|e| e.context("the built-in styles"))?;
        Ok(READ.get_or_init(|| gallery).clone())
    }

    /// Returns all styles, sorted by name.
    pub fn styles(&self) -> &[Style] {
        &self.styles
    }

    /// Finds the style of this name, ignoring case.
    pub fn find(&self, name: &str) -> Option<&Style> {
        self.styles.iter().find(|style| style.name().is_some_and(|own| own.eq_ignore_ascii_case(name)))
    }

    /// Returns the name of the style that a misspelled name probably means; see [`nearest`].
    pub fn suggest(&self, name: &str) -> Option<&str> {
        nearest(name, self.styles.iter().filter_map(Style::name))
    }

    /// Returns the family of the styles.
    pub fn family(&self) -> &Family {
        self.styles[0].family()
    }

    /// Returns the bytes of the gallery's file, the same for the same styles.
    ///
    /// # Errors
    /// As [`safetensors::to_bytes`]; none is possible for a gallery that exists.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut weights = Weights::new();
        let model = self.styles.iter().find_map(Style::learned).map(Learned::model);
        weights.metadata.insert(VERSION_KEY.into(), if model.is_some() { LEARNED_VERSION } else { VERSION }.into());
        weights.metadata.extend(model.map(|model| (MODEL.to_owned(), model.to_owned())));
        weights.metadata.insert(FAMILY.into(), self.family().to_string());
        for style in &self.styles {
            let name = style.name().unwrap_or_default();
            weights.insert(name, Tensor::new([style.vector().len()], style.vector().to_vec())?);
            if let Some(learned) = style.learned() {
                let mut own = Weights::new();
                learned.write(&mut own)?;
                for (array, tensor) in own.iter() {
                    weights.insert(format!("{name}/{array}"), tensor.clone());
                }
            }
            if let Some(about) = style.provenance() {
                weights.metadata.insert(format!("{ABOUT}{name}"), about.into());
            }
        }
        safetensors::to_bytes(&weights, if model.is_some() { Precision::F16 } else { Precision::F32 })
    }

    /// Reads a gallery from a file's bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if they are not a gallery, or one of a newer version; [`ErrorKind::Malformed`] if
    /// they are damaged; otherwise as [`Gallery::new`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut weights = safetensors::read(bytes).map_err(|e| e.context("not a gallery of styles"))?;
        let metadata = std::mem::take(&mut weights.metadata);
        let malformed = |text: &str| Error::new(ErrorKind::Malformed, text);
        let learned = match metadata.get(VERSION_KEY).map(String::as_str) {
            Some(VERSION) => false,
            Some(LEARNED_VERSION) => true,
            Some(other) => {
                let text = format!(
                    "is a gallery of version {other:?}, but this version of Impasto reads only up to version \
                     {LEARNED_VERSION}; update Impasto"
                );
                return Err(Error::new(ErrorKind::Unsupported, text));
            }
            None => return Err(Error::new(ErrorKind::Unsupported, "is not a gallery of styles: it is not marked as one")),
        };
        let family = metadata.get(FAMILY).ok_or_else(|| malformed("is a gallery that does not name its family"))?;
        let family: Family = family.parse()?;
        // By name: the vector, and what the style has learned.
        let mut found: BTreeMap<String, (Option<Tensor>, Weights)> = BTreeMap::new();
        for (name, tensor) in weights.iter() {
            match name.split_once('/').filter(|_| learned) {
                None => found.entry(name.to_owned()).or_default().0 = Some(tensor.clone()),
                Some((name, array)) => {
                    found.entry(name.to_owned()).or_default().1.insert(array, tensor.clone());
                }
            }
        }
        let style = |(name, (vector, mut arrays)): (String, (Option<Tensor>, Weights))| {
            let vector = vector.ok_or_else(|| malformed("is a gallery that does not hold only styles"))?;
            let mut style = Style::new(family.clone(), vector.into_data())?.with_name(&name);
            if !arrays.is_empty() {
                let model = metadata.get(MODEL);
                let model = model
                    .ok_or_else(|| malformed("is a gallery that does not name the model that its styles have learned for"))?;
                style = style.with_learned(Arc::new(Learned::read(&mut arrays, model.clone())?))?;
            }
            let about = metadata.get(&format!("{ABOUT}{name}"));
            Ok(about.map_or(style.clone(), |about| style.with_provenance(about)))
        };
        Self::new(found.into_iter().map(style).collect::<Result<_>>()?)
    }
}

/// Returns the known name that a misspelled name probably means: at most two letters differ, and at most a third of
/// them. Case is ignored.
///
/// ```
/// use impasto::style::nearest;
///
/// assert_eq!(nearest("Mosiac", ["mosaic", "mist"]), Some("mosaic"));
/// assert_eq!(nearest("sunset", ["mosaic", "mist"]), None);
/// ```
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Nobody misspells a short name as a long text, so long texts are not compared.
    if name.len() > 64 {
        return None;
    }
    let name = name.to_lowercase();
    let distances = known.into_iter().map(|known| (distance(&name, known), known));
    distances.min().filter(|(distance, known)| *distance <= 2.min(known.len() / 3)).map(|(_, known)| known)
}

/// Returns the number of letters to change, insert or remove to turn one name into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for j in 0..b.len() {
            let changed = diagonal + usize::from(letter != b[j]);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Whether a path that could also be the name of something built in means a file, because there is one. Folders do not
/// count: results in a style are often in a folder with the style's name.
pub fn names_file(path: impl AsRef<Path>) -> bool {
    let path = path.as_ref();
    path.exists() && !path.is_dir()
}

impl Style {
    /// Returns the built-in style that a path names, ignoring case, unless the path [names a file](names_file).
    pub fn meant_by(path: impl AsRef<Path>) -> Option<Self> {
        let path = path.as_ref();
        let name = path.to_str().filter(|_| !names_file(path))?;
        Gallery::built_in().ok()?.find(name).cloned()
    }

    /// Returns a style that is part of the library, by name; see [`Gallery::built_in`].
    ///
    /// ```
    /// # if impasto::Model::HAS_EMBEDDED {
    /// let gallery = impasto::style::Gallery::built_in()?;
    /// let name = gallery.styles()[0].name().unwrap_or_default();
    /// assert_eq!(impasto::Style::built_in(name)?, gallery.styles()[0]);
    /// # }
    /// # Ok::<(), impasto::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if there is no style of this name; otherwise as [`Gallery::built_in`].
    pub fn built_in(name: &str) -> Result<Self> {
        let gallery = Gallery::built_in()?;
        gallery.find(name).cloned().ok_or_else(|| {
            let text = match gallery.suggest(name) {
                Some(near) => format!("there is no built-in style {name:?}; did you mean {near:?}?"),
                None => {
                    let names: Vec<_> = gallery.styles().iter().filter_map(Style::name).collect();
                    format!("there is no built-in style {name:?}; the built-in styles are {}", names.join(", "))
                }
            };
            Error::new(ErrorKind::InvalidArgument, text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_count_slips() {
        for (a, b, expected) in
            [("starry", "starry", 0), ("stary", "starry", 1), ("mosiac", "mosaic", 2), ("", "abc", 3), ("abc", "", 3)]
        {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
