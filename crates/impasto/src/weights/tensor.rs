//! One named array.

use crate::{Error, ErrorKind, Result};

/// A dense float32 array, row-major (the last axis varies fastest).
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl Tensor {
    /// Creates an array with this shape and data.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`] if the product of the shape is not the number of values.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Result<Self> {
        let shape = shape.into();
        let count = shape.iter().try_fold(1usize, |product, &n| product.checked_mul(n));
        if count != Some(data.len()) {
            return Err(Error::new(
                ErrorKind::Malformed,
                format!("an array of shape {shape:?} cannot hold {} values", data.len()),
            ));
        }
        Ok(Tensor { shape, data })
    }

    /// Lengths of the axes.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, row-major.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// Returns the values, row-major, without a copy.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }
}
