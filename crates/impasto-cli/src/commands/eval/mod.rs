//! `impasto eval`: measures paintings.

mod artefacts;
mod distances;
mod gallery;
mod pairs;
mod report;
mod sheet;

use std::path::{Path, PathBuf};

use impasto::engine::EngineOptions;
use impasto::eval::Yardstick;
use impasto::picture::Limits;
use impasto::{Perceptual, Picture, Style, StyleOptions, StyleSize, StylizeOptions, Stylizer, weights};

use super::stylize::destination;
use crate::cli::Eval;
use crate::failure::{Failure, Result};
use crate::progress::{Pictures, Unseen};
use crate::{interrupt, model};
use pairs::Pair;

/// Pixels of a style picture's shorter side for the style predictor, as `impasto stylize` has it.
const STYLE_SIDE: usize = 256;

/// The pictures and models to measure.
struct Subjects<'a> {
    args: &'a Eval,
    pairs: Vec<Pair>,
    /// The model and its name, unless only the paintings of other programs are measured.
    model: Option<(String, Stylizer)>,
    /// Another model, whose style predictor also judges the paintings.
    witness: Option<Stylizer>,
}

pub(crate) fn run(args: &Eval) -> Result {
    if let Some(count) = args.gallery {
        return gallery::run(args, count);
    }
    let pairs = pairs::of(args)?;
    let sheet = args.sheet.as_deref().map(|path| sheet::Destination::new(args, path, &pairs)).transpose()?;
    let networks = networks(&args.perceptual)?;
    let yardstick = yardstick(args, &networks)?;
    let witness = args.witness.as_ref().map(|path| model::stylizer(std::slice::from_ref(path), args.threads)).transpose()?;
    let subjects = Subjects { args, pairs, model: subject(args)?, witness };
    let artefact_pairs = args.artefacts.min(subjects.pairs.len());
    let bar = Pictures::new(
        "measure",
        (subjects.pairs.len() + artefact_pairs * (1 + args.learned.len())) as u64,
        args.loudness.loudness(),
    );
    let (distances, artefacts, shown) = interrupt::while_running(|| {
        let (distances, shown) = distances::measure(&subjects, &yardstick, &bar)?;
        let artefacts = artefacts::measure(&subjects, artefact_pairs, &bar)?;
        Ok::<_, Failure>((distances, artefacts, shown))
    })?;
    drop(bar);
    if let Some(sheet) = sheet {
        sheet.write(&shown)?;
    }
    report::print(&subjects, &yardstick, &networks, &distances, &artefacts)
}

/// Opens the model to measure.
fn subject(args: &Eval) -> Result<Option<(String, Stylizer)>> {
    if args.no_model {
        return Ok(None);
    }
    let stylizer = model::stylizer(&args.models, args.threads)?;
    let paths = model::paths(&args.models)?;
    let name = match &paths[..] {
        [] => "built-in model".to_owned(),
        paths => paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(" + "),
    };
    Ok(Some((name, stylizer)))
}

fn yardstick(args: &Eval, networks: &[Perceptual]) -> Result<Yardstick> {
    let options = EngineOptions::default().threads(args.threads.unwrap_or(0)).isa(model::isa()?);
    Ok(Yardstick::new(networks, options)?)
}

/// Opens the perceptual networks that these words mean, or the built-in one.
pub(super) fn networks(perceptual: &[PathBuf]) -> Result<Vec<Perceptual>> {
    match perceptual {
        [] => Ok(vec![model::embedded_perceptual()?]),
        words => model::perceptual(words, &weights::Limits::default(), None),
    }
}

impl Subjects<'_> {
    fn open(&self, path: &Path) -> Result<Picture> {
        open(self.args, path)
    }
}

fn open(args: &Eval, path: &Path) -> Result<Picture> {
    let picture = Picture::open(path, &Limits::default())?;
    let loudness = args.loudness.loudness();
    picture.warnings().iter().for_each(|warning| loudness.warn(&format!("{}: {warning}", path.display())));
    Ok(picture)
}

/// Opens the style in this folder that has learned from the picture.
fn learned(folder: &Path, picture: &Path) -> Result<Style> {
    Ok(Style::open(pairs::learned(folder, picture))?)
}

/// Returns a picture's style as the model sees it.
fn style(stylizer: &Stylizer, picture: &Picture) -> Result<Style> {
    let options = StyleOptions::default().size(StyleSize::ShortSide(STYLE_SIDE));
    Ok(stylizer.style_with(picture, &options, &Unseen)?)
}

/// Paints with the defaults of `impasto stylize`, except for the grain.
fn paint(stylizer: &Stylizer, content: &Picture, style: &Style, grain: f32) -> impasto::Result<Picture> {
    stylizer.stylize_with(content, style, &StylizeOptions::default().grain(grain), &Unseen)
}

/// Adds the name of the file that an error is about.
fn about(path: &Path) -> impl Fn(impasto::Error) -> Failure {
    move |error| error.context(path.display()).into()
}
