//! Finds the pictures to paint: named files, folders and patterns.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use impasto::picture::Format;
use impasto::request::{MANIFEST, Manifest};

use crate::failure::{Failure, Result};
use crate::files;

/// A content picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    /// Its folder, relative to the named folder or to the fixed part of the pattern.
    pub(super) dir: PathBuf,
    /// Whether the command line names exactly this file.
    pub(super) named: bool,
}

/// A picture, or a folder with pictures, that a search found and left out.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct LeftOut {
    pub(super) path: PathBuf,
    pub(super) why: Why,
}

/// The reason why it was left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    Hidden,
    Name,
    NoFile,
    Folder,
    Unreadable,
    Result,
}

impl Why {
    /// The text for a line about all that have this reason. Their names follow it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Why::Hidden => "hidden (name them to paint them)",
            Why::Name => {
                "pictures with other extensions (name them to paint them, or convert them if their format is not supported)"
            }
            Why::NoFile => "missing, or not regular files",
            Why::Folder => "folders with pictures (--recursive includes them, but does not follow links to folders)",
            Why::Unreadable => "folders that cannot be read",
            Why::Result => "results of earlier runs (name their folder to paint them)",
        }
    }

    /// The word for programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Why::Hidden => "hidden",
            Why::Name => "name",
            Why::NoFile => "no file",
            Why::Folder => "folder",
            Why::Unreadable => "unreadable",
            Why::Result => "result",
        }
    }
}

/// Returns whether this is a folder or a pattern, not a single file.
pub(super) fn is_several(content: &Path) -> bool {
    content.is_dir() || pattern(content).is_some()
}

/// Finds all pictures that the arguments name, each once, in the order of the arguments, and
/// sorted within a folder. If the folder for results, `results`, is inside a folder that is
/// searched, it is left out. Other pictures that are left out are added to `left_out`.
///
/// # Errors
/// If a folder cannot be read, or has no pictures; if a pattern is not valid, or nothing matches it.
pub(super) fn find(contents: &[PathBuf], recursive: bool, results: &Path, left_out: &mut Vec<LeftOut>) -> Result<Vec<Input>> {
    let results = files::place(results);
    let mut inputs = Vec::new();
    for content in contents {
        if content.is_dir() {
            inputs.extend(in_folder(content, recursive, &results, left_out)?);
        } else if let Some(pattern) = pattern(content) {
            inputs.extend(matching(pattern, &results, left_out)?);
        } else {
            inputs.push(Input { path: content.clone(), dir: PathBuf::new(), named: true });
        }
    }
    let mut earlier = Earlier::default();
    inputs.retain(|input| {
        let own = !input.named && earlier.owns(input);
        if own {
            left_out.push(LeftOut { path: input.path.clone(), why: Why::Result });
        }
        !own
    });
    let mut seen = HashSet::new();
    left_out.retain(|left| !inputs.iter().any(|input| input.named && files::same(&input.path, &left.path)));
    inputs.retain(|input| seen.insert(files::place(&input.path)));
    Ok(inputs)
}

/// The manifests of earlier runs, by the folder that they are in.
#[derive(Default)]
struct Earlier(HashMap<PathBuf, Option<Manifest>>);

impl Earlier {
    /// Whether an earlier run made this file. Only manifests below the folder that was named count: if a folder of
    /// results is named itself, its pictures are meant.
    fn owns(&mut self, input: &Input) -> bool {
        let mut folder = input.path.parent();
        for _ in input.dir.components() {
            let Some(here) = folder else { return false };
            let read = || Manifest::open(&here.join(MANIFEST)).ok();
            let manifest = self.0.entry(here.to_owned()).or_insert_with(read);
            if manifest.as_ref().is_some_and(|manifest| manifest.owns(&input.path)) {
                return true;
            }
            folder = here.parent();
        }
        false
    }
}

/// Finds all pictures in a folder, without sub-folders, sorted.
///
/// # Errors
/// If the folder cannot be read, or has no pictures.
pub(in crate::commands) fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let inputs = in_folder(folder, false, Path::new(""), &mut Vec::new())?;
    Ok(inputs.into_iter().map(|input| input.path).collect())
}

