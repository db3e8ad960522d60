//! Selects which contents are measured in which styles.

use std::collections::{HashMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use impasto::eval::pairs;
use serde_json::Value;

use crate::cli::Eval;
use crate::commands::stylize::pictures_in;
use crate::failure::{Failure, Result};

/// A content and a style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) content: PathBuf,
    pub(super) style: PathBuf,
}

impl Pair {
    /// Returns the name of its painting: CONTENT--STYLE.png.
    pub(super) fn painting(&self) -> OsString {
        painting(&self.content, &self.style)
    }
}

fn painting(content: &Path, style: &Path) -> OsString {
    let mut name = content.file_stem().unwrap_or_default().to_owned();
    name.push("--");
    name.push(style.file_stem().unwrap_or_default());
    name.push(".png");
    name
}

/// Returns where the style is that has learned from a picture.
pub(super) fn learned(folder: &Path, picture: &Path) -> PathBuf {
    let mut name = picture.file_stem().unwrap_or_default().to_owned();
    name.push(".style");
    folder.join(name)
}

/// Returns the pairs that the command line asks for.
///
/// # Errors
/// If a folder cannot be read or has no pictures, if the file of pairs is not
/// a list of pairs, or if paintings of other programs are missing.
pub(super) fn of(args: &Eval) -> Result<Vec<Pair>> {
    let folder = args.styles.as_deref().ok_or_else(|| Failure::usage("--styles is missing; name a folder of styles with it"))?;
    let (contents, mut styles) = (pictures_in(&args.contents)?, pictures_in(folder)?);
    for learned_in in &args.learned {
        styles.retain(|style| learned(learned_in, style).is_file());
        if styles.is_empty() {
            let (learned_in, styles) = (learned_in.display(), folder.display());
            return Err(Failure::failed(format!(
                "{learned_in}: no STYLE.style for any picture in {styles}; make them with `impasto styles learn`"
            )));
        }
    }
    if !args.outputs.is_empty() {
        distinct(&contents)?;
        distinct(&styles)?;
    }
    if let Some(list) = &args.pairs_from {
        let pairs = listed(list, &contents, &styles, args)?;
        return match pairs.iter().find_map(|pair| missing(pair, &args.outputs)) {
            None => Ok(pairs),
            Some(path) => Err(Failure::failed(format!(
                "{}: this painting is missing; paint it, or remove its pair from {}",
                path.display(),
                list.display()
            ))),
        };
    }
    let pair = |&[content, style]: &[usize; 2]| Pair { content: contents[content].clone(), style: styles[style].clone() };
    if args.outputs.is_empty() {
        let drawn = pairs::draw(contents.len(), styles.len(), args.pairs, args.seed);
        return Ok(drawn.iter().map(pair).collect());
    }
    let candidates = painted(&contents, &styles, &args.outputs)?;
    let chosen = pairs::choose(&candidates, args.pairs, args.seed);
    Ok(chosen.iter().map(pair).collect())
}

/// Checks that names without extensions differ, because paintings are found by them.
fn distinct(pictures: &[PathBuf]) -> Result {
    let mut seen: HashMap<_, &PathBuf> = HashMap::new();
    for picture in pictures {
        if let Some(other) = seen.insert(picture.file_stem(), picture) {
            let (one, other) = (picture.display(), other.display());
            return Err(Failure::failed(format!(
                "{one}: its paintings would have the same names as those of {other}; rename one of the two"
            )));
        }
    }
    Ok(())
}

fn missing(pair: &Pair, outputs: &[PathBuf]) -> Option<PathBuf> {
    outputs.iter().map(|folder| folder.join(pair.painting())).find(|path| !path.is_file())
}

/// Returns the pairs that all folders have a painting of.
fn painted(contents: &[PathBuf], styles: &[PathBuf], outputs: &[PathBuf]) -> Result<Vec<[usize; 2]>> {
    let names = |folder: &PathBuf| -> Result<HashSet<OsString>> {
        let entries = std::fs::read_dir(folder).map_err(|e| Failure::failed(format!("{}: {e}", folder.display())))?;
        Ok(entries.flatten().map(|entry| entry.file_name()).collect())
    };
    let folders = outputs.iter().map(names).collect::<Result<Vec<_>>>()?;
    let mut candidates = Vec::new();
    for (i, content) in contents.iter().enumerate() {
        for (j, style) in styles.iter().enumerate() {
            let name = painting(content, style);
            if folders.iter().all(|names| names.contains(&name)) {
                candidates.push([i, j]);
            }
        }
    }
    if candidates.is_empty() {
        let folders = outputs.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ");
        let example = painting(&contents[0], &styles[0]);
        return Err(Failure::failed(format!(
            "{folders}: no paintings of these contents and styles; name them CONTENT--STYLE.png, for example {}",
            Path::new(&example).display()
        )));
    }
    Ok(candidates)
}

/// Returns the pairs of a report. Their pictures are looked up by name in the folders.
fn listed(list: &Path, contents: &[PathBuf], styles: &[PathBuf], args: &Eval) -> Result<Vec<Pair>> {
    let failed = |text: String| Failure::failed(format!("{}: {text}", list.display()));
    let bytes = std::fs::read(list).map_err(|e| failed(e.to_string()))?;
    let report: Value = serde_json::from_slice(&bytes)
        .map_err(|e| failed(format!("is not a list of pairs ({e}); make one with `impasto eval --json`")))?;
    let none = || failed("has no pairs; make a list with `impasto eval --json`".into());
    let pairs = report.get("pairs").unwrap_or(&report).as_array().filter(|pairs| !pairs.is_empty()).ok_or_else(none)?;
    let find = |pair: &Value, number: usize, what: &str, folder: &Path, pictures: &[PathBuf]| -> Result<PathBuf> {
        let bad = || failed(format!("pair {number} does not name its {what}; each pair needs \"content\" and \"style\""));
        let name = pair.get(what).and_then(Value::as_str).ok_or_else(bad)?;
        let found = pictures.iter().find(|path| path.file_name().is_some_and(|file| file.to_string_lossy() == name));
        found.cloned().ok_or_else(|| {
            failed(format!(
                "pair {number} names {name:?}, which is not in {}; put it there, or name another folder",
                folder.display()
            ))
        })
    };
    let pair = |(i, pair): (usize, &Value)| {
        Ok(Pair {
            content: find(pair, i + 1, "content", &args.contents, contents)?,
            style: find(pair, i + 1, "style", args.styles.as_deref().unwrap_or(Path::new("")), styles)?,
        })
    };
    pairs.iter().enumerate().map(pair).collect()
}
