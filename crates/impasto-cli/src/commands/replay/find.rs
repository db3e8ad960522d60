//! Finds the ingredients of a picture.

use std::path::{Path, PathBuf};

use impasto::request::Reference;
use impasto::style::{Gallery, names_file};

use impasto_models::Cache;

use crate::failure::Result;
use crate::references;

/// The result of looking for an ingredient.
pub(super) enum Found {
    /// It is here, unchanged.
    Same(PathBuf),
    /// It is built in, unchanged.
    BuiltIn,
    /// The user gave this file instead.
    Instead(PathBuf),
    /// A file of this name is here, but its content differs.
    Differs(String),
    Missing,
}

/// Looks for a recorded file: at the path that the user gives for
/// it, else by its name in these folders and nowhere else.
pub(super) fn ingredient(wanted: &Reference, named: Option<&Path>, folders: &[PathBuf]) -> Result<Found> {
    look(wanted, named, folders, false)
}

/// With `folders_too`, it may also be a folder, whose files are all hashed. That is not
/// allowed for every ingredient: a stranger may have named a photo `Documents`.
fn look(wanted: &Reference, named: Option<&Path>, folders: &[PathBuf], folders_too: bool) -> Result<Found> {
    if let Some(path) = named {
        let same = references::of_path(path)?.sha256 == wanted.sha256;
        return Ok(if same { Found::Same(path.to_owned()) } else { Found::Instead(path.to_owned()) });
    }
    let mut differs = None;
    let there = |path: &PathBuf| path.is_file() || folders_too && path.is_dir();
    for path in folders.iter().map(|folder| folder.join(wanted.os_name())).filter(there) {
        if references::of_path(&path)?.sha256 == wanted.sha256 {
            return Ok(Found::Same(path));
        }
        differs.get_or_insert(path);
    }
    Ok(differs.map_or(Found::Missing, |path| Found::Differs(path.display().to_string())))
}

/// Looks for a style, which may be built in.
///
/// A style of the `model`'s own is unchanged if the model is.
pub(super) fn style(wanted: &Reference, named: Option<&Path>, folders: &[PathBuf], model: &[Reference]) -> Result<Found> {
    if !wanted.built_in || named.is_some() {
        return ingredient(wanted, named, folders);
    }
    let differs = |why: &str| Ok(Found::Differs(format!("{why} {}", wanted.name)));
    let gallery = Gallery::built_in()?;
    match gallery.find(&wanted.name) {
        None if model.iter().any(|model| !model.built_in) && !names_file(Path::new(&wanted.name)) => Ok(Found::BuiltIn),
        None => Ok(Found::Missing),
        // Where a command line names a style, a file takes precedence.
        Some(_) if names_file(Path::new(&wanted.name)) => differs("the file that takes the place of the built-in style"),
        Some(style) if Reference::of_style(style).sha256 == wanted.sha256 => Ok(Found::BuiltIn),
        Some(_) => differs("this program's built-in style"),
    }
}

/// Looks for a perceptual network, which may be built in.
pub(super) fn perceptual(wanted: &Reference, folders: &[PathBuf]) -> Result<Found> {
    if wanted.built_in {
        let same = Reference::of_embedded_perceptual().sha256 == wanted.sha256;
        return Ok(if same { Found::BuiltIn } else { Found::Differs("this program's perceptual network".into()) });
    }
    model(wanted, None, folders)
}

/// Looks for a model: built in, in the folders, imported or downloaded.
pub(super) fn model(wanted: &Reference, named: Option<&Path>, folders: &[PathBuf]) -> Result<Found> {
    if wanted.built_in && named.is_none() {
        let same = Reference::of_embedded_model().sha256 == wanted.sha256;
        return Ok(if same { Found::BuiltIn } else { Found::Differs("this program's built-in model".into()) });
    }
    let mut folders = folders.to_vec();
    folders.extend(impasto_models::folders::imported());
    if let Ok(cache) = Cache::of_user() {
        // A downloaded model is in a folder with its name. The part that is
        // opened may be one level deeper, or have another name.
        let named = cache.get(&wanted.name).into_iter();
        for model in named.chain(cache.all()) {
            folders
                .extend([model.folder().parent().map(Path::to_path_buf), Some(model.folder().to_owned())].into_iter().flatten());
        }
    }
    look(wanted, named, &folders, true)
}
