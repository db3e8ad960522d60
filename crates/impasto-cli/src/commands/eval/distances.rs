//! Distances of every pair to its style and content.

use std::path::Path;

use impasto::eval::{Distances, Features, Yardstick, seen};
use impasto::{Picture, Style, StylizeOptions, Stylizer};

use super::pairs::Pair;
use super::sheet::Shown;
use super::{Subjects, about, learned, paint, style};
use crate::failure::Result;
use crate::progress::{Pictures, Unseen};

/// What a row of the table compares with contents and styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Control,
    Model,
    /// Styles that have learned, painted by the model.
    Learned,
    Outputs,
}

/// The distances of one painter, or of a control.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// The distances of every pair.
    pub(super) pairs: Vec<Distances>,
    /// The distances between the witness's style vectors of every pair, if there is a witness.
    pub(super) seen: Vec<f64>,
}

impl Row {
    pub(super) fn mean(&self) -> Distances {
        Distances::mean(&self.pairs)
    }

    /// Returns how far paintings are from their styles as the witness sees
    /// them: ‖v − vₛ‖ / ‖vₛ‖ of its style vectors, the mean over all pairs.
    pub(super) fn witness(&self) -> Option<f64> {
        (!self.seen.is_empty()).then(|| self.seen.iter().sum::<f64>() / self.seen.len() as f64)
    }
}

/// A model whose style predictor sees pictures, and how it saw the style.
struct Witness<'a> {
    stylizer: &'a Stylizer,
    style: Style,
}

impl Witness<'_> {
    fn distance(&self, painting: &Picture) -> Result<f64> {
        let (own, of) = (style(self.stylizer, painting)?, &self.style);
        let squares = |values: &mut dyn Iterator<Item = f32>| values.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        let apart = squares(&mut own.vector().iter().zip(of.vector()).map(|(a, b)| a - b));
        Ok(apart / squares(&mut of.vector().iter().copied()).max(1e-12))
    }
}

/// The pictures of one pair.
struct Compared<'a> {
    yardstick: &'a Yardstick,
    witness: Option<Witness<'a>>,
    pair: &'a Pair,
    size: [usize; 2],
    content: Features,
    style: Features,
}

/// Measures all distances. Also returns the pictures for a sheet.
pub(super) fn measure(subjects: &Subjects<'_>, yardstick: &Yardstick, bar: &Pictures) -> Result<(Vec<Row>, Vec<Shown>)> {
    let row = |name: &str, kind| Row { name: name.to_owned(), kind, pairs: Vec::new(), seen: Vec::new() };
    let mut rows = vec![row("content itself", Kind::Control), row("style itself", Kind::Control)];
    rows.extend(subjects.model.iter().map(|(name, _)| row(name, Kind::Model)));
    rows.extend(subjects.args.learned.iter().map(|folder| row(&folder.display().to_string(), Kind::Learned)));
    rows.extend(subjects.args.outputs.iter().map(|folder| row(&folder.display().to_string(), Kind::Outputs)));
    let mut shown = Vec::new();
    for pair in &subjects.pairs {
        let (content_path, style_path) = (pair.content.as_path(), pair.style.as_path());
        let side = subjects.args.size;
        let content = seen::short_side(&subjects.open(content_path)?, side).map_err(about(content_path))?;
        let style_picture = subjects.open(style_path)?;
        let small_style = seen::short_side(&style_picture, side).map_err(about(style_path))?;
        let compared = Compared {
            yardstick,
            witness: subjects.witness.as_ref().map(|stylizer| witness(stylizer, &style_picture)).transpose()?,
            pair,
            size: [content.width(), content.height()],
            content: yardstick.see(&content, &Unseen).map_err(about(content_path))?,
            style: yardstick.see(&small_style, &Unseen).map_err(about(style_path))?,
        };
        let mut found = vec![
            compared.of(&content, content_path)?,
            compared.of(&seen::at(&style_picture, compared.size).map_err(about(style_path))?, style_path)?,
        ];
        let mut paintings = Vec::new();
        if let Some((_, stylizer)) = &subjects.model {
            let mut styles = vec![style(stylizer, &style_picture)?];
            for folder in &subjects.args.learned {
                styles.push(learned(folder, style_path)?);
            }
            for style in styles {
                let painting = paint(stylizer, &content, &style, StylizeOptions::GRAIN).map_err(about(content_path))?;
                let painting = seen::at_8_bits(&painting)?;
                found.push(compared.of(&painting, content_path)?);
                paintings.push(painting);
            }
        }
        for folder in &subjects.args.outputs {
            let path = folder.join(pair.painting());
            let painting = seen::at(&subjects.open(&path)?, compared.size).map_err(about(&path))?;
            found.push(compared.of(&painting, &path)?);
            paintings.push(painting);
        }
        if subjects.args.sheet.is_some() && shown.len() < Shown::MOST {
            let titles = rows[2..].iter().map(|row| row.name.as_str()).zip(found[2..].iter().map(|(found, _)| found));
            shown.push(Shown::new(pair, &content, &small_style, &paintings, titles)?);
        }
        for (row, (distances, seen)) in rows.iter_mut().zip(found) {
            row.pairs.push(distances);
            row.seen.extend(seen);
        }
        bar.advance();
    }
    Ok((rows, shown))
}

fn witness<'a>(stylizer: &'a Stylizer, picture: &Picture) -> Result<Witness<'a>> {
    Ok(Witness { stylizer, style: style(stylizer, picture)? })
}

impl Compared<'_> {
    /// Returns a picture's distances, and the distance that the witness sees.
    fn of(&self, picture: &Picture, path: &Path) -> Result<(Distances, Option<f64>)> {
        let seen = self.yardstick.see(picture, &Unseen).map_err(about(path))?;
        let distances = self.yardstick.distances(&seen, &self.content, &self.style).map_err(about(&self.pair.content))?;
        Ok((distances, self.witness.as_ref().map(|witness| witness.distance(picture)).transpose()?))
    }
}
