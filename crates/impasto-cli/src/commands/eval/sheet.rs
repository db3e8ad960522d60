//! The compared pictures, side by side.

use std::path::Path;

use impasto::Picture;
use impasto::eval::Distances;
use impasto::picture::{EncodeOptions, Format, Resize};

use super::destination;
use super::pairs::Pair;
use crate::cli::Eval;
use crate::commands::stylize::place::Place;
use crate::failure::Result;
use crate::figure;
use impasto::Size;

/// Pixels of each picture's longer side.
const SIDE: usize = 256;
/// Most characters of a name.
const NAME: usize = 20;

/// The pictures of one pair, and the titles below them.
pub(super) struct Shown(Vec<(String, Picture)>);

impl Shown {
    /// Most pairs on a sheet.
    pub(super) const MOST: usize = 50;

    pub(super) fn new<'a>(
        pair: &Pair,
        content: &Picture,
        style: &Picture,
        paintings: &[Picture],
        measured: impl Iterator<Item = (&'a str, &'a Distances)>,
    ) -> Result<Self> {
        let small = |picture: &Picture| picture.fit_long_side(SIDE, Resize::PHOTO);
        let name = |path: &Path| short(&path.file_stem().unwrap_or_default().to_string_lossy());
        let mut pictures = vec![(name(&pair.content), small(content)?), (name(&pair.style), small(style)?)];
        for ((name, distances), painting) in measured.zip(paintings) {
            let title = format!("{}: style {:.2} content {:.2}", short(name), distances.style, distances.content);
            pictures.push((title, small(painting)?));
        }
        Ok(Shown(pictures))
    }
}

/// Returns the end of a name, which tells folders apart.
fn short(name: &str) -> String {
    name.chars().skip(name.chars().count().saturating_sub(NAME)).collect()
}

/// A checked place for a sheet.
pub(super) struct Destination<'a> {
    path: &'a Path,
    format: Format,
    place: Place,
}

impl<'a> Destination<'a> {
    pub(super) fn new(args: &Eval, path: &'a Path, pairs: &[Pair]) -> Result<Self> {
        let format = destination::by_extension(path)?;
        let paintings: Vec<_> =
            args.outputs.iter().flat_map(|folder| pairs.iter().map(|pair| folder.join(pair.painting()))).collect();
        let read = pairs.iter().flat_map(|pair| [pair.content.as_path(), pair.style.as_path()]);
        let others = paintings.iter().map(std::path::PathBuf::as_path).chain(args.pairs_from.as_deref());
        destination::keep_inputs(path, read.chain(others))?;
        Ok(Destination { path, format, place: Place::new(path, args.force)? })
    }

    pub(super) fn write(self, shown: &[Shown]) -> Result {
        let titles: Vec<String> = shown.iter().flat_map(|shown| shown.0.iter().map(|(title, _)| title.clone())).collect();
        let columns = shown.first().map_or(1, |shown| shown.0.len());
        let mut sheet = figure::Sheet::new(Size { width: SIDE, height: SIDE }, &titles, columns)?;
        shown.iter().flat_map(|shown| &shown.0).for_each(|(title, picture)| sheet.add(title, Some(picture)));
        let encoded = sheet.finish()?.encode(self.format, &EncodeOptions::default().quality(95));
        let bytes = encoded.map_err(|e| e.context(self.path.display()))?.bytes;
        self.place.write(&bytes)
    }
}
