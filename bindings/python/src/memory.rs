//! Reads arrays of other libraries in place and lends ours, through NumPy's [array interface] and through [DLPack].
//!
//! The only module here with `unsafe` code of its own. What an array says about itself (address, shape, strides) must
//! be trusted. Everything that can be checked is checked.
//!
//! [array interface]: https://numpy.org/doc/stable/reference/arrays.interface.html
//! [DLPack]: https://dmlc.github.io/dlpack/latest/python_spec.html

use std::ffi::{CStr, c_void};
use std::ptr::NonNull;
use std::sync::Arc;

use half::{bf16, f16};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyTuple};

use crate::error::{invalid, wrong_type};
use crate::samples::{Kind, Sample, Samples, Truth};

/// Most elements in an array, so that no product of sizes overflows.
const MAX_ELEMENTS: usize = 1 << 40;

/// Another library's array, read in place.
pub(crate) struct Foreign<'py> {
    start: NonNull<u8>,
    kind: Kind,
    shape: Vec<usize>,
    /// Strides in bytes.
    strides: Vec<isize>,
    /// Keeps the memory alive.
    _owner: Bound<'py, PyAny>,
}

impl<'py> Foreign<'py> {
    /// Returns an object's array if it supports one of the protocols. `what` is its name in errors. Arrays outside of
    /// main memory are refused. Tensors with gradients are detached, because nothing is trained here.
    pub(crate) fn of(object: &Bound<'py, PyAny>, what: &str) -> PyResult<Option<Self>> {
        let detached = match object.getattr_opt("requires_grad")? {
            Some(wanted) if wanted.is_truthy()? => Some(object.call_method0("detach")?),
            _ => None,
        };
        let object = detached.as_ref().unwrap_or(object);
        if let Some(interface) = object.getattr_opt("__array_interface__")? {
            return Self::of_interface(object, &interface, what).map(Some);
        }
        // NumPy can convert TensorFlow's tensors. Their own protocols do not support every type of numbers.
        let by_numpy = object.hasattr("__array__")? && library(object)? == "tensorflow";
        if !by_numpy && let Some(export) = object.getattr_opt("__dlpack__")? {
            return Self::of_dlpack(object, &export, what).map(Some);
        }
        if object.hasattr("__array__")?
            && let Ok(numpy) = object.py().import("numpy")
        {
            let array = numpy.call_method1("asarray", (object,))?;
            return Self::of_interface(&array, &array.getattr("__array_interface__")?, what).map(Some);
        }
        Ok(None)
    }

    /// The only picture of a batch of one, and whether the array was such a batch.
    pub(crate) fn first_of_one(mut self) -> (Self, bool) {
        let batch = matches!(self.shape.as_slice(), [1, _, _, _]);
        if batch {
            self.shape.remove(0);
            self.strides.remove(0);
        }
        (self, batch)
    }

    /// Moves this axis to the end.
    pub(crate) fn with_last(mut self, axis: usize) -> Self {
        if axis < self.shape.len() {
            let (side, stride) = (self.shape.remove(axis), self.strides.remove(axis));
            self.shape.push(side);
            self.strides.push(stride);
        }
        self
    }

