//! Films, painted one at a time in the same way as `impasto video`.
//!
//! `settings.rs` reads the query of a request, `upload.rs` its body. `paint.rs` does the work.

mod paint;
mod settings;
mod upload;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;

use crate::cinema::MISSING;
use crate::options::ServerOptions;
use crate::problem::{Problem, Result};
use crate::state::State;

pub(crate) use paint::{Ready, paint};
pub(crate) use settings::Settings;
pub(crate) use upload::read;

/// Slowest average rate of an upload, in bytes per second.
const SLOWEST: u64 = 64 << 10;

/// Fails if films cannot be painted. Looks for ffmpeg in a separate thread if necessary.
pub(crate) async fn search(state: &Arc<State>) -> Result<()> {
    let state = state.clone();
    let found = tokio::task::spawn_blocking(move || state.films.tools().map(|_| ())).await;
    found.unwrap_or_else(|_| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, MISSING)))
}

/// How long an upload may take.
pub(crate) fn upload_time(options: &ServerOptions) -> Duration {
    options.timeout + Duration::from_secs(options.max_film / SLOWEST)
}
