//! Styles, look and masks of a film.

use std::path::Path;

use impasto::picture::Mask;
use impasto::video::{Frame, Styles};
use impasto::{Colours, Error, ErrorKind, Style, StyleOptions, StyleSize, StylizeOptions, Stylizer};

use super::args::{Video, time};
use super::decode::Reading;
use super::probe::Timing;
use super::source::{Frames, Source, Wanted};
use super::tools::Tools;
use crate::commands::stylize::look;
use crate::commands::stylize::style::{self, StyleArgument};
use crate::failure::{Failure, Result};
use crate::progress::Unseen;
use crate::{memory, names};

/// Styles along the film: the time in seconds, and the style from then on.
pub(super) type Changes = Vec<(f64, StyleArgument)>;

/// Takes `--style-at` apart.
pub(super) fn changes(args: &Video) -> Result<Changes> {
    let wrong = |text: &std::ffi::OsStr| {
        Failure::usage(format!("{}: write --style-at as TIME=STYLE, for example 0:12=waves.jpg", text.display()))
    };
    let change = |argument: &std::ffi::OsString| {
        let (at, name) = names::divided(argument, '=').into_iter().next_back().ok_or_else(|| wrong(argument))?;
        let at = at.to_str().and_then(|text| time(text).ok()).ok_or_else(|| wrong(argument))?;
        let mut styles = style::parse(&[name])?;
        match styles.pop().filter(|style| style.mask.is_none()) {
            Some(style) => Ok((at, style)),
            None => Err(Failure::usage(format!("{}: styles that change along the film have no mask", argument.display()))),
        }
    };
    args.style_at.iter().map(change).collect()
}

/// A mask of one picture for all frames, or of a film with one for each.
pub(super) enum MaskSource {
    Still(Mask),
    Film(Source, String),
}

/// What a film is painted in.
pub(super) struct Look {
    pub(super) styles: Styles,
    pub(super) options: StylizeOptions,
    pub(super) mask: Option<MaskSource>,
    pub(super) strength_mask: Option<MaskSource>,
}

/// Reads everything that the look is made of.
pub(super) fn look(
    args: &Video,
    stylizer: &Stylizer,
    (arguments, changes): (&[StyleArgument], &Changes),
    (wanted, timing): (Wanted, &Timing),
    tools: &dyn Fn() -> Result<Tools>,
) -> Result<Look> {
    let (loudness, limits) = (args.loudness.loudness(), memory::limits_of_floats());
    let options = StyleOptions::default().size(StyleSize::ShortSide(args.style_size));
    let see = |argument: &StyleArgument| -> Result<Style> { argument.read(&limits, loudness)?.see(stylizer, &options, &Unseen) };
    let seen = arguments.iter().map(see).collect::<Result<Vec<_>>>()?;
    let masks = arguments
        .iter()
        .map(|argument| argument.mask.as_deref().map(|path| look::mask(path, args.feather, &limits, loudness)).transpose());
    let masks = masks.collect::<Result<Vec<_>>>()?;
    let palette = match arguments {
        // Of a network that has just one.
        [] => {
            let (argument, source) = style::only(stylizer)?;
            style::palette(&[source.see(stylizer, &options, &Unseen)?], &[argument], &[None])?
        }
        _ => style::palette(&seen, arguments, &masks)?,
    };
    let mut styles = Styles::one(palette.style.clone());
    for (at, argument) in changes {
        styles = styles.with(timing.frame_at((at - wanted.part.start).max(0.0)), see(argument)?);
    }
    if args.colors == Colours::Match {
        return Err(Failure::usage("--colors match is for pictures; use content or luminance for films"));
    }
    let stylize = StylizeOptions::default()
        .strength(args.strength)
        .style(options)
        .colours(args.colors)
        .colour_strength(args.color_strength)
        .stroke(args.stroke)
        .grain(args.grain);
    let open = |path: &Path| -> Result<MaskSource> {
        let still = impasto::picture::Format::from_path(path).is_ok()
            && path.is_file()
            && super::animation::look(path)?.is_none_or(|facts| facts.frames == 1);
        if still {
            return Ok(MaskSource::Still(look::mask(path, args.feather, &limits, loudness)?));
        }
        Ok(MaskSource::Film(Source::open(path, wanted, tools)?, path.display().to_string()))
    };
    Ok(Look {
        styles,
        options: palette.options(stylize),
        mask: args.mask.as_deref().map(open).transpose()?,
        strength_mask: args.strength_mask.as_deref().map(open).transpose()?,
    })
}

impl Look {
    /// Puts still masks into the options, and those of films on the frames.
    pub(super) fn masked(
        &mut self,
        args: &Video,
        frames: Frames,
        (tools, reading): (Option<&Tools>, &Reading),
    ) -> Result<Frames> {
        let mut frames = frames;
        if let Some(mask) = self.mask.take() {
            let (invert, feather) = (args.invert_mask, args.feather);
            match mask {
                MaskSource::Still(mask) => self.options.mask = Some(if invert { mask.inverted() } else { mask }),
                MaskSource::Film(source, name) => {
                    let masks = source.read(tools, source.size(), Reading { alpha: source.alpha(), ..reading.clone() })?;
                    frames = Box::new(zipped(frames, masks, name, move |frame, mask| {
                        let mask = mask.feather(feather)?;
                        Ok(frame.with_mask(if invert { mask.inverted() } else { mask }))
                    }));
                }
            }
        }
        if let Some(mask) = self.strength_mask.take() {
            let feather = args.feather;
            match mask {
                MaskSource::Still(mask) => self.options.strength_mask = Some(mask),
                MaskSource::Film(source, name) => {
                    let masks = source.read(tools, source.size(), Reading { alpha: source.alpha(), ..reading.clone() })?;
                    frames = Box::new(zipped(frames, masks, name, move |frame, mask| {
                        Ok(frame.with_strength_mask(mask.feather(feather)?))
                    }));
                }
            }
        }
        Ok(frames)
    }
}

/// Frames with their masks.
fn zipped(
    mut frames: Frames,
    mut masks: Frames,
    name: String,
    join: impl Fn(Frame, Mask) -> impasto::Result<Frame> + Send,
) -> impl Iterator<Item = impasto::Result<Frame>> + Send {
    std::iter::from_fn(move || {
        let frame = match frames.next()? {
            Ok(frame) => frame,
            Err(error) => return Some(Err(error)),
        };
        let mask = masks.next().unwrap_or_else(|| {
            let text = format!("{name}: ends before the film that it is a mask for; give it a frame for every frame");
            Err(Error::new(ErrorKind::Mismatch, text))
        });
        Some(mask.and_then(|mask| join(frame, Mask::from_picture(&mask.to_picture()?)?.named(&name))))
    })
}
