//! Pictures.

use std::path::PathBuf;
use std::sync::Arc;

use impasto::picture::{EncodeOptions, Format, Profile, Resize, SaveOptions};
use impasto::request::Part;
use impasto_draw::{Canvas, content, styles};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict};

use crate::asked::Asked;
use crate::error::{OrRaise, invalid};
use crate::given::{self, Form, Given};
use crate::memory;
use crate::pixels::{Kind, Pixels, Samples};

/// Longest side of what notebooks show: more than a screen has.
const SHOWN: usize = 2048;

/// A picture: sRGB colours as float32 of 0 to 1, height × width × 3, with alpha if it has any, and what its file said besides (colour profile, Exif,
/// bits of a sample), which files that are made of it get again.
///
/// `Picture(source)` takes a path, a file's bytes, a `PIL.Image`, an array of height × width × 3 or 4 (uint8, uint16, or floats of 0 to 1), or
/// anything with `__array_interface__` or DLPack in the machine's memory. Floats out of 0 to 1 are refused, or clipped with `clip=True`.
///
/// `numpy.asarray(picture)` is a new array of the numbers that the source has: uint8, uint16 or float32; `numpy.asarray(picture, dtype)` has them
/// converted: white is 255 in uint8, 65535 in uint16, 1 in floats.
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Picture(Arc<impasto::Picture>, Kind);

impl Picture {
    pub(crate) fn new(picture: impasto::Picture) -> Self {
        let kind = Kind::of_source(picture.source());
        Picture(Arc::new(picture), kind)
    }

    /// A picture whose arrays have these numbers.
    pub(crate) fn of(picture: Arc<impasto::Picture>, kind: Kind) -> Self {
        Picture(picture, kind)
    }

    /// The numbers of its source.
    pub(crate) fn kind(&self) -> Kind {
        self.1
    }

    pub(crate) fn shared(&self) -> Arc<impasto::Picture> {
        self.0.clone()
    }

    fn samples(&self, py: Python<'_>, kind: Kind) -> PyResult<Pixels> {
        py.detach(|| Samples::new((*self.0).clone(), kind, self.0.alpha().is_some())).map(Pixels::new)
    }

    fn encoded(&self, py: Python<'_>, format: Format, options: &EncodeOptions) -> PyResult<Vec<u8>> {
        let encoded = py.detach(|| self.0.encode(format, options)).or_raise()?;
        given::warn(py, &encoded.warnings)?;
        Ok(encoded.bytes)
    }
}

#[pymethods]
impl Picture {
    #[new]
    #[pyo3(signature = (source, *, clip=false))]
    fn py_new(source: &Bound<'_, PyAny>, clip: bool) -> PyResult<Self> {
        let Given { picture, form } = Given::read_clipped(source, "the picture", clip)?;
        let kind = match form {
            Form::Array { kind: kind @ (Kind::U8 | Kind::U16), .. }
            | Form::Tensor { kind: kind @ (Kind::U8 | Kind::U16), .. } => kind,
            Form::Array { .. } | Form::Tensor { .. } => Kind::F32,
            Form::Picture(kind) => kind,
            Form::File(_) | Form::Pil { .. } => Kind::of_source(picture.source()),
        };
        Ok(Picture(picture, kind))
    }

    /// Pixels in a row.
    #[getter]
    fn width(&self) -> usize {
        self.0.width()
    }

    /// Rows.
    #[getter]
    fn height(&self) -> usize {
        self.0.height()
    }

