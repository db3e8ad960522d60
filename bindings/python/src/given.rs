//! What callers give as a picture, and paintings as the same kind.

use std::path::PathBuf;
use std::sync::Arc;

use impasto::ErrorKind;
use impasto::picture::{EncodeOptions, Format, Limits, Mask, Picture};
use impasto::request::Options;
use pyo3::exceptions::{PyImportError, PyTypeError, PyUserWarning};
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyMemoryView, PyModule, PyString};

use crate::error::{OrRaise, error, invalid};
use crate::memory::Foreign;
use crate::picture;
use crate::pixels::{Kind, Pixels, Samples};

/// What a picture was given as.
pub(crate) enum Form {
    /// An `impasto.Picture`, or a path: with the numbers of its source.
    Picture(Kind),
    /// A file's bytes.
    File(Format),
    /// A `PIL.Image`, with what its `info` says.
    Pil { info: Py<PyDict>, alpha: bool },
    /// Something with an array interface, NumPy's arrays first: what its numbers are, and whether it is a batch of one picture.
    Array { kind: Kind, alpha: bool, batch: bool },
    /// Something with DLPack only, PyTorch's tensors for instance, and the function that makes another one.
    Tensor { kind: Kind, alpha: bool, batch: bool, from_dlpack: Option<Py<PyAny>> },
}

/// A picture, and what it was given as.
pub(crate) struct Given {
    pub(crate) picture: Arc<Picture>,
    pub(crate) form: Form,
}

impl Given {
    /// Reads whatever can be a picture. `what` is how errors call it.
    pub(crate) fn read(object: &Bound<'_, PyAny>, what: &str) -> PyResult<Self> {
        Self::read_clipped(object, what, false)
    }

    /// The same; with `clip`, floats out of 0..1 are taken as the nearest of these.
    pub(crate) fn read_clipped(object: &Bound<'_, PyAny>, what: &str, clip: bool) -> PyResult<Self> {
        Self::read_within(object, what, clip, &Limits::default())
    }

    /// The same; files are read as these limits say.
    pub(crate) fn read_within(object: &Bound<'_, PyAny>, what: &str, clip: bool, limits: &Limits) -> PyResult<Self> {
        let py = object.py();
        let new = |picture, form| Ok(Given { picture: Arc::new(picture), form });
        if let Ok(picture) = object.cast::<picture::Picture>() {
            let (picture, kind) = (picture.get().shared(), picture.get().kind());
            return Ok(Given { picture, form: Form::Picture(kind) });
        }
        if let Some(bytes) = bytes(object)? {
            let bytes = bytes.as_bytes();
            let picture = py.detach(|| Picture::decode(bytes, limits)).map_err(|e| e.context(what)).or_raise()?;
            warn(py, picture.warnings())?;
            let format = picture.source().format.filter(|format| format.can_write()).unwrap_or(Format::Png);
            return new(picture, Form::File(format));
        }
        if let Some((image, alpha)) = pil(object)? {
            return new(image, Form::Pil { info: info(object)?, alpha });
        }
        if let Some(array) = Foreign::of(object)? {
            let (array, batch) = array.first_of_one();
            let kind = array.kind();
            let picture = of_array(&array, what, clip)?;
            let alpha = array.shape().last() == Some(&4);
            let form = if object.hasattr("__array_interface__")? || !object.hasattr("__dlpack__")? {
                Form::Array { kind, alpha, batch }
            } else {
                Form::Tensor { kind, alpha, batch, from_dlpack: from_dlpack(object)? }
            };
            return new(picture, form);
        }
        let Some(path) = path(object)? else {
            let kind = object.get_type().name()?;
            return Err(PyTypeError::new_err(format!(
                "{what} is of type {kind}; give a path, a file's bytes, an array of height × width × 3 or 4, a PIL.Image or an impasto.Picture"
            )));
        };
        let picture = py.detach(|| Picture::open(&path, limits)).or_raise()?;
        warn(py, picture.warnings())?;
        let kind = Kind::of_source(picture.source());
        new(picture, Form::Picture(kind))
    }

