//! Connections: few enough, none that does not move, and none cut off without need.

use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

use crate::state::State;

/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(10);
/// How long is waited after connections could not be taken: there are too many files open.
const PAUSE: Duration = Duration::from_millis(100);
/// How often what has expired is looked for.
const SWEEP: Range<Duration> = Duration::from_millis(50)..Duration::from_secs(30);

/// Serves until `stop` is done.
pub(crate) async fn serve(listener: TcpListener, router: Router, state: &Arc<State>, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(state.options.connections));
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
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            next = next => next,
            () = &mut stop => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_read_timeout(Some(state.options.timeout));
        stream.set_write_timeout(Some(state.options.timeout));
        let service = TowerToHyperService::new(router.clone());
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(64 * 1024)
            .serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // Errors are the client's: it is gone, or talks something else.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    sweeper.abort();
    if tokio::time::timeout(state.options.grace, graceful.shutdown()).await.is_err() {
        // What is still painted is cancelled as its connection is dropped with the runtime; jobs have no connection.
        for (_, job) in state.jobs.all() {
            job.watch.cancel();
        }
    }
}
