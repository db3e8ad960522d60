//! Samples of the kinds that Python's arrays have.

use std::ffi::c_void;
use std::sync::Arc;

use half::f16;
use impasto::picture::{Picture, Source};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyType};

use crate::error::{OrRaise, invalid};
use crate::memory::{self, DEVICE};

/// A kind of numbers. The greatest whole number stands for 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Of masks only.
    Bool,
    U8,
    U16,
    F16,
    F32,
    F64,
}

const KINDS: [(Kind, &str, &str, usize); 6] = [
    (Kind::Bool, "bool", "|b1", 1),
    (Kind::U8, "uint8", "|u1", 1),
    (Kind::U16, "uint16", "<u2", 2),
    (Kind::F16, "float16", "<f2", 2),
    (Kind::F32, "float32", "<f4", 4),
    (Kind::F64, "float64", "<f8", 8),
];

impl Kind {
    pub(crate) const KNOWN: &str = "known are uint8 (0 to 255), uint16 (0 to 65535), and float16, float32 and float64 (0 to 1)";

    fn row(self) -> (&'static str, &'static str, usize) {
        KINDS.iter().find(|(kind, ..)| *kind == self).map_or(("", "", 0), |&(_, name, typestr, size)| (name, typestr, size))
    }

    pub(crate) fn typestr(self) -> &'static str {
        self.row().1
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    /// The number that stands for 1.
    pub(crate) fn white(self) -> f32 {
        match self {
            Kind::U8 => 255.0,
            Kind::U16 => 65535.0,
            Kind::Bool | Kind::F16 | Kind::F32 | Kind::F64 => 1.0,
        }
    }

    /// Bytes of an element.
    pub(crate) fn size(self) -> usize {
        self.row().2
    }

    pub(crate) fn of_typestr(text: &str) -> PyResult<Self> {
        // Bytes are in the machine's order; a single one has none.
        let little = text.replace('=', "<");
        let found = KINDS.iter().find(|(_, _, typestr, _)| *typestr == little || (text == "<u1" && *typestr == "|u1"));
        found.map(|(kind, ..)| *kind).ok_or_else(|| invalid(format!("an array of {text}; {}", Self::KNOWN)))
    }

    /// The numbers that a file's samples are, or the nearest to them.
    pub(crate) fn of_source(source: &Source) -> Self {
        match source.bit_depth {
            ..=8 => Kind::U8,
            9..=16 => Kind::U16,
            _ => Kind::F32,
        }
    }

    /// By a name, a NumPy type (`numpy.uint8`) or a `numpy.dtype`.
    pub(crate) fn of_dtype(dtype: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of_name(&dtype_name(dtype)?)
    }

    pub(crate) fn of_name(name: &str) -> PyResult<Self> {
        let found = KINDS.iter().find(|(kind, known, ..)| *known == name && *kind != Kind::Bool);
        found.map(|(kind, ..)| *kind).ok_or_else(|| invalid(format!("an array of {name}; {}", Self::KNOWN)))
    }
}

/// What NumPy calls it.
fn dtype_name(dtype: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(name) = dtype.extract::<String>() {
        return Ok(name);
    }
    let attribute = if dtype.is_instance_of::<PyType>() { "__name__" } else { "name" };
    match dtype.getattr_opt(attribute)? {
        Some(name) => name.extract(),
        None => Err(PyTypeError::new_err(format!("dtype is {}, not a name or a type of NumPy", dtype.repr()?))),
    }
}

/// A number that stands for one of 0..1.
pub(crate) trait Sample: Copy {
    fn unit(self) -> f32;
}

/// A byte that is true if it is not 0.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub(crate) struct Truth(u8);

impl Sample for Truth {
    fn unit(self) -> f32 {
        f32::from(u8::from(self.0 != 0))
    }
}

impl Sample for u8 {
    fn unit(self) -> f32 {
        f32::from(self) / 255.0
    }
}

impl Sample for u16 {
    fn unit(self) -> f32 {
        f32::from(self) / 65535.0
    }
}

impl Sample for f16 {
    fn unit(self) -> f32 {
        self.to_f32()
    }
}

impl Sample for f32 {
    fn unit(self) -> f32 {
        self
    }
}

impl Sample for f64 {
    fn unit(self) -> f32 {
        self as f32
    }
}

