//! Style files: safetensors with one array `style_vector` `[length]` and this metadata.
//!
//! | key | value |
//! | --- | --- |
//! | `impasto.style` | `1`, the version; `2` if the style has learned |
//! | `impasto.style.family` | [`Family`](crate::networks::Family) |
//! | `impasto.style.name`, `impasto.style.provenance` | text; may be absent |
//! | `impasto.style.model` | hash of the model that a style has learned for |
//!
//! Further arrays hold what a style has learned. All numbers of such a file are float16.
//!
//! | array | shape | meaning |
//! | --- | --- | --- |
//! | `norms/NORM` | `[2, channels]` | what is added to scale and shift of a conditional norm |
//! | `kernels/KERNEL` | `[kh, kw, in, out]` | what is added to a kernel, whole |
//! | `kernels/KERNEL/left`, `…/right` | `[kh, kw, in, rank]`, `[rank, out]` | the same as a product |
//!
//! If a binomial filter is folded into a kernel, the correction belongs to the kernel without the filter, and is folded
//! the same way.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::{Learned, Style};
use crate::picture::Target;
use crate::weights::safetensors::{self, Precision};
use crate::weights::{Tensor, Weights};
use crate::{Error, ErrorKind, Result};

const VERSION_KEY: &str = "impasto.style";
const VERSION: &str = "1";
/// For styles that have learned: older programs would read only half of it.
const LEARNED_VERSION: &str = "2";
const FAMILY: &str = "impasto.style.family";
const NAME: &str = "impasto.style.name";
const PROVENANCE: &str = "impasto.style.provenance";
const MODEL: &str = "impasto.style.model";
const VECTOR: &str = "style_vector";

/// Most bytes of a style file: about four times those of the greatest vector with its texts, or all kernels of our
/// network at float16.
const MAX_BYTES: u64 = 1 << 20;

impl Style {
    /// Returns the bytes of a style file: a few kilobytes of safetensors, the same for the same style. Styles that have
    /// learned take up to a megabyte.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] for a blend of so many styles that have learned that its file could not be read back.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut weights = Weights::new();
        weights.insert(VECTOR, Tensor::new([self.vector.len()], self.vector.clone())?);
        let texts = [
            (VERSION_KEY, Some(if self.learned.is_some() { LEARNED_VERSION } else { VERSION }.to_owned())),
            (MODEL, self.learned.as_ref().map(|learned| learned.model().to_owned())),
            (FAMILY, Some(self.family.to_string())),
            (NAME, self.name.clone()),
            (PROVENANCE, self.provenance.clone()),
        ];
        let texts = texts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), text?)));
        weights.metadata.extend(texts);
        let Some(learned) = &self.learned else { return safetensors::to_bytes(&weights, Precision::F32) };
        learned.write(&mut weights)?;
        let bytes = safetensors::to_bytes(&weights, Precision::F16)?;
        if bytes.len() as u64 > MAX_BYTES { Err(too_large()) } else { Ok(bytes) }
    }

    /// Reads a style from the bytes of a style file.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] if they are not a style file, or one of a newer version; [`ErrorKind::Malformed`] if
    /// they are damaged, or a number is not finite; [`ErrorKind::TooLarge`] if there is more than 1 MiB.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(too_large());
        }
        let unsupported = |text: String| Err(Error::new(ErrorKind::Unsupported, text));
        let malformed = |text: &str| Error::new(ErrorKind::Malformed, text);
        let mut weights = safetensors::read(bytes).map_err(|e| e.context("not a style file"))?;
        let metadata = std::mem::take(&mut weights.metadata);
        let text = |key: &str| metadata.get(key);
        let learned = match text(VERSION_KEY).map(String::as_str) {
            Some(VERSION) => false,
            Some(LEARNED_VERSION) => true,
            Some(other) => {
                return unsupported(format!(
                    "is a style file of version {other:?}, but this version of Impasto reads only up to version \
                     {LEARNED_VERSION}; update Impasto"
                ));
            }
            None => return unsupported("is not a style file: it holds arrays, but is not marked as a style".into()),
        };
        let family = text(FAMILY).ok_or_else(|| malformed("is a style file that does not name its family"))?.parse()?;
        let vector = weights.remove(VECTOR).ok_or_else(|| malformed("is a style file without a float \"style_vector\""))?;
        if vector.shape().len() != 1 || !learned && !weights.is_empty() {
            return Err(malformed("is a style file that does not hold just one plain list of numbers"));
        }
        let mut style = Style::new(family, vector.into_data())?;
        if learned {
            let model =
                text(MODEL).ok_or_else(|| malformed("is a style file that does not name the model that it has learned for"))?;
            style = style.with_learned(Arc::new(Learned::read(&mut weights, model.clone())?))?;
        }
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
    /// [`ErrorKind::Io`] if it cannot be read; otherwise as [`Style::from_bytes`]. All name the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        read(path).and_then(|bytes| Self::from_bytes(&bytes)).map_err(|e| e.context(path.display()))
    }

    /// Writes a style file, whole or not at all. By convention its name ends in `.style`.
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
