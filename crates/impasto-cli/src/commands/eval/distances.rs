//! Distances to style and content, of every pair.

use std::path::Path;

use impasto::eval::{Distances, Features, Yardstick, seen};
use impasto::{Picture, StylizeOptions};

use super::pairs::Pair;
use super::sheet::Shown;
use super::{Subjects, about, learned, paint, style};
use crate::failure::Result;
use crate::progress::{Pictures, Unseen};

/// What is compared with contents and styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Control,
    Model,
    /// Styles that have learned for the model.
    Learned,
    Outputs,
}

/// The distances of one painter, or of a control.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Of every pair.
    pub(super) pairs: Vec<Distances>,
}

impl Row {
    pub(super) fn mean(&self) -> Distances {
        let mean = |of: fn(&Distances) -> f64| self.pairs.iter().map(of).sum::<f64>() / self.pairs.len().max(1) as f64;
        Distances { style: mean(|d| d.style), moments: mean(|d| d.moments), content: mean(|d| d.content) }
    }
}

/// One pair's pictures.
struct Compared<'a> {
    yardstick: &'a Yardstick,
    pair: &'a Pair,
    size: [usize; 2],
    content: Features,
    style: Features,
}

/// All distances, and what a sheet shows.
pub(super) fn measure(subjects: &Subjects<'_>, yardstick: &Yardstick, bar: &Pictures) -> Result<(Vec<Row>, Vec<Shown>)> {
    let row = |name: &str, kind| Row { name: name.to_owned(), kind, pairs: Vec::new() };
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
            pair,
            size: [content.width(), content.height()],
            content: yardstick.see(&content, &Unseen).map_err(about(content_path))?,
            style: yardstick.see(&small_style, &Unseen).map_err(about(style_path))?,
        };
        let mut found = vec![
            compared.distances(&compared.content)?,
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
            let titles = rows[2..].iter().map(|row| row.name.as_str()).zip(&found[2..]);
            shown.push(Shown::new(pair, &content, &small_style, &paintings, titles)?);
        }
        rows.iter_mut().zip(found).for_each(|(row, found)| row.pairs.push(found));
        bar.advance();
    }
    Ok((rows, shown))
}

impl Compared<'_> {
    fn of(&self, painting: &Picture, path: &Path) -> Result<Distances> {
        self.distances(&self.yardstick.see(painting, &Unseen).map_err(about(path))?)
    }

    fn distances(&self, painting: &Features) -> Result<Distances> {
        self.yardstick.distances(painting, &self.content, &self.style).map_err(about(&self.pair.content))
    }
}
