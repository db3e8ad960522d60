//! The registry: which published models there are, and what is known about each.
//!
//! It is a JSON file: `{"version": 1, "models": [...]}`. The built-in one is this crate's `registry.json`. Users
//! add their own with `--registry FILE` or `IMPASTO_REGISTRY`. An entry replaces an earlier one with the same
//! name. `docs/guide/models.md` describes every field. An entry has a hash only if somebody has computed it from
//! the file. If there is none, users are told.

use std::path::Path;

use impasto::style::nearest;
use impasto::{Error, ErrorKind, Result};
use serde::Deserialize;

use crate::{address, hash, names};

/// Most bytes in a registry file.
const MOST_BYTES: u64 = 4 << 20;

/// Models by name.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    entries: Vec<Entry>,
}

/// What is known about a published model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Entry {
    /// Its name: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// A short description.
    pub title: String,
    /// What it can be used for.
    #[serde(default)]
    pub role: Role,
    /// Web addresses of the model and of pages about it, by which it is found, too.
    /// [`address::comparable`] says how they are compared.
    #[serde(default)]
    pub addresses: Vec<String>,
    /// The files to download.
    pub files: Vec<Item>,
    /// Files that must be in the model once archives are unpacked, with their hashes.
    #[serde(default)]
    pub contains: Vec<Known>,
    /// The files or folders that are opened together as the model, as paths inside it. Empty: the folder itself.
    #[serde(default)]
    pub open: Vec<String>,
    /// Which checksums the model's own format has, in words. They reveal damage, but not forgery.
    #[serde(default)]
    pub checksums: Option<String>,
    /// The license, as an SPDX expression or in words.
    pub licence: String,
    /// Whether the license forbids commercial use. Then users are asked before it is downloaded.
    #[serde(default)]
    pub non_commercial: bool,
    /// A page about the model, for people.
    pub source: String,
    /// What it is good for, in a sentence.
    #[serde(default)]
    pub good_for: String,
}

/// What a model is used for. The command line has a flag for each role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// It paints: `--model`.
    #[default]
    Model,
    /// It is the network of perceptual losses: `--perceptual`.
    Perceptual,
}

impl Role {
    /// What a model with this role is, with an article, for messages.
    pub fn described(self) -> &'static str {
        match self {
            Role::Model => "a model that paints",
            Role::Perceptual => "a perceptual network, for losses",
        }
    }

    /// The command line's flag for models with this role.
    pub fn flag(self) -> &'static str {
        match self {
            Role::Model => "--model",
            Role::Perceptual => "--perceptual",
        }
    }
}

/// A file to download.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Item {
    /// Its path inside the model. For an archive, a plain name.
    pub name: String,
    /// Its web addresses. The first one is tried first.
    pub mirrors: Vec<String>,
    /// The size in bytes, if known.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// The SHA-256 in lower-case hexadecimal, if known.
    #[serde(default)]
    pub sha256: Option<String>,
    /// How it is packed, if it is an archive with the model's files.
    #[serde(default)]
    pub unpack: Option<Packing>,
    /// For an archive, the files to keep. Empty: all of them.
    #[serde(default)]
    pub only: Vec<String>,
}

/// A kind of archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub enum Packing {
    /// A tar archive compressed with gzip.
    #[serde(rename = "tar.gz")]
    TarGz,
    /// A zip archive.
    #[serde(rename = "zip")]
    Zip,
}

/// A file with a known hash.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Known {
    /// Its path inside the model.
    pub path: String,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    models: Vec<Entry>,
}

impl Registry {
    /// The models that this version of Impasto knows.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if the data of this build is broken.
    pub fn built_in() -> Result<Self> {
        Self::parse(include_str!("registry.json")).map_err(|e| e.context("the built-in registry"))
    }

    /// Reads a registry file.
    ///
    /// # Errors
    /// One line that names the file: [`ErrorKind::Io`]; [`ErrorKind::InvalidArgument`] if it is not a regular file;
    /// [`ErrorKind::TooLarge`]; otherwise as [`Registry::parse`].
    pub fn open(path: &Path) -> Result<Self> {
        let read = || -> Result<Self> {
            let about = std::fs::metadata(path)?;
            if !about.is_file() {
                return Err(Error::new(ErrorKind::InvalidArgument, "is not a regular file"));
            }
            if about.len() > MOST_BYTES {
                return Err(Error::new(
                    ErrorKind::TooLarge,
                    format!("is larger than the limit for registries ({} MiB)", MOST_BYTES >> 20),
                ));
            }
            Self::parse(&std::fs::read_to_string(path)?)
        };
        read().map_err(|e| e.context(path.display()))
    }

