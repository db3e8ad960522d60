//! Styles, options and masks of a film.

use std::borrow::Cow;
use std::path::Path;

use impasto::picture::Mask;
use impasto::request::StyleUse;
use impasto::video::{Frame, Styles};
use impasto::{Colours, Error, ErrorKind, Picture, Style, StylizeOptions, Stylizer};

use impasto_film::{Frames, Reading, Timing, Tools, time};

use super::args::Video;
use super::source::{Source, Wanted};
use crate::commands::stylize::look;
use crate::commands::stylize::style::{self, StyleArgument};
use crate::failure::{Failure, Result};
use crate::progress::Unseen;
use crate::{memory, names};

/// Changes of style along the film: the time in seconds, and the style from then on.
pub(super) type Changes = Vec<(f64, StyleArgument)>;

/// Parses `--style-at`.
pub(super) fn changes(args: &Video) -> Result<Changes> {
    let wrong = |text: &std::ffi::OsStr| {
        Failure::usage(format!("{}: write --style-at as TIME=STYLE, for example 0:12=waves.jpg", text.display()))
    };
    let change = |argument: &std::ffi::OsString| {
        let (at, name) = names::divided(argument, '=').into_iter().next_back().ok_or_else(|| wrong(argument))?;
        let at = at.to_str().and_then(|text| time(text).ok()).ok_or_else(|| wrong(argument))?;
        let mut styles = style::parse(std::slice::from_ref(&name))?;
        match styles.pop().filter(|style| style.mask.is_none()) {
            Some(style) if style.path.as_os_str() == name => Ok((at, style)),
            Some(_) => {
                Err(Failure::usage(format!("{}: a style that comes alone has no weight; leave it out", argument.display())))
            }
            None => Err(Failure::usage(format!(
                "{}: styles that change along the film cannot have a mask; leave it out",
                argument.display()
            ))),
        }
    };
    let mut changes = args.style_at.iter().map(change).collect::<Result<Changes>>()?;
    changes.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    // The styles of `-s` are there from the beginning.
    let begins = (!args.styles.is_empty()).then_some(0.0);
    let times: Vec<f64> = begins.into_iter().chain(changes.iter().map(|(at, _)| *at)).collect();
    if let Some(pair) = times.windows(2).find(|pair| pair[0] == pair[1]) {
        let what = if pair[0] == 0.0 && begins.is_some() { "-s and --style-at" } else { "--style-at" };
        return Err(Failure::usage(format!("{what} name two styles for second {}; leave one out", pair[0])));
    }
    Ok(changes)
}

/// A mask: one picture for all frames, or a film with one for each.
pub(super) enum MaskSource {
    Still(Mask),
    Film(Source, String),
}

/// How a film is painted.
pub(super) struct Look {
    pub(super) styles: Styles,
    pub(super) options: StylizeOptions,
    pub(super) mask: Option<MaskSource>,
    pub(super) strength_mask: Option<MaskSource>,
    /// What the styles are made of, for the record. The later ones have their times.
    pub(super) used: Vec<StyleUse>,
    pub(super) used_later: Vec<(f64, StyleUse)>,
}

