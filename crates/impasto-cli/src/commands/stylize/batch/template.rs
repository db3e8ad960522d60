//! Names of results: `out/{dir}/{stem}-{style}.{ext}`.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use crate::failure::{Failure, Result};

/// The fields of a template.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Stem,
    Name,
    Ext,
    Style,
    Number,
    Dir,
}

const FIELDS: [(&str, Field); 6] = [
    ("stem", Field::Stem),
    ("name", Field::Name),
    ("ext", Field::Ext),
    ("style", Field::Style),
    ("number", Field::Number),
    ("dir", Field::Dir),
];

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    Field(Field),
}

/// The rule that names results.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// The folder in or below which all results are.
    root: PathBuf,
    /// The path below it, component by component.
    components: Vec<Vec<Piece>>,
}

/// The values of the fields.
#[derive(Debug)]
pub(super) struct Values<'a> {
    /// The content.
    pub(super) content: &'a Path,
    /// The folder in which it was found, relative to the named folder; empty for that folder itself.
    pub(super) dir: &'a Path,
    pub(super) ext: &'a str,
    pub(super) style: &'a str,
    /// Number of the picture, from 1.
    pub(super) number: usize,
    /// Number of all pictures.
    pub(super) count: usize,
}

/// Returns whether a path is a template, not a plain path.
pub(super) fn is_template(path: &Path) -> bool {
    path.to_str().is_some_and(|text| FIELDS.iter().any(|(name, _)| text.contains(&format!("{{{name}}}"))))
}

impl Template {
    /// Names each result in this folder after its content, and after its style if `with_style`.
    pub(super) fn folder(folder: &Path, with_style: bool) -> Self {
        let text = |text: &str| Piece::Text(text.into());
        let mut name = vec![Piece::Field(Field::Stem), text("."), Piece::Field(Field::Ext)];
        if with_style {
            name.splice(1..1, [text("-"), Piece::Field(Field::Style)]);
        }
        Template { root: folder.to_owned(), components: vec![vec![Piece::Field(Field::Dir)], name] }
    }

    /// Gives all results this path, which makes sense for one.
    pub(super) fn file(path: &Path) -> Self {
        Template { root: path.to_owned(), components: Vec::new() }
    }

    /// Parses a template.
    ///
    /// # Errors
    /// Wrong usage if it names an unknown field.
    pub(super) fn parse(path: &Path) -> Result<Self> {
        let (mut root, mut components) = (PathBuf::new(), Vec::new());
        for component in path.components() {
            match component {
                // Components before the first one with a brace are taken as they are.
                Component::Normal(name) if !components.is_empty() || name.to_string_lossy().contains('{') => {
                    components.push(parse_component(&name.to_string_lossy()).map_err(|why| {
                        let names: Vec<_> = FIELDS.iter().map(|(name, _)| format!("{{{name}}}")).collect();
                        Failure::usage(format!("{}: {why}; a template may contain {}", path.display(), names.join(", ")))
                    })?);
                }
                _ if components.is_empty() => root.push(component),
                _ => {
                    let text = format!("{}: a template cannot go up (..) after a field", path.display());
                    return Err(Failure::usage(text));
                }
            }
        }
        Ok(Template { root, components })
    }

    /// Returns the folder in or below which all results are.
    pub(super) fn root(&self) -> &Path {
        let folder = if self.components.is_empty() { self.root.parent().unwrap_or(&self.root) } else { &self.root };
        if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
    }

    pub(super) fn expand(&self, values: &Values<'_>) -> PathBuf {
        let mut path = self.root.clone();
        for component in &self.components {
            let mut text = OsString::new();
            for piece in component {
                match piece {
                    Piece::Text(piece) => text.push(piece),
                    Piece::Field(Field::Stem) => text.push(values.content.file_stem().unwrap_or_default()),
                    Piece::Field(Field::Name) => text.push(values.content.file_name().unwrap_or_default()),
                    Piece::Field(Field::Ext) => text.push(values.ext),
                    Piece::Field(Field::Style) => text.push(values.style),
                    Piece::Field(Field::Dir) => text.push(values.dir),
                    Piece::Field(Field::Number) => {
                        let digits = values.count.to_string().len();
                        text.push(format!("{:0digits$}", values.number));
                    }
                }
            }
            // A field can be empty, as `{dir}` is for the named folder itself.
            if !text.is_empty() {
                path.push(text);
            }
        }
        path
    }
}

/// Parses a component of a path.
fn parse_component(text: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            plain.push(c);
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (name, after) = after.split_once('}').ok_or("a { has no closing }")?;
            let field = FIELDS.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("there is no field {{{name}}}"))?;
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Field(field.1));
            rest = after;
        } else {
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Template, Values, is_template};

    fn expand(template: &Template, dir: &str) -> PathBuf {
        let values = Values {
            content: Path::new("in/sub/photo.one.JPG"),
            dir: Path::new(dir),
            ext: "jpg",
            style: "a+b",
            number: 7,
            count: 120,
        };
        template.expand(&values)
    }

    #[test]
    fn fields_are_filled_in() {
        let cases = [
            ("out/{dir}/{stem}-{style}.{ext}", "sub/deep", "out/sub/deep/photo.one-a+b.jpg"),
            ("out/{dir}/{stem}.{ext}", "", "out/photo.one.jpg"),
            ("{dir}/{number}.png", "", "007.png"),
            ("/abs/{name}.png", "x", "/abs/photo.one.JPG.png"),
            ("../a b/{style}/{stem}.tif", "x", "../a b/a+b/photo.one.tif"),
            ("{{{number}}}.png", "", "{007}.png"),
        ];
        for (text, dir, expected) in cases {
            assert!(is_template(Path::new(text)), "{text}");
            assert_eq!(expand(&Template::parse(Path::new(text)).unwrap(), dir), Path::new(expected), "{text}");
        }
        assert_eq!(expand(&Template::folder(Path::new("out{"), false), "sub"), Path::new("out{/sub/photo.one.jpg"));
        assert_eq!(expand(&Template::folder(Path::new("out"), true), ""), Path::new("out/photo.one-a+b.jpg"));
        assert_eq!(expand(&Template::file(Path::new("a/b.png")), "sub"), Path::new("a/b.png"));
    }

    #[test]
    fn roots_are_what_stands_before_any_field() {
        let cases = [("out/x/{dir}/{stem}.png", "out/x"), ("{stem}.png", "."), ("/{stem}.png", "/")];
        for (text, root) in cases {
            assert_eq!(Template::parse(Path::new(text)).unwrap().root(), Path::new(root), "{text}");
        }
        assert_eq!(Template::file(Path::new("b.png")).root(), Path::new("."));
    }

    #[test]
    fn unknown_fields_are_refused() {
        for text in ["{stem}-{colour}.png", "{stem", "{}.png{number}", "out/{dir}/../{stem}.png"] {
            assert!(Template::parse(Path::new(text)).is_err(), "{text}");
        }
        for text in ["out.png", "a{b}.png", "{.png"] {
            assert!(!is_template(Path::new(text)), "{text}");
        }
    }
}
