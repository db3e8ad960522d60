//! `impasto serve`: the HTTP server until Ctrl-C.

use std::time::Duration;

use impasto_server::{Server, ServerOptions};

use crate::cli::Serve;
use crate::failure::{Failure, Result};
use crate::{interrupt, memory, model, references, talk};

/// Threads that talk to clients; painting has its own.
const TALKERS: usize = 2;
/// How often Ctrl-C is looked for.
const MOMENT: Duration = Duration::from_millis(50);

/// What of `--drain` is left for cancelling what is still painted, and for ending.
const END: Duration = Duration::from_millis(300);

pub(crate) fn run(args: &Serve) -> Result {
    // From here on Ctrl-C is how the server ends, with nothing wrong about it: also before it is asked for anything.
    interrupt::while_batch(|| serve(args))
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
    options.max_memory = args.max_memory.or_else(memory::quarter).unwrap_or(options.max_memory);
    options.timeout = Duration::from_secs(args.timeout.into());
    options.grace = Duration::from_secs(args.drain.into()).saturating_sub(END);
    options.expire = Duration::from_secs(args.expire.into());
    options.model = references::of_model(&model::paths(&args.models)?)?;
    let stylizer = model::stylizer(&args.models, args.threads)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(TALKERS)
        .enable_all()
        .build()
        .map_err(|e| Failure::failed(format!("cannot start the server's threads: {e}")))?;
    let server = runtime.block_on(Server::bind(stylizer, options))?;
    let address = format!("http://{}/", server.address());
    talk::data(format!("{address}\n").as_bytes())?;
    let loudness = args.loudness.loudness();
    loudness.say("serving; Ctrl-C ends it");
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
