//! The steps of a painting: what is prepared once, and what is done for each picture.
//!
//! 1. [`Layout`]: the canvas, and the way from it to the picture. No pixel is read.
//! 2. [`View`]: the content on the canvas.
//! 3. [`Prepared`]: the styles at their strengths with the statistics of their norms ([`Coat`]), and whose colors
//!    ([`Recolour`]). Only this step looks at the whole picture. A film does it once for many frames.
//! 4. Rows: through the network, to the picture's size, through [`Finish`].

use std::borrow::Cow;

use super::coarse::Coarse;
use super::coats::{self, Coat};
use super::detail::Detailed;
use super::layout::{Costs, Layout, Way};
use super::places::Places;
use super::strength::Curve;
use super::view::View;
use super::{Stylizer, WriteRows, check_cancelled, fit};
use crate::finish::{Finish, Recolour};
use crate::picture::resize::Shrink;
use crate::picture::rows::{self, Rows};
use crate::picture::{Mask, zeros};
use crate::{Control, Error, ErrorKind, Picture, Result, Size, Style, StylizeOptions};

/// Rows that are copied at a time.
const AT_A_TIME: usize = 64;
/// Longer side of the thumbnails on which colors are measured, for models that have no thumbnail of their own.
const COLOURS: usize = 256;

/// Paints any number of pictures with what was prepared on one of them: the styles at their strengths, and the
/// statistics of norms and colors.
///
/// [`Stylizer::stylize_with`] prepares every picture by itself. For pictures that follow each other, as in a film,
/// these preparations jitter from one to the next although the pictures hardly differ, and the painting flickers.
/// [`Stylizer::prepare`] prepares once.
///
/// ```
/// use impasto::networks::{Architecture, FixedNorm, magenta::Transformer, mobilenet::MobileNet};
/// use impasto::{Model, Picture, StylizeOptions, Stylizer};
///
/// # let predictor = MobileNet { vector_len: 8, norm: FixedNorm::Batch };
/// # let transformer = Transformer { widths: [4, 4, 8], blocks: 1, style_len: 8, ..Transformer::checkpoint() };
/// # let model = Model::untrained(Architecture::MobileNet(predictor), Architecture::Transformer(transformer), 1)?;
/// # let stylizer = Stylizer::builder().build(model)?;
/// let frame = |level| Picture::from_rgb8([64, 48], &[level; 64 * 48 * 3]);
/// let style = stylizer.style(&frame(200)?)?;
/// let painter = stylizer.prepare(&style, &StylizeOptions::default(), &frame(90)?, &())?;
/// for level in 90..93 {
///     assert_eq!(painter.paint(&frame(level)?, &())?.width(), 64);
/// }
/// # Ok::<(), impasto::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Painter<'a> {
    stylizer: &'a Stylizer,
    options: StylizeOptions,
    layout: Layout,
    /// `None` at strength 0, which leaves the content unchanged.
    prepared: Option<Prepared>,
}

/// What is known before the first row is painted.
#[derive(Debug, Clone)]
struct Prepared {
    /// The paintings, with the statistics of their norms: one, unless styles have networks of their own.
    coats: Vec<Coat>,
    recolour: Option<Recolour>,
    /// What the strength means for each style.
    curves: Vec<Curve>,
}

impl Prepared {
    /// Returns where the painting covers the photo, for a picture of this size; `None` if it covers all of it.
    fn places(&self, options: &StylizeOptions, size: Size) -> Result<Option<Places>> {
        let places = Places::new(options, size, size)?;
        Ok((!places.covered(&self.curves)).then_some(places))
    }
}

