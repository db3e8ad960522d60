//! `impasto styles`: the built-in styles, and styles of the user's own.

use std::fmt::Write;

use impasto::picture::{EncodeOptions, Format, Limits, Resize, Target};
use impasto::style::Gallery;
use impasto::{Picture, StyleOptions, StyleSize, StylizeOptions};
use serde_json::json;

use crate::cli::{StylesExtract, StylesList, StylesShow};
use crate::failure::{Failure, Result};
use crate::figure::{self, Content, Panel};
use crate::progress::Progress;
use crate::{interrupt, model, talk};

/// Prints names and descriptions.
pub(crate) fn list(args: &StylesList) -> Result {
    let gallery = Gallery::built_in()?;
    let facts = gallery.styles().iter().map(|style| (style.name().unwrap_or_default(), style.provenance().unwrap_or_default()));
    if args.json {
        let styles: Vec<_> = facts.map(|(name, about)| json!({ "name": name, "description": about })).collect();
        return talk::json(&json!({ "family": gallery.family().to_string(), "styles": styles }));
    }
    let widest = facts.clone().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, about) in facts {
        let _ = writeln!(text, "{}", format!("{name:widest$}  {about}").trim_end());
    }
    talk::data(text.as_bytes())
}

/// Paints a photograph in every style.
pub(crate) fn show(args: &StylesShow) -> Result {
    let format = Format::from_path(&args.output).map_err(Failure::usage)?;
    let target = interrupt::while_writing(|| Ok(Target::new(&args.output, args.force)?))?;
    let loudness = args.loudness.loudness();
    let photo = Picture::open(&args.photo, &Limits::default())?;
    photo.warnings().iter().for_each(|warning| loudness.warn(&format!("{}: {warning}", args.photo.display())));
    let photo = photo.fit_long_side(args.size, Resize::PHOTO)?;
    let gallery = Gallery::built_in()?;
    let stylizer = model::built_in()?;
    let paintings = interrupt::while_running(|| {
        let paint = |style| {
            let progress = Progress::new("paint", loudness);
            stylizer.stylize_with(&photo, style, &StylizeOptions::default(), &progress)
        };
        gallery.styles().iter().map(paint).collect::<impasto::Result<Vec<_>>>()
    })?;
    let mut panels = vec![Panel { title: "photograph".into(), content: Content::Picture(&photo) }];
    panels.extend(
        gallery.styles().iter().zip(&paintings).map(|(style, painting)| Panel {
            title: style.name().unwrap_or_default().into(),
            content: Content::Picture(painting),
        }),
    );
    let sheet = figure::sheet(&panels)?;
    let bytes = sheet.encode(format, &EncodeOptions::default())?.bytes;
    interrupt::while_writing(|| Ok(target.write(&bytes)?))
}

/// Saves the style of a picture.
pub(crate) fn extract(args: &StylesExtract) -> Result {
    interrupt::while_writing(|| Ok(Target::new(&args.output, args.force)?))?;
    let loudness = args.loudness.loudness();
    let picture = Picture::open(&args.picture, &Limits::default())?;
    picture.warnings().iter().for_each(|warning| loudness.warn(&format!("{}: {warning}", args.picture.display())));
    let stylizer = model::stylizer(&args.models, None)?;
    let options = StyleOptions::default().size(StyleSize::ShortSide(args.style_size));
    let style = interrupt::while_running(|| {
        let progress = Progress::new("style", loudness);
        stylizer.style_with(&picture, &options, &progress)
    })?;
    let stem = args.picture.file_stem().unwrap_or_default().to_string_lossy();
    let style = style.with_name(args.name.as_deref().unwrap_or(&stem));
    interrupt::while_writing(|| Ok(style.save(&args.output, args.force)?))
}