/// A picture's samples, row-major, `height × width × channels`: RGB or RGBA.
#[derive(Debug)]
pub(crate) struct Samples {
    values: Values,
    shape: [usize; 3],
}

#[derive(Debug)]
enum Values {
    U8(Vec<u8>),
    U16(Vec<u16>),
    F16(Vec<f16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Samples {
    /// Of a picture, as whole numbers rounded to nearest; all are clamped to 0..1. `alpha` says whether there are four channels.
    pub(crate) fn new(picture: Picture, kind: Kind, alpha: bool) -> PyResult<Self> {
        let shape = [picture.height(), picture.width(), if alpha { 4 } else { 3 }];
        let values = match (kind, alpha) {
            (Kind::Bool, _) => return Err(invalid("pictures have no boolean arrays")),
            (Kind::U8, false) => Values::U8(picture.to_rgb8().or_raise()?),
            (Kind::U8, true) => Values::U8(picture.to_rgba8().or_raise()?),
            (Kind::U16, false) => Values::U16(picture.to_rgb16().or_raise()?),
            (Kind::U16, true) => Values::U16(floats(picture, true).into_iter().map(|v| (v * 65535.0 + 0.5) as u16).collect()),
            (Kind::F16, _) => Values::F16(floats(picture, alpha).into_iter().map(f16::from_f32).collect()),
            (Kind::F32, _) => Values::F32(floats(picture, alpha)),
            (Kind::F64, _) => Values::F64(floats(picture, alpha).into_iter().map(f64::from).collect()),
        };
        Ok(Samples { values, shape })
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.values {
            Values::U8(_) => Kind::U8,
            Values::U16(_) => Kind::U16,
            Values::F16(_) => Kind::F16,
            Values::F32(_) => Kind::F32,
            Values::F64(_) => Kind::F64,
        }
    }

    pub(crate) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Where they begin.
    pub(crate) fn start(&self) -> *const c_void {
        match &self.values {
            Values::U8(values) => values.as_ptr().cast(),
            Values::U16(values) => values.as_ptr().cast(),
            Values::F16(values) => values.as_ptr().cast(),
            Values::F32(values) => values.as_ptr().cast(),
            Values::F64(values) => values.as_ptr().cast(),
        }
    }
}

/// A picture's values, clamped to 0..1, with alpha if asked.
fn floats(mut picture: Picture, alpha: bool) -> Vec<f32> {
    picture.rgb_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    if !alpha {
        return picture.into_rgb();
    }
    let opaque = vec![1.0; picture.width() * picture.height()];
    let plane = picture.alpha().unwrap_or(&opaque);
    picture.rgb().chunks_exact(3).zip(plane).flat_map(|(c, &a)| [c[0], c[1], c[2], a]).collect()
}

/// A picture's samples as an array of height × width × 3 or 4, for those who read `__array_interface__` or DLPack: `numpy.asarray(pixels)` and
/// `torch.from_dlpack(pixels)` share its memory.
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Pixels(Arc<Samples>);

impl Pixels {
    pub(crate) fn new(samples: Samples) -> Self {
        Pixels(Arc::new(samples))
    }
}

#[pymethods]
impl Pixels {
    /// (height, width, channels).
    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        let [height, width, channels] = self.0.shape();
        (height, width, channels)
    }

    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        memory::interface(py, self.0.start(), self.0.kind(), self.0.shape(), false)
    }

    #[pyo3(signature = (*, stream=None, max_version=None, dl_device=None, copy=None))]
    fn __dlpack__<'py>(
        &self,
        py: Python<'py>,
        stream: Option<&Bound<'py, PyAny>>,
        max_version: Option<&Bound<'py, PyAny>>,
        dl_device: Option<&Bound<'py, PyAny>>,
        copy: Option<bool>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // There is one device and one version; streams are of others.
        let _ = (stream, max_version, dl_device);
        if copy == Some(true) {
            return Err(invalid("pixels are lent, not copied; copy them after"));
        }
        memory::capsule(py, &self.0)
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        DEVICE
    }

    fn __repr__(&self) -> String {
        let [height, width, channels] = self.0.shape();
        format!("<impasto.Pixels {height}×{width}×{channels} {}>", self.0.kind().row().0)
    }
}