impl Stylizer {
    /// Prepares for painting pictures that are like this one and have its size.
    ///
    /// The reference picture itself is painted as by [`Stylizer::stylize_with`], to the bit.
    ///
    /// # Errors
    /// As [`Stylizer::stylize_with`].
    pub fn prepare<'a>(
        &'a self,
        style: &Style,
        options: &StylizeOptions,
        reference: &Picture,
        control: &dyn Control,
    ) -> Result<Painter<'a>> {
        self.prepare_rows(style, options, (reference, [0.0; 2]), control)
    }

    /// Like [`Stylizer::prepare`], for rows whose grain has moved by this many pixels.
    pub(crate) fn prepare_rows<'a>(
        &'a self,
        style: &Style,
        options: &StylizeOptions,
        (reference, moved): (&dyn Rows, [f32; 2]),
        control: &dyn Control,
    ) -> Result<Painter<'a>> {
        let layout = self.check(style, options, reference.size(), control)?;
        let mut painter = Painter { stylizer: self, options: options.clone(), layout, prepared: None };
        if options.strength > 0.0 {
            let view = View::new(self, reference, &layout, options, moved)?;
            let costs = self.costs(&layout, options).prepared();
            painter.prepared = Some(self.prepared((&view, layout.margin), style, options, (costs, true), control)?);
        }
        Ok(painter)
    }

    /// Prepares on one picture and paints it row by row.
    pub(super) fn paint_rows(
        &self,
        content: &dyn Rows,
        style: &Style,
        options: &StylizeOptions,
        write: WriteRows<'_>,
        control: &dyn Control,
    ) -> Result<()> {
        let layout = self.check(style, options, content.size(), control)?;
        if options.strength == 0.0 {
            return copy(content, write, control);
        }
        let view = View::new(self, content, &layout, options, [0.0; 2])?;
        let costs = self.costs(&layout, options);
        // If the norms need the picture's own statistics, they are measured while painting.
        let prepared = self.prepared((&view, layout.margin), style, options, (costs, false), control)?;
        self.paint_view(&view, (&layout, options, true), &prepared, write, (costs, control))
    }

    /// Finds what is wrong before any work is done.
    fn check(&self, style: &Style, options: &StylizeOptions, size: Size, control: &dyn Control) -> Result<Layout> {
        options.styles(style).into_iter().try_for_each(|style| self.check_style(style))?;
        let layout = self.layout(options, size)?;
        check_cancelled(control)?;
        Places::check(options, size)?;
        if let Some(full) = options.preview_of.filter(|&full| !size.is_shape_of(full)) {
            let text = format!("a picture of {size} cannot be the preview of one of {full}: the proportions differ");
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        Ok(layout)
    }

    /// Looks at the whole content. With `always`, measures the norms even if the first painting could do it on the way.
    fn prepared(
        &self,
        (view, margin): (&View<'_>, usize),
        style: &Style,
        options: &StylizeOptions,
        (costs, always): (Costs, bool),
        control: &dyn Control,
    ) -> Result<Prepared> {
        let styles = options.styles(style);
        let (brushes, curves) = self.brushes(view.content, &styles, options, &costs.seeing(control))?;
        let thumbnails = || {
            let content = rows::small(view.content, self.thumbnail.unwrap_or(COLOURS))?;
            let painted = self.sketch(&content, &brushes, &costs.seen(control))?;
            Ok((content, painted))
        };
        let recolour = Recolour::new(options.colours, options.colour_strength, thumbnails)?;
        let coats = self.coats((&view.rows(), margin), &brushes, always, &costs.measuring(control))?;
        Ok(Prepared { coats, recolour, curves })
    }

    /// Paints rows: through the network, to the picture's size, through its finish. Unless they are `covered`, the
    /// painting is everywhere, even where masks keep the photo.
    fn paint_view(
        &self,
        view: &View<'_>,
        (layout, options, covered): (&Layout, &StylizeOptions, bool),
        prepared: &Prepared,
        write: WriteRows<'_>,
        (costs, control): (Costs, &dyn Control),
    ) -> Result<()> {
        let Layout { size, canvas, margin, way } = *layout;
        let Prepared { coats, recolour, curves } = prepared;
        let places = if covered { prepared.places(options, size)? } else { None };
        let cover = |y: usize, out: &mut [f32]| places.iter().for_each(|places| places.cover(curves, y, out));
        let cover: Option<crate::finish::Cover<'_>> = if places.is_some() { Some(&cover) } else { None };
        let finish = Finish { content: view.content, recolour: recolour.as_ref(), cover };
        let mut y = 0;
        let mut finished = |rows: Cow<'_, [f32]>| {
            if finish.is_nothing() {
                return write(&rows);
            }
            let mut rows = rows.into_owned();
            finish.apply(&self.engine, y, &mut rows)?;
            y += rows.len() / (size.width * 3);
            write(&rows)
        };
        let network = |write: WriteRows<'_>| {
            self.paint_coats((&view.rows(), margin), coats, options.max_memory, write, &costs.painting(control))
        };
        match way {
            Way::Same => network(&mut |rows| finished(rows.into())),
            Way::Shrunk => {
                let mut resize = Shrink::<3>::new(canvas.into(), size.into());
                network(&mut |rows| {
                    rows.chunks_exact(canvas.width * 3).try_for_each(|row| resize.add(row))?;
                    let done = resize.done();
                    if done.is_empty() { Ok(()) } else { finished(done.into()) }
                })
            }
            Way::Detailed | Way::PaintedTwice => {
                let mut painting = Coarse::new(canvas)?;
                network(&mut |rows| {
                    painting.add(rows);
                    Ok(())
                })?;
                if let Some(small) = view.small() {
                    return self.enlarge(&Detailed::new(view.content, &painting, small), size, &mut finished, control);
                }
                let mut write = |rows: Vec<f32>| finished(rows.into());
                self.sharpen(&painting, size, options.max_memory, &mut write, &costs.again(control))
            }
        }
    }

    /// Writes the rows of an enlarged painting.
    fn enlarge(
        &self,
        painting: &Detailed<'_>,
        Size { width, height }: Size,
        write: &mut dyn FnMut(Cow<'_, [f32]>) -> Result<()>,
        control: &dyn Control,
    ) -> Result<()> {
        for y in (0..height).step_by(AT_A_TIME) {
            check_cancelled(control)?;
            let mut rgb = zeros(width * 3 * AT_A_TIME.min(height - y))?;
            painting.read(&self.engine, y, &mut rgb)?;
            write(rgb.into())?;
        }
        Ok(())
    }
}

