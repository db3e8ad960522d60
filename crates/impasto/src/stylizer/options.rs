//! Options of a style and of a painting.

use std::borrow::Cow;
use std::sync::Arc;

use super::{Region, Strengths, Stroke};
use crate::picture::{Mask, Resize};
use crate::{Colours, Error, ErrorKind, Picture, Result, Size, Style};

/// The size at which a style predictor sees a picture.
///
/// It decides what counts as texture. In a smaller picture the same brush stroke covers fewer pixels, and the
/// predictor, which sees a few dozen pixels at a time, sees more of the composition and less of the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StyleSize {
    /// The shorter side has this length. The longer side follows in proportion, but is at most four times as long
    /// (otherwise the shorter side gets less). Resized with [`Resize::NETWORK`]: antialiased, in sRGB values.
    ///
    /// The default, with 256: the networks were trained on styles of that size.
    ///
    /// Any proportions work, although the TFLite predictor's own program only takes squares. If a painting is cropped
    /// to its middle square, its vector moves by 5 % of its length on average (cosine 0.9986; 16 paintings that are not
    /// square); if it is squeezed into a square, by 7 to 9 %. For comparison, 8-bit arithmetic moves it by up to 3 %,
    /// and another painting by 61 %. So the whole picture is seen, undistorted.
    ShortSide(usize),
    /// Exactly this size, whatever it does to the picture's proportions, with TensorFlow's resize
    /// ([`Picture::resize_bilinear_tf`]). For the same results as programs that do this.
    Exact(Size),
    /// The picture's own size.
    Original,
}

/// How many times as long as the shorter side the longer one may be. Without this limit, a strip of 1×5000 pixels would
/// have 300 million pixels at a short side of 256.
const LONGEST: usize = 4;

impl Default for StyleSize {
    fn default() -> Self {
        StyleSize::ShortSide(256)
    }
}

impl StyleSize {
    /// Allowed shorter sides of a style picture ([`StyleSize::ShortSide`]), wherever users choose it: on the command
    /// line, over HTTP and in Python. Smaller pictures tell the predictor nothing; larger ones take gigabytes.
    pub const SIDES: std::ops::RangeInclusive<usize> = 16..=4096;

    /// Returns the size at which a picture of this size is seen.
    pub fn of(self, picture: impl Into<Size>) -> Size {
        let picture @ Size { width, height } = picture.into();
        match self {
            StyleSize::Exact(size) => size,
            StyleSize::Original => picture,
            StyleSize::ShortSide(side) => {
                let (short, long) = (width.min(height).max(1) as u128, width.max(height).max(1) as u128);
                let (side, longest) = (side as u128, side as u128 * LONGEST as u128);
                // 128 bits cannot overflow. Rounds to the nearest pixel, but keeps at least one for a thin picture.
                let scaled = |n: u128, to: u128, of: u128| ((n * to * 2 + of) / (of * 2)).max(to.min(1));
                let (short, long) = match scaled(long, side, short) {
                    length if length <= longest => (side, length),
                    _ => (scaled(short, longest, long), longest),
                };
                let [short, long] = [short, long].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
                if width <= height { Size::new(short, long) } else { Size::new(long, short) }
            }
        }
    }

    /// Resizes a picture to the size at which it is seen, as each variant says.
    ///
    /// # Errors
    /// As [`Picture::resized`].
    pub fn apply(self, picture: &Picture) -> Result<Cow<'_, Picture>> {
        let size = self.of(picture.size());
        if size == picture.size() {
            return Ok(Cow::Borrowed(picture));
        }
        Ok(Cow::Owned(match self {
            StyleSize::Exact(_) => picture.resize_bilinear_tf(size)?,
            _ => picture.resized(size, Resize::NETWORK)?,
        }))
    }
}

/// How a style is made from a picture.
///
/// ```
/// use impasto::{Size, StyleOptions, StyleSize};
///
/// let options = StyleOptions::default().size(StyleSize::ShortSide(512));
/// assert_eq!(options.size.of([1000, 2000]), Size::new(512, 1024));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StyleOptions {
    /// The size at which the picture is seen.
    pub size: StyleSize,
}

impl StyleOptions {
    /// With this [`StyleOptions::size`].
    #[must_use]
    pub fn size(self, size: StyleSize) -> Self {
        StyleOptions { size }
    }
}

