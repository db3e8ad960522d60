//! Errors as problem documents (RFC 9457): `application/problem+json`.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use impasto::ErrorKind;
use serde::Serialize;
use utoipa::ToSchema;

/// Why a request failed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// The kind of problem: always `about:blank`, because the status says enough.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The status in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// One line: what is wrong with what, and what to do.
    pub(crate) detail: String,
    #[serde(skip)]
    headers: Vec<(HeaderName, HeaderValue)>,
}

pub(crate) type Result<T, E = Problem> = std::result::Result<T, E>;

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Problem").to_owned();
        Problem { kind: "about:blank", title, status: status.as_u16(), detail: detail.into(), headers: Vec::new() }
    }

    pub(crate) fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("there is no such {what}, or it has expired; create it again"))
    }

    /// The server is doing too much already.
    pub(crate) fn busy(detail: &str) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, detail).with(header::RETRY_AFTER, HeaderValue::from_static("2"))
    }

    pub(crate) fn too_many_connections() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "all connections are taken; try again in a moment")
            .with(header::RETRY_AFTER, HeaderValue::from_static("2"))
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the request took too long; use a smaller picture, or `Prefer: respond-async`")
            .with(header::RETRY_AFTER, HeaderValue::from_static("10"))
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(StatusCode::CONFLICT, "the request was cancelled by the client, or replaced by a newer one")
    }

    /// Something that should not have happened. The details are not the client's business.
    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error; other requests are not affected")
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<impasto::Error> for Problem {
    fn from(error: impasto::Error) -> Self {
        let status = match error.kind() {
            ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorKind::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ErrorKind::Malformed | ErrorKind::Mismatch | ErrorKind::InvalidArgument => StatusCode::UNPROCESSABLE_ENTITY,
            ErrorKind::Cancelled => return Self::cancelled(),
            _ => return Self::internal(),
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
