//! `impasto sheet`: one photo in many styles.

pub(super) mod animation;
mod morph;

use std::path::PathBuf;

use impasto::picture::{EncodeOptions, Format, Resize};
use impasto::style::Gallery;
use impasto::{Model, Picture, Style, StyleOptions, StyleSize, StylizeOptions, Stylizer};

use super::stylize::ceiling::Ceiling;
use super::stylize::destination;
use super::stylize::place::Place;
use super::stylize::style::{self, StyleArgument};
use crate::cli::Sheet;
use crate::failure::{Failure, Result};
use crate::progress::{Pictures, Unseen};
use crate::{figure, interrupt, memory, model, names};
use impasto::Size;

/// Default number of paintings in a row.
const COLUMNS: usize = 6;

/// A style and its name.
struct Named {
    name: String,
    style: Style,
}

/// The model and the photo to paint.
struct Painter<'a> {
    args: &'a Sheet,
    stylizer: Stylizer,
    photo: Picture,
}

pub(crate) fn run(args: &Sheet) -> Result {
    names::check_is_no_address(&args.photo)?;
    let arguments = arguments(args)?;
    check(args)?;
    let animation = if args.gif { Some(animation::Kind::of(&args.output)?) } else { None };
    let format = if args.gif { Format::Png } else { Format::from_path(&args.output).map_err(Failure::usage)? };
    let read = arguments.iter().flat_map(StyleArgument::files).chain([args.photo.as_path()]);
    destination::keep_inputs(&args.output, read)?;
    let place = Place::new(&args.output, args.force)?;
    let loudness = args.loudness.loudness();
    let photo = Picture::open(&args.photo, &memory::limits_of_floats())?;
    photo.warnings().iter().for_each(|warning| loudness.warn(&format!("{}: {warning}", args.photo.display())));
    let models = style::models(&arguments, &args.models)?;
    let stylizer = model::stylizer(&models, None)?;
    let named = arguments.is_empty().then(|| own_styles(&stylizer, &models)).transpose()?;
    check_memory(args, &stylizer, &photo)?;
    let photo = photo.fit_long_side(args.size, Resize::PHOTO)?;
    let painter = Painter { args, stylizer, photo };
    let styles = match named {
        Some(styles) => styles,
        None => painter.styles(&arguments)?,
    };
    let bytes = match animation {
        Some(kind) => morph::animation(&painter, &styles, kind)?,
        None => {
            let sheet = if args.strip { morph::strip(&painter, &styles)? } else { sheet(&painter, &styles)? };
            sheet
                .encode(format, &EncodeOptions::default().quality(args.quality))
                .map_err(|e| e.context(args.output.display()))?
                .bytes
        }
    };
    place.write(&bytes)
}

/// Checks that the photo at the size of a painting, and a painting of it, fit in memory.
fn check_memory(args: &Sheet, stylizer: &Stylizer, photo: &Picture) -> Result {
    let Size { width, height } = photo.size().with_long_side(args.size);
    let pictures = (width as u64).saturating_mul(height as u64).saturating_mul(24);
    let needed = stylizer.peak_memory([width, height])?.saturating_add(pictures);
    Ceiling::new(None, false).check(needed, &format!("painting {width}×{height}"), "make it smaller with --size")
}

/// Returns all styles that come with a model: the built-in ones, or those of the network.
fn own_styles(stylizer: &Stylizer, models: &[PathBuf]) -> Result<Vec<Named>> {
    let named = |style: &Style| Named { name: style.name().unwrap_or_default().into(), style: style.clone() };
    match stylizer.own_styles() {
        [] if !Model::HAS_EMBEDDED || !models.is_empty() => {
            Err(Failure::usage("this model has no styles of its own: name some with -s"))
        }
        [] => Ok(Gallery::built_in()?.styles().iter().map(named).collect()),
        own => Ok(own.iter().map(named).collect()),
    }
}

/// Returns the styles that the command line names. If there are none, all that come with the model are painted.
fn arguments(args: &Sheet) -> Result<Vec<StyleArgument>> {
    let arguments = style::parse(&args.styles)?;
    match arguments.iter().find(|argument| argument.weight != 1.0 || argument.mask.is_some()) {
        Some(argument) => {
            let text = format!("{}: a sheet paints every style by itself; leave out the weight or mask", argument.path.display());
            Err(Failure::usage(text))
        }
        None => Ok(arguments),
    }
}

fn check(args: &Sheet) -> Result {
    let morph = args.gif || args.strip;
    if morph && args.strengths.len() > 1 {
        return Err(Failure::usage("a morph has one strength: give --strengths one number, or remove --gif or --strip"));
    }
    if morph && args.styles.len() == 1 {
        return Err(Failure::usage("a morph needs at least two styles; name another with -s"));
    }
    if !morph && args.frames.is_some() {
        return Err(Failure::usage("--frames is only for a morph; add --gif or --strip"));
    }
    Ok(())
}

impl Painter<'_> {
    fn styles(&self, arguments: &[StyleArgument]) -> Result<Vec<Named>> {
        let loudness = self.args.loudness.loudness();
        let sources = style::read(arguments, &memory::limits_of_floats(), loudness)?;
        let options = StyleOptions::default().size(StyleSize::ShortSide(self.args.style_size));
        interrupt::while_running(|| {
            let see = |(argument, source): (&StyleArgument, &style::Seen)| {
                Ok(Named { name: argument.name(), style: source.see(&self.stylizer, &options, &Unseen)? })
            };
            arguments.iter().zip(&sources).map(see).collect()
        })
    }

    /// Paints the photo.
    fn paint(&self, style: &Style, strength: f32) -> Result<Picture> {
        let options = StylizeOptions::default().strength(strength);
        Ok(self.stylizer.stylize_with(&self.photo, style, &options, &Unseen)?)
    }

    /// Makes a bar for this many paintings.
    fn bar(&self, count: usize) -> Pictures {
        Pictures::new("paint", count as u64, self.args.loudness.loudness())
    }

    /// Returns the size of each painting.
    fn size(&self) -> Size {
        self.photo.size()
    }
}

/// Draws the photo, and a painting for each style and strength.
fn sheet(painter: &Painter<'_>, styles: &[Named]) -> Result<Picture> {
    let strengths = &painter.args.strengths;
    let each = strengths.len();
    // By default, all strengths of a style are in one row.
    let columns = painter.args.columns.map_or((COLUMNS / each).max(1) * each, usize::from);
    let columns = columns.min((styles.len() * each).max(each));
    let mut titles = vec!["photograph".to_owned()];
    if each > 1 {
        // Fills the first row, so that the rows below begin with a style.
        titles.resize(columns, String::new());
    }
    let before = titles.len();
    let paintings: Vec<_> = styles.iter().flat_map(|named| strengths.iter().map(move |&strength| (named, strength))).collect();
    titles.extend(paintings.iter().map(|(named, strength)| match each {
        1 => named.name.clone(),
        _ => format!("{} {strength}", named.name),
    }));
    let columns = if each > 1 { columns } else { painter.args.columns.map_or(COLUMNS, usize::from) };
    let mut sheet = figure::Sheet::new(painter.size(), &titles, columns)?;
    sheet.add(&titles[0], Some(&painter.photo));
    (1..before).for_each(|_| sheet.add("", None));
    let bar = painter.bar(paintings.len());
    interrupt::while_running(|| {
        for ((named, strength), title) in paintings.iter().zip(&titles[before..]) {
            sheet.add(title, Some(&painter.paint(&named.style, *strength)?));
            bar.advance();
        }
        sheet.finish()
    })
}
