//! How to read what callers give.

use impasto::picture::Limits;
use pyo3::prelude::*;

use crate::error::invalid;
use crate::held;

/// How to read what callers give.
#[derive(Clone)]
pub(crate) struct Reading<'a> {
    /// Its name in errors.
    pub(crate) what: &'a str,
    /// Whether floats outside 0 to 1 are clipped.
    pub(crate) clip: bool,
    /// The channel axis in the array of a single picture.
    pub(crate) channel_axis: usize,
    pub(crate) limits: Limits,
}

impl<'a> Reading<'a> {
    pub(crate) fn of(what: &'a str) -> Self {
        Reading { what, clip: false, channel_axis: 2, limits: Limits::default() }
    }

    pub(crate) fn clip(self, clip: bool) -> Self {
        Reading { clip, ..self }
    }

    /// Sets the channel axis of `object`. Default: the last. Negative ones count from the end.
    pub(crate) fn channel_axis(self, object: &Bound<'_, PyAny>, axis: Option<isize>) -> PyResult<Self> {
        let Some(axis) = axis else { return Ok(self) };
        let axes = if dimensions(object)?.is_some_and(|sides| sides.len() == 4) { 4 } else { 3 };
        let from_start = usize::try_from(if axis < 0 { axis + axes } else { axis });
        let channel_axis = match (from_start, axes) {
            (Ok(axis @ 1..4), 4) => axis - 1,
            (Ok(axis @ 0..3), 3) => axis,
            (_, 4) => {
                let known = "1 to 3 or -3 to -1 in a batch, whose first axis counts the pictures";
                return Err(invalid(format!("channel_axis: must be {known}, not {axis}")));
            }
            _ => return Err(invalid(format!("channel_axis: must be 0 to 2 or -3 to -1, not {axis}"))),
        };
        Ok(Reading { channel_axis, ..self })
    }
}

/// The lengths of an array's axes.
pub(crate) fn dimensions(object: &Bound<'_, PyAny>) -> PyResult<Option<Vec<usize>>> {
    if object.is_instance_of::<held::Picture>() {
        return Ok(None);
    }
    Ok(object.getattr_opt("shape")?.and_then(|shape| shape.try_iter().ok()?.map(|side| side.ok()?.extract().ok()).collect()))
}
