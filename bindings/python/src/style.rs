//! Styles.

use std::path::PathBuf;

use impasto::style::Gallery;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::error::OrRaise;

/// What a style predictor sees in a picture: a vector of a few hundred numbers. `Stylizer.style` makes one, `Style.built_in` gives one of those that come
/// with the program; it can be saved, blended with others, pickled, and used instead of its picture.
#[pyclass(frozen, eq, module = "impasto")]
#[derive(PartialEq)]
pub(crate) struct Style(pub(crate) impasto::Style);

#[pymethods]
impl Style {
    /// A built-in style by its name.
    #[staticmethod]
    fn built_in(name: &str) -> PyResult<Self> {
        impasto::Style::built_in(name).or_raise().map(Style)
    }

    /// Reads a file that `save` wrote, or `impasto styles extract`.
    #[staticmethod]
    fn open(path: PathBuf) -> PyResult<Self> {
        impasto::Style::open(path).or_raise().map(Style)
    }

    /// What `bytes(style)` gave.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        impasto::Style::from_bytes(data).or_raise().map(Style)
    }

    /// The weighted mean of styles of one model: `Style.blend([(waves, 3), (night, 1)])`.
    #[staticmethod]
    fn blend(styles: Vec<(PyRef<'_, Style>, f32)>) -> PyResult<Self> {
        let styles: Vec<_> = styles.iter().map(|(style, weight)| (&style.0, *weight)).collect();
        impasto::Style::blend(&styles).or_raise().map(Style)
    }

    /// The style `share` of the way from this one (0) to another (1).
    fn mix(&self, other: &Style, share: f32) -> PyResult<Self> {
        self.0.mix(&other.0, share).or_raise().map(Style)
    }

    /// The same style under another name.
    fn with_name(&self, name: &str) -> Self {
        Style(self.0.clone().with_name(name))
    }

    /// Its name, if it has one.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.0.name()
    }

    /// Whose model made it: only models of this family can read it.
    #[getter]
    fn family(&self) -> String {
        self.0.family().to_string()
    }

    /// The style vector.
    #[getter]
    fn vector(&self) -> Vec<f32> {
        self.0.vector().to_vec()
    }

    /// Writes a small file; one that is there is replaced only with `overwrite`.
    #[pyo3(signature = (path, *, overwrite=false))]
    fn save(&self, path: PathBuf, overwrite: bool) -> PyResult<()> {
        self.0.save(path, overwrite).or_raise()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.to_bytes().or_raise()?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        let class: Bound<'py, PyType> = py.get_type::<Style>();
        Ok((class.getattr("from_bytes")?, (self.__bytes__(py)?,)))
    }

    fn __repr__(&self) -> String {
        let name = self.0.name().map(|name| format!(" {name:?}")).unwrap_or_default();
        format!("<impasto.Style{name} of family {}, {} numbers>", self.0.family(), self.0.vector().len())
    }
}

/// Names of the built-in styles.
#[pyfunction]
pub(crate) fn built_in_styles() -> PyResult<Vec<String>> {
    let gallery = Gallery::built_in().or_raise()?;
    Ok(gallery.styles().iter().filter_map(|style| style.name().map(str::to_owned)).collect())
}
