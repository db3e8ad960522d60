//! What a painting is made from, by name and hash.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::hash::{Hasher, hex, sha256, sha256_of_tree, unhex};
use crate::{Error, Model, Perceptual, Result, Style};

/// Most bytes of a name.
const LONGEST: usize = 1024;

/// A content, a style, a mask or a model: its name, and a hash of its contents if that is known. It says what was
/// meant, not where it is. Each program decides what a name may stand for, and names in records have no folders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Reference {
    /// The name of a file or folder, of a built-in style or of the built-in model. Bytes that are not text are replaced
    /// by other characters.
    pub name: String,
    /// The name's bytes in hexadecimal, if they are not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_bytes: Option<String>,
    /// 64 hexadecimal digits: the hash of a file's bytes, of all files in a folder, of a built-in style's family,
    /// vector and what it has learned, or of the built-in model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Whether it is part of the program.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub built_in: bool,
}

impl Reference {
    /// Refers to something by name alone.
    pub fn new(name: impl AsRef<OsStr>) -> Self {
        let name = name.as_ref();
        let name_bytes = name.to_str().is_none().then(|| hex(name.as_encoded_bytes()));
        Reference { name: name.to_string_lossy().into_owned(), name_bytes, ..Reference::default() }
    }

    /// Refers to a file by its name, without folders.
    pub fn of_path(path: &Path) -> Self {
        Self::new(path.file_name().unwrap_or_default())
    }

    /// Refers to a file, or a folder with all its files, by name and hash.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Io`] if it cannot be read, or is a pipe or a device.
    pub fn of_file(path: &Path) -> Result<Self> {
        let sha256 = sha256_of_tree(path).map_err(|e| Error::from(e).context(path.display()))?;
        Ok(Self::of_path(path).hashed(sha256))
    }

    /// Refers to the model at these paths; without paths, to the built-in one.
    ///
    /// # Errors
    /// As [`Reference::of_file`].
    pub fn of_model(paths: &[PathBuf]) -> Result<Vec<Self>> {
        if paths.is_empty() {
            Ok(vec![Self::of_embedded_model()])
        } else {
            paths.iter().map(|path| Self::of_file(path)).collect()
        }
    }

    /// Refers to a file's bytes by a name and their hash.
    pub fn of_bytes(name: impl AsRef<OsStr>, bytes: &[u8]) -> Self {
        Self::new(name).hashed(sha256(bytes))
    }

    /// Refers to a built-in style. Its hash covers its family, its vector and what it has learned.
    pub fn of_style(style: &Style) -> Self {
        let mut hasher = Hasher::default();
        hasher.update(style.family().to_string().as_bytes());
        style.vector().iter().for_each(|v| hasher.update(&v.to_le_bytes()));
        if let Some(learned) = style.learned() {
            hasher.update(learned.model().as_bytes());
            let bytes: Vec<u8> = learned.numbers().flat_map(f32::to_le_bytes).collect();
            hasher.update(&bytes);
        }
        Reference { built_in: true, ..Self::new(style.name().unwrap_or_default()).hashed(hasher.finish()) }
    }

    /// Refers to the built-in model.
    pub fn of_embedded_model() -> Self {
        let bytes = Model::embedded_bytes().unwrap_or_default();
        Reference { built_in: true, ..Self::of_bytes("built-in", bytes) }
    }

    /// Refers to the built-in perceptual network.
    pub fn of_embedded_perceptual() -> Self {
        let bytes = Perceptual::embedded_bytes().unwrap_or_default();
        Reference { built_in: true, ..Self::of_bytes("built-in", bytes) }
    }

    /// Returns the reference with this hash, in hexadecimal.
    #[must_use]
    pub fn hashed(self, sha256: String) -> Self {
        Reference { sha256: Some(sha256), ..self }
    }

    /// Returns the exact name, byte for byte.
    pub fn os_name(&self) -> OsString {
        let exact = self.name_bytes.as_deref().and_then(unhex).and_then(of_bytes);
        exact.unwrap_or_else(|| self.name.clone().into())
    }

    /// Checks that the name does not lead into another folder and that the hash is valid. Records come from strangers.
    pub(super) fn check(&self) -> std::result::Result<(), String> {
        let name = self.os_name();
        if !is_bare(&name) || !is_bare(self.name.as_ref()) {
            return Err(format!("{name:?} is not a file name"));
        }
        match &self.sha256 {
            Some(hash) if hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()) => Ok(()),
            _ => Err(format!("the SHA-256 of {name:?} is missing or invalid")),
        }
    }
}

/// Whether it names something in a folder and leads nowhere else, on this system.
fn is_bare(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    // Elsewhere, files have such names.
    let odd = |c: char| c == '/' || c.is_control() || cfg!(windows) && matches!(c, '\\' | ':');
    !name.is_empty() && name.len() <= LONGEST && name != "." && name != ".." && !name.contains(odd)
}

#[cfg(unix)]
fn of_bytes(bytes: Vec<u8>) -> Option<OsString> {
    Some(std::os::unix::ffi::OsStringExt::from_vec(bytes))
}

/// Elsewhere, names are not bytes.
#[cfg(not(unix))]
fn of_bytes(_bytes: Vec<u8>) -> Option<OsString> {
    None
}
