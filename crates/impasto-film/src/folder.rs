//! Temporary folders that only this user can look into, and that do not outlive the program for long: not even one that is killed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// Names of these folders begin with it.
const PREFIX: &str = "impasto-films-";

/// A temporary folder. It is removed, with all that is in it, when this is dropped, or by the next program that looks for abandoned ones.
#[derive(Debug)]
pub struct Folder {
    folder: TempDir,
    /// Says that somebody is at work in it: the lock of a process ends with it, however it ends. Nothing on systems that lock no folders (Windows);
    /// there none is ever taken for abandoned.
    _lock: Option<File>,
}

impl Folder {
    /// Makes one where the system has its temporary files.
    ///
    /// # Errors
    /// If it cannot be made.
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
            // Who removes abandoned ones may have come before the lock.
            if folder.path().exists() {
                return Ok(Folder { folder, _lock: lock });
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes the folders of programs that were killed. Gives how many there were; what cannot be read or removed stays.
    pub fn remove_abandoned() -> usize {
        Self::remove_abandoned_in(&std::env::temp_dir())
    }

    fn remove_abandoned_in(parent: &Path) -> usize {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let ours = entries.filter(|entry| {
            let named = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
            // Not what a link leads to.
            named && entry.file_type().is_ok_and(|kind| kind.is_dir())
        });
        // The lock is held until the folder is gone.
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
        // What a killed program leaves: a folder that nobody has locked.
        let abandoned = parent.path().join("impasto-films-x1");
        std::fs::create_dir_all(abandoned.join("upload")).unwrap();
        std::fs::write(abandoned.join("upload/film"), "a film").unwrap();
        // What is somebody else's, or leads there.
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
