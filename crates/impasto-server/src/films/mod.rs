//! Films, painted as `impasto video` does, one at a time.
//!
//! `settings.rs`: what the query of a request says. `upload.rs`: its body. `paint.rs`: the work.

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

/// Bytes a second that an upload may be as slow as, for the whole of it.
const SLOWEST: u64 = 64 << 10;

/// An error if films cannot be painted. ffmpeg may have to be looked for, which is done on a thread of its own.
pub(crate) async fn search(state: &Arc<State>) -> Result<()> {
    let state = state.clone();
    let found = tokio::task::spawn_blocking(move || state.films.tools().map(|_| ())).await;
    found.unwrap_or_else(|_| Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, MISSING)))
}

/// How long an upload may take.
pub(crate) fn upload_time(options: &ServerOptions) -> Duration {
    options.timeout + Duration::from_secs(options.max_film / SLOWEST)
}