    /// Parses a registry from JSON.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] with the entry and what is wrong with it;
    /// [`ErrorKind::Unsupported`] for another version of the format.
    pub fn parse(json: &str) -> Result<Self> {
        let malformed = |text: String| Error::new(ErrorKind::Malformed, text);
        let file: File = serde_json::from_str(json).map_err(|e| malformed(format!("is not a registry of models: {e}")))?;
        if file.version != 1 {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("has version {}; this program reads version 1", file.version),
            ));
        }
        let mut registry = Registry::default();
        for entry in file.models {
            entry.check().map_err(|why| malformed(format!("model {:?}: {why}", entry.name)))?;
            if registry.find(&entry.name).is_some() {
                return Err(malformed(format!("there are two models named {:?}", entry.name)));
            }
            registry.entries.push(entry);
        }
        Ok(registry)
    }

    /// The name closest to one that is not in the registry, if there is a similar one.
    pub fn suggest(&self, name: &str) -> Option<&str> {
        nearest(name, self.entries.iter().map(|entry| entry.name.as_str()))
    }

    /// The names of all models with this role.
    pub fn names(&self, role: Role) -> Vec<&str> {
        self.entries.iter().filter(|entry| entry.role == role).map(|entry| entry.name.as_str()).collect()
    }

    /// Adds the entries of another registry. They replace entries with the same name, and are found before all others.
    pub fn extend(&mut self, other: Registry) {
        self.entries.retain(|entry| other.entries.iter().all(|new| new.name != entry.name));
        self.entries.splice(0..0, other.entries);
    }

    /// All entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The model with this name or this web address, whose scheme may be missing.
    pub fn find(&self, word: &str) -> Option<&Entry> {
        if let Some(entry) = self.entries.iter().find(|entry| entry.name == word) {
            return Some(entry);
        }
        let word = address::comparable(word);
        let has = |entry: &&Entry| {
            let mirrors = entry.files.iter().filter(|_| entry.files.len() == 1).flat_map(|item| &item.mirrors);
            entry.addresses.iter().chain(mirrors).any(|other| address::comparable(other) == word)
        };
        self.entries.iter().find(has)
    }
}

impl Entry {
    /// The entry for a file at an address that a user gives. Nothing else is known about it.
    pub(crate) fn of_address(address: &address::Address) -> Self {
        let file = address.last_name();
        let stem: String = file.split('.').next().unwrap_or(&file).chars().take(80).collect();
        // The hash makes the name unique: the same address is the same model, but two
        // addresses with the same file name are not.
        let name =
            format!("{}-{}", names::plain(&stem), &hash::of_bytes(address::comparable(&address.to_string()).as_bytes())[..8]);
        let packing = |end: &str| file.to_ascii_lowercase().ends_with(end);
        let unpack = if packing(".tar.gz") || packing(".tgz") {
            Some(Packing::TarGz)
        } else if packing(".zip") {
            Some(Packing::Zip)
        } else {
            None
        };
        let item = Item { name: file, mirrors: vec![address.to_string()], bytes: None, sha256: None, unpack, only: Vec::new() };
        Entry {
            name,
            title: format!("downloaded from {address}"),
            role: Role::Model,
            addresses: Vec::new(),
            files: vec![item],
            contains: Vec::new(),
            open: Vec::new(),
            checksums: None,
            licence: "not known".to_owned(),
            non_commercial: false,
            source: address.to_string(),
            good_for: String::new(),
        }
    }

