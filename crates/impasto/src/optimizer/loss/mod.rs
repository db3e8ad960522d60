//! The terms of the loss, and their derivatives with respect to features or pixels.

pub(crate) mod content;
pub(crate) mod style;
pub(crate) mod variation;
pub(crate) mod wasserstein;
