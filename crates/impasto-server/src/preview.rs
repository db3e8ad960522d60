//! Previews: small paintings of uploaded photos that show what the full size will look like.

use std::sync::Arc;

use impasto::picture::{EncodeOptions, Format, Profile, Resize};
use impasto::{Size, Stroke, StylizeOptions};

use crate::content::Content;
use crate::jobs::Watch;
use crate::problem::{Problem, Result};
use crate::request::{ContentSource, Wanted};
use crate::state::State;
use crate::work::{BANDS, Look};

/// Most pixels if the canvas is as large as the preview: two cores paint this in a tenth of a second.
const PAINTED_PIXELS: usize = 512 * 512;
/// Longer side of the picture that colors are matched with.
const COLOURS: usize = 384;
/// Least memory reserved for a preview: the features of a quarter of a million pixels.
const LEAST_MEMORY: u64 = 96 << 20;

/// A preview to paint.
pub(crate) struct Preview<'a> {
    state: &'a State,
    wanted: &'a Wanted,
    content: &'a Arc<Content>,
    size: Size,
    /// The size that is painted and then reduced: strokes follow detail that a picture smaller than the canvas lacks.
    painted: Size,
    draft: bool,
    /// The full-size picture that this is a preview of, if strokes are relative to it.
    full: Option<Size>,
    stroke: Stroke,
}

impl<'a> Preview<'a> {
    /// A preview whose longer side is `side` or a little less. In a draft, fine
    /// strokes are coarser, so that it is done sooner.
    pub(crate) fn new(state: &'a State, wanted: &'a Wanted, side: usize, draft: bool) -> Result<Self> {
        let ContentSource::Kept(content) = &wanted.content else { return Err(Problem::internal()) };
        let stroke = wanted.options.strokes()?;
        let stylizer = wanted.model.stylizer();
        // Models without a canvas size of their own paint on the picture itself, as native strokes do for every model.
        let huge = Size::new(1 << 20, 1 << 20);
        let relative = matches!(stroke, Stroke::Relative(_)) && stylizer.canvas(&StylizeOptions::default(), huge)? != huge;
        if !relative {
            let size = content.scaled_size(side, PAINTED_PIXELS);
            return Ok(Preview { state, wanted, content, size, painted: size, draft, full: None, stroke });
        }
        let size = content.scaled_size(side, usize::MAX);
        let full = match (wanted.options.preview_of, wanted.options.size) {
            (Some(full), _) => full,
            (None, None) => content.size,
            (None, Some(side)) => content.size.with_long_side(side),
        };
        let canvas = stylizer.canvas(&StylizeOptions::default().stroke(stroke).preview_of(Some(full)), size)?;
        // The canvas of a draft is no larger than the draft.
        let too_large = canvas.long_side() as f32 / size.long_side() as f32;
        let stroke = match draft && too_large > 1.0 {
            true => Stroke::Relative((stroke.factor() * too_large).min(*Stroke::FACTORS.end())),
            false => stroke,
        };
        let painted = if draft { size } else { content.scaled_size(side.max(canvas.long_side()), usize::MAX) };
        Ok(Preview { state, wanted, content, size, painted, draft, full: Some(full), stroke })
    }

    /// Most memory that it takes, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let (stylizer, size) = (self.wanted.model.stylizer(), self.painted);
        let options = StylizeOptions::default().stroke(self.stroke).preview_of(self.full);
        let greatest = stylizer.greatest_canvas(&options, size)?;
        let painting = stylizer.stored_memory(greatest, Some(BANDS))?;
        let bytes = painting.saturating_add(stylizer.canvas_memory(&options, size)?);
        Ok(bytes.saturating_add(size.pixels().saturating_mul(40)).max(LEAST_MEMORY))
    }

    /// Paints it as a file in this format.
    pub(crate) fn paint(&self, format: Format, watch: &Watch) -> Result<Vec<u8>> {
        let (state, content) = (self.state, self.content);
        let picture = content.scaled(self.painted)?;
        let colours = || content.scaled(content.scaled_size(COLOURS, usize::MAX));
        let look = Look::new(self.wanted, &state.limits(), colours, watch)?;
        let mut options = look.options.stroke(self.stroke).preview_of(self.full).max_memory(Some(BANDS));
        // Without a predictor, a strength only fades the painting, so nothing needs to be measured.
        let measured = self.wanted.model.sees_pictures();
        if measured && options.strength > 0.0 && options.strength < 1.0 {
            let strengths = content.strengths(&self.wanted.model, &look.style, &options, watch)?;
            options = options.strengths(Some(strengths));
        }
        let mut painted = self.wanted.model.stylizer().stylize_with(&picture, &look.style, &options, watch)?;
        if self.painted != self.size {
            painted = painted.resized(self.size, Resize::PHOTO)?;
        }
        let quality = if self.draft { 90 } else { 95 };
        let encode = EncodeOptions::default().quality(quality).strip(true).profile(Profile::Srgb);
        Ok(painted.encode(format, &encode)?.bytes)
    }
}
