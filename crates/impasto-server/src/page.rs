//! The page's files, which are part of the program.

use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Lists the page's scripts, which are compiled from `page/src` by `page/check.sh`.
macro_rules! scripts {
    ($($name:literal),* $(,)?) => {
        &[$((concat!($name, ".js"), SCRIPT, include_bytes!(concat!("../page/dist/", $name, ".js")))),*]
    };
}

/// Name, media type and content of a file.
type File = (&'static str, &'static str, &'static [u8]);

const SCRIPTS: &[File] = scripts![
    "address", "api", "brush", "camera", "command", "compare", "files", "film", "gallery", "history", "keep", "look", "main",
    "mix", "models", "movie", "painting", "photos", "preview", "render", "results", "state", "tray", "view", "words", "zip",
];
const OTHERS: &[File] = &[
    ("style.css", "text/css; charset=utf-8", include_bytes!("../page/style.css")),
    ("icon.svg", "image/svg+xml", include_bytes!("../page/icon.svg")),
];
const INDEX: &str = include_str!("../page/index.html");
/// Placeholder in the page for the folder of its files.
const FOLDER: &str = "{folder}";
/// Placeholder in the page for the list of its scripts, which browsers would otherwise discover one by one.
const PRELOADS: &str = "<!-- preloads -->";

/// A file in the forms that it is sent in.
struct Served {
    name: &'static str,
    kind: &'static str,
    plain: Bytes,
    gzip: Bytes,
}

/// All files, and the name of their version.
struct Page {
    version: String,
    index: Served,
    files: Vec<Served>,
}

/// Built on first use, which takes a few milliseconds for a hundred kilobytes.
static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let files = SCRIPTS.iter().chain(OTHERS);
    let hash = files.clone().map(|(.., bytes)| *bytes).chain([INDEX.as_bytes()]).fold(0xcbf2_9ce4_8422_2325, checksum);
    let version = format!("{hash:016x}");
    let served = |name, kind, plain: Bytes| Served { name, kind, gzip: compressed(&plain), plain };
    let folder = format!("/assets/{version}");
    let preload = |(name, ..): &File| format!("<link rel=\"modulepreload\" href=\"{folder}/{name}\">");
    let preloads: Vec<String> = SCRIPTS.iter().map(preload).collect();
    let index = INDEX.replace(PRELOADS, &preloads.join("\n")).replace(FOLDER, &folder);
    Page {
        index: served("index.html", "text/html; charset=utf-8", index.into()),
        files: files.map(|&(name, kind, bytes)| served(name, kind, Bytes::from_static(bytes))).collect(),
        version,
    }
});

/// The page itself. Browsers revalidate it each time, because it names the version of its
/// files. An unchanged page is not sent again.
pub(crate) fn index(headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", PAGE.version);
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    if known.flat_map(|value| value.split(',')).any(|known| known.trim().trim_start_matches("W/") == tag) {
        let head = [(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".into()), (header::VARY, ENCODING.into())];
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    ([(header::ETAG, tag), (header::CACHE_CONTROL, "no-cache".into())], send(&PAGE.index, headers)).into_response()
}

/// A script, style sheet or picture of the page. A file of a given version never
/// changes, so browsers need not ask for it again.
pub(crate) fn asset(version: &str, name: &str, headers: &HeaderMap) -> Response {
    let Some(file) = PAGE.files.iter().find(|file| file.name == name) else {
        return Problem::new(StatusCode::NOT_FOUND, "there is no such page").into_response();
    };
    // A page of another version asks for its own files. Send this version's, but do not let browsers keep them.
    let cache = if version == PAGE.version { "public, max-age=31536000, immutable" } else { "no-cache" };
    ([(header::CACHE_CONTROL, cache)], send(file, headers)).into_response()
}

/// What the form of a file depends on.
const ENCODING: &str = "Accept-Encoding";

/// Sends a file, compressed if the client accepts that.
fn send(file: &Served, headers: &HeaderMap) -> Response {
    let kind = (header::CONTENT_TYPE, file.kind);
    let vary = (header::VARY, ENCODING);
    if takes_gzip(headers) {
        return ([kind, vary, (header::CONTENT_ENCODING, "gzip")], file.gzip.clone()).into_response();
    }
    ([kind, vary], file.plain.clone()).into_response()
}

/// Whether a client accepts gzip: it names gzip with a quality above 0.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let named = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let quality = |part: &str| part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && parts.filter_map(quality).all(|q| q > 0.0)
    })
}

fn compressed(bytes: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing to memory does not fail.
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.map(Bytes::from).unwrap_or_default()
}

/// FNV-1a, which is enough to tell versions apart.
fn checksum(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
