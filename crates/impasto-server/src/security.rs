//! Access control, and security headers for browsers.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq;

use crate::problem::Problem;
use crate::state::State;

/// What the page may load: its own scripts and pictures, and nothing from other origins.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; \
     media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Lets permitted requests through, and adds headers to the responses.
pub(crate) async fn guard(state: Arc<State>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let shared =
        state.options.cors.as_ref().is_some_and(|allowed| origin.as_ref().is_some_and(|origin| origin == allowed.as_str()));
    let asks_leave = request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = match refusal(&state, &request, origin.as_ref(), shared) {
        _ if asks_leave && shared => StatusCode::NO_CONTENT.into_response(),
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(self), microphone=(), geolocation=()"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !shared {
        headers.insert(HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin"));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if state.options.cors.is_some() {
        // Also without that origin: caches must not give this response to its page.
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    if let (true, Some(origin)) = (shared, origin) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if asks_leave {
            headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type, prefer"));
            headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
        } else {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("location, retry-after"));
        }
    }
    response
}

/// The reason to refuse a request, if there is one.
fn refusal(state: &State, request: &Request, origin: Option<&HeaderValue>, shared: bool) -> Option<Problem> {
    if request.headers().get_all(header::HOST).iter().nth(1).is_some() {
        return Some(Problem::bad("the request has more than one Host header; send one"));
    }
    let host = host(request.headers());
    // Another page's host name may point to this machine (DNS rebinding). Unless a token identifies
    // clients, accept only this machine's own names.
    if state.options.token.is_none() && !host.is_some_and(|host| is_own(state, host)) {
        let text = "this server answers only to its own address; use that, or start the server with a token";
        return Some(Problem::new(StatusCode::MISDIRECTED_REQUEST, text));
    }
    // Scripts of other pages can send forms without a preflight request. Their origin identifies them.
    if let Some(origin) = origin.filter(|_| !shared && request.method() != Method::GET) {
        let own = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, place)| place);
        if own.is_none() || own != host {
            return Some(Problem::new(StatusCode::FORBIDDEN, "scripts of other pages may not use this server; see --cors"));
        }
    }
    let open = matches!(request.uri().path(), "/healthz") || !is_api(request.uri().path());
    match &state.options.token {
        Some(token) if !open && !has_token(request.headers(), token) => {
            let text = "this server requires a token: Authorization: Bearer …";
            let challenge = HeaderValue::from_static("Bearer");
            Some(Problem::new(StatusCode::UNAUTHORIZED, text).with(header::WWW_AUTHENTICATE, challenge))
        }
        _ => None,
    }
}

/// Whether the path is part of the API, which may require a token. The page itself does not, so that it can ask for it.
fn is_api(path: &str) -> bool {
    path.starts_with("/v1/") || path == "/metrics"
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// Whether a host is this machine, or the address that the server listens on.
fn is_own(state: &State, host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.chars().all(|c| c.is_ascii_digit())).map_or(host, |(name, _)| name);
    let name = name.trim_matches(['[', ']']);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback() || address == state.address.ip())
}

fn has_token(headers: &HeaderMap, token: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let given = match given.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => "",
    };
    bool::from(given.as_bytes().ct_eq(token.as_bytes()))
}
