//! `impasto replay`: makes a picture again from the settings that are recorded in it.
//!
//! The recorded settings are a stranger's. They become a command line of `impasto stylize` only of options that decide what a picture looks like
//! (`recipe.rs`, [`check_options`]), with the files that the user names or that lie, unchanged, where the user says (`find.rs`); and the output is
//! never an existing file.

mod find;
mod recipe;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{ArgMatches, CommandFactory, FromArgMatches};
use impasto::Picture;
use impasto::picture::{Format, Limits, Stored};

use super::stylize;
use crate::cli::{Cli, Command, Replay};
use crate::failure::{Failure, Result};
use crate::talk::Loudness;
use crate::values::Size;
use crate::{model, names, settings, talk};
use find::Found;
use recipe::Recipe;

pub(crate) fn run(args: &Replay) -> Result {
    let loudness = args.loudness.loudness();
    let named = |why: String| Failure::failed(format!("{}: {why}", args.picture.display()));
    let limits = args.limits.of_files();
    let picture = Stored::open(&args.picture, &limits)?;
    let text = picture.source().recorded_settings();
    let text =
        text.ok_or_else(|| named("it says nothing of how it was made: it is not Impasto's, or was made with --strip".into()))?;
    let damaged = |why: String| named(format!("the settings that are recorded in it are damaged: {why}"));
    let recipe = Recipe::parse(&text).map_err(damaged)?;
    drop(picture);
    check_options(&recipe, &limits).map_err(damaged)?;
    let here = concat!("impasto ", env!("CARGO_PKG_VERSION"));
    if recipe.program != here {
        loudness.warn(&format!("it was made with {}, this is {here}: the result may differ", recipe.program));
    }
    let isa = model::isa()?.to_string();
    if recipe.isa != isa {
        loudness
            .warn(&format!("it was made with the instruction set {}, not {isa}: the result may differ by rounding", recipe.isa));
    }
    let (line, notes) = command_line(args, &recipe).map_err(|e| match e {
        Failure::Failed(why) => named(why),
        other => other,
    })?;
    notes.iter().for_each(|note| loudness.warn(note));
    if args.dry_run {
        let quoted: Vec<_> = line.iter().map(|word| names::quoted(word)).collect();
        return talk::data(format!("{}\n", quoted.join(" ")).as_bytes());
    }
    let output = output(args, &recipe)?;
    stylize(line, &output, args)?;
    if notes.is_empty() && !args.loudness.is_quiet() {
        loudness.say(&format!("{}: {}", output.display(), compared(&args.picture, &output, &limits)));
    }
    Ok(())
}

/// What the new picture is, compared with the old one.
fn compared(old: &Path, new: &Path, limits: &Limits) -> &'static str {
    if matches!((std::fs::read(old), std::fs::read(new)), (Ok(old), Ok(new)) if old == new) {
        return "the same, byte for byte";
    }
    let pixels = |path| Picture::open(path, limits).map(|picture| (picture.rgb().to_vec(), picture.alpha().map(<[f32]>::to_vec)));
    match (pixels(old), pixels(new)) {
        (Ok(old), Ok(new)) if old == new => "the same picture; what the files say of their making differs, a name perhaps",
        _ => "another picture than before",
    }
}

/// Runs the command line with an output of ours.
fn stylize(mut line: Vec<OsString>, output: &Path, args: &Replay) -> Result {
    let contents = line.iter().position(|word| word == "--").unwrap_or(line.len());
    let mut more: Vec<OsString> = vec!["--output".into(), output.into()];
    match args.loudness.loudness() {
        Loudness::Quiet => more.push("--quiet".into()),
        Loudness::Verbose => more.push("--verbose".into()),
        Loudness::Normal => {}
    }
    let limits = &args.limits;
    more.push(format!("--max-pixels={}", limits.max_pixels).into());
    more.extend(limits.max_bytes.map(|bytes| format!("--max-bytes={bytes}").into()));
    more.extend(limits.max_memory.map(|bytes| format!("--max-memory={bytes}").into()));
    line.splice(contents..contents, more);
    let command = Cli::command();
    let unusable = |e: clap::Error| {
        let text = e.to_string();
        Failure::failed(format!(
            "{}: its settings make no sense: {}",
            args.picture.display(),
            text.lines().next().unwrap_or_default()
        ))
    };
    let matches: ArgMatches = command.try_get_matches_from(&line).map_err(unusable)?;
    let cli = Cli::from_arg_matches(&matches).map_err(unusable)?;
    match (cli.command, matches.subcommand()) {
        (Command::Stylize(stylize), Some((_, given))) => stylize::run_one(&stylize, given),
        _ => Err(Failure::failed("its settings are no painting's")),
    }
}

/// The options must be ones that decide what a picture looks like, and name no file: none that writes, reads or shows anything.
fn check_options(recipe: &Recipe, limits: &Limits) -> Result<(), String> {
    let command = Cli::command();
    let stylize = command.find_subcommand("stylize").ok_or("there is no such command")?;
    let known = |flag: &str, path: bool| {
        let argument =
            stylize.get_arguments().find(|argument| argument.get_long().is_some_and(|long| flag == format!("--{long}")));
        argument.is_some_and(|argument| settings::decides(argument) && settings::names_a_file(argument) == path)
    };
    for option in &recipe.options {
        let flag = option.split_once('=').map_or(option.as_str(), |(flag, _)| flag);
        if !known(flag, false) {
            return Err(format!("{flag:?} is no option for it"));
        }
        // What takes the time of a picture that nobody has.
        let size = option.strip_prefix("--preview-of=").and_then(|size| size.parse::<Size>().ok());
        if let Some(Size { width, height }) = size.filter(|size| size.width as u64 * size.height as u64 > limits.max_pixels) {
            return Err(format!("a preview of {width}×{height} pixels, more than --max-pixels allows"));
        }
    }
    if !Format::from_id(&recipe.format).is_some_and(Format::can_write) {
        return Err(format!("{:?} is no format", recipe.format));
    }
    match recipe.files.iter().find(|(flag, _)| !known(flag, true)) {
        Some((flag, _)) => Err(format!("{flag:?} is no option for it")),
        None => Ok(()),
    }
}

