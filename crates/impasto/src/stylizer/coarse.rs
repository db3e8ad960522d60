//! Coarse strokes: a small painting, enlarged without becoming soft.
//!
//! Enlarged strokes have soft edges. The network sharpens them: it paints the enlarged painting again, at full
//! size, in that painting's own style, so that anything that looks like a stroke becomes one with an edge. At 1:1 and
//! three times the width, this was compared with enlarging alone (mush) and with a second painting in the given style
//! (fine strokes over the coarse ones). Colors drift in a second pass, so only its lightness is used; the colors are
//! those of the first.

use std::ops::Range;

use super::{StyleOptions, StyleSize, Stylizer};
use crate::finish::{Finish, Recolour};
use crate::picture::reserved;
use crate::picture::rows::Rows;
use crate::picture::scaled::Scaled;
use crate::{Control, Result, Size};

/// Short side at which the painting's own style is seen, but at most the result's.
const SEEN: usize = 512;

/// A painting's rows, at 16 bits.
pub(super) struct Coarse {
    size: Size,
    values: Vec<u16>,
}

impl Coarse {
    pub(super) fn new(size: Size) -> Result<Self> {
        Ok(Coarse { size, values: reserved(size.width.saturating_mul(size.height).saturating_mul(3))? })
    }

    /// Adds the next rows.
    pub(super) fn add(&mut self, rows: &[f32]) {
        self.values.extend(rows.iter().map(|v| (v.clamp(0.0, 1.0) * 65535.0).round() as u16));
    }
}

impl Rows for Coarse {
    fn size(&self) -> Size {
        self.size
    }

    fn read(&self, rows: Range<usize>, rgb: &mut [f32]) -> Result<()> {
        let row = self.size.width * 3;
        let values = &self.values[rows.start * row..rows.end * row];
        rgb.iter_mut().zip(values).for_each(|(target, &v)| *target = f32::from(v) / 65535.0);
        Ok(())
    }
}

impl Stylizer {
    /// Writes the painting at a larger size, with sharp edges.
    pub(super) fn sharpen(
        &self,
        painting: &Coarse,
        size: Size,
        max_memory: Option<u64>,
        write: &mut dyn FnMut(Vec<f32>) -> Result<()>,
        control: &dyn Control,
    ) -> Result<()> {
        let quiet = super::Phase { inner: control, before: 0, own: 0, total: 1 };
        let seen = StyleSize::ShortSide(SEEN.min(size.short_side()));
        let style = self.own_style(painting, &StyleOptions::default().size(seen), &quiet)?;
        let enlarged = Scaled::new(painting, size);
        let luminance = Recolour::luminance();
        let finish = Finish { content: &enlarged, recolour: Some(&luminance), cover: None };
        let mut y = 0;
        let mut write = |rows: &[f32]| {
            let mut rows = rows.to_vec();
            finish.apply(&self.engine, y, &mut rows)?;
            y += rows.len() / (size.width * 3);
            write(rows)
        };
        let brush = self.plain_brush(&style)?;
        let norms = self.norms((&enlarged, 0), &brush, false, &quiet)?;
        self.paint_norms((&enlarged, 0), (&brush, &norms), max_memory, &mut write, control)
    }
}
