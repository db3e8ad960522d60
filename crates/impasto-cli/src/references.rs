//! References to the ingredients of a picture: files by name (without the folder) and hash.

use std::path::{Path, PathBuf};

use impasto::request::Reference;

use crate::failure::Result;

/// Refers to a file or a folder.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn of_path(path: &Path) -> Result<Reference> {
    Ok(Reference::of_file(path)?)
}

/// Refers to the model of these paths; without paths, to the built-in one.
///
/// # Errors
/// Those of [`of_path`].
pub(crate) fn of_model(paths: &[PathBuf]) -> Result<Vec<Reference>> {
    Ok(Reference::of_model(paths)?)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{of_model, of_path};

    #[test]
    fn a_model_is_known_by_all_its_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("w.bin"), "1").unwrap();
        let first = of_model(&[folder.path().to_path_buf()]).unwrap();
        std::fs::write(folder.path().join("w.bin"), "2").unwrap();
        assert_ne!(first, of_model(&[folder.path().to_path_buf()]).unwrap());
        assert!(of_path(Path::new("/nonexistent/file")).is_err());
        assert!(of_model(&[]).unwrap()[0].built_in);
    }
}
