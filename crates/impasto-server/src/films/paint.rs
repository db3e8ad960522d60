//! Paints a film from file to file.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Duration;

use axum::http::StatusCode;
use impasto::Size;
use impasto::request::Reference;
use impasto::video::{Film, FilmOptions, KEY, State as Position};
use impasto::{Control, Error, ErrorKind};
use impasto_film::{
    Encoder, Facts, Frames, Message, Note, Pieces, Reading, Record, Reel, Tools, Whole, frames_of_piece, name_of_piece,
};

use super::Settings;
use crate::cinema::no_room;
use crate::jobs::Watch;
use crate::painted::Painted;
use crate::problem::{Problem, Result};
use crate::request::Wanted;
use crate::spool::Upload;
use crate::state::State;
use crate::work::{look_of_film, request_of};

/// Most time without a new painted frame: far longer than a batch of frames painted side by side takes.
const STALLED: Duration = Duration::from_secs(30 * 60);

/// A film that has been probed and can be painted, as far as can be known before.
pub(crate) struct Ready {
    wanted: Wanted<Upload>,
    settings: Settings,
    facts: Facts,
    size: Size,
    encoder: Encoder,
}

impl Ready {
    /// Probes a film and checks it against the server's limits. Notes what users should know about it.
    pub(crate) fn new(state: &State, wanted: Wanted<Upload>, settings: Settings, watch: &Watch) -> Result<Self> {
        let tools = state.films.tools()?.on(&watch.leash);
        let path = wanted.content.path();
        let facts = impasto_film::probe(&tools, &path, settings.part, settings.fps);
        let facts = facts.map_err(|e| problem(e, &path))?;
        let size = settings.size.map_or(facts.size, |size| size.of(facts.size));
        let most = &state.options;
        let too_large = |text: String| Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text));
        for size in [facts.size, size] {
            if size.pixels() > most.max_pixels {
                return too_large(format!("film: frames of {size} have more than {} pixels; make it smaller", most.max_pixels));
            }
        }
        if let Some(frames) = facts.frames.filter(|&frames| frames > most.max_film_frames) {
            return too_large(format!("film: has {frames} frames, {}", too_long(most.max_film_frames)));
        }
        let chosen = Encoder::choose(&tools, settings.kind, (settings.codec, settings.crf), size, (facts.alpha, facts.deep));
        let (encoder, notes) = chosen.map_err(|e| match e.kind() {
            ErrorKind::InvalidArgument => Problem::bad(e.to_string()),
            ErrorKind::Unsupported => {
                let text = format!("{e}; choose another codec or format, or install a full ffmpeg on the server");
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text)
            }
            _ => problem(e, &path),
        })?;
        watch.note(&facts.notes(), "the film ");
        watch.note(&notes, "");
        watch.frames(0, facts.frames);
        Ok(Ready { wanted, settings, facts, size, encoder })
    }
}

/// What to do about a film with too many frames.
fn too_long(most: usize) -> String {
    format!("and this server paints at most {most}; paint a part of it with start and end")
}

/// Waits for a turn, then paints in a separate thread. Calls `begin` when the turn comes.
pub(crate) async fn paint(state: Arc<State>, ready: Ready, watch: Arc<Watch>, begin: impl FnOnce()) -> Result<Painted> {
    let permit = tokio::select! {
        permit = state.films.painting.clone().acquire_owned() => permit.map_err(|_| Problem::internal())?,
        () = watch.until_cancelled() => return Err(Problem::cancelled()),
    };
    begin();
    let work = {
        let watch = watch.clone();
        move || {
            let done = whole(&state, &ready, &watch);
            drop((ready, permit));
            done.inspect(|_| state.metrics.painted())
        }
    };
    let mut work = tokio::task::spawn_blocking(work);
    let mut painted = 0;
    loop {
        if let Ok(done) = tokio::time::timeout(STALLED, &mut work).await {
            return done.unwrap_or_else(|_| Err(Problem::internal()));
        }
        // If ffmpeg never stops decoding a film, all others would have to wait.
        if watch.painted() == painted {
            watch.leash.pull();
        }
        painted = watch.painted();
    }
}

