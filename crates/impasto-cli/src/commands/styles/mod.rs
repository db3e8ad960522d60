//! `impasto styles`: the built-in styles, and styles of the user's own.

pub(crate) mod learn;

use std::fmt::Write;

use impasto::style::Gallery;
use impasto::{Picture, StyleOptions, StyleSize};
use serde_json::json;

use crate::cli::{StylesExtract, StylesList};
use crate::commands::stylize::destination;
use crate::commands::stylize::place::Place;
use crate::failure::Result;
use crate::progress::Progress;
use crate::{interrupt, memory, model, names, talk};

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

/// Saves the style of a picture.
pub(crate) fn extract(args: &StylesExtract) -> Result {
    names::check_is_no_address(&args.picture)?;
    destination::keep_inputs(&args.output, [args.picture.as_path()])?;
    let place = Place::new(&args.output, args.force)?;
    let loudness = args.loudness.loudness();
    let picture = Picture::open(&args.picture, &memory::limits_of_floats())?;
    picture.warnings().iter().for_each(|warning| loudness.warn(&format!("{}: {warning}", args.picture.display())));
    let stylizer = model::stylizer(&args.models, None)?;
    let options = StyleOptions::default().size(StyleSize::ShortSide(args.style_size));
    let style = interrupt::while_running(|| {
        let progress = Progress::new("style", loudness);
        stylizer.style_with(&picture, &options, &progress)
    })?;
    let stem = args.picture.file_stem().unwrap_or_default().to_string_lossy();
    let style = style.with_name(args.name.as_deref().unwrap_or(&stem));
    place.write(&style.to_bytes()?)
}
