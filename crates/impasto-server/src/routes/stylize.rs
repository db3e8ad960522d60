//! Painting at full size.

use std::future::Future;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{FutureExt, Stream, stream};
use tokio::fs::File;
use tokio::io::AsyncReadExt;

use super::in_time;
use crate::jobs::{CancelOnDrop, Job, JobView, Watch};
use crate::painted::{Body, Painted};
use crate::problem::{Problem, Result};
use crate::request::{self, StylizeBody};
use crate::state::State;
use crate::work;

/// Bytes of a file sent at a time.
const PART: usize = 256 << 10;

/// Paints a photo in the style of one or several pictures, or of built-in styles.
///
/// A form has these fields: `content` (a picture) or `content_id`; `style` (a picture), `style_name` and `style_id`,
/// once for each style; `mask` and `mask_0`, `mask_1`, … (where the painting is, and where each style is); `options`
/// (JSON). The answer is the picture, or with `Prefer: respond-async` a job.
#[utoipa::path(post, path = "/v1/stylize", tag = "paintings", request_body = StylizeBody,
    params(("Prefer" = Option<String>, Header, description = "respond-async: answer with a job at once")),
    responses(
        (status = 200, description = "The painting, in the content's format unless options name another", content_type = "image/jpeg", body = Vec<u8>),
        (status = 202, description = "A job that paints it", body = JobView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn stylize(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let later = asks_later(request.headers());
    in_time(&state, async {
        // Take a place before reading the body, so that a request that finds none is refused early.
        let place = state.place()?;
        let wanted = request::wanted(request, &state).await?;
        wanted.check_match()?;
        if !later {
            let watch = Arc::new(Watch::default());
            let _cancel = CancelOnDrop::new(&watch);
            let painted = work::paint(state.clone(), wanted, watch, || {}).await?;
            return Ok(answer(&painted).await);
        }
        let job = Arc::new(Job::default());
        let painting = work::paint(state.clone(), wanted, job.watch.clone(), {
            let job = job.clone();
            move || job.begin()
        });
        accepted(&state, place, job, painting)
    })
    .await
}

/// Keeps a job, starts its work, and answers with the job at once. The work holds its place until it ends. Jobs
/// take turns in the order of their requests.
pub(crate) fn accepted(
    state: &Arc<State>,
    place: impl Send + 'static,
    job: Arc<Job>,
    work: impl Future<Output = Result<Painted>> + Send + 'static,
) -> Result<Response> {
    // Running jobs are kept, and results of ended ones only as long as there is room.
    let full = || Problem::busy("too many jobs are running or waiting; try again later");
    let id = state.jobs.keep_among(job.clone(), None, |old| old.painted().is_some()).ok_or_else(full)?;
    let location = [(header::LOCATION, format!("/v1/jobs/{id}"))];
    let view = job.view(&id);
    // Spawned tasks start in any order. Poll the work here once, so that it joins the
    // queue before this client's next request.
    let mut work = Box::pin(work);
    let at_once = work.as_mut().now_or_never();
    let state = state.clone();
    tokio::spawn(async move {
        job.end(match at_once {
            Some(outcome) => outcome,
            None => kept_until(&state, &id, work).await,
        });
        drop(place);
    });
    Ok((StatusCode::ACCEPTED, location, Json(view)).into_response())
}

/// Does the work of a job, which does not expire meanwhile, no matter how long it takes.
async fn kept_until<T>(state: &State, id: &str, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        let done = tokio::time::timeout(state.options.expire / 4, work.as_mut()).await;
        state.jobs.get(id);
        if let Ok(done) = done {
            return done;
        }
    }
}

/// A painting as a response.
pub(crate) async fn answer(painted: &Painted) -> Response {
    let head = [(header::CONTENT_TYPE, painted.media_type)];
    match &painted.body {
        Body::Memory(bytes) => (head, bytes.clone()).into_response(),
        Body::File { path, bytes, .. } => match File::open(path).await {
            Ok(file) => (head, [(header::CONTENT_LENGTH, *bytes)], axum::body::Body::from_stream(parts(file))).into_response(),
            Err(_) => Problem::not_found("result").into_response(),
        },
    }
}

/// The bytes of a file, in parts.
fn parts(file: File) -> impl Stream<Item = std::io::Result<Vec<u8>>> {
    stream::try_unfold(file, |mut file| async move {
        let mut part = vec![0; PART];
        let read = file.read(&mut part).await?;
        part.truncate(read);
        Ok((read > 0).then_some((part, file)))
    })
}

fn asks_later(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
}
