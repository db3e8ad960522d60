//! `impasto styles`: the built-in styles, and the user's own.

pub(crate) mod learn;
mod list;

pub(crate) use list::list;

use impasto::{Picture, StyleOptions, StyleSize};

use crate::cli::StylesExtract;
use crate::commands::stylize::destination;
use crate::commands::stylize::place::Place;
use crate::failure::Result;
use crate::progress::Progress;
use crate::{interrupt, memory, model, names};

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
