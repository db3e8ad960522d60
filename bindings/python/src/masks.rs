//! Reads masks from pictures and arrays.

use impasto::picture::Mask;
use pyo3::prelude::*;

use crate::arrays::in_range;
use crate::error::{OrRaise, invalid};
use crate::given::{Form, Given, pil_module};
use crate::held;
use crate::memory::Foreign;
use crate::reading::Reading;
use crate::samples::Kind;

/// Reads a mask: a picture's brightness, or an array of height × width whose greatest value is white.
pub(crate) fn mask(object: &Bound<'_, PyAny>, feather: f32, what: &str, clip: bool) -> PyResult<Mask> {
    if !object.is_instance_of::<held::Picture>()
        && let Some(array) = plane(object, what)?
    {
        let &[height, width, ..] = array.shape() else { return Err(invalid(format!("{what} does not have two dimensions"))) };
        let mut values = Vec::with_capacity(height * width);
        array.rows(|row| values.extend_from_slice(row));
        check_white(&values, array.kind(), what)?;
        in_range(&mut values, what, clip)?;
        return Mask::new([width, height], &values)
            .and_then(|mask| mask.feather(feather))
            .map_err(|e| e.context(what))
            .or_raise();
    }
    let given = Given::read(object, &Reading::of(what).clip(clip))?;
    if let Form::Array { kind, .. } = given.form {
        check_white(given.picture.rgb(), kind, what)?;
    }
    Mask::from_picture(&given.picture).and_then(|mask| mask.feather(feather)).map_err(|e| e.context(what)).or_raise()
}

/// The array, if it has one channel.
fn plane<'py>(object: &Bound<'py, PyAny>, what: &str) -> PyResult<Option<Foreign<'py>>> {
    if pil_module(object)?.is_some() {
        return Ok(None);
    }
    Ok(Foreign::of(object, what)?.filter(|array| matches!(array.shape(), [_, _] | [_, _, 1])))
}

/// Refuses whole numbers of only 0 and 1. They are meant as black and white, but 255 is white, so they would be black.
fn check_white(values: &[f32], kind: Kind, what: &str) -> PyResult<()> {
    let white = kind.white();
    let most = values.iter().copied().fold(0f32, f32::max);
    if white == 1.0 || (most * white).round() != 1.0 {
        return Ok(());
    }
    let name = kind.name();
    Err(invalid(format!(
        "{what} is {name} with no value above 1, but white is {white}; multiply by {white}, or give mask.astype(bool)"
    )))
}
