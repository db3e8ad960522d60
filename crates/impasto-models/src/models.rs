//! Resolves a name, a path or an address to a model.

use std::path::{Path, PathBuf};

use impasto::{Error, ErrorKind, Result};

use crate::address::{self, Address};
use crate::registry::{Entry, Role};
use crate::{Cache, Cached, Registry, imported};

/// The environment variable for additional registry files, separated as in `PATH`.
pub const REGISTRY_VARIABLE: &str = "IMPASTO_REGISTRY";
/// The environment variable for the default model: paths, names or addresses, separated as in `PATH`.
pub const MODEL_VARIABLE: &str = "IMPASTO_MODEL";

/// The models that this user has or can get.
#[derive(Debug, Clone)]
pub struct Models {
    /// Published models.
    pub registry: Registry,
    /// Downloaded models. `None` if there is no folder for them.
    cache: Option<Cache>,
}

/// What a word resolves to.
#[derive(Debug, Clone)]
pub enum Meaning {
    /// A model on this machine: the paths to open. Paths that the user gives are not checked.
    Here(Vec<PathBuf>),
    /// A model that can be downloaded.
    Absent(Box<Wanted>),
}

/// A model that can be downloaded.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Wanted {
    /// What is known about it.
    pub entry: Entry,
    /// Whether a registry lists it. If not, the user gave an address, and nothing else is known about it.
    pub listed: bool,
}

impl Wanted {
    /// A model that a registry lists.
    pub fn listed(entry: Entry) -> Self {
        Wanted { entry, listed: true }
    }

    /// A model at a web address, about which nothing else is known.
    ///
    /// # Errors
    /// As [`Address::parse`].
    pub fn of_address(text: &str) -> Result<Self> {
        Ok(Wanted { entry: Entry::of_address(&Address::parse(text)?), listed: false })
    }

    /// The model's name, also in the cache.
    pub fn name(&self) -> &str {
        &self.entry.name
    }
}

impl Models {
    /// The user's cache, the built-in registry, and the registries in `IMPASTO_REGISTRY`.
    ///
    /// # Errors
    /// As [`Registry::open`].
    pub fn from_environment() -> Result<Self> {
        let mut models = Models { registry: Registry::built_in()?, cache: Cache::of_user().ok() };
        let more = std::env::var_os(REGISTRY_VARIABLE).unwrap_or_default();
        for path in std::env::split_paths(&more).filter(|path| !path.as_os_str().is_empty()) {
            models.registry.extend(Registry::open(&path)?);
        }
        Ok(models)
    }

    /// Models in this registry, kept in this cache.
    pub fn new(registry: Registry, cache: Cache) -> Self {
        Models { registry, cache: Some(cache) }
    }

    /// The cache.
    ///
    /// # Errors
    /// As [`Cache::of_user`].
    pub fn cache(&self) -> Result<&Cache> {
        // Get the same error again.
        self.cache.as_ref().map_or_else(|| Err(Cache::of_user().map_or_else(|e| e, |_| no_cache())), Ok)
    }

    /// Resolves a word. It is, in this order: an existing path, an imported model, a model in the registry or the cache
    /// by its name, or a web address. Anything else is a path that does not exist.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for addresses that cannot be downloaded.
    pub fn find(&self, word: &Path) -> Result<Meaning> {
        if word.exists() {
            return Ok(Meaning::Here(vec![word.to_owned()]));
        }
        if let Some(file) = imported::path_of(word) {
            return Ok(Meaning::Here(vec![file]));
        }
        let Some(text) = word.to_str() else { return Ok(Meaning::Here(vec![word.to_owned()])) };
        let wanted = match self.registry.find(text) {
            Some(entry) => Wanted::listed(entry.clone()),
            None if address::is_like_one(text) => {
                if let Some(path) = text.strip_prefix("file://") {
                    let text = format!("{text}: this is a web address, not a path. Give the path alone: {path}");
                    return Err(Error::new(ErrorKind::InvalidArgument, text));
                }
                Wanted::of_address(text)?
            }
            None => {
                // A registry may have listed it at another time.
                let cached = self.cache.as_ref().and_then(|cache| cache.get(text));
                return Ok(Meaning::Here(cached.map_or_else(|| vec![word.to_owned()], |cached| cached.paths())));
            }
        };
        let cached = self.cached(&wanted.entry);
        Ok(cached.map_or(Meaning::Absent(Box::new(wanted)), |cached| Meaning::Here(cached.paths())))
    }

    /// The name of the model that a word resolves to. `None` for paths, and for words
    /// that neither a registry nor the cache knows.
    pub fn name(&self, word: &Path) -> Option<String> {
        if word.exists() {
            return None;
        }
        let text = word.to_str()?;
        if imported::path_of(word).is_some() {
            return Some(text.to_owned());
        }
        if let Some(entry) = self.registry.find(text) {
            return Some(entry.name.clone());
        }
        Some(self.cache.as_ref()?.get(&downloaded_name(text))?.receipt.name)
    }

    /// What the model that a word resolves to is used for. `None` if that is unknown: for paths, imported models,
    /// and addresses that were never downloaded.
    pub fn role(&self, word: &Path) -> Option<Role> {
        if word.exists() || imported::path_of(word).is_some() {
            return None;
        }
        let text = word.to_str()?;
        if let Some(entry) = self.registry.find(text) {
            return Some(entry.role);
        }
        Some(self.cache.as_ref()?.get(&downloaded_name(text))?.receipt.role)
    }

    /// The cached model for an entry, if its files have the entry's hashes. (A registry may
    /// list another model under the same name.)
    pub fn cached(&self, entry: &Entry) -> Option<Cached> {
        let cached = self.cache.as_ref()?.get(&entry.name)?;
        let whole = entry.files.iter().filter(|item| item.unpack.is_none());
        let files = whole.filter_map(|item| Some((&item.name, item.sha256.as_ref()?)));
        let mut known = files.chain(entry.contains.iter().map(|known| (&known.path, &known.sha256)));
        let agrees =
            known.all(|(path, sha256)| cached.receipt.files.iter().any(|file| file.path == *path && file.sha256 == *sha256));
        agrees.then_some(cached)
    }

    /// The words in `IMPASTO_MODEL`. Empty if it is not set.
    pub fn default_words() -> Vec<PathBuf> {
        let value = std::env::var(MODEL_VARIABLE).unwrap_or_default();
        // A single web address contains the separator of paths.
        if address::is_like_one(&value) {
            return vec![value.into()];
        }
        let value = std::env::var_os(MODEL_VARIABLE).unwrap_or_default();
        std::env::split_paths(&value).filter(|path| !path.as_os_str().is_empty()).collect()
    }
}

/// The name in the cache of a model that no registry lists, from its address or its name.
fn downloaded_name(text: &str) -> String {
    match Address::parse(text) {
        Ok(address) => Entry::of_address(&address).name,
        Err(_) => text.to_owned(),
    }
}

fn no_cache() -> Error {
    Error::new(ErrorKind::Io, "there is no folder for downloaded models")
}
