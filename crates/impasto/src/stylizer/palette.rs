//! Several styles for one picture.

use super::{Region, StylizeOptions};
use crate::picture::Mask;
use crate::{Error, ErrorKind, Result, Style};

/// A style with its weight and its place, as one of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The style.
    pub style: Style,
    /// How much of it there is, compared with the other styles that are everywhere; 0 or more. Ignored if there is a
    /// mask.
    pub weight: f32,
    /// Where it is: white. `None` for everywhere.
    pub mask: Option<Mask>,
}

/// The styles of a picture: a blend of all styles that are everywhere, and regions with styles of their own.
///
/// ```
/// use impasto::picture::Mask;
/// use impasto::stylizer::{Palette, Part};
/// use impasto::{Style, StylizeOptions, networks::Family};
///
/// let style = |vector| Style::new(Family::Magenta, vector);
/// let sky = Mask::new([1, 2], &[1.0, 0.0])?;
/// let palette = Palette::new([
///     Part { style: style(vec![0.0, 0.0])?, weight: 1.0, mask: Some(sky) },
///     Part { style: style(vec![1.0, 0.0])?, weight: 3.0, mask: None },
///     Part { style: style(vec![0.0, 1.0])?, weight: 1.0, mask: None },
/// ])?;
/// assert_eq!(palette.style.vector(), [0.75, 0.25]);
/// let options = palette.options(StylizeOptions::default().strength(0.5));
/// assert_eq!((options.regions.len(), options.keep_outside), (1, false));
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Palette {
    /// The blend of all styles that are everywhere. If there are none, the style of the first region.
    pub style: Style,
    /// Parts of the picture with styles of their own.
    pub regions: Vec<Region>,
    /// Whether the content stays outside the regions, because no style is everywhere.
    pub keep_outside: bool,
}

impl Palette {
    /// Makes a palette of styles, in order. A single style that is everywhere stays unchanged, to the bit.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] if there are no styles; otherwise as [`Style::blend`].
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Result<Self> {
        let (mut everywhere, mut regions) = (Vec::new(), Vec::new());
        for Part { style, weight, mask } in parts {
            match mask {
                Some(mask) => regions.push(Region { style, mask }),
                None => everywhere.push((style, weight)),
            }
        }
        let style = match (everywhere.as_slice(), regions.first()) {
            ([], None) => return Err(Error::new(ErrorKind::InvalidArgument, "no styles to paint in; give at least one")),
            ([], Some(first)) => first.style.clone(),
            ([(style, _)], _) => style.clone(),
            (several, _) => Style::blend(&several.iter().map(|(style, weight)| (style, *weight)).collect::<Vec<_>>())?,
        };
        Ok(Palette { style, regions, keep_outside: everywhere.is_empty() })
    }

    /// Returns these options with the palette's regions.
    #[must_use]
    pub fn options(&self, options: StylizeOptions) -> StylizeOptions {
        StylizeOptions { regions: self.regions.clone(), keep_outside: self.keep_outside, ..options }
    }
}