fn in_folder(folder: &Path, recursive: bool, results: &Path, left_out: &mut Vec<LeftOut>) -> Result<Vec<Input>> {
    let failed = |e: std::io::Error| Failure::failed(format!("{}: {e}", folder.display()));
    let enter = |path: &Path| recursive && !is_hidden(path) && files::place(path) != results;
    let files::Contents { files, folders, others } = files::contents(folder, &enter).map_err(failed)?;
    let (pictures, rest): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| is_picture(path));
    let inputs: Vec<_> = pictures.into_iter().map(|path| found(folder, path)).collect();
    left_out.extend(rest.into_iter().filter_map(overlooked));
    left_out.extend(others.into_iter().filter(|path| is_picture(path)).map(|path| LeftOut { path, why: Why::NoFile }));
    let wanted = |path: &PathBuf| !is_hidden(path) && files::place(path) != results && has_pictures(path);
    left_out.extend(folders.into_iter().filter(wanted).map(|path| LeftOut { path, why: Why::Folder }));
    if inputs.is_empty() {
        let endings: Vec<_> = Format::read_extensions().collect();
        let deeper = if recursive { "" } else { "; add --recursive to look in sub-folders, too" };
        let text =
            format!("{}: no pictures in this folder (names that end in .{}{deeper})", folder.display(), endings.join(", ."));
        return Err(Failure::failed(text));
    }
    Ok(inputs)
}

fn matching(pattern: &str, results: &Path, left_out: &mut Vec<LeftOut>) -> Result<Vec<Input>> {
    let base = fixed_part(pattern);
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let paths = glob::glob_with(pattern, options).map_err(|e| Failure::usage(format!("{pattern}: {e}")))?;
    let searched = files::place(&base);
    let own = |path: &Path| searched != results && results.starts_with(&searched) && files::place(path).starts_with(results);
    let mut inputs = Vec::new();
    for path in paths {
        match path {
            Err(e) => left_out.push(LeftOut { path: e.path().to_owned(), why: Why::Unreadable }),
            Ok(path) if own(&path) || path.is_dir() => {}
            Ok(path) if is_picture(&path) && path.is_file() => inputs.push(found(&base, path)),
            Ok(path) if is_picture(&path) => left_out.push(LeftOut { path, why: Why::NoFile }),
            Ok(path) => left_out.extend(overlooked(path)),
        }
    }
    if inputs.is_empty() {
        return Err(Failure::failed(format!("{pattern}: no pictures match this pattern")));
    }
    Ok(inputs)
}

fn found(base: &Path, path: PathBuf) -> Input {
    let dir = path.parent().and_then(|folder| folder.strip_prefix(base).ok()).unwrap_or(Path::new("")).to_owned();
    Input { path, dir, named: false }
}

/// Returns the path's text if it may be a pattern: it has wildcards, and nothing with this name exists.
fn pattern(content: &Path) -> Option<&str> {
    content.to_str().filter(|text| text.contains(['*', '?', '[']) && !content.exists())
}

/// Returns the folder in which the search for a pattern begins.
fn fixed_part(pattern: &str) -> PathBuf {
    let path = Path::new(pattern);
    let fixed = path.components().take_while(|component| !component.as_os_str().to_string_lossy().contains(['*', '?', '[']));
    // The last part is the file's, with or without a wildcard.
    let fixed: PathBuf = fixed.collect();
    if fixed == path { path.parent().map_or_else(PathBuf::new, Path::to_path_buf) } else { fixed }
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    !is_hidden(path) && Format::read_extensions().any(|known| known == extension)
}

/// Returns a file that is a picture by its content, but hidden or not a picture by its name.
fn overlooked(path: PathBuf) -> Option<LeftOut> {
    // On other file systems, macOS stores notes beside each file: ._photo.jpg
    let notes = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"._"));
    let why = if is_hidden(&path) { Why::Hidden } else { Why::Name };
    (!notes && begins_like_a_picture(&path)).then_some(LeftOut { path, why })
}

/// Returns whether a folder, without its sub-folders, has pictures by their names.
fn has_pictures(folder: &Path) -> bool {
    std::fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_picture(&entry.path())))
}