/// Paints one film from file to file.
fn whole(state: &State, ready: &Ready, watch: &Watch) -> Result<Painted> {
    let Ready { wanted, settings, facts, size, encoder } = ready;
    let tools = state.films.tools()?.on(&watch.leash);
    let (path, folder) = (wanted.content.path(), wanted.content.folder());
    let named = |e: Error| problem(e, &path);
    // Room for the pieces and for the film joined from them.
    let room = state.disk(state.options.max_film.saturating_mul(2))?;
    let (styles, look) = look_of_film(wanted, &state.limits(), watch)?;
    let alpha = facts.alpha && encoder.alpha;

    let stylizer = wanted.model.stylizer();
    let bytes = if alpha { 4 } else { 3 } * if facts.deep { 2 } else { 1 };
    let options = FilmOptions::default().stylize(look).steady(settings.steady);
    let film = |at_a_time: usize| Film::new(stylizer, styles.clone(), options.clone().at_a_time(at_a_time));
    let needed = |film: &Film<'_>| film.memory(*size, bytes);
    let mut at_a_time = stylizer.engine().threads().clamp(1, KEY);
    // Leave half the memory to other requests and to what is kept.
    while at_a_time > 1 && needed(&film(at_a_time)?)? > state.budget.limit() / 2 {
        at_a_time /= 2;
    }
    let film = film(at_a_time)?;
    let _memory = state.memory(needed(&film)?)?;

    let reading = Reading { part: settings.part, alpha, salvaged: None, fps: settings.fps };
    let frames = impasto_film::frames(&tools, facts, *size, reading).map_err(named)?;
    let frames = counted(frames, state.options.max_film_frames);
    let each = frames_of_piece(*size);
    let pieces = Pieces {
        tools: &tools,
        encoder: encoder.clone(),
        size: *size,
        alpha,
        deep: facts.deep,
        timing: facts.timing.clone(),
        facts: Some(facts),
    };
    let painted = std::sync::atomic::AtomicUsize::new(0);
    let advance = || {
        let painted = 1 + painted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        watch.frames(painted, facts.frames);
    };
    let control: (&dyn Control, &dyn Fn()) = (watch, &advance);
    let write = |told: Receiver<Message>| write(&told, (&pieces, folder), each, state.options.max_film);
    let (frames, ()) = impasto_film::work(&film, frames, (Position::default(), each), control, write).map_err(named)?;
    let joined = join(&tools, ready, frames, each).map_err(named)?;
    watch.note(&joined.1, "");
    check_size(joined.0.metadata().map_or(0, |data| data.len()), state.options.max_film).map_err(named)?;

    let kept = state.films.folder()?;
    let result = kept.path().join("result");
    std::fs::rename(&joined.0, &result).map_err(|e| no_room(&e))?;
    drop(room);
    let bytes = result.metadata().map_err(Error::from)?.len();
    Ok(Painted::file(state.disk(bytes)?, (kept, result, bytes), settings.kind.media_type()))
}

/// Adds an error after `most` frames, because not all films announce how many they have.
fn counted(frames: Frames, most: usize) -> Frames {
    Box::new(frames.enumerate().map(move |(i, frame)| match i < most {
        true => frame,
        false => Err(Error::new(ErrorKind::TooLarge, format!("has more than {most} frames, {}", too_long(most)))),
    }))
}

/// Receives painted frames and writes the pieces of the film.
fn write(told: &Receiver<Message>, (pieces, folder): (&Pieces<'_>, &Path), each: usize, most: u64) -> impasto::Result<()> {
    let mut reel = Reel::new(pieces, folder);
    let (mut bytes, mut sealed) = (0, 0);
    for message in told {
        let end = match message {
            Message::Frame(painted) => {
                reel.add(&painted)?;
                continue;
            }
            Message::Seal(state) => state.frame,
            Message::End(frames) => frames,
        };
        reel.seal()?;
        for first in (sealed..end).step_by(each) {
            let piece = folder.join(name_of_piece(first, pieces.encoder.piece()));
            bytes += piece.metadata().map_or(0, |data| data.len());
        }
        sealed = end;
        check_size(bytes, most)?;
    }
    Ok(())
}

fn check_size(bytes: u64, most: u64) -> impasto::Result<()> {
    if bytes <= most {
        return Ok(());
    }
    let text =
        format!("becomes larger than {most} bytes; paint it smaller (size), shorter (start, end) or coarser (a higher crf)");
    Err(Error::new(ErrorKind::TooLarge, text))
}

fn join(tools: &Tools, ready: &Ready, frames: usize, each: usize) -> impasto::Result<(std::path::PathBuf, Vec<Note>)> {
    let Ready { wanted, settings, facts, encoder, .. } = ready;
    let (folder, record) = (wanted.content.folder(), record(ready)?);
    let whole = Whole { folder, timing: &facts.timing, frames, each, record, strip: wanted.options.strip };
    whole.film(tools, (settings.kind, encoder), Some((facts, settings.part)))
}

/// The record of how the film was painted, as JSON.
fn record(ready: &Ready) -> impasto::Result<Option<String>> {
    let Ready { wanted, settings, size, .. } = ready;
    let content = Reference::of_file(&wanted.content.path())?;
    let record = |request| Record {
        request,
        steady: settings.steady,
        size: *size,
        style_at: Vec::new(),
        part: settings.part,
        fps: settings.fps,
    };
    let executor = wanted.model.stylizer().engine().executor();
    let request = request_of(wanted, wanted.options.clone(), &executor, || content);
    Ok(request.map(|request| record(request).to_json()))
}

/// Reports an error about the film at this path. Removes file names, which ffmpeg's
/// messages contain and clients should not see.
fn problem(error: Error, path: &Path) -> Problem {
    let name = path.display().to_string();
    let mut text = error.to_string();
    for name in [format!("file:{name}"), name] {
        text = text.replace(&name, "film");
    }
    if let Some(folder) = path.parent() {
        text = text.replace(&format!("{}/", folder.display()), "");
    }
    match error.kind() {
        ErrorKind::Io => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, format!("film: {text}")),
        kind => Error::new(kind, format!("film: {text}")).into(),
    }
}
