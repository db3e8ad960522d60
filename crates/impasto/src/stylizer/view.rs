//! The content as the network sees it: at the canvas's size, with grain.

use super::grain::Grained;
use super::layout::{Layout, Way};
use super::{StylizeOptions, Stylizer};
use crate::picture::rows::{self, Rows};
use crate::picture::scaled::Scaled;
use crate::{Picture, Result};

/// A content on its canvas.
pub(super) struct View<'a> {
    pub(super) content: &'a dyn Rows,
    canvas: Canvas<'a>,
    grain: f32,
    /// How far the grain has moved, in pixels of the canvas.
    moved: [f32; 2],
}

enum Canvas<'a> {
    Same,
    /// Resized once: the content may have to be converted each time it is read.
    Small(Picture),
    Scaled(Scaled<'a>),
}

impl<'a> View<'a> {
    /// `moved` is how far the grain has moved with the content, in pixels of the content; 0 for a single picture.
    pub(super) fn new(
        stylizer: &Stylizer,
        content: &'a dyn Rows,
        layout: &Layout,
        options: &StylizeOptions,
        moved: [f32; 2],
    ) -> Result<Self> {
        let canvas = match layout.way {
            Way::Same => Canvas::Same,
            Way::Detailed => Canvas::Small(rows::resized(content, layout.canvas)?),
            Way::Shrunk | Way::PaintedTwice => Canvas::Scaled(Scaled::new(content, layout.canvas)),
        };
        // Other projects' networks paint as they were published: without grain.
        let grain = if stylizer.has_detail(options) && stylizer.made_for.is_some() { options.grain } else { 0.0 };
        let moved = [
            moved[0] * layout.canvas.width as f32 / layout.size.width as f32,
            moved[1] * layout.canvas.height as f32 / layout.size.height as f32,
        ];
        Ok(View { content, canvas, grain, moved })
    }

    /// Returns the rows that the network reads.
    pub(super) fn rows(&self) -> Grained<'_> {
        let inner: &dyn Rows = match &self.canvas {
            Canvas::Same => self.content,
            Canvas::Small(picture) => picture,
            Canvas::Scaled(scaled) => scaled,
        };
        Grained::new(inner, self.grain, self.moved)
    }

    /// Returns the content on a smaller canvas, if the painting gets the content's detail back.
    pub(super) fn small(&self) -> Option<&Picture> {
        match &self.canvas {
            Canvas::Small(picture) => Some(picture),
            _ => None,
        }
    }
}
