//! `impasto replay`: paints a picture again from the request that is recorded in it.
//!
//! The recorded request is a stranger's. The library reads only options of its table, in their
//! ranges, and names without folders. `find.rs` looks for the named files only where the user
//! says, and they must be the same to the byte. The output is never an existing file.

mod find;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use impasto::picture::{Format, Limits, Stored};
use impasto::request::{Beginning, Kind, Optimized, Reference, Request, StyleUse, table};
use impasto::{ErrorKind, Picture};

use super::optimize;
use super::stylize::{self, style::StyleArgument};
use crate::cli::{self, PaintFlags, Replay, Stylize};
use crate::failure::{Failure, Result};
use crate::{model, names, talk};
use find::Found;

pub(crate) fn run(args: &Replay) -> Result {
    let loudness = args.loudness.loudness();
    let named = |why: String| Failure::failed(format!("{}: {why}", args.picture.display()));
    let limits = args.limits.of_files();
    if args.picture.extension().and_then(OsStr::to_str).is_some_and(|kind| kind.parse::<impasto_film::Kind>().is_ok()) {
        let name = names::quoted(args.picture.as_os_str());
        return Err(named(format!(
            "replay paints pictures again, not films. The film's settings are in its comment: \
             ffprobe -v error -show_entries format_tags=comment -of default=nk=1:nw=1 {name}"
        )));
    }
    let picture = Stored::open(&args.picture, &limits)?;
    let text = picture.source().recorded_settings();
    let text = text.ok_or_else(|| {
        named("it does not say how it was made: either Impasto did not paint it, or --strip left the settings out".into())
    })?;
    let request = Request::from_json(&text).map_err(|e| match e.kind() {
        ErrorKind::Unsupported => named(format!("the settings that are recorded in it cannot be read: {e}; update impasto")),
        _ => named(format!("the settings that are recorded in it are damaged: {e}")),
    })?;
    drop(picture);
    // A record may ask for the preview of a huge picture, which takes the time of a picture of that size.
    if let Some(size) = request.options.preview_of.filter(|size| size.pixels() > limits.max_pixels) {
        return Err(named(format!("it is a preview of {size} pixels, more than --max-pixels allows")));
    }
    let here = concat!("impasto ", env!("CARGO_PKG_VERSION"));
    if request.program != here {
        loudness.warn(&format!("it was made with {}, and this is {here}: the result may differ", request.program));
    }
    let isa = model::isa()?.to_string();
    if request.executor != isa {
        let was = &request.executor;
        loudness.warn(&format!("it was made with the instruction set {was}, not {isa}: the result may differ by rounding"));
    }
    let (found, notes) = gather(args, &request).map_err(|e| match e {
        Failure::Failed(why) => named(why),
        other => other,
    })?;
    notes.iter().for_each(|note| loudness.warn(note));
    let optimize = match &request.optimized {
        Some(how) => Some(found.optimize(args, &request, how)?),
        None => None,
    };
    if args.dry_run {
        let quoted: Vec<_> = found.command_line(&request, optimize.as_ref()).iter().map(|word| names::quoted(word)).collect();
        return talk::data(format!("{}\n", quoted.join(" ")).as_bytes());
    }
    let output = output(args, request.format_name())?;
    // The record is wrong, not the command line.
    let own = |e: Failure| match e {
        Failure::Usage(why) => named(why),
        other => other,
    };
    let Ingredients { content, styles, models, files, .. } = found;
    if let Some(optimize) = optimize {
        optimize::run_with(&cli::Optimize { output: output.clone(), ..optimize }, &styles).map_err(own)?;
        tell(args, &notes, &output, &limits);
        return Ok(());
    }
    let stylize = Stylize {
        contents: vec![content.clone()],
        styles: Vec::new(),
        output: output.clone(),
        models,
        figure: None,
        force: false,
        paint: PaintFlags { options: request.options, files },
        batch: cli::Batch::default(),
        limits: args.limits.clone(),
        threads: None,
        preview: false,
        json: false,
        loudness: args.loudness.clone(),
    };
    stylize::run_one(&stylize, &content, styles).map_err(own)?;
    tell(args, &notes, &output, &limits);
    Ok(())
}

/// Says whether the new picture is the same.
fn tell(args: &Replay, notes: &[String], output: &Path, limits: &Limits) {
    if notes.is_empty() && !args.loudness.is_quiet() {
        args.loudness.loudness().say(&format!("{}: {}", output.display(), compared(&args.picture, output, limits)));
    }
}

