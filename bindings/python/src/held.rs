//! What a `Picture` holds. `picture.rs` has its Python interface.

use std::sync::Arc;

use impasto::request::Reference;
use pyo3::prelude::*;

use crate::pixels::Pixels;
use crate::recipe::Recipe;
use crate::samples::{Kind, Samples};

/// An immutable picture: sRGB colors as float32 from 0 to 1, height × width × 3, and alpha if it has any.
///
/// It keeps what its file said (color profile, Exif, bits per sample), so that files made from it get the same.
///
/// Parameters
/// ----------
/// source : path, bytes, file object, PIL.Image, array, tensor or Picture
///     Arrays are height × width × 3 or 4, or height × width for gray, of uint8, uint16, or floats from 0 to 1.
/// clip : bool
///     Whether to clip floats outside 0 to 1. By default, they are refused.
/// channel_axis : int, optional
///     The axis of an array that holds the channels. Default: the last one.
///
/// Notes
/// -----
/// `numpy.asarray(picture)` is a new array with the source's type of numbers: uint8, uint16 or float32.
/// `numpy.asarray(picture, dtype)` converts them: white is 255 in uint8, 65535 in uint16, 1 in floats.
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
    /// The source's kind of numbers.
    pub(crate) kind: Kind,
    /// The file that it comes from.
    pub(crate) origin: Option<Reference>,
    /// How it was painted, if it is a painting.
    pub(crate) recipe: Option<Recipe>,
}

impl Picture {
    pub(crate) fn new(picture: impasto::Picture) -> Self {
        let kind = Kind::of_source(picture.source());
        Picture { picture: Arc::new(picture), kind, origin: None, recipe: None }
    }

    /// A painting whose arrays have this kind of numbers.
    pub(crate) fn painted(picture: Arc<impasto::Picture>, kind: Kind, recipe: Option<Recipe>) -> Self {
        Picture { picture, kind, origin: None, recipe }
    }

    /// The same picture with other pixels, which come from no file.
    pub(crate) fn with(&self, picture: impasto::Picture) -> Self {
        Picture { picture: Arc::new(picture), kind: self.kind, origin: None, recipe: None }
    }

    /// The source's kind of numbers.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    pub(crate) fn shared(&self) -> Arc<impasto::Picture> {
        self.picture.clone()
    }

    /// The file that it comes from.
    pub(crate) fn origin(&self) -> Option<Reference> {
        self.origin.clone()
    }

    pub(crate) fn samples(&self, py: Python<'_>, kind: Kind) -> PyResult<Pixels> {
        py.detach(|| Samples::new((*self.picture).clone(), kind, self.picture.alpha().is_some())).map(Pixels::new)
    }
}
