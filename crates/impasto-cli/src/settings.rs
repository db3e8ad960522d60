//! The settings that decide a painting's bytes, in one canonical form: for its metadata, for manifests, and to tell whether a picture
//! that is there is the one that would be made.
//!
//! ```json
//! {
//!   "version": 2,
//!   "program": "impasto 0.1.0",
//!   "isa": "avx2",
//!   "format": "JPEG",
//!   "options": ["--strength=0.6", "--size=1600"],
//!   "files": [],
//!   "content": {"name": "photo.jpg", "sha256": "…"},
//!   "styles": [{"name": "waves.jpg", "sha256": "…", "weight": 0.7}, {"name": "starry", "sha256": "…", "weight": 0.3, "built_in": true}],
//!   "model": [{"name": "built-in", "sha256": "…", "built_in": true}]
//! }
//! ```
//!
//! A style for a region has a `mask`, too. Names that are not UTF-8 have a `name_bytes`, see `names.rs`. They are those of files, without their folders. The options are those that were given, as the parser takes them again, in the order of
//! their definition; those that name a file are among `files`, with an `option`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, ValueHint};
use impasto::{Model, Style};
use serde_json::{Value, json};

use crate::failure::{Failure, Result};
use crate::{hash, names};

/// What the record's options mean. 1, which records do not say: `--stroke` is compared with the network's own width in pixels.
pub(crate) const VERSION: u64 = 2;

/// Arguments that are told in their own fields, not as options.
const TOLD_APART: [&str; 4] = ["contents", "styles", "models", "format"];

/// Arguments that do not change a picture's bytes: where it goes, what else is done and said, how much of the machine is used.
const WITHOUT_INFLUENCE: [&str; 17] = [
    "output",
    "force",
    "figure",
    "preview",
    "json",
    "quiet",
    "verbose",
    "threads",
    "max_memory",
    "max_pixels",
    "max_bytes",
    "jobs",
    "recursive",
    "each_style",
    "manifest",
    "resume",
    "fail_fast",
];

/// A file, a built-in style or the built-in model, by name and content.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ingredient {
    /// Without its folder.
    pub(crate) name: OsString,
    /// Of a file's bytes, of all files of a folder, of a built-in style's family and vector, of the built-in model.
    pub(crate) sha256: String,
    /// Whether it is part of the program.
    pub(crate) built_in: bool,
}

/// A style that a picture is painted in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StyleUse {
    pub(crate) style: Ingredient,
    /// As given.
    pub(crate) weight: f32,
    /// The region that it is for.
    pub(crate) mask: Option<Ingredient>,
}

/// Everything in a command line that decides a picture's bytes, but for the content and the styles: the same for all pictures of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Common {
    isa: String,
    options: Vec<String>,
    files: Vec<(String, Ingredient)>,
    model: Vec<Ingredient>,
}

/// Everything that decides one picture's bytes.
#[derive(Debug, Clone)]
pub(crate) struct Settings<'a> {
    pub(crate) common: &'a Common,
    pub(crate) content: &'a Ingredient,
    pub(crate) styles: &'a [StyleUse],
    /// Of the result.
    pub(crate) format: impasto::picture::Format,
}

impl Ingredient {
    /// A file or a folder.
    pub(crate) fn of_path(path: &Path) -> Result<Self> {
        let sha256 = hash::of_tree(path).map_err(|e| Failure::failed(format!("{}: {e}", path.display())))?;
        Ok(Ingredient { name: name_of(path), sha256, built_in: false })
    }

    /// A built-in style, which is known by its family and vector.
    pub(crate) fn of_style(style: &Style) -> Self {
        let mut hasher = hash::Hasher::default();
        hasher.update(style.family().to_string().as_bytes());
        style.vector().iter().for_each(|v| hasher.update(&v.to_le_bytes()));
        Ingredient { name: style.name().unwrap_or_default().into(), sha256: hasher.finish(), built_in: true }
    }

    /// The model of these paths; none for the built-in one.
    pub(crate) fn of_model(paths: &[PathBuf]) -> Result<Vec<Self>> {
        if !paths.is_empty() {
            return paths.iter().map(|path| Self::of_path(path)).collect();
        }
        let sha256 = hash::of_bytes(Model::embedded_bytes().unwrap_or_default());
        Ok(vec![Ingredient { name: "built-in".into(), sha256, built_in: true }])
    }

    fn json(&self) -> Value {
        let mut json = json!({ "sha256": self.sha256 });
        names::put(&mut json, "name", &self.name);
        if self.built_in {
            json["built_in"] = true.into();
        }
        json
    }
}

