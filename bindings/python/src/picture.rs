//! Pictures.

use std::path::PathBuf;
use std::sync::Arc;

use impasto::picture::{EncodeOptions, Format, Profile, Resize, SaveOptions};
use impasto_draw::{Canvas, content, styles};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyCapsule, PyDict};

use crate::error::{OrRaise, invalid};
use crate::given::{self, Given};
use crate::memory;
use crate::pixels::{Kind, Pixels, Samples};

/// Longest side of what notebooks show: more than a screen has.
const SHOWN: usize = 2048;

/// A picture: sRGB colours as float32 of 0 to 1, height × width × 3, with alpha if it has any, and what its file said besides (colour profile, Exif,
/// bits of a sample), which files that are made of it get again.
///
/// `Picture(source)` takes a path, a file's bytes, a `PIL.Image`, an array of height × width × 3 or 4 (uint8, uint16, or floats of 0 to 1), or
/// anything with `__array_interface__` or DLPack in the machine's memory. Floats out of 0 to 1 are refused, or clipped with `clip=True`. `numpy.asarray(picture)` is its colours, without a copy, read-only.
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Picture(Arc<impasto::Picture>);

impl Picture {
    pub(crate) fn new(picture: impasto::Picture) -> Self {
        Picture(Arc::new(picture))
    }

    pub(crate) fn shared(&self) -> Arc<impasto::Picture> {
        self.0.clone()
    }

    fn encoded(&self, py: Python<'_>, format: Format, options: &EncodeOptions) -> PyResult<Vec<u8>> {
        let encoded = py.detach(|| self.0.encode(format, options)).or_raise()?;
        given::warn(py, &encoded.warnings)?;
        Ok(encoded.bytes)
    }
}

/// How files are encoded.
pub(crate) fn encoding(quality: u8, strip: bool, profile: &str) -> PyResult<EncodeOptions> {
    let profile = crate::error::choice("profile", profile, &[("keep", Profile::Keep), ("srgb", Profile::Srgb)])?;
    Ok(EncodeOptions::default().quality(quality).strip(strip).profile(profile))
}

#[pymethods]
impl Picture {
    #[new]
    #[pyo3(signature = (source, *, clip=false))]
    fn py_new(source: &Bound<'_, PyAny>, clip: bool) -> PyResult<Self> {
        Ok(Picture(Given::read_clipped(source, "the picture", clip)?.picture))
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
        py.detach(|| self.0.fit_long_side(long_side, Resize::PHOTO)).or_raise().map(Picture::new)
    }

    /// A new NumPy array of height × width × 3, or 4 with alpha: "uint8", "uint16", "float16", "float32" or "float64".
    #[pyo3(signature = (dtype="uint8"))]
    fn numpy<'py>(&self, py: Python<'py>, dtype: &str) -> PyResult<Bound<'py, PyAny>> {
        given::optional(py, "numpy", "numpy")?;
        given::to_numpy(py, Bound::new(py, self.pixels(py, dtype)?)?.into_any())
    }

    /// The same as `numpy`, without NumPy: something that has `__array_interface__` and DLPack.
    #[pyo3(signature = (dtype="uint8"))]
    fn pixels(&self, py: Python<'_>, dtype: &str) -> PyResult<Pixels> {
        let kind = Kind::of_name(dtype)?;
        let alpha = self.0.alpha().is_some();
        py.detach(|| Samples::new((*self.0).clone(), kind, alpha)).map(Pixels::new)
    }

    /// A new `PIL.Image`, RGB or RGBA.
    fn pil<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        given::to_pil(py, &self.0, self.has_alpha(), None)
    }

    /// Writes a picture file (JPEG, PNG, lossless WebP, TIFF, …), as the extension says, whole or not at all. A file that is there is replaced only with
    /// `overwrite`.
    #[pyo3(signature = (path, *, quality=95, overwrite=false, strip=false, profile="keep"))]
    fn save(&self, py: Python<'_>, path: PathBuf, quality: u8, overwrite: bool, strip: bool, profile: &str) -> PyResult<()> {
        let options = SaveOptions { overwrite, encode: encoding(quality, strip, profile)?, ..SaveOptions::default() };
        let warnings = py.detach(|| self.0.save(&path, &options)).or_raise()?;
        given::warn(py, &warnings)
    }

    /// The bytes of a file of this format: "png", "jpg", "webp", "tif", …
    #[pyo3(signature = (format="png", *, quality=95, strip=false, profile="keep"))]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        format: &str,
        quality: u8,
        strip: bool,
        profile: &str,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let known = Format::from_extension(format);
        let known = known.ok_or_else(|| {
            let names: Vec<_> = Format::written().map(Format::extension).collect();
            invalid(format!("format is one of {}, not {format:?}", names.join(", ")))
        })?;
        Ok(PyBytes::new(py, &self.encoded(py, known, &encoding(quality, strip, profile)?)?))
    }

    /// What notebooks show.
    fn _repr_png_<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let large = self.0.width().max(self.0.height()) > SHOWN;
        let shown = if large { &self.fit(py, SHOWN)? } else { self };
        let options = EncodeOptions::default().strip(true).profile(Profile::Srgb);
        Ok(PyBytes::new(py, &shown.encoded(py, Format::Png, &options)?))
    }

    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let shape = [self.0.height(), self.0.width(), 3];
        memory::interface(py, self.0.rgb().as_ptr().cast(), Kind::F32, shape, true)
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
        memory::capsule(py, &Arc::new(Samples::new((*self.0).clone(), Kind::F32, false)?))
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
