//! Reads pictures in any form that callers give, and returns paintings in the same form.

use std::path::PathBuf;
use std::sync::Arc;

use impasto::picture::{Format, Picture};
use impasto::request::{Options, Reference};
use pyo3::exceptions::{PyImportError, PyUserWarning};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyMemoryView, PyModule, PyString};

use crate::arrays::{of_array, of_rgba};
use crate::error::{OrRaise, invalid, wrong_type};
use crate::held;
use crate::memory::{Foreign, library};
use crate::pixels::Pixels;
use crate::reading::Reading;
use crate::recipe::{self, Recipe};
use crate::samples::{Kind, Samples};

/// The form in which a picture was given.
pub(crate) enum Form {
    /// An `impasto.Picture`, or a path. Has the source's kind of numbers.
    Picture(Kind),
    /// A file's bytes.
    File(Format),
    /// A `PIL.Image`, with its `info`.
    Pil { info: Py<PyDict>, alpha: bool },
    /// An array of some library.
    Array { kind: Kind, alpha: bool, batch: bool, axis: usize, maker: Maker },
}

/// What makes arrays from pixels.
pub(crate) enum Maker {
    /// NumPy, for its own arrays and for objects that only have an array interface.
    NumPy,
    /// A function that takes NumPy arrays: TensorFlow's `constant`.
    Function(Py<PyAny>),
    /// A function that takes DLPack.
    DlPack(Py<PyAny>),
    /// Nothing: the caller gets `Pixels`.
    Nobody,
}

/// A picture, the form in which it was given, and its file.
pub(crate) struct Given {
    pub(crate) picture: Arc<Picture>,
    pub(crate) form: Form,
    /// Its file by name and hash. `None` for pixels.
    pub(crate) origin: Option<Reference>,
}

impl Given {
    /// Reads an object in any form that can be a picture.
    pub(crate) fn read(object: &Bound<'_, PyAny>, reading: &Reading<'_>) -> PyResult<Self> {
        let py = object.py();
        let Reading { what, ref limits, .. } = *reading;
        let new = |picture, form, origin| Ok(Given { picture: Arc::new(picture), form, origin });
        if let Ok(picture) = object.cast::<held::Picture>() {
            let picture = picture.get();
            return Ok(Given { picture: picture.shared(), form: Form::Picture(picture.kind()), origin: picture.origin() });
        }
        let path = match path(object)? {
            None => path_in_bytes(object),
            path => path,
        };
        if let Some(path) = path {
            let (picture, origin) = py.detach(|| Ok((Picture::open(&path, limits)?, Reference::of_file(&path)?))).or_raise()?;
            warn(py, picture.warnings())?;
            let kind = Kind::of_source(picture.source());
            return new(picture, Form::Picture(kind), Some(origin));
        }
        if let Some(bytes) = bytes(object)? {
            let bytes = bytes.as_bytes();
            let read = || Ok((Picture::decode(bytes, limits)?, Reference::of_bytes("bytes", bytes)));
            let (picture, origin) = py.detach(read).map_err(|e: impasto::Error| e.context(what)).or_raise()?;
            warn(py, picture.warnings())?;
            let format = picture.source().format.filter(|format| format.can_write()).unwrap_or(Format::Png);
            return new(picture, Form::File(format), Some(origin));
        }
        if let Some((image, alpha)) = pil(object)? {
            return new(image, Form::Pil { info: info(object)?, alpha }, None);
        }
        if let Some(array) = Foreign::of(object, what)? {
            let (array, batch) = array.first_of_one();
            let (picture, kind, axis) = of_array(array, reading)?;
            let alpha = picture.alpha().is_some();
            return new(picture, Form::Array { kind, alpha, batch, axis, maker: Maker::of(object)? }, None);
        }
        let kind = object.get_type().name()?;
        Err(wrong_type(format!(
            "{what} is of type {kind}; give a path, a file's bytes, an array of height × width × 3 or 4, a PIL.Image or an impasto.Picture"
        )))
    }

    /// Resizes the picture to this longer side.
    pub(crate) fn fit(self, py: Python<'_>, size: Option<usize>) -> PyResult<Self> {
        let Some(size) = size else { return Ok(self) };
        let picture = py.detach(|| self.picture.fit_long_side(size, impasto::picture::Resize::PHOTO)).or_raise()?;
        Ok(Given { picture: Arc::new(picture), ..self })
    }

    /// Resizes the picture to the size in the options.
    pub(crate) fn sized(self, py: Python<'_>, options: &Options) -> PyResult<Self> {
        if !options.resizes() {
            return Ok(self);
        }
        let picture = py.detach(|| options.sized((*self.picture).clone())).or_raise()?;
        Ok(Given { picture: Arc::new(picture), ..self })
    }
}

