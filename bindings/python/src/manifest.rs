//! What a run over many pictures has painted, for `impasto.ray`: the library's manifest.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use impasto::picture::{Format, Target};
use impasto::request::{Entries, Lock};
use pyo3::prelude::*;

use crate::error::OrRaise;

/// A manifest's lines: `Manifest(data)`.
#[pyclass(frozen, module = "impasto._impasto")]
pub(crate) struct Manifest(Entries);

#[pymethods]
impl Manifest {
    #[new]
    fn new(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        py.detach(|| Entries::read(data)).or_raise().map(Manifest)
    }

    /// (key, bytes, SHA-256) of an output that is finished.
    fn done(&self, output: OsString) -> Option<(&str, u64, &str)> {
        let done = self.0.done(&output)?;
        Some((&done.key, done.bytes, &done.sha256))
    }

    /// Whether a file of this name is of an earlier run's making.
    fn owns(&self, output: OsString) -> bool {
        self.0.owns(&output)
    }
}

/// A run's hold on a manifest, until `release`.
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

/// The extension of the painting of a content with this name; `format` is an extension, too.
#[pyfunction]
#[pyo3(signature = (content, format=None))]
pub(crate) fn result_extension(content: PathBuf, format: Option<&str>) -> String {
    Format::result_extension(&content, format.and_then(Format::from_extension))
}

/// Removes temporary files that killed runs have left in a folder.
#[pyfunction]
pub(crate) fn remove_abandoned(folder: PathBuf) -> usize {
    Target::remove_abandoned(folder)
}

/// Extensions of the files that are read.
#[pyfunction]
pub(crate) fn read_extensions() -> Vec<&'static str> {
    Format::read_extensions().collect()
}