    /// The picture, its longer side made this long.
    pub(crate) fn fit(self, py: Python<'_>, size: Option<usize>) -> PyResult<Self> {
        let Some(size) = size else { return Ok(self) };
        let picture = py.detach(|| self.picture.fit_long_side(size, impasto::picture::Resize::PHOTO)).or_raise()?;
        Ok(Given { picture: Arc::new(picture), ..self })
    }
}

impl Given {
    /// The picture at the size that is asked for.
    pub(crate) fn sized(self, py: Python<'_>, options: &Options) -> PyResult<Self> {
        if !options.resizes() {
            return Ok(self);
        }
        let picture = py.detach(|| options.sized((*self.picture).clone())).or_raise()?;
        Ok(Given { picture: Arc::new(picture), ..self })
    }
}

impl Form {
    /// A painting as the same kind.
    pub(crate) fn answer<'py>(&self, py: Python<'py>, painted: Picture) -> PyResult<Bound<'py, PyAny>> {
        let pixels = |kind, alpha, painted| {
            let samples = py.detach(|| Samples::new(painted, kind, alpha))?;
            Ok::<_, PyErr>(Bound::new(py, Pixels::new(samples))?.into_any())
        };
        match self {
            Form::Picture(kind) => Ok(Bound::new(py, picture::Picture::of(Arc::new(painted), *kind))?.into_any()),
            Form::File(format) => {
                let encoded = py.detach(|| painted.encode(*format, &EncodeOptions::default())).or_raise()?;
                warn(py, &encoded.warnings)?;
                Ok(PyBytes::new(py, &encoded.bytes).into_any())
            }
            Form::Pil { info, alpha } => to_pil(py, &painted, *alpha, Some(info.bind(py))),
            Form::Array { kind, alpha, batch } => in_batch(to_numpy(py, pixels(*kind, *alpha, painted)?)?, *batch),
            Form::Tensor { kind, alpha, batch, from_dlpack } => {
                let pixels = pixels(*kind, *alpha, painted)?;
                match from_dlpack {
                    Some(from_dlpack) => in_batch(from_dlpack.bind(py).call1((pixels,))?, *batch),
                    None => Ok(pixels),
                }
            }
        }
    }
}

/// A path, or text that can be one.
pub(crate) fn path(object: &Bound<'_, PyAny>) -> PyResult<Option<PathBuf>> {
    if object.is_instance_of::<PyString>() || object.hasattr("__fspath__")? { object.extract().map(Some) } else { Ok(None) }
}

/// Bytes, or what a file object has.
fn bytes<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyBytes>>> {
    if let Ok(bytes) = object.cast::<PyBytes>() {
        return Ok(Some(bytes.clone()));
    }
    let py = object.py();
    if object.is_instance_of::<PyByteArray>() || object.is_instance_of::<PyMemoryView>() {
        return Ok(Some(py.get_type::<PyBytes>().call1((object,))?.cast_into()?));
    }
    // PIL's images have no `read`, arrays neither.
    match object.getattr_opt("read")? {
        Some(read) if read.is_callable() => Ok(Some(read.call0()?.cast_into()?)),
        _ => Ok(None),
    }
}

/// A mask: a picture's brightness, or an array of height × width, the greatest value for white.
pub(crate) fn mask(object: &Bound<'_, PyAny>, feather: f32, what: &str, clip: bool) -> PyResult<Mask> {
    if !object.is_instance_of::<picture::Picture>()
        && let Some(array) = plane(object)?
    {
        let &[height, width, ..] = array.shape() else { return Err(invalid(format!("{what} has no two dimensions"))) };
        let mut values = Vec::with_capacity(height * width);
        array.rows(|row| values.extend_from_slice(row));
        check_white(&values, array.kind(), what)?;
        in_range(&mut values, what, clip)?;
        return Mask::new(width, height, &values).and_then(|mask| mask.feather(feather)).map_err(|e| e.context(what)).or_raise();
    }
    let given = Given::read_clipped(object, what, clip)?;
    if let Form::Array { kind, .. } | Form::Tensor { kind, .. } = given.form {
        check_white(given.picture.rgb(), kind, what)?;
    }
    Mask::from_picture(&given.picture).and_then(|mask| mask.feather(feather)).map_err(|e| e.context(what)).or_raise()
}