impl Maker {
    fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        if library(object)? == "tensorflow" {
            return Ok(Maker::Function(object.py().import("tensorflow")?.getattr("constant")?.unbind()));
        }
        if object.hasattr("__array_interface__")? || !object.hasattr("__dlpack__")? {
            return Ok(Maker::NumPy);
        }
        Ok(from_dlpack(object)?.map_or(Maker::Nobody, Maker::DlPack))
    }

    fn make<'py>(&self, py: Python<'py>, samples: Samples) -> PyResult<Bound<'py, PyAny>> {
        let short = samples.kind() == Kind::BF16;
        let pixels = Bound::new(py, Pixels::new(samples))?.into_any();
        match self {
            Maker::NumPy => to_numpy(py, pixels, short),
            Maker::Function(function) => function.bind(py).call1((to_numpy(py, pixels, short)?,)),
            Maker::DlPack(function) => function.bind(py).call1((pixels,)),
            Maker::Nobody => Ok(pixels),
        }
    }
}

impl Form {
    /// Returns a painting in this form. `recipe` says how it was made.
    pub(crate) fn answer<'py>(&self, py: Python<'py>, painted: Picture, recipe: Option<Recipe>) -> PyResult<Bound<'py, PyAny>> {
        match self {
            Form::Picture(kind) => Ok(Bound::new(py, held::Picture::painted(Arc::new(painted), *kind, recipe))?.into_any()),
            Form::File(format) => {
                let options = Options::default();
                let encoded = py.detach(|| recipe::encode(&painted, recipe.as_ref(), *format, &options)).or_raise()?;
                warn(py, &encoded.warnings)?;
                Ok(PyBytes::new(py, &encoded.bytes).into_any())
            }
            Form::Pil { info, alpha } => to_pil(py, &painted, *alpha, Some(info.bind(py))),
            Form::Array { kind, alpha, batch, axis, maker } => {
                let samples = py.detach(|| Samples::new(painted, *kind, *alpha))?.with_channels_at(*axis);
                in_batch(maker.make(py, samples)?, *batch)
            }
        }
    }
}

/// Stacks the paintings of a batch into an array of the same library.
pub(crate) fn stacked<'py>(painted: &Bound<'py, PyList>) -> PyResult<Bound<'py, PyAny>> {
    let py = painted.py();
    let first = painted.get_item(0)?;
    if let Some(namespace) = first.getattr_opt("__array_namespace__")? {
        return namespace.call0()?.call_method1("stack", (painted,));
    }
    py.import(library(&first)?)?.call_method1("stack", (painted,))
}

/// A path, or text that may be one.
pub(crate) fn path(object: &Bound<'_, PyAny>) -> PyResult<Option<PathBuf>> {
    if !object.is_instance_of::<PyString>() && !object.hasattr("__fspath__")? {
        return Ok(None);
    }
    // `fsdecode` also converts paths of bytes.
    object.py().import("os")?.call_method1("fsdecode", (object,))?.extract().map(Some)
}

/// The file that a picture comes from, by name and hash, if there is one.
pub(crate) fn origin(object: &Bound<'_, PyAny>) -> PyResult<Option<Reference>> {
    if let Ok(picture) = object.cast::<held::Picture>() {
        return Ok(picture.get().origin());
    }
    path(object)?.map(|path| Reference::of_file(&path)).transpose().or_raise()
}

/// The longest path that systems support.
const LONGEST_PATH: usize = 4096;

/// A path in bytes, if such a file exists. No picture file has such content.
fn path_in_bytes(object: &Bound<'_, PyAny>) -> Option<PathBuf> {
    let bytes = object.cast::<PyBytes>().ok()?.as_bytes();
    let short = !bytes.is_empty() && bytes.len() <= LONGEST_PATH && !bytes.contains(&0);
    let path = short.then(|| path_of_bytes(object)).flatten()?;
    path.is_file().then_some(path)
}

fn path_of_bytes(object: &Bound<'_, PyAny>) -> Option<PathBuf> {
    object.py().import("os").ok()?.call_method1("fsdecode", (object,)).ok()?.extract().ok()
}

/// A path as an argument: text, bytes, or an object with a path.
pub(crate) struct FilePath(pub(crate) PathBuf);

impl<'py> FromPyObject<'_, 'py> for FilePath {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        match object.py().import("os")?.call_method1("fsdecode", (object,)) {
            Ok(path) => path.extract().map(FilePath),
            Err(_) => Err(wrong_type(format!("a path is of type {}; give text or a pathlib.Path", object.get_type().name()?))),
        }
    }
}

/// Bytes, or the content of a file object.
fn bytes<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Some(bytes.clone()));
    }
    let py = object.py();
    if object.is_instance_of::<PyByteArray>() || object.is_instance_of::<PyMemoryView>() {
        return Ok(Some(py.get_type::<PyBytes>().call1((object,))?.cast_into()?));
    }
    // Neither PIL images nor arrays have `read`.
    match object.getattr_opt("read")? {
        Some(read) if read.is_callable() => Ok(Some(read.call0()?.cast_into()?)),
        _ => Ok(None),
    }
}

