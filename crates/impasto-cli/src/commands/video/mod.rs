//! `impasto video`: paints films in the style of pictures.
//!
//! 1. `args.rs`: the flags. `source.rs`: the input (`animation.rs` reads animated pictures), `goal.rs`: the output.
//! 2. `look.rs`: styles and masks. `work.rs`: the folder of an unfinished film. `record.rs`: how the film was painted.
//! 3. Frames are read, painted and written at the same time ([`impasto_film::work`]). `sink.rs` takes the painted ones.
//! 4. `deliver.rs` moves the result to its place.
//!
//! The crate `impasto-film` reads and writes films through ffmpeg.

mod animation;
mod args;
mod deliver;
mod goal;
mod look;
mod record;
mod sink;
mod source;
mod work;

use std::collections::HashSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use impasto::video::{Film, FilmOptions, KEY};
use impasto::{Control, Stylizer};
use serde_json::{Value, json};

pub(crate) use args::Video;
use args::Written;
use goal::Goal;
use impasto_film::{Note, Part, Pieces, Reading, Timing, Tools, Whole};
use sink::Sink;
use source::{Source, Wanted};
use work::{Done, Far, Work};

use super::stylize::ceiling::Ceiling;
use super::stylize::destination;
use super::stylize::place;
use super::stylize::style::{self, StyleArgument};
use crate::failure::{Failure, Result};
use crate::progress::{Pictures, Unseen};
use crate::{files, interrupt, memory, model, names, talk};
use impasto::Size;

/// The results of a run.
struct Report {
    size: Size,
    frames: usize,
    shots: usize,
    /// Frames that this run has painted, and the seconds that it took.
    painted: usize,
    seconds: f64,
    at_a_time: usize,
}

pub(crate) fn run(args: &Video) -> Result {
    let loudness = args.loudness.loudness();
    // Check everything that needs no work before the work begins.
    names::check_is_no_address(&args.film)?;
    let arguments = style::parse(&args.styles)?;
    let changes = look::changes(args)?;
    let kind = Goal::kind(args)?;
    let (from_stdin, to_stdout) = (is_standard(&args.film), is_standard(&args.output));
    check(args, from_stdin, to_stdout)?;
    let read = arguments.iter().chain(changes.iter().map(|(_, style)| style)).flat_map(StyleArgument::files);
    let read = read.chain([args.film.as_path()]).chain(args.paint.files.iter().map(|(_, path)| path.as_path()));
    let read: Vec<&Path> = read.collect();
    for output in std::iter::once(&args.output).chain(&args.preview_frame) {
        destination::keep_inputs(output, read.iter().copied())?;
    }
    let output = (!to_stdout).then_some(args.output.as_path());
    let work = output.map_or_else(Work::temporary, |path| Ok(Work::beside(path)))?;
    // A killed run may have written frames that its state does not count.
    let replaces = args.force || args.resume && work.folder().exists();
    if let Some(preview) = &args.preview_frame {
        place::Place::new(preview, replaces)?;
        if output.is_some_and(|output| files::same(output, preview)) {
            return Err(Failure::usage(format!("{}: is the film's own name; name another preview", preview.display())));
        }
    }
    if let (Some(path), Some(_)) = (output, kind) {
        place::Place::new(path, args.force || args.resume && work.is_delivered())?;
    }
    model::isa()?;
    let models = style::models(&arguments, &args.models)?;
    style::check_any(&arguments, &models)?;
    let spool = if from_stdin { Some(spooled()?) } else { None };
    let film = spool.as_ref().map_or(args.film.as_path(), |(_, path)| path.as_path());

    let part = Part { start: args.start.unwrap_or(0.0), end: args.end };
    let wanted = Wanted { part, fps: args.fps };
    let find = || Ok(Tools::find(args.ffmpeg.as_deref())?);
    let source = Source::open(film, wanted, &find)?;
    let needs_tools = source.film().is_some() || matches!(kind, Some(Written::Film(_)));
    let tools = if needs_tools { Some(find()?) } else { None };
    let size = args.size.map_or(source.size(), |size| size.of(source.size()));
    let goal = match (kind, &tools) {
        (None, _) => Goal::pictures(&args.output)?,
        (Some(Written::Film(kind)), Some(tools)) => {
            let encoder = goal::encoder(args, tools, kind, size, (source.alpha(), source.deep()))?;
            Goal::Film { kind, encoder }
        }
        (Some(_), _) => Goal::Gif,
    };
    let own: HashSet<PathBuf> = source.files().iter().map(|path| files::place(path)).collect();
    let frames = (1..=source.frames().unwrap_or(1)).map_while(|number| goal.picture(number));
    for path in frames.filter(|path| path.exists()) {
        if !replaces {
            return Err(Failure::failed(format!("{}: exists already; add --force to replace it", path.display())));
        }
        destination::keep_inputs(&path, read.iter().copied())?;
        if own.contains(&files::place(&path)) {
            return Err(Failure::usage(format!(
                "{}: is a frame of the film itself, which --force does not replace; name another output",
                path.display()
            )));
        }
    }
    tell(&source, &goal, loudness);

    let painting = Painting {
        args,
        loudness,
        models: &models,
        arguments: &arguments,
        changes: &changes,
        source: &source,
        tools: tools.as_ref(),
        size,
        goal: &goal,
        wanted,
        replaces,
    };
    let report = interrupt::while_batch(|| painting.run(&work, output))?;
    if args.json {
        talk::json(&report.json(args))?;
    }
    loudness.announce(&format!(
        "{}: {} frames of {}, {:.1} frames a second",
        args.output.display(),
        report.frames,
        report.size,
        report.painted as f64 / report.seconds.max(1e-9)
    ));
    Ok(())
}

fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn check(args: &Video, from_stdin: bool, to_stdout: bool) -> Result {
    let text = if args.resume && (from_stdin || to_stdout) {
        "there is nothing to resume if a film comes from standard input or goes to standard output; name files"
    } else if to_stdout && args.json {
        "--json and a film (-o -) cannot both go to standard output; name a file for the film"
    } else if to_stdout && std::io::stdout().is_terminal() {
        "a terminal cannot take a film's bytes (-o -); redirect them or name a file"
    } else if args.end.is_some_and(|end| end <= args.start.unwrap_or(0.0)) {
        "--end must be after --start"
    } else if !matches!(Goal::kind(args)?, Some(Written::Film(_))) && (args.codec.is_some() || args.crf.is_some()) {
        "--codec and --crf are for films that ffmpeg encodes; GIF files and frames have no such settings"
    } else if args.preview_frame.as_ref().is_some_and(|path| impasto::picture::Format::from_path(path).is_err()) {
        "--preview-frame needs the name of a picture, for example now.jpg"
    } else {
        return Ok(());
    };
    Err(Failure::usage(text))
}

/// Copies a film from standard input to a file, because decoders must be able to seek.
fn spooled() -> Result<(Work, PathBuf)> {
    let work = Work::temporary()?;
    let path = work.path("film");
    let copy = || std::io::copy(&mut std::io::stdin().lock(), &mut std::fs::File::create(&path)?);
    copy().map_err(|e| Failure::failed(format!("standard input: cannot be kept in a temporary file: {e}")))?;
    Ok((work, path))
}

/// Says what may surprise the user.
fn tell(source: &Source, goal: &Goal, loudness: talk::Loudness) {
    if source.alpha() && !goal.has_alpha() && matches!(goal, Goal::Pictures { .. }) {
        loudness.warn("these pictures have no transparency; the frames are put on white");
    }
    let Some(facts) = source.film() else { return };
    say(&facts.notes(), Some(&facts.path), loudness);
    if facts.sounds() && !matches!(goal, Goal::Film { .. }) {
        loudness.say("the sound is left out: frames and GIF files have none");
    }
}