    /// The type of its elements.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Its shape.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn of_interface(object: &Bound<'py, PyAny>, interface: &Bound<'py, PyAny>, what: &str) -> PyResult<Self> {
        let interface = interface.cast::<PyDict>()?;
        let need = |name: &str| {
            let found = interface.get_item(name)?;
            found.ok_or_else(|| wrong_type(format!("the array's interface has no {name:?}")))
        };
        let typestr: String = need("typestr")?.extract()?;
        // The library's own name, if there is one: `int64` for `<i8`. Only this name
        // distinguishes bfloat16 from other types of two bytes.
        let dtype = object.getattr_opt("dtype")?.map(|dtype| dtype.str().map(|name| name.to_string())).transpose()?;
        let kind = Kind::of_typestr(&typestr, dtype.as_deref(), what)?;
        let shape: Vec<usize> = need("shape")?.extract()?;
        let data = interface.get_item("data")?.filter(|data| !data.is_none());
        let Some(data) = data else {
            // `PIL` returns bytes here, but has its own code path.
            return Err(wrong_type("the array's interface has no address; convert the array to NumPy first"));
        };
        let (address, _): (usize, bool) = data.cast::<PyTuple>()?.extract()?;
        let strides = match interface.get_item("strides")?.filter(|strides| !strides.is_none()) {
            Some(strides) => strides.extract()?,
            None => packed(&shape, kind),
        };
        Self::new(address as *mut u8, kind, shape, strides, object.clone())
    }

    fn of_dlpack(object: &Bound<'py, PyAny>, export: &Bound<'py, PyAny>, what: &str) -> PyResult<Self> {
        let (device, _): (i32, i32) = object.call_method0("__dlpack_device__")?.extract()?;
        if device != dlpack::CPU {
            let device = object.getattr_opt("device")?.map(|device| format!(" ({device})")).unwrap_or_default();
            let text = format!("{what} is on another device{device}; copy it to main memory first, for example with .cpu()");
            return Err(invalid(text));
        }
        let capsule = export.call0()?;
        let tensor = capsule.cast::<PyCapsule>()?.pointer_checked(Some(dlpack::NAME))?.cast::<dlpack::Managed>();
        // SAFETY: by the protocol, a capsule with this name that nobody has consumed holds such a structure. It stays
        // unchanged at least as long as the capsule, which `Foreign` keeps and does not consume. `shape` and `strides`
        // point to `ndim` numbers, but `strides` may be null.
        let (data, kind, shape, strides) = unsafe {
            let dlpack::Tensor { data, ndim, kind, shape, strides, byte_offset, .. } = &tensor.as_ref().tensor;
            let ndim = usize::try_from(*ndim).unwrap_or(0);
            let numbers = |start: *const i64| (0..ndim).map(|i| *start.add(i)).collect::<Vec<_>>();
            let strides = if strides.is_null() { None } else { Some(numbers(*strides)) };
            (data.cast::<u8>().wrapping_add(*byte_offset as usize), *kind, numbers(*shape), strides)
        };
        let kind = kind.kind(object, what)?;
        let shape = shape.into_iter().map(|n| usize::try_from(n).unwrap_or(0)).collect::<Vec<_>>();
        let strides = match strides {
            Some(strides) => strides.into_iter().map(|n| (n as isize).saturating_mul(kind.size() as isize)).collect(),
            None => packed(&shape, kind),
        };
        Self::new(data, kind, shape, strides, capsule)
    }

    fn new(start: *mut u8, kind: Kind, shape: Vec<usize>, strides: Vec<isize>, owner: Bound<'py, PyAny>) -> PyResult<Self> {
        let elements = shape.iter().try_fold(1usize, |all, &n| all.checked_mul(n));
        if elements.is_none_or(|n| n > MAX_ELEMENTS) || strides.len() != shape.len() {
            return Err(invalid(format!("an array of shape {shape:?} is impossible")));
        }
        let start = NonNull::new(start).unwrap_or(NonNull::dangling());
        if elements != Some(0) && start == NonNull::dangling() {
            return Err(invalid("the array has no memory"));
        }
        Ok(Foreign { start, kind, shape, strides, _owner: owner })
    }

    /// Calls `take` with each row in order: `width · channels` values as floats from 0 to 1.
    /// Arrays with two dimensions have one channel.
    pub(crate) fn rows(&self, mut take: impl FnMut(&[f32])) {
        match self.kind {
            Kind::Bool => self.rows_of::<Truth>(&mut take),
            Kind::U8 => self.rows_of::<u8>(&mut take),
            Kind::U16 => self.rows_of::<u16>(&mut take),
            Kind::F16 => self.rows_of::<f16>(&mut take),
            Kind::BF16 => self.rows_of::<bf16>(&mut take),
            Kind::F32 => self.rows_of::<f32>(&mut take),
            Kind::F64 => self.rows_of::<f64>(&mut take),
        }
    }

    fn rows_of<T: Sample>(&self, take: &mut impl FnMut(&[f32])) {
        let &[height, width, ref rest @ ..] = self.shape.as_slice() else { return };
        let (channels, channel) = match (rest, self.strides.get(2)) {
            ([channels, ..], Some(&stride)) => (*channels, stride),
            _ => (1, 0),
        };
        let (row, column) = (self.strides[0], self.strides[1]);
        let size = size_of::<T>() as isize;
        let dense = (channels == 1 || channel == size) && (width == 1 || column == channels as isize * size);
        let mut unit = vec![0f32; width * channels];
        for y in 0..height {
            let start = self.start.as_ptr().wrapping_offset(y as isize * row);
            // SAFETY: by the strides, addresses within the shape are in the owner's memory. It
            // holds elements of this type, for which any bits are a valid value. We hold Python's
            // lock, so no Python code writes there meanwhile.
            unsafe {
                if dense && start.cast::<T>().is_aligned() {
                    let values = std::slice::from_raw_parts(start.cast::<T>(), width * channels);
                    unit.iter_mut().zip(values).for_each(|(unit, value)| *unit = value.unit());
                } else {
                    let places = (0..width).flat_map(|x| (0..channels).map(move |c| x as isize * column + c as isize * channel));
                    unit.iter_mut()
                        .zip(places)
                        .for_each(|(unit, place)| *unit = start.wrapping_offset(place).cast::<T>().read_unaligned().unit());
                }
            }
            take(&unit);
        }
    }
}

