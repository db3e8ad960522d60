//! Styles whose pictures first get the content's palette.

use crate::picture::{Resize, Stored};
use crate::stylizer::{StyleOptions, StyleSize};
use crate::{Control, Picture, Result, Style, Stylizer};

/// Longer side of the thumbnail from which colors are matched.
pub(crate) const MATCHED_SIDE: usize = 384;

/// Returns the style of a picture that gets the content's colors first: `colors: match`. `picture` has the size at
/// which it is seen, `plain` is its own style if that is known, and `content` is a thumbnail of the content. `share`
/// says how far the colors go there: 0 to 1.
///
/// # Errors
/// As [`Stylizer::style_with`].
pub fn matched(
    stylizer: &Stylizer,
    (picture, plain): (&Picture, Option<&Style>),
    content: &Picture,
    share: f32,
    control: &dyn Control,
) -> Result<Style> {
    let as_it_is = StyleOptions::default().size(StyleSize::Original);
    let style = |picture: &Picture| stylizer.style_with(picture, &as_it_is, control);
    let matched = style(&picture.clone().with_colours_of(content))?;
    if share >= 1.0 {
        return Ok(matched);
    }
    plain.cloned().map_or_else(|| style(picture), Ok)?.mix(&matched, share)
}

/// Returns the thumbnail of a content in memory, from which colors are matched.
///
/// # Errors
/// As [`Picture::resized`].
pub fn thumbnail(content: &Picture) -> Result<Picture> {
    content.fit_long_side(MATCHED_SIDE.min(content.width().max(content.height())), Resize::NETWORK)
}

/// Returns the same thumbnail of a stored content.
///
/// # Errors
/// As [`Stored::thumbnail`].
pub fn stored_thumbnail(content: &Stored) -> Result<Picture> {
    content.thumbnail(MATCHED_SIDE)
}
