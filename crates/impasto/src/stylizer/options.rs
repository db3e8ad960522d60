//! What may be chosen for a style and for a painting.

use std::borrow::Cow;

use crate::picture::Resize;
use crate::{Error, ErrorKind, Picture, Result};

/// The size at which a style predictor sees a picture.
///
/// It decides what counts as texture: in a smaller picture the same brush stroke covers fewer pixels, and the predictor,
/// which sees a few dozen pixels at a time, sees more of the composition and less of the canvas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StyleSize {
    /// The shorter side has this length; the longer one follows in proportion, but is at most four times as long (else the
    /// shorter one gets less). Resized with [`Resize::NETWORK`]: antialiased, in sRGB values.
    ///
    /// Default, with 256: the networks were trained on styles of that size. They read any proportions, though the TFLite
    /// predictor's own program only takes squares: cropped to its middle square, a painting's vector moves by 5 % of its length
    /// on average (cosine 0.9986; 16 paintings that are not square), squeezed into a square by 7 to 9 %, while 8-bit arithmetic
    /// moves it by up to 3 % and another painting by 61 %. So the whole picture is seen, and nothing is bent.
    ShortSide(usize),
    /// Exactly this size, whatever that does to the picture's proportions, with TensorFlow's resize
    /// ([`Picture::resize_bilinear_tf`]): for results like those of programs that do so.
    Exact {
        /// Pixels in a row.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// As it is.
    Original,
}

/// How much longer than the shorter side the longer one may be. A strip of 1×5000 pixels would have 300 million at a short side
/// of 256.
const LONGEST: usize = 4;

impl Default for StyleSize {
    fn default() -> Self {
        StyleSize::ShortSide(256)
    }
}

impl StyleSize {
    /// Width and height at which a picture of this width and height is seen.
    pub fn of(self, width: usize, height: usize) -> [usize; 2] {
        match self {
            StyleSize::Exact { width, height } => [width, height],
            StyleSize::Original => [width, height],
            StyleSize::ShortSide(side) => {
                let (short, long) = (width.min(height).max(1) as u128, width.max(height).max(1) as u128);
                let (side, longest) = (side as u128, side as u128 * LONGEST as u128);
                // In 128 bits nothing overflows. Rounded to the nearest pixel; a thin picture keeps one across.
                let scaled = |n: u128, to: u128, of: u128| ((n * to * 2 + of) / (of * 2)).max(to.min(1));
                let (short, long) = match scaled(long, side, short) {
                    length if length <= longest => (side, length),
                    _ => (scaled(short, longest, long), longest),
                };
                let [short, long] = [short, long].map(|n| usize::try_from(n).unwrap_or(usize::MAX));
                if width <= height { [short, long] } else { [long, short] }
            }
        }
    }

    pub(super) fn apply(self, picture: &Picture) -> Result<Cow<'_, Picture>> {
        let [width, height] = self.of(picture.width(), picture.height());
        if [width, height] == [picture.width(), picture.height()] {
            return Ok(Cow::Borrowed(picture));
        }
        Ok(Cow::Owned(match self {
            StyleSize::Exact { .. } => picture.resize_bilinear_tf(width, height)?,
            _ => picture.resized(width, height, Resize::NETWORK)?,
        }))
    }
}

/// How a style is made of a picture.
///
/// ```
/// use impasto::{StyleOptions, StyleSize};
///
/// let options = StyleOptions::default().size(StyleSize::ShortSide(512));
/// assert_eq!(options.size.of(1000, 2000), [512, 1024]);
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
/// let options = impasto::StylizeOptions::default().strength(0.5);
/// assert_eq!(options.strength, 0.5);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StylizeOptions {
    /// How far from the content's own style towards the given one: 1, the default, for the given one, 0 for the content's own.
    ///
    /// What is mixed are style vectors: `strength · style + (1 - strength) · style of the content`. At 0 the network still
    /// paints: the content in its own colours and textures, not the content unchanged.
    pub strength: f32,
    /// How the content's own style is made. Plays no part at strength 1.
    pub style: StyleOptions,
    /// Most bytes that painting in bands shall take, the pictures themselves not counted; `None`, the default, for as much as is of use.
    /// Where that is not enough for the lowest bands, they are taken all the same. Plays no part with models that paint a picture in one
    /// piece (those without a [thumbnail](crate::networks::Architecture::thumbnail)).
    pub max_memory: Option<u64>,
}

impl Default for StylizeOptions {
    fn default() -> Self {
        StylizeOptions { strength: 1.0, style: StyleOptions::default(), max_memory: None }
    }
}

impl StylizeOptions {
    /// With this [`StylizeOptions::strength`], 0 to 1.
    #[must_use]
    pub fn strength(self, strength: f32) -> Self {
        StylizeOptions { strength, ..self }
    }

    /// With the content's own style made so.
    #[must_use]
    pub fn style(self, style: StyleOptions) -> Self {
        StylizeOptions { style, ..self }
    }

    /// With this [`StylizeOptions::max_memory`].
    #[must_use]
    pub fn max_memory(self, max_memory: Option<u64>) -> Self {
        StylizeOptions { max_memory, ..self }
    }

    pub(super) fn check(&self) -> Result<()> {
        if (0.0..=1.0).contains(&self.strength) {
            return Ok(());
        }
        let text = format!("a strength of {} is out of range; give 0 (the content's own style) to 1", self.strength);
        Err(Error::new(ErrorKind::InvalidArgument, text))
    }
}
