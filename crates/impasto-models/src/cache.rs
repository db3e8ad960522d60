//! The cache of downloaded models.
//!
//! A model is a folder `NAME`. It contains the receipt `receipt.json`, and the files in `NAME/NAME`, so that a
//! model's path ends in its name. The folder is renamed into place when everything in it is complete and verified,
//! so every model in the cache is usable. Downloads in progress are in `.partial/NAME`. A process that works on a
//! model holds the lock `.partial/NAME.lock`.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use impasto::{Error, ErrorKind, Model, Perceptual, Result};

use crate::receipt::Receipt;
use crate::registry::Role;
use crate::{Watch, folders, hash, names};

const RECEIPT: &str = "receipt.json";
const PARTIAL: &str = ".partial";

/// Pause between attempts to take a lock that another process holds.
const MOMENT: Duration = Duration::from_millis(100);

/// The cache.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

/// A model in the cache.
#[derive(Debug, Clone)]
pub struct Cached {
    /// What is known about it.
    pub receipt: Receipt,
    files: PathBuf,
}

/// A lock on a model, released when this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[allow(dead_code, reason = "held for its lock")] File);

impl Cache {
    /// The user's cache, in the folder [`folders::downloaded`].
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if the environment names no folder for it.
    pub fn of_user() -> Result<Self> {
        let none = "there is no folder for downloaded models: set IMPASTO_HOME, XDG_CACHE_HOME or HOME";
        folders::downloaded().map(Self::at).ok_or_else(|| Error::new(ErrorKind::Io, none))
    }

    /// A cache in this folder, which is created with the first model.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Cache { root: root.into() }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.root
    }

    /// The model with this name, if it is in the cache.
    pub fn get(&self, name: &str) -> Option<Cached> {
        names::check(name).ok()?;
        let folder = self.root.join(name);
        let receipt: Receipt = serde_json::from_slice(&std::fs::read(folder.join(RECEIPT)).ok()?).ok()?;
        let files = folder.join(name);
        (receipt.version == 1 && receipt.name == name && files.is_dir()).then_some(Cached { receipt, files })
    }

    /// All models in the cache, sorted by name.
    pub fn all(&self) -> Vec<Cached> {
        let entries = std::fs::read_dir(&self.root).into_iter().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
        names.sort();
        names.iter().filter_map(|name| self.get(name)).collect()
    }

    /// Removes a model and the rest of any incomplete download of it. Returns whether there was anything.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if it cannot be a model's name; [`ErrorKind::Io`]; [`ErrorKind::Cancelled`].
    pub fn remove(&self, name: &str, watch: &dyn Watch) -> Result<bool> {
        names::check(name)?;
        let (folder, partial) = (self.root.join(name), self.partial(name));
        if !folder.exists() && !partial.exists() {
            return Ok(false);
        }
        let _lock = self.lock(name, watch)?;
        if folder.exists() {
            // Move it away in one step, so that nobody finds half a model.
            let doomed = self.root.join(PARTIAL).join(format!("{name}.removed"));
            clear(&doomed)?;
            std::fs::rename(&folder, &doomed).map_err(|e| io(&folder, e))?;
            clear(&doomed)?;
        }
        clear(&partial)?;
        Ok(true)
    }

    /// The folder where a model is assembled.
    pub(crate) fn partial(&self, name: &str) -> PathBuf {
        self.root.join(PARTIAL).join(name)
    }

    /// Waits until no other process works on the model. The lock ends with the process, even if that is killed.
    pub(crate) fn lock(&self, name: &str, watch: &dyn Watch) -> Result<Lock> {
        let folder = self.root.join(PARTIAL);
        std::fs::create_dir_all(&folder).map_err(|e| io(&folder, e))?;
        let path = folder.join(format!("{name}.lock"));
        let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(|e| io(&path, e))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock(file)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(e)) => return Err(io(&path, e)),
            }
            if !std::mem::replace(&mut told, true) {
                watch.note(&format!("another process is working on {name}; waiting for it"));
            }
            if watch.cancelled() {
                return Err(cancelled());
            }
            std::thread::sleep(MOMENT);
        }
    }

    /// Moves a complete model into the cache. `ready` is the folder with its
    /// files. The caller must hold the model's lock.
    #[cfg(feature = "download")]
    pub(crate) fn place(&self, receipt: Receipt, ready: &Path) -> Result<Cached> {
        let name = receipt.name.clone();
        let (staged, folder) = (self.partial(&name).join("placed"), self.root.join(&name));
        clear(&staged)?;
        std::fs::create_dir_all(&staged).map_err(|e| io(&staged, e))?;
        std::fs::rename(ready, staged.join(&name)).map_err(|e| io(ready, e))?;
        let json = serde_json::to_vec_pretty(&receipt).map_err(|e| Error::new(ErrorKind::Io, e.to_string()))?;
        let path = staged.join(RECEIPT);
        std::fs::write(&path, json).map_err(|e| io(&path, e))?;
        // A folder without a valid receipt is not a model, but would block the rename.
        clear(&folder)?;
        std::fs::rename(&staged, &folder).map_err(|e| io(&folder, e))?;
        clear(&self.partial(&name))?;
        Ok(Cached { receipt, files: folder.join(name) })
    }
}

