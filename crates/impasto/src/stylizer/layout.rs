//! How a picture of some size is painted, decided before any pixel is read: the canvas, and the way from it to the
//! picture.

use super::margin::{self, MARGIN};
use super::{Phase, StylizeOptions, Stylizer, work};
use crate::picture::rows::thumbnail_size;
use crate::{Control, Result, Size};

/// The way from the canvas to the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// The canvas is the picture.
    Same,
    /// The canvas is larger: the painting is shrunk.
    Shrunk,
    /// The canvas is smaller: the painting is enlarged, and gets the content's detail.
    Detailed,
    /// The canvas is smaller: the painting is enlarged and painted again.
    PaintedTwice,
}

/// The sizes of a painting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// The picture's size.
    pub(super) size: Size,
    /// The size at which the network paints, without the margin.
    pub(super) canvas: Size,
    /// Pixels around the canvas that are painted and cut off.
    pub(super) margin: usize,
    pub(super) way: Way,
}

/// The work of a painting's phases, in multiply-accumulates, for the shares of a progress bar.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Costs {
    /// Running the style predictor on the content.
    pub(super) seeing: u64,
    /// Measuring statistics on the thumbnail.
    pub(super) measuring: u64,
    pub(super) painting: u64,
    /// Painting the enlarged painting again.
    pub(super) again: u64,
}

impl Costs {
    fn total(self) -> u64 {
        [self.seeing, self.measuring, self.painting, self.again].into_iter().fold(0, u64::saturating_add)
    }

    /// Only what [`super::Painter`] prepares.
    pub(super) fn prepared(self) -> Self {
        Costs { painting: 0, again: 0, ..self }
    }

    /// Only what follows the preparation.
    pub(super) fn painted(self) -> Self {
        Costs { seeing: 0, measuring: 0, ..self }
    }

    pub(super) fn seeing<'a>(&self, inner: &'a dyn Control) -> Phase<'a> {
        self.phase(inner, 0, self.seeing)
    }

    /// A moment between seeing and measuring: the bar stands still.
    pub(super) fn seen<'a>(&self, inner: &'a dyn Control) -> Phase<'a> {
        self.phase(inner, self.seeing, 0)
    }

    pub(super) fn measuring<'a>(&self, inner: &'a dyn Control) -> Phase<'a> {
        self.phase(inner, self.seeing, self.measuring)
    }

    pub(super) fn painting<'a>(&self, inner: &'a dyn Control) -> Phase<'a> {
        self.phase(inner, self.seeing.saturating_add(self.measuring), self.painting)
    }

    pub(super) fn again<'a>(&self, inner: &'a dyn Control) -> Phase<'a> {
        self.phase(inner, self.total() - self.again, self.again)
    }

    fn phase<'a>(&self, inner: &'a dyn Control, before: u64, own: u64) -> Phase<'a> {
        Phase { inner, before, own, total: self.total() }
    }
}

impl Stylizer {
    /// Plans how a picture of this size is painted.
    pub(super) fn layout(&self, options: &StylizeOptions, size: Size) -> Result<Layout> {
        let canvas = self.canvas(options, size)?;
        let way = if canvas == size {
            Way::Same
        } else if canvas.width >= size.width && canvas.height >= size.height {
            Way::Shrunk
        } else if self.has_detail(options) {
            Way::Detailed
        } else {
            Way::PaintedTwice
        };
        Ok(Layout { size, canvas, margin: self.margin(options), way })
    }

    /// Other projects' networks and native strokes use the network as it is, without a margin.
    pub(super) fn margin(&self, options: &StylizeOptions) -> usize {
        if self.made_for.is_some() && self.has_detail(options) { MARGIN } else { 0 }
    }

    pub(super) fn costs(&self, layout: &Layout, options: &StylizeOptions) -> Costs {
        let Layout { size, canvas, margin, way } = *layout;
        let cost = |size| work(&self.transformer, self.content_fit.size(size));
        let sees = options.strengths.is_none() && (options.strength < 1.0 || options.strength_mask.is_some());
        let seen = options.style.size.of(size);
        Costs {
            seeing: self.predictor.as_ref().filter(|_| sees).map_or(0, |sight| sight.work(seen)),
            measuring: self.thumbnail.and_then(|side| thumbnail_size(canvas, side)).map_or(0, cost),
            painting: cost(margin::framed(canvas, margin)),
            again: if way == Way::PaintedTwice { cost(size) } else { 0 },
        }
    }
}
