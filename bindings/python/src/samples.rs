//! Samples in the number types of Python's arrays.

use std::ffi::c_void;

use half::{bf16, f16};
use impasto::picture::{Picture, Source};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::error::{OrRaise, invalid, wrong_type};

/// A type of numbers. In integer types, the greatest value stands for 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only for masks.
    Bool,
    U8,
    U16,
    F16,
    /// The type of `ml_dtypes`, PyTorch, JAX and TensorFlow.
    BF16,
    F32,
    F64,
}

const KINDS: [(Kind, &str, &str, usize); 7] = [
    (Kind::Bool, "bool", "|b1", 1),
    (Kind::U8, "uint8", "|u1", 1),
    (Kind::U16, "uint16", "<u2", 2),
    (Kind::F16, "float16", "<f2", 2),
    // NumPy only knows it as an unspecified type of two bytes.
    (Kind::BF16, "bfloat16", "<V2", 2),
    (Kind::F32, "float32", "<f4", 4),
    (Kind::F64, "float64", "<f8", 8),
];

impl Kind {
    pub(crate) const KNOWN: &str =
        "supported types are uint8 (0 to 255), uint16 (0 to 65535), and bfloat16, float16, float32 and float64 (0 to 1)";

    fn row(self) -> (&'static str, &'static str, usize) {
        KINDS.iter().find(|(kind, ..)| *kind == self).map_or(("", "", 0), |&(_, name, typestr, size)| (name, typestr, size))
    }

    pub(crate) fn typestr(self) -> &'static str {
        self.row().1
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    /// The value that stands for 1.
    pub(crate) fn white(self) -> f32 {
        match self {
            Kind::U8 => 255.0,
            Kind::U16 => 65535.0,
            Kind::Bool | Kind::F16 | Kind::BF16 | Kind::F32 | Kind::F64 => 1.0,
        }
    }

    /// Bytes per element.
    pub(crate) fn size(self) -> usize {
        self.row().2
    }

    /// The type of an array, from the array interface's name for it, and from NumPy's.
    pub(crate) fn of_typestr(typestr: &str, dtype: Option<&str>, what: &str) -> PyResult<Self> {
        // Elements are in the machine's byte order. Single bytes have none.
        let little = typestr.replace('=', "<");
        let found = KINDS.iter().find(|(kind, name, known, _)| {
            (*known == little || (typestr == "<u1" && *known == "|u1")) && (*kind != Kind::BF16 || dtype == Some(name))
        });
        found.map(|(kind, ..)| *kind).ok_or_else(|| Self::unknown(dtype.unwrap_or(typestr), what))
    }

    /// The error for an unsupported type, with a hint what to do.
    pub(crate) fn unknown(name: &str, what: &str) -> PyErr {
        let whole = name.contains("int") && !name.contains("uint16");
        let cure = if name.starts_with('>') {
            "; give array.astype(array.dtype.newbyteorder(\"=\"))"
        } else if whole {
            "; if the values are 0 to 255, give array.astype(\"uint8\")"
        } else {
            ""
        };
        invalid(format!("{what} is an array of {name}; {}{cure}", Self::KNOWN))
    }

    /// The type of a file's samples, or the nearest one.
    pub(crate) fn of_source(source: &Source) -> Self {
        match source.bit_depth {
            ..=8 => Kind::U8,
            9..=16 => Kind::U16,
            _ => Kind::F32,
        }
    }

    /// The type with a name, from text, a NumPy type (`numpy.uint8`) or a `numpy.dtype`.
    pub(crate) fn of_dtype(dtype: &Bound<'_, PyAny>) -> PyResult<Self> {
        Self::of_name(&dtype_name(dtype)?)
    }

    pub(crate) fn of_name(name: &str) -> PyResult<Self> {
        let found = KINDS.iter().find(|(kind, known, ..)| *known == name && *kind != Kind::Bool);
        found
            .map(|(kind, ..)| *kind)
            .ok_or_else(|| invalid(format!("dtype: arrays of {name} are not supported; {}", Self::KNOWN)))
    }
}

/// NumPy's name for a type.
fn dtype_name(dtype: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(name) = dtype.extract::<String>() {
        return Ok(name);
    }
    let attribute = if dtype.is_instance_of::<PyType>() { "__name__" } else { "name" };
    match dtype.getattr_opt(attribute)? {
        Some(name) => name.extract(),
        None => Err(wrong_type(format!("dtype is {}, not a NumPy type or its name", dtype.repr()?))),
    }
}