/// Reads everything that decides the look.
pub(super) fn look(
    args: &Video,
    stylizer: &Stylizer,
    (arguments, changes): (&[StyleArgument], &Changes),
    (wanted, timing, before): (Wanted, &Timing, usize),
    tools: &dyn Fn() -> Result<Tools>,
) -> Result<Look> {
    let (loudness, limits) = (args.loudness.loudness(), memory::limits_of_floats());
    let asked = &args.paint.options;
    // A style, its record, and its picture if the picture is to get the film's colors.
    let see = |argument: &StyleArgument| -> Result<(Style, StyleUse, Option<Picture>)> {
        let read = argument.read(&limits, loudness)?;
        let style = read.see(stylizer, &asked.seen(), &Unseen)?;
        let used = argument.used_as(&read, &style)?;
        let picture = read.picture().filter(|_| asked.colors == Colours::Match);
        let picture = picture.map(|picture| asked.seen().size.apply(picture).map(Cow::into_owned)).transpose()?;
        Ok((style, used, picture))
    };
    let (mut seen, mut used, mut pictures) = (Vec::new(), Vec::new(), Vec::new());
    for argument in arguments {
        let (style, made_of, picture) = see(argument)?;
        seen.push(style);
        used.push(made_of);
        pictures.push(picture);
    }
    let mask = |path: &Path| look::mask(path, asked.feather, &limits, loudness);
    let masks = arguments.iter().map(|argument| argument.mask.as_deref().map(mask).transpose());
    let masks = masks.collect::<Result<Vec<_>>>()?;
    let parts = match arguments {
        // The style of a network that has just one.
        [] => {
            let (argument, source) = style::only(stylizer)?;
            let style = source.see(stylizer, &asked.seen(), &Unseen)?;
            used.push(argument.used_as(&source, &style)?);
            pictures.push(None);
            style::parts(&[style], &[argument], &[None])
        }
        _ => style::parts(&seen, arguments, &masks),
    };
    let (mut later, mut used_later) = (Vec::new(), Vec::new());
    for (at, argument) in changes {
        let (style, used, picture) = see(argument)?;
        later.push((timing.frame_at(at - wanted.part.start), style, picture));
        used_later.push((*at, used));
    }
    // Masks may be films, which come with the frames.
    let stylize = asked.stylize(None, None);
    let wrong = |e: Error| if e.kind() == ErrorKind::InvalidArgument { Failure::usage(e) } else { e.into() };
    let stylize = stylize.map_err(wrong)?;
    let first = (timing.frame_at(-wanted.part.start), parts.into_iter().zip(pictures).collect());
    let (styles, options) = Styles::asked(asked, stylize, first, later).map_err(wrong)?;
    let open = |path: &Path| -> Result<MaskSource> {
        let still = impasto::picture::Format::from_path(path).is_ok()
            && path.is_file()
            && super::animation::look(path)?.is_none_or(|facts| facts.frames == 1);
        if still {
            return Ok(MaskSource::Still(mask(path)?));
        }
        Ok(MaskSource::Film(Source::of_masks(path, (wanted, before), tools)?, path.display().to_string()))
    };
    Ok(Look {
        styles,
        options,
        mask: args.paint.file("mask").map(open).transpose()?,
        strength_mask: args.paint.file("strength_mask").map(open).transpose()?,
        used,
        used_later,
    })
}

impl Look {
    /// Puts still masks into the options, and masks from films on the frames.
    pub(super) fn masked(
        &mut self,
        args: &Video,
        frames: Frames,
        (tools, reading): (Option<&Tools>, &Reading),
    ) -> Result<Frames> {
        let mut frames = frames;
        let (invert, feather) = (args.paint.options.invert_mask, args.paint.options.feather);
        if let Some(mask) = self.mask.take() {
            match mask {
                MaskSource::Still(mask) => self.options.mask = Some(if invert { mask.inverted() } else { mask }),
                MaskSource::Film(source, name) => {
                    let masks = source.read(tools, source.size(), Reading { alpha: source.alpha(), ..reading.clone() }, false)?;
                    frames = Box::new(zipped(frames, masks, name, move |frame, mask| {
                        let mask = mask.feather(feather)?;
                        Ok(frame.with_mask(if invert { mask.inverted() } else { mask }))
                    }));
                }
            }
        }
        if let Some(mask) = self.strength_mask.take() {
            match mask {
                MaskSource::Still(mask) => self.options.strength_mask = Some(mask),
                MaskSource::Film(source, name) => {
                    let masks = source.read(tools, source.size(), Reading { alpha: source.alpha(), ..reading.clone() }, false)?;
                    frames = Box::new(zipped(frames, masks, name, move |frame, mask| {
                        Ok(frame.with_strength_mask(mask.feather(feather)?))
                    }));
                }
            }
        }
        Ok(frames)
    }
}

/// Pairs frames with their masks.
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
            let text = format!("{name}: this mask ends before the film; it needs a frame for every frame of the film");
            Err(Error::new(ErrorKind::Mismatch, text))
        });
        Some(mask.and_then(|mask| join(frame, Mask::from_picture(&mask.to_picture()?)?.named(&name))))
    })
}
