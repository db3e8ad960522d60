//! Painting by optimization.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::response::Response;

use super::in_time;
use super::stylize::accepted;
use crate::jobs::{Job, JobView};
use crate::optimize as work;
use crate::problem::Problem;
use crate::request::{self, StylizeBody};
use crate::state::State;

/// Paints a photo by optimization (Gatys et al. 2015): slowly, with more of the style's
/// strokes and textures. The answer is a job.
///
/// The body is that of `/v1/stylize`, as a form or JSON. These options count: `size` (512 if not given),
/// `colors` (all but `content`), `feather`, `weights`, and those of the result's file, such as `format`,
/// `quality` and `strip`. Options that only the fast method has are refused, and so is a mask of the
/// painting. Built-in styles are drawn for it.
#[utoipa::path(post, path = "/v1/optimize", tag = "paintings", request_body = StylizeBody,
    params(
        ("steps" = Option<usize>, Query, description = "Steps at each scale; default: 150", minimum = 1, maximum = 500),
        ("style_weight" = Option<f64>, Query, description = "Weight of the style; default: 6", minimum = 0, maximum = 1_000_000),
    ),
    responses(
        (status = 202, description = "A job that paints it", body = JobView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn optimize(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    in_time(&state, async {
        // Take a place before reading the body, so that a request that finds none is refused early.
        let full = |_| Problem::busy("too many optimizations are waiting; try again later");
        let place = state.optimizations.clone().try_acquire_owned().map_err(full)?;
        let settings = work::Settings::of_query(request.uri().query().unwrap_or_default())?;
        let wanted = request::wanted(request, &state).await?;
        work::check(&wanted)?;
        let job = Arc::new(Job::default());
        let painting = work::paint(state.clone(), wanted, settings, job.watch.clone(), {
            let job = job.clone();
            move || job.begin()
        });
        accepted(&state, place, job, painting)
    })
    .await
}
