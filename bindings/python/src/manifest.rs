//! The library's manifest, for `impasto.ray`: what a run over many pictures has painted.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use impasto::picture::{Format, Target};
use impasto::request::{Entries, Lock};
use pyo3::prelude::*;

use crate::error::OrRaise;

/// The entries of a manifest: `Manifest(data)`.
#[pyclass(frozen, module = "impasto._impasto")]
pub(crate) struct Manifest(Entries);

#[pymethods]
impl Manifest {
    #[new]
    fn new(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        py.detach(|| Entries::read(data)).or_raise().map(Manifest)
    }

    /// (key, bytes, SHA-256) of a finished output.
    fn done(&self, output: OsString) -> Option<(&str, u64, &str)> {
        let done = self.0.done(&output)?;
        Some((&done.key, done.bytes, &done.sha256))
    }

    /// Whether an earlier run made the file with this name.
    fn owns(&self, output: OsString) -> bool {
        self.0.owns(&output)
    }
}

/// A run's lock on a manifest, until `release`.
#[pyclass(frozen, module = "impasto._impasto")]
pub(crate) struct Hold(Mutex<Option<Lock>>);

#[pymethods]
impl Hold {
    #[new]
    fn new(path: PathBuf) -> PyResult<Self> {
        let lock = Lock::take(&path, true).or_raise()?;
        Ok(Hold(Mutex::new(Some(lock))))
    }

    fn release(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The extension of a painting, for a content with this name. `format` is an extension, too.
#[pyfunction]
#[pyo3(signature = (content, format=None))]
pub(crate) fn result_extension(content: PathBuf, format: Option<&str>) -> String {
    Format::result_extension(&content, format.and_then(Format::from_extension))
}

/// Removes temporary files of killed runs from a folder.
#[pyfunction]
pub(crate) fn remove_abandoned(folder: PathBuf) -> usize {
    Target::remove_abandoned(folder)
}

/// Extensions of files that can be read.
#[pyfunction]
pub(crate) fn read_extensions() -> Vec<&'static str> {
    Format::read_extensions().collect()
}