/// Compares the new picture with the old one.
fn compared(old: &Path, new: &Path, limits: &Limits) -> &'static str {
    if matches!((std::fs::read(old), std::fs::read(new)), (Ok(old), Ok(new)) if old == new) {
        return "the same, byte for byte";
    }
    let pixels = |path| Picture::open(path, limits).map(|picture| (picture.rgb().to_vec(), picture.alpha().map(<[f32]>::to_vec)));
    match (pixels(old), pixels(new)) {
        (Ok(old), Ok(new)) if old == new => "the same picture; only the recorded settings differ, perhaps a name",
        _ => "a different picture",
    }
}

/// Paths of everything that the picture was made of.
struct Ingredients {
    content: PathBuf,
    styles: Vec<StyleArgument>,
    models: Vec<PathBuf>,
    /// Masks, by the names of their options.
    files: Vec<(&'static str, PathBuf)>,
    /// Of an optimized picture: the perceptual network, and the picture that it started from.
    perceptual: Option<PathBuf>,
    initial: Option<PathBuf>,
}

impl Ingredients {
    /// Returns the arguments of an optimized picture, without its output and styles.
    fn optimize(&self, args: &Replay, request: &Request, how: &Optimized) -> Result<cli::Optimize> {
        let files = optimize::record::Files {
            content: self.content.clone(),
            output: PathBuf::new(),
            models: self.models.clone(),
            perceptual: self.perceptual.clone(),
            initial: self.initial.clone(),
        };
        optimize::record::arguments(request, how, files, (args.limits.clone(), args.loudness.clone()))
    }

