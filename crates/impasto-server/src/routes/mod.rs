//! The routes, with a file for each part of the API.

pub(crate) mod contents;
pub(crate) mod films;
pub(crate) mod info;
pub(crate) mod jobs;
pub(crate) mod openapi;
pub(crate) mod optimize;
pub(crate) mod previews;
pub(crate) mod styles;
pub(crate) mod stylize;

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, MatchedPath, Path, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::problem::{Problem, Result};
use crate::state::State;
use crate::{body, security};

pub(crate) fn router(state: &Arc<State>) -> Router {
    let (guarding, counting, placing, lingering) = (state.clone(), state.clone(), state.clone(), state.clone());
    Router::new()
        .route("/", get(info::page))
        .route("/assets/{version}/{name}", get(info::asset))
        .route("/demo.jpg", get(info::demo))
        .route("/healthz", get(info::health))
        .route("/metrics", get(info::metrics))
        .route("/openapi.json", get(openapi::openapi))
        .route("/v1/info", get(info::info))
        .route("/v1/models", get(info::models))
        .route("/v1/styles", get(styles::list).post(styles::upload))
        .route("/v1/styles/{id}", get(styles::file).delete(styles::forget))
        .route("/v1/contents", post(contents::upload))
        .route("/v1/contents/{id}", get(contents::about).delete(contents::forget))
        .route("/v1/previews", post(previews::small))
        .route("/v1/stylize", post(stylize::stylize))
        .route("/v1/optimize", post(optimize::optimize))
        .route("/v1/films", post(films::paint))
        .route("/v1/jobs/{id}", get(jobs::about).delete(jobs::cancel))
        .route("/v1/jobs/{id}/events", get(jobs::events))
        .route("/v1/jobs/{id}/result", get(jobs::result))
        .fallback(|| async { Problem::new(StatusCode::NOT_FOUND, "there is no such endpoint; /openapi.json lists all") })
        .method_not_allowed_fallback(|| async {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "this endpoint does not take this method; /openapi.json lists those it takes",
            )
        })
        // The server has a limit of its own, whose errors are problem documents.
        .layer(DefaultBodyLimit::disable())
        .route_layer(middleware::from_fn(move |request: Request, next: Next| count(counting.clone(), request, next)))
        .layer(middleware::from_fn(move |request: Request, next: Next| body::place(placing.clone(), request, next)))
        .layer(middleware::from_fn(move |request: Request, next: Next| security::guard(guarding.clone(), request, next)))
        .layer(middleware::from_fn(move |request: Request, next: Next| body::linger(lingering.clone(), request, next)))
        .with_state(state.clone())
}

/// The routes that answer while all connections are taken: only whether the server is up.
pub(crate) fn overloaded() -> Router {
    let busy = || async { Problem::too_many_connections() };
    Router::new().route("/healthz", get(info::health)).fallback(busy)
}

/// Counts requests and their time by route.
async fn count(state: Arc<State>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str).to_owned();
    let start = Instant::now();
    let response = next.run(request).await;
    state.metrics.request(&route, response.status().as_u16(), start.elapsed());
    response
}

/// A name in the path.
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self> {
        let name = Path::<String>::from_request_parts(parts, state).await;
        name.map(|Path(name)| Id(name)).map_err(|_| Problem::bad("the name in the path is not text"))
    }
}

/// Answers with a problem if the work exceeds the server's timeout.
async fn in_time<T: IntoResponse>(state: &State, work: impl Future<Output = Result<T>>) -> Response {
    match tokio::time::timeout(state.options.timeout, work).await {
        Ok(Ok(done)) => done.into_response(),
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => Problem::too_slow().into_response(),
    }
}