impl Cached {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.receipt.name
    }

    /// The folder with its files.
    pub fn folder(&self) -> &Path {
        &self.files
    }

    /// The files or folders to open.
    pub fn paths(&self) -> Vec<PathBuf> {
        paths(&self.files, &self.receipt.open)
    }

    /// Compares every file with the receipt. Then opens the model, which verifies the checksums of its format.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] with the first file that is missing or differs in size or SHA-256; otherwise as
    /// [`Model::open`]; [`ErrorKind::Cancelled`].
    pub fn verify(&self, watch: &dyn Watch) -> Result<()> {
        for file in &self.receipt.files {
            if watch.cancelled() {
                return Err(cancelled());
            }
            let damaged = |why: &str| {
                let text =
                    format!("{}: {}: {why}; remove it with `impasto models rm {0}` and pull it again", self.name(), file.path);
                Error::new(ErrorKind::Malformed, text)
            };
            let inside = names::inside(&file.path).ok_or_else(|| damaged("is not a path inside the model"))?;
            let path = self.files.join(inside);
            match std::fs::metadata(&path) {
                Err(_) => return Err(damaged("is missing")),
                Ok(about) if about.len() != file.bytes => {
                    return Err(damaged(&format!("has {} bytes instead of {}", about.len(), file.bytes)));
                }
                Ok(_) => {}
            }
            if hash::of_file(&path).map_err(|e| io(&path, e))? != file.sha256 {
                return Err(damaged("is damaged: its SHA-256 differs from that of the download"));
            }
        }
        check(self.receipt.role, &self.paths())
    }
}

/// The paths to open for a model in `folder`. If `open` is empty, the folder itself. If that contains only a single
/// file or folder, as in many archives, then that.
pub(crate) fn paths(folder: &Path, open: &[String]) -> Vec<PathBuf> {
    if !open.is_empty() {
        return open.iter().filter_map(|path| Some(folder.join(names::inside(path)?))).collect();
    }
    let mut folder = folder.to_owned();
    loop {
        let entries: Vec<_> = std::fs::read_dir(&folder).into_iter().flatten().flatten().take(2).collect();
        match entries.as_slice() {
            // Name the file itself, because folders are not searched for files with every extension.
            [only] if only.path().is_file() => return vec![only.path()],
            [only] if only.path().is_dir() && only.file_name() != "variables" => folder = only.path(),
            _ => return vec![folder],
        }
    }
}

/// Opens unknown files to find out whether they are a model, and what it is used for.
///
/// # Errors
/// If they are neither: the reason why they are not a model that paints.
#[cfg(feature = "download")]
pub(crate) fn role_of(paths: &[PathBuf]) -> Result<Role> {
    let error = match check(Role::Model, paths) {
        // Files in Impasto's own container may pass as either.
        Ok(()) if check(Role::Perceptual, paths).is_err() => return Ok(Role::Model),
        Ok(()) => return Ok(Role::Perceptual),
        Err(error) => error,
    };
    check(Role::Perceptual, paths).map(|()| Role::Perceptual).map_err(|_| error)
}

/// Opens a model to check that it is one.
pub(crate) fn check(role: Role, paths: &[PathBuf]) -> Result<()> {
    match role {
        Role::Model => {
            Model::open_with(paths, &impasto::weights::Limits::default(), &impasto::networks::Options::default()).map(drop)
        }
        Role::Perceptual => paths.iter().try_for_each(|path| Perceptual::open(path).map(drop)),
    }
}

/// Removes a file or folder, if it exists.
pub(crate) fn clear(path: &Path) -> Result<()> {
    let removed = match std::fs::symlink_metadata(path) {
        Err(_) => Ok(()),
        Ok(about) if about.is_dir() => std::fs::remove_dir_all(path),
        Ok(_) => std::fs::remove_file(path),
    };
    removed.map_err(|e| io(path, e))
}

pub(crate) fn io(path: &Path, error: std::io::Error) -> Error {
    Error::from(error).context(path.display())
}

pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "interrupted")
}