/// How a picture is painted.
///
/// ```
/// use impasto::picture::Mask;
/// use impasto::{Colours, StylizeOptions};
///
/// let sky = Mask::new([1, 2], &[1.0, 0.0])?.feather(20.0)?;
/// let options = StylizeOptions::default().strength(0.5).colours(Colours::Luminance).mask(Some(sky));
/// assert_eq!(options.strength, 0.5);
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct StylizeOptions {
    /// How strongly the style shows: 1, the default, for all of it; 0 for the unchanged content.
    ///
    /// At 0.5 the painting looks equally far from both, for every style and content: the network's response to them is
    /// measured on a thumbnail. Style vectors are mixed ([`Style::mix`], starting from the content's own: what the
    /// style predictor sees in the content), and weak paintings fade into the content. At 1 the result is exactly what
    /// the network computes.
    pub strength: f32,
    /// What the strength means for this content and these styles, if you have already measured it
    /// ([`crate::Stylizer::strengths`]). With `None`, the default, it is measured for this painting. Ignored at
    /// strength 1.
    pub strengths: Option<Arc<Strengths>>,
    /// Where the strength is lower: it is multiplied by the mask's values. `None`, the default: the same strength
    /// everywhere.
    pub strength_mask: Option<Mask>,
    /// How the content's own style is made. Ignored at strength 1.
    pub style: StyleOptions,
    /// Whose colors the painting has.
    pub colours: Colours,
    /// How far the painting's colors go from the style's (0) to those that [`StylizeOptions::colours`] selects (1, the
    /// default).
    pub colour_strength: f32,
    /// Where the painting is: white. Where the mask is black, the content stays unchanged to the bit (as it was read:
    /// in sRGB). `None`, the default: everywhere.
    pub mask: Option<Mask>,
    /// Parts of the picture with styles of their own. The given style gets the rest. Where regions overlap, they share.
    ///
    /// Styles blend into each other within the network: at each pixel of each layer, the conditional norms are mixed
    /// ([`crate::engine::Frozen::shared`]).
    pub regions: Vec<Region>,
    /// Whether the content stays unchanged outside all regions, instead of being painted in the given style.
    pub keep_outside: bool,
    /// Width of the strokes. By default they keep their share of the picture, whatever its resolution.
    pub stroke: Stroke,
    /// Faint noise that gives strokes a start in smooth areas, in steps of 8 bits to either side
    /// ([`StylizeOptions::GRAINS`]). Default: [`StylizeOptions::GRAIN`]; 0 for none. Only for
    /// [relative](Stroke::Relative) strokes of models that are made for a canvas; others have no grain.
    pub grain: f32,
    /// The size of the picture of which this one is a preview, for example a print. The preview gets the strokes that
    /// the full picture would have, seen at the preview's size. `None`, the default, if the picture is not a preview.
    pub preview_of: Option<Size>,
    /// Most bytes that painting in bands may take, not counting the pictures themselves. `None`, the default: as much
    /// as is useful. If this is not enough for the lowest bands, they are used anyway. Ignored by models that paint a
    /// picture in one piece (those without a [thumbnail](crate::networks::Architecture::thumbnail)).
    pub max_memory: Option<u64>,
}

impl Default for StylizeOptions {
    fn default() -> Self {
        StylizeOptions {
            strength: 1.0,
            strengths: None,
            strength_mask: None,
            style: StyleOptions::default(),
            colours: Colours::default(),
            colour_strength: 1.0,
            mask: None,
            regions: Vec::new(),
            keep_outside: false,
            stroke: Stroke::default(),
            grain: StylizeOptions::GRAIN,
            preview_of: None,
            max_memory: None,
        }
    }
}

impl StylizeOptions {
    /// Typical width in pixels of a stroke of the built-in model: twice the distance at which the difference of
    /// painting and content has half of its correlation with itself, without what varies over more than 65 pixels. This
    /// is the median of 18 paintings (6 styles, 3 photographs of 384 pixels, along rows and columns); they range from 3
    /// for fine hatching to 12 for broad woodcuts. Measured with the model before the anti-aliased one.
    pub const STROKE_PIXELS: f32 = 5.0;

    /// Allowed values of [`StylizeOptions::grain`].
    pub const GRAINS: std::ops::RangeInclusive<f32> = 0.0..=8.0;

