//! What strengths mean for a content, kept from painting to painting.

use super::strength::Curve;
use crate::{Error, ErrorKind, Result, Style};

/// What a strength below 1 needs to know about a content and the styles that it is painted in: the content's own style,
/// and how the look changes on the way from one to the other.
///
/// [`crate::Stylizer::stylize_with`] measures it for every painting: one run of the style predictor, and six paintings
/// of 128 pixels per style. If you paint the same content in the same styles again and again, for example while
/// somebody moves a slider, measure it once with [`crate::Stylizer::strengths`] and pass it as
/// [`crate::StylizeOptions::strengths`].
#[derive(Debug, Clone, PartialEq)]
pub struct Strengths {
    pub(super) own: Style,
    /// In the order of the styles.
    pub(super) curves: Vec<Curve>,
}

impl Strengths {
    /// Returns the content's own style: what the style predictor sees in the content ([`crate::Stylizer::style`]).
    pub fn content_style(&self) -> &Style {
        &self.own
    }

    /// Returns the curves, if they are for this many styles.
    pub(super) fn curves_for(&self, styles: usize) -> Result<Vec<Curve>> {
        if self.curves.len() == styles {
            return Ok(self.curves.clone());
        }
        let text = format!(
            "strengths were measured for {} styles, but the painting has {styles}; measure them again",
            self.curves.len()
        );
        Err(Error::new(ErrorKind::Mismatch, text))
    }
}
