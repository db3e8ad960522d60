//! What is minimised, and its derivatives with respect to features or pixels.

pub(super) mod content;
pub(super) mod style;
pub(super) mod variation;
pub(super) mod wasserstein;
