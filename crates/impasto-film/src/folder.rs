//! Temporary folders that only this user can read, and that do not outlive the program for long, even if it is killed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Prefix of the folders' names.
const PREFIX: &str = "impasto-films-";

/// A temporary folder. It is removed with everything in it when this is dropped, or otherwise by the next program
/// that calls [`Folder::remove_abandoned`].
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    /// Shows that the folder is in use: a process loses its lock when it ends, however it ends. `None` on systems that
    /// cannot lock folders (Windows), where no folder is ever regarded as abandoned.
    _lock: Option<File>,
}

impl Folder {
    /// Creates a folder in the system's temporary folder.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn new() -> io::Result<Self> {
        Self::of(&std::env::temp_dir())
    }

    fn of(parent: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        loop {
            let folder = builder.tempdir_in(parent)?;
            let lock = File::open(folder.path()).ok().filter(|opened| opened.lock().is_ok());
            // Another process that removes abandoned folders may have come before the lock.
            if folder.path().exists() {
                return Ok(Folder { folder, _lock: lock });
            }
        }
    }

    /// The folder's path.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folders of programs that were killed, and returns how many. Folders
    /// that cannot be read or removed are left.
    pub fn remove_abandoned() -> usize {
        Self::remove_abandoned_in(&std::env::temp_dir())
    }

    fn remove_abandoned_in(parent: &Path) -> usize {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let ours = entries.filter(|entry| {
            let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
            // Do not follow links.
            named && entry.file_type().is_ok_and(|kind| kind.is_dir())
        });
        // Hold the lock until the folder is gone.
        let remove = |path: &PathBuf| {
            cfg!(unix) && File::open(path).is_ok_and(|folder| folder.try_lock().is_ok() && fs::remove_dir_all(path).is_ok())
        };
        ours.map(|entry| entry.path()).filter(remove).count()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Folder;

    #[test]
    fn only_abandoned_folders_are_removed() {
        let parent = tempfile::tempdir().unwrap();
        let at_work = Folder::of(parent.path()).unwrap();
        std::fs::write(at_work.path().join("film"), "a film").unwrap();
        // A killed program leaves a folder that nobody has locked.
        let abandoned = parent.path().join("impasto-films-x1");
        std::fs::create_dir_all(abandoned.join("upload")).unwrap();
        std::fs::write(abandoned.join("upload/film"), "a film").unwrap();
        // A folder of somebody else, and a link to it.
        let other = parent.path().join("films");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join("film"), "a film").unwrap();
        std::os::unix::fs::symlink(&other, parent.path().join("impasto-films-x2")).unwrap();
        assert_eq!(Folder::remove_abandoned_in(parent.path()), 1);
        assert!(!abandoned.exists() && at_work.path().join("film").exists() && other.join("film").exists());
        let path = at_work.path().to_owned();
        drop(at_work);
        assert!(!path.exists());
    }
}
