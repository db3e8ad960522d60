//! The flags of a painting, made from the library's table of options. A new row in the table is a new flag here.

use std::path::{Path, PathBuf};

use clap::builder::{PathBufValueParser, PossibleValue, PossibleValuesParser, TypedValueParser, ValueParser};
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint};
use impasto::request::{Kind, Options, Part, Reference, Row, table};
use serde_json::{Map, Value};

/// The values of a painting's flags.
#[derive(Debug, Clone, Default)]
pub(crate) struct PaintFlags {
    pub(crate) options: Options,
    /// The files that options name, which are masks.
    pub(crate) files: Vec<(&'static str, PathBuf)>,
}

impl PaintFlags {
    /// Returns the file that an option names.
    pub(crate) fn file(&self, option: &str) -> Option<&Path> {
        self.files.iter().find(|(name, _)| *name == option).map(|(_, path)| path.as_path())
    }
}

/// The flags of a film: those of a painting that films support.
#[derive(Debug, Clone, Default)]
pub(crate) struct FilmFlags(pub(crate) PaintFlags);

impl std::ops::Deref for FilmFlags {
    type Target = PaintFlags;

    fn deref(&self) -> &PaintFlags {
        &self.0
    }
}

/// Help for flags that mean something else for films than for pictures.
const OF_FILMS: [(&str, &str); 5] = [
    ("strength", "How strong the style is, from 0 (the film) to 1"),
    ("mask", "Paint where this picture, or each frame of this film, is white; keep the film where it is black"),
    ("strength_mask", "Vary the strength by a picture, or by the frames of a film: --strength times its values"),
    ("grain", "Faint noise that strokes begin from in smooth areas; it moves with the camera"),
    ("strip", "Leave out metadata: the film's, and the settings that it was painted with"),
];

/// The flags for the result file only.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileFlags {
    pub(crate) options: Options,
}

/// Makes a row's flag, for a command with the flags of these rows.
fn flag(row: &'static Row, rows: &[&'static Row]) -> Arg {
    let long = row.name.replace('_', "-");
    let aliases = row.aliases.iter().map(|alias| alias.replace('_', "-"));
    let mut arg = Arg::new(row.name).long(long).aliases(aliases).help(row.help).hide(row.hidden);
    arg = arg.conflicts_with_all(row.excludes.iter().filter(|other| rows.iter().any(|row| row.name == **other)));
    if !row.more.is_empty() {
        arg = arg.long_help(format!("{}\n\n{}", row.help, row.more));
    }
    if let Some(other) = row.requires {
        arg = arg.requires(other);
    }
    if row.kind == Kind::Flag {
        return arg.action(ArgAction::SetTrue);
    }
    if row.kind == Kind::Picture {
        return arg.value_name(row.value).value_hint(ValueHint::FilePath).value_parser(PathBufValueParser::new());
    }
    if !row.default.is_null() {
        arg = arg.default_value(text(&row.default));
    }
    let read = move |text: &str| row.read(text);
    arg.value_name(row.value)
        .action(ArgAction::Set)
        .value_parser(match &row.kind {
            Kind::Choice(names) => {
                let named = |name: &impasto::request::Name| {
                    let value = PossibleValue::new(name.name.clone()).aliases(name.aliases.clone());
                    if name.help.is_empty() { value } else { value.help(name.help) }
                };
                let names = PossibleValuesParser::new(names.iter().map(named).collect::<Vec<_>>());
                ValueParser::new(names.try_map(move |text| row.read(&text)))
            }
            _ => ValueParser::new(read),
        })
        .allow_negative_numbers(!matches!(row.kind, Kind::Choice(_)))
}

/// Formats a value as one would type it.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        other => other.to_string(),
    }
}

/// Adds the flags of these rows to a command.
fn augmented(command: Command, rows: impl Iterator<Item = &'static Row>) -> Command {
    let rows: Vec<_> = rows.collect();
    rows.iter().fold(command, |command, row| command.arg(flag(row, &rows)))
}

/// Reads the flags of these rows that were given: values by name, and files.
fn given(matches: &ArgMatches, rows: impl Iterator<Item = &'static Row>) -> (Map<String, Value>, Vec<(&'static str, PathBuf)>) {
    let (mut values, mut files) = (Map::new(), Vec::new());
    for row in rows.filter(|row| matches.value_source(row.name) == Some(ValueSource::CommandLine)) {
        let value = match row.kind {
            Kind::Flag => matches.get_flag(row.name).into(),
            Kind::Picture => {
                let Some(path) = matches.get_one::<PathBuf>(row.name) else { continue };
                files.push((row.name, path.clone()));
                serde_json::to_value(Reference::of_path(path)).unwrap_or_default()
            }
            _ => matches.get_one::<Value>(row.name).cloned().unwrap_or_default(),
        };
        values.insert(row.name.into(), value);
    }
    (values, files)
}