/// An array of one channel.
fn plane<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Foreign<'py>>> {
    if pil_module(object)?.is_some() {
        return Ok(None);
    }
    Ok(Foreign::of(object)?.filter(|array| matches!(array.shape(), [_, _] | [_, _, 1])))
}

/// How far out of 0..1 floats may be by what made them: rounding, and resizing that overshoots a little.
const TOLERANCE: f32 = 0.01;

/// Floats of 0..1: other ranges are refused with what to do about them, for they would be painted as nonsense. What is hardly out of it is
/// clipped, with `clip` everything. Values that are not finite are the library's to refuse.
fn in_range(values: &mut [f32], what: &str, clip: bool) -> PyResult<()> {
    let least = values.iter().copied().fold(0f32, f32::min);
    let most = values.iter().copied().fold(1f32, f32::max);
    if (least == 0.0 && most == 1.0) || !least.is_finite() || !most.is_finite() {
        return Ok(());
    }
    if !clip && (least < -TOLERANCE || most > 1.0 + TOLERANCE) {
        let cure = if most > 2.0 && least >= -TOLERANCE && most <= 256.0 {
            "divide by 255"
        } else if (-1.0 - TOLERANCE..0.0).contains(&least) && most <= 1.0 + TOLERANCE {
            "for -1 to 1 give (x + 1) / 2"
        } else {
            "scale them"
        };
        let text =
            format!("{what} has floats of {least} to {most}, not of 0 to 1; {cure}, or give clip=True to have them clipped");
        return Err(invalid(text));
    }
    values.iter_mut().filter(|value| !value.is_nan()).for_each(|value| *value = value.clamp(0.0, 1.0));
    Ok(())
}

/// Whole numbers of 0 and 1 are meant as black and white, and would be black: 255 is white.
fn check_white(values: &[f32], kind: Kind, what: &str) -> PyResult<()> {
    let white = kind.white();
    let most = values.iter().copied().fold(0f32, f32::max);
    if white == 1.0 || (most * white).round() != 1.0 {
        return Ok(());
    }
    let name = kind.name();
    Err(invalid(format!(
        "{what} is {name} with no value above 1, and white is {white}; multiply by {white}, or give mask.astype(bool)"
    )))
}

fn of_array(array: &Foreign<'_>, what: &str, clip: bool) -> PyResult<Picture> {
    if array.kind() == Kind::Bool {
        return Err(invalid(format!("{what} is an array of bool, which only masks of height × width are; {}", Kind::KNOWN)));
    }

    let &[height, width, channels @ (3 | 4)] = array.shape() else {
        let hint = match array.shape() {
            [3 | 4, _, _] => "; its channels come first, and should come last",
            [_, _] | [_, _, 1] => "; grey pictures have three equal channels",
            [_, _, _, _] => "; give one picture at a time",
            _ => "",
        };
        return Err(invalid(format!("{what} is an array of {:?}, not height × width × 3 or 4{hint}", array.shape())));
    };
    let named = |result: impasto::Result<Picture>| result.map_err(|e| e.context(what)).or_raise();
    let len = height * width * channels;
    let mut values = Vec::new();
    values.try_reserve_exact(len).map_err(|e| error(ErrorKind::TooLarge, format!("{what}: {e}")))?;
    array.rows(|row| values.extend_from_slice(row));
    in_range(&mut values, what, clip)?;
    let mut picture =
        if channels == 3 { named(Picture::from_rgb_f32(width, height, values))? } else { named(of_rgba(width, height, values))? };
    // So that a file that is made of it keeps them.
    picture.source_mut().bit_depth = if array.kind() == Kind::U8 { 8 } else { 16 };
    Ok(picture)
}