/// Returns whether a file starts like a picture, including formats that are not read.
fn begins_like_a_picture(path: &Path) -> bool {
    let mut start = Vec::new();
    // Reading a pipe would wait for its writer.
    let read = path.is_file() && File::open(path).and_then(|file| file.take(4096).read_to_end(&mut start)).is_ok();
    read && Format::looks_like_a_picture(&start)
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Why, find};

    /// The paths below the folder that are found, with their `dir`.
    fn found(folder: &Path, contents: &[&str], recursive: bool, results: &str) -> Vec<(String, String)> {
        let contents: Vec<PathBuf> = contents.iter().map(|content| folder.join(content)).collect();
        let inputs = find(&contents, recursive, &folder.join(results), &mut Vec::new()).unwrap();
        let text = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_str().unwrap().replace('\\', "/");
        inputs.iter().map(|input| (text(&input.path), text(&input.dir))).collect()
    }

    fn pair(path: &str, dir: &str) -> (String, String) {
        (path.into(), dir.into())
    }

    #[test]
    fn folders_patterns_and_files_are_found_once_and_results_never() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["in/sub/deep", "in/out", "in/.hidden"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        for name in ["in/b.JPG", "in/a.png", "in/notes.txt", "in/.c.png", "in/sub/d.tif", "in/sub/deep/e.gif", "in/out/a.png"] {
            std::fs::write(folder.join(name), "").unwrap();
        }
        std::fs::write(folder.join("in/.hidden/f.png"), "").unwrap();
        let flat = [pair("in/a.png", ""), pair("in/b.JPG", "")];
        assert_eq!(found(folder, &["in"], false, "in/out"), flat);
        let deep =
            [pair("in/a.png", ""), pair("in/b.JPG", ""), pair("in/sub/d.tif", "sub"), pair("in/sub/deep/e.gif", "sub/deep")];
        assert_eq!(found(folder, &["in"], true, "in/out"), deep);
        // Patterns find the same, in another order.
        let mut matched = found(folder, &["in/**/*"], false, "in/out");
        matched.sort();
        assert_eq!(matched, deep);
        assert_eq!(found(folder, &["in/[ab].*"], false, "elsewhere"), flat);
        // Named files are taken whatever their extension, and each file once.
        assert_eq!(
            found(folder, &["in/a.png", "in", "in/notes.txt"], false, "out"),
            [&flat[..], &[pair("in/notes.txt", "")]].concat()
        );
        // If the folder of results is named, it is searched.
        assert_eq!(found(folder, &["in/out"], true, "in/out"), [pair("in/out/a.png", "")]);
    }

    #[test]
    #[cfg(unix)]
    fn pictures_that_are_left_out_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for name in ["in/sub", "in/empty", "in/out", "elsewhere"] {
            std::fs::create_dir_all(folder.join(name)).unwrap();
        }
        let jpeg = &b"\xff\xd8\xff\xe0 and so on, and so on"[..];
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        let files = [
            ("in/a.jpg", jpeg),
            ("in/IMG_1.heic", heic),
            ("in/no-extension", jpeg),
            ("in/notes.txt", b"BMW, and other cars"),
            ("in/short", b"B"),
            ("in/._a.jpg", jpeg),
            ("in/.hidden.jpg", jpeg),
            ("in/sub/b.png", jpeg),
            ("in/sub/c.heic", heic),
            ("in/out/a.jpg", jpeg),
            ("elsewhere/d.png", jpeg),
        ];
        for (name, bytes) in files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        std::os::unix::fs::symlink("nowhere", folder.join("in/broken.jpg")).unwrap();
        std::os::unix::fs::symlink("../elsewhere", folder.join("in/link")).unwrap();
        let left_out = |content: &str, recursive| {
            let mut left = Vec::new();
            find(&[folder.join(content), folder.join("in/no-extension")], recursive, &folder.join("in/out"), &mut left).unwrap();
            let name = |path: &Path| path.strip_prefix(folder.join("in")).unwrap().to_str().unwrap().to_owned();
            left.iter().map(|left| (name(&left.path), left.why)).collect::<Vec<_>>()
        };
        let pair = |name: &str, why| (name.to_owned(), why);
        let own = [pair(".hidden.jpg", Why::Hidden), pair("IMG_1.heic", Why::Name)];
        let links = [pair("broken.jpg", Why::NoFile), pair("link", Why::Folder)];
        assert_eq!(left_out("in", false), [&own[..], &links, &[pair("sub", Why::Folder)]].concat());
        assert_eq!(left_out("in", true), [&own[..], &[pair("sub/c.heic", Why::Name)], &links].concat());
        assert_eq!(left_out("in/*", true), [pair("IMG_1.heic", Why::Name), pair("broken.jpg", Why::NoFile)]);
    }

    #[test]
    fn finding_nothing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for content in ["", "*.jpg", "[z-a].png"] {
            assert!(find(&[folder.path().join(content)], true, Path::new("out"), &mut Vec::new()).is_err(), "{content}");
        }
    }
}
