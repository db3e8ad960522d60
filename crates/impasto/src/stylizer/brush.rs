//! What a picture is painted with: one style or several, at the requested strength.

use std::sync::Arc;

use super::phase::Phase;
use super::places::Places;
use super::strength::{self, Curve};
use super::{Strengths, StyleOptions, StyleSize, StylizeOptions, Stylizer};
use crate::engine::{Conditioning, Program, Shares};
use crate::picture::rows::{self, Rows, thumbnail_size};
use crate::{Control, Picture, Result, Size, Style};

/// Greatest longer side of the map that says which style is where. The network's layers read it at their own
/// resolutions, the inner ones at a quarter of the picture's.
const MAP: usize = 1024;

/// Mixtures of a style with the content's own in which strength masks are painted. Strengths between two mixtures are
/// shared by both.
const MIXES: [f32; 3] = [0.25, 0.5, 1.0];

/// Styles that one network paints.
#[derive(Debug, Clone)]
pub(super) struct Brush {
    /// The network that paints, if the style does not use the model's own.
    program: Option<Arc<Program>>,
    pub(super) styles: Vec<Conditioning>,
    /// Which style is where, if there are several.
    pub(super) shares: Option<Arc<Shares>>,
}

impl Brush {
    /// Returns the network that paints: the stylizer's transformer, or a style's own.
    pub(super) fn program<'a>(&'a self, stylizer: &'a Stylizer) -> &'a Program {
        self.program.as_deref().unwrap_or(&stylizer.transformer)
    }

    /// Whether both paint with the same network.
    pub(super) fn same_program(&self, other: &Brush) -> bool {
        self.program.as_ref().map(Arc::as_ptr) == other.program.as_ref().map(Arc::as_ptr)
    }
}

/// What a picture is painted with.
#[derive(Debug, Clone)]
pub(super) struct Brushes {
    /// A single brush if one network paints everything; otherwise one for each style.
    pub(super) brushes: Vec<Brush>,
    /// Which brush paints where, if there are several.
    pub(super) places: Option<Arc<Shares>>,
}

impl From<Brush> for Brushes {
    fn from(brush: Brush) -> Self {
        Brushes { brushes: vec![brush], places: None }
    }
}

/// Maps which style is where in a picture of this size.
pub(super) fn shares(options: &StylizeOptions, size: Size, curves: &[Curve]) -> Result<Arc<Shares>> {
    let places = Places::new(options, size, thumbnail_size(size, MAP).unwrap_or(size))?;
    Ok(Arc::new(places.shares(curves, mixes(options))?))
}

/// The mixtures that the options need.
fn mixes(options: &StylizeOptions) -> &'static [f32] {
    if options.strength_mask.is_some() { &MIXES } else { &[] }
}

impl Stylizer {
    /// Prepares the styles, and returns what the strengths mean for each, in the order of [`Places`].
    pub(super) fn brushes(
        &self,
        content: &dyn Rows,
        styles: &[&Style],
        options: &StylizeOptions,
        control: &dyn Control,
    ) -> Result<(Brushes, Vec<Curve>)> {
        let weaker = options.strength < 1.0 || options.strength_mask.is_some();
        let own = match (weaker && self.predictor.is_some(), &options.strengths) {
            (false, _) => None,
            (true, Some(known)) => Some(known.content_style().clone()),
            (true, None) => Some(self.own_style(content, &options.style, control)?),
        };
        let curves = match (&own, &options.strengths) {
            (Some(_), Some(known)) => known.curves_for(styles.len())?,
            (Some(own), None) => self.curves(content, own, styles, control)?,
            // Without a predictor, the content has no style of its own to start from.
            (None, _) if weaker => vec![Curve::fading(); styles.len()],
            (None, _) => vec![Curve::straight(); styles.len()],
        };
        let mixes: &[f32] = if own.is_some() { mixes(options) } else { &[] };
        let mut brushes = Vec::new();
        match &own {
            None => {
                for style in styles {
                    brushes.push(self.plain_brush(style)?);
                }
            }
            Some(own) if mixes.is_empty() => {
                for (style, curve) in styles.iter().zip(&curves) {
                    brushes.push(self.plain_brush(&own.mix(style, curve.place(options.strength).mix)?)?);
                }
            }
            Some(own) => {
                brushes.push(self.plain_brush(own)?);
                for (style, mix) in styles.iter().flat_map(|style| mixes.iter().map(move |&mix| (style, mix))) {
                    brushes.push(self.plain_brush(&own.mix(style, mix)?)?);
                }
            }
        }
        if brushes.len() == 1 {
            return Ok((Brushes { brushes, places: None }, curves));
        }
        let shares = shares(options, content.size(), &curves)?;
        if brushes.windows(2).any(|pair| !pair[0].same_program(&pair[1])) {
            return Ok((Brushes { brushes, places: Some(shares) }, curves));
        }
        let program = brushes[0].program.clone();
        let styles = brushes.into_iter().flat_map(|brush| brush.styles).collect();
        Ok((Brush { program, styles, shares: Some(shares) }.into(), curves))
    }

