//! What the flags of the look come to.

use std::path::Path;

use impasto::picture::{Limits, Mask, Resize};
use impasto::{Colours, Picture, Style, StyleOptions, StyleSize, StylizeOptions};

use super::studio::Studio;
use super::style::{self, Seen, Styles};
use crate::cli::{Colors, Stylize};
use crate::failure::{Failure, Result};
use crate::talk::Loudness;
use crate::values::Stroke;

/// Longer side of the picture that colours are matched with.
const THUMBNAIL: usize = 384;
const INCH: f32 = 25.4;

/// What the library is asked for, but for what the styles bring.
pub(super) fn options(args: &Stylize, loudness: Loudness) -> Result<StylizeOptions> {
    let look = &args.look;
    let limits = args.limits.of_floats();
    let read = |path: &Path| mask(path, look.feather, &limits, loudness);
    let painted = look.mask.as_deref().map(read).transpose()?;
    let painted = if look.invert_mask { painted.map(|mask| mask.inverted()) } else { painted };
    let colours = match look.colors {
        // Matched styles are painted as they are.
        Colors::Style | Colors::Match => Colours::Style,
        Colors::Content => Colours::Content,
        Colors::Luminance => Colours::Luminance,
    };
    let strokes = stroke(look.stroke, look.dpi)?;
    // What `--exact` reproduces is painted at the picture's own size.
    Ok(StylizeOptions::default()
        .strength(args.strength)
        .strength_mask(look.strength_mask.as_deref().map(read).transpose()?)
        .colours(colours)
        .colour_strength(look.color_strength)
        .mask(painted)
        .stroke(if args.exact.is_some() { impasto::Stroke::Native(strokes.factor()) } else { strokes })
        .grain(look.grain)
        .preview_of(look.preview_of.map(|size| [size.width, size.height])))
}

/// How wide strokes are.
pub(super) fn stroke(stroke: Stroke, dpi: Option<f32>) -> Result<impasto::Stroke> {
    let (millimetres, dpi) = match (stroke, dpi) {
        (Stroke::Width(width), None) => return Ok(width),
        (Stroke::Width(_), Some(_)) => {
            return Err(Failure::usage("--dpi is for strokes in millimetres; give --stroke in mm, for example 3mm"));
        }
        (Stroke::Millimetres(_), None) => {
            return Err(Failure::usage("--stroke in millimetres needs the print's resolution: --dpi 300"));
        }
        (Stroke::Millimetres(millimetres), Some(dpi)) => (millimetres, dpi),
    };
    let own = StylizeOptions::STROKE_PIXELS / dpi * INCH;
    let (factor, range) = (millimetres / own, impasto::Stroke::FACTORS);
    if range.contains(&factor) {
        return Ok(impasto::Stroke::Native(factor));
    }
    Err(Failure::usage(format!(
        "strokes of {millimetres} mm at {dpi} dpi are {factor:.2} times the network's; give {:.2} to {:.1} mm",
        own * range.start(),
        own * range.end()
    )))
}

/// A mask from a file.
pub(in crate::commands) fn mask(path: &Path, feather: f32, limits: &Limits, loudness: Loudness) -> Result<Mask> {
    if super::is_standard(path) {
        return Err(Failure::usage("a mask cannot come from standard input; name a file"));
    }
    let named = |e: impasto::Error| e.context(path.display());
    let mask = Mask::from_stored(&super::open(path, limits, loudness)?).map_err(named)?;
    Ok(mask.feather(feather)?.named(&path.display().to_string()))
}

