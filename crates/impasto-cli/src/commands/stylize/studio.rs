//! What all pictures of a command line share: the model and the options of the library.

use std::path::PathBuf;

use impasto::engine::Isa;
use impasto::picture;
use impasto::request::{self, in_bands};
use impasto::{Colours, Picture, Size, Style, StyleOptions, StylizeOptions, Stylizer, weights};

use super::ceiling::{Ceiling, smaller};
use super::look;
use super::style::{self, Seen, StyleArgument, Styles};
use crate::cli::Stylize;
use crate::failure::Result;
use crate::interrupt;
use crate::progress::Progress;
use crate::talk::Loudness;

/// An opened model, and how it paints.
pub(super) struct Studio<'a> {
    pub(super) args: &'a Stylize,
    pub(super) loudness: Loudness,
    pub(super) stylizer: Stylizer,
    /// How the style predictor sees styles.
    pub(super) style: StyleOptions,
    /// How pictures are painted.
    pub(super) stylize: StylizeOptions,
}

impl<'a> Studio<'a> {
    /// Reads the model.
    pub(super) fn open(args: &'a Stylize, models: &[PathBuf], isa: Isa) -> Result<Self> {
        let mut builder = Stylizer::builder().threads(args.threads.unwrap_or(0)).isa(isa);
        builder = builder.border(args.paint.options.border).thumbnail(args.paint.options.thumbnail);
        if let Some(bytes) = args.limits.max_bytes {
            builder = builder.limits(weights::Limits::default().max_bytes(bytes));
        }
        let stylizer = models.iter().fold(builder, |builder, path| builder.model(path)).open()?;
        let style = args.paint.options.seen();
        let stylize = look::options(args, args.loudness.loudness())?;
        Ok(Studio { args, loudness: args.loudness.loudness(), stylizer, style, stylize })
    }

    /// Returns the limits for picture files on this machine.
    pub(super) fn picture_limits(args: &Stylize) -> picture::Limits {
        args.limits.of_pictures().salvage(args.paint.options.salvage)
    }

    /// Returns whether pictures are painted in bands, unless something needs the whole result.
    pub(super) fn paints_in_bands(&self) -> bool {
        in_bands(&self.args.paint.options, &self.stylizer)
    }

    /// Returns the styles' vectors, and their blend. The style pictures are kept only for a figure.
    ///
    /// # Errors
    /// Wrong usage if there are no styles, unless the network has just one.
    pub(super) fn see(&self, mut arguments: Vec<StyleArgument>, mut sources: Vec<Seen>, keep: bool) -> Result<Styles> {
        if arguments.is_empty() {
            let (argument, source) = style::only(&self.stylizer)?;
            (arguments, sources) = (vec![argument], vec![source]);
        }
        sources.iter().filter_map(Seen::picture).try_for_each(|picture| self.check_style(picture))?;
        let seen = interrupt::while_running(|| {
            let progress = Progress::new("style", self.loudness);
            sources.iter().map(|source| source.see(&self.stylizer, &self.style, &progress)).collect::<Result<Vec<_>>>()
        })?;
        for ((argument, source), style) in arguments.iter_mut().zip(&sources).zip(&seen) {
            argument.own = matches!(source, Seen::Own(_)).then(|| style.clone());
        }
        let limits = self.args.limits.of_floats();
        let mask = |argument: &StyleArgument| {
            argument
                .mask
                .as_ref()
                .map(|path| look::mask(path, self.args.paint.options.feather, &limits, self.loudness))
                .transpose()
        };
        let masks = arguments.iter().map(mask).collect::<Result<Vec<_>>>()?;
        let palette = style::palette(&seen, &arguments, &masks)?;
        let uncoloured = self.uncoloured(&sources)?;
        Ok(Styles { masks, uncoloured, ..Styles::new(palette, arguments, sources, keep) })
    }

    /// Checks that running the style predictor on a picture fits in memory.
    fn check_style(&self, picture: &Picture) -> Result {
        let from = picture.size();
        let size @ Size { width, height } = self.style.size.of(from);
        let own = self.stylizer.peak_memory(size)?;
        let needed = own.saturating_add(if from == size { 0 } else { size.pixels().saturating_mul(16) });
        let flag = if self.args.paint.options.exact.is_some() { "--exact" } else { "--style-size" };
        Ceiling::new(self.args.limits.max_memory, false).check(
            needed,
            &format!("analyzing the style at {width}×{height}"),
            &smaller(flag),
        )
    }

    /// Returns style and options for one content. To match its colors, it is reduced to a thumbnail.
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

    /// Returns the style pictures at the size in which they are seen,
    /// to be given colors; `None` if a style has no picture.
    fn uncoloured(&self, sources: &[Seen]) -> Result<Option<Vec<Picture>>> {
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

    /// Returns how much more memory the masks take for a picture of this size.
    pub(super) fn mask_memory(&self, size: Size) -> u64 {
        let masks = [&self.stylize.mask, &self.stylize.strength_mask];
        masks.into_iter().flatten().map(|mask| mask.memory(size)).sum()
    }
}