/// The package of an object's type: `torch`, `tensorflow`, …
pub(crate) fn library(object: &Bound<'_, PyAny>) -> PyResult<String> {
    let module: String = object.get_type().getattr("__module__")?.extract()?;
    Ok(module.split('.').next().unwrap_or_default().to_owned())
}

fn packed(shape: &[usize], kind: Kind) -> Vec<isize> {
    let mut stride = kind.size() as isize;
    let mut strides: Vec<isize> = shape
        .iter()
        .rev()
        .map(|&n| {
            let this = stride;
            stride = stride.saturating_mul(n as isize);
            this
        })
        .collect();
    strides.reverse();
    strides
}

/// The array interface of memory that `samples` keeps.
pub(crate) fn interface<'py>(
    py: Python<'py>,
    start: *const c_void,
    kind: Kind,
    shape: [usize; 3],
    read_only: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let interface = PyDict::new(py);
    interface.set_item("version", 3)?;
    interface.set_item("typestr", kind.typestr())?;
    interface.set_item("shape", (shape[0], shape[1], shape[2]))?;
    interface.set_item("data", (start as usize, read_only))?;
    interface.set_item("strides", py.None())?;
    Ok(interface)
}

/// The device of all our memory, in DLPack's numbers.
pub(crate) const DEVICE: (i32, i32) = (dlpack::CPU, 0);

/// A DLPack capsule over samples, which live as long as anybody uses them.
pub(crate) fn capsule<'py>(py: Python<'py>, samples: &Arc<Samples>) -> PyResult<Bound<'py, PyCapsule>> {
    let lent = Box::new(dlpack::Lent {
        managed: dlpack::Managed {
            tensor: dlpack::Tensor {
                data: samples.start().cast_mut(),
                device: dlpack::Device { kind: DEVICE.0, id: DEVICE.1 },
                ndim: 3,
                kind: samples.kind().into(),
                shape: std::ptr::null_mut(),
                strides: std::ptr::null_mut(),
                byte_offset: 0,
            },
            context: std::ptr::null_mut(),
            deleter: Some(dlpack::delete),
        },
        shape: samples.shape().map(|n| n as i64),
        _samples: samples.clone(),
    });
    let lent = Box::into_raw(lent);
    // SAFETY: the box is ours until `delete` takes it back. The capsule's destructor calls that, or whoever consumes
    // the capsule. `managed` is the structure's first field, so a pointer to one is also a pointer to the other.
    unsafe {
        (*lent).managed.tensor.shape = (&raw mut (*lent).shape).cast();
        (*lent).managed.context = lent.cast();
        let pointer = NonNull::new_unchecked(lent.cast::<c_void>());
        PyCapsule::new_with_pointer_and_destructor(py, pointer, dlpack::NAME, Some(dlpack::destroy))
    }
}

