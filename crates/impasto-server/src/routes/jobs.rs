//! Jobs: paintings that no client waits for.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;

use super::Id;
use super::stylize::answer;
use crate::jobs::{Job, JobView, Status};
use crate::problem::{Problem, Result};
use crate::state::State;

/// How often progress events are sent.
const TICK: Duration = Duration::from_millis(200);

fn job(state: &State, id: &str) -> Result<Arc<Job>> {
    state.jobs.get(id).ok_or_else(|| Problem::not_found("job"))
}

/// Describes a job and its progress.
#[utoipa::path(get, path = "/v1/jobs/{id}", tag = "jobs", params(("id" = String, Path, description = "A job's id")),
    responses(
        (status = 200, body = JobView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn about(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Json<JobView>> {
    Ok(Json(job(&state, &id)?.view(&id)))
}

/// Streams a job's progress as server-sent events: `progress` from time to time, and finally `done`,
/// `failed` or `cancelled`. The data is the job.
#[utoipa::path(get, path = "/v1/jobs/{id}/events", tag = "jobs", params(("id" = String, Path, description = "A job's id")),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream", body = String),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn events(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    let job = job(&state, &id)?;
    let changes = job.changes();
    let events = stream::unfold((job, changes, id, false), move |(job, mut changes, id, ended)| {
        let state = state.clone();
        async move {
            if ended {
                return None;
            }
            // A job does not expire while somebody listens.
            state.jobs.get(&id);
            // Send the first event at once.
            let view = job.view(&id);
            let status = view.status;
            let event = Event::default().event(status.name()).json_data(view).unwrap_or_default();
            if !status.is_final() {
                changes.mark_unchanged();
                // Wait for a change or the next tick. If the job has changed since the view was made, do not wait.
                if *changes.borrow() == status {
                    let _ = tokio::time::timeout(TICK, changes.changed()).await;
                }
            }
            Some((Ok::<_, Infallible>(event), (job, changes, id, status.is_final())))
        }
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response())
}

/// Returns the picture or film that a job has painted.
#[utoipa::path(get, path = "/v1/jobs/{id}/result", tag = "jobs", params(("id" = String, Path, description = "A job's id")),
    responses(
        (status = 200, description = "The painting", content((Vec<u8> = "image/jpeg"), (Vec<u8> = "video/mp4"))),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn result(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Response> {
    match job(&state, &id)?.painted() {
        Some(Ok(painted)) => Ok(answer(&painted).await),
        Some(Err(problem)) => Err(problem),
        None => {
            let problem = Problem::new(StatusCode::CONFLICT, "the picture is still being painted");
            Err(problem.with(header::RETRY_AFTER, HeaderValue::from_static("1")))
        }
    }
}

/// Cancels a job, or deletes one that has ended.
#[utoipa::path(delete, path = "/v1/jobs/{id}", tag = "jobs", params(("id" = String, Path, description = "A job's id")),
    responses(
        (status = 204, description = "It is cancelled, or removed if it was done"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn cancel(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<StatusCode> {
    let job = job(&state, &id)?;
    let status: Status = job.view(&id).status;
    if status.is_final() {
        state.jobs.remove(&id);
    }
    job.watch.cancel();
    Ok(StatusCode::NO_CONTENT)
}
