//! A picture's way from its rows to painted rows: the canvas that the network paints on, and what becomes of it.

use std::borrow::Cow;

use super::bands::WriteRows;
use super::coarse::Coarse;
use super::detail::Detailed;
use super::grain::Grained;
use super::phase::Phase;
use super::places::Places;
use super::{Stylizer, check_cancelled, work};
use crate::finish::{Finish, Recolour};
use crate::picture::resize::{Scaled, Shrink};
use crate::picture::rows::{self, Rows, thumbnail_size};
use crate::{Control, Result, Style, StylizeOptions};

/// Rows that are copied at a time.
const AT_A_TIME: usize = 64;
/// Longer side of the thumbnails that colours are counted in, for models that have none of their own.
const COLOURS: usize = 256;

impl Stylizer {
    /// Paints a picture row by row.
    pub(super) fn paint_rows(
        &self,
        content: &dyn Rows,
        style: &Style,
        options: &StylizeOptions,
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        let styles = options.styles(style);
        styles.iter().try_for_each(|style| self.check_style(style))?;
        let size @ [width, height] = content.size();
        let canvas = self.canvas(options, size)?;
        check_cancelled(control)?;
        let places = Places::new(options, size, size)?;
        if options.strength == 0.0 {
            copy(content, write)?;
            control.progress(1, 1);
            return Ok(());
        }

        let [seen_width, seen_height] = self.style_fit.size_of(options.style.size.of(width, height));
        let sees = options.strengths.is_none() && (options.strength < 1.0 || options.strength_mask.is_some());
        let first = if sees { work(&self.predictor, [seen_width, seen_height]) } else { 0 };
        let measured = |size| self.thumbnail.and_then(|side| thumbnail_size(size, side));
        let cost = |size| work(&self.transformer, self.content_fit.size_of(size));
        let coarse = canvas[0] < width || canvas[1] < height;
        let second = measured(canvas).map_or(0, cost);
        let third = cost(canvas);
        let detailed = self.has_detail(options);
        let fourth = if coarse && !detailed { cost(size) } else { 0 };
        let total = [first, second, third, fourth].into_iter().fold(0, u64::saturating_add);
        let phase = |before: u64, own: u64| Phase { inner: control, before, own, total };

        let (brush, curves) = self.brush(content, &styles, options, &phase(0, first))?;
        let thumbnails = || {
            let content = rows::small(content, self.thumbnail.unwrap_or(COLOURS))?;
            let painted = self.sketch(&content, &brush, &phase(first, 0))?;
            Ok((content, painted))
        };
        let recolour = Recolour::new(options.colours, options.colour_strength, thumbnails)?;
        let cover = |y: usize, out: &mut [f32]| places.cover(&curves, y, out);
        let cover: Option<crate::finish::Cover<'_>> = if places.covered(&curves) { None } else { Some(&cover) };
        let finish = Finish { content, recolour, cover };
        let mut y = 0;
        let mut finished = |rows: Cow<'_, [f32]>| {
            if finish.is_nothing() {
                return write(&rows);
            }
            let mut rows = rows.into_owned();
            finish.apply(&self.engine.threads, y, &mut rows)?;
            y += rows.len() / (width * 3);
            write(&rows)
        };
        let phases: (&dyn Control, &dyn Control) = (&phase(first, second), &phase(first.saturating_add(second), third));
        let max_memory = options.max_memory;
        let grain = if detailed { options.grain } else { 0.0 };
        if canvas == size {
            let mut write = |rows: &[f32]| finished(rows.into());
            return self.network_rows(&Grained::new(content, grain), &brush, max_memory, &mut write, phases);
        }
        let view = Scaled::new(content, canvas);
        if coarse {
            let mut painting = Coarse::new(canvas)?;
            let mut write = |rows: &[f32]| {
                painting.add(rows);
                Ok(())
            };
            if detailed {
                // Read once: the content may have to be converted for every look at it.
                let small = rows::resized(content, canvas)?;
                self.network_rows(&Grained::new(&small, grain), &brush, max_memory, &mut write, phases)?;
                return self.enlarge(&Detailed::new(content, &painting, &small), size, &mut finished, control);
            }
            self.network_rows(&view, &brush, max_memory, &mut write, phases)?;
            let before = total - fourth;
            let mut write = |rows: Vec<f32>| finished(rows.into());
            return self.sharpen(&painting, size, max_memory, &mut write, &phase(before, fourth));
        }
        let mut resize = Shrink::<3>::new(canvas, size);
        let mut write = |rows: &[f32]| {
            rows.chunks_exact(canvas[0] * 3).try_for_each(|row| resize.add(row))?;
            let done = resize.done();
            if done.is_empty() { Ok(()) } else { finished(done.into()) }
        };
        self.network_rows(&Grained::new(&view, grain), &brush, max_memory, &mut write, phases)
    }
}

impl Stylizer {
    /// Gives the rows of an enlarged painting.
    fn enlarge(
        &self,
        painting: &Detailed<'_>,
        [width, height]: [usize; 2],
        write: &mut dyn FnMut(Cow<'_, [f32]>) -> Result<()>,
        control: &dyn Control,
    ) -> Result<()> {
        for y in (0..height).step_by(AT_A_TIME) {
            check_cancelled(control)?;
            let mut rgb = crate::picture::zeros(width * 3 * AT_A_TIME.min(height - y))?;
            painting.read(&self.engine.threads, y, &mut rgb)?;
            write(rgb.into())?;
        }
        Ok(())
    }
}

/// The content itself.
fn copy(content: &dyn Rows, write: WriteRows<'_>) -> Result<()> {
    let [width, height] = content.size();
    let mut rgb = crate::picture::zeros(width * 3 * AT_A_TIME.min(height))?;
    for start in (0..height).step_by(AT_A_TIME) {
        let rows = start..(start + AT_A_TIME).min(height);
        let values = &mut rgb[..rows.len() * width * 3];
        content.read(rows, values)?;
        write(values)?;
    }
    Ok(())
}
