//! Receipts: what the cache notes about a downloaded model.

use serde::{Deserialize, Serialize};

use crate::registry::Role;

/// What is known of a model in the cache: a JSON file beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Receipt {
    /// Of the form: 1.
    pub version: u32,
    /// The model's name.
    pub name: String,
    /// What it is, in a few words.
    pub title: String,
    /// What it is used for.
    pub role: Role,
    /// The addresses that its files came from.
    pub addresses: Vec<String>,
    /// The terms.
    pub licence: String,
    /// Whether the terms forbid commercial use.
    pub non_commercial: bool,
    /// Where it comes from: a page for people.
    pub source: String,
    /// Checksums that the model's own format has, in words.
    pub checksums: Option<String>,
    /// Its files.
    pub files: Vec<Kept>,
    /// What is opened, as paths inside of the model; empty for the folder itself.
    pub open: Vec<String>,
}

/// A file of a model in the cache.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Kept {
    /// Its path inside of the model, with `/`.
    pub path: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 when it arrived.
    pub sha256: String,
    /// Whether the registry knew this SHA-256, of the file or of the archive that it was in: then it is not forged.
    pub known: bool,
}

impl Receipt {
    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// What is known of the files, in a sentence for people.
    pub fn trust(&self) -> String {
        let known = self.files.iter().filter(|file| file.known).count();
        let sums = self.checksums.as_ref().map(|sums| format!(" {sums} shows damage, but not forgery.")).unwrap_or_default();
        match known {
            _ if known == self.files.len() => {
                "Every file has the SHA-256 that the registry knows: neither damaged nor forged.".into()
            }
            0 => format!("The registry knows no SHA-256 of it: it could be forged.{sums}"),
            _ => format!("{known} of {} files have a SHA-256 that the registry knows.{sums}", self.files.len()),
        }
    }
}
