//! Files that appear whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::{EncodeOptions, Format, Picture};
use crate::{Error, ErrorKind, Result};

/// Names of temporary files, which nobody mistakes for pictures.
const PREFIX: &str = ".impasto-";
const SUFFIX: &str = ".part";

/// How to save a picture file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SaveOptions {
    /// The format. Default: `None`, which takes it from the extension of the file name.
    pub format: Option<Format>,
    /// Whether to replace an existing file. Default: no.
    pub overwrite: bool,
    /// Quality and bit depth.
    pub encode: EncodeOptions,
}

impl SaveOptions {
    /// Sets [`SaveOptions::format`].
    #[must_use]
    pub fn format(self, format: Option<Format>) -> Self {
        SaveOptions { format, ..self }
    }

    /// Sets [`SaveOptions::overwrite`].
    #[must_use]
    pub fn overwrite(self, overwrite: bool) -> Self {
        SaveOptions { overwrite, ..self }
    }

    /// Sets [`SaveOptions::encode`].
    #[must_use]
    pub fn encode(self, encode: EncodeOptions) -> Self {
        SaveOptions { encode, ..self }
    }
}

/// A path to write to. It is checked when the target is made, so that problems show up before any expensive work.
///
/// Symbolic links are followed: the file that a link points to is replaced, and the link stays. Devices, pipes and open
/// files (`/dev/null`, `/dev/fd/3`) are written to directly. Everything else is written to a temporary file in the same
/// folder and renamed, so that no reader ever sees half a file, and an old file stays until the new one is complete.
#[derive(Debug, Clone)]
pub struct Target {
    /// The path as the caller gave it, for messages.
    name: PathBuf,
    /// The path with links followed.
    path: PathBuf,
    overwrite: bool,
    kind: Kind,
}

/// How a target is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Through a temporary file beside it.
    File,
    /// Directly: a device or a pipe.
    Special,
    /// Directly, by appending: a file that is already open, named by its number.
    Open,
}

impl Target {
    /// Checks that this path can be written: its folder exists and is writable, and nothing is in the way.
    ///
    /// # Errors
    /// [`ErrorKind::AlreadyExists`] if the file exists and `overwrite` is false; [`ErrorKind::Io`] if the path is a
    /// folder, or if its folder is missing or not writable.
    pub fn new(path: impl AsRef<Path>, overwrite: bool) -> Result<Self> {
        let name = path.as_ref().to_path_buf();
        Self::check(name.clone(), overwrite).map_err(|e| e.context(name.display()))
    }

