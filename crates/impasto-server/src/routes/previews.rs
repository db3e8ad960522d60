//! Previews: small paintings, quickly.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use impasto::picture::Format;

use super::in_time;
use crate::content::PREVIEW;
use crate::jobs::{CancelOnDrop, Watch};
use crate::problem::{Problem, Result};
use crate::request::{self, PreviewBody};
use crate::state::State;
use crate::{preview, work};

/// Paints an uploaded photo small, with the look that it has at full size. A newer preview of the same session
/// cancels an older one, whose answer is then 409.
#[utoipa::path(post, path = "/v1/previews", tag = "previews", request_body = PreviewBody,
    responses(
        (status = 200, description = "The painting, as JPEG, or what Accept asks for: image/png, image/webp", content_type = "image/jpeg", body = Vec<u8>),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn small(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let format = wished(request.headers());
    in_time(&state, async { paint(&state, request, format).await }).await
}

async fn paint(state: &Arc<State>, request: Request, format: Format) -> Result<Response> {
    match request::media_type(&request).as_str() {
        "application/json" => {}
        other => return Err(request::unsupported(other, "application/json")),
    }
    let body: PreviewBody = request::json(&request::body(request, state).await?)?;
    let side = body.size.unwrap_or(512);
    if !(32..=PREVIEW).contains(&side) {
        return Err(Problem::bad(format!("size is {side}; give 32 to {}", PREVIEW)));
    }
    if body.session.as_ref().is_some_and(|session| session.len() > 64) {
        return Err(Problem::bad("session must have at most 64 bytes"));
    }
    let watch = Arc::new(Watch::default());
    if let Some(session) = &body.session {
        state.begin(session, &watch);
    }
    let draft = body.draft;
    let wanted = body.wanted(state)?;
    wanted.check_match()?;
    let _place = state.place()?;
    let _cancel = CancelOnDrop::new(&watch);
    let bytes = work::quick(state, move |state| {
        let preview = preview::Preview::new(state, &wanted, side, draft)?;
        let _share = state.memory(preview.memory()?)?;
        preview.paint(format, &watch)
    })
    .await?;
    Ok(([(header::CONTENT_TYPE, format.media_type())], bytes).into_response())
}

/// The first format in the `Accept` header that previews can have.
fn wished(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    // Formats that browsers show.
    let shown = [Format::Png, Format::WebP, Format::Jpeg];
    let known = |name: &str| shown.into_iter().find(|format| format.media_type() == name);
    named.filter_map(known).next().unwrap_or(Format::Jpeg)
}
