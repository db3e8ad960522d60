//! Measures what a painter adds to the first pairs: patterns, flicker, halos, blotches.

use std::path::Path;

use impasto::eval::{banding, halo, lattice, repetition, seen, shifts, spectrum, tone};
use impasto::{Picture, Style, StylizeOptions, Stylizer};

use super::{Subjects, about, learned, paint, style};
use crate::failure::Result;
use crate::progress::Pictures;

/// Pixels of the longer side at which contents are painted for these measures.
const SIDE: usize = 512;

/// The names of the columns. The first ones need only a painting, not its painter.
pub(super) const COLUMNS: [&str; 13] =
    ["lattice4", "repeat", "tone", "pan 1", "pan 2", "pan 3", "pan 4", "noise", "light", "banding", "halo", "rings", "waves"];
/// Number of columns that need only a painting.
const OF_A_PICTURE: usize = 3;

/// The value of each column, if there is one.
pub(super) type Values = [Option<f64>; COLUMNS.len()];

/// The values of one painter, or of the contents themselves.
pub(super) struct Row {
    pub(super) name: String,
    /// The values of every pair. For paintings without a painter, only the first columns have values.
    pub(super) pairs: Vec<Values>,
}

impl Row {
    fn new(name: &str) -> Self {
        Row { name: name.to_owned(), pairs: Vec::new() }
    }

    pub(super) fn mean(&self) -> Values {
        std::array::from_fn(|i| {
            let sum: Option<f64> = self.pairs.iter().map(|values| values[i]).sum();
            sum.map(|sum| sum / self.pairs.len().max(1) as f64)
        })
    }
}

/// Measures the first pairs.
pub(super) fn measure(subjects: &Subjects<'_>, count: usize, bar: &Pictures) -> Result<Vec<Row>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut rows = vec![Row::new("content itself")];
    for pair in &subjects.pairs[..count] {
        let photo = seen::long_side(&subjects.open(&pair.content)?, SIDE).map_err(about(&pair.content))?;
        let base = shifts::base(&photo).map_err(about(&pair.content))?;
        rows[0].pairs.push(of_picture(&base, &base)?);
    }
    if let Some((name, stylizer)) = &subjects.model {
        rows.push(painted(subjects, count, stylizer, name, &|path| style(stylizer, &subjects.open(path)?), bar)?);
        for folder in &subjects.args.learned {
            let name = folder.display().to_string();
            rows.push(painted(subjects, count, stylizer, &name, &|path| learned(folder, path), bar)?);
        }
    }
    for folder in &subjects.args.outputs {
        let mut row = Row::new(&folder.display().to_string());
        for pair in &subjects.pairs[..count] {
            let path = folder.join(pair.painting());
            // Keep its own size: resizing would blur a lattice away.
            let painting = seen::at_8_bits(&subjects.open(&path)?).map_err(about(&path))?;
            let size = [painting.width(), painting.height()];
            let content = seen::at(&subjects.open(&pair.content)?, size).map_err(about(&pair.content))?;
            row.pairs.push(of_picture(&painting, &content)?);
        }
        rows.push(row);
    }
    Ok(rows)
}

fn of_picture(painting: &Picture, content: &Picture) -> Result<Values> {
    let mut values = [None; COLUMNS.len()];
    values[0] = Some(lattice::lattice4(painting, content)?);
    values[1] = Some(repetition::repetition(painting, content)?);
    values[2] = Some(tone::tone(painting, content)?);
    Ok(values)
}

/// Measures the model. `style` returns the style for the path of a style picture.
fn painted(
    subjects: &Subjects<'_>,
    count: usize,
    stylizer: &Stylizer,
    name: &str,
    style: &dyn Fn(&Path) -> Result<Style>,
    bar: &Pictures,
) -> Result<Row> {
    let mut row = Row::new(name);
    for (i, pair) in subjects.pairs[..count].iter().enumerate() {
        let photo = seen::long_side(&subjects.open(&pair.content)?, SIDE).map_err(about(&pair.content))?;
        let base = shifts::base(&photo).map_err(about(&pair.content))?;
        let style = style(&pair.style)?;
        // Without grain, which belongs to a place and does not shift
        // with the content: this measures the network itself.
        let painting = seen::at_8_bits(&paint(stylizer, &base, &style, 0.0)?)?;
        let mut plain = |picture: &Picture| paint(stylizer, picture, &style, 0.0);
        let mut values = of_picture(&painting, &base)?;
        // Each pair gets its own noise.
        let shifts = shifts::shifts(&photo, &painting, subjects.args.seed.wrapping_add(i as u64), &mut plain)?;
        let [a, b, c, d] = shifts.pan;
        let (banding, halo) = (banding::banding(&mut plain)?, halo::halo(&mut plain)?);
        // As users get it, with grain: noise hides nothing from this measure.
        let order = spectrum::spectrum(&mut |picture: &Picture| paint(stylizer, picture, &style, StylizeOptions::GRAIN))?;
        let of_painter = [a, b, c, d, shifts.noise, shifts.light, banding, halo, order.rings, order.waves];
        values[OF_A_PICTURE..].copy_from_slice(&of_painter.map(Some));
        row.pairs.push(values);
        bar.advance();
    }
    Ok(row)
}
