//! `impasto serve`: runs the HTTP server until Ctrl-C.

use std::path::{Path, PathBuf};
use std::time::Duration;

use impasto::{Model, Stylizer};

use impasto_film::Tools;
use impasto_models::Models;
use impasto_server::{Ffmpeg, Served, Server, ServerOptions};

use crate::cli::Serve;
use crate::failure::{Failure, Result};
use crate::{fetching, interrupt, memory, model, references, talk};

/// The name of the built-in model for requests and `--also`.
const BUILT_IN: &str = "built-in";

/// Threads that talk to clients. Painting has threads of its own.
const TALKERS: usize = 2;
/// How often to check for Ctrl-C.
const MOMENT: Duration = Duration::from_millis(50);

/// The part of `--drain` that is reserved for canceling paintings and shutting down.
const END: Duration = Duration::from_millis(300);

pub(crate) fn run(args: &Serve) -> Result {
    // From here on, Ctrl-C is the normal way to end the server, even before the first request.
    interrupt::while_batch(|| serve(args))
}

/// Opens the models to serve. The first is that of `--model`, which paints if a request names none.
fn models(args: &Serve) -> Result<Vec<Served>> {
    let first = if args.models.is_empty() { Models::default_words() } else { args.models.clone() };
    let hint = |failure| match failure {
        // These may be two models that paint.
        Failure::Failed(why) if first.len() > 1 => {
            Failure::failed(format!("{why}. To serve several models, give one with --model and the others with --also"))
        }
        other => other,
    };
    let mut served = vec![open(&first, args).map_err(hint)?];
    for word in &args.also {
        served.push(open(std::slice::from_ref(word), args)?);
    }
    Ok(served)
}

/// Opens the model that these words mean; the built-in one if there are none.
fn open(words: &[PathBuf], args: &Serve) -> Result<Served> {
    let paths = if is_built_in(words) { Vec::new() } else { model::paths(words)? };
    let builder = Stylizer::builder().threads(args.threads.unwrap_or(0)).isa(model::isa()?);
    let stylizer = paths.iter().fold(builder, |builder, path| builder.model(path)).open()?;
    let name = match words.first() {
        Some(word) if !paths.is_empty() => name_of(word),
        _ => BUILT_IN.to_owned(),
    };
    Ok(Served::new(name, stylizer)?.files(references::of_model(&paths)?))
}

fn is_built_in(words: &[PathBuf]) -> bool {
    Model::HAS_EMBEDDED && matches!(words, [word] if word.as_os_str() == BUILT_IN && !word.exists())
}

/// Returns the name of a model for requests: its name in the registry or cache, else that of its file or folder.
fn name_of(word: &Path) -> String {
    let published = || fetching::models().ok()?.name(word);
    let own = || {
        let stem = if word.is_dir() { word.file_name() } else { word.file_stem() };
        stem.map_or_else(|| "model".to_owned(), |stem| stem.to_string_lossy().into_owned())
    };
    published().unwrap_or_else(own)
}

fn serve(args: &Serve) -> Result {
    let mut options = ServerOptions::default();
    options.address = (args.bind, args.port).into();
    options.token = args.token.clone().filter(|token| !token.is_empty());
    options.cors = args.cors.clone();
    options.jobs = args.jobs;
    options.queue = args.queue.into();
    options.max_body = usize::try_from(args.max_body).unwrap_or(usize::MAX);
    options.max_pixels = args.max_pixels;
    options.ffmpeg = match &args.ffmpeg {
        Some(given) => Ffmpeg::Given(Tools::find(Some(given))?),
        None => Ffmpeg::Searched,
    };
    options.max_film = args.max_film;
    options.max_film_frames = usize::try_from(args.max_film_frames).unwrap_or(usize::MAX);
    options.max_memory = args.max_memory.or_else(memory::quarter).unwrap_or(options.max_memory);
    options.timeout = Duration::from_secs(args.timeout.into());
    options.grace = Duration::from_secs(args.drain.into()).saturating_sub(END);
    options.expire = Duration::from_secs(args.expire.into());
    let models = models(args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(TALKERS)
        .enable_all()
        .build()
        .map_err(|e| Failure::failed(format!("cannot start the server's threads: {e}")))?;
    let server = runtime.block_on(Server::bind(models, options))?;
    let address = format!("http://{}/", server.address());
    talk::data(format!("{address}\n").as_bytes())?;
    let loudness = args.loudness.loudness();
    loudness.say("serving; press Ctrl-C to stop");
    if args.open
        && let Err(e) = open::that_detached(&address)
    {
        loudness.warn(&format!("cannot open a browser ({e}); go to {address}"));
    }
    let stop = async {
        while !interrupt::asked() {
            tokio::time::sleep(MOMENT).await;
        }
    };
    let served = runtime.block_on(server.serve(stop));
    runtime.shutdown_timeout(END / 2);
    Ok(served?)
}
