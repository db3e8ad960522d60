//! Styles in Python.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use impasto::Size;
use impasto::StyleSize;
use impasto::request::Reference;
use impasto::style::Gallery;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error::{OrRaise, invalid};
use crate::given::FilePath;

/// What a style predictor sees in a picture: a vector of a few hundred numbers.
///
/// `Stylizer.style` makes one from a picture. `Style.built_in` returns one that comes with the program. A style can be
/// saved, blended with others, pickled, and used instead of its picture.
///
/// Examples
/// --------
/// >>> import impasto
/// >>> starry, mosaic = impasto.Style.built_in("starry"), impasto.Style.built_in("mosaic")
/// >>> impasto.Style.blend([(starry, 3), (mosaic, 1)]) == starry.mix(mosaic, 0.25)
/// True
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Style {
    pub(crate) style: impasto::Style,
    /// Where it comes from: a file, or a built-in style.
    pub(crate) origin: Option<Origin>,
}

/// Where a style comes from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) reference: Reference,
    /// The size at which the picture was seen. `None` for styles without a picture.
    pub(crate) seen: Option<StyleSize>,
}

impl Origin {
    /// The origin of a style that does not depend on a size.
    pub(crate) fn known(reference: Reference) -> Self {
        Origin { reference, seen: None }
    }

    /// The origin, if a painting that sees pictures at this size would get the same style.
    pub(crate) fn if_seen(self, size: StyleSize) -> Option<Self> {
        self.seen.is_none_or(|seen| seen == size).then_some(self)
    }
}

impl Style {
    /// A style without a known file.
    pub(crate) fn new(style: impasto::Style) -> Self {
        Style { style, origin: None }
    }
}

#[pymethods]
impl Style {
    /// A built-in style by its name.
    #[staticmethod]
    fn built_in(name: &str) -> PyResult<Self> {
        let style = impasto::Style::built_in(name).or_raise()?;
        let origin = Some(Origin::known(Reference::of_style(&style)));
        Ok(Style { style, origin })
    }

    /// Reads a style file, from `save` or `impasto styles extract`.
    #[staticmethod]
    fn open(path: FilePath) -> PyResult<Self> {
        let style = impasto::Style::open(&path.0).or_raise()?;
        let origin = Some(Origin::known(Reference::of_file(&path.0).or_raise()?));
        Ok(Style { style, origin })
    }

    /// Restores a style from `bytes(style)`.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        impasto::Style::from_bytes(data).or_raise().map(Style::new)
    }

    /// The weighted mean of styles of one model: `Style.blend([(waves, 3), (night, 1)])`.
    #[staticmethod]
    fn blend(styles: Vec<(PyRef<'_, Style>, f32)>) -> PyResult<Self> {
        let styles: Vec<_> = styles.iter().map(|(style, weight)| (&style.style, *weight)).collect();
        impasto::Style::blend(&styles).or_raise().map(Style::new)
    }

    /// The style `share` of the way from this one (0) to another (1).
    fn mix(&self, other: &Style, share: f32) -> PyResult<Self> {
        self.style.mix(&other.style, share).or_raise().map(Style::new)
    }

    /// The same style under another name.
    fn with_name(&self, name: &str) -> Self {
        Style::new(self.style.clone().with_name(name))
    }

    /// Its name, if it has one.
    #[getter]
    fn name(&self) -> Option<&str> {
        self.style.name()
    }

    /// The family of models that made it. Only models of this family can use it.
    #[getter]
    fn family(&self) -> String {
        self.style.family().to_string()
    }

    /// The style vector.
    #[getter]
    fn vector(&self) -> Vec<f32> {
        self.style.vector().to_vec()
    }

    /// Writes a small file. An existing file is replaced only with `overwrite`.
    #[pyo3(signature = (path, *, overwrite=false))]
    fn save(&self, path: FilePath, overwrite: bool) -> PyResult<()> {
        self.style.save(path.0, overwrite).or_raise()
    }

    fn __eq__(&self, other: &Self) -> bool {
        self.style == other.style
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.style.family().to_string().hash(&mut hasher);
        // 0 and -0 are equal.
        self.style.vector().iter().for_each(|value| (value + 0.0).to_bits().hash(&mut hasher));
        hasher.finish()
    }

    fn __bytes__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.style.to_bytes().or_raise()?))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Pickled<'py>)> {
        let origin = self.origin.as_ref().map(|Origin { reference, seen }| {
            let seen = match seen {
                None => (0, 0),
                Some(StyleSize::Exact(size)) => (size.width, size.height),
                Some(StyleSize::ShortSide(side)) => (*side, 0),
                // No other sizes are used here.
                Some(_) => return Ok(None),
            };
            serde_json::to_string(reference).map(|reference| Some((reference, seen)))
        });
        let origin = origin.transpose().map_err(|e| invalid(e.to_string()))?.flatten();
        Ok((py.import("impasto._impasto")?.getattr("_style")?, (self.__bytes__(py)?, origin)))
    }

    fn __repr__(&self) -> String {
        let name = self.style.name().map(|name| format!(" {name:?}")).unwrap_or_default();
        format!("<impasto.Style{name} of family {}, {} numbers>", self.style.family(), self.style.vector().len())
    }
}

/// The state of a pickled `Style`: its bytes, its origin, and how it was seen (width and height, or a side and 0).
type Pickled<'py> = (Bound<'py, PyBytes>, Option<(String, (usize, usize))>);

/// Restores a style from a pickle.
#[pyfunction]
#[pyo3(name = "_style")]
pub(crate) fn unpickled(data: &[u8], origin: Option<(String, (usize, usize))>) -> PyResult<Style> {
    let style = impasto::Style::from_bytes(data).or_raise()?;
    let origin = origin.map(|(reference, seen)| {
        let seen = match seen {
            (0, _) => None,
            (side, 0) => Some(StyleSize::ShortSide(side)),
            (width, height) => Some(StyleSize::Exact(Size { width, height })),
        };
        serde_json::from_str(&reference).map(|reference| Origin { reference, seen })
    });
    Ok(Style { style, origin: origin.transpose().map_err(|e| invalid(e.to_string()))? })
}

/// The names of the built-in styles.
#[pyfunction]
pub(crate) fn built_in_styles() -> PyResult<Vec<String>> {
    let gallery = Gallery::built_in().or_raise()?;
    Ok(gallery.styles().iter().filter_map(|style| style.name().map(str::to_owned)).collect())
}
