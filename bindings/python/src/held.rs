//! What a `Picture` holds. `picture.rs` has what Python sees of it.

use std::sync::Arc;

use impasto::request::Reference;
use pyo3::prelude::*;

use crate::pixels::Pixels;
use crate::recipe::Recipe;
use crate::samples::{Kind, Samples};

/// A picture: sRGB colors as float32 from 0 to 1, height × width × 3, with alpha if it has any, and what its file said besides (color profile, Exif,
/// bits of a sample), which files that are made of it get again. Pictures do not change.
///
/// Parameters
/// ----------
/// source : path, bytes, file object, PIL.Image, array, tensor or Picture
///     Arrays are height × width × 3 or 4, or height × width for gray, of uint8, uint16, or floats from 0 to 1.
/// clip : bool
///     Floats outside 0 to 1 are refused, or clipped with `clip=True`.
/// channel_axis : int, optional
///     The axis of an array that has the channels; the last one if not given.
///
/// Notes
/// -----
/// `numpy.asarray(picture)` is a new array of the numbers that the source has: uint8, uint16 or float32. `numpy.asarray(picture, dtype)` has them
/// converted: white is 255 in uint8, 65535 in uint16, 1 in floats.
///
/// Examples
/// --------
/// >>> import impasto, numpy
/// >>> picture = impasto.Picture(numpy.zeros((30, 40, 3), numpy.uint8))
/// >>> picture
/// <impasto.Picture 40×30>
/// >>> picture.resize((20, 15)).size
/// (20, 15)
#[pyclass(frozen, module = "impasto")]
pub(crate) struct Picture {
    pub(crate) picture: Arc<impasto::Picture>,
    /// The numbers of its source.
    pub(crate) kind: Kind,
    /// The file that it is of.
    pub(crate) origin: Option<Reference>,
    /// How it was painted.
    pub(crate) recipe: Option<Recipe>,
}

impl Picture {
    pub(crate) fn new(picture: impasto::Picture) -> Self {
        let kind = Kind::of_source(picture.source());
        Picture { picture: Arc::new(picture), kind, origin: None, recipe: None }
    }

    /// A painting whose arrays have these numbers.
    pub(crate) fn painted(picture: Arc<impasto::Picture>, kind: Kind, recipe: Option<Recipe>) -> Self {
        Picture { picture, kind, origin: None, recipe }
    }

    /// The same with other pixels, which are of no file.
    pub(crate) fn with(&self, picture: impasto::Picture) -> Self {
        Picture { picture: Arc::new(picture), kind: self.kind, origin: None, recipe: None }
    }

    /// The numbers of its source.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn shared(&self) -> Arc<impasto::Picture> {
        self.picture.clone()
    }

    /// The file that it is of.
    pub(crate) fn origin(&self) -> Option<Reference> {
        self.origin.clone()
    }

    pub(crate) fn samples(&self, py: Python<'_>, kind: Kind) -> PyResult<Pixels> {
        py.detach(|| Samples::new((*self.picture).clone(), kind, self.picture.alpha().is_some())).map(Pixels::new)
    }
}