fn options(values: &Map<String, Value>) -> Result<Options, clap::Error> {
    Options::read(values).map_err(|e| clap::Error::raw(ErrorKind::ValueValidation, format!("{e}\n")))
}

fn of_file() -> impl Iterator<Item = &'static Row> {
    table().iter().filter(|row| row.part == Part::File)
}

/// Selects the rows that films support.
fn of_films(rows: &'static [Row]) -> impl Iterator<Item = &'static Row> {
    rows.iter().filter(|row| row.not_in_films.is_none())
}

impl PaintFlags {
    fn of(matches: &ArgMatches, rows: impl Iterator<Item = &'static Row>) -> Result<Self, clap::Error> {
        let (values, files) = given(matches, rows);
        Ok(PaintFlags { options: options(&values)?, files })
    }
}

impl FromArgMatches for PaintFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::of(matches, table().iter())
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for PaintFlags {
    fn augment_args(command: Command) -> Command {
        augmented(command, table().iter())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for FilmFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        PaintFlags::of(matches, of_films(table())).map(FilmFlags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for FilmFlags {
    fn augment_args(command: Command) -> Command {
        let command = augmented(command.next_help_heading("Look"), of_films(table()));
        OF_FILMS.iter().fold(command, |command, (name, help)| command.mut_arg(name, |arg| arg.help(*help)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for FileFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(FileFlags { options: options(&given(matches, of_file()).0)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for FileFlags {
    fn augment_args(command: Command) -> Command {
        let command = command.next_help_heading("Result file");
        augmented(command, of_file())
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

#[cfg(test)]
mod tests {
    use clap::Command;
    use impasto::request::{Kind, Options, Part, Row, table};
    use serde_json::{Value, json};

    use super::{augmented, flag, given, of_films, text};

    fn command(rows: &'static [Row]) -> Command {
        augmented(Command::new("x"), rows.iter())
    }

    #[test]
    fn every_row_is_a_flag_that_reads_as_the_table_does() {
        command(table()).debug_assert();
        for row in table() {
            let arg = flag(row, &[]);
            assert_eq!(arg.get_long().map(|long| format!("--{long}")), Some(row.flag()));
            assert_eq!(arg.get_help().map(ToString::to_string).as_deref(), Some(row.help));
        }
        let line = [
            "x",
            "--strength=0.7",
            "--size",
            "9",
            "--stroke",
            "3mm",
            "--dpi=300",
            "--colours",
            "match",
            "--strip",
            "--format",
            "jpg",
        ];
        let (values, files) = given(&command(table()).get_matches_from(line), table().iter());
        let expected = json!({
            "strength": 0.7, "size": 9, "stroke": "3mm", "dpi": 300.0, "colors": "match", "strip": true, "format": "jpeg",
        });
        assert_eq!(Value::Object(values.clone()), expected);
        assert!(files.is_empty() && Options::read(&values).is_ok());
    }

    #[test]
    fn an_option_of_a_copy_of_the_table_is_a_flag() {
        let mut copy = table().to_vec();
        copy.push(Row::extra("sparkle_width", Kind::Number(0.0, 9.0), Part::Look, json!(1.0)));
        let copy: &'static [Row] = copy.leak();
        let (values, _) = given(&command(copy).get_matches_from(["x", "--sparkle-width=3"]), copy.iter());
        assert_eq!(Value::Object(values), json!({"sparkle_width": 3.0}));
        let error = command(copy).try_get_matches_from(["x", "--sparkle-width=10"]).unwrap_err().to_string();
        assert!(error.contains("must be a number from 0 to 9"), "{error}");
        let help = command(copy).render_long_help().to_string();
        assert!(help.contains("--sparkle-width") && help.contains("[default: 1]"), "{help}");
    }

    #[test]
    fn films_take_every_option_but_those_with_a_reason() {
        let mut copy = table().to_vec();
        copy.push(Row::extra("sparkle_width", Kind::Number(0.0, 9.0), Part::Look, json!(1.0)));
        let copy: &'static [Row] = copy.leak();
        let film = augmented(Command::new("x"), of_films(copy));
        film.clone().debug_assert();
        let (values, _) = given(&film.get_matches_from(["x", "--sparkle-width=3", "--strength=0.5"]), of_films(copy));
        assert_eq!(Value::Object(values), json!({"sparkle_width": 3.0, "strength": 0.5}));
        let left: Vec<_> = copy.iter().filter(|row| row.not_in_films.is_some()).collect();
        let names: Vec<_> = left.iter().map(|row| row.name).collect();
        let expected =
            ["salvage", "size", "exact", "preview_of", "format", "profile", "depth", "quality", "subsampling", "compression"];
        assert_eq!(names, expected);
        assert!(left.iter().all(|row| row.not_in_films.is_some_and(|why| why.len() > 10)));
    }

    #[test]
    fn values_are_shown_as_they_are_typed() {
        assert_eq!([text(&json!(1.0)), text(&json!(0.7)), text(&json!(256)), text(&json!("3mm"))], ["1", "0.7", "256", "3mm"]);
    }
}
