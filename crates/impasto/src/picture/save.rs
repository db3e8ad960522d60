//! Files that appear whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{EncodeOptions, Format, Picture};
use crate::{Error, ErrorKind, Result};

/// Names of temporary files: nobody takes them for pictures.
const PREFIX: &str = ".impasto-";
const SUFFIX: &str = ".part";

/// How a picture file is saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SaveOptions {
    /// The format; `None` (default) takes it from the file name's extension.
    pub format: Option<Format>,
    /// Whether an existing file is replaced. Default no.
    pub overwrite: bool,
    /// Quality and bit depth.
    pub encode: EncodeOptions,
}

/// A place to write to, checked when it is made, so that what cannot be written is known before any expensive work.
///
/// Symbolic links are followed: the file that a link names is replaced, the link stays. Devices and pipes (`/dev/null`) are
/// written to directly. Everything else is written to a temporary file in the same folder and renamed, so that no reader ever
/// sees half a file and an old file lives until the new one is complete.
#[derive(Debug, Clone)]
pub struct Target {
    /// As the caller named it: for texts.
    name: PathBuf,
    /// With links followed.
    path: PathBuf,
    overwrite: bool,
    special: bool,
}

impl Target {
    /// Checks that this path can be written: its folder exists and takes files; nothing is in the way.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if a file is there and `overwrite` is false; [`ErrorKind::Io`] if the path is a folder, or
    /// its folder is absent or takes no files.
    pub fn new(path: impl AsRef<Path>, overwrite: bool) -> Result<Self> {
        let name = path.as_ref().to_path_buf();
        Self::check(name.clone(), overwrite).map_err(|e| e.context(name.display()))
    }

    fn check(name: PathBuf, overwrite: bool) -> Result<Self> {
        let path = followed(&name)?;
        let found = match fs::metadata(&path) {
            Ok(metadata) => Some(metadata),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        if found.as_ref().is_some_and(Metadata::is_dir) {
            return Err(Error::new(ErrorKind::Io, "is a folder; name a file in it"));
        }
        let special = found.as_ref().is_some_and(|m| !m.is_file());
        let target = Target { name, path, overwrite, special };
        if found.is_some() && !special && !overwrite {
            return Err(exists());
        }
        if !special {
            // Only making a file tells whether one can be made; it is gone again at once.
            target.temporary()?;
        }
        Ok(target)
    }

    /// Writes these bytes. An existing file's permissions are kept; a new one gets what the user's umask leaves.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if writing fails (the old file, if any, is untouched then); [`ErrorKind::AlreadyExists`] if a file has
    /// appeared meanwhile and overwriting was not asked for.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        self.write_bytes(bytes).map_err(|e| e.context(self.name.display()))
    }

    fn write_bytes(&self, bytes: &[u8]) -> Result<()> {
        if self.special {
            OpenOptions::new().write(true).open(&self.path)?.write_all(bytes)?;
            return Ok(());
        }
        let mut file = self.temporary()?;
        file.write_all(bytes).map_err(|e| Error::new(ErrorKind::Io, bare(&e)).with_source(e))?;
        self.persist(file)
    }

    /// Puts a complete temporary file in its place.
    pub(super) fn persist(&self, file: NamedTempFile) -> Result<()> {
        let persisted = if self.overwrite {
            if let Ok(old) = fs::metadata(&self.path) {
                // Best effort: a file that we may replace need not be ours.
                let _ = file.as_file().set_permissions(old.permissions());
            }
            file.persist(&self.path)
        } else {
            file.persist_noclobber(&self.path)
        };
        match persisted {
            Ok(_) => Ok(()),
            Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => Err(exists()),
            Err(e) => Err(e.error.into()),
        }
    }

    /// A device or a pipe, which is written to directly: opened for that.
    pub(super) fn special(&self) -> Result<Option<File>> {
        Ok(if self.special { Some(OpenOptions::new().write(true).open(&self.path)?) } else { None })
    }

    /// How texts call it.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    pub(super) fn temporary(&self) -> Result<NamedTempFile> {
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        {
            // tempfile's own default is 0600: right for secrets, wrong for a picture that a web server shall show.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|e| {
            let text = format!("cannot create a file in {}: {}", folder.display(), bare(&e));
            Error::new(ErrorKind::Io, text).with_source(e)
        })?;
        // Says that somebody is at work on it, see `remove_abandoned`. On file systems without locks nothing is ever taken for abandoned.
        #[cfg(unix)]
        let _ = file.as_file().try_lock();
        Ok(file)
    }

    /// Removes the temporary files in a folder that a killed program left behind: those of this library that nobody is writing, and the system
    /// tells (not on Windows). Gives how many they were; what cannot be read or removed stays.
    pub fn remove_abandoned(folder: impl AsRef<Path>) -> usize {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let ours = |name: &str| name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        let files = entries.filter(|entry| entry.file_name().to_str().is_some_and(ours)).map(|entry| entry.path());
        // The lock of a process ends with it, however it ends. One that has made its file this very moment and has no lock yet would be
        // told that writing failed.
        let abandoned = |path: &PathBuf| cfg!(unix) && File::open(path).is_ok_and(|file| file.try_lock().is_ok());
        files.filter(abandoned).filter(|path| fs::remove_file(path).is_ok()).count()
    }
}

fn exists() -> Error {
    Error::new(ErrorKind::AlreadyExists, "exists already; use --force (overwrite) to replace it")
}

/// The system's reason without the path that `tempfile` adds after it, which names a file that the user never heard of.
fn bare(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" at path ").map_or(text.as_str(), |(reason, _)| reason).to_owned()
}

/// The path with symbolic links in its last part followed, also where they lead to nothing yet.
fn followed(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_path_buf();
    // As many as Linux follows.
    for _ in 0..40 {
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let link = fs::read_link(&path)?;
                path = path.parent().map_or_else(|| link.clone(), |folder| folder.join(&link));
            }
            _ => return Ok(path),
        }
    }
    Err(Error::new(ErrorKind::Io, "is a symbolic link that leads in a circle"))
}

impl Picture {
    /// Writes a picture file, whole or not at all; see [`Target`]. The result lists what the file could not hold, as
    /// [`super::Encoded::warnings`].
    ///
    /// # Errors
    /// As [`Format::from_path`], [`Target::new`], [`Picture::encode`] and [`Target::write`].
    pub fn save(&self, path: impl AsRef<Path>, options: &SaveOptions) -> Result<Vec<String>> {
        let path = path.as_ref();
        let format = match options.format {
            Some(format) => format,
            None => Format::from_path(path)?,
        };
        let target = Target::new(path, options.overwrite)?;
        let encoded = self.encode(format, &options.encode).map_err(|e| e.context(path.display()))?;
        target.write(&encoded.bytes)?;
        Ok(encoded.warnings)
    }
}
