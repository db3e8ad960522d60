//! How a picture is painted and written: a field for each row of the table.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names;
use super::reference::Reference;
use super::stroke::{StrokeWidth, number};
use crate::networks::magenta::Border;
use crate::picture::{Compression, Depth, EncodeOptions, Format, Mask, Profile, Resize, Subsampling};
use crate::stylizer::{Stroke, StyleOptions, StyleSize, StylizeOptions};
use crate::{Colours, Error, ErrorKind, Picture, Result, Size};

/// Most pixels that masks are softened by.
pub(super) const FEATHER: f32 = 10_000.0;
const INCH: f32 = 25.4;

/// How a picture is painted and written. [`super::table()`] explains each field, and says its range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Whether damaged JPEG contents are read as far as possible.
    pub salvage: bool,
    /// Pixels of the longer side that the content is resized to.
    pub size: Option<usize>,
    /// The size that content and styles are resized to, as TensorFlow's `tf.image.resize` does.
    pub exact: Option<Size>,
    /// The size of the picture that this is a preview of.
    pub preview_of: Option<Size>,
    /// How strong the style is: 0 (the content) to 1.
    #[serde(serialize_with = "number::serialize")]
    pub strength: f32,
    /// Where the strength is less: it is multiplied by this picture's values.
    pub strength_mask: Option<Reference>,
    /// Whose colors the result has.
    pub colors: Colours,
    /// How far the colors go from the style's (0) to those of `colors` (1).
    #[serde(serialize_with = "number::serialize")]
    pub color_strength: f32,
    /// Where the painting is: white.
    pub mask: Option<Reference>,
    /// Whether the painting is where the mask is black.
    pub invert_mask: bool,
    /// Pixels of the result that the edges of all masks are softened by, on either side.
    #[serde(serialize_with = "number::serialize")]
    pub feather: f32,
    /// Width of the strokes.
    pub stroke: StrokeWidth,
    /// Noise that gives smooth areas strokes, in steps of 8 bits: 0 to 8.
    #[serde(serialize_with = "number::serialize")]
    pub grain: f32,
    /// Pixels an inch that the result is printed with, for strokes in millimetres.
    #[serde(serialize_with = "number::serialize_option")]
    pub dpi: Option<f32>,
    /// Pixels of a style picture's shorter side as it is seen: [`StyleSize::SIDES`].
    pub style_size: usize,
    /// What the transformer reads beyond the border; what the model was published with if not given.
    pub border: Option<Border>,
    /// Pixels of the longer side of the thumbnail that norms take their statistics from; the model's own if not given.
    pub thumbnail: Option<usize>,
    /// The result's format; decided by its name or by the content if not given.
    #[serde(with = "names::format")]
    pub format: Option<Format>,
    /// The result's color space.
    pub profile: Profile,
    /// Whether metadata and the record of how it was made are left out.
    pub strip: bool,
    /// Bits of the result's samples.
    pub depth: Depth,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// How much less color than brightness a JPEG holds.
    pub subsampling: Subsampling,
    /// Effort to make PNG and TIFF files small.
    pub compression: Compression,
}

impl Default for Options {
    fn default() -> Self {
        let (look, file) = (StylizeOptions::default(), EncodeOptions::default());
        Options {
            salvage: false,
            size: None,
            exact: None,
            preview_of: None,
            strength: look.strength,
            strength_mask: None,
            colors: look.colours,
            color_strength: look.colour_strength,
            mask: None,
            invert_mask: false,
            feather: 0.0,
            stroke: StrokeWidth::default(),
            grain: look.grain,
            dpi: None,
            style_size: 256,
            border: None,
            thumbnail: None,
            format: None,
            profile: file.profile,
            strip: file.strip,
            depth: file.depth,
            quality: file.quality,
            subsampling: file.subsampling,
            compression: file.compression,
        }
    }
}

impl Options {
    /// All options by their names.
    pub(super) fn all(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    /// How style pictures are seen.
    pub fn seen(&self) -> StyleOptions {
        StyleOptions::default().size(match self.exact {
            Some(size) => StyleSize::Exact(size),
            None => StyleSize::ShortSide(self.style_size),
        })
    }

    /// How the result's file is written.
    pub fn encoding(&self) -> EncodeOptions {
        EncodeOptions::default()
            .quality(self.quality)
            .subsampling(self.subsampling)
            .compression(self.compression)
            .profile(self.profile)
            .strip(self.strip)
            .depth(self.depth)
    }

    /// How wide strokes are.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for millimetres without a resolution, a resolution without millimetres, or strokes out of range.
    pub fn strokes(&self) -> Result<Stroke> {
        let invalid = |text: &str| Err(Error::new(ErrorKind::InvalidArgument, text));
        let (millimetres, dpi) = match (self.stroke, self.dpi) {
            (StrokeWidth::Width(width), None) => return Ok(self.reproduced(width)),
            (StrokeWidth::Width(_), Some(_)) => {
                return invalid("dpi is for strokes in millimetres; give stroke in mm, for example 3mm");
            }
            (StrokeWidth::Millimetres(_), None) => {
                return invalid("strokes in millimetres need the print's resolution, dpi: 300 for example");
            }
            (StrokeWidth::Millimetres(millimetres), Some(dpi)) => (millimetres, dpi),
        };
        let own = StylizeOptions::STROKE_PIXELS / dpi * INCH;
        let (factor, range) = (millimetres / own, Stroke::FACTORS);
        if range.contains(&factor) {
            return Ok(Stroke::Native(factor));
        }
        invalid(&format!(
            "strokes of {millimetres} mm at {dpi} dpi are {factor:.2} times the network's; give {:.2} to {:.1} mm",
            own * range.start(),
            own * range.end()
        ))
    }

    /// What `exact` reproduces is painted at the picture's own size.
    fn reproduced(&self, stroke: Stroke) -> Stroke {
        if self.exact.is_some() { Stroke::Native(stroke.factor()) } else { stroke }
    }

    /// How a picture is painted, but for its styles; with the masks, which are softened already. Colors that are matched to the content's are
    /// the styles' work (see [`super::matched`]): what is painted then keeps them.
    ///
    /// # Errors
    /// As [`Options::strokes`].
    pub fn stylize(&self, mask: Option<Mask>, strength_mask: Option<Mask>) -> Result<StylizeOptions> {
        let mask = if self.invert_mask { mask.map(|mask| mask.inverted()) } else { mask };
        let colours = if self.colors == Colours::Match { Colours::Style } else { self.colors };
        Ok(StylizeOptions::default()
            .strength(self.strength)
            .strength_mask(strength_mask)
            .style(self.seen())
            .colours(colours)
            .colour_strength(self.color_strength)
            .mask(mask)
            .stroke(self.strokes()?)
            .grain(self.grain)
            .preview_of(self.preview_of))
    }

    /// Whether the content is resized before it is painted.
    pub fn resizes(&self) -> bool {
        self.size.is_some() || self.exact.is_some()
    }

    /// The size that a content of this size is painted at, to the pixel or nearly so.
    pub fn size_of(&self, content: Size) -> Size {
        match (self.exact, self.size) {
            (Some(size), _) => size,
            (None, Some(side)) => content.with_long_side(side),
            (None, None) => content,
        }
    }

    /// The content at the size that is asked for.
    ///
    /// # Errors
    /// As [`Picture::resized`].
    pub fn sized(&self, content: Picture) -> Result<Picture> {
        match (self.exact, self.size) {
            (Some(size), _) => content.resize_bilinear_tf(size),
            (None, Some(side)) => content.fit_long_side(side, Resize::PHOTO),
            (None, None) => Ok(content),
        }
    }
}