/// What is under full transparency gets the colours around it, as in a file.
fn of_rgba(width: usize, height: usize, values: Vec<f32>) -> impasto::Result<Picture> {
    let side = |n: usize| u32::try_from(n).map_err(|e| impasto::Error::new(ErrorKind::TooLarge, e.to_string()));
    let image = image::Rgba32FImage::from_raw(side(width)?, side(height)?, values);
    let image = image.ok_or_else(|| impasto::Error::new(ErrorKind::InvalidArgument, "the array has no pixels"))?;
    Picture::from_image(image.into())
}

/// `PIL.Image`, if the object is one of its images.
fn pil_module<'py>(object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    // Where nobody has imported it there are no such images.
    let modules = object.py().import("sys")?.getattr("modules")?.cast_into::<PyDict>()?;
    let Some(module) = modules.get_item("PIL.Image")? else { return Ok(None) };
    let class = module.getattr("Image")?;
    Ok(object.is_instance(&class)?.then_some(module))
}

fn info(image: &Bound<'_, PyAny>) -> PyResult<Py<PyDict>> {
    Ok(image.getattr("info")?.cast_into::<PyDict>()?.copy()?.unbind())
}

/// A PIL image's pixels as they are (it applies no orientation and no colour profile), and whether it has alpha.
fn pil(object: &Bound<'_, PyAny>) -> PyResult<Option<(Picture, bool)>> {
    if pil_module(object)?.is_none() {
        return Ok(None);
    }
    let (width, height): (usize, usize) = object.getattr("size")?.extract()?;
    let mode: String = object.getattr("mode")?.extract()?;
    if mode.starts_with('I') || mode == "F" {
        // PIL itself would cut their values off at 255.
        return Err(invalid(format!("a PIL.Image of mode {mode}; give its path, or an array of height × width × 3 made of it")));
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
        Picture::from_rgb8(width, height, bytes.as_bytes())
    };
    Ok(Some((picture.or_raise()?, transparent)))
}

/// A picture as a `PIL.Image`.
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
        // It belonged to the other mode.
        let _ = info.del_item("transparency");
        image.setattr("info", info)?;
    }
    Ok(image)
}

/// A picture's array as a batch of one, as every array library says it.
fn in_batch<'py>(array: Bound<'py, PyAny>, batch: bool) -> PyResult<Bound<'py, PyAny>> {
    if batch && !array.is_instance_of::<Pixels>() { array.get_item(array.py().None()) } else { Ok(array) }
}

/// Pixels as a NumPy array over the same memory, or as they are where there is no NumPy.
pub(crate) fn to_numpy<'py>(py: Python<'py>, pixels: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    match py.import("numpy") {
        Ok(numpy) => numpy.call_method1("asarray", (pixels,)),
        Err(_) => Ok(pixels),
    }
}

/// The function that makes arrays of the object's library of DLPack capsules.
fn from_dlpack(object: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let namespace = match object.getattr_opt("__array_namespace__")? {
        Some(namespace) => namespace.call0()?,
        None => {
            let module: String = object.get_type().getattr("__module__")?.extract()?;
            let package = module.split('.').next().unwrap_or_default();
            match object.py().import(package) {
                Ok(module) => module.into_any(),
                Err(_) => return Ok(None),
            }
        }
    };
    Ok(namespace.getattr_opt("from_dlpack")?.map(Bound::unbind))
}

/// A module that impasto does without, but this cannot.
pub(crate) fn optional<'py>(py: Python<'py>, module: &str, package: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(module).map_err(|e| {
        let missing = PyImportError::new_err(format!("{package} is not installed: pip install {package}"));
        missing.set_cause(py, Some(e));
        missing
    })
}

/// Python's warnings of the library's.
pub(crate) fn warn(py: Python<'_>, warnings: &[String]) -> PyResult<()> {
    let category = py.get_type::<PyUserWarning>();
    warnings.iter().try_for_each(|text| {
        let text = std::ffi::CString::new(text.replace('\0', " ")).unwrap_or_default();
        PyErr::warn(py, &category, &text, 2)
    })
}
