//! Measures how different the styles of a gallery look.

use std::fmt::Write as _;
use std::path::Path;

use impasto::eval::difference::{self, Neighbour};
use impasto::eval::{Features, Yardstick, pairs, seen};
use impasto::style::Gallery;
use impasto::{Model, Picture, Style, StylizeOptions};
use serde_json::json;

use super::{about, learned, networks, open, paint, style, subject, yardstick};
use crate::cli::Eval;
use crate::commands::stylize::pictures_in;
use crate::failure::{Failure, Result};
use crate::progress::{Pictures, Unseen};
use crate::{interrupt, model, talk};

/// The middle of a painting that the blind match sees, as a share of its sides.
const CROP: f64 = 0.75;

/// A style and its picture.
struct Entry {
    name: String,
    style: Style,
    picture: Picture,
}

/// The results for one style.
struct Row {
    name: String,
    nearest: Neighbour,
    /// Share of its paintings that were matched to its picture.
    matched: f64,
}

/// Measures all styles, and prints the nearest neighbor of each, the most similar first.
pub(super) fn run(args: &Eval, count: usize) -> Result {
    let contents = pictures_in(&args.contents)?;
    let drawn = pairs::draw(contents.len(), 1, count, args.seed);
    let chosen: Vec<&Path> = drawn.iter().map(|&[content, _]| contents[content].as_path()).collect();
    let networks = networks(&args.perceptual)?;
    let yardstick = yardstick(args, &networks)?;
    let (mut rows, names) = interrupt::while_running(|| measure(args, &yardstick, &chosen))?;
    rows.sort_by(|a, b| a.nearest.difference.total_cmp(&b.nearest.difference));
    if args.json {
        let file_name = |path: &&Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let row = |row: &Row| {
            let nearest = &names[row.nearest.style];
            json!({ "style": row.name, "nearest": nearest, "difference": row.nearest.difference, "matched": row.matched })
        };
        return talk::json(&json!({
            "impasto": env!("CARGO_PKG_VERSION"),
            "size": args.size,
            "seed": args.seed,
            "contents": chosen.iter().map(file_name).collect::<Vec<_>>(),
            "median_difference": median(&rows),
            "matched": matched(&rows),
            "gallery": rows.iter().map(row).collect::<Vec<_>>(),
        }));
    }
    talk::data(table(&rows, &names, chosen.len()).as_bytes())
}

fn measure(args: &Eval, yardstick: &Yardstick, contents: &[&Path]) -> Result<(Vec<Row>, Vec<String>)> {
    let Some((_, stylizer)) = subject(args)? else {
        return Err(Failure::usage("--gallery measures a model; remove --no-model"));
    };
    let entries = entries(args, &stylizer)?;
    if entries.len() < 2 {
        return Err(Failure::failed("a gallery needs at least two styles; add pictures to the --styles folder"));
    }
    let bar = Pictures::new("measure", (entries.len() * contents.len()) as u64, args.loudness.loudness());
    let see = |picture: &Picture| -> impasto::Result<Features> { yardstick.see(picture, &Unseen) };
    let grey_styles = entries.iter().map(|entry| {
        let small = seen::short_side(&entry.picture, args.size)?;
        see(&difference::grey(&small, 1.0)?)
    });
    let grey_styles = grey_styles.collect::<impasto::Result<Vec<_>>>()?;
    let mut found = vec![Vec::new(); entries.len()];
    let mut right = vec![0usize; entries.len()];
    for path in contents {
        let content = seen::short_side(&open(args, path)?, args.size).map_err(about(path))?;
        for (own, entry) in entries.iter().enumerate() {
            let painting = paint(&stylizer, &content, &entry.style, StylizeOptions::GRAIN).map_err(about(path))?;
            found[own].push(difference::see(yardstick, &painting, &content, &Unseen).map_err(about(path))?);
            let middle = see(&difference::grey(&painting, CROP)?).map_err(about(path))?;
            right[own] += usize::from(difference::blind_match(&[middle], &grey_styles)? == [own]);
            bar.advance();
        }
    }
    let neighbours = difference::nearest(&found)?;
    let names: Vec<String> = entries.into_iter().map(|entry| entry.name).collect();
    let row = |((nearest, name), right): ((Neighbour, &String), usize)| Row {
        name: name.clone(),
        nearest,
        matched: right as f64 / contents.len() as f64,
    };
    Ok((neighbours.into_iter().zip(&names).zip(right).map(row).collect(), names))
}

/// Returns the styles of the folder, or else the built-in ones, with the pictures that they have learned from.
fn entries(args: &Eval, stylizer: &impasto::Stylizer) -> Result<Vec<Entry>> {
    if let Some(folder) = &args.styles {
        let entry = |path: std::path::PathBuf| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let picture = open(args, &path)?;
            let style = match args.learned.first() {
                Some(folder) => learned(folder, &path)?,
                None => style(stylizer, &picture)?,
            };
            Ok(Entry { name, style, picture })
        };
        return pictures_in(folder)?.into_iter().map(entry).collect();
    }
    if !Model::HAS_EMBEDDED || !model::paths(&args.models)?.is_empty() {
        return Err(Failure::usage("this model has no built-in styles; name a folder of pictures with --styles"));
    }
    let entry = |style: &Style| {
        let name = style.name().unwrap_or_default();
        let drawn = impasto_draw::styles::find(name)
            .ok_or_else(|| Failure::failed(format!("the built-in style {name:?} has no picture")))?;
        let canvas = drawn.lessons().swap_remove(0);
        let picture = Picture::from_rgb8([canvas.width, canvas.height], &canvas.to_rgb8())?;
        Ok(Entry { name: name.to_owned(), style: style.clone(), picture })
    };
    Gallery::built_in()?.styles().iter().map(entry).collect()
}

fn median(rows: &[Row]) -> f64 {
    impasto::eval::median(&rows.iter().map(|row| row.nearest.difference).collect::<Vec<_>>())
}

fn matched(rows: &[Row]) -> f64 {
    rows.iter().map(|row| row.matched).sum::<f64>() / rows.len().max(1) as f64
}

fn table(rows: &[Row], names: &[String], contents: usize) -> String {
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(24);
    let head = format!("{} styles, {contents} contents", names.len());
    let mut text = format!("{head:width$} {:width$} difference  matched\n", "nearest");
    let line = |name: &str, nearest: &str, difference: f64, matched: f64| {
        format!("{name:width$} {nearest:width$} {difference:10.3} {:7.0}%\n", matched * 100.0)
    };
    for Row { name, nearest, matched } in rows {
        text.push_str(&line(name, &names[nearest.style], nearest.difference, *matched));
    }
    let _ = write!(text, "{}", line("median, mean", "", median(rows), matched(rows)));
    text
}

#[cfg(test)]
mod tests {
    use impasto::eval::difference::Neighbour;

    use super::{Row, median, table};

    #[test]
    fn tables_have_every_style_and_the_median() {
        let row =
            |name: &str, style, difference, matched| Row { name: name.into(), nearest: Neighbour { style, difference }, matched };
        let rows = [row("b", 0, 0.25, 1.0), row("a", 1, 0.5, 0.5), row("c", 0, 1.0, 0.0)];
        let text = table(&rows, &["a".into(), "b".into(), "c".into()], 3);
        let words: Vec<Vec<_>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["3", "styles,", "3", "contents", "nearest", "difference", "matched"]);
        assert_eq!(words[1], ["b", "a", "0.250", "100%"]);
        assert_eq!(words[4], ["median,", "mean", "0.500", "50%"]);
        assert_eq!(median(&rows[..2]), 0.375);
    }
}