impl Studio<'_> {
    /// Style and options for one content; of it a thumbnail is made if its colours are matched.
    pub(super) fn for_content(
        &self,
        styles: &Styles,
        thumbnail: impl FnOnce() -> impasto::Result<Picture>,
    ) -> Result<(Style, StylizeOptions)> {
        let matching = self.args.look.colors == Colors::Match;
        let (palette, options) = match &styles.uncoloured {
            Some(pictures) => {
                let content = thumbnail()?;
                let as_it_is = StyleOptions::default().size(StyleSize::Original);
                let share = self.args.look.color_strength;
                let see = |picture: &Picture| {
                    let matched = self.stylizer.style_with(&picture.clone().with_colours_of(&content), &as_it_is, &())?;
                    if share >= 1.0 {
                        Ok(matched)
                    } else {
                        self.stylizer.style_with(picture, &as_it_is, &())?.mix(&matched, share)
                    }
                };
                let seen = pictures.iter().map(see).collect::<impasto::Result<Vec<_>>>()?;
                (&style::palette(&seen, &styles.arguments, &styles.masks)?, self.stylize.clone())
            }
            None if matching => (&styles.palette, self.stylize.clone().colours(Colours::Content)),
            None => (&styles.palette, self.stylize.clone()),
        };
        Ok((palette.style.clone(), palette.options(options)))
    }

    /// Style pictures as large as they are seen, to be given colours; `None` if a style has no picture.
    pub(super) fn uncoloured(&self, sources: &[Seen]) -> Result<Option<Vec<Picture>>> {
        if self.args.look.colors != Colors::Match {
            return Ok(None);
        }
        let mut pictures = Vec::new();
        for source in sources {
            let Some(picture) = source.picture() else { return Ok(None) };
            pictures.push(self.style.size.apply(picture)?.into_owned());
        }
        Ok(Some(pictures))
    }

    /// The largest that the network paints at.
    pub(super) fn greatest_canvas(&self, size: [usize; 2]) -> Result<[usize; 2]> {
        Ok(self.stylizer.greatest_canvas(&self.stylize, size)?)
    }

    /// What masks and another canvas take of memory besides, for a picture of this size.
    pub(super) fn look_memory(&self, [width, height]: [usize; 2]) -> u64 {
        let masks = [&self.stylize.mask, &self.stylize.strength_mask];
        let held: u64 = masks.into_iter().flatten().map(|mask| mask.memory([width, height])).sum();
        held.saturating_add(self.stylizer.canvas_memory(&self.stylize, [width, height]).unwrap_or(0))
    }

    /// The thumbnail of a content in memory.
    pub(super) fn thumbnail(content: &Picture) -> impasto::Result<Picture> {
        content.fit_long_side(THUMBNAIL.min(content.width().max(content.height())), Resize::NETWORK)
    }

    /// The same of one that is stored.
    pub(super) fn stored_thumbnail(content: &impasto::picture::Stored) -> impasto::Result<Picture> {
        content.thumbnail(THUMBNAIL)
    }
}

#[cfg(test)]
mod tests {
    use super::stroke;
    use crate::values::Stroke;

    #[test]
    fn millimetres_are_pixels_at_a_resolution() {
        let pixels = impasto::StylizeOptions::STROKE_PIXELS;
        // Strokes of the network's own width in pixels, at 300 to the inch.
        let found = stroke(Stroke::Millimetres(pixels / 300.0 * 25.4), Some(300.0)).unwrap();
        let impasto::Stroke::Native(factor) = found else { panic!("{found:?} is no width in pixels") };
        assert!((factor - 1.0).abs() < 1e-5, "{factor}");
        assert!((stroke(Stroke::Millimetres(pixels / 300.0 * 50.8), Some(300.0)).unwrap().factor() - 2.0).abs() < 1e-5);
        let twice = Stroke::Width(impasto::Stroke::Relative(2.0));
        assert_eq!(stroke(twice, None).unwrap(), impasto::Stroke::Relative(2.0));
        for (width, dpi) in [(twice, Some(300.0)), (Stroke::Millimetres(3.0), None), (Stroke::Millimetres(3000.0), Some(300.0))] {
            assert!(stroke(width, dpi).is_err(), "{width:?} {dpi:?}");
        }
    }
}