impl<'a> Painter<'a> {
    /// Returns the size of the pictures that it paints.
    pub fn size(&self) -> Size {
        self.layout.size
    }

    /// Returns the options that it was prepared with.
    pub fn options(&self) -> &StylizeOptions {
        &self.options
    }

    /// Paints a picture. The result has the picture's size, alpha and [`crate::picture::Source`].
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the picture's size is not the one that the painter was prepared with; otherwise as
    /// [`Stylizer::stylize_with`].
    pub fn paint(&self, content: &Picture, control: &dyn Control) -> Result<Picture> {
        let rgb = self.paint_whole((content, [0.0; 2]), true, control)?;
        content.repainted(content.size(), rgb)
    }

    /// Paints a picture in memory; its grain has moved by this many pixels. Unless it is `covered`, the painting is
    /// everywhere, and [`Painter::cover`] puts the photo back where masks keep it.
    pub(crate) fn paint_whole(
        &self,
        (content, moved): (&dyn Rows, [f32; 2]),
        covered: bool,
        control: &dyn Control,
    ) -> Result<Vec<f32>> {
        let size @ Size { width, height } = content.size();
        if size != self.layout.size {
            let Size { width: prepared_width, height: prepared_height } = self.layout.size;
            let text = format!(
                "the picture has {width}×{height} pixels, but the painter was prepared for \
                 {prepared_width}×{prepared_height}; prepare one for this size"
            );
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let mut rgb = fit::reserve(width, height)?;
        let mut write = |rows: &[f32]| {
            rgb.extend_from_slice(rows);
            Ok(())
        };
        check_cancelled(control)?;
        match &self.prepared {
            None => copy(content, &mut write, control)?,
            Some(prepared) => {
                let view = View::new(self.stylizer, content, &self.layout, &self.options, moved)?;
                let costs = self.stylizer.costs(&self.layout, &self.options).painted();
                let how = (&self.layout, &self.options, covered);
                self.stylizer.paint_view(&view, how, prepared, &mut write, (costs, control))?;
            }
        }
        Ok(rgb)
    }

    /// Returns the painting with the photo where masks and strengths keep it; `None` if they keep nothing of it.
    pub(crate) fn cover(&self, content: &dyn Rows, painted: &[f32]) -> Result<Option<Vec<f32>>> {
        let Some(prepared) = &self.prepared else {
            let mut rgb = zeros(painted.len())?;
            content.read(0..self.layout.size.height, &mut rgb)?;
            return Ok(Some(rgb));
        };
        let Some(places) = prepared.places(&self.options, self.layout.size)? else { return Ok(None) };
        let cover = |y: usize, out: &mut [f32]| places.cover(&prepared.curves, y, out);
        let finish = Finish { content, recolour: None, cover: Some(&cover) };
        let row = self.layout.size.width * 3;
        let mut rgb = zeros(painted.len())?;
        rgb.copy_from_slice(painted);
        for (i, rows) in rgb.chunks_mut(row * AT_A_TIME).enumerate() {
            finish.apply(&self.stylizer.engine, i * AT_A_TIME, rows)?;
        }
        Ok(Some(rgb))
    }

    /// Returns a painter between this one and another that was prepared with the same options on a later picture or in
    /// other styles: 0 for this one, 1 for the other. Statistics of norms and colors, styles, and the meaning of
    /// strengths glide.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if the painters are of different models, sizes, or numbers of styles.
    pub fn towards(&self, other: &Painter<'_>, share: f32) -> Result<Painter<'a>> {
        let same = std::ptr::eq(self.stylizer, other.stylizer) && self.layout == other.layout;
        let prepared = match (&self.prepared, &other.prepared) {
            (Some(from), Some(to)) if same && from.curves.len() == to.curves.len() => Some(Prepared {
                coats: coats::towards(&from.coats, &to.coats, share)?,
                recolour: match (&from.recolour, &to.recolour) {
                    (Some(from), Some(to)) => Some(from.towards(to, share)),
                    _ => from.recolour.clone(),
                },
                curves: from.curves.iter().zip(&to.curves).map(|(from, to)| from.towards(to, share)).collect(),
            }),
            (None, None) if same => None,
            _ => {
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    "cannot interpolate between painters that were prepared differently",
                ));
            }
        };
        Ok(Painter { prepared, options: self.options.clone(), ..*self })
    }

