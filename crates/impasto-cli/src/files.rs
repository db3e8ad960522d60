//! Folders and their contents.

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use impasto::request::place;

/// The contents of a folder and its sub-folders.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    /// Files, and links to files.
    pub(crate) files: Vec<PathBuf>,
    /// Folders that were not entered, and links to folders.
    pub(crate) folders: Vec<PathBuf>,
    /// Anything else, such as broken links and pipes.
    pub(crate) others: Vec<PathBuf>,
}

/// Lists a folder and those of its sub-folders for which `enter` returns true, each kind sorted by path. Links to files
/// count as files. Links to folders are not followed, because they may lead in a circle.
pub(crate) fn contents(folder: &Path, enter: &dyn Fn(&Path) -> bool) -> io::Result<Contents> {
    let mut found = Contents::default();
    collect(folder, enter, &mut found)?;
    let Contents { files, folders, others } = &mut found;
    [files, folders, others].into_iter().for_each(|paths| paths.sort());
    Ok(found)
}

fn collect(folder: &Path, enter: &dyn Fn(&Path) -> bool, found: &mut Contents) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if enter(&path) {
                collect(&path, enter, found)?;
            } else {
                found.folders.push(path);
            }
        } else if path.is_file() {
            found.files.push(path);
        } else if path.is_dir() {
            found.folders.push(path);
        } else {
            found.others.push(path);
        }
    }
    Ok(())
}

/// Returns the same path for all names that would mean one file if it
/// existed. On Windows and macOS, `A.jpg` and `a.jpg` are the same file.
pub(crate) fn name(place: &Path) -> PathBuf {
    folded(place, cfg!(any(windows, target_os = "macos")))
}

fn folded(place: &Path, ignores_case: bool) -> PathBuf {
    match place.to_str() {
        Some(text) if ignores_case => text.to_lowercase().into(),
        _ => place.to_owned(),
    }
}

/// Returns whether two paths lead to the same file: spelled differently, through links, or as hard links. Devices and
/// pipes never count, because writing to them replaces nothing.
pub(crate) fn same(a: &Path, b: &Path) -> bool {
    let special = |path: &Path| path.metadata().is_ok_and(|about| !about.is_file() && !about.is_dir());
    if special(a) || special(b) {
        return false;
    }
    place(a) == place(b) || matches!((identity(a), identity(b)), (Some(a), Some(b)) if a == b)
}

/// Returns what all names of a regular file have in common: its
/// device and its inode number. `None` on systems without them.
#[cfg(unix)]
pub(crate) fn identity(path: &Path) -> Option<[u64; 2]> {
    use std::os::unix::fs::MetadataExt;
    let about = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    Some([about.dev(), about.ino()])
}

#[cfg(not(unix))]
pub(crate) fn identity(_path: &Path) -> Option<[u64; 2]> {
    None
}

#[cfg(test)]
mod tests {
    use super::{contents, folded, place, same};

    #[test]
    fn names_are_one_where_the_system_ignores_case() {
        let [upper, lower] = ["out/Käse.JPG", "out/käse.jpg"].map(std::path::Path::new);
        assert_eq!(folded(upper, true), folded(lower, true));
        assert_ne!(folded(upper, false), folded(lower, false));
    }

    #[test]
    #[cfg(unix)]
    fn one_file_is_known_by_all_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("sub")).unwrap();
        std::fs::write(path("a"), "").unwrap();
        std::fs::write(path("b"), "").unwrap();
        std::fs::hard_link(path("a"), path("hard")).unwrap();
        std::os::unix::fs::symlink(path("a"), path("soft")).unwrap();
        std::os::unix::fs::symlink(folder.path(), path("sub/up")).unwrap();
        for name in ["a", "sub/../a", "hard", "soft", "sub/up/hard"] {
            assert!(same(&path("a"), &path(name)), "{name}");
            assert!(!same(&path("b"), &path(name)), "{name}");
        }
        assert!(!same(std::path::Path::new("/dev/null"), std::path::Path::new("/dev/null")));
    }

    #[test]
    fn folders_are_walked_in_order_and_as_far_as_asked() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("sub/deep")).unwrap();
        for name in ["b", "a", "sub/c", "sub/deep/d"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let names = |enter: &dyn Fn(&std::path::Path) -> bool| -> Vec<String> {
            let files = contents(folder.path(), enter).unwrap().files;
            files.iter().map(|file| file.strip_prefix(folder.path()).unwrap().display().to_string()).collect()
        };
        assert_eq!(names(&|_| true), ["a", "b", "sub/c", "sub/deep/d"]);
        assert_eq!(names(&|path| !path.ends_with("deep")), ["a", "b", "sub/c"]);
        assert_eq!(names(&|_| false), ["a", "b"]);
    }

    #[test]
    fn a_place_is_known_before_anything_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let direct = place(&folder.path().join("new/file"));
        std::fs::create_dir(folder.path().join("x")).unwrap();
        assert_eq!(place(&folder.path().join("x/../new")).join("file"), direct);
    }
}
