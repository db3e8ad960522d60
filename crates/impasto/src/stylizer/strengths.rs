//! What strengths mean for a content, kept from painting to painting.

use super::strength::Curve;
use super::{StylizeOptions, Stylizer};
use crate::{Control, Error, ErrorKind, Picture, Result, Style};

/// What a strength below 1 has to know of a content and the styles that it is painted in: the content's own style, and how the look
/// changes on the way from one to the other.
///
/// [`Stylizer::stylize_with`] measures it for every painting: one run of the style predictor, and six paintings of 128 pixels a style. If you
/// paint the same content in the same styles again and again, for example while somebody moves a slider, measure it once with
/// [`Stylizer::strengths`] and give it with [`StylizeOptions::strengths`].
#[derive(Debug, Clone, PartialEq)]
pub struct Strengths {
    pub(super) own: Style,
    /// In the order of the styles.
    pub(super) curves: Vec<Curve>,
}

impl Strengths {
    /// The content's own style: [`Stylizer::content_style`].
    pub fn content_style(&self) -> &Style {
        &self.own
    }

    /// The curves, if they are for this many styles.
    pub(super) fn curves_for(&self, styles: usize) -> Result<Vec<Curve>> {
        if self.curves.len() == styles {
            return Ok(self.curves.clone());
        }
        let text = format!(
            "strengths were measured for {} styles, and the painting has {styles}; measure them again",
            self.curves.len()
        );
        Err(Error::new(ErrorKind::Mismatch, text))
    }
}

impl Stylizer {
    /// Measures what strengths mean for a content in a style, or in several: of the options, their regions and how the content's own style is made
    /// ([`StylizeOptions::style`]) count. `own` is the content's own style, if you know it from earlier [`Strengths`].
    ///
    /// A painting with the result has the same bytes as one without, if content, styles and these options are the same.
    ///
    /// # Errors
    /// As [`Stylizer::stylize_with`].
    pub fn strengths(
        &self,
        content: &Picture,
        style: &Style,
        options: &StylizeOptions,
        own: Option<&Style>,
        control: &dyn Control,
    ) -> Result<Strengths> {
        let styles = options.styles(style);
        styles.iter().try_for_each(|style| self.check_style(style))?;
        let own = match own {
            Some(own) => own.clone(),
            None => self.own_style(content, &options.style, control)?,
        };
        let curves = self.curves(content, &own, &styles, control)?;
        Ok(Strengths { own, curves })
    }
}
