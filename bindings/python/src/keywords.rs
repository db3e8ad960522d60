//! Reads keywords that are not options of a painting, so that no function needs twenty parameters.

use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::{invalid, wrong_type};

/// The keywords of a call. Those that are `None` count as missing.
pub(crate) struct Keywords<'py>(Vec<(String, Bound<'py, PyAny>)>);

impl<'py> Keywords<'py> {
    /// Reads the keywords. One that is not in `names` raises a `TypeError`, as with Python's own functions.
    pub(crate) fn read(call: &str, names: &[&str], given: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let mut all = Vec::new();
        for (name, value) in given.into_iter().flatten() {
            let name: String = name.extract()?;
            if !names.contains(&name.as_str()) {
                return Err(PyTypeError::new_err(format!("{call}() got an unexpected keyword argument '{name}'")));
            }
            if !value.is_none() {
                all.push((name, value));
            }
        }
        Ok(Keywords(all))
    }

    /// A keyword as it was given.
    pub(crate) fn get(&self, name: &str) -> Option<&Bound<'py, PyAny>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value of a keyword as this type, or the default.
    pub(crate) fn or<T: FromPyObjectOwned<'py, Error = PyErr>>(&self, name: &str, default: T) -> PyResult<T> {
        let Some(value) = self.get(name) else { return Ok(default) };
        value.extract::<T>().map_err(|e: PyErr| {
            let py = value.py();
            let text = format!("{name}: {}", e.value(py));
            if e.is_instance_of::<PyTypeError>(py) { wrong_type(text) } else { invalid(text) }
        })
    }

    /// The choice with the given name. Default: the first.
    pub(crate) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> PyResult<T> {
        let given: String = self.or(name, choices[0].0.to_owned())?;
        let found = choices.iter().find(|(known, _)| *known == given);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(known, _)| format!("{known:?}")).collect();
            invalid(format!("{name}: must be one of {}, not {given:?}", names.join(", ")))
        })
    }
}