    /// Returns a brush of one style.
    pub(super) fn plain_brush(&self, style: &Style) -> Result<Brush> {
        Ok(Brush { program: self.program_of(style)?, styles: vec![self.conditioning(style)?], shares: None })
    }

    /// Measures what strengths mean for a content in one style or several. It uses only two of the options: the
    /// regions, and how the content's own style is made ([`StylizeOptions::style`]). `own` is the content's own style,
    /// if you know it from earlier [`Strengths`].
    ///
    /// A painting with the result has the same bytes as one without, if content, styles and these options are the same.
    ///
    /// # Errors
    /// As [`Stylizer::stylize_with`].
    pub fn strengths(
        &self,
        content: &Picture,
        style: &Style,
        options: &StylizeOptions,
        own: Option<&Style>,
        control: &dyn Control,
    ) -> Result<Strengths> {
        let styles = options.styles(style);
        styles.iter().try_for_each(|style| self.check_style(style))?;
        let own = match own {
            Some(own) => own.clone(),
            None => self.own_style(content, &options.style, control)?,
        };
        let curves = self.curves(content, &own, &styles, control)?;
        Ok(Strengths { own, curves })
    }

    /// Measures what strengths mean for each style on this content.
    pub(super) fn curves(&self, content: &dyn Rows, own: &Style, styles: &[&Style], control: &dyn Control) -> Result<Vec<Curve>> {
        let thumbnail = rows::small(content, strength::SIDE)?;
        // Keeps the progress where it is.
        let control = &Phase { inner: control, before: 1, own: 0, total: 1 };
        let paint = |style: &Style| -> Result<Vec<f32>> {
            Ok(self.sketch(&thumbnail, &self.plain_brush(style)?.into(), control)?.into_rgb())
        };
        let curve = |style: &&Style| {
            let mixes = strength::PLACES.iter().map(|&mix| paint(&own.mix(style, mix)?)).collect::<Result<Vec<_>>>()?;
            Ok(Curve::measured(thumbnail.rgb(), &mixes, &paint(style)?))
        };
        styles.iter().map(curve).collect()
    }

    /// Paints a small picture.
    pub(super) fn sketch(&self, picture: &Picture, brushes: &Brushes, control: &dyn Control) -> Result<Picture> {
        let mut rgb = Vec::with_capacity(picture.rgb().len());
        let mut write = |rows: &[f32]| {
            rgb.extend_from_slice(rows);
            Ok(())
        };
        let coats = self.coats((picture, 0), brushes, false, control)?;
        self.paint_coats((picture, 0), &coats, None, &mut write, control)?;
        Picture::from_rgb_f32(picture.size(), rgb)
    }

    /// Returns the content's own style, reading the content row by row if it can.
    pub(super) fn own_style(&self, content: &dyn Rows, options: &StyleOptions, control: &dyn Control) -> Result<Style> {
        let picture = match options.size {
            StyleSize::ShortSide(_) => rows::resized(content, options.size.of(content.size()))?,
            // These sizes have their own resize, or none.
            _ => return self.style_with(&rows::whole(content)?, options, control),
        };
        self.style_with(&picture, &StyleOptions::default().size(StyleSize::Original), control)
    }
}