/// A value that stands for a number from 0 to 1.
pub(crate) trait Sample: Copy {
    fn unit(self) -> f32;
}

/// A byte that is true unless it is 0.
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

impl Sample for bf16 {
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

/// A picture's samples, `height × width × channels` in row-major order: RGB or RGBA.
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
    BF16(Vec<bf16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Samples {
    /// Converts a picture. Values are clamped to 0 to 1, and integers rounded
    /// to nearest. `alpha` adds a fourth channel.
    pub(crate) fn new(picture: Picture, kind: Kind, alpha: bool) -> PyResult<Self> {
        let shape = [picture.height(), picture.width(), if alpha { 4 } else { 3 }];
        let values = match (kind, alpha) {
            (Kind::Bool, _) => return Err(invalid("pictures cannot become boolean arrays")),
            (Kind::U8, false) => Values::U8(picture.to_rgb8().or_raise()?),
            (Kind::U8, true) => Values::U8(picture.to_rgba8().or_raise()?),
            (Kind::U16, false) => Values::U16(picture.to_rgb16().or_raise()?),
            (Kind::U16, true) => Values::U16(floats(picture, true).into_iter().map(|v| (v * 65535.0 + 0.5) as u16).collect()),
            (Kind::F16, _) => Values::F16(floats(picture, alpha).into_iter().map(f16::from_f32).collect()),
            (Kind::BF16, _) => Values::BF16(floats(picture, alpha).into_iter().map(bf16::from_f32).collect()),
            (Kind::F32, _) => Values::F32(floats(picture, alpha)),
            (Kind::F64, _) => Values::F64(floats(picture, alpha).into_iter().map(f64::from).collect()),
        };
        Ok(Samples { values, shape })
    }

    /// Moves the channels to this axis, also in memory.
    pub(crate) fn with_channels_at(self, axis: usize) -> Self {
        let Samples { values, shape } = self;
        let values = match values {
            Values::U8(values) => Values::U8(moved(values, shape, axis)),
            Values::U16(values) => Values::U16(moved(values, shape, axis)),
            Values::F16(values) => Values::F16(moved(values, shape, axis)),
            Values::BF16(values) => Values::BF16(moved(values, shape, axis)),
            Values::F32(values) => Values::F32(moved(values, shape, axis)),
            Values::F64(values) => Values::F64(moved(values, shape, axis)),
        };
        let [height, width, channels] = shape;
        let shape = match axis {
            0 => [channels, height, width],
            1 => [height, channels, width],
            _ => shape,
        };
        Samples { values, shape }
    }

    pub(crate) fn kind(&self) -> Kind {
        match self.values {
            Values::U8(_) => Kind::U8,
            Values::U16(_) => Kind::U16,
            Values::F16(_) => Kind::F16,
            Values::BF16(_) => Kind::BF16,
            Values::F32(_) => Kind::F32,
            Values::F64(_) => Kind::F64,
        }
    }

    pub(crate) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// The address of the first sample.
    pub(crate) fn start(&self) -> *const c_void {
        match &self.values {
            Values::U8(values) => values.as_ptr().cast(),
            Values::U16(values) => values.as_ptr().cast(),
            Values::F16(values) => values.as_ptr().cast(),
            Values::BF16(values) => values.as_ptr().cast(),
            Values::F32(values) => values.as_ptr().cast(),
            Values::F64(values) => values.as_ptr().cast(),
        }
    }
}

fn moved<T: Copy>(values: Vec<T>, [height, width, channels]: [usize; 3], axis: usize) -> Vec<T> {
    let at = |y: usize, x: usize, c: usize| values[(y * width + x) * channels + c];
    let row = |y: usize, c: usize| (0..width).map(move |x| (y, x, c));
    match axis {
        0 => (0..channels).flat_map(|c| (0..height).flat_map(move |y| row(y, c))).map(|(y, x, c)| at(y, x, c)).collect(),
        1 => (0..height).flat_map(|y| (0..channels).flat_map(move |c| row(y, c))).map(|(y, x, c)| at(y, x, c)).collect(),
        _ => values,
    }
}

/// A picture's values, clamped to 0 to 1, with alpha if requested.
fn floats(mut picture: Picture, alpha: bool) -> Vec<f32> {
    picture.rgb_mut().iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
    if !alpha {
        return picture.into_rgb();
    }
    let opaque = vec![1.0; picture.width() * picture.height()];
    let plane = picture.alpha().unwrap_or(&opaque);
    picture.rgb().chunks_exact(3).zip(plane).flat_map(|(c, &a)| [c[0], c[1], c[2], a]).collect()
}