/// DLPack's structures (version 0, which all libraries read).
mod dlpack {
    use super::{Arc, CStr, Kind, NonNull, Samples, c_void};
    use pyo3::ffi;
    use pyo3::prelude::*;

    pub(super) const NAME: &CStr = c"dltensor";
    pub(super) const CPU: i32 = 1;

    #[repr(C)]
    pub(super) struct Device {
        pub(super) kind: i32,
        pub(super) id: i32,
    }

    #[repr(C)]
    #[derive(Clone, Copy)]
    pub(super) struct Type {
        code: u8,
        bits: u8,
        lanes: u16,
    }

    #[repr(C)]
    pub(super) struct Tensor {
        pub(super) data: *mut c_void,
        pub(super) device: Device,
        pub(super) ndim: i32,
        pub(super) kind: Type,
        pub(super) shape: *mut i64,
        pub(super) strides: *mut i64,
        pub(super) byte_offset: u64,
    }

    #[repr(C)]
    pub(super) struct Managed {
        pub(super) tensor: Tensor,
        pub(super) context: *mut c_void,
        pub(super) deleter: Option<unsafe extern "C" fn(*mut Managed)>,
    }

    #[repr(C)]
    pub(super) struct Lent {
        pub(super) managed: Managed,
        pub(super) shape: [i64; 3],
        pub(super) _samples: Arc<Samples>,
    }

    /// DLPack's type codes: 1 for unsigned integers, 2 for floats, 4 for bfloat16, 6 for booleans.
    const TYPES: [(Kind, u8, u8); 7] = [
        (Kind::Bool, 6, 8),
        (Kind::U8, 1, 8),
        (Kind::U16, 1, 16),
        (Kind::F16, 2, 16),
        (Kind::BF16, 4, 16),
        (Kind::F32, 2, 32),
        (Kind::F64, 2, 64),
    ];

    impl Type {
        pub(super) fn kind(self, object: &Bound<'_, PyAny>, what: &str) -> PyResult<Kind> {
            let found = TYPES.into_iter().find(|&(_, code, bits)| (code, bits, 1) == (self.code, self.bits, self.lanes));
            found.map(|(kind, ..)| kind).ok_or_else(|| {
                let own = object.getattr("dtype").map(|dtype| dtype.to_string());
                Kind::unknown(&own.unwrap_or_else(|_| format!("{}-bit numbers of another kind", self.bits)), what)
            })
        }
    }

    impl From<Kind> for Type {
        fn from(kind: Kind) -> Self {
            let (code, bits) = TYPES.into_iter().find(|&(k, ..)| k == kind).map_or((0, 0), |(_, code, bits)| (code, bits));
            Type { code, bits, lanes: 1 }
        }
    }

    /// Takes a lent structure back.
    ///
    /// # Safety
    /// `managed` must belong to a [`Lent`] that came from a box, and nobody may use it afterwards.
    pub(super) unsafe extern "C" fn delete(managed: *mut Managed) {
        if let Some(managed) = NonNull::new(managed) {
            // SAFETY: as this function demands; `context` is the box.
            drop(unsafe { Box::from_raw(managed.as_ref().context.cast::<Lent>()) });
        }
    }

    /// Frees a capsule that nobody has consumed. Consumers rename the capsule and call the deleter themselves.
    ///
    /// # Safety
    /// `capsule` must have been made by `capsule` above.
    pub(super) unsafe extern "C" fn destroy(capsule: *mut ffi::PyObject) {
        // SAFETY: Python calls this with its lock held and the capsule still intact.
        // An unconsumed capsule holds our structure.
        unsafe {
            if ffi::PyCapsule_IsValid(capsule, NAME.as_ptr()) == 1 {
                delete(ffi::PyCapsule_GetPointer(capsule, NAME.as_ptr()).cast());
            }
        }
    }
}