    /// The default [`StylizeOptions::grain`]: enough to hide the steps of 8 bits.
    pub const GRAIN: f32 = 1.5;

    /// With this [`StylizeOptions::strength`], 0 to 1.
    #[must_use]
    pub fn strength(self, strength: f32) -> Self {
        StylizeOptions { strength, ..self }
    }

    /// With these [`StylizeOptions::strengths`].
    #[must_use]
    pub fn strengths(self, strengths: Option<Arc<Strengths>>) -> Self {
        StylizeOptions { strengths, ..self }
    }

    /// With this [`StylizeOptions::strength_mask`].
    #[must_use]
    pub fn strength_mask(self, strength_mask: Option<Mask>) -> Self {
        StylizeOptions { strength_mask, ..self }
    }

    /// With these options for the content's own style ([`StylizeOptions::style`]).
    #[must_use]
    pub fn style(self, style: StyleOptions) -> Self {
        StylizeOptions { style, ..self }
    }

    /// With these [`StylizeOptions::colours`].
    #[must_use]
    pub fn colours(self, colours: Colours) -> Self {
        StylizeOptions { colours, ..self }
    }

    /// With this [`StylizeOptions::colour_strength`], 0 to 1.
    #[must_use]
    pub fn colour_strength(self, colour_strength: f32) -> Self {
        StylizeOptions { colour_strength, ..self }
    }

    /// With this [`StylizeOptions::mask`].
    #[must_use]
    pub fn mask(self, mask: Option<Mask>) -> Self {
        StylizeOptions { mask, ..self }
    }

    /// With one more region, see [`StylizeOptions::regions`].
    #[must_use]
    pub fn region(mut self, style: Style, mask: Mask) -> Self {
        self.regions.push(Region { style, mask });
        self
    }

    /// With this [`StylizeOptions::keep_outside`].
    #[must_use]
    pub fn keep_outside(self, keep_outside: bool) -> Self {
        StylizeOptions { keep_outside, ..self }
    }

    /// With this [`StylizeOptions::stroke`].
    #[must_use]
    pub fn stroke(self, stroke: impl Into<Stroke>) -> Self {
        StylizeOptions { stroke: stroke.into(), ..self }
    }

    /// With this [`StylizeOptions::grain`].
    #[must_use]
    pub fn grain(self, grain: f32) -> Self {
        StylizeOptions { grain, ..self }
    }

    /// With this [`StylizeOptions::preview_of`].
    #[must_use]
    pub fn preview_of(self, preview_of: Option<Size>) -> Self {
        StylizeOptions { preview_of, ..self }
    }

    /// With this [`StylizeOptions::max_memory`].
    #[must_use]
    pub fn max_memory(self, max_memory: Option<u64>) -> Self {
        StylizeOptions { max_memory, ..self }
    }

    /// The styles of a painting: those of the regions first, then the given one if it gets the rest.
    pub(super) fn styles<'a>(&'a self, style: &'a Style) -> Vec<&'a Style> {
        let mut styles: Vec<&Style> = self.regions.iter().map(|region| &region.style).collect();
        if !self.keep_outside {
            styles.push(style);
        }
        styles
    }

    pub(super) fn check(&self) -> Result<()> {
        let share = |value| (0.0..=1.0).contains(&value);
        let text = if !share(self.strength) {
            format!("a strength of {} is out of range; give 0 (the content as it is) to 1", self.strength)
        } else if !share(self.colour_strength) {
            format!("a color strength of {} is out of range; give 0 (the style's colors) to 1", self.colour_strength)
        } else if !Self::GRAINS.contains(&self.grain) {
            format!(
                "a grain of {} is out of range; give {} to {} steps of 8 bits",
                self.grain,
                Self::GRAINS.start(),
                Self::GRAINS.end()
            )
        } else if self.colours == Colours::Match {
            "colors are matched on a style's picture, before it is seen: see `request::matched`".into()
        } else if let Err(error) = self.stroke.check() {
            return Err(error);
        } else if self.preview_of.is_some_and(|size| size.short_side() == 0) {
            "the preview's full size has no pixels; give its width and height".into()
        } else if self.keep_outside && self.regions.is_empty() {
            "nothing would be painted: the content is kept outside all regions, and there are no regions".into()
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidArgument, text))
    }
}