    /// Total bytes to download, if the sizes of all files are known.
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|item| item.bytes).sum()
    }

    /// What is known about the files before they are downloaded, in a sentence for people.
    pub fn trust(&self) -> String {
        let known = self.files.iter().filter(|item| item.sha256.is_some()).count();
        let inside = self.contains.len();
        let sums = self.checksums.as_ref().map(|sums| format!(" {sums} would show damage, but not forgery.")).unwrap_or_default();
        match (known, inside) {
            _ if known == self.files.len() => "The SHA-256 of every file is known: damage and forgery would show.".to_owned(),
            (0, 0) => format!("No SHA-256 is known: forgery would not show.{sums}"),
            (0, _) => format!("The SHA-256 of {inside} of its files is known, but not that of the others.{sums}"),
            _ => format!("The SHA-256 of {known} of {} files is known.{sums}", self.files.len()),
        }
    }

    fn check(&self) -> Result<(), String> {
        names::check(&self.name).map_err(|e| e.to_string())?;
        if self.files.is_empty() {
            return Err("it has no files".to_owned());
        }
        for item in &self.files {
            let path = names::inside(&item.name).ok_or_else(|| format!("{:?} is not a path inside the model", item.name))?;
            if item.unpack.is_some() && path.components().count() != 1 {
                return Err(format!("{:?} is an archive: give it a plain name", item.name));
            }
            if item.mirrors.is_empty() {
                return Err(format!("{:?} has no mirrors", item.name));
            }
            for mirror in &item.mirrors {
                address::Address::parse(mirror).map_err(|e| e.to_string())?;
            }
        }
        let hashes = self.files.iter().filter_map(|item| item.sha256.as_ref());
        if let Some(wrong) = hashes.chain(self.contains.iter().map(|known| &known.sha256)).find(|text| !hash::is_hash(text)) {
            return Err(format!("{wrong:?} is not a SHA-256 of 64 lower-case hexadecimal digits"));
        }
        let kept = self.files.iter().flat_map(|item| &item.only);
        let paths = self.contains.iter().map(|known| &known.path).chain(&self.open).chain(kept);
        match paths.into_iter().find(|path| names::inside(path).is_none()) {
            Some(path) => Err(format!("{path:?} is not a path inside the model")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Registry, Role};
    use crate::Address;

    #[test]
    fn the_built_in_registry_knows_the_articles_module_by_all_its_addresses() {
        let registry = Registry::built_in().unwrap();
        assert!(registry.entries().len() >= 4);
        for text in [
            "magenta",
            "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2",
            "https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2?tf-hub-format=compressed",
            "tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/2",
            "https://www.kaggle.com/models/google/arbitrary-image-stylization-v1",
            "https://www.kaggle.com/models/google/arbitrary-image-stylization-v1/TensorFlow1/256/2",
            "https://kaggle.com/models/google/arbitrary-image-stylization-v1/frameworks/tensorFlow1/variations/256/versions/2",
            "https://storage.googleapis.com/tfhub-modules/google/magenta/arbitrary-image-stylization-v1-256/2.tar.gz",
        ] {
            assert_eq!(registry.find(text).map(|entry| entry.name.as_str()), Some("magenta"), "{text}");
        }
        assert_eq!(registry.suggest("Magneta"), Some("magenta"));
        assert_eq!(registry.suggest("mona-lisa"), None);
        // Some of them are perceptual networks, which are distinguished from models that paint.
        assert!(registry.names(Role::Perceptual).contains(&"vgg19") && !registry.names(Role::Model).contains(&"vgg19"));
        // The first version of the module has another format, which Impasto does not claim to read.
        assert!(registry.find("https://tfhub.dev/google/magenta/arbitrary-image-stylization-v1-256/1").is_none());
        for entry in registry.entries() {
            assert!(!entry.licence.is_empty() && !entry.title.is_empty() && entry.trust().ends_with('.'), "{}", entry.name);
        }
    }

    #[test]
    fn broken_registries_are_refused() {
        let entry = |extra: &str, file: &str| {
            format!(
                r#"{{"version":1,"models":[{{"name":"a","title":"t","licence":"MIT","source":"s","files":[{file}]{extra}}}]}}"#
            )
        };
        let file = r#"{"name":"f","mirrors":["https://x/f"]}"#;
        assert!(Registry::parse(&entry("", file)).is_ok());
        let cases = [
            ("{".to_owned(), "not a registry"),
            (r#"{"version":2,"models":[]}"#.to_owned(), "version 2"),
            (entry("", ""), "no files"),
            (entry("", r#"{"name":"../f","mirrors":["https://x/f"]}"#), "inside"),
            (entry("", r#"{"name":"f","mirrors":[]}"#), "no mirrors"),
            (entry("", r#"{"name":"f","mirrors":["file:///etc/passwd"]}"#), "only http"),
            (entry("", r#"{"name":"f","mirrors":["https://x/f"],"sha256":"12"}"#), "SHA-256"),
            (entry("", r#"{"name":"a/f","mirrors":["https://x/f"],"unpack":"zip"}"#), "plain name"),
            (entry(r#","open":["/etc"]"#, file), "inside"),
            (entry(r#","hash":"x""#, file), "unknown field"),
        ];
        for (json, word) in cases {
            let error = Registry::parse(&json).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn later_registries_replace_entries() {
        let one = |title: &str| {
            let text = r#"{"version":1,"models":[{"name":"magenta","title":"T","licence":"MIT","source":"s","files":[{"name":"f","mirrors":["https://x/f"]}]}]}"#;
            Registry::parse(&text.replace('T', title)).unwrap()
        };
        let mut registry = Registry::built_in().unwrap();
        let before = registry.entries().len();
        registry.extend(one("mine"));
        assert_eq!(registry.entries().len(), before);
        assert_eq!(registry.find("magenta").unwrap().title, "mine");
    }

    #[test]
    fn an_address_is_a_model_of_its_own() {
        let entry = |text: &str| super::Entry::of_address(&Address::parse(text).unwrap());
        let first = entry("https://x.org/a/candy.pth");
        assert!(first.name.starts_with("candy-") && first.check().is_ok(), "{}", first.name);
        assert_ne!(first.name, entry("https://x.org/b/candy.pth").name);
        let long = format!("https://x.org/{}.pth", "x".repeat(500));
        assert!(entry(&long).check().is_ok());
        assert_eq!(entry("https://x.org/m.tar.gz").files[0].unpack, Some(super::Packing::TarGz));
    }
}
