//! Paintings at full size.

use std::future::Future;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;

use super::in_time;
use crate::jobs::{CancelOnDrop, Job, JobView, Watch};
use crate::problem::{Problem, Result};
use crate::request::{self, StylizeBody};
use crate::state::State;
use crate::work::{self, Painted};

/// Paints a photograph in the style of one or several pictures, or of built-in styles.
///
/// A form has the fields `content` (a picture) or `content_id`; `style` (a picture), `style_name` and `style_id`, each as often as there are styles; `mask` and
/// `mask_0`, `mask_1`, … (where the painting is, and where each style is); `options` (JSON). The answer is the picture; with `Prefer: respond-async` a job.
#[utoipa::path(post, path = "/v1/stylize", tag = "paintings", request_body = StylizeBody,
    params(("Prefer" = Option<String>, Header, description = "respond-async: answer with a job at once")),
    responses(
        (status = 200, description = "The painting, in the content's format if options have none", content_type = "image/jpeg", body = Vec<u8>),
        (status = 202, description = "A job that paints it", body = JobView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn stylize(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let later = asks_later(request.headers());
    in_time(&state, async {
        // Before the body is read: where there is no place it is not worth the reading.
        let place = state.place()?;
        let wanted = request::wanted(request, &state).await?;
        if !later {
            let watch = Arc::new(Watch::default());
            let _cancel = CancelOnDrop(watch.clone());
            let painted = work::paint(state.clone(), wanted, watch, || {}).await?;
            return Ok(answer(&painted));
        }
        let job = Arc::new(Job::default());
        let painting = work::paint(state.clone(), wanted, job.watch.clone(), {
            let job = job.clone();
            move || job.begin()
        });
        Ok(accepted(&state, place, job, painting))
    })
    .await
}

/// Keeps a job that this work ends, and answers with it at once. The work has its place until it ends. Jobs take their turns in the order of their requests.
pub(crate) fn accepted(
    state: &State,
    place: impl Send + 'static,
    job: Arc<Job>,
    work: impl Future<Output = Result<Painted>> + Send + 'static,
) -> Response {
    let id = state.jobs.keep(job.clone(), None);
    let location = [(header::LOCATION, format!("/v1/jobs/{id}"))];
    let view = job.view(&id);
    // Tasks begin in any order. So it joins the queue here, before the next request of this client can come.
    let mut work = Box::pin(work);
    let at_once = work.as_mut().now_or_never();
    tokio::spawn(async move {
        job.end(match at_once {
            Some(outcome) => outcome,
            None => work.await,
        });
        drop(place);
    });
    (StatusCode::ACCEPTED, location, Json(view)).into_response()
}

/// A painting as a response.
pub(crate) fn answer(painted: &Painted) -> Response {
    ([(header::CONTENT_TYPE, painted.format.media_type())], painted.bytes.clone()).into_response()
}

fn asks_later(headers: &HeaderMap) -> bool {
    let preferences = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    preferences.flat_map(|value| value.split(',')).any(|one| one.trim().eq_ignore_ascii_case("respond-async"))
}
