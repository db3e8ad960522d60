//! Parts of a picture with styles of their own.

use crate::Style;
use crate::picture::Mask;

/// A style, and where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Region {
    /// The style in which the region is painted.
    pub style: Style,
    /// White where it is.
    pub mask: Mask,
}
