//! Runs the network on a picture: in one piece, or in bands with a thumbnail's statistics, for models trained for that.

use std::sync::Arc;

use super::brush::Brush;
use super::margin::Framed;
use super::{Phase, Stylizer, WriteRows, fit};
use crate::engine::{Bands, Conditioning, Frozen, Program, Shares};
use crate::picture::rows::{self, Rows, thumbnail_size};
use crate::{Control, Error, ErrorKind, Picture, Result, Size};

/// Where a painting's norms take their statistics from.
#[derive(Debug, Clone)]
pub(super) enum Norms {
    /// From the picture that is painted, in the same run.
    Own,
    /// Already known.
    Frozen(Frozen),
}

impl Norms {
    /// Returns norms between these and others: 0 for these, 1 for the others.
    pub(super) fn towards(&self, other: &Norms, share: f32) -> Result<Self> {
        match (self, other) {
            (Norms::Frozen(from), Norms::Frozen(to)) => Ok(Norms::Frozen(from.towards(to, share)?)),
            _ => Err(Error::new(ErrorKind::Mismatch, "cannot interpolate between norms that are measured while painting")),
        }
    }

    /// Moves the styles to other places, for a picture that is painted with a margin.
    pub(super) fn place(&mut self, shares: &Shares, margin: usize) -> Result<()> {
        if let Norms::Frozen(frozen) = self {
            *frozen = frozen.placed(Arc::new(shares.with_margin(margin)))?;
        }
        Ok(())
    }
}

/// Rows written at a time when the painting is in memory anyway.
const AT_A_TIME: usize = 64;

impl Stylizer {
    /// Measures the norms' statistics for a picture that is painted with a margin. With `always`, measures them even if
    /// painting the picture could do it on the way.
    pub(super) fn norms(
        &self,
        (picture, margin): (&dyn Rows, usize),
        brush: &Brush,
        always: bool,
        measuring: &dyn Control,
    ) -> Result<Norms> {
        let thumbnail = self.thumbnail.and_then(|side| thumbnail_size(picture.size(), side));
        // A picture that is its own thumbnail is measured as it is painted.
        let seen = || thumbnail.map_or_else(|| rows::whole(&Framed::new(picture, margin)), |size| rows::resized(picture, size));
        let program = brush.program(self);
        let frozen = match (&brush.styles[..], &brush.shares) {
            ([_], None) if thumbnail.is_none() && !always => return Ok(Norms::Own),
            ([style], None) => self.frozen(&seen()?, (program, style), measuring)?,
            (styles, Some(shares)) => {
                // Each style gets its own statistics, from the picture itself if there is no thumbnail.
                let seen = seen()?;
                let each = styles
                    .iter()
                    .enumerate()
                    .map(|(i, style)| self.frozen(&seen, (program, style), &Phase::part(measuring, i, styles.len())));
                Frozen::shared(each.collect::<Result<_>>()?, Arc::new(shares.with_margin(margin)))?
            }
            (styles, None) => {
                let text = format!("{} styles need shares that say where each one is", styles.len());
                return Err(Error::new(ErrorKind::Mismatch, text));
            }
        };
        Ok(Norms::Frozen(frozen))
    }

    /// Paints with known norms, or in one piece with the picture's own. The margin is painted and cut off.
    pub(super) fn paint_norms(
        &self,
        (picture, margin): (&dyn Rows, usize),
        (brush, norms): (&Brush, &Norms),
        max_memory: Option<u64>,
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        let program = brush.program(self);
        let framed = Framed::new(picture, margin);
        let mut cut = framed.cut(write);
        match (norms, &brush.styles[..]) {
            (Norms::Frozen(frozen), _) => self.paint_bands(&framed, (program, frozen), max_memory, &mut cut, control),
            (Norms::Own, [style]) => self.paint_whole(&framed, (program, style), &mut cut, control),
            (Norms::Own, _) => Err(Error::new(ErrorKind::Mismatch, "several styles need statistics of their own")),
        }
    }

    /// Measures a style's norms on this picture.
    fn frozen(&self, picture: &Picture, (program, style): (&Program, &Conditioning), control: &dyn Control) -> Result<Frozen> {
        program.measure(&self.engine, self.content_fit.extend(picture)?.view(), style, control)
    }

    /// Measures and paints in one run: for a picture that is its own thumbnail, and for models without thumbnails.
    pub(super) fn paint_whole(
        &self,
        content: &dyn Rows,
        (program, conditioning): (&Program, &Conditioning),
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        let size @ Size { width, height } = content.size();
        let extended @ Size { width: wide, height: high } = self.content_fit.size(size);
        let read;
        let values = match content.all() {
            Some(values) if extended == size => {
                rows::check_finite(values)?;
                values
            }
            _ => {
                let mut values = fit::reserve(wide, high)?;
                values.resize(wide * high * 3, 0.0);
                fit::read_extended(content, extended, 0..high, &mut values)?;
                read = values;
                &read
            }
        };
        let (painted, shape) = program.run(&self.engine, (values, extended), conditioning, control)?;
        let rows = painted.chunks(shape.width * 3 * AT_A_TIME).zip((0..height).step_by(AT_A_TIME));
        let mut crop = |(rows, y): (&[f32], usize)| write(&fit::crop(rows, shape.width, width, AT_A_TIME.min(height - y))?);
        rows.into_iter().try_for_each(&mut crop)?;
        self.engine.give_buffer(painted);
        Ok(())
    }

    fn paint_bands(
        &self,
        content: &dyn Rows,
        (program, frozen): (&Program, &Frozen),
        max_memory: Option<u64>,
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        let size @ Size { width, height } = content.size();
        if max_memory.is_some() {
            // Frees what the predictor and the thumbnail have left.
            self.engine.release_memory();
        }
        let bands = self.bands(size, max_memory)?;
        let extended = self.content_fit.size(size);
        let mut read = |rows, target: &mut [f32]| fit::read_extended(content, extended, rows, target);
        // The network's rows are a little longer, and there are a few more of them.
        let from_width = program.output_shape(extended)?.width;
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
        program.paint_bands(&self.engine, &bands, frozen, (&mut read, &mut write), control)
    }

    /// Returns the peak memory of measuring a picture of this size and painting it, including the packed weights.
    pub(super) fn band_memory(&self, size: Size, side: usize, max_memory: Option<u64>) -> Result<u64> {
        let threads = self.engine.threads();
        let run = |size| self.transformer.peak_memory(self.content_fit.size(size), threads);
        match thumbnail_size(size, side) {
            None => run(size),
            // Painting reuses the buffers that measuring leaves, or drops them for larger ones.
            Some(small) => Ok(run(small)?.saturating_add(self.bands(size, max_memory)?.memory(threads))),
        }
    }

    /// Plans how a picture of this size is painted within this memory, or in the least possible.
    pub(super) fn bands(&self, size: Size, max_memory: Option<u64>) -> Result<Bands> {
        let most = max_memory.unwrap_or(u64::MAX);
        Bands::within(&self.transformer, self.content_fit.size(size), self.engine.threads(), most)
    }
}