    /// Returns the same painter with other masks, as a film with a mask for each frame needs. There must be a strength
    /// mask exactly if the painter was prepared with one.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`] if a mask has other proportions than the picture, or a strength mask appears or
    /// disappears.
    pub fn with_masks(&self, mask: Option<Mask>, strength_mask: Option<Mask>) -> Result<Painter<'a>> {
        if strength_mask.is_some() != self.options.strength_mask.is_some() {
            let text = "strength masks change what is prepared: give them for all pictures of a painter, or for none";
            return Err(Error::new(ErrorKind::Mismatch, text));
        }
        let options = StylizeOptions { mask, strength_mask, ..self.options.clone() };
        Places::check(&options, self.layout.size)?;
        let mut prepared = self.prepared.clone();
        if let Some(Prepared { coats, curves, .. }) = &mut prepared
            && options.strength_mask.is_some()
        {
            coats::place(coats, &options, &self.layout, curves)?;
        }
        Ok(Painter { prepared, options, ..*self })
    }
}

/// Copies the content unchanged.
fn copy(content: &dyn Rows, write: WriteRows<'_>, control: &dyn Control) -> Result<()> {
    let Size { width, height } = content.size();
    let mut rgb = zeros(width * 3 * AT_A_TIME.min(height))?;
    for start in (0..height).step_by(AT_A_TIME) {
        let rows = start..(start + AT_A_TIME).min(height);
        let values = &mut rgb[..rows.len() * width * 3];
        content.read(rows, values)?;
        write(values)?;
    }
    control.progress(1, 1);
    Ok(())
}
