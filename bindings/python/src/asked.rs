//! Reads keywords of Python callers as options of a request. Names, ranges, defaults
//! and errors come from the library's table.

use impasto::request::{Kind, Options, Part, Reference, Row, table};
use pyo3::conversion::FromPyObjectOwned;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use serde_json::{Map, Value};

use crate::error::{self, OrRaise, invalid};

/// The options that say what is painted, how large, and in which look.
pub(crate) const LOOK: [Part; 3] = [Part::Content, Part::Size, Part::Look];

/// The keywords of a call.
pub(crate) struct Asked<'py> {
    /// The options of the table, checked.
    pub(crate) options: Options,
    /// Masks, and keywords that only this call takes, without those that are `None`.
    others: Vec<(String, Bound<'py, PyAny>)>,
}

impl<'py> Asked<'py> {
    /// Reads the keywords of `call`, which takes the options of these parts and the keywords in `own`.
    pub(crate) fn read(call: &str, parts: &[Part], own: &[&str], keywords: Option<&Bound<'py, PyDict>>) -> PyResult<Self> {
        let mut json = Map::new();
        let mut others = Vec::new();
        for (name, value) in keywords.into_iter().flatten() {
            let name: String = name.extract()?;
            let row = table().iter().find(|row| row.name == name && parts.contains(&row.part));
            if row.is_none() && !own.contains(&name.as_str()) {
                return Err(PyTypeError::new_err(format!("{call}() got an unexpected keyword argument '{name}'")));
            }
            if value.is_none() {
                continue;
            }
            if let Some(row) = row {
                json.insert(name.clone(), checked(row, &value)?);
            }
            if row.is_none_or(|row| row.kind == Kind::Picture) {
                others.push((name, value));
            }
        }
        Ok(Asked { options: Options::read(&json).or_raise()?, others })
    }

    /// A mask, or a keyword that is not an option of the table.
    pub(crate) fn get(&self, name: &str) -> Option<&Bound<'py, PyAny>> {
        self.others.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The same, converted to this type. A value of another type raises a `TypeError`.
    pub(crate) fn extract<T: FromPyObjectOwned<'py, Error = PyErr>>(&self, name: &str) -> PyResult<Option<T>> {
        self.get(name).map(|value| value.extract::<T>()).transpose()
    }
}

/// Checks a value against its row. A type that the option never has raises a `TypeError`.
fn checked(row: &Row, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    if row.kind == Kind::Picture {
        // The call itself reads the picture.
        return serde_json::to_value(Reference::new(row.name)).map_err(|e| invalid(e.to_string()));
    }
    let wrong_type = || match value.get_type().name() {
        Ok(kind) => error::wrong_type(format!("{}: {}, not of type {kind}", row.name, row.wrong())),
        Err(e) => e,
    };
    let mut json = json(value)?.ok_or_else(wrong_type)?;
    // Ignore case, because Pillow's format names are in upper case.
    if let (Kind::Choice(_), Value::String(text)) = (&row.kind, &mut json) {
        text.make_ascii_lowercase();
    }
    if json.is_string() && matches!(row.kind, Kind::Number(..) | Kind::Whole(..) | Kind::Flag) {
        return Err(wrong_type());
    }
    row.check(&json).map_err(|why| invalid(format!("{}: {why}, not {}", row.name, shown(value))))
}

/// A value as Python writes it, cut if it is long.
fn shown(value: &Bound<'_, PyAny>) -> String {
    let text = value.repr().map_or_else(|_| "this".into(), |text| text.to_string());
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// Converts booleans, numbers (also NumPy's), strings, and lists and tuples of them. `None` for anything else. Numbers
/// that JSON lacks, such as NaN, become null, which no option accepts.
fn json(value: &Bound<'_, PyAny>) -> PyResult<Option<Value>> {
    if let Ok(truth) = value.extract::<bool>() {
        return Ok(Some(truth.into()));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(text.to_cow()?.into_owned().into()));
    }
    if let Ok(whole) = value.extract::<i64>() {
        return Ok(Some(whole.into()));
    }
    if value.is_instance_of::<PyTuple>() || value.is_instance_of::<PyList>() {
        let items: Option<Vec<Value>> = value.try_iter()?.map(|item| json(&item?)).collect::<PyResult<_>>()?;
        return Ok(items.map(Value::Array));
    }
    Ok(value.extract::<f64>().ok().map(Value::from))
}

/// The options for painting a picture, each as a dictionary: `name`, `kind` ("flag", "number", "whole", "choice",
/// "size", "stroke" or "picture"), `default`, `part` (of the work: "content", "size", "look", "model" or "file"),
/// `help`, `films` (whether films take it), and `range` or `choices` if it has them. These are the keywords of
/// `stylize`, `stylize_file`, `Stylizer` and `Picture.save`.
#[pyfunction]
pub(crate) fn options(py: Python<'_>) -> PyResult<Bound<'_, PyList>> {
    let list = PyList::empty(py);
    for row in table() {
        let entry = PyDict::new(py);
        entry.set_item("name", row.name)?;
        entry.set_item("part", part(row.part))?;
        entry.set_item("help", row.help)?;
        entry.set_item("films", row.not_in_films.is_none())?;
        let default = match &row.default {
            Value::Bool(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
            Value::Number(number) => match number.as_u64() {
                Some(whole) => whole.into_pyobject(py)?.into_any(),
                None => number.as_f64().into_pyobject(py)?,
            },
            Value::String(text) => text.into_pyobject(py)?.into_any(),
            _ => py.None().into_bound(py),
        };
        entry.set_item("default", default)?;
        let kind = match &row.kind {
            Kind::Flag => "flag",
            Kind::Number(least, most) => {
                entry.set_item("range", (least, most))?;
                "number"
            }
            Kind::Whole(least, most) => {
                entry.set_item("range", (least, most))?;
                "whole"
            }
            Kind::Choice(names) => {
                entry.set_item("choices", names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>())?;
                "choice"
            }
            Kind::Size => "size",
            Kind::Stroke => "stroke",
            Kind::Picture => "picture",
            _ => "other",
        };
        entry.set_item("kind", kind)?;
        list.append(entry)?;
    }
    Ok(list)
}

fn part(part: Part) -> &'static str {
    match part {
        Part::Content => "content",
        Part::Size => "size",
        Part::Look => "look",
        Part::Model => "model",
        Part::File => "file",
        _ => "other",
    }
}
