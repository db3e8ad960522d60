//! Films.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::response::{IntoResponse, Response};

use super::stylize::accepted;
use crate::films::{self, Ready, Settings};
use crate::jobs::{CancelOnDrop, Job, JobView};
use crate::problem::{Problem, Result};
use crate::request::FilmBody;
use crate::state::State;
use crate::work;

/// Paints a film with its sound, as `impasto video` does. The answer is a job
/// that counts frames. Its result is the film.
///
/// A form has the field `film`, whose size has its own limit (`max_film_bytes` of `/v1/info`), and the fields of
/// `/v1/stylize` except `content`. A mask applies to all frames. Options that films do not take are refused. Films are
/// painted one at a time, in the order of their requests. Playlists and other files that name files are refused. Films
/// need ffmpeg: `/v1/info` says whether this server has it.
#[utoipa::path(post, path = "/v1/films", tag = "paintings", request_body = FilmBody,
    params(
        ("steady" = Option<f32>, Query, description = "How much of the last frame is kept where the next one shows the same; default: 0.8", minimum = 0, maximum = 1),
        ("start" = Option<String>, Query, description = "Where to begin: seconds, or [hours:]minutes:seconds"),
        ("end" = Option<String>, Query, description = "Where to end"),
        ("fps" = Option<String>, Query, description = "Frames a second, as 25, 23.976 or 30000/1001; default: the film's own"),
        ("size" = Option<String>, Query, description = "Of the result: pixels of the longer side, or WIDTHxHEIGHT; default: the film's own"),
        ("format" = Option<String>, Query, description = "mp4 (the default), webm, mov or mkv"),
        ("codec" = Option<String>, Query, description = "h264, h265, av1, vp9 or prores; default: the format's"),
        ("crf" = Option<u8>, Query, description = "Quality of the encoder: lower is better and larger; default: the codec's", maximum = 63),
    ),
    responses(
        (status = 202, description = "A job that paints it", body = JobView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn paint(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let time = films::upload_time(&state.options);
    match tokio::time::timeout(time, begun(&state, request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => Problem::too_slow().into_response(),
    }
}

async fn begun(state: &Arc<State>, request: Request) -> Result<Response> {
    // Check this before reading the body, so that a film that cannot be painted is refused early.
    films::search(state).await?;
    let full = |_| Problem::busy("too many films are waiting; try again later");
    let place = state.films.places.clone().try_acquire_owned().map_err(full)?;
    let settings = Settings::of_query(request.uri())?;
    let wanted = films::read(request, state).await?;
    let job = Arc::new(Job::default());
    let ready = {
        // If the request ends, so does probing.
        let gone = CancelOnDrop::new(&job.watch);
        let watch = job.watch.clone();
        let ready = work::quick(state, move |state| Ready::new(state, wanted, settings, &watch));
        let ready = tokio::time::timeout(state.options.timeout, ready).await.map_err(|_| Problem::too_slow())??;
        gone.release();
        ready
    };
    let painting = films::paint(state.clone(), ready, job.watch.clone(), {
        let job = job.clone();
        move || job.begin()
    });
    accepted(state, place, job, painting)
}
