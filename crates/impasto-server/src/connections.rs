//! Connections: their number is limited, idle ones are closed, and shutting down lets running requests finish.

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

/// Extra connections for when all others are taken. They get a short answer, so
/// that monitors see that the server is up.
const SPARE: usize = 16;
/// Most time for the head of a request on an extra connection.
const SPARE_TIME: Duration = Duration::from_secs(1);
/// Most time for the head of a request.
const HEAD: Duration = Duration::from_secs(10);
/// Pause after a connection could not be accepted, which happens if too many files are open.
const PAUSE: Duration = Duration::from_millis(100);
/// Bounds of the interval at which expired entries are removed.
const SWEEP: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(30);

/// Serves until `stop` completes.
pub(crate) async fn serve(listener: TcpListener, state: &Arc<State>, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(state.options.connections));
    let spare = Arc::new(Semaphore::new(SPARE));
    let (router, overloaded) = (routes::router(state), routes::overloaded());
    let graceful = GracefulShutdown::new();
    let sweeper = tokio::spawn({
        let state = state.clone();
        async move {
            // Entries expire even if nobody asks for them again.
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
            // If all places are taken, an extra one is free again in a moment.
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
        // A client that only listens, to a job's events or to a long download, sends nothing for as long as it likes.
        // Heads and bodies have limits of their own.
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
            // Errors are the client's: it has disconnected, or does not speak HTTP.
            let _ = tokio::time::timeout(most, connection).await;
            drop(place);
        });
    }
    drop(listener);
    sweeper.abort();
    // Paintings that are still running after that are cancelled when the runtime drops their connections.
    let _ = tokio::time::timeout(state.options.grace, graceful.shutdown()).await;
    // Jobs have no connection that would cancel them, and films also leave files and processes.
    for (_, job) in state.jobs.all() {
        job.watch.cancel();
    }
    state.films.close();
}
