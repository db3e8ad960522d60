//! What the server is and what it allows, its health, and the page.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State as Shared};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use impasto::picture::Format;
use impasto_film::Kind;
use impasto_models::registry::Role;
use impasto_models::{Cache, Cached};
use serde::Serialize;
use utoipa::ToSchema;

use crate::served::Served;
use crate::state::State;
use crate::{cinema, films, optimize, page};

/// Facts about this server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Info {
    /// Version of Impasto.
    version: &'static str,
    /// Formats that results can have.
    formats: Vec<&'static str>,
    /// Family of the first model. A style file fits only models of one family.
    family: String,
    /// How many styles come with the first model.
    built_in_styles: usize,
    films: FilmsView,
    limits: LimitsView,
}

/// Whether films can be painted, and how.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FilmsView {
    /// Whether this server has ffmpeg.
    available: bool,
    /// What to do if it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<&'static str>,
    /// Formats that painted films can have.
    formats: Vec<&'static str>,
}

/// Limits of requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitsView {
    max_body_bytes: usize,
    max_pixels: u64,
    max_film_bytes: u64,
    /// Most frames in a film, or in the part that is painted.
    max_film_frames: usize,
    max_styles: usize,
    /// Most steps at each scale for `/v1/optimize`.
    max_steps: usize,
    /// Largest longer side of results of `/v1/optimize`, in pixels.
    max_optimized_side: usize,
    timeout_seconds: u64,
    expire_seconds: u64,
}

/// A model that paints.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ModelView {
    /// The name that requests give as `model`.
    name: String,
    /// A style file fits only models of one family.
    family: String,
    /// How many styles come with it.
    styles: usize,
    /// Whether pictures can be its styles.
    sees_pictures: bool,
    /// Whether it is part of the program.
    built_in: bool,
    licence: String,
    description: String,
}

/// A model in this machine's cache.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CachedView {
    name: String,
    /// A short description.
    title: String,
    licence: String,
    /// Total size of its files.
    bytes: u64,
}

/// All models.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Models {
    /// The models that paint. If a request names none, the first one paints.
    models: Vec<ModelView>,
    /// Downloaded models that can paint: `impasto serve --model NAME` serves one of them, `--also NAME` adds another.
    cached: Vec<CachedView>,
}

/// Describes this server and what it allows.
#[utoipa::path(get, path = "/v1/info", tag = "server", responses((status = 200, body = Info)))]
pub(crate) async fn info(Shared(state): Shared<Arc<State>>) -> Json<Info> {
    let (options, first) = (&state.options, state.models.first());
    let available = films::search(&state).await.is_ok();
    Json(Info {
        version: env!("CARGO_PKG_VERSION"),
        formats: Format::written().map(Format::id).collect(),
        family: first.stylizer().model().family.to_string(),
        built_in_styles: first.styles().len(),
        films: FilmsView {
            available,
            remedy: (!available).then_some(cinema::MISSING),
            formats: Kind::ALL.map(Kind::id).to_vec(),
        },
        limits: LimitsView {
            max_body_bytes: options.max_body,
            max_pixels: options.max_pixels,
            max_film_bytes: options.max_film,
            max_film_frames: options.max_film_frames,
            max_styles: crate::request::MAX_STYLES,
            max_steps: optimize::MAX_STEPS,
            max_optimized_side: optimize::MAX_SIDE,
            timeout_seconds: options.timeout.as_secs(),
            expire_seconds: options.expire.as_secs(),
        },
    })
}

/// Lists the models that paint, and the downloaded ones.
#[utoipa::path(get, path = "/v1/models", tag = "server", responses((status = 200, body = Models)))]
pub(crate) async fn models(Shared(state): Shared<Arc<State>>) -> Json<Models> {
    Json(Models { models: state.models.all().iter().map(|model| view(model)).collect(), cached: cached() })
}

fn view(served: &Served) -> ModelView {
    let model = served.stylizer().model();
    // Models with styles of their own also have a gallery.
    let built_in = served.stylizer().own_styles().is_empty() && !served.styles().is_empty();
    ModelView {
        name: served.name().to_owned(),
        family: model.family.to_string(),
        styles: served.styles().len(),
        sees_pictures: served.sees_pictures(),
        built_in,
        licence: model.transformer.licence.clone(),
        description: model.transformer.architecture.description(),
    }
}

/// The models in the cache. This reads a few small files.
fn cached() -> Vec<CachedView> {
    let cached = Cache::of_user().map(|cache| cache.all()).unwrap_or_default();
    let view = |cached: Cached| CachedView {
        bytes: cached.receipt.bytes(),
        name: cached.receipt.name,
        title: cached.receipt.title,
        licence: cached.receipt.licence,
    };
    cached.into_iter().filter(|cached| cached.receipt.role == Role::Model).map(view).collect()
}

/// Says whether the server is up.
#[utoipa::path(get, path = "/healthz", tag = "server", responses((status = 200, description = "The server is running", content_type = "text/plain", body = String)))]
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

/// Counters and gauges for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "server",
    responses((status = 200, description = "Prometheus' text format", content_type = "text/plain", body = String)))]
pub(crate) async fn metrics(Shared(state): Shared<Arc<State>>) -> Response {
    let gauges = [
        ("pictures_pending", "Pictures that are being painted or waiting.", state.pending() as u64),
        ("film_bytes", "Disk space that films take.", state.films.disk.used()),
        ("memory_reserved_bytes", "Memory that requests and kept data take.", state.budget.used()),
        ("memory_limit_bytes", "Most memory that requests and kept data may take.", state.budget.limit()),
    ];
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], state.metrics.text(&gauges)).into_response()
}

pub(crate) async fn page(headers: HeaderMap) -> Response {
    page::index(&headers)
}

/// The page's scripts and styles.
pub(crate) async fn asset(Path((version, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    page::asset(&version, &name, &headers)
}

/// The demo photo, which is always available.
pub(crate) async fn demo(Shared(state): Shared<Arc<State>>) -> Response {
    let head = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "max-age=86400")];
    (head, state.demo.bytes.clone()).into_response()
}
