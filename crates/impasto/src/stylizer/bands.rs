//! Painting with the statistics of a thumbnail, in bands: what models do that were trained for it.

use super::{Phase, StyleOptions, StyleSize, Stylizer, check_cancelled, fit, work};
use crate::engine::{Bands, Conditioning, Frozen};
use crate::picture::rows::{self, Rows};
use crate::{Control, Result, Style, StylizeOptions};

/// Takes rows of a painting, at the content's width, from top to bottom.
pub(super) type WriteRows<'a> = &'a mut dyn FnMut(&[f32]) -> Result<()>;

/// The size of a picture's thumbnail: its longer side at `side`, its proportions kept to the nearest pixel. `None` where the picture is no
/// larger: it is its own thumbnail.
pub(super) fn thumbnail_size([width, height]: [usize; 2], side: usize) -> Option<[usize; 2]> {
    let longer = width.max(height) as u128;
    if longer <= side as u128 {
        return None;
    }
    // In 128 bits nothing overflows; the result is at most `side`. A thin picture keeps one pixel across.
    let scaled = |n: usize| ((n as u128 * side as u128 * 2 + longer) / (longer * 2)).max(1) as usize;
    Some([scaled(width), scaled(height)])
}

impl Stylizer {
    /// Paints with a strength, from a thumbnail of this side.
    pub(super) fn paint_rows(
        &self,
        content: &dyn Rows,
        style: &Style,
        (options, side): (&StylizeOptions, usize),
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        self.check_style(style)?;
        options.check()?;
        check_cancelled(control)?;
        let size @ [width, height] = content.size();
        let [seen_width, seen_height] = self.style_fit.size_of(options.style.size.of(width, height));
        let first = if options.strength >= 1.0 { 0 } else { work(&self.predictor, [seen_width, seen_height]) };
        let measured = thumbnail_size(size, side).map(|size| self.content_fit.size_of(size));
        let second = measured.map_or(0, |size| work(&self.transformer, size));
        let third = work(&self.transformer, self.content_fit.size(width, height));
        let total = first.saturating_add(second).saturating_add(third);
        let phase = |before: u64, own: u64| Phase { inner: control, before, own, total };

        let mixed;
        let style = if options.strength >= 1.0 {
            style
        } else {
            let own = self.own_style(content, &options.style, &phase(0, first))?;
            mixed = own.mix(style, options.strength)?;
            &mixed
        };
        let conditioning = self.transformer.condition(style.vector())?;
        let measuring = phase(first, second);
        match self.frozen(content, &conditioning, side, &measuring)? {
            None => self.paint_whole(content, &conditioning, write, &phase(first, third)),
            Some(frozen) => {
                let painting = phase(first.saturating_add(second), third);
                self.paint_bands(content, &frozen, options.max_memory, write, &painting)
            }
        }
    }

    /// The content's own style, seen row by row.
    fn own_style(&self, content: &dyn Rows, options: &StyleOptions, control: &dyn Control) -> Result<Style> {
        let [width, height] = content.size();
        let picture = match options.size {
            StyleSize::ShortSide(_) => rows::resized(content, options.size.of(width, height))?,
            // Sizes that have their own resize, or none.
            _ => return self.style_with(&rows::whole(content)?, options, control),
        };
        self.style_with(&picture, &StyleOptions::default().size(StyleSize::Original), control)
    }

    /// The norms with the statistics of the content's thumbnail; `None` if the content is its own.
    fn frozen(
        &self,
        content: &dyn Rows,
        conditioning: &Conditioning,
        side: usize,
        control: &dyn Control,
    ) -> Result<Option<Frozen>> {
        let Some(size) = thumbnail_size(content.size(), side) else { return Ok(None) };
        let thumbnail = rows::resized(content, size)?;
        let fitted = self.content_fit.extend(&thumbnail)?;
        self.transformer.measure(&self.engine, fitted.view(), conditioning, control).map(Some)
    }

    /// A content that is its own thumbnail: measuring and painting are one run.
    fn paint_whole(
        &self,
        content: &dyn Rows,
        conditioning: &Conditioning,
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        let [width, height] = content.size();
        let extended @ [wide, high] = self.content_fit.size(width, height);
        let mut values = fit::reserve(wide, high)?;
        values.resize(wide * high * 3, 0.0);
        fit::read_extended(content, extended, 0..high, &mut values)?;
        let (painted, shape) = self.transformer.run(&self.engine, (&values, high, wide), conditioning, control)?;
        let result = write(&fit::crop(&painted, shape.width, width, height)?);
        self.engine.give_buffer(painted);
        result
    }

    fn paint_bands(
        &self,
        content: &dyn Rows,
        frozen: &Frozen,
        max_memory: Option<u64>,
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        let [width, height] = content.size();
        if max_memory.is_some() {
            // What the predictor and the thumbnail have left.
            self.engine.release_memory();
        }
        let bands = self.bands(width, height, max_memory)?;
        let extended @ [wide, _] = self.content_fit.size(width, height);
        let mut read = |rows, target: &mut [f32]| fit::read_extended(content, extended, rows, target);
        // The network's rows are a little longer, and a few more.
        let from_width = self.transformer.output_shape(extended[1], wide)?.width;
        let mut write = |rows: std::ops::Range<usize>, painted: &[f32]| {
            let inside = rows.end.min(height).saturating_sub(rows.start);
            if inside == 0 {
                return Ok(());
            }
            if from_width == width {
                return write(&painted[..inside * width * 3]);
            }
            write(&fit::crop(painted, from_width, width, inside)?)
        };
        self.transformer.paint_bands(&self.engine, &bands, frozen, (&mut read, &mut write), control)
    }

    /// Greatest memory of measuring a picture of this size and painting it, the packed weights included.
    pub(super) fn band_memory(&self, size: [usize; 2], side: usize, max_memory: Option<u64>) -> Result<u64> {
        let threads = self.engine.threads();
        let run = |size| {
            let [width, height] = self.content_fit.size_of(size);
            self.transformer.peak_memory(height, width, threads)
        };
        match thumbnail_size(size, side) {
            None => run(size),
            // What measuring leaves is used again by painting, or dropped for something larger.
            Some(small) => Ok(run(small)?.saturating_add(self.bands(size[0], size[1], max_memory)?.memory(threads))),
        }
    }

    /// How a picture of this size is painted within this memory, or the least possible.
    pub(super) fn bands(&self, width: usize, height: usize, max_memory: Option<u64>) -> Result<Bands> {
        let [width, height] = self.content_fit.size(width, height);
        let most = max_memory.unwrap_or(u64::MAX);
        Bands::within(&self.transformer, height, width, self.engine.threads(), most)
    }
}
