//! Styles: those that come with a model, and uploaded ones.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use impasto::Style;
use impasto::request::Reference;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Id, in_time};
use crate::problem::{Problem, Result};
use crate::request;
use crate::served::Served;
use crate::state::{KeptStyle, State};
use crate::work;

/// Most values in the vector that a model predicts from a picture: far more than published models have.
const NUMBERS: usize = 16 << 10;

/// A style to paint in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StyleView {
    /// The name that requests use.
    id: String,
    name: String,
    /// `built-in` or `uploaded`.
    kind: &'static str,
}

/// All styles that come with a model.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Styles {
    styles: Vec<StyleView>,
}

/// A new style.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewStyle {
    /// The name that requests use.
    id: String,
    kind: &'static str,
    /// How many seconds it is kept after its last use.
    expires_in: u64,
}

/// The query that names a model.
#[derive(Debug, Deserialize)]
pub(crate) struct OfModel {
    model: Option<String>,
}

/// The model that a query names, or the first.
fn of_query(state: &State, query: Result<Query<OfModel>, QueryRejection>) -> Result<Arc<Served>> {
    let Query(of) = query.map_err(|e| Problem::bad(format!("the query cannot be read: {e}")))?;
    state.models.find(of.model.as_deref())
}

/// Lists the styles that come with a model. Uploaded styles are known only to clients with their ids.
#[utoipa::path(get, path = "/v1/styles", tag = "styles", params(("model" = Option<String>, Query, description = "A model's name in /v1/models; default: the first")),
    responses(
        (status = 200, body = Styles),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn list(
    Shared(state): Shared<Arc<State>>,
    query: Result<Query<OfModel>, QueryRejection>,
) -> Result<Json<Styles>> {
    let view = |style: &Style| {
        let name = style.name().unwrap_or_default().to_owned();
        StyleView { id: name.clone(), name, kind: "built-in" }
    };
    let model = of_query(&state, query)?;
    Ok(Json(Styles { styles: model.styles().iter().map(view).collect() }))
}

/// Makes a style from a picture, or takes a style file: as the field `style` of a form, or as the whole body.
#[utoipa::path(post, path = "/v1/styles", tag = "styles",
    request_body(content((Vec<u8> = "application/octet-stream"))),
    responses(
        (status = 201, body = NewStyle),
        (status = "4XX", body = Problem, content_type = "application/problem+json"),
        (status = "5XX", body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn upload(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    in_time(&state, async {
        let bytes = request::one_file(request, "style", &state).await?;
        let _place = state.place()?;
        let style = work::quick(&state, move |state| make(state, bytes)).await?;
        let share = state.memory(style.memory(state.models.all().len() * NUMBERS))?;
        let id = state.styles.keep(Arc::new(style), Some(share));
        let place = [(header::LOCATION, format!("/v1/styles/{id}"))];
        Ok((StatusCode::CREATED, place, Json(NewStyle { id, kind: "uploaded", expires_in: state.styles.expires_in() })))
    })
    .await
}

fn make(state: &State, bytes: Bytes) -> Result<KeptStyle> {
    let share = state.memory(work::style_memory(&bytes))?;
    let style = if is_style_file(&bytes) {
        let style = Style::from_bytes(&bytes).map_err(|e| Problem::from(e.context("style")))?;
        let unfit = |text: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text);
        let (models, family) = (state.models.all(), style.family());
        if models.iter().all(|model| &model.stylizer().model().family != family) {
            let mut known: Vec<_> = models.iter().map(|model| model.stylizer().model().family.to_string()).collect();
            known.dedup();
            let text = format!("style: it is for models of family {family}, but this server has {}", known.join(", "));
            return Err(unfit(text));
        }
        // A style that has learned for another model would fail in every painting.
        let fits = models.iter().map(|model| model.stylizer().check_style(&style)).reduce(|a, b| if a.is_ok() { a } else { b });
        fits.unwrap_or(Ok(())).map_err(|e| unfit(format!("style: {e}")))?;
        KeptStyle::bare(style, Reference::of_bytes("style.style", &bytes))
    } else {
        work::style_of(state, bytes)?
    };
    drop(share);
    Ok(style)
}

/// Style files are in the safetensors format: a length of eight bytes, then JSON. The length has few digits, and no
/// picture begins like that.
fn is_style_file(bytes: &[u8]) -> bool {
    bytes.get(4..9) == Some(&[0, 0, 0, 0, b'{'])
}

/// Returns a style as a file, which `impasto stylize -s` reads.
#[utoipa::path(get, path = "/v1/styles/{id}", tag = "styles", params(("id" = String, Path, description = "A style's id or name"),
        ("model" = Option<String>, Query, description = "A model's name in /v1/models; default: the first")),
    responses(
        (status = 200, description = "The style file", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn file(
    Shared(state): Shared<Arc<State>>,
    Id(id): Id,
    query: Result<Query<OfModel>, QueryRejection>,
) -> Result<Response> {
    let model = of_query(&state, query)?;
    let style = state.style(&model, &id)?;
    let bytes = work::quick(&state, move |_| Ok(style.style(&model, &())?.to_bytes()?)).await?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], bytes).into_response())
}

/// Deletes an uploaded style.
#[utoipa::path(delete, path = "/v1/styles/{id}", tag = "styles", params(("id" = String, Path, description = "An uploaded style's id")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, body = Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn forget(Shared(state): Shared<Arc<State>>, Id(id): Id) -> Result<StatusCode> {
    state.styles.remove(&id).map(|_| StatusCode::NO_CONTENT).ok_or_else(|| Problem::not_found("uploaded style"))
}
