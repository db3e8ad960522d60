//! Uploaded photos, kept for a while so that previews need not send them again.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::Response;
use impasto::Size;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Id, in_time};
use crate::problem::{Problem, Result};
use crate::request;
use crate::state::{Content, State};
use crate::work;

/// An uploaded photo.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContentView {
    id: String,
    width: usize,
    height: usize,
    /// Format of the file.
    format: String,
    /// How many seconds it is kept after its last use.
    expires_in: u64,
}

fn view(state: &State, id: String, content: &Content) -> Json<ContentView> {
    let Size { width, height } = content.size;
    let format = content.format.to_string().to_lowercase();
    Json(ContentView { id, width, height, format, expires_in: state.contents.expires_in() })
}

/// Uploads a photo and keeps it in memory: as the field `content` of a form, or as the whole body.
#[utoipa::path(post, path = "/v1/contents", tag = "previews",
    request_body(content((Vec<u8> = "application/octet-stream"))),
    responses(
        (status = 201, body = ContentView),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn upload(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    in_time(&state, async {
        let bytes = request::one_file(request, "content", &state).await?;
        let _place = state.place()?;
        let content = work::quick(&state, move |state| {
            let _share = state.memory(work::style_memory(&bytes))?;
            Content::new(bytes, &state.limits()).map_err(|e| Problem::from(e.context("content")))
        })
        .await?;
        let share = state.memory(content.memory())?;
        let content = Arc::new(content);
        let id = state.contents.keep(content.clone(), Some(share));
        Ok((StatusCode::CREATED, [(header::LOCATION, format!("/v1/contents/{id}"))], view(&state, id, &content)))
    })
    .await
}

/// Describes an uploaded photo.
#[utoipa::path(get, path = "/v1/contents/{id}", tag = "previews", params(("id" = String, Path, description = "A content's id")),
    responses(
        (status = 200, body = ContentView),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn about(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<Json<ContentView>> {
    let content = state.content(&id)?;
    Ok(view(&state, id, &content))
}

/// Deletes an uploaded photo.
#[utoipa::path(delete, path = "/v1/contents/{id}", tag = "previews", params(("id" = String, Path, description = "A content's id")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn forget(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<StatusCode> {
    state.contents.remove(&id).map(|_| StatusCode::NO_CONTENT).ok_or_else(|| Problem::not_found("content"))
}
