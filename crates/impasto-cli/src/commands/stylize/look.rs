//! What the flags of the look come to.

use std::path::Path;

use impasto::picture::{Limits, Mask};
use impasto::{Colours, ErrorKind, Picture, Size, Style, StylizeOptions, request};

use super::studio::Studio;
use super::style::{self, Seen, Styles};
use crate::cli::Stylize;
use crate::failure::{Failure, Result};
use crate::talk::Loudness;

/// What the library is asked for, but for what the styles bring.
pub(super) fn options(args: &Stylize, loudness: Loudness) -> Result<StylizeOptions> {
    let (paint, limits) = (&args.paint, args.limits.of_floats());
    let read = |option: &str| paint.file(option).map(|path| mask(path, paint.options.feather, &limits, loudness)).transpose();
    let options = paint.options.stylize(read("mask")?, read("strength_mask")?);
    options.map_err(|e| if e.kind() == ErrorKind::InvalidArgument { Failure::usage(e) } else { e.into() })
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
    /// Style and options for one content; of it a thumbnail is made if its colors are matched.
    pub(super) fn for_content(
        &self,
        styles: &Styles,
        thumbnail: impl FnOnce() -> impasto::Result<Picture>,
    ) -> Result<(Style, StylizeOptions)> {
        let asked = &self.args.paint.options;
        let (palette, options) = match &styles.uncoloured {
            Some(pictures) => {
                let content = thumbnail()?;
                let see =
                    |picture: &Picture| request::matched(&self.stylizer, (picture, None), &content, asked.color_strength, &());
                let seen = pictures.iter().map(see).collect::<impasto::Result<Vec<_>>>()?;
                (&style::palette(&seen, &styles.arguments, &styles.masks)?, self.stylize.clone())
            }
            None if asked.colors == Colours::Match => (&styles.palette, self.stylize.clone().colours(Colours::Content)),
            None => (&styles.palette, self.stylize.clone()),
        };
        Ok((palette.style.clone(), palette.options(options)))
    }

    /// Style pictures as large as they are seen, to be given colors; `None` if a style has no picture.
    pub(super) fn uncoloured(&self, sources: &[Seen]) -> Result<Option<Vec<Picture>>> {
        if self.args.paint.options.colors != Colours::Match {
            return Ok(None);
        }
        let mut pictures = Vec::new();
        for source in sources {
            let Some(picture) = source.picture() else { return Ok(None) };
            pictures.push(self.style.size.apply(picture)?.into_owned());
        }
        Ok(Some(pictures))
    }

    /// What masks take of memory besides, for a picture of this size.
    pub(super) fn mask_memory(&self, size: Size) -> u64 {
        let masks = [&self.stylize.mask, &self.stylize.strength_mask];
        masks.into_iter().flatten().map(|mask| mask.memory(size)).sum()
    }
}
