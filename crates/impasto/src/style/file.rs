//! Style files: safetensors with one array `style_vector` `[length]` and this metadata.
//!
//! | key | value |
//! | --- | --- |
//! | `impasto.style` | `1`, the version |
//! | `impasto.style.family` | [`Family`](crate::networks::Family) |
//! | `impasto.style.name`, `impasto.style.provenance` | text; may be absent |

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::Style;
use crate::picture::Target;
use crate::weights::safetensors::{self, Precision};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

const VERSION_KEY: &str = "impasto.style";
const VERSION: &str = "1";
const FAMILY: &str = "impasto.style.family";
const NAME: &str = "impasto.style.name";
const PROVENANCE: &str = "impasto.style.provenance";
const VECTOR: &str = "style_vector";

/// Most bytes of a style file: a vector of the greatest length and its texts fit four times.
const MAX_BYTES: u64 = 1 << 20;

impl Style {
    /// The bytes of a style file: a few kilobytes of safetensors, the same for the same style.
    ///
    /// # Errors
    /// As [`safetensors::to_bytes`]; none is possible for a style that exists.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut weights = Weights::new();
        weights.insert(VECTOR, Tensor::new([self.vector.len()], self.vector.clone())?);
        let texts = [
            (VERSION_KEY, Some(VERSION.to_owned())),
            (FAMILY, Some(self.family.to_string())),
            (NAME, self.name.clone()),
            (PROVENANCE, self.provenance.clone()),
        ];
        let texts = texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?)));
        weights.metadata.extend(texts);
        safetensors::to_bytes(&weights, Precision::F32)
    }

    /// The style that these bytes of a style file hold.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if they are no style file or one of a newer version; [`ErrorKind::Malformed`] if they are
    /// damaged, or a number is not finite; [`ErrorKind::TooLarge`] if there is more than 1 MiB.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(too_large());
        }
        let unsupported = |text: String| Err(Error::new(ErrorKind::Unsupported, text));
        let malformed = |text: &str| Error::new(ErrorKind::Malformed, text);
        let weights = safetensors::read(bytes).map_err(|e| e.context("no style file"))?;
        let text = |key: &str| weights.metadata.get(key);
        match text(VERSION_KEY).map(String::as_str) {
            Some(VERSION) => {}
            Some(other) => {
                return unsupported(format!(
                    "is a style file of version {other:?}, and this version of Impasto reads version {VERSION}; update it"
                ));
            }
            None => return unsupported("is no style file: it holds arrays, but does not call itself a style".into()),
        }
        let family = text(FAMILY).ok_or_else(|| malformed("is a style file that does not say of which family"))?.parse()?;
        let vector = weights.get(VECTOR).ok_or_else(|| malformed("is a style file without a float \"style_vector\""))?;
        if weights.len() != 1 || vector.shape().len() != 1 {
            return Err(malformed("is a style file with something else than one plain list of numbers in it"));
        }
        let mut style = Style::new(family, vector.data().to_vec())?;
        if let Some(name) = text(NAME) {
            style = style.with_name(name);
        }
        if let Some(provenance) = text(PROVENANCE) {
            style = style.with_provenance(provenance);
        }
        Ok(style)
    }

    /// Reads a style file.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if it cannot be read; else as [`Style::from_bytes`]. All name the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        read(path).and_then(|bytes| Self::from_bytes(&bytes)).map_err(|e| e.context(path.display()))
    }

    /// Writes a style file, whole or not at all; by custom its name ends in `.style`.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if there is a file and `overwrite` is false; [`ErrorKind::Io`] if writing fails.
    pub fn save(&self, path: impl AsRef<Path>, overwrite: bool) -> Result<()> {
        Target::new(path, overwrite)?.write(&self.to_bytes()?)
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn too_large() -> Error {
    Error::new(ErrorKind::TooLarge, format!("has more than {MAX_BYTES} bytes, far too many for a style file"))
}
