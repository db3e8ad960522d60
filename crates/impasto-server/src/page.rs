//! The page, as part of the program.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Name, media type and content of each file. Scripts are compiled from `page/src` (`page/check.sh`).
const FILES: [(&str, &str, &[u8]); 13] = [
    ("index.html", "text/html; charset=utf-8", include_bytes!("../page/index.html")),
    ("style.css", "text/css; charset=utf-8", include_bytes!("../page/style.css")),
    ("icon.svg", "image/svg+xml", include_bytes!("../page/icon.svg")),
    ("api.js", SCRIPT, include_bytes!("../page/dist/api.js")),
    ("brush.js", SCRIPT, include_bytes!("../page/dist/brush.js")),
    ("command.js", SCRIPT, include_bytes!("../page/dist/command.js")),
    ("full.js", SCRIPT, include_bytes!("../page/dist/full.js")),
    ("gallery.js", SCRIPT, include_bytes!("../page/dist/gallery.js")),
    ("main.js", SCRIPT, include_bytes!("../page/dist/main.js")),
    ("photo.js", SCRIPT, include_bytes!("../page/dist/photo.js")),
    ("preview.js", SCRIPT, include_bytes!("../page/dist/preview.js")),
    ("state.js", SCRIPT, include_bytes!("../page/dist/state.js")),
    ("view.js", SCRIPT, include_bytes!("../page/dist/view.js")),
];

/// A file of the page; unchanged ones are not sent again.
pub(crate) fn file(name: &str, headers: &HeaderMap) -> Response {
    let Some((_, kind, bytes)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return Problem::new(StatusCode::NOT_FOUND, "there is no such page").into_response();
    };
    let tag = format!("\"{}-{:08x}\"", env!("CARGO_PKG_VERSION"), checksum(bytes));
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let head = [(header::CONTENT_TYPE, (*kind).to_owned()), (header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".into())];
    (head, *bytes).into_response()
}

/// FNV-1a: only to tell versions apart.
fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
