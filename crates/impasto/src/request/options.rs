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

/// Most pixels by which masks are softened.
pub(super) const FEATHER: f32 = 10_000.0;
const INCH: f32 = 25.4;

/// How a picture is painted and written. [`super::table()`] explains each field and gives its range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Options {
    /// Whether damaged JPEG contents are read as far as possible.
    pub salvage: bool,
    /// Longer side in pixels to which the content is resized.
    pub size: Option<usize>,
    /// The size to which content and styles are resized, as TensorFlow's `tf.image.resize` does it.
    pub exact: Option<Size>,
    /// The size of the picture of which this is a preview.
    pub preview_of: Option<Size>,
    /// How strong the style is: 0 (the content) to 1.
    #[serde(serialize_with = "number::serialize")]
    pub strength: f32,
    /// Where the strength is lower: it is multiplied by this picture's values.
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
    /// Pixels of the result by which the edges of all masks are softened, on either side.
    #[serde(serialize_with = "number::serialize")]
    pub feather: f32,
    /// Width of the strokes.
    pub stroke: StrokeWidth,
    /// Noise that gives smooth areas strokes, in steps of 8 bits: 0 to 8.
    #[serde(serialize_with = "number::serialize")]
    pub grain: f32,
    /// Resolution in pixels per inch at which the result is printed, for strokes in millimeters.
    #[serde(serialize_with = "number::serialize_option")]
    pub dpi: Option<f32>,
    /// Shorter side in pixels at which a style picture is seen: [`StyleSize::SIDES`].
    pub style_size: usize,
    /// What the transformer reads beyond the border. If not given, as the model was published.
    pub border: Option<Border>,
    /// Longer side in pixels of the thumbnail from which norms take their statistics. If not given, the model's own.
    pub thumbnail: Option<usize>,
    /// The result's format. If not given, its name or the content decides.
    #[serde(with = "names::format")]
    pub format: Option<Format>,
    /// The result's color space.
    pub profile: Profile,
    /// Whether to leave out metadata and the record of how the picture was made.
    pub strip: bool,
    /// Bits per sample of the result.
    pub depth: Depth,
    /// JPEG quality, 1 to 100.
    pub quality: u8,
    /// Chroma subsampling of a JPEG.
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
    /// Returns all options by name.
    pub(super) fn all(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            _ => Map::new(),
        }
    }

    /// Returns how style pictures are seen.
    pub fn seen(&self) -> StyleOptions {
        StyleOptions::default().size(match self.exact {
            Some(size) => StyleSize::Exact(size),
            None => StyleSize::ShortSide(self.style_size),
        })
    }

    /// Returns how the result's file is written.
    pub fn encoding(&self) -> EncodeOptions {
        EncodeOptions::default()
            .quality(self.quality)
            .subsampling(self.subsampling)
            .compression(self.compression)
            .profile(self.profile)
            .strip(self.strip)
            .depth(self.depth)
    }

    /// Returns how wide strokes are.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidArgument`] for millimeters without a resolution, a resolution without millimeters, or
    /// strokes out of range.
    pub fn strokes(&self) -> Result<Stroke> {
        let invalid = |text: &str| Err(Error::new(ErrorKind::InvalidArgument, text));
        let (millimetres, dpi) = match (self.stroke, self.dpi) {
            (StrokeWidth::Width(width), None) => return Ok(self.reproduced(width)),
            (StrokeWidth::Width(_), Some(_)) => {
                return invalid("dpi is for strokes in millimeters; give stroke in mm, for example 3mm");
            }
            (StrokeWidth::Millimetres(_), None) => {
                return invalid("strokes in millimeters need the print's resolution; give dpi, for example 300");
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

    /// With `exact`, strokes are native: the notebooks that it reproduces paint at the picture's own size.
    fn reproduced(&self, stroke: Stroke) -> Stroke {
        if self.exact.is_some() { Stroke::Native(stroke.factor()) } else { stroke }
    }

    /// Returns how a picture is painted, except for its styles. The masks are already softened. With
    /// [`Colours::Match`], the styles bring the content's colors (see [`super::matched`]), and the painting keeps its
    /// styles' colors.
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

    /// Returns the size at which a content of this size is painted, to the pixel or nearly so.
    pub fn size_of(&self, content: Size) -> Size {
        match (self.exact, self.size) {
            (Some(size), _) => size,
            (None, Some(side)) => content.with_long_side(side),
            (None, None) => content,
        }
    }

    /// Resizes the content to the requested size.
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