/// Prints notes, each with the name of the file that it is about.
fn say(notes: &[Note], about: Option<&Path>, loudness: talk::Loudness) {
    let name = about.map_or_else(String::new, |path| format!("{}: ", path.display()));
    for note in notes {
        match note {
            Note::Fact(text) => loudness.say(&format!("{name}{text}")),
            Note::Loss(text) => loudness.warn(&format!("{name}{text}")),
        }
    }
}

/// A film to paint.
struct Painting<'a> {
    args: &'a Video,
    /// The paths of the model; empty for the built-in one.
    models: &'a [PathBuf],
    loudness: talk::Loudness,
    arguments: &'a [StyleArgument],
    changes: &'a look::Changes,
    source: &'a Source,
    tools: Option<&'a Tools>,
    size: Size,
    goal: &'a Goal,
    wanted: Wanted,
    /// Whether painted frames may replace existing pictures.
    replaces: bool,
}

impl Painting<'_> {
    fn run(&self, work: &Work, output: Option<&Path>) -> Result<Report> {
        let start = Instant::now();
        let timing = self.source.timing();
        let done = work.begin(&self.fingerprint()?, self.args.resume, self.args.force)?;
        if self.args.resume && done.state.frame > 0 {
            self.loudness.say(&format!("{} frames are painted already", done.state.frame));
        }
        let each = impasto_film::frames_of_piece(self.size);
        let (earlier, delivered) = (done.state.frame, done.delivered);
        let painted = if done.whole { Ok((done.state.frame, done.shots, 0)) } else { self.paint(work, &timing, done, each) };
        let (frames, shots, at_a_time) = painted.inspect_err(|_| {
            if !work.has_state() {
                // Nothing is left to resume.
                let _ = work.remove();
            }
        })?;
        if interrupt::asked() {
            return Err(self.interrupted(work));
        }
        let strip = self.args.paint.options.strip;
        let record = work.record().filter(|_| !strip);
        let whole = Whole { folder: work.folder(), timing: &timing, frames, each, record, strip };
        let deliver = |film: PathBuf| {
            if output.is_some() {
                work.remember(frames, shots, Far::Joined(&film))?;
            }
            deliver::deliver(&film, output)
        };
        match (self.goal, self.tools) {
            _ if delivered => {}
            (Goal::Film { kind, encoder }, Some(tools)) => {
                let source = self.source.film().map(|facts| (facts, self.wanted.part));
                let (film, notes) = whole.film(tools, (*kind, encoder), source)?;
                say(&notes, None, self.loudness);
                deliver(film)?;
            }
            (Goal::Gif, _) => deliver(deliver::gif(work, &timing, frames, self.size)?)?,
            _ => {}
        }
        let _ = work.remove();
        let seconds = start.elapsed().as_secs_f64();
        Ok(Report { size: self.size, frames, shots, painted: frames - earlier, seconds, at_a_time })
    }

    /// Paints the missing frames. Returns the numbers of frames, of shots, and of frames that were painted at a time.
    fn paint(&self, work: &Work, timing: &Timing, done: Done, each: usize) -> Result<(usize, usize, usize)> {
        let Painting { args, loudness, size, .. } = *self;
        let ceiling = Ceiling::new(args.max_memory, true);
        let cores =
            args.threads.map_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get), usize::from);
        let options = &args.paint.options;
        let builder = Stylizer::builder().threads(cores).isa(model::isa()?).border(options.border).thumbnail(options.thumbnail);
        let mut stylizer = self.models.iter().fold(builder, |builder, path| builder.model(path)).open()?;
        let tools = || Ok(Tools::find(args.ffmpeg.as_deref())?);
        let mut look =
            look::look(args, &stylizer, (self.arguments, self.changes), (self.wanted, timing, self.source.before()), &tools)?;
        work.keep_record(&self.record(&look)?.to_json())?;
        let salvaged = args.salvage.then(|| Arc::new(Mutex::new(None)));
        let alpha = self.alpha();
        let reading = Reading { part: self.wanted.part, alpha, salvaged: salvaged.clone(), fps: args.fps };
        // Written pictures may each have their own depth and alpha.
        let own = matches!(self.goal, Goal::Pictures { .. });
        let frames = self.source.read(self.tools, size, reading.clone(), own)?;
        let frames = look.masked(args, frames, (self.tools, &reading))?;

        // Paint as many frames at a time as memory allows, each on few
        // threads. This is faster than few frames on many threads.
        let bytes = if alpha { 4 } else { 3 } * if self.source.deep() { 2 } else { 1 };
        let mut options = FilmOptions::default().stylize(look.options.clone()).steady(args.steady).at_a_time(cores.min(KEY));
        let needed = |stylizer: &Stylizer, options: &FilmOptions| -> Result<u64> {
            let film = Film::new(stylizer, look.styles.clone(), options.clone())?;
            Ok(film.memory(size, bytes)?.saturating_add(memory_of_program()))
        };
        while options.at_a_time > 1 && ceiling.check(needed(&stylizer, &options)?, "", "").is_err() {
            options.at_a_time /= 2;
        }
        ceiling.check(
            needed(&stylizer, &options)?,
            &format!("painting a film of {size}"),
            "raise --max-memory or make it smaller with --size",
        )?;
        stylizer = stylizer.with_threads((cores / options.at_a_time).max(1))?;

        let pieces = match (self.goal, self.tools) {
            (Goal::Film { encoder, .. }, Some(tools)) => Some(Pieces {
                tools,
                encoder: encoder.clone(),
                size,
                alpha,
                deep: self.source.deep(),
                timing: timing.clone(),
                facts: self.source.film(),
            }),
            _ => None,
        };
        if let Some(folder) =
            self.goal.picture(1).as_deref().and_then(Path::parent).filter(|folder| !folder.as_os_str().is_empty())
        {
            place::make_folder(folder)?;
        }
        let preview = args.preview_frame.as_deref();
        let sink = Sink { work, goal: self.goal, pieces: pieces.as_ref(), replace: self.replaces, preview };
        let film = Film::new(&stylizer, look.styles.clone(), options.clone())?;
        let bar = Pictures::frames(self.source.frames().unwrap_or(0) as u64, done.state.frame as u64, loudness);
        let shots = done.shots;
        let control: (&dyn Control, &dyn Fn()) = (&Unseen, &|| bar.advance());
        let result = impasto_film::work(&film, frames, (done.state, each), control, |told| sink.take(&told, shots));
        let result = result.map(|(frames, shots)| (frames, shots, options.at_a_time));
        drop(bar);
        if let Some(why) = salvaged.and_then(|salvaged| salvaged.lock().unwrap_or_else(PoisonError::into_inner).take()) {
            loudness.warn(&format!(
                "{}: is damaged or cut off ({why}); only the part that can be read is painted",
                args.film.display()
            ));
        }
        result.map_err(|failure| if matches!(failure, Failure::Interrupted) { self.interrupted(work) } else { failure })
    }

    /// Returns whether the written frames have alpha.
    fn alpha(&self) -> bool {
        // What pictures cannot hold, their encoder puts on white.
        let keeps = self.goal.has_alpha() || matches!(self.goal, Goal::Pictures { .. });
        self.source.alpha() && keeps
    }

    fn interrupted(&self, work: &Work) -> Failure {
        if !is_standard(&self.args.output) && work.has_state() {
            talk::line("interrupted; to continue, run the same command with --resume");
            return Failure::Told(crate::failure::INTERRUPTED);
        }
        Failure::Interrupted
    }
}

/// Returns the memory that the program takes besides painting.
fn memory_of_program() -> u64 {
    super::stylize::ceiling::PROGRAM
}

impl Report {
    fn json(&self, args: &Video) -> Value {
        json!({
            "film": args.film.display().to_string(),
            "output": args.output.display().to_string(),
            "width": self.size.width,
            "height": self.size.height,
            "frames": self.frames,
            "shots": self.shots,
            "painted": self.painted,
            "at_a_time": self.at_a_time,
            "seconds": self.seconds,
            "peak_memory": memory::peak(),
        })
    }
}