impl Common {
    /// Of what the parser made of a command line. `command` is its definition; options that name a file are known by the kind of value that
    /// it hints at, and the files' contents count.
    ///
    /// # Errors
    /// If a file that an option or the model names cannot be read.
    pub(crate) fn new(command: &Command, matches: &ArgMatches, models: &[PathBuf], isa: &str) -> Result<Self> {
        let (mut options, mut files) = (Vec::new(), Vec::new());
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            if !decides(argument) {
                continue;
            }
            if matches.value_source(id) != Some(ValueSource::CommandLine) {
                continue;
            }
            let flag = argument.get_long().map_or_else(|| id.to_owned(), |long| format!("--{long}"));
            for value in matches.get_raw(id).into_iter().flatten() {
                if !argument.get_action().takes_values() {
                    options.push(flag.clone());
                    continue;
                }
                match file(argument, value) {
                    Some(path) => files.push((flag.clone(), Ingredient::of_path(path)?)),
                    None => options.push(format!("{flag}={}", value.to_string_lossy())),
                }
            }
        }
        Ok(Common { isa: isa.to_owned(), options, files, model: Ingredient::of_model(models)? })
    }
}

impl Settings<'_> {
    /// For metadata and manifests.
    pub(crate) fn json(&self) -> Value {
        let Common { isa, options, files, model } = self.common;
        let files = files.iter().map(|(option, file)| {
            let mut json = file.json();
            json["option"] = option.as_str().into();
            json
        });
        let styles = self.styles.iter().map(|StyleUse { style, weight, mask }| {
            let mut json = style.json();
            json["weight"] = number(*weight).into();
            if let Some(mask) = mask {
                json["mask"] = mask.json();
            }
            json
        });
        json!({
            "version": VERSION,
            "program": concat!("impasto ", env!("CARGO_PKG_VERSION")),
            "isa": isa,
            "format": self.format.to_string(),
            "options": options,
            "files": files.collect::<Vec<_>>(),
            "content": self.content.json(),
            "styles": styles.collect::<Vec<_>>(),
            "model": model.iter().map(Ingredient::json).collect::<Vec<_>>(),
        })
    }

    /// The same number for the same picture: a hash of everything but names.
    pub(crate) fn key(&self) -> String {
        let mut json = self.json();
        forget_names(&mut json);
        hash::of_bytes(json.to_string().as_bytes())
    }
}

/// A number for JSON, with the digits that were typed: 0.7, where a cast would give 0.699999988079071.
pub(crate) fn number(value: f32) -> f64 {
    value.to_string().parse().unwrap_or_else(|_| value.into())
}

/// A renamed file gives the same picture.
fn forget_names(json: &mut Value) {
    match json {
        Value::Object(fields) => {
            if fields.contains_key("sha256") {
                fields.remove("name");
                fields.remove("name_bytes");
            }
            fields.values_mut().for_each(forget_names);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_names),
        _ => {}
    }
}

/// Whether an option of `stylize` decides a picture's bytes, and is told among the options.
pub(crate) fn decides(argument: &Arg) -> bool {
    let id = argument.get_id().as_str();
    !TOLD_APART.contains(&id) && !WITHOUT_INFLUENCE.contains(&id) && !argument.is_positional()
}

/// Whether an option's value is the name of a file.
pub(crate) fn names_a_file(argument: &Arg) -> bool {
    matches!(argument.get_value_hint(), ValueHint::FilePath | ValueHint::AnyPath | ValueHint::DirPath)
}

/// The file that an option's value names.
fn file<'a>(argument: &Arg, value: &'a OsStr) -> Option<&'a Path> {
    let path = Path::new(value);
    (names_a_file(argument) && path.exists()).then_some(path)
}

