//! Receipts: what the cache records about a downloaded model.

use serde::{Deserialize, Serialize};

use crate::registry::Role;

/// What is known about a model in the cache, stored as a JSON file beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Version of this format: 1.
    pub version: u32,
    /// The model's name.
    pub name: String,
    /// A short description.
    pub title: String,
    /// What it is used for.
    pub role: Role,
    /// The addresses that its files came from.
    pub addresses: Vec<String>,
    /// The license.
    pub licence: String,
    /// Whether the license forbids commercial use.
    pub non_commercial: bool,
    /// A page about the model, for people.
    pub source: String,
    /// Which checksums the model's own format has, in words.
    pub checksums: Option<String>,
    /// Its files.
    pub files: Vec<Kept>,
    /// The paths to open, inside the model. Empty for the folder itself.
    pub open: Vec<String>,
}

/// A file of a model in the cache.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kept {
    /// Its path inside the model, with `/`.
    pub path: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its SHA-256 when it arrived.
    pub sha256: String,
    /// Whether the registry knew the SHA-256 of this file, or of the archive that contained it. Then it is not forged.
    pub known: bool,
}

impl Receipt {
    /// Total size of all files in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// What is known about the files, in a sentence for people.
    pub fn trust(&self) -> String {
        let known = self.files.iter().filter(|file| file.known).count();
        let sums = self.checksums.as_ref().map(|sums| format!(" {sums} shows damage, but not forgery.")).unwrap_or_default();
        match known {
            _ if known == self.files.len() => {
                "Every file has the SHA-256 that the registry knows: neither damaged nor forged.".into()
            }
            0 => format!("The registry knows no SHA-256 for it: it could be forged.{sums}"),
            _ => format!("{known} of {} files have a SHA-256 that the registry knows.{sums}", self.files.len()),
        }
    }
}
