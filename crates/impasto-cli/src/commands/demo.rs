//! `impasto demo`: a first picture without any files.

use impasto::picture::{EncodeOptions, Format};
use impasto::style::nearest;
use impasto::{Picture, StylizeOptions};
use impasto_draw::{Canvas, content, styles};

use super::stylize::place::Place;
use crate::cli::Demo;
use crate::failure::{Failure, Result};
use crate::figure::{self, Content, Panel};
use crate::progress::Progress;
use crate::{interrupt, model};

/// Width and height of the drawn painting.
const PAINTING: usize = 640;

pub(crate) fn run(args: &Demo) -> Result {
    let style = styles::find(&args.style).ok_or_else(|| {
        let names: Vec<_> = styles::ALL.iter().map(|style| style.name).collect();
        Failure::usage(match nearest(&args.style, names.iter().copied()) {
            Some(near) => format!("there is no drawn style {:?}; did you mean {near}?", args.style),
            None => format!("there is no drawn style {:?}; there are {}", args.style, names.join(", ")),
        })
    })?;
    let format = Format::from_path(&args.output).map_err(Failure::usage)?;
    let place = Place::new(&args.output, args.force)?;
    let loudness = args.loudness.loudness();
    let stylizer = model::stylizer(&args.models, None)?;
    let content = picture(content::landscape(args.size.width, args.size.height, args.seed))?;
    let painting = picture((style.draw)(PAINTING, PAINTING, args.seed))?;
    let result = interrupt::while_running(|| {
        let progress = Progress::new("paint", loudness);
        let style = stylizer.style(&painting)?;
        stylizer.stylize_with(&content, &style, &StylizeOptions::default(), &progress)
    })?;
    let panel = |title: &str, picture| Panel { title: title.into(), content: Content::Picture(picture) };
    let figure = figure::draw(&[panel("Content", &content), panel("Style", &painting), panel("Result", &result)])?;
    let bytes = figure.encode(format, &EncodeOptions::default())?.bytes;
    place.write(&bytes)?;
    loudness.say(&format!("wrote {}", args.output.display()));
    Ok(())
}

fn picture(canvas: Canvas) -> Result<Picture> {
    Ok(Picture::from_rgb_f32([canvas.width, canvas.height], canvas.rgb)?)
}