fn name_of(path: &Path) -> OsString {
    path.file_name().unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::{ArgMatches, CommandFactory, FromArgMatches};
    use impasto::picture::Format;
    use serde_json::json;

    use super::{Common, Ingredient, Settings, StyleUse};
    use crate::cli::Cli;

    fn common(extra: &[&str]) -> Common {
        let command = Cli::command();
        let line = ["impasto", "stylize", "a.jpg", "-s", "b.jpg", "-o", "c.png"].iter().chain(extra);
        let matches: ArgMatches = command.clone().try_get_matches_from(line).unwrap();
        Cli::from_arg_matches(&matches).unwrap();
        let matches = matches.subcommand_matches("stylize").unwrap();
        Common::new(command.find_subcommand("stylize").unwrap(), matches, &[], "avx2").unwrap()
    }

    fn ingredient(name: &str) -> Ingredient {
        Ingredient { name: name.into(), sha256: crate::hash::of_bytes(b"x"), built_in: false }
    }

    fn style(name: &str, weight: f32) -> StyleUse {
        StyleUse { style: ingredient(name), weight, mask: None }
    }

    #[test]
    fn options_are_in_the_definitions_order_and_others_have_no_part() {
        let given =
            common(&["--size", "100", "--strength=0.5", "--threads", "2", "-q", "--force", "--json", "--max-memory", "1G"]);
        assert_eq!(given.options, ["--strength=0.5", "--size=100"]);
        assert!(common(&[]).options.is_empty());
        assert!(given.model[0].built_in);
    }

    #[test]
    fn the_key_is_of_contents_not_of_names() {
        let (plain, strong) = (common(&[]), common(&["--strength", "0.5"]));
        let (a, b) = (ingredient("a.jpg"), ingredient("b.jpg"));
        let styles = [style("s.jpg", 1.0)];
        let settings = |common, content, format| Settings { common, content, styles: &styles, format }.key();
        let key = settings(&plain, &a, Format::Png);
        assert_eq!(key, settings(&plain, &b, Format::Png));
        assert_ne!(key, settings(&plain, &a, Format::Jpeg));
        assert_ne!(key, settings(&strong, &a, Format::Png));
        let other = Ingredient { sha256: crate::hash::of_bytes(b"y"), ..a.clone() };
        assert_ne!(key, settings(&plain, &other, Format::Png));
        let masked = |name| StyleUse { mask: Some(ingredient(name)), ..style("s.jpg", 1.0) };
        let key_of = |style| Settings { common: &plain, content: &a, styles: &[style], format: Format::Png }.key();
        assert_ne!(key, key_of(style("s.jpg", 2.0)));
        assert_ne!(key, key_of(masked("sky.png")));
        assert_eq!(key_of(masked("sea.png")), key_of(masked("sky.png")));
    }

    #[test]
    fn files_that_options_name_count_by_their_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.png");
        std::fs::write(&path, "1").unwrap();
        let command = clap::Command::new("x").arg(clap::Arg::new("mask").long("mask").value_hint(clap::ValueHint::FilePath));
        let common = || {
            let matches = command.clone().get_matches_from(["x".as_ref(), "--mask".as_ref(), path.as_os_str()]);
            Common::new(&command, &matches, &[], "avx2").unwrap()
        };
        let first = common();
        assert_eq!(
            (first.options.len(), first.files[0].0.as_str(), first.files[0].1.name.to_str()),
            (0, "--mask", Some("mask.png"))
        );
        std::fs::write(&path, "2").unwrap();
        assert_ne!(first.files, common().files);
    }

    #[test]
    fn a_model_is_known_by_all_its_files() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("w.bin"), "1").unwrap();
        let first = Ingredient::of_model(&[folder.path().to_path_buf()]).unwrap();
        std::fs::write(folder.path().join("w.bin"), "2").unwrap();
        assert_ne!(first, Ingredient::of_model(&[folder.path().to_path_buf()]).unwrap());
        assert!(Ingredient::of_path(Path::new("/nonexistent/file")).is_err());
    }

    #[test]
    fn numbers_are_written_as_they_were_typed() {
        for text in ["0", "1", "0.7", "0.1", "1e-7", "16777216", "0.33333334", "3.4028235e38"] {
            let value: f32 = text.parse().unwrap();
            assert_eq!(super::number(value), text.parse::<f64>().unwrap(), "{text}");
            assert_eq!(super::number(value) as f32, value);
        }
    }

    #[test]
    fn json_says_all() {
        let common = common(&["--strength", "0.5"]);
        let starry = Ingredient { built_in: true, ..ingredient("starry") };
        let styles = [StyleUse { style: starry, weight: 0.7, mask: Some(ingredient("sky.png")) }];
        let content = ingredient("a.jpg");
        let json = Settings { common: &common, content: &content, styles: &styles, format: Format::Jpeg }.json();
        assert_eq!(json["options"], json!(["--strength=0.5"]));
        assert_eq!(json["content"]["name"], "a.jpg");
        assert_eq!(json["styles"][0]["built_in"], true);
        assert_eq!(json["styles"][0]["mask"]["name"], "sky.png");
        assert_eq!(json["format"], "JPEG");
        assert!(json.to_string().contains("\"weight\":0.7}"), "{json}");
    }
}