    /// Returns the command line that paints the picture, without its output.
    fn command_line(&self, request: &Request, optimize: Option<&cli::Optimize>) -> Vec<OsString> {
        let command = if optimize.is_some() { "optimize" } else { "stylize" };
        let mut line: Vec<OsString> = vec!["impasto".into(), command.into()];
        for style in &self.styles {
            let mut word = style.path.clone().into_os_string();
            match &style.mask {
                // A style with a region of its own has no weight.
                Some(mask) => {
                    word.push("@");
                    word.push(mask);
                }
                None => word.push(format!("={}", style.weight)),
            }
            line.extend(["--style".into(), word]);
        }
        for (name, value) in request.options.given() {
            let Some(row) = table().iter().find(|row| row.name == name && row.kind != Kind::Picture) else { continue };
            match row.kind {
                Kind::Flag => line.push(row.flag().into()),
                _ => line.push(format!("{}={}", row.flag(), cli::text(&value)).into()),
            }
        }
        for (option, path) in &self.files {
            line.extend([format!("--{}", option.replace('_', "-")).into(), path.clone().into_os_string()]);
        }
        if let Some(optimize) = optimize {
            line.extend(optimize::record::flags(optimize));
            line.extend(["--".into(), self.content.clone().into_os_string()]);
            return line;
        }
        self.models.iter().for_each(|model| line.extend(["--model".into(), model.clone().into_os_string()]));
        line.extend(["--".into(), self.content.clone().into_os_string()]);
        line
    }
}

/// Finds everything, and notes what has changed.
fn gather(args: &Replay, request: &Request) -> Result<(Ingredients, Vec<String>)> {
    let folders = folders(args);
    let mut look = Look { missing: Vec::new(), notes: Vec::new() };
    let mut styles = Vec::new();
    for (i, StyleUse { style, weight, mask, .. }) in request.styles.iter().enumerate() {
        let found = find::style(style, args.styles.get(i).map(PathBuf::as_path), &folders, &request.model)?;
        let path = look.path(style, found, "--style");
        let mask = match mask {
            Some(mask) => Some(look.path(mask, find::ingredient(mask, None, &folders)?, "--in")),
            None => None,
        };
        // Missing files are reported at the end.
        let path = path.unwrap_or_default();
        styles.push(StyleArgument { path, weight: *weight, mask: mask.map(Option::unwrap_or_default), own: None });
    }
    if args.styles.len() > request.styles.len() {
        return Err(Failure::usage(format!(
            "the picture was made of {} styles, but --style names more; leave the others out",
            request.styles.len()
        )));
    }
    let options = &request.options;
    let mut files = Vec::new();
    for (option, mask) in [("mask", &options.mask), ("strength_mask", &options.strength_mask)] {
        if let Some(mask) = mask {
            let path = look.path(mask, find::ingredient(mask, None, &folders)?, "--in");
            files.extend(path.map(|path| (option, path)));
        }
    }
    let how = request.optimized.as_ref();
    // An optimization used the model only if it started from a painting of the model.
    let painted = how.is_none_or(|how| how.initial == Beginning::Fast);
    let built_in = painted && request.model.iter().all(|model| model.built_in) && args.models.is_empty();
    if built_in && !model::paths(&[])?.is_empty() {
        return Err(Failure::failed("it was made with the built-in model; unset IMPASTO_MODEL to make it again"));
    }
    let mut models = Vec::new();
    for (i, model) in request.model.iter().enumerate().filter(|_| painted) {
        let found = find::model(model, args.models.get(i).map(PathBuf::as_path), &folders)?;
        let is_built_in = matches!(found, Found::BuiltIn);
        models.extend(look.path(model, found, "--model").filter(|_| !is_built_in));
    }
    let (mut perceptual, mut initial) = (None, None);
    if let Some(how) = how {
        let found = find::perceptual(&how.perceptual, &folders)?;
        let is_built_in = matches!(found, Found::BuiltIn);
        perceptual = look.path(&how.perceptual, found, "--in").filter(|_| !is_built_in);
        if let Beginning::Picture(picture) = &how.initial {
            initial = look.path(picture, find::ingredient(picture, None, &folders)?, "--in");
        }
    }
    let content = find::ingredient(&request.content, args.content.as_deref(), &folders)?;
    let content = look.path(&request.content, content, "--content");
    if let (Some(content), true) = (content, look.missing.is_empty()) {
        return Ok((Ingredients { content, styles, models, files, perceptual, initial }, look.notes));
    }
    let places: Vec<_> = folders.iter().map(|folder| folder.display().to_string()).collect();
    Err(Failure::failed(format!("cannot make it again: {} (looked in {})", look.missing.join("; "), places.join(", "))))
}

/// The results of looking for everything.
struct Look {
    /// A phrase for each thing that is missing.
    missing: Vec<String>,
    /// A note for each thing that the user replaced by something else.
    notes: Vec<String>,
}

impl Look {
    /// Returns the path of what was found, and notes what is missing or different.
    fn path(&mut self, wanted: &Reference, found: Found, flag: &str) -> Option<PathBuf> {
        let name = wanted.os_name();
        let shown = OsStr::display(&name);
        match found {
            Found::Same(path) => return Some(path),
            Found::BuiltIn => return Some(name.into()),
            Found::Instead(path) => {
                self.notes.push(format!(
                    "{}: not the {shown} that the picture was made of; using the same settings on another file",
                    path.display()
                ));
                return Some(path);
            }
            Found::Differs(what) => self.missing.push(format!("{what} differs from the original; name another with {flag}")),
            Found::Missing => self.missing.push(format!("{shown} is missing; name it or its folder with {flag} or --in")),
        }
        None
    }
}

/// Returns the folders to look in: those that the user gives, else the picture's and the current one.
fn folders(args: &Replay) -> Vec<PathBuf> {
    if !args.folders.is_empty() {
        return args.folders.clone();
    }
    let beside = args.picture.parent().filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_path_buf);
    beside.into_iter().chain([PathBuf::from(".")]).collect()
}

/// Returns where the new picture goes: the path that the user gives, else `NAME-again` beside the old one.
fn output(args: &Replay, format: &str) -> Result<PathBuf> {
    if let Some(path) = &args.output {
        if path.as_os_str() == "-" || path.is_dir() {
            return Err(Failure::usage("the new picture needs a file, not a folder or standard output; name one with -o"));
        }
        if Format::from_path(path).is_ok_and(|own| own.id() != format) {
            let text = format!("{}: the new picture will be {format}, too; use the extension of that format", path.display());
            return Err(Failure::usage(text));
        }
        return Ok(path.clone());
    }
    let stem = args.picture.file_stem().ok_or_else(|| Failure::usage("name the new picture with -o"))?;
    let extension = args.picture.extension().map_or_else(|| OsString::from(format), OsString::from);
    let mut name = stem.to_os_string();
    name.push("-again.");
    name.push(extension);
    Ok(args.picture.with_file_name(name))
}