    /// (height, width, channels); with alpha there are four.
    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        (self.0.height(), self.0.width(), if self.0.alpha().is_some() { 4 } else { 3 })
    }

    /// Whether any pixel may be transparent.
    #[getter]
    fn has_alpha(&self) -> bool {
        self.0.alpha().is_some()
    }

    /// The same picture with its longer side this long, in proportion.
    fn fit(&self, py: Python<'_>, long_side: usize) -> PyResult<Self> {
        let picture = py.detach(|| self.0.fit_long_side(long_side, Resize::PHOTO)).or_raise()?;
        Ok(Picture(Arc::new(picture), self.1))
    }

    /// A new NumPy array of height × width × 3, or 4 with alpha: "uint8", "uint16", "float16", "float32" or "float64", by name or as NumPy's type
    /// (`numpy.uint8`).
    #[pyo3(signature = (dtype=None), text_signature = "($self, dtype='uint8')")]
    fn numpy<'py>(&self, py: Python<'py>, dtype: Option<&Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        given::optional(py, "numpy", "numpy")?;
        given::to_numpy(py, Bound::new(py, self.pixels(py, dtype)?)?.into_any())
    }

    /// The same as `numpy`, without NumPy: something that has `__array_interface__` and DLPack.
    #[pyo3(signature = (dtype=None), text_signature = "($self, dtype='uint8')")]
    fn pixels(&self, py: Python<'_>, dtype: Option<&Bound<'_, PyAny>>) -> PyResult<Pixels> {
        self.samples(py, dtype.map_or(Ok(Kind::U8), Kind::of_dtype)?)
    }

    /// A new `PIL.Image`, RGB or RGBA.
    fn pil<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        given::to_pil(py, &self.0, self.has_alpha(), None)
    }

    /// Writes a picture file (JPEG, PNG, lossless WebP, TIFF, …), as the extension says, or `format`; whole or not at all. A file that is there is
    /// replaced only with `overwrite`. `quality` (1 to 100) and `subsampling` ("444", "422" or "420") are JPEG's, `compression` ("fast", "balanced" or
    /// "high") is PNG's and TIFF's, `depth` the bits of a sample ("auto", 8 or 16); `profile` is "keep" (the source's) or "srgb"; `strip` leaves
    /// metadata out.
    #[pyo3(
        signature = (path, **options),
        text_signature = "($self, path, *, format=None, profile='keep', strip=False, depth='auto', quality=95, subsampling='444', \
                          compression='fast', overwrite=False)"
    )]
    fn save(&self, py: Python<'_>, path: PathBuf, options: Option<&Bound<'_, PyDict>>) -> PyResult<()> {
        let asked = Asked::read("save", &[Part::File], &["overwrite"], options)?;
        let overwrite = asked.extract("overwrite")?.unwrap_or(false);
        let Asked { options, .. } = asked;
        let options = SaveOptions { overwrite, format: options.format, encode: options.encoding() };
        let warnings = py.detach(|| self.0.save(&path, &options)).or_raise()?;
        given::warn(py, &warnings)
    }

    /// The bytes of a file of this format: "png", "jpg", "webp", "tif", … The other options are those of `save`.
    #[pyo3(
        signature = (format="png", **options),
        text_signature = "($self, format='png', *, profile='keep', strip=False, depth='auto', quality=95, subsampling='444', \
                          compression='fast')"
    )]
    fn encode<'py>(&self, py: Python<'py>, format: &str, options: Option<&Bound<'py, PyDict>>) -> PyResult<Bound<'py, PyBytes>> {
        let known = Format::from_extension(format);
        let known = known.ok_or_else(|| {
            let names: Vec<_> = Format::written().map(Format::extension).collect();
            invalid(format!("format is one of {}, not {format:?}", names.join(", ")))
        })?;
        let options = Asked::read("encode", &[Part::File], &[], options)?.options.encoding();
        Ok(PyBytes::new(py, &self.encoded(py, known, &options)?))
    }

    /// What notebooks show.
    fn _repr_png_<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let large = self.0.width().max(self.0.height()) > SHOWN;
        let shown = if large { &self.fit(py, SHOWN)? } else { self };
        let options = EncodeOptions::default().strip(true).profile(Profile::Srgb);
        Ok(PyBytes::new(py, &shown.encoded(py, Format::Png, &options)?))
    }

    /// For `numpy.array(picture, dtype)`: the numbers are converted, not cut.
    #[pyo3(signature = (dtype=None, copy=None))]
    fn __array__<'py>(
        &self,
        py: Python<'py>,
        dtype: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if copy == Some(false) {
            return Err(PyValueError::new_err("a picture's array is always a copy; leave out copy=False"));
        }
        let array = |kind| given::to_numpy(py, Bound::new(py, self.samples(py, kind)?)?.into_any());
        match (dtype, dtype.map(Kind::of_dtype)) {
            (_, None) => array(self.1),
            (_, Some(Ok(kind))) => array(kind),
            // Of other numbers it is as NumPy makes them of the source's.
            (dtype, Some(Err(_))) => array(self.1)?.call_method1("astype", (dtype,)),
        }
    }

    /// A copy: consumers may write to what they get.
    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<&Bound<'py, PyAny>>,
        dl_device: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let _ = (stream, max_version, dl_device, copy);
        memory::capsule(py, &Arc::new(Samples::new((*self.0).clone(), self.1, self.has_alpha())?))
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        memory::DEVICE
    }

    fn __repr__(&self) -> String {
        let alpha = if self.has_alpha() { ", with alpha" } else { "" };
        format!("<impasto.Picture {}×{}{alpha}>", self.0.width(), self.0.height())
    }
}

fn drawn(canvas: Canvas) -> PyResult<Picture> {
    impasto::Picture::from_rgb_f32(canvas.width, canvas.height, canvas.rgb).or_raise().map(Picture::new)
}

fn check_sides(width: usize, height: usize) -> PyResult<()> {
    let sides = 1..=8192;
    if sides.contains(&width) && sides.contains(&height) {
        Ok(())
    } else {
        Err(invalid("drawings have sides of 1 to 8192 pixels"))
    }
}

/// A landscape drawn by the program, to try things out on.
#[pyfunction]
#[pyo3(signature = (width=720, height=512, seed=0))]
pub(crate) fn draw_landscape(py: Python<'_>, width: usize, height: usize, seed: u64) -> PyResult<Picture> {
    check_sides(width, height)?;
    drawn(py.detach(|| content::landscape(width, height, seed)))
}

/// A painting drawn by the program in one of the built-in styles (see `built_in_styles`).
#[pyfunction]
#[pyo3(signature = (name, width=512, height=512, seed=0))]
pub(crate) fn draw_style(py: Python<'_>, name: &str, width: usize, height: usize, seed: u64) -> PyResult<Picture> {
    check_sides(width, height)?;
    let names = || styles::ALL.iter().map(|style| style.name).collect::<Vec<_>>().join(", ");
    let style = styles::find(name).ok_or_else(|| invalid(format!("there is no drawn style {name:?}; there are {}", names())))?;
    drawn(py.detach(|| (style.draw)(width, height, seed)))
}