/// The module `PIL.Image`, if the object is one of its images.
pub(crate) fn pil_module<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // If nobody has imported it, no such images exist.
    let modules = object.py().import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    let Some(module) = modules.get_item("PIL.Image")? else { return Ok(None) };
    let class = module.getattr("Image")?;
    Ok(object.is_instance(&class)?.then_some(module))
}

fn info(image: &Bound<'_, PyAny>) -> PyResult<Py<PyDict>> {
    Ok(image.getattr("info")?.cast_into::<PyDict>()?.copy()?.unbind())
}

/// A PIL image's pixels, and whether it has alpha. Orientation and color profile are not applied.
fn pil(object: &Bound<'_, PyAny>) -> PyResult<Option<(Picture, bool)>> {
    if pil_module(object)?.is_none() {
        return Ok(None);
    }
    let (width, height): (usize, usize) = object.getattr("size")?.extract()?;
    let mode: String = object.getattr("mode")?.extract()?;
    if mode.starts_with('I') || mode == "F" {
        // PIL itself would clip the values at 255.
        return Err(invalid(format!(
            "a PIL.Image of mode {mode} is not supported; give its path, or convert it to an array of height × width × 3"
        )));
    }
    let transparent = matches!(mode.as_str(), "RGBA" | "LA" | "PA" | "RGBa" | "La")
        || info(object)?.bind(object.py()).contains("transparency")?;
    let wanted = if transparent { "RGBA" } else { "RGB" };
    let converted = if mode == wanted { object.clone() } else { object.call_method1("convert", (wanted,))? };
    let bytes = converted.call_method0("tobytes")?.cast_into::<PyBytes>()?;
    let picture = if transparent {
        of_rgba(width, height, bytes.as_bytes().iter().map(|&v| f32::from(v) / 255.0).collect()).map(|mut picture| {
            picture.source_mut().bit_depth = 8;
            picture
        })
    } else {
        Picture::from_rgb8([width, height], bytes.as_bytes())
    };
    Ok(Some((picture.or_raise()?, transparent)))
}

/// Converts a picture to a `PIL.Image`.
pub(crate) fn to_pil<'py>(
    py: Python<'py>,
    picture: &Picture,
    alpha: bool,
    info: Option<&Bound<'py, PyDict>>,
) -> PyResult<Bound<'py, PyAny>> {
    let module = optional(py, "PIL.Image", "pillow")?;
    let (mode, bytes) = if alpha { ("RGBA", picture.to_rgba8()) } else { ("RGB", picture.to_rgb8()) };
    let bytes = bytes.or_raise()?;
    let image = module.call_method1("frombytes", (mode, (picture.width(), picture.height()), PyBytes::new(py, &bytes)))?;
    if let Some(info) = info {
        let info = info.copy()?;
        // It belonged to the image's former mode.
        let _ = info.del_item("transparency");
        image.setattr("info", info)?;
    }
    Ok(image)
}

/// Makes a picture's array a batch of one, by indexing that all array libraries support.
fn in_batch<'py>(array: Bound<'py, PyAny>, batch: bool) -> PyResult<Bound<'py, PyAny>> {
    if batch && !array.is_instance_of::<Pixels>() { array.get_item(array.py().None()) } else { Ok(array) }
}

/// Pixels as a NumPy array over the same memory, or unchanged if NumPy is not installed. `short` says that they are
/// bfloat16, a type that NumPy gets from `ml_dtypes`.
pub(crate) fn to_numpy<'py>(py: Python<'py>, pixels: Bound<'py, PyAny>, short: bool) -> PyResult<Bound<'py, PyAny>> {
    let Ok(numpy) = py.import("numpy") else { return Ok(pixels) };
    let array = numpy.call_method1("asarray", (pixels,))?;
    if !short {
        return Ok(array);
    }
    let dtype = optional(py, "ml_dtypes", "ml_dtypes")?.getattr("bfloat16")?;
    array.call_method1("view", (dtype,))
}

/// The function that makes arrays of the object's library from DLPack capsules.
fn from_dlpack(object: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let namespace = match object.getattr_opt("__array_namespace__")? {
        Some(namespace) => namespace.call0()?,
        None => match object.py().import(library(object)?) {
            Ok(module) => module.into_any(),
            Err(_) => return Ok(None),
        },
    };
    Ok(namespace.getattr_opt("from_dlpack")?.map(Bound::unbind))
}

/// Imports a module that impasto does not require, but this call does.
pub(crate) fn optional<'py>(py: Python<'py>, module: &str, package: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(module).map_err(|e| {
        let missing = PyImportError::new_err(format!("{package} is not installed: pip install {package}"));
        missing.set_cause(py, Some(e));
        missing
    })
}

/// Issues the library's warnings as Python warnings.
pub(crate) fn warn(py: Python<'_>, warnings: &[String]) -> PyResult<()> {
    let category = py.get_type::<PyUserWarning>();
    warnings.iter().try_for_each(|text| {
        let text = std::ffi::CString::new(text.replace('\0', " ")).unwrap_or_default();
        PyErr::warn(py, &category, &text, 2)
    })
}
