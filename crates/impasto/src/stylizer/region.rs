//! Parts of a picture that have a style of their own.

use crate::Style;
use crate::picture::Mask;

/// A style, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// What the region is painted in.
    pub style: Style,
    /// White where it is.
    pub mask: Mask,
}
