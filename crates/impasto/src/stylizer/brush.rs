//! What a picture is painted with: the style, or several, in the strength that was asked for.

use std::sync::Arc;

use super::places::Places;
use super::strength::{self, Curve};
use super::{StyleOptions, StyleSize, StylizeOptions, Stylizer};
use crate::engine::Conditioning;
use crate::picture::rows::{self, Rows, thumbnail_size};
use crate::{Control, Picture, Result, Style};

/// Greatest longer side of the map that says which style is where. The network's layers read it at their own resolutions, the inner ones at a quarter
/// of the picture's.
const MAP: usize = 1024;

/// Norms of the network, and what each style's strengths mean.
pub(super) struct Brush {
    pub(super) conditioning: Conditioning,
    /// By style, in the order of [`Places`].
    pub(super) curves: Vec<Curve>,
}

impl Stylizer {
    /// Prepares the styles; the last is the one that has what regions leave.
    pub(super) fn brush(
        &self,
        content: &dyn Rows,
        styles: &[&Style],
        (options, places): (&StylizeOptions, &Places),
        control: &dyn Control,
    ) -> Result<Brush> {
        let own = if options.strength < 1.0 || options.strength_mask.is_some() {
            Some(self.own_style(content, &options.style, control)?)
        } else {
            None
        };
        let curves = match &own {
            Some(own) => self.curves(content, own, styles, control)?,
            None => vec![Curve::straight(); styles.len()],
        };
        let conditioning = match (styles, &own) {
            ([style], None) => self.transformer.condition(style.vector())?,
            ([style], Some(own)) if places.uniform() => {
                self.transformer.condition(own.mix(style, curves[0].place(options.strength).mix)?.vector())?
            }
            _ => {
                let size = content.size();
                let places = Places::new(options, size, thumbnail_size(size, MAP).unwrap_or(size))?;
                let vectors: Vec<&[f32]> = own.iter().chain(styles.iter().copied()).map(Style::vector).collect();
                self.transformer.condition_shared(&vectors, Arc::new(places.shares(&curves, own.is_some())?))?
            }
        };
        Ok(Brush { conditioning, curves })
    }

    /// What strengths mean for each style on this content.
    fn curves(&self, content: &dyn Rows, own: &Style, styles: &[&Style], control: &dyn Control) -> Result<Vec<Curve>> {
        let thumbnail = rows::small(content, strength::SIDE)?;
        let paint = |style: &Style| -> Result<Vec<f32>> {
            Ok(self.sketch(&thumbnail, &self.transformer.condition(style.vector())?, control)?.into_rgb())
        };
        let curve = |style: &&Style| {
            let mixes = strength::PLACES.iter().map(|&mix| paint(&own.mix(style, mix)?)).collect::<Result<Vec<_>>>()?;
            Ok(Curve::measured(thumbnail.rgb(), &mixes, &paint(style)?))
        };
        styles.iter().map(curve).collect()
    }

    /// A small picture, painted in one piece with its own statistics.
    pub(super) fn sketch(&self, picture: &Picture, conditioning: &Conditioning, control: &dyn Control) -> Result<Picture> {
        let mut rgb = Vec::with_capacity(picture.rgb().len());
        let mut write = |rows: &[f32]| {
            rgb.extend_from_slice(rows);
            Ok(())
        };
        self.paint_whole(picture, conditioning, &mut write, control)?;
        Picture::from_rgb_f32(picture.width(), picture.height(), rgb)
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
}
