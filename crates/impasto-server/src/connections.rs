//! Connections: few enough, none that does not move, and none cut off without need.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

use crate::routes;
use crate::state::State;

/// Connections beyond the others that are answered in a word while all those are taken: whoever watches the server learns that it is up.
const SPARE: usize = 16;
/// How long such a connection may take for a request's head.
const SPARE_TIME: Duration = Duration::from_secs(1);
/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);
/// How much longer than a request may take its client may be silent. A request that takes too long is answered; if the connection's own time ended
/// in the same moment, it would be closed without an answer.
const LATER: Duration = Duration::from_secs(5);
/// How long is waited after connections could not be taken: there are too many files open.
const PAUSE: Duration = Duration::from_millis(100);
/// How often what has expired is looked for.
const SWEEP: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(30);

/// Serves until `stop` is done.
pub(crate) async fn serve(listener: TcpListener, state: &Arc<State>, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(state.options.connections));
    let spare = Arc::new(Semaphore::new(SPARE));
    let (router, overloaded) = (routes::router(state), routes::overloaded());
    let graceful = GracefulShutdown::new();
    let sweeper = tokio::spawn({
        let state = state.clone();
        async move {
            // What nobody asks for any more is forgotten all the same.
            let pause = (state.options.expire / 4).clamp(SWEEP.start, SWEEP.end);
            loop {
                tokio::time::sleep(pause).await;
                state.sweep();
            }
        }
    });
    let mut stop = std::pin::pin!(stop);
    loop {
        let next = async {
            let accepted = listener.accept().await;
            // Where neither has a place, one of the spare ones is free again in a moment.
            let (place, is_spare) = tokio::select! {
                biased;
                place = places.clone().acquire_owned() => (place, false),
                place = spare.clone().acquire_owned() => (place, true),
            };
            (accepted, place, is_spare)
        };
        let (accepted, place, is_spare) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(state.options.timeout + LATER));
        stream.set_write_timeout(Some(state.options.timeout));
        let service = TowerToHyperService::new(if is_spare { overloaded.clone() } else { router.clone() });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(if is_spare { SPARE_TIME } else { HEAD })
            .keep_alive(!is_spare)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = graceful.watch(connection);
        let most = if is_spare { 2 * SPARE_TIME } else { Duration::MAX };
        tokio::spawn(async move {
            // Errors are the client's: it is gone, or talks something else.
            let _ = tokio::time::timeout(most, connection).await;
            drop(place);
        });
    }
    drop(listener);
    sweeper.abort();
    // What is still painted then is cancelled as its connection is dropped with the runtime.
    let _ = tokio::time::timeout(state.options.grace, graceful.shutdown()).await;
    // Jobs have no connection; films have files and programs besides.
    for (_, job) in state.jobs.all() {
        job.watch.cancel();
    }
    state.films.close();
}
