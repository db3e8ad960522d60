//! What is to be painted: files as named, in folders, and by pattern.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::files;

/// Extensions of what folders are searched for, in any case.
const PICTURES: [&str; 10] = ["jpg", "jpeg", "jpe", "jfif", "png", "webp", "tif", "tiff", "gif", "bmp"];

/// A content picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    /// The folder that it is in, below the folder or the pattern's fixed part that was named.
    pub(super) dir: PathBuf,
    /// Whether the command line names just it.
    pub(super) named: bool,
}

/// Whether this names more than one file, or none.
pub(super) fn is_several(content: &Path) -> bool {
    content.is_dir() || pattern(content).is_some()
}

/// All pictures that the arguments name, each once, in the arguments' order, those of a folder sorted. `results` is a folder that results go
/// to: where it lies in a folder that is searched it is left out.
///
/// # Errors
/// If a folder cannot be read, or has no pictures; if a pattern is none, or nothing matches it.
pub(super) fn find(contents: &[PathBuf], recursive: bool, results: &Path) -> Result<Vec<Input>> {
    let results = files::place(results);
    let mut inputs = Vec::new();
    for content in contents {
        if content.is_dir() {
            inputs.extend(in_folder(content, recursive, &results)?);
        } else if let Some(pattern) = pattern(content) {
            inputs.extend(matching(pattern, &results)?);
        } else {
            inputs.push(Input { path: content.clone(), dir: PathBuf::new(), named: true });
        }
    }
    let mut seen = HashSet::new();
    inputs.retain(|input| seen.insert(files::place(&input.path)));
    Ok(inputs)
}

fn in_folder(folder: &Path, recursive: bool, results: &Path) -> Result<Vec<Input>> {
    let enter = |path: &Path| recursive && !is_hidden(path) && files::place(path) != results;
    let deeper = if recursive { "" } else { ", and --recursive looks in sub-folders" };
    Ok(search(folder, &enter, deeper)?.iter().map(|path| found(folder, path.clone())).collect())
}

/// All pictures that lie in a folder itself, sorted.
///
/// # Errors
/// If the folder cannot be read, or has no pictures.
pub(in crate::commands) fn pictures_in(folder: &Path) -> Result<Vec<PathBuf>> {
    search(folder, &|_| false, "")
}

fn search(folder: &Path, enter: &dyn Fn(&Path) -> bool, deeper: &str) -> Result<Vec<PathBuf>> {
    let failed = |e: std::io::Error| Failure::failed(format!("{}: {e}", folder.display()));
    let pictures: Vec<_> = files::walk(folder, enter).map_err(failed)?.into_iter().filter(|path| is_picture(path)).collect();
    if pictures.is_empty() {
        let text =
            format!("{}: no pictures in this folder (names that end in .{}{deeper})", folder.display(), PICTURES.join(", ."));
        return Err(Failure::failed(text));
    }
    Ok(pictures)
}

fn matching(pattern: &str, results: &Path) -> Result<Vec<Input>> {
    let base = fixed_part(pattern);
    let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
    let paths = glob::glob_with(pattern, options).map_err(|e| Failure::usage(format!("{pattern}: {e}")))?;
    let searched = files::place(&base);
    let own = |path: &Path| searched != results && results.starts_with(&searched) && files::place(path).starts_with(results);
    let files = paths.flatten().filter(|path| path.is_file() && is_picture(path) && !own(path));
    let inputs: Vec<_> = files.map(|path| found(&base, path)).collect();
    if inputs.is_empty() {
        return Err(Failure::failed(format!("{pattern}: no pictures are named so")));
    }
    Ok(inputs)
}

fn found(base: &Path, path: PathBuf) -> Input {
    let dir = path.parent().and_then(|folder| folder.strip_prefix(base).ok()).unwrap_or(Path::new("")).to_owned();
    Input { path, dir, named: false }
}

/// A path that is no file, but may be a pattern.
fn pattern(content: &Path) -> Option<&str> {
    content.to_str().filter(|text| text.contains(['*', '?', '[']) && !content.exists())
}

/// The folder that a pattern begins to search in.
fn fixed_part(pattern: &str) -> PathBuf {
    let path = Path::new(pattern);
    let fixed = path.components().take_while(|component| !component.as_os_str().to_string_lossy().contains(['*', '?', '[']));
    // The last part is the file's, whether it has a wildcard or not.
    let fixed: PathBuf = fixed.collect();
    if fixed == path { path.parent().map_or_else(PathBuf::new, Path::to_path_buf) } else { fixed }
}

fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_lowercase();
    !is_hidden(path) && PICTURES.contains(&extension.as_str())
}

fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::find;

    /// Paths below the folder that are found, with their `dir`.
    fn found(folder: &Path, contents: &[&str], recursive: bool, results: &str) -> Vec<(String, String)> {
        let contents: Vec<PathBuf> = contents.iter().map(|content| folder.join(content)).collect();
        let inputs = find(&contents, recursive, &folder.join(results)).unwrap();
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
        // Patterns see the same, in another order.
        let mut matched = found(folder, &["in/**/*"], false, "in/out");
        matched.sort();
        assert_eq!(matched, deep);
        assert_eq!(found(folder, &["in/[ab].*"], false, "elsewhere"), flat);
        // Named files are taken whatever they are called, and each file once.
        assert_eq!(
            found(folder, &["in/a.png", "in", "in/notes.txt"], false, "out"),
            [&flat[..], &[pair("in/notes.txt", "")]].concat()
        );
        // A folder of results that is named is searched.
        assert_eq!(found(folder, &["in/out"], true, "in/out"), [pair("in/out/a.png", "")]);
    }

    #[test]
    fn finding_nothing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for content in ["", "*.jpg", "[z-a].png"] {
            assert!(find(&[folder.path().join(content)], true, Path::new("out")).is_err(), "{content}");
        }
    }
}
