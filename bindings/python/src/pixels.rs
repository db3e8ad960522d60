//! Pixels that other libraries read in place.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::error::invalid;
use crate::memory::{self, DEVICE};
use crate::samples::{Kind, Samples};

/// A picture's samples as an array of height × width × 3 or 4, for libraries that read `__array_interface__` or DLPack:
/// `numpy.asarray(pixels)` and `torch.from_dlpack(pixels)` share its memory.
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Pixels(Arc<Samples>);

impl Pixels {
    pub(crate) fn new(samples: Samples) -> Self {
        Pixels(Arc::new(samples))
    }

    pub(crate) fn kind(&self) -> Kind {
        self.0.kind()
    }
}

#[pymethods]
impl Pixels {
    /// (height, width, channels), or with the channels at `channel_axis`.
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
        // There is one device and one version. Streams are for other devices.
        let _ = (stream, max_version, dl_device);
        if copy == Some(true) {
            return Err(invalid("pixels are lent, not copied; leave out copy=True, and copy them afterward"));
        }
        memory::capsule(py, &self.0)
    }

    fn __dlpack_device__(&self) -> (i32, i32) {
        DEVICE
    }

    fn __repr__(&self) -> String {
        let [height, width, channels] = self.0.shape();
        format!("<impasto.Pixels {height}×{width}×{channels} {}>", self.0.kind().name())
    }
}