/// The command line without its output, and what is not as it was.
fn command_line(args: &Replay, recipe: &Recipe) -> Result<(Vec<OsString>, Vec<String>)> {
    let folders = folders(args);
    let mut look = Look { missing: Vec::new(), notes: Vec::new() };
    let mut line: Vec<OsString> = vec!["impasto".into(), "stylize".into()];
    for (i, recipe::Style { style, weight, mask }) in recipe.styles.iter().enumerate() {
        let found = find::style(style, args.styles.get(i).map(PathBuf::as_path), &folders, &recipe.model)?;
        let style = look.path(&style.name, found, "--style");
        let after = match mask {
            // A style that has a region for itself has no weight.
            Some(mask) => look.path(&mask.name, find::ingredient(mask, None, &folders)?, "--in").map(|path| ("@", path)),
            None => Some(("=", weight.to_string().into())),
        };
        if let (Some(mut argument), Some((sign, value))) = (style, after) {
            argument.push(sign);
            argument.push(value);
            line.extend(["--style".into(), argument]);
        }
    }
    if args.styles.len() > recipe.styles.len() {
        return Err(Failure::usage(format!("the picture was made of {} styles; --style names more", recipe.styles.len())));
    }
    line.extend(recipe.options.iter().map(OsString::from));
    for (flag, file) in &recipe.files {
        if let Some(path) = look.path(&file.name, find::ingredient(file, None, &folders)?, "--in") {
            line.extend([flag.into(), path]);
        }
    }
    let built_in = recipe.model.iter().all(|model| model.built_in) && args.models.is_empty();
    if built_in && !model::paths(&[])?.is_empty() {
        return Err(Failure::failed("it was made with the built-in model; unset IMPASTO_MODEL to make it again"));
    }
    for (i, model) in recipe.model.iter().enumerate() {
        let found = find::model(model, args.models.get(i).map(PathBuf::as_path), &folders)?;
        let is_built_in = matches!(found, Found::BuiltIn);
        if let Some(path) = look.path(&model.name, found, "--model").filter(|_| !is_built_in) {
            line.extend(["--model".into(), path]);
        }
    }
    line.extend(["--format".into(), OsString::from(&recipe.format)]);
    let content = find::ingredient(&recipe.content, args.content.as_deref(), &folders)?;
    if let Some(path) = look.path(&recipe.content.name, content, "--content") {
        line.extend(["--".into(), path]);
    }
    if look.missing.is_empty() {
        return Ok((line, look.notes));
    }
    let places: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    Err(Failure::failed(format!("cannot make it again: {} (looked in {})", look.missing.join("; "), places.join(", "))))
}

/// What was looked for.
struct Look {
    /// What is not there, a phrase each.
    missing: Vec<String>,
    /// What is there otherwise than it was, as the user asked for.
    notes: Vec<String>,
}

impl Look {
    /// What the command line calls it.
    fn path(&mut self, name: &OsStr, found: Found, flag: &str) -> Option<OsString> {
        let shown = name.display();
        match found {
            Found::Same(path) => return Some(path.into()),
            Found::BuiltIn => return Some(name.into()),
            Found::Instead(path) => {
                self.notes.push(format!(
                    "{}: not the {shown} that the picture was made of; the same settings on another file",
                    path.display()
                ));
                return Some(path.into());
            }
            Found::Differs(what) => self.missing.push(format!("{what} is not what it was; name another with {flag}")),
            Found::Missing => self.missing.push(format!("{shown} is missing; name it or its folder with {flag} or --in")),
        }
        None
    }
}

/// Where files are looked for: what the user says, else beside the picture and here.
fn folders(args: &Replay) -> Vec<PathBuf> {
    if !args.folders.is_empty() {
        return args.folders.clone();
    }
    let beside = args.picture.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_path_buf);
    beside.into_iter().chain([PathBuf::from(".")]).collect()
}

/// Where the new picture goes: as the user says, or beside the old one, as `NAME-again`.
fn output(args: &Replay, recipe: &Recipe) -> Result<PathBuf> {
    if let Some(path) = &args.output {
        if path.as_os_str() == "-" || path.is_dir() {
            return Err(Failure::usage("the new picture needs a file to go to, not a folder or standard output"));
        }
        if Format::from_path(path).is_ok_and(|format| format.id() != recipe.format) {
            let text = format!("{}: it is made again as {}; give it such a name", path.display(), recipe.format);
            return Err(Failure::usage(text));
        }
        return Ok(path.clone());
    }
    let stem = args.picture.file_stem().ok_or_else(|| Failure::usage("name the new picture with -o"))?;
    let extension = args.picture.extension().map_or_else(|| OsString::from(&recipe.format), OsString::from);
    let mut name = stem.to_os_string();
    name.push("-again.");
    name.push(extension);
    Ok(args.picture.with_file_name(name))
}
