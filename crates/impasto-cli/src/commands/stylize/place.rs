//! Where a file goes. Its folder is made only when there is something to
//! write, so that a mistyped content leaves no empty folder behind.

use std::path::{Path, PathBuf};

use impasto::picture::Target;

use crate::failure::{Failure, Result};
use crate::interrupt;

/// A checked place for a file.
#[derive(Debug, Clone)]
pub(in crate::commands) enum Place {
    Ready(Target),
    /// The file's folder does not exist yet.
    InNewFolder {
        path: PathBuf,
        force: bool,
    },
}

impl Place {
    /// Checks the place before any work is done, and removes the remains of killed runs there.
    ///
    /// # Errors
    /// Those of [`Target::new`]; also if the folder neither exists nor can be made.
    pub(in crate::commands) fn new(path: &Path, force: bool) -> Result<Self> {
        let Some(missing) = first_missing(path) else { return Ok(Place::Ready(target(path, force)?)) };
        // Only writing something there shows whether a folder can be made.
        target(missing, false)?;
        Ok(Place::InNewFolder { path: path.to_owned(), force })
    }

    /// Returns the file to write. Its folder exists from here on.
    pub(in crate::commands) fn target(&self) -> Result<Target> {
        match self {
            Place::Ready(target) => Ok(target.clone()),
            Place::InNewFolder { path, force } => {
                make_folder_of(path)?;
                Ok(Target::new(path, *force)?)
            }
        }
    }

    /// Writes the file. Ctrl-C does not interrupt it.
    pub(in crate::commands) fn write(&self, bytes: &[u8]) -> Result {
        interrupt::while_writing(|| Ok(self.target()?.write(bytes)?))
    }

    /// See [`Target::is_special`].
    pub(in crate::commands) fn is_special(&self) -> bool {
        matches!(self, Place::Ready(target) if target.is_special())
    }
}

/// Returns the outermost missing folder of a path; `None` if the file's folder exists.
fn first_missing(path: &Path) -> Option<&Path> {
    let folders = path.ancestors().skip(1);
    folders.take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists()).last()
}

/// Returns a checked place in a folder that exists. The remains of killed runs beside it are removed.
pub(in crate::commands) fn target(path: &Path, force: bool) -> Result<Target> {
    // The check makes a file and removes it. Ctrl-C waits for that.
    interrupt::while_writing(|| {
        let target = Target::new(path, force)?;
        // A batch does this once for each folder.
        if !interrupt::in_batch() {
            target.remove_abandoned_beside();
        }
        Ok(target)
    })
}

/// Makes the folder for a file.
pub(in crate::commands) fn make_folder_of(path: &Path) -> Result {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), make_folder)
}

/// Makes a folder, and those around it.
pub(in crate::commands) fn make_folder(folder: &Path) -> Result {
    std::fs::create_dir_all(folder).map_err(|e| Failure::failed(format!("{}: cannot make this folder: {e}", folder.display())))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Place, first_missing};

    #[test]
    fn folders_are_made_when_there_is_something_to_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/deep/out.png");
        assert_eq!(first_missing(&path), Some(folder.path().join("new").as_path()));
        assert_eq!(first_missing(&folder.path().join("out.png")), None);
        assert_eq!(first_missing(Path::new("out.png")), None);
        let place = Place::new(&path, false).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        place.write(b"1").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"1");
        // Now there is something to keep.
        assert!(Place::new(&path, false).is_err() && place.write(b"2").is_err());
        // A file is not a folder.
        assert!(Place::new(&path.join("sub/out.png"), false).is_err());
    }
}