    fn check(name: PathBuf, overwrite: bool) -> Result<Self> {
        let (path, open) = followed(&name)?;
        let found = match fs::metadata(&path) {
            Ok(metadata) => Some(metadata),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e.into()),
        };
        if found.as_ref().is_some_and(Metadata::is_dir) {
            return Err(Error::new(ErrorKind::Io, "is a folder; name a file in it"));
        }
        let kind = match &found {
            Some(metadata) if !metadata.is_file() => Kind::Special,
            Some(_) if open => Kind::Open,
            None if open => return Err(Error::new(ErrorKind::Io, "no open file has this number")),
            _ => Kind::File,
        };
        let target = Target { name, path, overwrite, kind };
        if kind == Kind::File {
            if found.is_some() && !overwrite {
                return Err(exists());
            }
            // The only way to find out whether a file can be created is to create one. It is deleted immediately.
            target.temporary()?;
        }
        Ok(target)
    }

    /// Writes these bytes. An existing file's permissions are kept; those of a new file follow the user's umask.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] if writing fails (an old file is then untouched); [`ErrorKind::AlreadyExists`] if a file has
    /// appeared since the check and `overwrite` is false.
    pub fn write(&self, bytes: &[u8]) -> Result<()> {
        self.write_bytes(bytes).map_err(|e| e.context(self.name.display()))
    }

    fn write_bytes(&self, bytes: &[u8]) -> Result<()> {
        if let Some(mut special) = self.special()? {
            return Ok(special.write_all(bytes)?);
        }
        let mut file = self.temporary()?;
        file.write_all(bytes).map_err(|e| Error::new(ErrorKind::Io, bare(&e)).with_source(e))?;
        self.persist(file)
    }

    /// Moves a complete temporary file to its place.
    pub(super) fn persist(&self, file: NamedTempFile) -> Result<()> {
        let persisted = if self.overwrite {
            // Not on Windows: its only permission is read-only, and a read-only temporary file could not be renamed.
            if cfg!(unix)
                && let Ok(old) = fs::metadata(&self.path)
            {
                // Best effort: we may be allowed to replace a file that is not ours.
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

    /// Whether the target is written to directly: a device, a pipe, an open file. Opening and writing may wait for a
    /// reader.
    pub fn is_special(&self) -> bool {
        self.kind != Kind::File
    }

    /// Opens a target that is written to directly; `None` for other targets.
    pub(super) fn special(&self) -> Result<Option<File>> {
        Ok(match self.kind {
            Kind::File => None,
            Kind::Special => Some(OpenOptions::new().write(true).open(&self.path)?),
            // Opening it again without `append` would write at its start.
            Kind::Open => Some(OpenOptions::new().append(true).open(&self.path)?),
        })
    }

    /// The path to use in messages.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    pub(super) fn temporary(&self) -> Result<NamedTempFile> {
        let folder = self.folder();
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX).suffix(SUFFIX);
        #[cfg(unix)]
        {
            // tempfile's default is 0600: right for secrets, wrong for a picture that a web server should show.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let make = || {
            builder.tempfile_in(folder).map_err(|e| {
                let text = format!("cannot create a file in {}: {}", folder.display(), bare(&e));
                Error::new(ErrorKind::Io, text).with_source(e)
            })
        };
        let mut file = make()?;
        // The lock tells `remove_abandoned` that the file is in use. If that function removed the file before it was
        // locked, we make another one. On file systems without locks, no file is ever considered abandoned.
        #[cfg(unix)]
        while file.as_file().lock().is_ok() && !file.path().exists() {
            file = make()?;
        }
        Ok(file)
    }

    /// Removes the temporary files that a killed program left in this folder, and returns how many. Only files of this
    /// library that nobody is writing are removed, where the system can tell (not on Windows). Files that cannot be
    /// read or removed stay.
    pub fn remove_abandoned(folder: impl AsRef<Path>) -> usize {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let ours = |name: &str| name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        let files = entries.filter(|entry| entry.file_name().to_str().is_some_and(ours)).map(|entry| entry.path());
        // A process's lock ends with it, however it ends. We hold our lock until the file is removed.
        let remove = |path: &PathBuf| {
            cfg!(unix) && File::open(path).is_ok_and(|file| file.try_lock().is_ok() && fs::remove_file(path).is_ok())
        };
        files.filter(remove).count()
    }

    /// The same for the folder of this target.
    pub fn remove_abandoned_beside(&self) -> usize {
        if self.is_special() { 0 } else { Self::remove_abandoned(self.folder()) }
    }

    fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        }
    }
}

fn exists() -> Error {
    Error::new(ErrorKind::AlreadyExists, "exists already; use --force (overwrite) to replace it")
}

/// Returns the system's reason without the path that `tempfile` appends: the user has never heard of that file.
fn bare(error: &io::Error) -> String {
    let text = error.to_string();
    text.split_once(" at path ").map_or(text.as_str(), |(reason, _)| reason).to_owned()
}

/// Follows symbolic links in the last part of the path, even if they lead to nothing yet. Also returns whether the path
/// names an open file of a process by its number. Such a name looks like a link, but its text (`pipe:[4711]`) is not a
/// path.
fn followed(path: &Path) -> Result<(PathBuf, bool)> {
    let mut path = path.to_path_buf();
    // Linux follows as many.
    for _ in 0..40 {
        if is_descriptor(&path) {
            return Ok((path, true));
        }
        match fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_symlink() => {
                let link = fs::read_link(&path)?;
                path = path.parent().map_or_else(|| link.clone(), |folder| folder.join(&link));
            }
            _ => return Ok((path, false)),
        }
    }
    Err(Error::new(ErrorKind::Io, "is a symbolic link that leads in a circle"))
}

/// Whether the path is a number in `/dev/fd` or `/proc/PID/fd`.
fn is_descriptor(path: &Path) -> bool {
    let number = path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit));
    let folder = || path.parent().and_then(|folder| folder.canonicalize().ok());
    cfg!(unix) && number && folder().is_some_and(|at| at == Path::new("/dev/fd") || at.starts_with("/proc") && at.ends_with("fd"))
}

impl Picture {
    /// Writes a picture file, whole or not at all; see [`Target`]. Returns what the file could not hold, as
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
